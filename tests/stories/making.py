"""Mails that are odd, changed ones, and what a mail program makes of our drafts."""

import re
from collections.abc import Callable, Mapping

from tests.mails import Mail


def without_id(mail: Mail) -> bytes:
    return re.sub(rb"(?m)^Message-ID:.*\n", b"", mail.raw)


def empty(mail: Mail) -> bytes:
    return b"\r\n\r\n"


def broken(mail: Mail) -> bytes:
    head = f"From: (((({'<' * 50}\nSubject: lead number {mail.number}\nMessage-ID: <a b(c\nTo: x:;\n\n"
    return head.encode() + b"\xff\xfe"


def bad_charset(mail: Mail) -> bytes:
    return mail.raw.replace(b'charset="utf-8"', b'charset="no-such-set"').replace(b"Regards", b"Gr\xfc\xdfe")


def unsearchable(mail: Mail) -> bytes:
    return re.sub(rb"(?m)^Message-ID:.*$", f'Message-ID: <"odd {mail.number}"@x.example>'.encode(), mail.raw)


def customers_form(mail: Mail) -> bytes:
    """A contact form on our own site: from us, with the customer's Reply-To."""
    return re.sub(rb"(?m)^From:.*$", b"From: web@acme.example\nReply-To: karl@kunde.example", mail.raw)


ODD: Mapping[str, Callable[[Mail], bytes]] = {
    one.__name__: one for one in (without_id, empty, broken, bad_charset, unsearchable, customers_form)
}


def other(raw: bytes, number: int) -> bytes:
    """Other bytes under the same Message-ID."""
    return raw + f"\r\nPS {number}\r\n".encode()


def edited(raw: bytes, number: int, *, keeps_id: bool) -> bytes:
    """What a mail program saves or sends after a person wrote on."""
    changed = raw + f"\r\nBy hand, {number}\r\n".encode()
    own = f"Message-ID: <hand.{number}@acme.example>\r".encode()
    return changed if keeps_id else re.sub(rb"(?m)^Message-ID:.*$", own, changed)
