"""URLs as the WHATWG URL standard has them, parsed and joined by ada-url; it knows nothing of what they lead to.

A `URL` is its normalised text and nothing else: the parts are read off that text, which the standard has already put
into one form (lower-case scheme and host, no default port, percent-encoded path and query).
"""

import re
from typing import Final
from urllib.parse import unquote

import ada_url

from crawler.errors import InvalidURLError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PLAIN: Final = re.compile(r"((?:\.\./)*)([A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/?)")
"""A relative path that a join takes as it stands, behind steps upwards: no escapes, no dot segments, no scheme."""


class URL:
    """A normalised absolute URL without fragment and without userinfo; equal and hashed by its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str, base: "URL | None" = None) -> None:
        """Parse `text` (against `base`, where given); `InvalidURLError` where it is no URL."""
        try:
            href = ada_url.join_url(base._text, text) if base is not None else ada_url.normalize_url(text)
        except ValueError as error:
            if (text := _scalar_values(given := text)) == given:
                raise InvalidURLError(f"not a URL: {without_secret(text)[:200]!r}") from error
            href = str(URL(text, base))
        if "#" in href:
            href = href.partition("#")[0]
        self._text: str = _without_userinfo(href) if "@" in href else href

    @classmethod
    def known(cls, text: str) -> "URL":
        """The URL of a text that a URL printed before (a row of the database); not checked again."""
        url = object.__new__(cls)
        url._text = text
        return url

    def join(self, text: str) -> "URL":
        """The URL that `text`, found in the document at this URL, leads to.

        Plain relative paths, which most links are, are joined here: nothing in them is to be escaped or folded.
        """
        plain = _PLAIN.fullmatch(text)
        if plain is None or not self.is_http:
            return URL(text, self)
        base = self._text
        root = base.find("/", len("https://"))
        folder = base.rfind("/", 0, end if (end := base.find("?")) > 0 else None)
        for _ in range(0, len(plain[1]), len("../")):
            folder = base.rfind("/", root, folder) if folder > root else root
        return URL.known(base[: folder + 1] + plain[2])

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"URL({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @property
    def scheme(self) -> str:
        """`http`, `https`, or whatever else the text named (`mailto`, `file`)."""
        return self._text.partition(":")[0]

    @property
    def is_http(self) -> bool:
        """Whether this is a URL that the crawler can ask for."""
        return self._text.startswith(("http://", "https://"))

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port, as a Host header has them (`[::1]:8080`).

        Empty where the scheme has none: `javascript:open('http://example.org/')` is on no host.
        """
        parts = self._text.split("/", 3)
        if len(parts) < 3 or parts[1] or parts[0].find(":") != len(parts[0]) - 1:
            return ""
        return parts[2].partition("?")[0]

    @property
    def host(self) -> str:
        """The host name in lower case (punycode), or the address; IPv6 without its brackets."""
        authority = self.authority
        if authority.startswith("["):
            return authority[1:].partition("]")[0]
        return authority.partition(":")[0]

    @property
    def port(self) -> int:
        """The port to connect to."""
        name, _, port = self.authority.rpartition(":")
        return int(port) if name and port.isdigit() else DEFAULT_PORTS.get(self.scheme, 0)

    @property
    def origin(self) -> str:
        """Scheme, host and port: what credentials and connections belong to (RFC 6454)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def site(self) -> str:
        """Host and port, where http and https on their default ports are one: what is polite to as one host."""
        return self.authority

    @property
    def target(self) -> str:
        """Path and query, as they stand in a request line (RFC 9112 section 3.2.1)."""
        parts = self._text.split("/", 3)
        return f"/{parts[3]}" if len(parts) == 4 and parts[0][-1:] == ":" and not parts[1] else "/"

    @property
    def path(self) -> str:
        """The path, percent-encoded, beginning with `/`."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query without its `?`, empty where there is none."""
        return self.target.partition("?")[2]


def _scalar_values(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, as a browser hands it to its URL parser (WebIDL USVString)."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def without_secret(text: str) -> str:
    """What may be shown of a text that is no URL: nothing before an `@`, where a password could stand."""
    _, at, rest = text.rpartition("@")
    return f"...@{rest}" if at else text


def _without_userinfo(href: str) -> str:
    """The same URL without user and password; `@` elsewhere (a path, a mail address) is left alone."""
    scheme, _, rest = href.partition("://")
    end = min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0)
    _, at, host = rest[:end].rpartition("@")
    return f"{scheme}://{host}{rest[end:]}" if at and ":" not in scheme else href


def split_userinfo(text: str) -> tuple[URL, tuple[str, str] | None]:
    """A URL given by a person, and the (user, password) it carried, percent-decoded; None where it carried none."""
    url = URL(text)
    parsed = ada_url.URL(_scalar_values(text))
    if not parsed.username and not parsed.password:
        return url, None
    return url, (unquote(parsed.username), unquote(parsed.password))
