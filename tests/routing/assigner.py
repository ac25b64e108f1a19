"""A process that assigns leads, and a look at what many of them left; see test_concurrency.py.

python -m tests.routing.assigner team
python -m tests.routing.assigner work WORKER LEADS
python -m tests.routing.assigner look
"""

import json
import sys
from collections import Counter

import django
from django.db import OperationalError, transaction
from django.db.models import Max, Min

django.setup()

from crm.models import AuditEntry, Lead  # noqa: E402
from crm.services import contact_for, open_lead  # noqa: E402
from routing.models import Assignment, LedgerLine, Membership, Pool, Salesperson, SlackAlert  # noqa: E402
from routing.services import assign  # noqa: E402

POOLS = {"Inside": "en", "German": "de", "French": "fr"}


def team() -> None:
    """Three pools of four, five and six people, who share a CC pool of three."""
    field = staffed("Field", 3, kind="cc")
    for size, (name, language) in enumerate(POOLS.items(), start=4):
        kind = {} if language == "en" else {"kind": "language", "language": language}
        staffed(name, size, cc_pool=field, **kind)


def staffed(name: str, size: int, **fields: object) -> Pool:
    pool = Pool.objects.create(name=name, **fields)
    for number in range(size):
        who = Salesperson.objects.create(name=f"{name} {number}", email=f"{name}{number}@acme.example")
        Membership.objects.create(pool=pool, salesperson=who)
    return pool


def work(worker: int, leads: int) -> None:
    """Assign leads; those of an earlier life that were assigned before stay as they are."""
    for number in range(leads):
        while not given(worker, number):
            pass  # the next run takes it up, as it does in the product


def given(worker: int, number: int) -> bool:
    """Assign one lead in its transaction; False if the database was locked for all of its patience."""
    language = list(POOLS.values())[number % len(POOLS)]
    about = {"source": "test", "subject": "Pumps", "first_message": "", "language": language}
    try:
        with transaction.atomic():
            contact = contact_for(f"buyer@w{worker}-{number}.example")
            assign(open_lead(contact, thread_id=f"<{worker}-{number}@w.example>", **about)[0])
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        sys.stderr.write(f"{worker}-{number}: {error}\n")
        return False
    return True


def look() -> None:
    """Print what there is, as JSON."""
    turns = Counter(LedgerLine.objects.filter(kind="turn").values_list("pool__name", "salesperson__name"))
    spreads = {}
    for pool in Pool.objects.all():
        counts = [turns[pool.name, m.salesperson.name] for m in pool.memberships.select_related("salesperson")]
        spreads[pool.name] = max(counts) - min(counts)
    times = Assignment.objects.aggregate(first=Min("at"), last=Max("at"))
    owned = Counter(Assignment.objects.filter(active=True).values_list("lead", flat=True))
    print(  # noqa: T201
        json.dumps(
            {
                "leads": Lead.objects.count(),
                "owned once": sum(count == 1 for count in owned.values()),
                "turns": sum(count for (pool, _), count in turns.items() if pool != "Field"),
                "cc turns": sum(count for (pool, _), count in turns.items() if pool == "Field"),
                "alerts": SlackAlert.objects.count(),
                "entries": AuditEntry.objects.count(),
                "sum of credits": sum(Membership.objects.values_list("credit", flat=True)),
                "spreads": spreads,
                "seconds": (times["last"] - times["first"]).total_seconds(),
            }
        )
    )


if __name__ == "__main__":
    {"team": team, "work": work, "look": look}[sys.argv[1]](*map(int, sys.argv[2:]))
