"""How a piece of HTML looks: whether a person would see it, by its style and the mail's own style sheets."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from lxml import etree  # type: ignore[import-untyped]

LIMIT_OF_STYLES = 50_000  # characters of style sheets
RULES = 300  # rules that are kept of them
WORK = 100_000  # comparisons of elements with rules in one mail; it is read to its end without the rest of the rules
AROUND = 30  # elements around one that a selector is held against
STYLE = 2000  # characters of one style
ATTRIBUTES = 30  # of one element

Colour = tuple[int, int, int]
Style = Mapping[str, str]
Rule = tuple[int, list[frozenset[str]], Style]  # its place, the names in each part of a selector, what it says

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
UNSEEN = 24  # two colours with no greater difference in red, green or blue look the same
OUTSIDE = -400.0  # px; whatever is placed so far to the left or above is not on the page
FAINT, SMALL = 0.1, 2.0  # opacity; px or pt of a letter

_DECLARATION = re.compile(r"(?:^|;)([\w-]+):([^;]+)")
_NUMBER = re.compile(r"(-?\d*\.?\d+)(px|pt|em|rem|%)?")
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])")
_RGB = re.compile(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,([\d.]+))?")
_NAMED = {"white": WHITE, "black": BLACK}
_COMPOUND = re.compile(r"([\w-]*)((?:[.#][\w-]+|\[[\w-]+(?:=[\"']?[\w-]+[\"']?)?\])*)")
_PART = re.compile(r"[.#][\w-]+|\[[^\]]+\]")
_PLACES = ("left", "top", "text-indent", "margin-left", "margin-top")
_BACKGROUNDS = ("background", "background-color", "background-image")
_SIZES = ("height", "max-height", "width", "max-width")
_LOOKED_AT = {
    *(
        "display",
        "visibility",
        "opacity",
        "overflow",
        "mso-hide",
        "clip",
        "clip-path",
        "transform",
        "font",
        "font-size",
    ),
    *("color", *_BACKGROUNDS, *_PLACES, *_SIZES),
}


@dataclass(frozen=True)
class Look:
    """What applies to the text of an element: too small letters, their colour and the one behind; None: not known."""

    tiny: bool = False
    ink: Colour | None = BLACK
    paper: Colour | None = WHITE

    @property
    def is_seen(self) -> bool:
        """Whether letters can be told from what is behind them."""
        if self.tiny:
            return False
        if self.ink is None or self.paper is None:
            return True
        return max(abs(one - other) for one, other in zip(self.ink, self.paper, strict=True)) > UNSEEN

    def within(self, element: etree._Element, style: Style) -> "Look":
        """That of an element inside."""
        tiny, ink, paper = self.tiny, self.ink, self.paper
        if told := style.get("font-size") or style.get("font"):
            tiny = _is_tiny(told) if _NUMBER.search(told) else tiny
        if told := style.get("color") or element.get("color", "").lower():
            ink = _colour(told)
        elif element.tag == "a":
            ink = None  # a link has a colour of its own
        for told in filter(None, map(style.get, _BACKGROUNDS)):
            is_none = told in {"none", "transparent", "inherit", "initial"} or (
                _is_clear(told) and told.count("(") == 1
            )
            paper = paper if is_none else _colour(told)
        if told := element.get("bgcolor", "").lower():
            paper = _colour(told) if "background-color" not in style else paper
        return Look(tiny, ink, None if element.get("background") else paper)


@dataclass
class Sheets:
    """The style sheets of one mail: by the last part of a selector, what stands before it and what it says."""

    rules: defaultdict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    work: int = WORK

    @classmethod
    def of(cls, root: etree._Element) -> "Sheets":
        """Read those in a document; not what is inside @media, which is for some screens only."""
        text = " ".join((style.text or "")[:LIMIT_OF_STYLES] for style in root.iter("style"))[:LIMIT_OF_STYLES]
        found, number = cls(), 0
        for selectors, declarations in _rules(text.lower()):
            style = {name: told for name, told in declared(declarations).items() if name in _LOOKED_AT}
            for selector in selectors.split(",") if style else ():
                compounds = [_names_in(one) for one in re.split(r"[\s>]+", selector.strip())]
                number += 1
                if number <= RULES and all(compounds):
                    found.rules[min(compounds[-1])].append((number, compounds, style))
        return found

    def style(self, element: etree._Element) -> Style:
        """What the sheets and its own attribute say of an element; the later one counts."""
        told: dict[str, str] = {}
        own = names(element) if self.rules and self.work > 0 else frozenset()
        for _, compounds, style in sorted(rule for name in own & self.rules.keys() for rule in self.rules[name]):
            told |= style if self._matches(element, own, compounds) else {}
        return told | declared(element.get("style", ""))

    def _matches(self, element: etree._Element, own: frozenset[str], compounds: list[frozenset[str]]) -> bool:
        """Whether a selector means an element: its last part the element, those before elements around it, in order."""
        self.work -= 1
        if self.work < 0 or not compounds[-1] <= own:
            return False
        left = compounds[:-1]
        for parent in islice(element.iterancestors(), AROUND) if left else ():
            self.work -= 1
            if left and left[-1] <= names(parent):
                left = left[:-1]
        return not left


def hides(style: Style) -> bool:
    """Whether a style hides all that is in its element. No height alone does not: what overflows is seen."""
    if style.get("display") == "none" or style.get("visibility") in {"hidden", "collapse"}:
        return True
    if style.get("mso-hide") == "all" or style.get("color") == "transparent" or _is_clear(style.get("color", "")):
        return True
    if _number(style, "opacity", 1) < (FAINT * 100 if "%" in style.get("opacity", "") else FAINT):
        return True
    if style.get("overflow") == "hidden" and any(_number(style, name, 100) <= 1 for name in _SIZES):
        return True
    cut = style.get("clip", "").startswith("rect(0") or style.get("clip-path", "").startswith(("inset(100", "circle(0"))
    away = any(_number(style, name, 0) < OUTSIDE for name in _PLACES)
    return cut or away or style.get("transform", "").startswith("scale(0)")


def declared(style: str) -> dict[str, str]:
    """The declarations of a style, without blanks, comments and escapes; of one name the last."""
    if ":" not in style:
        return {}
    text = re.sub(r"/\*.*?(?:\*/|$)", "", style[:STYLE].lower(), flags=re.DOTALL)
    text = re.sub(r"\\([0-9a-f]{1,6})\s?", lambda match: chr(min(int(match[1], 16), 0xFFFF)), text)
    return {name: value.partition("!")[0] for name, value in _DECLARATION.findall(re.sub(r"\s+", "", text))}


def names(element: etree._Element) -> frozenset[str]:
    """What a selector may call an element: its tag, ".class", "#id", "[attribute]" and "[attribute=value]"."""
    attributes = [(name, value[:100].lower()) for name, value in element.items()[:ATTRIBUTES]]
    classes = [f".{name}" for name in element.get("class", "")[:500].lower().split()]
    shown = [one for name, value in attributes for one in (f"[{name}]", f"[{name}={value}]")]
    return frozenset([str(element.tag), *classes, f"#{element.get('id', '').lower()}", *shown])


def _rules(sheets: str) -> Iterator[tuple[str, str]]:
    """Yield (selectors, declarations)."""
    selectors, depth = "", 0
    for piece in re.findall(r"[^{}]+|[{}]", re.sub(r"/\*.*?(?:\*/|$)|<!--|-->", "", sheets, flags=re.DOTALL)):
        if piece in {"{", "}"}:
            depth = max(depth + (1 if piece == "{" else -1), 0)
        elif depth == 0:
            selectors = piece.strip()
        elif depth == 1 and not selectors.startswith("@"):
            yield selectors, piece


def _names_in(compound: str) -> frozenset[str]:
    """The names in one part of a selector; none for a part that is not understood."""
    match = _COMPOUND.fullmatch(compound)
    found = [match[1], *_PART.findall(match[2])] if match else []
    return frozenset(re.sub(r"[\"']", "", name) for name in found if name)


def _number(style: Style, name: str, default: float) -> float:
    """The number of a property; the default for none, and for a length in proportion that is not 0."""
    match = _NUMBER.match(style.get(name, ""))
    if not match or (name in _SIZES and match[2] not in {None, "px", "pt"} and float(match[1])):
        return default
    return float(match[1])


def _is_tiny(font: str) -> bool:
    """Whether letters of this size, in px, pt or in proportion, are not to be read."""
    match = _NUMBER.search(font)
    if not match:
        return False
    number, unit = float(match[1]), match[2] or "px"
    return number < {"em": 0.1, "rem": 0.1, "%": 10}.get(unit, SMALL)


def _is_clear(colour: str) -> bool:
    match = _RGB.match(colour)
    return bool(match and match[4] and float("0" + match[4].strip(".") if match[4][0] == "." else match[4]) < FAINT)


def _colour(text: str) -> Colour | None:
    """The colour in `text`; None if it is not known, or a picture."""
    if "url(" in text or "gradient" in text:
        return None
    if match := _HEX.search(text):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := _RGB.search(text):
        return int(match[1]), int(match[2]), int(match[3])
    return next((colour for name, colour in _NAMED.items() if re.search(rf"\b{name}\b", text)), None)
