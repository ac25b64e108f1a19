"""How a piece of HTML looks: whether a person would see it, by its style and the mail's own style sheets."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import tinycss2
from lxml import etree  # type: ignore[import-untyped]
from tinycss2.color4 import Color, parse_color

from triage.parsing.selectors import Part, names, selectors

LIMIT_OF_STYLES = 50_000  # characters of style sheets
RULES = 300  # rules that are kept of them
WORK = 100_000  # comparisons of elements with rules in one mail; it is read to its end without the rest of the rules
STYLE = 2000  # characters of one style
TOKENS = 20  # of one value

Tokens = list[Any]  # of a value, without blanks and comments
Style = dict[str, Tokens]  # by property
Names = Callable[[etree._Element], frozenset[str]]
Rule = tuple[tuple[int, ...], list[Part], Style]  # the first: of two rules the greater one counts

WHITE, BLACK = Color("srgb", (1, 1, 1), 1), Color("srgb", (0, 0, 0), 1)
UNSEEN = 24 / 255  # two colours with no greater difference in red, green or blue look the same
OUTSIDE = -400.0  # px; whatever is placed so far to the left or above is not on the page
FAINT, SMALL = 0.1, 2.0  # opacity, or in proportion; px or pt of a letter
BOLD = 100  # from here on, a number in "font" is a weight

_NUMBERS = {"number", "percentage", "dimension"}
_WORDS = {("display", "none"), ("visibility", "hidden"), ("visibility", "collapse"), ("mso-hide", "all")}
_CUTS = {("clip", "rect", 0), ("clip-path", "inset", 100), ("clip-path", "circle", 0), ("transform", "scale", 0)}
_PLACES = ("left", "top", "text-indent", "margin-left", "margin-top")
_BACKGROUNDS = ("background", "background-color", "background-image")
_SIZES = ("height", "max-height", "width", "max-width")
_OTHERS = ("opacity", "overflow", "font", "font-size", "color")
_LOOKED_AT = {*(name for name, *_ in _WORDS | _CUTS), *_PLACES, *_BACKGROUNDS, *_SIZES, *_OTHERS}


@dataclass(frozen=True)
class Look:
    """What applies to the text of an element: too small letters, their colour and the one behind; None: not known."""

    tiny: bool = False
    ink: Color | None = BLACK
    paper: Color | None = WHITE

    @property
    def is_seen(self) -> bool:
        """Whether letters can be told from what is behind them."""
        if self.tiny:
            return False
        if self.ink is None or self.paper is None:
            return True
        both = zip(self.ink.coordinates, self.paper.coordinates, strict=True)
        return bool(max(abs(one - other) for one, other in both) > UNSEEN)

    def within(self, element: etree._Element, style: Style) -> "Look":
        """That of an element inside."""
        tiny, ink, paper = self.tiny, self.ink, self.paper
        if sizes := [token for token in style.get("font-size") or style.get("font", []) if _is_size(token)]:
            tiny = sizes[0].value < {"em": FAINT, "rem": FAINT, "%": 100 * FAINT}.get(_unit(sizes[0]), SMALL)
        if told := style.get("color"):
            ink = _colour(told[0])
        elif told := element.get("color"):
            ink = _colour(told)
        elif element.tag == "a":
            ink = None  # a link has a colour of its own
        for name in _BACKGROUNDS:
            paper = _paper(style.get(name, []), paper)
        if (told := element.get("bgcolor")) and "background-color" not in style:
            paper = _colour(told)
        return Look(tiny, ink, None if element.get("background") else paper)


@dataclass
class Sheets:
    """The style sheets of one mail: their rules, by a name in the last part of the selector."""

    rules: defaultdict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    work: int = WORK
    names: Names = field(default_factory=lambda: lru_cache(maxsize=100)(names))  # elements have the same ones around

    @classmethod
    def of(cls, root: etree._Element) -> "Sheets":
        """Read those in a document; not what is inside @media, which is for some screens only."""
        text = " ".join((style.text or "")[:LIMIT_OF_STYLES] for style in root.iter("style"))[:LIMIT_OF_STYLES]
        read = tinycss2.parse_stylesheet(text.lower(), skip_comments=True, skip_whitespace=True)
        styles = ((rule.prelude, _style(rule.content)) for rule in read if rule.type == "qualified-rule")
        rules = ((selector, style) for prelude, style in styles if style for selector in selectors(prelude))
        found = cls()
        for number, (selector, style) in enumerate(islice(rules, RULES)):
            found.rules[min(selector.parts[0].needed)].append(((*selector.weight, number), selector.parts, style))
        return found

    def style(self, element: etree._Element) -> Style:
        """What the sheets and its own attribute say of an element."""
        told: dict[str, Tokens] = {}
        own = self.names(element) if self.rules and self.work > 0 else frozenset()
        rules = [rule for name in own & self.rules.keys() for rule in self.rules[name]]
        for _, _, style in sorted(rule for rule in rules if self._matches(element, own, rule[1])):
            told |= style
        return told | declared(element.get("style", "")[:STYLE])

    def _matches(self, element: etree._Element, own: frozenset[str], parts: list[Part]) -> bool:
        """Whether a selector means an element: its first part the element, the others elements around it, in order."""
        self.work -= 1
        (needed, excluded, around), *outer = parts
        if self.work < 0 or not needed <= own or excluded & own:
            return False
        parents = islice(element.iterancestors(), around)
        return not outer or any(self._matches(parent, self.names(parent), outer) for parent in parents)


def hides(style: Style) -> bool:
    """Whether a style hides all that is in its element. No height alone does not: what overflows is seen."""
    if any(_word(style, name) == word for name, word in _WORDS):
        return True
    if "color" in style and (colour := _colour(style["color"][0])) and colour.alpha < FAINT:
        return True
    if (opacity := _number(style.get("opacity"))) and opacity.value < FAINT * (100 if _unit(opacity) == "%" else 1):
        return True
    sizes = filter(None, (_number(style.get(name)) for name in _SIZES))
    if _word(style, "overflow") == "hidden" and any(_is_nothing(size) for size in sizes):
        return True
    places = filter(None, (_number(style.get(name)) for name in _PLACES))
    return any(place.value < OUTSIDE for place in places) or any(_is_cut(style, *cut) for cut in _CUTS)


@lru_cache(maxsize=256)  # a newsletter says the same in each of its cells
def declared(style: str) -> Style:
    """What a style attribute says of the properties that are looked at; of one property the last."""
    return _style(style.lower())


def _style(content: Tokens | str) -> Style:
    said = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    return {
        one.lower_name: value
        for one in said
        if one.type == "declaration" and one.lower_name in _LOOKED_AT and (value := _significant(one.value))
    }


def _significant(value: Tokens) -> Tokens:
    return list(islice((token for token in value if token.type not in {"whitespace", "comment"}), TOKENS))


def _word(style: Style, name: str) -> str:
    """The word that a value begins with."""
    first = style.get(name, [None])[0]
    return str(getattr(first, "lower_value", ""))


def _number(tokens: Tokens | None) -> Any:
    """The number that a value begins with, as a token; None for anything else."""
    return tokens[0] if tokens and tokens[0].type in _NUMBERS else None


def _unit(number: Any) -> str:
    """Of a token; px if it has none."""
    return "%" if number.type == "percentage" else getattr(number, "lower_unit", "px")


def _is_nothing(size: Any) -> bool:
    """Whether nothing can be read in that; in proportion, only 0 is known to be nothing."""
    return bool(size.value <= (1 if _unit(size) in {"px", "pt"} else 0))


def _is_size(token: Any) -> bool:
    return token.type in _NUMBERS and not (token.type == "number" and token.value >= BOLD)


def _is_cut(style: Style, name: str, function: str, number: float) -> bool:
    """Whether a value is a function that begins with this number."""
    first = style.get(name, [None])[0]
    if getattr(first, "lower_name", "") != function:
        return False
    argument = _number(_significant(first.arguments))
    return bool(argument and argument.value == number)


def _paper(background: Tokens, behind: Color | None) -> Color | None:
    """The colour behind an element with that background; None for a picture."""
    for token in background:
        if (colour := _colour(token)) is None and token.type in {"url", "function"}:
            return None
        behind = colour if colour and colour.alpha >= FAINT else behind
    return behind


def _colour(told: Any) -> Color | None:
    """A colour, of a token or of an attribute; None if it is not known."""
    try:
        colour = parse_color(told[:100] if isinstance(told, str) else told)
        return colour.to("srgb") if isinstance(colour, Color) else None
    except (ValueError, NotImplementedError):  # color() without an argument; a space that is not converted
        return None
