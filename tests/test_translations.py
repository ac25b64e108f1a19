"""The admin speaks every language of LANGUAGES, and no page of it half."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.functional import Promise

from crm.models import AuditEntry
from tests import office

ROOT = Path(settings.BASE_DIR)
SOURCES = ("inbox_router", "triage", "routing", "crm", "templates")
LANGUAGES = [language for language, _ in settings.LANGUAGES if language != settings.LANGUAGE_CODE]


def catalogue(language: str) -> Path:
    return ROOT / "inbox_router" / "locale" / language / "LC_MESSAGES" / "django.po"


def run(*command: object) -> str:
    """What a program prints; its complaints fail the test."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of all sentences that the code and the pages say today."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("locale", "__pycache__", "*.npz"))
    (copy / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "en", "--keep-pot"]
    alone = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=copy, env=alone, check=True, capture_output=True)
    return copy / "locale" / "django.pot"


@pytest.mark.gettext
@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogues:
    def test_every_sentence_is_translated_and_none_is_a_guess(self, language, sentences):
        run("msgcmp", catalogue(language), sentences)

    def test_every_translation_has_the_places_of_its_sentence(self, language):
        run("msgfmt", "--check", "--output-file=/dev/null", catalogue(language))

    def test_what_is_shipped_is_what_the_text_says(self, language, tmp_path):
        run("msgfmt", "--output-file", tmp_path / "fresh.mo", catalogue(language))
        assert run("msgunfmt", catalogue(language).with_suffix(".mo")) == run("msgunfmt", tmp_path / "fresh.mo")


def test_every_row_and_field_that_people_see_has_a_name_to_translate():
    models = [model for app in SOURCES[:-1] for model in apps.get_app_config(app).get_models()]
    ours = [model for model in models if not model.__name__.startswith("Historical")]
    named = [(model, field.verbose_name) for model in ours for field in model._meta.fields if not field.auto_created]
    named += [(model, name) for model in ours for name in (model._meta.verbose_name, model._meta.verbose_name_plural)]
    untold = sorted(f"{model.__name__}: {name}" for model, name in named if not isinstance(name, Promise))
    assert untold == [], "say a verbose_name in _(), or add the name to inbox_router/field_names.py"


@pytest.mark.django_db
class TestReviewerWhoReadsGerman:
    REVIEW = reverse_lazy("admin:triage_message_review")

    @pytest.fixture(autouse=True)
    def fresh(self) -> None:
        cache.clear()  # the counts of the sidebar

    @pytest.fixture
    def boss(self, client: Client) -> Client:
        office.team()
        client.force_login(office.boss())
        return client

    def test_sees_the_review_page_in_german(self, boss):
        office.message("Pumps")
        text = boss.get(self.REVIEW, headers={"accept-language": "de"}).content.decode()
        assert 'lang="de"' in text
        assert all(said in text for said in ("Warum sie hier ist", "Buchhaltung", "Überspringen", "Prüfliste"))
        assert not any(said in text for said in ("Why it is here", "Accounting", "Skip<", "Review queue"))

    @pytest.mark.parametrize("decision", ["lead", "spam", "newsletter", "accounting"])
    def test_decides_and_it_is_recorded_as_if_they_read_english(self, boss, decision):
        assert self.recorded(boss, decision, "de") == self.recorded(boss, decision, "en") != []

    def recorded(self, client: Client, decision: str, language: str) -> list[tuple[str, ...]]:
        """What the log says of one message that was decided by somebody who reads this language; then it is undone."""
        with transaction.atomic():
            message, before = office.message("Pumps"), AuditEntry.objects.count()
            told = {"row": message.pk, "version": message.version, "decision": decision}
            client.post(self.REVIEW, told, headers={"accept-language": language})
            with translation.override(language):  # the worker itself speaks none
                office.time_passes()
            message.refresh_from_db()
            assert message.category == decision
            entries = AuditEntry.objects.order_by("pk")[before:].values_list("action", "summary", "reason")
            said = [tuple(re.sub(r"[0-9a-f]{8}$|\d+", "#", part) for part in entry) for entry in entries]
            transaction.set_rollback(True)
        return said
