"""Which processes are still alive, so that what a dead one had in hand need not wait until its lease runs out.

A process that takes a lease keeps a file in DATA_DIR locked. The kernel takes that lock off when the process dies,
however it dies, and not before: one that is only stopped (SIGSTOP) keeps it, and its lease runs out as ever. The
first half of a lease's token names the file. A holder on another machine has none here, and nothing is known of it.
"""

import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

log = logging.getLogger(__name__)

# The scheduler ends any task before: no lease runs out in the hands of a worker that is only slow.
LEASE = timedelta(seconds=settings.Q_CLUSTER["timeout"] + 60)
HALF = 16  # hexadecimal digits of a token that name the process


@dataclass(frozen=True)
class Life:
    """One process; `file` is its locked file as long as it is ours."""

    path: Path
    file: BinaryIO | None = None

    @property
    def tokens(self) -> tuple[uuid.UUID, uuid.UUID]:
        """The first and the last token that this process can have given out."""
        return uuid.UUID(self.path.name + HALF * "0"), uuid.UUID(self.path.name + HALF * "f")

    def forget(self) -> None:
        """To be called when nothing is in its hands any more."""
        self.path.unlink(missing_ok=True)


_ours: Life | None = None
_beginning = threading.Lock()


def token() -> uuid.UUID:
    """A new name for a lease, by which others can tell when this process has died."""
    global _ours
    try:
        with _beginning:
            _ours = _ours or _begin()
    except OSError as error:
        log.warning("no file can be made in DATA_DIR (%s): should this process die, its leases run out", error.strerror)
        return uuid.uuid4()
    return uuid.UUID(_ours.path.name + uuid.uuid4().hex[HALF:])


def dead() -> Iterator[Life]:
    """The processes of this DATA_DIR that have died and were not forgotten yet."""
    for path in _folder().glob(HALF * "[0-9a-f]"):
        with suppress(OSError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Life(path)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "alive"


def _begin() -> Life:
    folder, name = _folder(), uuid.uuid4().hex[:HALF]
    folder.mkdir(exist_ok=True)
    unlocked = folder / f"{name}.new"  # under its own name it is locked from the start
    file = unlocked.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    return Life(unlocked.rename(folder / name), file)


def _is_another_process() -> None:
    """After a fork: the file that was inherited is the parent's life, not ours."""
    global _ours, _beginning
    if _ours and _ours.file:
        _ours.file.close()
    _ours, _beginning = None, threading.Lock()


os.register_at_fork(after_in_child=_is_another_process)
