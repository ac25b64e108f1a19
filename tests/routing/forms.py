"""Forms of the admin as its pages have them, to be sent with changes by the field's name."""

from collections.abc import Sequence

from django.test import Client
from django.urls import reverse

from routing.models import Pool, Salesperson
from tests import office


def pool_form(pool: Pool, **changes: object) -> dict[str, object]:
    """The pool's form as the page has it, with changes by the field's name."""
    rows = list(pool.memberships.order_by("position", "pk"))
    told: dict[str, object] = {
        "name": pool.name, "kind": pool.kind, "position": pool.position, "active": "on", "owner_away": "cover",
        "fallback_after": 0, "response_minutes": 0, "catch_up": 0,
        "memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows),
    }  # fmt: skip
    for number, row in enumerate(rows):
        told |= {
            f"memberships-{number}-{name}": value
            for name, value in {
                "id": row.pk, "pool": pool.pk, "salesperson": row.salesperson_id, "weight": row.weight,
                "position": row.position, "active": "on",
            }.items()
        }  # fmt: skip
    return {name: value for name, value in (told | changes).items() if value is not None}


def next_names(client: Client, pool: Pool, **changes: object) -> str:
    """What the pool's page says of who is next under its form with these changes."""
    answer = client.post(reverse("admin:routing_pool_next", args=(pool.pk,)), pool_form(pool, **changes))
    assert answer.status_code == 200
    return answer.content.decode()


def person_form(who: Salesperson, memberships: Sequence[dict] = (), **changes: object) -> dict[str, object]:
    """A person's form as the page has it, with these lines of pools."""
    told: dict[str, object] = {"name": who.name, "email": who.email, "active": "on", "languages": "en"}
    for part, rows in (("leaves", ()), ("memberships", memberships)):
        told |= {f"{part}-{count}": len(rows) for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
        told |= {f"{part}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return {name: value for name, value in (told | changes).items() if value is not None}


def person_named(name: str) -> Salesperson:
    return office.team().memberships.get(salesperson__name=name).salesperson
