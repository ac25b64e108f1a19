"""A private Dovecot, and an independent second mail client to look at it with."""

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from inbox_router.environment import MailboxAccount
from tests.servers.recorder import PERSON, Record

CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = {storage}
mail_max_userip_connections = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  {mailboxes}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
protocol imap {{
  mail_max_userip_connections = 0
}}
"""
RECORDED = """
protocol imap {{
  rawlog_dir = {home}/record
}}
"""
ALL_RIGHTS = "lrwstipekxa"
WITH_RIGHTS = """
mail_plugins = acl
plugin {{
  acl = vfile:{home}/acl
}}
"""
REUSED = """
service imap-login {
  service_count = 0
  process_min_avail = 1
}
service imap {
  service_count = 1000
  process_limit = 20
}
"""
SPECIAL = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash", "Archive": "\\Archive", "Junk": "\\Junk"}
PASSWORD = "pässword/with@signs"
recorded: Counter[str] = Counter()  # what the program asked all of them for, by verb


def dovecot_binary() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A port for a server that binds it later, out of those that no outgoing connection is given meanwhile."""
    while True:
        port = SystemRandom().randrange(10_000, 32_768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Dovecot:
    """Dovecot on a free port of 127.0.0.1, as root or not. Any user of `users` signs in with PASSWORD.

    `fsync`: as in production, for benchmarks. `capability`: what it says it can, to play a poorer server.
    `special`: the folders that exist from the start, with their SPECIAL-USE attribute or "".
    `rights`: what the user may do (RFC 4314). `certificate`: PEM files of one and its key, for STARTTLS.
    `reused`: its processes serve one connection after the other, so that signing in costs a quarter.

    `lossy`: the line to it loses commands and answers; the record of them is read with that in mind.

    `more`: further lines of its configuration, and `files` that they need, by their path below `home`.

    At its end it fails if the program asked it for what it must never ask; benchmarks are not watched.
    """

    def __init__(
        self,
        users: Sequence[str] = ("sales@acme.example",),
        *,
        fsync: bool = False,
        capability: str = "",
        special: dict[str, str] = SPECIAL,
        rights: str = ALL_RIGHTS,
        certificate: tuple[Path, Path] | None = None,
        reused: bool = False,
        lossy: bool = False,
        more: str = "",
        files: dict[str, str] = {},  # noqa: B006 (never changed)
    ) -> None:
        self.users = users
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))  # short: socket names are limited to 108 bytes
        self._user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self._group = grp.getgrgid(pwd.getpwnam(self._user).pw_gid).gr_name
        self._processes: list[subprocess.Popen] = []
        self._end = weakref.finalize(self, end, self._processes, self.home)  # also if nobody gets to __exit__
        self._options = (fsync, capability, special, rights)
        self._reused = reused
        self._lossy = lossy
        self._more, self._files = more, files
        self._certificate = certificate
        self._dropped = 0

    def account(self, name: str = "inbox", user: str = "", folder: str = "INBOX") -> MailboxAccount:
        return MailboxAccount(name, "127.0.0.1", self.port, user or self.users[0], PASSWORD, folder, "plain")

    def url(self, user: str = "") -> str:
        return f"imap://{quote(user or self.users[0], safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/INBOX"

    def maildir(self, user: str = "") -> Path:
        """Where the mails of a user lie, one file each, for a look that needs no IMAP."""
        return self.home / "mail" / (user or self.users[0]) / "Maildir"

    def drop(self, raw: bytes, user: str = "", *, read: bool = False, days: float = 0) -> None:
        """Put a mail into the inbox as a mail server does that asks no questions: `days` ago, perhaps read since."""
        self._dropped += 1
        name = f"{time.time():.6f}.{self._dropped}.dropped"
        path = self.maildir(user) / (f"cur/{name}:2,S" if read else f"new/{name}")
        path.write_bytes(raw)
        owner, received = path.parent.stat(), time.time() - days * 86_400
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (received, received))

    def log(self) -> str:
        log = self.home / "dovecot.log"
        return log.read_text(errors="replace") if log.exists() else "no log"

    def __enter__(self) -> Self:
        self._configure()
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again after a stop with all that lies in it."""
        become: dict[str, Any] = {"user": self._user, "group": self._group, "extra_groups": []}
        binary = dovecot_binary()
        assert binary, "Dovecot is not installed: apt-get install dovecot-imapd"
        command = [binary, "-F", "-c", str(self.home / "dovecot.conf")]
        process = subprocess.Popen(command, start_new_session=True, **(become if os.getuid() == 0 else {}))
        self._processes.append(process)
        try:
            self._wait()
        except RuntimeError:
            self.__exit__(None, None, None)
            raise

    def stop(self) -> None:
        """Kill it as a power cut does."""
        kill(self._processes)

    def set_password(self, password: str = PASSWORD) -> None:
        """Change the password of all users, from the next sign-in on."""
        (self.home / "users").write_text("".join(f"{name}:{password}\n" for name in self.users))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        record = Record.of(self.home / "record", lossy=self._lossy)
        self._end()
        recorded.update(record.commands)
        recorded["sessions"] += record.sessions
        assert not record.forbidden, f"the program must not send: {', '.join(record.forbidden)}"

    def _configure(self) -> None:
        fsync, capability, special, rights = self._options
        mailboxes = "".join(
            f'mailbox "{name}" {{\n auto = create\n{f" special_use = {use}" if use else ""}\n}}\n'
            for name, use in special.items()
        )
        text = CONFIG.format(
            home=self.home, user=self._user, group=self._group, port=self.port, mailboxes=mailboxes,
            storage="maildir:~/Maildir", ssl="yes" if self._certificate else "no",
        )  # fmt: skip
        text += (REUSED if self._reused else "") + self._more.format(home=self.home)
        text += "" if fsync else RECORDED.format(home=self.home)
        text += "" if fsync else "mail_fsync = never\n"
        text += f"imap_capability = {capability}\n" if capability else ""
        text += "" if rights == ALL_RIGHTS else WITH_RIGHTS.format(home=self.home)
        for name, source in zip(("ssl_cert", "ssl_key"), self._certificate or (), strict=False):
            shutil.copy(source, self.home / name)
            text += f"{name} = <{self.home / name}\n"
        (self.home / "acl").write_text(f"* owner {rights}\n")
        (self.home / "dovecot.conf").write_text(text)
        self.set_password()
        for folder in ("run", "mail", "record"):
            (self.home / folder).mkdir()
        for path, content in self._files.items():
            (self.home / path).parent.mkdir(parents=True)
            (self.home / path).write_text(content)
        if os.getuid() == 0:
            for path in (self.home, *self.home.rglob("*")):
                shutil.chown(path, self._user, self._group)

    def _wait(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as peer:
                if peer.recv(4) == b"* OK":
                    return
            time.sleep(0.01)
        raise RuntimeError(f"Dovecot did not start: {self.log()}")


def kill(processes: list[subprocess.Popen]) -> None:
    while processes:
        process = processes.pop()
        os.killpg(process.pid, signal.SIGKILL)  # SIGTERM takes Dovecot a second
        process.wait()


def end(processes: list[subprocess.Popen], home: Path) -> None:
    """Stop what was started, and take its folder away."""
    kill(processes)
    shutil.rmtree(home, ignore_errors=True)


class ImapPeer:
    """The human at another mail client, on the standard library: none of our code and none of imapclient."""

    introduces_itself = True  # so that the record of a server tells a person's acts from the program's

    def __init__(self, account: MailboxAccount) -> None:
        self.user = account.user
        self.client = imaplib.IMAP4(account.host, account.port, timeout=20)
        self.client._encoding = "utf-8"  # type: ignore[attr-defined]  # for a password beyond ASCII
        self._ok(self.client.login(account.user, account.password))
        if self.introduces_itself:
            self._ok(self.client.xatom("ID", PERSON))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self.client.logout()

    @staticmethod
    def _ok(answer: tuple[str, list]) -> list:
        assert answer[0] == "OK", answer
        return answer[1]

    def deliver(self, mail: bytes, folder: str = "INBOX", flags: str = "") -> int:
        """Put a mail into a folder; its UID."""
        self._ok(self.client.append(f'"{folder}"', flags, "", mail))
        return self.uids(folder)[-1]

    def uids(self, folder: str = "INBOX", *criteria: str) -> list[int]:
        self._ok(self.client.select(f'"{folder}"', readonly=True))
        found = self._ok(self.client.uid("SEARCH", *(criteria or ("ALL",))))[0]
        return [int(uid) for uid in (found or b"").split()]

    def raw(self, uid: int, folder: str = "INBOX") -> bytes:
        self._ok(self.client.select(f'"{folder}"', readonly=True))
        raw: bytes = self._ok(self.client.uid("FETCH", str(uid), "(BODY.PEEK[])"))[0][1]
        return raw

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        return [self.raw(uid, folder) for uid in self.uids(folder)]

    def flags(self, uid: int, folder: str = "INBOX") -> set[str]:
        self._ok(self.client.select(f'"{folder}"', readonly=True))
        answer = self._ok(self.client.uid("FETCH", str(uid), "(FLAGS)"))[0]
        return {flag.decode() for flag in imaplib.ParseFlags(answer)} - {"\\Recent"}

    def flag(self, uid: int, *flags: str, folder: str = "INBOX") -> None:
        """Set flags, as a person does by reading or starring a mail."""
        self._ok(self.client.select(f'"{folder}"'))
        self._ok(self.client.uid("STORE", str(uid), "+FLAGS", f"({' '.join(flags)})"))

    def unflag(self, uid: int, *flags: str, folder: str = "INBOX") -> None:
        """Take flags and labels off."""
        self._ok(self.client.select(f'"{folder}"'))
        self._ok(self.client.uid("STORE", str(uid), "-FLAGS", f"({' '.join(flags)})"))

    def remove(self, uid: int, folder: str = "INBOX") -> None:
        """Delete a mail for good."""
        self.flag(uid, "\\Deleted", folder=folder)
        self._ok(self.client.uid("EXPUNGE", str(uid)))

    def move(self, uid: int, target: str, folder: str = "INBOX") -> None:
        self._ok(self.client.select(f'"{folder}"'))
        self._ok(self.client.uid("COPY", str(uid), f'"{target}"'))
        self.remove(uid, folder)

    def folders(self) -> Iterator[str]:
        for line in self._ok(self.client.list()):
            yield line.decode().rsplit(' "/" ', 1)[1].strip('"')
