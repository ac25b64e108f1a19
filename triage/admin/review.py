"""The review queue: one message at a time, with the reason why it waits, and one key for each answer."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox_router.admin.deeds import person
from inbox_router.shown import percent, within
from triage.admin.effects import effect
from triage.admin.queue import QueuePage
from triage.admin.waiting import flag, review_queue
from triage.learning.judges import as_told
from triage.models import Aside, Category, Decision, Message, Queue
from triage.services import Conflict, hold_decision
from triage.stages.classify import mail_texts

GROUP = 50  # as many of one sender are decided at once
MAKE_RULES = "triage.add_senderrule"
SHOWN = 20_000  # characters of a mail
NAMED = 6  # as many of one sender are named
QUOTED = ("sender_name", "sender_address", "received_at", "new_text", "text")  # of the others in the thread


@dataclass(frozen=True)
class Choice:
    """One answer: its key on the keyboard, and what follows from it."""

    key: str
    category: Category
    effect: str
    guess: bool = False

    @property
    def label(self) -> str:
        return str(self.category.settled)


ANSWERS = (Category.LEAD, Category.ACCOUNTING, Category.NEWSLETTER, Category.SPAM, Category.UNCERTAIN)
CHOICES = tuple(enumerate(ANSWERS, start=1))


class ReviewPage(QueuePage):
    """What waits for a person's decision."""

    title = gettext_lazy("Review queue")
    queue = Queue.REVIEWS
    permission_required = "triage.change_message"
    template_name = "admin/triage/review.html"

    def rows(self) -> QuerySet[Message]:
        waiting = review_queue().select_related("mailbox").defer("raw", "html", "headers")
        return waiting.annotate(is_designed=flag(~Q(html="")))

    def decisions(self) -> QuerySet[Decision]:
        return Decision.objects.filter(draft=None)

    def shown(self, row: Message) -> dict[str, Any]:
        judgement = row.classifications.order_by("pk").last()
        thread = Message.objects.filter(thread_id=row.thread_id).exclude(thread_id="").exclude(pk=row.pk).only(*QUOTED)
        same_sender = list(self.same_sender(row)[:NAMED])
        guess = "" if judgement and judgement.error else row.category
        return {
            "judgement": judgement,
            "threshold": percent(settings.REVIEW_THRESHOLD),
            "percent": int((row.confidence or 0) * 100),
            "text": (row.new_text or row.text)[:SHOWN],
            "quoted": row.text[:SHOWN] if row.new_text and row.new_text.strip() != row.text.strip() else "",
            "thread": thread.order_by("-received_at")[:5],
            "sender_says": self.about_sender(row),
            "seen": as_told(mail_texts([row])[0]),
            "same_sender": self.same_sender(row).count() if len(same_sender) == NAMED else len(same_sender),
            "same_six": same_sender,
            "may_make_rules": person(self.request).has_perm(MAKE_RULES),
            "choices": [Choice(str(key), one, effect(one, row), one == guess) for key, one in CHOICES],
            "skips": Aside.objects.filter(queue=self.queue, row=row.pk).exclude(why="").select_related("person"),
        }

    def about_sender(self, row: Message) -> str:
        """What this address sent before, in one sentence."""
        before = Message.objects.filter(sender_address=row.sender_address).exclude(pk=row.pk).exclude(category="")
        counts = before.values_list("category").annotate(number=Count("pk")).order_by("-number")
        told = ", ".join(f"{number} {within(Category(category).label)}" for category, number in counts)
        return _("Sent before: %(told)s.") % {"told": told} if told else _("The first mail from this address.")

    def same_sender(self, row: Message) -> QuerySet[Message]:
        rows = review_queue().filter(sender_address=row.sender_address).exclude(pk=row.pk)
        return rows.only("subject", "received_at", "version")

    def decide(self, row: Message, answers: dict[str, str]) -> str:
        answer = answers.get("decision", "")
        if answer not in ANSWERS:
            raise Conflict(_("Choose what it is; nothing was changed."))
        user, why, press = person(self.request), answers.get("why", ""), uuid.uuid4()
        always = bool(answers.get("always")) and user.has_perm(MAKE_RULES)
        if always and answer == Category.UNCERTAIN:
            raise Conflict(
                _("“None of these” cannot be made a rule: untick it, or choose another; nothing was changed.")
            )
        hold_decision(row, answer, user, why=why, request=press, always=always)
        for other in self.same_sender(row)[:GROUP] if answers.get("all") else ():
            with suppress(Conflict):  # a colleague has decided that one
                hold_decision(other, answer, user, why=why, request=press)
        Aside.objects.filter(queue=self.queue, row=row.pk).delete()
        return ""
