"""One thing after the other: what a person works through, without two persons on the same one."""

import uuid
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox_router.admin.deeds import person
from inbox_router.admin.pages import Page
from inbox_router.preferences import preferred
from triage.admin.presses import presses
from triage.models import Aside, Claim, Decision, Queue
from triage.services import Conflict, undo

WHOLE, PANEL = "unfold/layouts/base.html", "admin/parts/panel.html"
ATTEMPTS = 10  # when colleagues take one row after the other before our eyes
COLLEAGUES = 5  # as many are shown


class QueuePage(Page):
    """Shows one row of a queue and takes what the person decides of it. Subclasses say which rows, and what.

    A browser with JavaScript is answered with the panel that it swaps in, any other by the whole page.
    """

    queue: Queue

    def rows(self) -> QuerySet[Any]:
        """All that waits, in order."""
        raise NotImplementedError

    def shown(self, row: Any) -> dict[str, Any]:
        """What the template shows of one row."""
        raise NotImplementedError

    def decisions(self) -> QuerySet[Decision]:
        """Everybody's decisions of this queue."""
        raise NotImplementedError

    def decide(self, row: Any, answers: dict[str, str]) -> str:
        """Note what the person decided; a sentence if it is not told as their last press. May raise Conflict."""
        raise NotImplementedError

    # --- showing ---

    def get_context_data(self, *, asked: str = "", unsaved: str = "", **kwargs: Any) -> dict[str, Any]:
        """`asked` is the row to show, `unsaved` what was written and not taken."""
        panel = bool(self.request.headers.get("HX-Request"))
        context = {} if panel else super().get_context_data(**kwargs)
        user = person(self.request)
        row, claim = self.claimed(asked or self.request.GET.get("row", ""))
        last = presses(self.decisions().filter(person=user))
        context |= {
            "queue": self.queue,
            "frame": PANEL if panel else WHOLE,
            "row": row,
            "claim": claim,
            "left": self.rows().count(),
            "skipped": Aside.objects.filter(queue=self.queue, person=user, until=None).count(),
            "colleagues": self.colleagues(),
            "last": last,
            "undo": next((press for press in last if press.can_be_undone), None),
            "unsaved": unsaved,
            "done": self.done(),
            "one_key": preferred(self.request)[-1],
        }
        return context | (self.shown(row) if row else {})

    def claimed(self, asked: str) -> tuple[Any, Claim | None]:
        """The row to show and its claim: the one that is asked for if it waits and is free, else the next."""
        user = person(self.request)
        row = self.rows().filter(pk=asked).first() if asked.isdecimal() else None
        for _attempt in range(ATTEMPTS):
            row = row or self.free().first()
            if row is None or (claim := Claim.take(self.queue, row.pk, user)):
                return row, claim if row else None
            row = None
        return None, None

    def free(self) -> QuerySet[Any]:
        """What this person did not put aside and nobody else looks at."""
        user = person(self.request)
        others = Claim.of_others(self.queue, user).values("row")
        return self.rows().exclude(pk__in=others).exclude(pk__in=Aside.hidden_from(self.queue, user).values("row"))

    def colleagues(self) -> list[tuple[Claim, Any]]:
        """What colleagues look at, each with its row, as far as it still waits."""
        claims = Claim.of_others(self.queue, person(self.request))[:COLLEAGUES]
        rows = self.rows().in_bulk([claim.row for claim in claims]) if claims else {}
        return [(claim, rows[claim.row]) for claim in claims if claim.row in rows]

    def done(self) -> int:
        """How many this person decided today."""
        mine = self.decisions().filter(person=person(self.request), made_at__gte=today())
        return mine.exclude(state=Decision.State.UNDONE).count()

    # --- what the person does ---

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        answers = request.POST.dict()
        if "left" in answers:
            return self.left(answers["left"])
        if "ping" in answers:
            return self.still_here(answers["ping"])
        asked = unsaved = ""
        try:
            asked = self.do(answers)
        except Conflict as conflict:
            messages.error(request, str(conflict))
            unsaved = answers.get("body", "")
        cache.delete(f"badge:triage.admin.waiting.{self.queue}")
        if unsaved or request.headers.get("HX-Request"):
            return self.render_to_response(self.get_context_data(asked=asked, unsaved=unsaved))
        return HttpResponseRedirect(f"{request.path}?row={asked}" if asked else request.path)

    def do(self, answers: dict[str, str]) -> str:
        """Do what one button asks for; the row to show next, if it is a certain one. May raise Conflict."""
        if "undo" in answers:
            return self.undo(answers["undo"])
        if "take_over" in answers:
            return self.take_over(answers["take_over"])
        if "again" in answers:
            Aside.objects.filter(queue=self.queue, person=person(self.request), until=None).delete()
            return ""
        row = self.still_mine(answers.get("row", ""), answers.get("version", ""))
        if answers.get("decision") == "skip":
            self.put_aside(row, answers)
        elif told := self.decide(row, answers):
            messages.success(self.request, told)
        Claim.objects.filter(queue=self.queue, row=row.pk, person=person(self.request)).delete()
        return ""

    def still_mine(self, key: str, version: str) -> Any:
        """The row that the person saw, if it still is as they saw it and nobody took it over."""
        row = self.rows().filter(pk=key).first() if key.isdecimal() else None
        if row is None or str(row.version) != version:
            raise Conflict(
                _("Somebody was faster: this one was decided or changed meanwhile. Nothing was done; here is the next.")
            )
        if claim := Claim.of_others(self.queue, person(self.request)).filter(row=row.pk).first():
            raise Conflict(_("%(who)s has this one now. Nothing was done; here is the next.") % {"who": claim.person})
        return row

    def put_aside(self, row: Any, answers: dict[str, str]) -> None:
        """Skip a row, with the reason if one is given: colleagues see it. With a day it waits for that, for all."""
        until = self.day(answers.get("until", ""))
        told = {"why": answers.get("why", "")[:300], "until": until, "made_at": timezone.now()}
        Aside.objects.update_or_create(queue=self.queue, row=row.pk, person=person(self.request), defaults=told)
        if until:
            messages.info(self.request, _("Put aside for everybody until %(day)s.") % {"day": date_format(until)})
        else:
            messages.info(self.request, _("Skipped; it comes back at the end."))

    def day(self, text: str) -> date | None:
        """The coming day that a form sent. Raises Conflict for another one."""
        if not text:
            return None
        with suppress(ValueError):
            if (day := date.fromisoformat(text)) > timezone.localdate():
                return day
        raise Conflict(_("Choose a day from tomorrow on; nothing was done."))

    def undo(self, key: str) -> str:
        """Take the last press back; the row that it was about."""
        undone = undo(as_uuid(key), person(self.request))
        messages.info(self.request, _("Taken back: nothing has happened, nobody was charged a turn."))
        return str(undone[0].draft_id or undone[0].message_id)

    def take_over(self, key: str) -> str:
        """Take a row from the colleague who looks at it, and say whom it was taken from."""
        row = self.rows().filter(pk=key).first() if key.isdecimal() else None
        if row is None:
            raise Conflict(_("This one was decided meanwhile; here is the next."))
        claim = Claim.of_others(self.queue, person(self.request)).filter(row=row.pk).first()
        Claim.take(self.queue, row.pk, person(self.request), by_force=True)
        if claim:
            messages.warning(self.request, _("You have taken this one over from %(who)s.") % {"who": claim.person})
        return key

    # --- what the page itself says ---

    def still_here(self, key: str) -> HttpResponse:
        """The page is open: keep its row, and say nothing; or say who has it now."""
        user = person(self.request)
        if not (key.isdecimal() and self.rows().filter(pk=key).exists()):
            return HttpResponse(_("This one was decided meanwhile."))
        if Claim.renew(self.queue, int(key), user):
            return HttpResponse(status=204)
        other = Claim.of_others(self.queue, user).filter(row=key).first()
        who = other.person if other else _("A colleague")
        return HttpResponse(_("%(who)s has taken this one over from you.") % {"who": who})

    def left(self, page: str) -> HttpResponse:
        """The page was left: others may have its row."""
        Claim.give_back(as_uuid(page), person(self.request))
        return HttpResponse(status=204)


def as_uuid(text: str) -> uuid.UUID:
    """The UUID that a form sent; one that nothing has for nonsense."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def today() -> datetime:
    """When this day began, here."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
