"""Servers as they are: the same ten mails end in the same state as on a full server, or in a clear problem."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import F

from inbox_router.delivery import work_off
from tests import mails
from tests.servers import gmail
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.masking import DROP, MaskingProxy, Objection
from tests.stories.maildir import Letter, Maildir
from triage import services
from triage.classifiers import Judgement, MailText
from triage.mailbox import MailboxError
from triage.models import Draft, Mailbox, MailboxDelivery
from triage.parsing.reader import Reader
from triage.pipeline import run_mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
TEAM = Path(__file__).parents[1] / "templates" / "demo" / "team.toml"
USUAL = {"Drafts": "Drafts", "Sent": "Sent", "Trash": "Trash", "Archive": "Archive"}
GERMAN = {"Entwürfe": "Drafts", "Gesendete Objekte": "Sent", "Papierkorb": "Trash", "Archiv": "Archive"}
FOLDERS = {"dovecot": USUAL, "german_dovecot": GERMAN, "gmail_dovecot": gmail.FOLDERS}
LABELS = ("Review", "Accounting")
ROUNDS = 30  # what is due an hour later comes at once


class Judge:
    """Finds its verdict in the subject."""

    judge, batch = "local", 50

    def classify(self, texts: Sequence[MailText]) -> list[Judgement]:
        return [Judgement(may_trash=True, **mails.verdict_on(text.subject)) for text in texts]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Poor:
    """How a server is poor. `problem`: what must be told of it where the end state cannot be the same."""

    mask: dict[str, Any] = field(default_factory=dict)
    objects: Callable[[], Objection] = lambda: lambda name: b""
    loses: Callable[[], Objection] = lambda: lambda name: b""
    server: str = "dovecot"
    problem: str = ""


@dataclass(frozen=True)
class Scene:
    """What is in the mailbox in the end, and what is told: `things` must be as many, whatever happens."""

    things: Counter[tuple[str, str]]
    places: Counter[tuple[str, str, str]]
    labels: frozenset[tuple[str, str]]
    problems: tuple[str, ...]
    sent: tuple[tuple[str, ...], ...]


def always(words: bytes, *, of: tuple[str, ...]) -> Callable[[], Objection]:
    """Object to each request of those names."""
    return lambda: lambda name: words if name.startswith(of) else b""


def often(part: float, words: bytes, *, of: tuple[str, ...] = ("",)) -> Callable[[], Objection]:
    """Object to that part of the requests of those names, the same ones each time."""

    def begin() -> Objection:
        dice = random.Random(1)
        return lambda name: words if name.startswith(of) and dice.random() < part else b""

    return begin


def first(number: int, words: bytes, *, of: tuple[str, ...]) -> Callable[[], Objection]:
    """Object to the first requests of those names."""

    def begin() -> Objection:
        left = number

        def objection(name: str) -> bytes:
            nonlocal left
            left -= name.startswith(of)
            return words if name.startswith(of) and left >= 0 else b""

        return objection

    return begin


MOVING = ("UID MOVE", "UID COPY", "UID EXPUNGE", "UID STORE", "APPEND")
THROTTLED = b"NO [UNAVAILABLE] Request is throttled. Suggested Backoff Time: 2000 milliseconds"
FULL = b"NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"
SERVERS = {
    "a full server": Poor(),
    "no MOVE": Poor({"lacks": ("MOVE",)}),
    "no UIDPLUS": Poor({"lacks": ("UIDPLUS",)}),
    "no MULTIAPPEND": Poor({"lacks": ("MULTIAPPEND",)}),
    "neither MOVE nor UIDPLUS": Poor({"lacks": ("MOVE", "UIDPLUS")}, problem="offers neither MOVE nor UIDPLUS"),
    "no keywords": Poor({"keeps_keywords": False}),
    "no keywords and no UIDPLUS": Poor({"keeps_keywords": False, "lacks": ("UIDPLUS",)}),
    "no SPECIAL-USE": Poor({"lacks": ("SPECIAL-USE",)}),
    "German folders": Poor({"lacks": ("SPECIAL-USE",)}, server="german_dovecot"),
    "Gmail": Poor(server="gmail_dovecot"),
    "Gmail, and lost answers to changes": Poor(server="gmail_dovecot", loses=often(1 / 3, DROP, of=MOVING)),
    "a read-only folder": Poor(
        {"read_only": True}, problem="is not writable. Give this user the right to change the folder"
    ),
    "a full mailbox": Poor(objects=always(FULL, of=("UID MOVE", "UID COPY", "APPEND")), problem="OVERQUOTA"),
    "a mailbox that was full for a while": Poor(objects=first(4, FULL, of=("UID MOVE", "UID COPY", "APPEND"))),
    "a connection limit": Poor(objects=first(3, b"NO [LIMIT] Maximum number of connections exceeded", of=("LOGIN",))),
    "a busy Exchange": Poor(
        objects=first(3, b"BAD User is authenticated but not connected.", of=("EXAMINE", "SELECT"))
    ),
    "an unavailable Exchange": Poor(objects=often(1 / 20, b"NO Server Unavailable. 15")),
    "throttling": Poor(objects=often(1 / 20, THROTTLED)),
    "throttled changes": Poor(objects=often(1 / 2, THROTTLED, of=MOVING)),
    "connections that break before a request": Poor(objects=often(1 / 20, DROP)),
    "connections that break after a request": Poor(loses=often(1 / 20, DROP)),
    "lost answers to changes": Poor(loses=often(1 / 3, DROP, of=MOVING)),
    "lost answers to changes without MOVE": Poor({"lacks": ("MOVE",)}, loses=often(1 / 3, DROP, of=MOVING)),
    "lost answers to changes without UIDPLUS": Poor({"lacks": ("UIDPLUS",)}, loses=often(1 / 3, DROP, of=MOVING)),
    "lost answers to changes without keywords": Poor({"keeps_keywords": False}, loses=often(1 / 3, DROP, of=MOVING)),
}


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(users=[f"user{number}@acme.example" for number in range(100)]) as server:
        yield server


@pytest.fixture(scope="module")
def german_dovecot() -> Iterator[Dovecot]:
    with Dovecot(users=["g@acme.example"], special=dict.fromkeys(GERMAN, "")) as server:
        yield server


@pytest.fixture(scope="module")
def gmail_dovecot() -> Iterator[Dovecot]:
    with gmail.dovecot([f"user{number}@acme.example" for number in range(9)]) as server:
        yield server


@pytest.fixture
def play(settings: Any, mailoutbox: list, reader: Reader, request: pytest.FixtureRequest) -> Callable[[Poor], Scene]:
    """Play the scenario on a server, and tell how it ends."""
    settings.TRASH_DELAY = 0
    call_command("load_team", str(TEAM))
    services.seed_company_rules()

    def scene(poor: Poor) -> Scene:
        server: Dovecot = request.getfixturevalue(poor.server)
        user = server.users[next(numbers) % len(server.users)]
        folders = FOLDERS[poor.server]
        arrive(server, user, next(path for path, role in folders.items() if role == "Sent"))
        proxy_class = gmail.GmailProxy if poor.server == "gmail_dovecot" else MaskingProxy
        with proxy_class(server.port, objects=poor.objects(), loses=poor.loses(), **poor.mask) as proxy:
            settings.MAILBOXES = {"inbox": replace(server.account(user=user), port=proxy.port)}
            rounds = 6 if poor.problem else ROUNDS
            problems = run_until_quiet(rounds, reader)
            people_decide()
            problems += run_until_quiet(rounds, reader)
        on_disk = {in_utf7(path).replace("/", "."): role for path, role in folders.items()}
        return told(Maildir(server.maildir(user)).letters(), on_disk, problems, mailoutbox)

    return scene


numbers = iter(range(100))


def arrive(server: Dovecot, user: str, sent: str) -> None:
    with ImapPeer(server.account(user=user)) as person:
        person.deliver(mails.sent_by_salesperson(9, "Ana Horakova <ana.horakova@acme.example>"), sent)
        for mail in mails.mixed(10):
            person.deliver(mail.raw)


def run_until_quiet(rounds: int, reader: Reader) -> list[str]:
    """Run as the schedule does, with the waiting cut short; what was told of trouble with the mailbox."""
    troubles, whole = [], 0
    for _ in range(rounds):
        try:
            run_mailbox(services.active_mailboxes()[0], Judge(), reader)
            whole += 1
        except MailboxError as error:
            troubles.append(str(error))
        work_off(MailboxDelivery)
        MailboxDelivery.objects.update(due_at=F("due_at") - timedelta(hours=2))
        Mailbox.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - timedelta(hours=2))
        if whole > 1 and not MailboxDelivery.objects.filter(state="owed").exists():
            break
    return troubles


def people_decide() -> None:
    """One reply is approved, another one rejected."""
    user = User.objects.create_user("anton")
    for subject, decide in (("lead number", services.approve_draft), ("lead-de", services.reject_draft)):
        decide(Draft.objects.get(message__subject__startswith=subject), user)


def told(letters: Sequence[Letter], folder: Mapping[str, str], problems: Sequence[str], outbox: Sequence[Any]) -> Scene:
    placed = [(folder.get(letter.folder, letter.folder), what(letter), about(letter)) for letter in letters]
    labels = {(place, mail) for place, _, mail in placed if place in LABELS}
    labels |= {(word.removeprefix(gmail.MARK), about(letter)) for letter in letters for word in letter.keywords}
    mail = [place for place in placed if place[0] not in LABELS]
    failed = MailboxDelivery.objects.exclude(state__in=("done", "cancelled"))
    told = [f"{row.deed} {row.state}: {row.error or row.evidence}" for row in failed]
    last = Mailbox.objects.values_list("last_error", flat=True)
    return Scene(
        Counter((kind, mail_id) for _, kind, mail_id in mail),
        Counter(mail),
        frozenset(labels),
        (*told, *problems, *filter(None, last)),
        tuple(sorted(tuple(one.to) for one in outbox)),
    )


def what(letter: Letter) -> str:
    if letter.message_id.startswith("<reply-"):
        return "reply"
    return "draft" if letter.token else "mail"


def about(letter: Letter) -> str:
    return letter.message_id if what(letter) == "mail" else letter.answers


def in_utf7(folder: str) -> str:
    return folder.replace("ü", "&APw-")


def lead(number: int, kind: str) -> str:
    return f"<{kind}.{number}@customer{number}.example>"


EXPECTED = Counter(
    [
        *[("Archive", "mail", lead(number, kind)) for number, kind in enumerate(mails.KINDS[:3])],
        ("Archive", "mail", lead(9, "thread")),
        ("Trash", "mail", lead(3, "spam")),
        ("Trash", "mail", lead(4, "newsletter")),
        *[("INBOX", "mail", lead(n, mails.KINDS[n])) for n in (5, 6, 7, 8)],
        ("Sent", "mail", "<sent.9@acme.example>"),
        ("Sent", "reply", lead(0, "lead")),
        ("Trash", "draft", lead(0, "lead")),
        ("Trash", "draft", lead(1, "lead-de")),
        ("Drafts", "draft", lead(2, "rfq")),
    ]
)
EXPECTED_LABELS = frozenset(
    {("Accounting", lead(5, "accounting")), ("Review", lead(6, "uncertain")), ("Review", lead(8, "auto-reply"))}
)


@pytest.mark.parametrize("name", SERVERS)
def test_on_a_poor_server_it_ends_the_same_or_with_a_clear_problem(name: str, play: Callable[[Poor], Scene]) -> None:
    poor = SERVERS[name]
    scene = play(poor)
    mail = Counter({thing: count for thing, count in scene.things.items() if thing[0] == "mail"})
    assert mail == Counter((kind, mail_id) for _, kind, mail_id in EXPECTED.elements() if kind == "mail"), (
        "lost or doubled"
    )
    assert max(scene.things.values()) == 1, "nothing is there twice"
    assert max(Counter(scene.sent).values(), default=0) <= 1, "nobody got a reply twice"
    if poor.problem:
        assert any(poor.problem in problem for problem in scene.problems), scene.problems
    else:
        assert scene.places == EXPECTED, scene.problems
        assert scene.labels == EXPECTED_LABELS
