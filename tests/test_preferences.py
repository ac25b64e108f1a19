"""Everybody is shown the admin in their own language and time zone, and with the shortcuts that they want."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from inbox_router.models import Preferences
from tests import office

pytestmark = pytest.mark.django_db
MINE, REVIEW = reverse("admin:auth_user_me"), reverse("admin:triage_message_review")


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()  # what was searched for is kept there for some minutes


def text(client: Client, url: str, **asked: str) -> str:
    return client.get(url, asked, follow=True).content.decode()


class TestLanguage:
    def test_the_chosen_language_is_spoken_whatever_the_browser_asks_for(self, boss):
        boss.post(MINE, {"language": "de", "time_zone": ""})
        page = boss.get(MINE, headers={"Accept-Language": "fr"})
        assert 'lang="de"' in page.content.decode()
        assert page.headers["Content-Language"] == "de"

    def test_without_a_choice_the_browser_decides(self, boss):
        assert boss.get(MINE, headers={"Accept-Language": "fr"}).headers["Content-Language"] == "fr"

    def test_one_persons_language_does_not_stay_for_the_next_request(self, boss):
        boss.post(MINE, {"language": "de", "time_zone": "Asia/Tokyo"})
        boss.get(MINE)
        assert translation.get_language() == "en"
        assert timezone.get_current_timezone_name() == "UTC"


class TestTimeZone:
    def test_moments_are_shown_in_the_chosen_time_zone(self, boss):
        boss.post(MINE, {"language": "", "time_zone": "Asia/Tokyo"})
        User.objects.update(last_login="2026-03-01T20:00:00Z")
        assert "Monday, 2 Mar 2026 05:00" in text(boss, reverse("admin:auth_user_changelist"))

    def test_another_session_of_the_same_person_has_it_too(self, boss):
        boss.post(MINE, {"language": "", "time_zone": "Asia/Tokyo"})
        other = Client()
        other.force_login(User.objects.get())
        User.objects.update(last_login="2026-03-01T20:00:00Z")
        assert "Monday, 2 Mar 2026 05:00" in text(other, reverse("admin:auth_user_changelist"))


class TestShortcuts:
    def test_one_key_acts_until_a_person_switches_it_off_for_themselves(self, boss):
        assert "data-one-key" in text(boss, REVIEW)
        boss.post(MINE, {"language": "", "time_zone": ""})
        assert "data-one-key" not in text(boss, REVIEW)
        other = Client()
        other.force_login(office.user("mia", "Reviewer"))
        assert "data-one-key" in text(other, REVIEW)

    def test_it_stays_so_after_a_swap_and_in_another_session(self, boss):
        boss.post(MINE, {"language": "", "time_zone": ""})
        other = Client()
        other.force_login(User.objects.get())
        swapped = other.post(REVIEW, {"again": "1"}, headers={"HX-Request": "true"}).content.decode()
        assert "data-left" in swapped
        assert "data-one-key" not in swapped
        other.post(MINE, {"language": "", "time_zone": "", "one_key": "on"})
        assert "data-one-key" in text(other, REVIEW)


class TestThePage:
    @pytest.mark.parametrize("wrong", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}])
    def test_what_does_not_exist_is_refused_and_nothing_is_saved(self, boss, wrong):
        page = boss.post(MINE, {"language": "", "time_zone": ""} | wrong)
        assert "is not one of the available choices" in page.content.decode()
        assert not Preferences.objects.exists()

    def test_nobody_sees_it_who_has_not_signed_in(self, client):
        assert client.get(MINE).status_code == 302

    def test_a_choice_that_is_gone_from_the_installation_harms_nobody(self, boss):
        Preferences.objects.create(user=User.objects.get(), language="tlh", time_zone="Mars/Olympus")
        assert boss.get(MINE, headers={"Accept-Language": "en"}).headers["Content-Language"] == "en"


class TestCommandPalette:
    def test_it_finds_the_pages_that_one_may_open_and_what_one_may_add(self, boss):
        found = text(boss, reverse("admin:search"), s="pool", extended="1")
        assert "Rotation pools" in found
        assert reverse("admin:routing_pool_add") in found

    def test_it_shows_nobody_a_page_that_their_role_does_not_open(self, client):
        client.force_login(User.objects.create_user("nobody", is_staff=True))
        assert "Rotation pools" not in text(client, reverse("admin:search"), s="pool", extended="1")
