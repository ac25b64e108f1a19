"""Loading a team from a file: everything or nothing, and clear about what is wrong."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from routing.models import Membership, Pool, Salesperson

pytestmark = pytest.mark.django_db

TEAM = """
[[pool]]
name = "Field"
kind = "cc"

[[pool]]
name = "Inside"
cc = "Field"
fallback = "Petra"

[[pool]]
name = "German"
kind = "language"
language = "DE"

[[person]]
name = "Petra"
email = "Petra@Acme.example"

[[person]]
name = "Ana"
email = "ana@acme.example"
slack = "U123"
languages = ["en", "de"]
pools = ["Inside", "German"]
weight = 2

[[person]]
name = "Gus"
email = "gus@acme.example"
pools = ["Field"]
"""


def load(tmp_path: Path, text: str, *options: str) -> str:
    file = tmp_path / "team.toml"
    file.write_text(text)
    output = StringIO()
    call_command("load_team", str(file), *options, stdout=output, stderr=output)
    return output.getvalue().strip()


def test_people_and_pools_are_created(tmp_path: Path) -> None:
    told = load(tmp_path, TEAM)
    assert told == "Team loaded: 3 pools created, 3 people created, 3 places in pools created."
    inside = Pool.objects.get(name="Inside")
    assert (inside.kind, inside.cc_pool.name, inside.fallback.email) == ("default", "Field", "petra@acme.example")
    assert Pool.objects.get(name="German").language == "de"
    ana = Salesperson.objects.get(email="ana@acme.example")
    assert (ana.slack_id, ana.languages) == ("U123", ["en", "de"])
    assert list(ana.memberships.values_list("pool__name", "weight")) == [("Inside", 2), ("German", 2)]


def test_loading_again_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, TEAM)
    histories = Salesperson.history.count(), Pool.history.count(), Membership.history.count()
    assert load(tmp_path, TEAM) == "Team loaded: nothing to change."
    assert histories == (Salesperson.history.count(), Pool.history.count(), Membership.history.count())


def test_a_changed_file_updates_by_name_and_address(tmp_path: Path) -> None:
    load(tmp_path, TEAM)
    Membership.objects.filter(pool__name="Inside").update(credit=7)
    changed = TEAM.replace('name = "Ana"', 'name = "Ana Nova"').replace("weight = 2", "weight = 3")
    told = load(tmp_path, changed)
    assert told == "Team loaded: 1 people updated, 2 places in pools updated."
    member = Membership.objects.get(pool__name="Inside")
    assert (member.salesperson.name, member.weight, member.credit) == ("Ana Nova", 3, 7), "nothing resets the ledger"


def test_a_pool_that_is_no_longer_listed_is_switched_off_for_the_person(tmp_path: Path) -> None:
    load(tmp_path, TEAM)
    load(tmp_path, TEAM.replace('["Inside", "German"]', '["German"]'))
    ana = Salesperson.objects.get(email="ana@acme.example")
    assert list(ana.memberships.filter(active=True).values_list("pool__name", flat=True)) == ["German"]


def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path) -> None:
    told = load(tmp_path, TEAM, "--dry-run")
    assert told == "Dry run, nothing written: 3 pools created, 3 people created, 3 places in pools created."
    assert not Pool.objects.exists()
    assert not Salesperson.objects.exists()


def test_a_pool_with_nobody_is_warned_of(tmp_path: Path) -> None:
    told = load(tmp_path, '[[pool]]\nname = "Empty"\n')
    assert told.startswith("Pool Empty has nobody and no fallback person: its leads would wait.")


def test_a_file_cannot_take_the_last_person_from_a_pool(tmp_path: Path) -> None:
    load(tmp_path, TEAM)
    with pytest.raises(CommandError, match="pool German would be left with nobody and no fallback person"):
        load(tmp_path, TEAM.replace('["Inside", "German"]', '["Inside"]'))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "weight = 2",
            "weight = 0",
            "team.toml line 20, person Ana: weight input should be greater than or equal to 1",
        ),
        ("weight = 2", "wait = 2", "team.toml line 20, person Ana: wait is not known"),
        ('"en", "de"', '"English"', "team.toml line 20, person Ana: languages.0 is not understood: 'English'"),
        ('["Field"]', '["Feild"]', "team.toml line 28, person Gus: there is no pool 'Feild'"),
        ('email = "gus@acme.example"', "", "team.toml line 28, person Gus: email is missing"),
        ("gus@acme.example", "ana@acme.example", "team.toml line 28, person Gus: ana@acme.example is there twice"),
        ("gus@acme.example", "gus", "team.toml line 28, person Gus: email is not understood: 'gus'"),
        (
            'fallback = "Petra"',
            'fallback = "Peter"',
            "team.toml line 6, pool Inside: fallback: there is no person 'Peter'",
        ),
        ('cc = "Field"', 'cc = "German"', "team.toml line 6, pool Inside: cc German is no pool of kind cc"),
        ('language = "DE"', "", "team.toml line 11, pool German: language: A language pool needs its language"),
        ('kind = "cc"', 'kind = "copy"', "team.toml line 2, pool Field: kind input should be 'technical', 'language'"),
        ('name = "Field"', 'name = "Field', "team.toml: is not TOML: Illegal character"),
        ("[[person]]", "[[persons]]", "team.toml: 'persons' is not known; a team has"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_written(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(CommandError) as refusal:
        load(tmp_path, TEAM.replace(old, new))
    assert str(refusal.value).startswith(told)
    assert "\n" not in str(refusal.value)
    assert not Pool.objects.exists()
    assert not Salesperson.objects.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_team", str(tmp_path / "no-team.toml"))


def test_the_demo_team_loads() -> None:
    demo = Path(__file__).parents[2] / "templates" / "demo" / "team.toml"
    call_command("load_team", str(demo), stdout=StringIO())
    kinds = Pool.objects.order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["cc", "default", "language", "language", "language", "language", "technical"]
    assert Membership.objects.filter(pool__name="Inside sales").count() == 4
