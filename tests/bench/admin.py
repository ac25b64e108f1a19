"""How fast the admin is with years of mail: the time at the server and the number of queries of each page.

A PostgreSQL of its own is filled by `manage.py generate_history`; then each page is asked for by Django's test client,
so that the seconds are those of the server alone, network and browser left out. Printed is the median of some rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.postgres import Postgres, fresh_database, postgres_binary

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {"index": 500}  # milliseconds; all others have 300
USUAL = 300


@dataclass(frozen=True)
class Timed:
    """One page: the median of its milliseconds at the server, and its queries."""

    page: str
    milliseconds: float
    queries: int
    kilobytes: int

    @property
    def allowed(self) -> int:
        return ALLOWED.get(self.page, USUAL)

    @property
    def slow(self) -> bool:
        return self.milliseconds > self.allowed


def addresses() -> Iterator[tuple[str, str]]:
    """Each page by a name: those of our own, each list, a late page and a search of it, and one row of each."""
    from django.contrib import admin
    from django.urls import reverse

    for page in OWN:
        yield page, reverse(f"admin:{page}")
    for name, query in SEARCHES.items():
        yield name, reverse("admin:triage_message_customers") + f"?q={query}"
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        url = reverse(f"admin:{name}_changelist")
        yield name, url
        if model._default_manager.count() > 1000:
            yield f"{name} page 100", f"{url}?p=100"
        if admin.site._registry[model].search_fields:
            yield f"{name} search", f"{url}?q=valve"
        if row := model._default_manager.order_by("-pk").first():
            yield f"{name} row", reverse(f"admin:{name}_change", args=(row.pk,))


OWN = (
    "index",
    "triage_message_review",
    "triage_message_problems",
    "triage_message_customers",
    "triage_draft_approve",
)
SEARCHES = {
    "customer by address": "berta@nordic-pumps-7.example",
    "customer by domain": "alpen-drives-3.example",
    "customer by company": "Moravia Valves",
    "customer by rare words": "M4711",
    "customer by common words": "valve price",
    "customer by words, German": "Dichtung Edelstahl",
    "customer by words, Japanese": "見積",
    "customer by nothing known": "xylophon",
    "customer, the story": "valve&address=berta@nordic-pumps-7.example",
    "customer, the story of a company": "valve&address=berta@nordic-pumps-7.example&company=1",
}


def timed(rounds: int) -> Iterator[Timed]:
    """Ask for each page, once to warm up and then some rounds. Needs Django set up."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    for page, url in addresses():
        took = []
        for _ in range(rounds + 1):
            cache.clear()
            before = time.perf_counter()
            answer = client.get(url, follow=True)
            took.append(1000 * (time.perf_counter() - before))
            if answer.status_code != 200:
                sys.exit(f"{url} answered {answer.status_code}")
        with CaptureQueriesContext(connection) as asked:
            client.get(url, follow=True)
        yield Timed(page, statistics.median(took[1:]), len(asked), len(answer.content) // 1024)


def table(pages: list[Timed]) -> str:
    """The pages as lines, those that are too slow marked."""
    lines = [f"{'':44}{'ms':>8}{'queries':>9}{'kB':>7}"]
    for page in pages:
        mark = f"  more than {page.allowed}" if page.slow else ""
        lines.append(f"{page.page:44}{page.milliseconds:>8.0f}{page.queries:>9}{page.kilobytes:>7}{mark}")
    return "\n".join(lines)


def measure(rounds: int) -> None:
    """In a child with the database's settings: print the pages as JSON."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "inbox_router.settings"
    django.setup()
    json.dump([asdict(page) for page in timed(rounds)], sys.stdout)


def manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def run(options: argparse.Namespace, database: str, folder: str) -> list[Timed]:
    """Fill the database unless it is full, and measure."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"ENV_FILE": "", "DATA_DIR": folder, "DATABASE_URL": database, "COMPANY_DOMAINS": "acme.example"}
    environment = kept | ours
    if not options.database:
        manage(environment, "manage.py", "migrate", "--verbosity=0")
        amounts = [f"--{name}={getattr(options, name)}" for name in ("messages", "leads", "entries")]
        manage(environment, "manage.py", "generate_history", *amounts)
    child = ["-m", "tests.bench.admin", "--child", f"--rounds={options.rounds}"]
    return [Timed(**facts) for facts in json.loads(manage(environment, *child))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.admin", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--entries", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", metavar="URL", help="one that generate_history has filled already")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return measure(options.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if options.database:
            pages = run(options, options.database, folder)
        elif not postgres_binary():
            sys.exit("The benchmark needs PostgreSQL: apt-get install postgresql")
        else:
            with Postgres() as server, fresh_database(server.url) as database:
                pages = run(options, database, folder)
    sys.stdout.write(f"median of {options.rounds} rounds\n{table(pages)}\n")
    return sys.exit("Some pages are too slow.") if any(page.slow for page in pages) else None


if __name__ == "__main__":
    main()
