"""HTML to text: what a person would see, block by block, without what is hidden from people."""

import re
from functools import lru_cache

import lxml.html  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]

from triage.parsing.looks import Look, Sheets, hides

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
    "datalist",
    "iframe",
    "noframes",
    "noembed",
    "video",
    "audio",
    "canvas",
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
    return _Writer(Sheets.of(root)).write(root)


@lru_cache(maxsize=1)
def _parser() -> lxml.html.HTMLParser:
    return lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True)


class _Writer:
    """Walks the tree once, without recursion, and collects lines."""

    def __init__(self, sheets: Sheets) -> None:
        self.sheets = sheets
        self.pieces: list[str] = []
        self.newlines = 2  # at the end of what is written
        self.hidden_by: etree._Element | None = None
        self.looks = [Look()]  # by depth; layouts make letters tiny or white, and give them back further in
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
        style = self.sheets.style(element)
        self.looks.append(self.looks[-1].within(element, style))
        if self.hidden_by is None and (_is_never_shown(element) or hides(style)):
            self.hidden_by = element
        if self.hidden_by is None:
            self._break(element)
        if element.tag not in _NEVER_SHOWN:
            self._say(element.text)

    def _close(self, element: etree._Element) -> None:
        self.looks.pop()
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
        if self.hidden_by is None and self.looks[-1].is_seen:
            self.pieces.append(_BLANKS.sub(" ", text))
            self.newlines = 0 if text.strip() else self.newlines
        elif self.hidden_by is None or self.hidden_by.tag not in _NEVER_SHOWN:
            self.hidden += len(text.strip())


def _is_never_shown(element: etree._Element) -> bool:
    return (
        element.tag in _NEVER_SHOWN
        or "hidden" in element.attrib
        or (element.tag == "dialog" and "open" not in element.attrib)
    )
