"""Selectors of style sheets, as mails use them: tags, classes, ids, attributes, :not(), one element inside another.

cssselect2 reads them. Its matcher sets no bound to its work: ".a .a .a .a .b" keeps it busy for a minute in elements
that are deep enough. So an element is held against them here, part by part, and whoever does it can count.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any, NamedTuple

import tinycss2
from cssselect2 import parser
from lxml import etree  # type: ignore[import-untyped]

LENGTH = 80  # characters of a selector; longer ones are left out
AROUND = 30  # elements around one that a selector is held against
ATTRIBUTES = 30  # of one element


class Part(NamedTuple):
    """Names that an element has and has not, and how far around it the next part may apply."""

    needed: frozenset[str]
    excluded: frozenset[str]
    around: int = 0


class Selector(NamedTuple):
    """Its specificity, and its parts: the element's own first, the outermost last."""

    weight: tuple[int, int, int]
    parts: list[Part]


def selectors(prelude: Iterable[Any]) -> Iterator[Selector]:
    """Yield those before a rule that are understood, of the tokens of tinycss2."""
    for is_comma, tokens in groupby(prelude, lambda part: part == ","):
        with suppress(ValueError, LookupError, AttributeError, RecursionError):  # AttributeError: "a|"
            text = "" if is_comma else tinycss2.serialize(list(tokens))
            if 0 < len(text) <= LENGTH:
                [selector] = parser.parse(text)
                yield Selector(selector.specificity, list(_parts(selector)))


def names(element: etree._Element) -> frozenset[str]:
    """What a selector may call an element: "*", its tag, ".class", "#id", "[attribute]" and "[attribute=value]"."""
    attributes = [(name, value[:100].lower()) for name, value in element.items()[:ATTRIBUTES]]
    classes = [f".{name}" for name in element.get("class", "")[:500].lower().split()]
    shown = [one for name, value in attributes for one in (f"[{name}]", f"[{name}={value}]")]
    return frozenset(["*", str(element.tag), *classes, f"#{element.get('id', '').lower()}", *shown])


def _parts(selector: parser.Selector) -> Iterator[Part]:
    if selector.pseudo_element:
        raise ValueError("what is before or after an element is not the element")
    tree = selector.parsed_tree
    while isinstance(tree, parser.CombinedSelector):
        yield _part(tree.right, {">": 1, " ": AROUND}[tree.combinator])
        tree = tree.left
    yield _part(tree, 0)


def _part(compound: parser.CompoundSelector, around: int) -> Part:
    negations = [one for one in compound.simple_selectors if isinstance(one, parser.NegationSelector)]
    needed = {_name(one) for one in compound.simple_selectors if one not in negations}
    excluded = {_only_name(selector.parsed_tree) for negation in negations for selector in negation.selector_list}
    return Part(frozenset(needed or {"*"}), frozenset(excluded), around)


def _only_name(compound: Any) -> str:
    match compound:
        case parser.CompoundSelector(simple_selectors=[simple]):
            return _name(simple)
    raise ValueError("not understood")


def _name(simple: Any) -> str:
    """What `names` has for it; ValueError: it has nothing like it."""
    match simple:
        case parser.LocalNameSelector(lower_local_name=name):
            return str(name)
        case parser.ClassSelector(class_name=name):
            return f".{name}"
        case parser.IDSelector(ident=name):
            return f"#{name}"
        case parser.AttributeSelector(lower_name=name, operator=None):
            return f"[{name}]"
        case parser.AttributeSelector(lower_name=name, operator="=", value=value):
            return f"[{name}={value}]"
    raise ValueError("not understood")
