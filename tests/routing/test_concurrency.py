"""Many processes at once, some of them killed: no turn is lost or doubled.

ROTATION_LEADS=10000 makes it the full-size run, ROTATION_KILLS says how many processes are killed meanwhile; the
figures are printed with pytest -s.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEADS = int(os.environ.get("ROTATION_LEADS", "120"))
KILLS = int(os.environ.get("ROTATION_KILLS", "3"))


class Team:
    """A database of its own, and processes that assign leads in it."""

    def __init__(self, url: str, data: Path) -> None:
        self.env = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        if extra := os.environ.get("PYTHONPATH"):
            self.env["PYTHONPATH"] += os.pathsep + extra
        self.run("-m", "django", "migrate", "--verbosity=0", "--skip-checks")
        self.run("-m", "tests.routing.assigner", "team")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        return output

    def assign(self, workers: int, *, kills: int) -> None:
        """Assign all leads; each of so many kills hits a random worker, which then starts anew."""
        each = LEADS // workers
        commands = [("-m", "tests.routing.assigner", "work", str(number), str(each)) for number in range(workers)]
        running = [self.start(*command) for command in commands]
        for _ in range(kills):
            time.sleep(random.uniform(0.5, 1.5))
            victim = random.randrange(workers)
            running[victim].kill()
            running[victim].communicate()
            running[victim] = self.start(*commands[victim])
        for process in running:
            _, errors = process.communicate()
            assert process.returncode == 0, errors

    def check(self, workers: int) -> None:
        leads = LEADS // workers * workers
        seen = json.loads(self.run("-m", "tests.routing.assigner", "look"))
        spreads, seconds = seen.pop("spreads"), seen.pop("seconds")
        kind = self.env["DATABASE_URL"].partition(":")[0]
        told = f"{leads} leads in {seconds:.1f} s, {leads / seconds:.0f} a second, spreads {spreads}"
        sys.stdout.write(f"{kind}, {workers} processes, {KILLS} kills: {told}, {seen}\n")
        assert seen == {
            "leads": leads,
            "owned once": leads,
            "turns": leads,
            "cc turns": leads,
            "alerts": leads,
            "entries": leads,
            "sum of credits": 0,
        }
        assert max(spreads.values()) <= 1, spreads


@pytest.mark.postgres
def test_eight_processes_on_postgresql_lose_and_double_no_turn(postgres_url: str, tmp_path: Path) -> None:
    team = Team(postgres_url, tmp_path)
    team.assign(8, kills=KILLS)
    team.check(8)


def test_four_processes_on_sqlite_lose_and_double_no_turn(tmp_path: Path) -> None:
    team = Team(f"sqlite:///{tmp_path / 'team.sqlite3'}", tmp_path)
    team.assign(4, kills=KILLS)
    team.check(4)
