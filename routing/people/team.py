"""Reading a team from a TOML file: pools by name and people by address are created or updated."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from pydantic import BaseModel, Field, StringConstraints
from pydantic import ValidationError as Misfit

from routing.models import Membership, Pool, Salesperson

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
]
Language = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern="^[A-Za-z]{2}$")]
EXPLAINED = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "string_pattern_mismatch": "is not understood: {input!r}",
}


class TeamError(Exception):
    """What is wrong with a team file, in one line."""


class PoolRow(BaseModel, frozen=True, extra="forbid"):
    """One [[pool]]. `cc` is a pool's name, `fallback` a person's name or address."""

    name: Name
    kind: Pool.Kind = Pool.Kind.DEFAULT
    language: Language | None = None
    cc: Name | None = None
    fallback: Name | None = None
    fallback_after: int = Field(0, ge=0)
    response_minutes: int = Field(0, ge=0)
    hours: str = ""
    timezone: str = ""
    holidays: str = ""
    countries: tuple[str, ...] = ()
    sender_domains: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class PersonRow(BaseModel, frozen=True, extra="forbid"):
    """One [[person]]. In pools that are not listed the person is switched off."""

    name: Name
    email: Address
    slack: str = Field("", max_length=50)
    languages: tuple[Language, ...] = ()
    pools: tuple[Name, ...] = ()
    weight: int = Field(1, ge=1, le=1000)
    signature: str = ""
    hours: str = ""
    timezone: str = ""
    holidays: str = ""


Row = TypeVar("Row", PoolRow, PersonRow)


@dataclass(frozen=True)
class Team:
    """A team file that is right in itself; where each pool and person stands in it, by name and address."""

    file: str
    pools: tuple[PoolRow, ...]
    people: tuple[PersonRow, ...]
    places: dict[str, str]


@dataclass(frozen=True)
class Loaded:
    """What loading did: counts such as "2 pools created", and what deserves a look."""

    counts: tuple[str, ...]
    warnings: tuple[str, ...]


def read(path: Path) -> Team:
    """Read a team file. Raises TeamError with the place and what to do."""
    try:
        source = path.read_text(encoding="utf-8")
        tables = tomllib.loads(source)
    except OSError as error:
        raise TeamError(f"{path.name}: cannot be read ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TeamError(f"{path.name}: is not TOML: {error}.") from None
    if unknown := set(tables) - {"pool", "person"}:
        raise TeamError(f"{path.name}: {unknown.pop()!r} is not known; a team has [[pool]] and [[person]] tables.")
    places: dict[str, str] = {}
    pools = tuple(_rows(path.name, source, tables.get("pool", []), PoolRow, places))
    people = tuple(_rows(path.name, source, tables.get("person", []), PersonRow, places))
    if not pools and not people:
        raise TeamError(f"{path.name}: has no [[pool]] and no [[person]].")
    return Team(path.name, pools, people, places)


def _rows(file: str, source: str, tables: Any, kind: type[Row], places: dict[str, str]) -> Iterator[Row]:
    what = "pool" if kind is PoolRow else "person"
    lines = [n for n, line in enumerate(source.splitlines(), 1) if re.match(rf"\s*\[\[\s*{what}\s*\]\]", line)]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise TeamError(f"{file}: write [[{what}]] in double brackets, once for each.")
    for number, table in enumerate(tables):
        line = f" line {lines[number]}" if len(lines) == len(tables) else ""
        place = f"{file}{line}, {what} {table.get('name') or table.get('email') or number + 1}"
        try:
            row = kind(**table)
        except Misfit as error:
            raise TeamError(f"{place}: {_explained(error)}.") from None
        identity = row.email if isinstance(row, PersonRow) else row.name
        if identity in places:
            raise TeamError(f"{place}: {identity} is there twice.")
        places[identity] = place
        yield row


def _explained(misfit: Misfit) -> str:
    error = misfit.errors()[0]
    name = ".".join(str(part) for part in error["loc"])
    told = EXPLAINED.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])
    return f"{name} {told.format(input=error.get('input'))}"


def load(team: Team, *, dry_run: bool = False) -> Loaded:
    """Create or update all of it, or nothing. Raises TeamError; `dry_run` tells what would happen."""
    with transaction.atomic():
        tally: Counter[tuple[str, str]] = Counter()
        staffed = _staffed()
        pools = {row.name: _pool(team, row, tally) for row in team.pools}
        people = {row.email: _person(team, row, tally) for row in team.people}
        for row in team.pools:
            _refer(team, row, pools[row.name])
        for person in team.people:
            _join(team, person, people[person.email], tally)
        warnings = _unstaffed(team, staffed)
        if dry_run:
            transaction.set_rollback(True)
    return Loaded(tuple(f"{n} {what} {deed}" for (what, deed), n in tally.items()), tuple(warnings))


def _pool(team: Team, row: PoolRow, tally: Counter[tuple[str, str]]) -> Pool:
    fields = row.model_dump(exclude={"cc", "fallback", "language"}) | {"language": row.language or "", "active": True}
    fields |= {name: list(fields[name]) for name in ("countries", "sender_domains", "words")}
    pool = Pool.objects.filter(name=row.name).first() or Pool()
    if pool.pk and pool.kind != row.kind:
        fields["position"] = None  # the usual place of the new kind
    _save(team.places[row.name], pool, fields, "pools", tally)
    return pool


def _person(team: Team, row: PersonRow, tally: Counter[tuple[str, str]]) -> Salesperson:
    fields = row.model_dump(exclude={"pools", "weight", "slack", "languages"})
    fields |= {"slack_id": row.slack, "languages": list(row.languages), "active": True}
    person = Salesperson.objects.filter(email=row.email).first() or Salesperson()
    _save(team.places[row.email], person, fields, "people", tally)
    return person


def _save(place: str, row: models.Model, fields: dict[str, Any], what: str, tally: Counter[tuple[str, str]]) -> None:
    """Save a row if it is new or differs; check it as its form would."""
    if row.pk and all(getattr(row, name) == value for name, value in fields.items()):
        return
    deed = "updated" if row.pk else "created"
    for name, value in fields.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise TeamError(f"{place}: {name}: {messages[0]}") from None
    row.save()
    tally[what, deed] += 1


def _refer(team: Team, row: PoolRow, pool: Pool) -> None:
    """Set what a pool says of other rows, once all of them are there."""
    cc = _named_pool(team, row.name, row.cc) if row.cc else None
    fallback = _named_person(team, row) if row.fallback else None
    if cc and cc.kind != Pool.Kind.CC:
        raise TeamError(f"{team.places[row.name]}: cc {cc.name} is no pool of kind cc.")
    if (pool.cc_pool, pool.fallback) != (cc, fallback):
        pool.cc_pool, pool.fallback = cc, fallback
        pool.save()


def _named_pool(team: Team, identity: str, name: str) -> Pool:
    try:
        return Pool.objects.get(name=name)
    except Pool.DoesNotExist:
        raise TeamError(f"{team.places[identity]}: there is no pool {name!r}.") from None


def _named_person(team: Team, row: PoolRow) -> Salesperson:
    found = Salesperson.objects.filter(models.Q(email=(row.fallback or "").lower()) | models.Q(name=row.fallback))[:2]
    if len(found) != 1:
        trouble = "there is no person" if not found else "there are several people called"
        raise TeamError(f"{team.places[row.name]}: fallback: {trouble} {row.fallback!r}; write the e-mail address.")
    return found[0]


def _join(team: Team, row: PersonRow, person: Salesperson, tally: Counter[tuple[str, str]]) -> None:
    """Put a person into the listed pools, and switch the others off."""
    place = team.places[row.email]
    pools = [_named_pool(team, row.email, name) for name in row.pools]
    for pool in pools:
        member = Membership.objects.filter(pool=pool, salesperson=person).first()
        member = member or Membership(pool=pool, salesperson=person)
        _save(place, member, {"weight": row.weight, "active": True}, "places in pools", tally)
    for member in person.memberships.filter(active=True).exclude(pool__in=pools):
        _save(place, member, {"active": False}, "places in pools", tally)


def _staffed() -> set[int]:
    """The active pools that have somebody, or a fallback."""
    staffed = models.Q(memberships__active=True, memberships__salesperson__active=True)
    rows = Pool.objects.filter(staffed | models.Q(fallback__active=True), active=True)
    return set(rows.values_list("pk", flat=True))


def _unstaffed(team: Team, before: set[int]) -> Sequence[str]:
    """Warn of pools that have nobody; refuse to take the last one from a pool."""
    empty = Pool.objects.filter(active=True).exclude(pk__in=_staffed())
    for pool in empty:
        if pool.pk in before:
            raise TeamError(f"{team.file}: pool {pool.name} would be left with nobody and no fallback person.")
    return [f"Pool {pool.name} has nobody and no fallback person: its leads would wait." for pool in empty]
