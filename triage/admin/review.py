"""The review queue: one message at a time, with the reason why it waits, and one key for each answer."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet

from inbox_router.admin.deeds import person
from triage.admin.queue import QueuePage, today
from triage.admin.waiting import review_queue
from triage.models import Category, Classification, Draft, Message
from triage.services import Conflict, decide

GROUP = 50  # as many of one sender are decided at once
SHOWN = 20_000  # characters of a mail


@dataclass(frozen=True)
class Choice:
    """One answer: its key on the keyboard, and what follows from it."""

    key: str
    category: Category
    effect: str
    guess: bool = False

    @property
    def label(self) -> str:
        return str(self.category.label)


EFFECTS = (
    ("1", Category.LEAD, "Record, owner by the rotation, reply drafted"),
    ("2", Category.ACCOUNTING, "Labelled, left in the inbox"),
    ("3", Category.NEWSLETTER, "To Trash on the next run"),
    ("4", Category.SPAM, "To Trash on the next run"),
)


class ReviewPage(QueuePage):
    """What waits for a person's decision."""

    title = "Review queue"
    name = "reviews"
    permission_required = "triage.change_message"
    template_name = "admin/triage/review.html"

    def rows(self) -> QuerySet[Message]:
        return review_queue().select_related("mailbox")

    def shown(self, row: Message) -> dict[str, Any]:
        judgement = row.classifications.order_by("pk").last()
        thread = Message.objects.filter(thread_id=row.thread_id).exclude(thread_id="").exclude(pk=row.pk)
        mine = Classification.objects.filter(judge=Classification.Judge.PERSON, person=self.request.user.pk)
        return {
            "judgement": judgement,
            "threshold": f"{settings.REVIEW_THRESHOLD:.0%}",
            "percent": int((row.confidence or 0) * 100),
            "text": (row.new_text or row.text)[:SHOWN],
            "quoted": row.text[:SHOWN] if row.new_text and row.new_text.strip() != row.text.strip() else "",
            "thread": thread.order_by("-received_at")[:5],
            "sender_says": self.about_sender(row),
            "same_sender": self.same_sender(row).count(),
            "choices": [Choice(*effect, guess=effect[1] == row.category) for effect in EFFECTS],
            "done": mine.filter(created_at__gte=today()).count(),
            "last": mine.select_related("message").defer("message__text", "message__raw").order_by("-pk")[:5],
        }

    def about_sender(self, row: Message) -> str:
        """What this address sent before, in one sentence."""
        before = Message.objects.filter(sender_address=row.sender_address).exclude(pk=row.pk).exclude(category="")
        counts = before.values_list("category").annotate(number=Count("pk")).order_by("-number")
        told = ", ".join(f"{number} {Category(category).label.lower()}" for category, number in counts)
        return f"Sent before: {told}." if told else "The first mail from this address."

    def same_sender(self, row: Message) -> QuerySet[Message]:
        return review_queue().filter(sender_address=row.sender_address).exclude(pk=row.pk)

    def decide(self, row: Message, answers: dict[str, str]) -> str:
        category = answers.get("decision", "")
        if category not in Category.values or category == Category.UNCERTAIN:
            raise Conflict("Choose what it is; nothing was changed.")
        rows = [row, *(self.same_sender(row)[:GROUP] if answers.get("all") else ())]
        done = sum(self.decide_one(each, category, answers.get("why", "")) for each in rows)
        if not done:
            raise Conflict("Somebody was faster; nothing was changed.")
        name = row.subject or "No subject"
        more = f" and {done - 1} more of this sender" if done > 1 else ""
        return f"{name}{more}: {Category(category).label}. {outcome(row)}"

    def decide_one(self, row: Message, category: str, why: str) -> bool:
        try:
            decide(row, category, person(self.request), why=why)
        except Conflict:
            return False
        return True


def outcome(row: Message) -> str:
    """Who has the lead that a message became, in one sentence."""
    draft = row.drafts.filter(state=Draft.State.WAITING).first()
    return f"{draft.owner_name} has it, a reply waits for approval." if draft else ""
