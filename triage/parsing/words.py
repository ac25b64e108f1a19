"""The word lists of `words.toml`, as parts of regular expressions."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """One table of the file."""
    content: dict[str, Any] = tomllib.loads(_FILE.read_text("utf-8"))[name]
    return content


def any_of(name: str, *keys: str) -> str:
    """A group that matches any of the words in these lists of table `name`."""
    return "(?:" + "|".join(word for key in keys for word in table(name)[key]) + ")"


_FILE = Path(__file__).with_name("words.toml")
