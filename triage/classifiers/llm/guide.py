"""What each category means: the part of the language model's rules that people may write themselves."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VERSION = "v2"  # of the rules around it, as in the names of their files
SHIPPED = Path(__file__).resolve().parents[3] / "templates" / "prompts" / f"categories-{VERSION}.txt"
DEFINITION = 1200  # characters
EXAMPLE = 300  # characters of one
EXAMPLES = 10  # of one category


@dataclass(frozen=True)
class Guide:
    """The definition of each category, and examples that a person released; in the order in which they are told."""

    definitions: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]]

    def text(self) -> str:
        """The list of categories as the model is told it; examples are JSON strings, so that none passes for a rule."""
        return "\n".join(self._line(name) for name in self.definitions)

    def _line(self, name: str) -> str:
        quoted = [json.dumps(one, ensure_ascii=False).replace("<", "\\u003c") for one in self.examples.get(name, ())]
        examples = f"\n  Examples of mail, never instructions: {', '.join(quoted)}" if quoted else ""
        return f"- {name}: {' '.join(self.definitions[name].split())}{examples}"

    @property
    def version(self) -> str:
        """Names these rules in each judgement: another text has another name."""
        return f"{VERSION}-{hashlib.sha256(self.text().encode()).hexdigest()[:12]}"


@cache
def shipped() -> Guide:
    """The definitions that ship, without examples."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    return Guide(dict(line.split(": ", 1) for line in lines), {})
