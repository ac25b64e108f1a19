"""Random stories of a shared mailbox: whatever happens, nothing is lost, nothing is done twice, people win.

STORIES sets how many are told. They are the same each time, so that what fails here fails elsewhere and again, and a
change is judged by the same stories as the one before; STORY_SEED tells others.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stories.mailroom import Mailroom
from tests.stories.office import Office
from triage import services
from triage.parsing.reader import Reader

TEAM = Path(__file__).parents[2] / "templates" / "demo" / "team.toml"
STORIES = int(os.environ.get("STORIES", "20"))
SEED = int(os.environ.get("STORY_SEED", "1"))
STEPS = 30
SHARDS = 4


@pytest.fixture(scope="module")
def room(reader: Reader) -> Iterator[Mailroom]:
    with Mailroom(reader) as found:
        yield found


@pytest.mark.dovecot
@pytest.mark.django_db
@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_happens_nothing_is_lost_or_doubled_and_people_win(shard: int, room: Mailroom) -> None:
    call_command("load_team", str(TEAM))
    services.seed_company_rules()
    User.objects.create_user("rita")

    @seed(SEED * 1000 + shard)
    class Story(Office):
        pass

    Story.room = room
    told = settings(
        max_examples=max(1, STORIES // SHARDS),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if os.environ.get("SHRINK") else [Phase.generate],
        print_blob=False,
    )
    sys.stdout.write(f"{told.max_examples} stories of {STEPS} steps, STORY_SEED={SEED}, shard {shard}\n")
    try:
        run_state_machine_as_test(Story, settings=told)
    finally:
        sys.stdout.write(f"{dict(sorted(room.tally.items()))}\n")
