"""Labelled mail in JSON lines, plain or gzipped: the format that training, evaluation and export share."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from triage.classifiers import MailText

TRASH = frozenset(("spam", "newsletter"))


class DatasetError(ValueError):
    """A file is not labelled mail; the text says which line and why."""


@dataclass(frozen=True)
class LabelledMail:
    """A mail and what people say it is; `acceptable` are the categories that do no harm."""

    mail: MailText
    label: str
    acceptable: frozenset[str]
    language: str
    source: str
    group: str

    @property
    def synthetic(self) -> bool:
        """Whether it was made from a template."""
        return self.group.startswith(("starter:", "tpl:"))

    @property
    def may_be_trashed(self) -> bool:
        return bool(self.acceptable & TRASH)


def read_jsonl(path: Path) -> Iterator[LabelledMail]:
    """Each mail of a .jsonl or .jsonl.gz file; raises DatasetError for a file that is something else."""
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield _mail(json.loads(line))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path.name}, line {number}: not a labelled mail ({error}).") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name} cannot be read: {error}.") from None


def _mail(row: dict[str, Any]) -> LabelledMail:
    headers = {name.lower(): str(value) for name, value in row["headers"].items()}
    name, address = parseaddr(headers.get("from", ""))
    body = row["body_text"]
    mail = MailText(
        subject=headers.pop("subject", ""),
        sender_name=name,
        sender_address=address if "@" in address else "",
        text=body,
        new_text=body,
        headers=headers,
        attachments=tuple(str(name) for name in row.get("attachments") or ()),
    )
    return LabelledMail(
        mail=mail,
        label=row["label"],
        acceptable=frozenset(row.get("acceptable") or ()) | {row["label"]},
        language=row.get("language", "und"),
        source=row.get("source", "unknown"),
        group=str(row.get("group") or row.get("id") or ""),
    )
