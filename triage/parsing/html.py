"""HTML to text: what a person would see, block by block, without what is hidden from people."""

import re
from collections.abc import Iterator
from functools import lru_cache

import lxml.html  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

LIMIT = 300_000  # characters of HTML that are looked at
LIMIT_OF_STYLES = 50_000  # characters of style sheets

_NEVER_SHOWN = {
    "script",
    "style",
    "head",
    "title",
    "template",
    "noscript",
    "object",
    "svg",
    "math",
    "select",
    "textarea",
}
# fmt: off
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul",
}
# fmt: on
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote"}
_CELLS = {"td", "th"}
_HIDING = re.compile(
    r"display:none|visibility:hidden|(?:^|;)opacity:0(?:\.0*)?(?:;|!|$)|text-indent:-\d{3,}|(?:^|;)left:-\d{3,}"
)
_NO_HEIGHT = re.compile(r"(?:^|;)(?:max-)?height:0(?:px)?(?:;|!|$)")
_FONT = re.compile(r"(?:^|;)font(?:-size:|:)(?P<zero>0(?:\.0*)?(?:px|pt|em|rem|%)?(?:[;!/]|$))?")
_WHITE = r"(?:#fff|#ffffff|white|rgb\(255,255,255\))"
_WHITE_TEXT = re.compile(rf"(?:^|;)color:{_WHITE}(?:;|!|$)")
_BACKGROUND = re.compile(r"background(?:-color|-image)?:(?!(?:#fff|#ffffff|white|none|transparent)(?:;|!|$))")
_SELECTOR = re.compile(r"\w*([.#][\w-]+)")
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def text_of(html: str) -> tuple[str, int]:
    """Return the visible text of `html` and how many characters of hidden text were left out."""
    html = html[:LIMIT].replace("\x00", "").strip()
    if "<" not in html:
        return html, 0
    try:
        root = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=_parser())
    except (etree.LxmlError, ValueError, AssertionError):
        return re.sub(r"<[^>]{0,2000}>", " ", html), 0
    return _Writer(_hiding_selectors(root)).write(root)


@lru_cache(maxsize=1)
def _parser() -> lxml.html.HTMLParser:
    return lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True)


def _hiding_selectors(root: etree._Element) -> frozenset[str]:
    """The classes and ids (".x", "#x") that the mail's own style sheets hide."""
    sheets = " ".join((style.text or "")[:LIMIT_OF_STYLES] for style in root.iter("style"))[:LIMIT_OF_STYLES].lower()
    selectors = (one.strip() for names, rule in _rules(sheets) if _hides(rule) for one in names.split(","))
    return frozenset(match[1] for one in selectors if (match := _SELECTOR.fullmatch(one)))


def _rules(sheets: str) -> Iterator[tuple[str, str]]:
    """Yield (selectors, declarations); not what is inside @media, which is for some screens only."""
    selectors, depth = "", 0
    for piece in re.findall(r"[^{}]+|[{}]", re.sub(r"/\*.*?(?:\*/|$)|<!--|-->", "", sheets, flags=re.DOTALL)):
        if piece in {"{", "}"}:
            depth = max(depth + (1 if piece == "{" else -1), 0)
        elif depth == 0:
            selectors = piece.strip()
        elif depth == 1 and not selectors.startswith("@"):
            yield selectors, piece


def _hides(style: str) -> bool:
    """Whether a style hides all that is in its element. No height alone does not: what overflows is seen."""
    style = _squeezed(style)
    return bool(_HIDING.search(style)) or ("overflow:hidden" in style and bool(_NO_HEIGHT.search(style)))


def _squeezed(style: str) -> str:
    return re.sub(r"\s+", "", style[:2000].lower())


class _Writer:
    """Walks the tree once, without recursion, and collects lines."""

    def __init__(self, hiding: frozenset[str]) -> None:
        self.hiding = hiding
        self.pieces: list[str] = []
        self.newlines = 2  # at the end of what is written
        self.hidden_by: etree._Element | None = None
        self.shrunk = [False]  # whether the font has size 0, by depth; layouts set it and give it back further in
        self.hidden = 0

    def write(self, root: etree._Element) -> tuple[str, int]:
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if event == "start":
                self._open(element)
            else:
                self._close(element)
        lines = (" ".join(line.split(" ")).strip() for line in "".join(self.pieces).split("\n"))
        return "\n".join(_BLANKS.sub(" ", line) for line in lines), self.hidden

    def _open(self, element: etree._Element) -> None:
        style = element.get("style", "")
        font = _FONT.search(_squeezed(style)) if "font" in style else None
        self.shrunk.append(bool(font["zero"]) if font else self.shrunk[-1])
        if self.hidden_by is None and self._is_hidden(element, style):
            self.hidden_by = element
        if self.hidden_by is None:
            self._break(element)
        if element.tag not in _NEVER_SHOWN:
            self._say(element.text)

    def _is_hidden(self, element: etree._Element, style: str) -> bool:
        if element.tag in _NEVER_SHOWN or "hidden" in element.attrib:
            return True
        if self.hiding and self.hiding.intersection(_names(element)):
            return True
        return bool(style) and (_hides(style) or _is_white_on_white(element, style))

    def _close(self, element: etree._Element) -> None:
        self.shrunk.pop()
        if self.hidden_by is None and element.tag != "br":
            self._break(element)
        if self.hidden_by is element:
            self.hidden_by = None
        self._say(element.tail)

    def _break(self, element: etree._Element) -> None:
        wanted = 2 if element.tag in _PARAGRAPHS else element.tag in _BLOCKS
        if element.tag == "br":
            wanted = self.newlines + 1
        if wanted > self.newlines:
            self.pieces.append("\n" * (wanted - self.newlines))
            self.newlines = wanted
        elif element.tag in _CELLS:
            self.pieces.append(" ")

    def _say(self, text: str | None) -> None:
        if not text:
            return
        if self.hidden_by is None and not self.shrunk[-1]:
            self.pieces.append(_BLANKS.sub(" ", text))
            self.newlines = 0 if text.strip() else self.newlines
        elif self.hidden_by is None or self.hidden_by.tag not in _NEVER_SHOWN:
            self.hidden += len(text.strip())


def _names(element: etree._Element) -> list[str]:
    """The classes and the id of an element, as selectors write them."""
    names = [f".{name}" for name in element.get("class", "")[:500].lower().split()]
    return [*names, f"#{element.get('id', '').lower()}"]


def _is_white_on_white(element: etree._Element, style: str) -> bool:
    """Whether text is white and nothing around it has a background that is not."""
    if not _WHITE_TEXT.search(_squeezed(style)):
        return False
    around = [element, *element.iterancestors()]
    return not any(
        parent.get("bgcolor", "white").lower() not in {"white", "#fff", "#ffffff"}
        or parent.get("background")
        or _BACKGROUND.search(_squeezed(parent.get("style", "")))
        for parent in around[:50]
    )
