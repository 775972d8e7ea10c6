"""What is written about an image: the caption of its figure, the text around it; it knows nothing of URLs."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from crawler.web.text import fold

MAX_CONTEXT: Final = 300
"""How many characters are kept of what is written about an image."""
MAX_CONTEXTS: Final = 2_000
"""For how many images of a page that is looked for; a page of more is an index, not a text."""
MAX_CAPTION: Final = 2_000
"""How much markup of a caption is looked at."""
MAX_AROUND: Final = 600
"""How much markup before an image is looked at for text, and how much behind it."""

_CLOSING: Final = re.compile(r"</(figure|figcaption)(?=[\t\n\f\r />])", re.IGNORECASE)
_UNSEEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)(?=[\t\n\f\r />]).*?(?:</\1[^>]*+>?|\Z)", re.DOTALL | re.IGNORECASE
)
_BEGUN_BEFORE: Final = re.compile(r".*(?:-->|</(?:script|style)(?=[\t\n\f\r />]))", re.DOTALL | re.IGNORECASE)
_REST_OF_TAG: Final = re.compile(r"[^<>]*+>")
# Tags that part no words; all others do.
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|em|font|i|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)"
    r"(?=[\t\n\f\r />])[^>]*+>?",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[a-zA-Z/!?][^>]*+>?")


class Surroundings:
    """What is written about the images of one page."""

    def __init__(self, text: str, tags: Iterable[tuple[str, int]]) -> None:
        """`tags`: the name of each figure and figcaption start tag, and what follows it, in their order."""
        self._text = text
        self._left = MAX_CONTEXTS
        self._places: list[int] = []
        """Where a figure begins, or goes on behind another inside it: from there on an image is in ..."""
        self._figures: list[list[str]] = []
        """... this one, which is the list of its captions; empty outside of all."""
        self._find_figures([(end, name, True) for name, end in tags])

    def caption(self, start: int) -> str:
        """The caption of the figure that the image whose tag begins here stands in."""
        place = bisect_right(self._places, start) - 1
        return self._figures[place][0] if place >= 0 and self._figures[place] else ""

    def around(self, start: int, end: int) -> str:
        """The text around the image whose tag stands here; empty once too many were asked for."""
        self._left -= 1
        return _around(self._text, start, end) if self._left >= 0 else ""

    def _find_figures(self, edges: list[tuple[int, str, bool]]) -> None:
        if not edges:
            return
        edges += [(found.start(), found[1].lower(), False) for found in _CLOSING.finditer(self._text)]
        edges.sort()
        edges.append((len(self._text), "", False))
        open_figures: list[list[str]] = [[]]
        caption: int | None = None
        for position, name, opens in edges:
            if caption is not None:
                part = self._text[caption : min(position, caption + MAX_CAPTION)]
                if words := _seen(part)[:MAX_CONTEXT]:
                    open_figures[-1].append(words)
            caption = position if opens and name == "figcaption" and len(open_figures) > 1 else None
            if name != "figure":
                continue
            if opens:
                open_figures.append([])
            elif len(open_figures) > 1:
                open_figures.pop()
            self._places.append(position)
            self._figures.append(open_figures[-1])


def _around(text: str, start: int, end: int) -> str:
    """The nearest words, as many before the image as behind it."""
    first = max(0, start - MAX_AROUND)
    before = _UNSEEN.sub(" ", text[first:start])
    begun = _BEGUN_BEFORE.match(before)
    if begun:
        before = before[begun.end() :]
    if (begun or first) and (rest := _REST_OF_TAG.match(before)):
        before = before[rest.end() :]
    before, behind = _seen(before), _seen(text[end : end + MAX_AROUND])
    half = MAX_CONTEXT // 2
    if len(before) > half:
        before = before[-half:].partition(" ")[2]
    if len(behind) >= half:
        behind = behind[: half - 1].rpartition(" ")[0]
    return f"{before} {behind}".strip()


def _seen(part: str) -> str:
    """The words of a piece of markup, those of other blocks apart."""
    return fold(_TAG.sub(" ", _INLINE.sub("", _UNSEEN.sub(" ", part))))
