"""Deeds: what a person may do with one row, each a button that asks in a dialog and acts by POST.

A GET of a deed's address only shows the dialog, so nothing happens by following a link; the POST carries a
CSRF token and is refused with 403 to those who lack the permission.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.dataclasses import ActionDialog, UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

# What a deed does with a row and the answers of its dialog; returns the sentence that tells it.
Act = Callable[[Any, HttpRequest, Any, dict[str, Any]], str]


class Ask(BaseDialogForm):
    """A dialog that asks nothing but whether one is sure."""


class AskWhy(Ask):
    """A dialog that asks for the reason."""

    why = forms.CharField(label=_("Why"), max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


def always(row: Model) -> bool:
    return True


def deed(
    title: str | Promise,
    *,
    permission: str,
    text: str | Promise = "",
    form: type[BaseDialogForm] = Ask,
    button: str | Promise = "",
    icon: str = "",
    variant: ActionVariant = ActionVariant.DEFAULT,
    when: Callable[[Any], bool] = always,
) -> Callable[[Act], Any]:
    """Make a method of a page a deed; `permission` is "app.codename", `when` says of which rows it can be done."""

    def decorator(act: Act) -> Any:
        def wrapped(page: "WithDeeds", request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
            return page.do(request, object_id, when, partial(act, page, request), form.cleaned_data)

        wrapped.__name__ = act.__name__
        dialog = ActionDialog(title=title, description=text, form_class=form, form_submit_text=button or title)
        made = action(
            description=title,
            permissions=[permission],
            dialog=dialog,
            icon=icon or None,
            variant=variant,
            url_path=act.__name__.replace("_", "-"),
        )(wrapped)
        made.when = when
        return made

    return decorator


class WithDeeds(ModelAdmin):
    """Mixed in: a page whose row people may do something with. `refusals` are the errors that tell people why not."""

    refusals: tuple[type[Exception], ...] = ()
    checks_class = ModelAdminChecks  # unfold's own look a permission up in the database, which may not be there yet

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """The deeds that this person may do and that can be done with this row."""
        row = self.get_object(request, unquote(str(object_id)))
        deeds: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [each for each in deeds if row is not None and getattr(each.method, "when", always)(row)]

    def do(
        self,
        request: HttpRequest,
        object_id: str,
        when: Callable[[Any], bool],
        act: Callable[[Any, dict[str, Any]], str],
        answers: dict[str, Any],
    ) -> HttpResponse:
        """Do a deed, tell the person what came of it, and show the row again."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(gettext("There is no such row: %(kind)s.") % {"kind": self.opts.verbose_name})
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        if not when(row):
            messages.error(request, _("This cannot be done any more; nothing was changed."))
        else:
            try:
                messages.success(request, act(row, answers))
            except self.refusals as refusal:
                messages.error(request, str(refusal))
        return go_to(request, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(row.pk,)))


def person(request: HttpRequest) -> User:
    """Who asks; for pages that only people who signed in reach."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Show this page next, asked by htmx or by a plain form."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
