# ruff: noqa: RUF001 (look-alike punctuation of other scripts is meant)
"""Mail that a machine wrote in answer to another mail, or about it: never answered, never assigned.

RFC 3834 and RFC 3464 name the signals; many programs send only some of them. A subject alone never decides.
Newsletters and notifications (Auto-Submitted: auto-generated) are not meant here: they may be invoices, or the
forms on one's own site.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from triage.parsing.headers import Headers, content_type
from triage.parsing.threads import message_ids
from triage.parsing.words import any_of

AUTO_REPLY = "auto-reply"
OUT_OF_OFFICE = "out-of-office"
BOUNCE = "bounce"
DELIVERY_REPORT = "delivery-report"
CALENDAR = "calendar"
READ_RECEIPT = "read-receipt"
REPORTS = (BOUNCE, DELIVERY_REPORT, READ_RECEIPT)

_TEXT_LIMIT = 2000  # characters of the text that are looked at

_DAEMON = re.compile(
    r"^(?:mailer-daemon|mail-daemon|postmaster|mailerdaemon|maildaemon|mdaemon|bounces?)(?:[+=._-][^@]*)?@"
    r"|^microsoftexchange[0-9a-f]{32}@",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(any_of("automatic", "undelivered"), re.IGNORECASE)
_DELAYED = re.compile(any_of("automatic", "delayed"), re.IGNORECASE)
_DELIVERED = re.compile(rf"^\W*{any_of('automatic', 'delivered')}\b|\(success\)", re.IGNORECASE)
_READ = re.compile(rf"^\W*{any_of('automatic', 'read')}\s*(?:\(displayed\))?\s*[:：]", re.IGNORECASE)
_ABSENT_SUBJECT = re.compile(rf"^\W*(?:\[[^\]]*\]\s*)?{any_of('automatic', 'absent_subject')}", re.IGNORECASE)
_ANSWER_SUBJECT = re.compile(rf"^\W*(?:\[[^\]]*\]\s*)?{any_of('automatic', 'answer_subject')}", re.IGNORECASE)
_ABSENT_TEXT = re.compile(any_of("automatic", "absent_text"), re.IGNORECASE)
_RECEIVED_TEXT = re.compile(any_of("automatic", "received_text"), re.IGNORECASE)
_TICKET = any_of("automatic", "ticket")
_TICKET_SUBJECT = re.compile(
    rf"^\W*[A-Z]{{2,8}}-\d+\b|[\[(#][^\])]{{0,20}}{_TICKET}?[\s:#_-]*[A-Z]{{0,6}}-?\d{{2,}}|\b{_TICKET}\b.{{0,15}}\d{{3,}}"
    rf"|{any_of('automatic', 'receipt_subject')}",
    re.IGNORECASE,
)
_DAEMON_TEXT = re.compile(any_of("automatic", "daemon_text"), re.IGNORECASE)
_REPLY_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-zendesk-autoreply",
    "x-ms-exchange-autoreply",
)
_ACTION = re.compile(r"^action\s*:\s*(failed|delayed|delivered|relayed|expanded)", re.IGNORECASE | re.MULTILINE)
_CALENDAR_METHOD = re.compile(
    r"^METHOD:(REQUEST|REPLY|CANCEL|COUNTER|DECLINECOUNTER|REFRESH)\s*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Signals:
    """What tells automatic mail: `status` is the text of a delivery status, `calendar` that of invitations.

    `attached`: the types of parts without a name, as invitations are. `relayed`: somebody else wrote it through
    this sender, as through a form.
    """

    headers: Headers
    author: str
    subject: str
    text: str
    status: str = ""
    calendar: str = ""
    attached: tuple[str, ...] = ()
    relayed: bool = False

    @property
    def report(self) -> str:
        """The report-type of a multipart/report (RFC 6522), else ""."""
        kind, params = content_type(self.headers.text("content-type"))
        return params.get("report-type", "unnamed").lower() if kind == "multipart/report" else ""

    @property
    def submitted(self) -> str:
        return self.headers.text("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()

    @property
    def has_empty_path(self) -> bool:
        return self.headers.has("return-path") and self.headers.text("return-path").strip() in {"<>", "< >", ""}

    @property
    def opening(self) -> str:
        return self.text[:_TEXT_LIMIT]


def kind_of(signals: Signals) -> str:
    """Name the kind of automatic mail, or "" for mail that a person, or a sender of news or forms, wrote."""
    return _report(signals) or _calendar(signals) or _answer(signals)


def _report(signals: Signals) -> str:
    if signals.report in {"disposition-notification", "feedback-report"}:
        return READ_RECEIPT if signals.report == "disposition-notification" else DELIVERY_REPORT
    if signals.report in {"delivery-status", "unnamed"} or signals.status:
        return _delivery(signals)
    if signals.headers.has("x-failed-recipients"):
        return BOUNCE
    machine = _DAEMON.match(signals.author) or signals.has_empty_path or signals.submitted == "auto-replied"
    if machine and (_UNDELIVERED.search(signals.subject) or _DAEMON_TEXT.search(signals.opening)):
        return DELIVERY_REPORT if _DELAYED.search(signals.subject) else BOUNCE
    if _DAEMON.match(signals.author) and (_DELAYED.search(signals.subject) or _DELIVERED.search(signals.subject)):
        return DELIVERY_REPORT
    if _READ.match(signals.subject) and (
        signals.has_empty_path or "auto" in signals.submitted or signals.headers.has("x-auto-response-suppress")
    ):
        return READ_RECEIPT
    return ""


def _delivery(signals: Signals) -> str:
    """A bounce if delivery to anybody failed; else a report that it is late or done."""
    actions = {action.lower() for action in _ACTION.findall(signals.status)}
    if actions:
        return BOUNCE if "failed" in actions else DELIVERY_REPORT
    is_fine = _DELAYED.search(signals.subject) or _DELIVERED.search(signals.subject)
    return DELIVERY_REPORT if is_fine else BOUNCE


def _calendar(signals: Signals) -> str:
    kind, params = content_type(signals.headers.text("content-type"))
    if kind == "text/calendar" and params.get("method", "request").lower() != "publish":
        return CALENDAR
    if _CALENDAR_METHOD.search(signals.calendar):
        return CALENDAR
    is_message = "calendarmessage" in signals.headers.text("content-class").lower()
    return CALENDAR if is_message or "text/calendar" in signals.attached else ""


def _answer(signals: Signals) -> str:
    """An answer by its headers alone, or by two signals of subject, text and headers."""
    subject, absent_subject = _ANSWER_SUBJECT.match(signals.subject), _ABSENT_SUBJECT.match(signals.subject)
    if _is_replied(signals):
        return OUT_OF_OFFICE if absent_subject or _ABSENT_TEXT.search(signals.opening) else AUTO_REPLY
    if signals.relayed or any(signals.headers.has(name) for name in ("list-id", "list-unsubscribe")):
        return ""
    answers = signals.headers.has("in-reply-to") or signals.headers.has("references")
    absent = subject or (absent_subject and (answers or ":" in signals.subject or _supports(signals)))
    absent = absent or (answers and signals.submitted == "auto-generated")
    if absent and _ABSENT_TEXT.search(signals.opening):
        return OUT_OF_OFFICE
    if subject and _supports(signals):
        return OUT_OF_OFFICE if absent_subject else AUTO_REPLY
    is_receipt = (subject or _is_ticket(signals)) and _RECEIVED_TEXT.search(signals.opening)
    return AUTO_REPLY if is_receipt else ""


def _is_ticket(signals: Signals) -> bool:
    return _supports(signals) and bool(_TICKET_SUBJECT.search(signals.subject))


def _is_replied(signals: Signals) -> bool:
    """Whether the headers alone say that a machine answered."""
    headers = signals.headers
    if signals.submitted in {"auto-replied", "auto-notified"}:
        return True
    if headers.text("precedence").strip().lower() in {"auto_reply", "auto-reply", "autoreply"}:
        return True
    loop = headers.has("x-ms-exchange-inbox-rules-loop") and "auto" in signals.submitted
    return (
        loop
        or any(headers.has(name) for name in _REPLY_HEADERS)
        or "autoresponder" in headers.text("x-postmessageclass").lower()
    )


def _supports(signals: Signals) -> bool:
    """Whether the headers make a machine likely, without saying that it answered."""
    headers = signals.headers
    bulk = headers.text("precedence").strip().lower() in {"bulk", "junk"}
    suppressed = headers.text("x-auto-response-suppress").strip().lower() not in {"", "none"}
    return signals.has_empty_path or signals.submitted == "auto-generated" or suppressed or bulk


def bounced_ids(enclosed: Iterable[Headers], headers: Headers, text: str) -> tuple[str, ...]:
    """The Message-IDs of the mail that a report is about: of the returned headers, else of what it refers to."""
    returned = [identity for block in enclosed for identity in message_ids(block.text("message-id"))]
    if not returned:
        lines = re.findall(r"^[ \t>]*message-id:\s*(<[^<>\s]{1,255}>)", text, re.IGNORECASE | re.MULTILINE)
        returned = lines or message_ids(headers.text("in-reply-to")) or message_ids(headers.text("references"))[-1:]
    return tuple(dict.fromkeys(returned))[:10]
