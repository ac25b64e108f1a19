"""HTML to text: what a person would see, block by block, without what is hidden from people."""

import re
from functools import lru_cache

import lxml.html  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

LIMIT = 300_000  # characters of HTML that are looked at

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
    r"display:none|visibility:hidden|mso-hide:all|opacity:0(?:\.0*)?(?:;|$)|font-size:0(?:\.0*)?(?:px|pt|em|rem|%)?(?:;|!|$)"
    r"|(?:max-)?height:0(?:px)?(?:;|!|$)|text-indent:-\d{3,}|left:-\d{3,}"
)
_WHITE = r"(?:#fff|#ffffff|white|rgb\(255,255,255\))"
_WHITE_ON_WHITE = re.compile(rf"(?:^|;)color:{_WHITE}(?:;|!|$)")
_BACKGROUND = re.compile(r"background(?:-color|-image)?:(?!(?:#fff|#ffffff|white|none|transparent)(?:;|!|$))")
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
    return _Writer().write(root)


@lru_cache(maxsize=1)
def _parser() -> lxml.html.HTMLParser:
    return lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True)


class _Writer:
    """Walks the tree once, without recursion, and collects lines."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.newlines = 2  # at the end of what is written
        self.hidden_by: etree._Element | None = None
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
        if self.hidden_by is None and _is_hidden(element):
            self.hidden_by = element
        if self.hidden_by is None:
            self._break(element)
        if element.tag not in _NEVER_SHOWN:
            self._say(element.text)

    def _close(self, element: etree._Element) -> None:
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
        if self.hidden_by is None:
            self.pieces.append(_BLANKS.sub(" ", text))
            self.newlines = 0 if text.strip() else self.newlines
        elif self.hidden_by.tag not in _NEVER_SHOWN:
            self.hidden += len(text.strip())


def _is_hidden(element: etree._Element) -> bool:
    if element.tag in _NEVER_SHOWN or "hidden" in element.attrib:
        return True
    style = element.get("style")
    if not style:
        return False
    style = re.sub(r"\s+", "", style[:2000].lower())
    return bool(_HIDING.search(style)) or (bool(_WHITE_ON_WHITE.search(style)) and not _has_background(element))


def _has_background(element: etree._Element) -> bool:
    """Whether anything around white text gives it a background that is not white."""
    around = [element, *element.iterancestors()]
    return any(
        parent.get("bgcolor", "white").lower() not in {"white", "#fff", "#ffffff"}
        or parent.get("background")
        or _BACKGROUND.search(re.sub(r"\s+", "", parent.get("style", "")[:2000].lower()))
        for parent in around[:50]
    )
