"""Pages are in the reader's language: nothing that has a translation is shown without it."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests import office
from triage.models import Message, Run

pytestmark = pytest.mark.django_db
OURS = [
    *("index", "triage_message_review", "triage_draft_approve", "triage_draft_several", "triage_message_problems"),
    *("triage_message_customers", "inbox_router_halt_outside", "crm_sheetrow_mirror", "triage_heartbeat_health"),
    "triage_mailbox_setup",
]
RECORDED = ("crm_auditentry", "routing_slackalert")  # logs are in the installation's one language
UNREAD = re.compile(  # programs, mail, moments, and the names of icons
    r"""(?s)<(script|style|code|pre|textarea|time)\b.*?</\1>|<span class="material-symbols-outlined[^>]*>[^<]*<"""
)
DATA = {  # what rows say, and by chance is a word of ours as well
    *("Lead", "Spam", "Sales manager", "Salesperson", "salesperson", "Reviewer", "Approver", "Operator", "Read-only"),
    *("System", "Text", "File", "Seen", "starter", "draft", "no", "joined at the others' average"),
}


def paths() -> Iterator[str]:
    yield from (reverse(f"admin:{name}") for name in OURS)
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        if name not in RECORDED and model._meta.app_label in ("triage", "routing", "crm", "inbox_router"):
            yield reverse(f"admin:{name}_changelist")
            row = model._default_manager.order_by("pk").first()
            yield from [reverse(f"admin:{name}_change", args=(row.pk,))] if row else []


def shown(page: HttpResponse) -> set[str]:
    """What people read on a page, one piece between two tags each."""
    body = UNREAD.sub(" <", page.content.decode())
    pieces = re.findall(r">([^<>]+)<", body) + re.findall(r'(?:aria-label|placeholder|title)="([^"]+)"', body)
    return {unescape(" ".join(piece.split())) for piece in pieces} - {""}


def untranslated(piece: str) -> bool:
    return any(translation.gettext(said) != said for said in (piece, piece[:1].lower() + piece[1:]))


def test_a_state_without_a_colour_of_its_own_is_told_in_words_and_not_in_code(client: Client) -> None:
    office.message(status=Message.Status.SKIPPED)
    client.force_login(office.boss())
    page = client.get(reverse("admin:triage_message_changelist"), headers={"accept-language": "de"})
    assert "übersprungen" in shown(page)


def test_what_a_run_counted_and_what_the_doctor_finds_is_told_in_the_readers_language(client: Client) -> None:
    Run.objects.create(mailbox=office.mailbox(), counts={"lead": 2, "review": 3, "skipped": 1, "polls": 4})
    client.force_login(office.boss())
    runs = client.get(reverse("admin:triage_run_changelist"), headers={"accept-language": "de"})
    assert "2 Anfrage, 4 Blicke in den Ordner, 3 für einen Menschen, 1 übersprungen" in shown(runs)
    health = reverse("admin:triage_heartbeat_health")
    found = client.post(health, {"check": "queue"}, headers={"accept-language": "de"})
    assert "die Datenbank ist die Warteschlange" in shown(found)


@pytest.mark.parametrize("language", ["fr"])  # German has too many words that look like ours
def test_no_page_says_in_english_what_it_could_say_in_the_readers_language(client: Client, language: str) -> None:
    office.fill()
    client.force_login(office.boss())
    wrong: dict[str, list[str]] = {}
    for path in paths():
        page = client.get(path, headers={"accept-language": language})
        assert page.status_code == 200
        assert page.headers["Content-Language"] == language
        with translation.override(language):
            said = sorted(piece for piece in shown(page) - DATA if untranslated(piece))
        wrong |= {path: said} if said else {}
    assert not wrong, wrong
