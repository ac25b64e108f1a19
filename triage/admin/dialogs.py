"""What the page of a mail asks before something is decided of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from inbox_router.admin.deeds import Ask
from triage.admin.review import ANSWERS
from triage.models import Decision, Message

CHOICES = [(answer.value, answer.settled) for answer in ANSWERS]


def held_of(row: Message) -> Decision | None:
    """What somebody decided of it and can still take back."""
    return Decision.held().filter(message=row, draft=None).first()


class AskCategory(Ask):
    """A dialog that asks what a message is."""

    category = forms.ChoiceField(choices=CHOICES, widget=UnfoldAdminRadioSelectWidget())
    why = forms.CharField(
        label=_("Why (if you like)"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = Message.objects.filter(pk=self.object_id).values_list("version", flat=True)
        self.initial["version"] = row.first()
