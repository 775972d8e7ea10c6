"""What a site's robots.txt allows (RFC 9309), from its bytes alone; it knows nothing of how the file was fetched.

The matching is our own, not a library's: none at hand reads groups, product tokens and lines as the RFC has them, and a
stranger's file may cost no more than its size. It is read as bytes, at most 500 KiB of it; plain rules are looked up
by their length, and wildcards match without backtracking.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from crawler.web.url import URL

AGENT: Final = "crawler"
"""The product token (RFC 9309 section 2.2.1) that groups are looked up by."""

MAX_SIZE: Final = 500 * 1024
"""How much of a file is read (RFC 9309 section 2.5); a line that this cuts is not."""

MAX_WILDCARDS: Final = 2_000
"""How many patterns with `*` or `$` are kept for an agent: each is tried on each URL; real files have some hundred."""

MAX_DELAY: Final = 86_400.0
"""A longer crawl-delay is taken for this one: a day."""

_FIELDS: Final = {
    **dict.fromkeys((b"user-agent", b"useragent", b"user agent"), "agent"),
    **dict.fromkeys((b"disallow", b"dissallow", b"dissalow", b"disalow", b"diasllow", b"disallaw"), "disallow"),
    b"allow": "allow",
    **dict.fromkeys((b"crawl-delay", b"crawldelay", b"crawl delay"), "delay"),
    **dict.fromkeys((b"sitemap", b"site-map"), "sitemap"),
}
"""The lines that mean something, with the misspellings that the web really has."""

_EOL: Final = re.compile(rb"\r\n?|\n")
_BOM: Final = re.compile(rb"\xef(?:\xbb\xbf?)?")
_TOKEN: Final = re.compile(rb"[A-Za-z_-]+|\*(?!\S)")
_DELAY: Final = re.compile(rb"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_RAW: Final = re.compile(rb"[^\x21-\x7e]")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")


@dataclass(slots=True)
class _Group:
    """The lines under one run of user-agent lines, as they are read."""

    rules: list[tuple[bytes, bool]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A path pattern, cut at its wildcards: one piece is the whole path, of several one begins and one ends it.

    A pattern without `$` at its end goes on with anything, so it has an empty last piece.
    """

    length: int
    allows: bool
    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, value: bytes, allows: bool) -> "_Pattern":
        text = _RAW.sub(lambda raw: b"%%%02X" % ord(raw[0]), value).decode("ascii")
        open_end = not text.endswith("$")
        pieces = tuple(_canonical(piece) for piece in (text if open_end else text[:-1]).split("*"))
        length = sum(map(len, pieces)) + len(pieces) - open_end
        return cls(length, allows, (*pieces, "") if open_end else pieces)

    def matches(self, path: str) -> bool:
        """Each piece is taken where it first fits: a later place could only leave less for the pieces behind it."""
        first, *middle = self.pieces
        if not middle or not path.startswith(first):
            return path == first
        last = middle.pop()
        at = len(first)
        for piece in middle:
            at = path.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return path.endswith(last) and at + len(last) <= len(path)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds for one agent.

    `prefixes` are the patterns without `*` and `$`, `lengths` the lengths they have; `wildcards` are the rest, each
    behind its length and its longest piece, which is looked for first. Both stand longest first.
    """

    prefixes: Mapping[str, bool]
    lengths: tuple[int, ...]
    wildcards: tuple[tuple[int, str, _Pattern], ...]
    delay: float | None

    @classmethod
    def of(cls, groups: list[_Group]) -> "_Rules":
        prefixes: dict[str, bool] = {}
        wildcards: list[_Pattern] = []
        for value, allows in dict.fromkeys(rule for group in groups for rule in group.rules):
            pattern = _Pattern.parse(value, allows)
            prefix = pattern.pieces[0]
            if len(prefix) == pattern.length:
                prefixes[prefix] = allows or prefixes.get(prefix, False)
            elif len(wildcards) < MAX_WILDCARDS:
                wildcards.append(pattern)
        lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)
        wildcards.sort(key=lambda pattern: (pattern.length, pattern.allows), reverse=True)
        keyed = tuple((pattern.length, max(pattern.pieces, key=len), pattern) for pattern in wildcards)
        delay = max((delay for group in groups for delay in group.delays), default=None)
        return cls(prefixes, tuple(lengths), keyed, delay)

    def allow(self, path: str) -> bool:
        """The longest pattern that matches decides, of two equally long ones the one that allows (section 2.2.2)."""
        length, allowed = 0, True
        for size in self.lengths:
            found = self.prefixes.get(path[:size])
            if found is not None and size <= len(path):
                length, allowed = size, found
                break
        for size, piece, pattern in self.wildcards:
            if size < length:
                break
            if piece in path and pattern.matches(path):
                return pattern.allows or (allowed and size == length)
        return allowed


@dataclass(frozen=True, slots=True, eq=False)
class Robots:
    """The rules of one site; `sitemaps` are the URLs it names, as they stand there."""

    sitemaps: tuple[str, ...]
    _groups: Mapping[str, list[_Group]] = field(repr=False)
    _rules: dict[str, _Rules] = field(init=False, repr=False, compare=False, default_factory=dict)

    @classmethod
    def parse(cls, body: bytes) -> "Robots":
        """The rules in these bytes, whatever they are: what is no rule says nothing."""
        groups: dict[str, list[_Group]] = {}
        sitemaps = []
        group = _Group()
        in_names = False
        for name, value in _lines(body):
            if name == "agent":
                if not in_names:
                    group, in_names = _Group(), True
                if token := _TOKEN.match(value):
                    groups.setdefault(token[0].decode("ascii").lower(), []).append(group)
            elif name == "sitemap":
                sitemaps.append(value.decode("utf-8", "replace"))
            elif name == "delay":
                if _DELAY.fullmatch(value):
                    group.delays.append(min(float(value), MAX_DELAY))
            else:
                # Only allow and disallow end the run of names: other lines must not interfere (section 2.2.4).
                in_names = False
                if value.startswith((b"/", b"*")):
                    group.rules.append((value, name == "allow"))
        return cls(tuple(sitemaps), groups)

    def allows(self, url: URL, agent: str = AGENT) -> bool:
        """Whether `agent`, a product token, may ask for this URL.

        Of /robots.txt itself, which is implicitly allowed (section 2.2.2), nobody asks: it was fetched to come here.
        """
        return self._of(agent).allow(_canonical(url.target))

    @property
    def allows_all(self) -> bool:
        """Whether there is no rule at all for the crawler, so that no URL needs to be asked about."""
        rules = self._of(AGENT)
        return not rules.prefixes and not rules.wildcards

    def crawl_delay(self, agent: str = AGENT) -> float | None:
        """The seconds between two requests that the site asks for, a day at the most; None where it does not say."""
        return self._of(agent).delay

    def _of(self, agent: str) -> _Rules:
        """The rules of all groups that name the agent, else of those for `*` (section 2.2.1)."""
        rules = self._rules.get(agent)
        if rules is None:
            groups = self._groups.get(agent.lower()) or self._groups.get("*", [])
            rules = self._rules[agent] = _Rules.of(groups)
        return rules


def _lines(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The lines that mean something: what they are, and their value without comment."""
    # A byte order mark, whole or damaged, is no part of the first line.
    lines = _EOL.split(_BOM.sub(b"", body[:MAX_SIZE], count=1) if body.startswith(b"\xef") else body[:MAX_SIZE])
    if len(body) > MAX_SIZE:
        lines.pop()
    for line in lines:
        said = line.partition(b"#")[0]
        name, colon, value = said.partition(b":")
        if not colon and len(words := said.split()) == 2:
            name, value = words
        known = _FIELDS.get(name.strip().lower())
        if known is not None:
            yield known, value.strip()


def _canonical(path: str) -> str:
    """One spelling for all that compare as equal: escapes of plain characters are undone (section 2.2.2).

    Those of `/ ? # %` stay, for the characters themselves would mean something else.
    """
    return _ESCAPE.sub(_unescape, path) if "%" in path else path


def _unescape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if "!" <= character <= "~" and character not in "/?#%" else escape[0].upper()


ALLOW_ALL: Final = Robots.parse(b"")
DENY_ALL: Final = Robots.parse(b"User-agent: *\nDisallow: /")
