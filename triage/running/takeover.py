"""Takes over what processes had in hand that died: killed, out of memory, or crashed."""

import logging

from inbox_router import lives
from inbox_router.delivery import kinds
from triage.models import Mailbox

log = logging.getLogger(__name__)


def take_over_from_the_dead() -> int:
    """Cut the leases of dead processes short; how many there were. The next run goes on where they stopped."""
    cut = 0
    for life in lives.dead():
        cut += Mailbox.cut_leases(life) + sum(kind.cut_leases(life) for kind in kinds())
        life.forget()
    if cut:
        log.error("a process died with %d leases in its hands; others take over", cut)
    return cut
