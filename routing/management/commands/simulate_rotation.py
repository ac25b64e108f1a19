"""Who would get the next leads, and how fair it is."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.models import Membership, Pool
from routing.rotation import TURN
from routing.whatif.preview import foresee, situation_now
from routing.whatif.simulation import FIRST, ByLedger, ByPointer, Scenario, run

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Tell who would get the next leads of each pool, and the fairness of it; nothing is written. "
        "With --people or --days: a made-up team and its year, by our ledger and by a plain pointer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leads", type=int, default=10, metavar="N", help="leads for each pool (default 10)")
        parser.add_argument("--pool", metavar="NAME", help="this pool only")
        parser.add_argument("--people", type=int, metavar="N", help="a made-up team of so many")
        parser.add_argument("--days", type=int, metavar="N", help="for so many days (default 250)")
        parser.add_argument("--leads-a-day", type=int, default=20, metavar="N")
        parser.add_argument("--absence", type=float, default=25, metavar="PERCENT", help="of the days (default 25)")
        parser.add_argument("--continuity", type=float, default=30, metavar="PERCENT", help="leads of known customers")
        parser.add_argument("--seed", type=int, default=1, metavar="N", help="another year")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["people"] is None and options["days"] is None:
            self.from_database(options["leads"], options["pool"])
        else:
            self.made_up(_scenario(options))

    def from_database(self, count: int, name: str | None) -> None:
        if count < 1:
            raise CommandError("--leads must be 1 or more.")
        pools = Pool.objects.filter(active=True, **({"name": name} if name else {}))
        if not pools:
            known = ", ".join(Pool.objects.filter(active=True).values_list("name", flat=True))
            hint = f"There is {known}." if known else "Load a team first: manage.py load_team FILE.toml"
            raise CommandError(f"There is no active pool{f' {name!r}' if name else ''}. {hint}")
        worst = max(self.one_pool(pool, count) for pool in pools)
        self.stdout.write(
            f"{count} leads for each of {len(pools)} pools: nobody is off by more than {worst:.2f} leads."
        )

    def one_pool(self, pool: Pool, count: int) -> float:
        """Print the next turns of a pool; the worst deviation from the owed share, in leads."""
        members = list(Membership.objects.filter(pool=pool).select_related("salesperson"))
        turns = list(foresee(members, situation_now(pool, members), count))
        names = [turn.winner.name if turn.winner else "nobody" for turn in turns]
        more = f" and {count - SHOWN} more" if count > SHOWN else ""
        self.stdout.write(f"{pool.name}: {', '.join(names[:SHOWN])}{more}")
        owed, received = Counter[str](), Counter(names)
        for turn in turns:
            for standing in turn.standings:
                owed[standing.name] += standing.earned
        for who, units in sorted(owed.items()):
            self.stdout.write(f"  {who:<24} {received[who]:>6} leads, {units / TURN:>8.2f} owed")
        for candidate in turns[0].skipped:
            self.stdout.write(f"  {candidate.name:<24} {candidate.why_not}")
        return max((abs(received[who] - units / TURN) for who, units in owed.items()), default=0.0)

    def made_up(self, scenario: Scenario) -> None:
        self.stdout.write(
            f"{scenario.people} people, {scenario.days} days, {scenario.leads_a_day} leads a day, "
            f"{scenario.absence:.0%} absence, {scenario.continuity:.0%} known customers:"
        )
        results = {
            "credit ledger": run(scenario, ByLedger(scenario.people)),
            "plain pointer": run(scenario, ByPointer(scenario.people)),
        }
        first, fair = f"most of the first {FIRST} after a leave", f"{FIRST / scenario.people:g} are fair"
        self.stdout.write(f"{'':<16}{'worst deviation':>18}{'above what was owed':>22}  {first}")
        for name, result in results.items():
            most = f"{result.most} ({fair})" if result.most else "(the team was never complete so long)"
            self.stdout.write(f"{name:<16}{result.worst:>18.2%}{result.flood:>+22.2f}  {most}")
        ledger, pointer = results.values()
        self.stdout.write(
            f"Worst deviation from the owed share: {ledger.worst:.2%}, a plain pointer's {pointer.worst:.2%}."
        )


def _scenario(options: dict[str, Any]) -> Scenario:
    """The options as a scenario. Raises CommandError."""
    for name in ("absence", "continuity"):
        if not 0 <= options[name] <= 90:
            raise CommandError(f"--{name} is a percentage from 0 to 90.")
    scenario = Scenario(
        people=5 if options["people"] is None else options["people"],
        days=250 if options["days"] is None else options["days"],
        leads_a_day=options["leads_a_day"],
        absence=options["absence"] / 100,
        continuity=options["continuity"] / 100,
        seed=options["seed"],
    )
    if min(scenario.people, scenario.days, scenario.leads_a_day) < 1:
        raise CommandError("--people, --days and --leads-a-day must be 1 or more.")
    return scenario
