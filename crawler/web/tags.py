"""Where the start tags of an HTML text stand, found by walking from tag to tag; it knows neither elements nor links.

What a browser would not see as a tag is none here: comments, the contents of script, style, title and the like,
attribute values, CDATA inside svg and math. Every pattern eats what it has looked at, also where the text ends too
soon, so no input makes the walk look at a character more than a few times; and what costs a step of Python is counted
and bounded, so that the longest document takes about a second.

The sections named are those of the HTML standard.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from crawler.errors import LimitError

MAX_TAGS: Final = 150_000
"""How many tags that were asked for a document may have; the largest indexes have a tenth of it."""
MAX_STEPS: Final = 300_000
"""How many others may need a look of their own; of most the pattern alone sees that they do not matter."""

BLANK: Final = r"\t\n\f\r "
TAG_NAME: Final = rf"[a-zA-Z][^{BLANK}/>]*+"
ATTRIBUTES: Final = (
    rf"(?:[{BLANK}/]++"  # between attributes
    rf"|[^{BLANK}/>][^{BLANK}/>=]*+"  # a name; it may begin with "=", and hold quotes or "<"
    rf"(?:[{BLANK}]*+=[{BLANK}]*+"
    rf"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^{BLANK}>\"'][^{BLANK}>]*+|(?=>)|\Z))?+"
    rf")*+"
)
"""All attributes of a tag, up to its `>` or the end of the text (sections 13.2.5.32 to 13.2.5.40)."""
ATTRIBUTE: Final = re.compile(
    rf"([^{BLANK}/>][^{BLANK}/>=]*+)"
    rf"(?:[{BLANK}]*+=[{BLANK}]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^{BLANK}>\"'][^{BLANK}>]*+|(?=>))))?+"
)

# To the first ">", also of a true comment, which may go on behind it.
_BOGUS_COMMENT: Final = r"[!?][^>]*+>?|/(?![a-zA-Z])[^>]*+>?"
_EVERY_TAG: Final = re.compile(rf"<(?:(/?)({TAG_NAME}){ATTRIBUTES}(>)?|{_BOGUS_COMMENT})")
_NAME_END: Final = re.compile(rf"[{BLANK}/>]")
_COMMENT_END: Final = re.compile(r"--!?>")
_SCRIPT_PART: Final = re.compile(rf"<!--|-->|<(/?)script(?=[{BLANK}/>])", re.IGNORECASE | re.ASCII)
_FONT_ATTRIBUTE: Final = re.compile(rf"[{BLANK}/\"'](?:color|face|size)(?=[{BLANK}=/>])", re.IGNORECASE | re.ASCII)
_TOO_MANY: Final = f"more than {MAX_STEPS} tags"

# Elements whose contents are text up to the end tag of the same name (section 13.2.6).
_RAW_ENDS: Final = {
    name: re.compile(rf"</{name}(?=[{BLANK}/>])", re.IGNORECASE | re.ASCII)
    for name in ("iframe", "noembed", "noframes", "style", "textarea", "title", "xmp")
}
RAW: Final = frozenset({*_RAW_ENDS, "script", "plaintext"})
"""Elements whose contents are text, or are not looked at."""
_FOREIGN: Final = frozenset({"svg", "math"})
APART: Final = RAW | _FOREIGN
"""Elements in which, or in some of which, no tag is what it is elsewhere."""
# Elements of svg and math in which the contents are HTML again ("integration points").
_HTML_AGAIN: Final = frozenset({
    ("svg", "foreignobject"), ("svg", "desc"), ("svg", "title"),
    ("math", "mi"), ("math", "mo"), ("math", "mn"), ("math", "ms"), ("math", "mtext"),
})  # fmt: skip
# Start tags that end svg and math wherever they stand in them (section 13.2.6.5).
_BREAKING: Final = frozenset({
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3",
    "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s",
    "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var",
})  # fmt: skip

Piece = tuple[str, int, int]
"""A start tag as it stands in a text, where its `<` is, and what follows its `>`."""


class Wanted:
    """Which start tags are looked for: those of some names, and of every other name those with certain attributes."""

    def __init__(self, names: Collection[str], attributes: Collection[str] = ()) -> None:
        self.names = frozenset(names)
        self.has_marks = bool(attributes)
        self._mark = re.compile(rf"[{BLANK}/\"'](?:{any_of(attributes)})(?=[{BLANK}=/>])")
        # The literal "<" in front, the plain end tags and the first letters let most tags fail after a glance.
        self.pattern = re.compile(
            rf"<(?!/[a-zA-Z0-9]++>)(?:({any_of(self.names | APART)})(?=[{BLANK}/>]){ATTRIBUTES}(>)?"
            rf"|{_BOGUS_COMMENT}|[a-zA-Z/](?!{_harmless(attributes)})[^{BLANK}/>]*+{ATTRIBUTES}(>)?)"
        )

    def has(self, name: str, text: str, start: int, end: int) -> bool:
        """Whether this start tag may be one of those looked for; at its attributes it only glances."""
        return name in self.names or (self.has_marks and self._mark.search(text, start, end) is not None)


class Walk:
    """One text's walk: what it found, in which elements of svg or math it is, and how many steps it may still take."""

    def __init__(self, wanted: Wanted, text: str) -> None:
        self.found: list[Piece] = []
        self._wanted = wanted
        self._text = text
        self._steps_left = MAX_STEPS
        self._foreign: list[tuple[str, str]] = []  # (svg or math, name)
        self._open: Counter[str] = Counter()

    def through(self) -> list[Piece]:
        """Every such tag that is a tag, in the order of the text; `LimitError` beyond `MAX_TAGS` or `MAX_STEPS`."""
        position: int | None = 0
        while position is not None:
            position = self._in_foreign(position) if self._foreign else self._in_html(position)
            if len(self.found) > MAX_TAGS:
                raise LimitError(f"more than {MAX_TAGS} tags")
        return self.found

    def past(self, start: int) -> int | None:
        """Go past what begins here, outside of tags; what follows it, None where nothing does.

        That is a comment with its contents, an element in whose contents tags are not what they are elsewhere, with
        them, or a tag.
        """
        text = self._text
        self._step()
        if text.startswith("<!--", start):
            return _comment_end(text, start)
        match = _EVERY_TAG.match(text, start)
        assert match is not None
        end, written = match.end(), match[2]
        if written is None:
            return end
        if not match[3]:
            return None  # a tag that the end of the text cut off is none
        name = written.lower()
        if name in self._wanted.names:
            self.found.append((match[0], start, end))
        if name in RAW:
            return raw_end(text, name, end)
        position: int | None = end
        if name in _FOREIGN and not _closes_itself(text, start, end):
            self._push(name, name)
            while position is not None and self._foreign:
                position = self._in_foreign(position)
        return position

    def outside(self, position: int, start: int) -> int:
        """The first place from `start` on that is outside of tags; `position` is such a place before it."""
        while position <= start:
            self._step()
            match = _EVERY_TAG.search(self._text, position)
            if match is None or match.start() >= start:
                return start
            position = match.end()
        return position

    def _in_html(self, position: int) -> int | None:
        """The tags up to what has to be read in another way; where to go on, None at the end."""
        text, names, has = self._text, self._wanted.names, self._wanted.has
        for match in self._wanted.pattern.finditer(text, position):
            self._step()
            start, end = match.span()
            last = match.lastindex
            if last == 2:
                name = match[1].lower()
                if name in names or has(name, text, start, end):
                    self.found.append((match[0], start, end))
                if name in RAW:
                    return raw_end(text, name, end)
                if name in _FOREIGN and not _closes_itself(text, start, end):
                    self._push(name, name)
                    return end
            elif last == 3:  # a tag of another name
                if text[start + 1] != "/" and has("", text, start, end):
                    self.found.append((match[0], start, end))
            elif last == 1:
                return None  # a tag that the end of the text cut off is none
            elif text.startswith("<!--", start):
                return _comment_end(text, start)
        return None

    def _in_foreign(self, position: int) -> int | None:
        """The same inside svg or math, where every tag counts: it may end them."""
        text, has = self._text, self._wanted.has
        for match in _EVERY_TAG.finditer(text, position):
            self._step()
            start, end = match.span()
            slash, written, closed = match.groups()
            if written is None:
                if text.startswith("<!--", start):
                    return _comment_end(text, start)
                if text.startswith("<![CDATA[", start) and self._foreign[-1] not in _HTML_AGAIN:
                    return _behind(text, "]]>", start)
                continue
            if not closed:
                return None
            name = written.lower()
            if slash:
                self._leave(name)
            else:
                is_html = self._enter(name, text, start, end)
                if has(name, text, start, end):
                    self.found.append((match[0], start, end))
                if is_html and name in RAW:
                    return raw_end(text, name, end)
                if (not is_html or name in _FOREIGN) and not _closes_itself(text, start, end):
                    self._push(name if is_html else self._foreign[-1][0], name)
            if not self._foreign:
                return end
        return None

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise LimitError(_TOO_MANY)

    def _enter(self, name: str, text: str, start: int, end: int) -> bool:
        """Whether a start tag is HTML where it stands, or makes it so by ending svg and math."""
        if name in _BREAKING or (name == "font" and _FONT_ATTRIBUTE.search(text, start, end)):
            self._break_out()
        return not self._foreign or self._foreign[-1] in _HTML_AGAIN

    def _leave(self, name: str) -> None:
        """An end tag: closes the innermost open element of that name and those inside it.

        Of an element opened outside, as most likely this one was, it ends svg and math too.
        """
        if self._open[name]:
            while self._pop() != name:
                pass
        elif name == "a" or name in _BREAKING:
            self._break_out()

    def _break_out(self) -> None:
        while self._foreign and self._foreign[-1] not in _HTML_AGAIN:
            self._pop()

    def _push(self, namespace: str, name: str) -> None:
        self._foreign.append((namespace, name))
        self._open[name] += 1

    def _pop(self) -> str:
        _, name = self._foreign.pop()
        self._open[name] -= 1
        return name


def _behind(text: str, mark: str, start: int) -> int | None:
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else None


def _comment_end(text: str, start: int) -> int | None:
    """What follows the comment that begins here (sections 13.2.5.43 to 13.2.5.52); None where it does not end."""
    for abrupt in ("<!-->", "<!--->"):
        if text.startswith(abrupt, start):
            return start + len(abrupt)
    found = _COMMENT_END.search(text, start + 4)
    return found.end() if found else None


def raw_end(text: str, name: str, position: int) -> int | None:
    """Where the end tag of a raw text element stands; None where there is none."""
    if name == "plaintext":
        return None
    if name == "script":
        return _script_end(text, position)
    found = _RAW_ENDS[name].search(text, position)
    return found.start() if found else None


def _script_end(text: str, position: int) -> int | None:
    """The same for a script, where in `<!-- <script>` the next end tag ends that one (sections 13.2.5.15 to 31)."""
    is_comment = is_nested = False
    while found := _SCRIPT_PART.search(text, position):
        position = found.end()
        if found[0] == "<!--":
            is_comment = True
            position -= 2  # in <!--> the same dashes end it
        elif found[0] == "-->":
            is_comment = is_nested = False
        elif not found[1]:
            is_nested = is_comment
        elif is_nested:
            is_nested = False
        else:
            return found.start()
    return None


def _name_end(text: str, start: int) -> int:
    found = _NAME_END.search(text, start)
    assert found is not None
    return found.start()


def _closes_itself(text: str, start: int, end: int) -> bool:
    """Whether a tag's last `/` stands for itself, and is not the end of an attribute's bare value."""
    if text[end - 2] != "/":
        return False
    last = start
    for match in ATTRIBUTE.finditer(text, _name_end(text, start), end - 1):
        last = match.end()
    return last < end - 1


def _harmless(attributes: Collection[str]) -> str:
    """What follows the first letter of a tag without these attributes that has no "<" inside.

    Such a tag can be passed over by looking for the next "<".
    """
    other = rf"(?!{any_of(attributes)}=)" if attributes else ""
    return (
        r"[a-zA-Z0-9]*+"
        rf"(?:[ \n]++{other}[a-zA-Z-]++=(?:\"[^\"<]*+\"|'[^'<]*+'|[a-zA-Z0-9%#]++))*+"
        r"[ \n]*+>"
    )


def any_of(names: Collection[str]) -> str:
    """A pattern for any of these names in any case, that reads no letter twice."""
    rests: dict[str, set[str]] = {}
    for name in names:
        if name:
            rests.setdefault(name[0], set()).add(name[1:])
    if not rests:
        return ""
    branches = "|".join(f"[{first.upper()}{first}]{any_of(rest)}" for first, rest in sorted(rests.items()))
    return f"(?:{branches}){'?+' if '' in names else ''}"
