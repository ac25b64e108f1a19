"""Mail as it would look without its list: so that a letter is not taken for spam because it has no list headers."""

import re
from collections.abc import Sequence
from dataclasses import replace

from triage.classifiers.local.dataset import LabelledMail

LIST_HEADERS = ("list-", "mailing-list", "precedence", "sender", "feedback-id")
TAG = re.compile(r"\[[^\]]{1,30}\]\s*")
FOOTER = re.compile(r"\n(?:_{5,}|-{10,}|={10,})\s*\n.*\Z", re.DOTALL)


def without_list(labelled: LabelledMail) -> LabelledMail:
    """The same mail sent by hand to one person: no list headers, no tag in the subject, no footer of a list."""
    mail = labelled.mail
    headers = {name: value for name, value in mail.headers.items() if not name.startswith(LIST_HEADERS)}
    text = FOOTER.sub("", mail.text) if labelled.label == "uncertain" else mail.text
    bare = replace(mail, subject=TAG.sub("", mail.subject), headers=headers, text=text, new_text=text)
    return replace(labelled, mail=bare, acceptable=frozenset((labelled.label,)))


def with_copies(mails: Sequence[LabelledMail]) -> list[LabelledMail]:
    """The mails and, of those that came through a list, a copy as if they had not."""
    listed = [one for one in mails if {"list-id", "list-unsubscribe"} & one.mail.headers.keys()]
    return [*mails, *map(without_list, listed)]
