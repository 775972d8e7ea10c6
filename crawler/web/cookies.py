"""Cookies as RFC 6265bis has them: parsed, kept and given back; it knows no page a request comes from, and no disk.

A crawler has no browsing context, so SameSite is passed over. `https` alone counts as secure, loopback too. Texts are
ISO-8859-1 as in `Headers`, one character an octet. Moments are seconds of the wall clock.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

from crawler.web.scope import registrable_domain
from crawler.web.url import URL

MAX_LINE: Final = 16_384
"""Octets of a Set-Cookie line; longer ones are ignored, as section 5.3 allows: no cookie within the limits needs it."""
MAX_LINES: Final = 200
"""Set-Cookie lines of one answer that are read: a domain may have fewer cookies than that."""
MAX_PAIR: Final = 4096
"""Octets of name and value together (section 5.6); a larger cookie is ignored."""
MAX_ATTRIBUTE: Final = 1024
"""Octets of an attribute's value (section 5.6); a larger attribute is ignored."""
MAX_FIELD: Final = 8000
"""Octets of a Cookie field: servers refuse more (nginx 8 KiB a line, Apache 8,190 bytes), and one page could so shut us
out of its whole site."""
MAX_AGE: Final = 400 * 86_400.0
"""Seconds that a cookie may live at the most (section 5.5)."""
MAX_HOST: Final = 253
"""Characters of a host name (RFC 1035 section 2.3.4): a longer one has no names above it that we would look for."""
LONG_AGO: Final = 0.0
"""When a cookie ends that is to be deleted: our earliest representable date."""

_BLANK: Final = " \t"
_FORBIDDEN: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_ATTRIBUTE: Final = re.compile(
    r";[ \t]*+(expires|max-age|domain|path|secure|httponly)[ \t]*+(?:=([^;]*+))?+(?=;|\Z)", re.IGNORECASE | re.ASCII
)
_SECONDS: Final = re.compile(r"-?[0-9]+")
_DATE_TOKEN: Final = re.compile(r"[^\t\x20-/;-@\[-`{-~]+")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_PARTS: Final = {
    "time": re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])"),
    "day": re.compile(r"([0-9]{1,2})(?![0-9])"),
    "month": re.compile(f"({'|'.join(_MONTHS)})", re.IGNORECASE | re.ASCII),
    "year": re.compile(r"([0-9]{2,4})(?![0-9])"),
}
_Key = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as it is kept; `Cookie(*dataclasses.astuple(cookie))` is the same again, so it fits a row.

    `name` may be empty. `domain` is a host name in lower case or an address; `host_only` says that the hosts below it
    do not get the cookie. `expires_at` is None for a cookie that ends with the crawl. `from_secure` says that it was
    set over https, or by a person; otherwise it must leave secure cookies alone. The value is a credential and is not
    shown by `repr`.
    """

    name: str
    value: str = field(repr=False)
    domain: str
    host_only: bool
    path: str
    expires_at: float | None
    secure: bool
    http_only: bool
    created_at: float
    from_secure: bool = False

    def is_expired(self, now: float) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def pair(self) -> str:
        """Name and value as a Cookie header has them (section 5.8.3 step 6)."""
        return f"{self.name}={self.value}" if self.name else self.value

    @property
    def key(self) -> _Key:
        """What a jar holds one cookie of (section 5.7 step 23)."""
        return self.domain, self.name, self.path, self.host_only


def parse_set_cookie(line: str, url: URL, now: float) -> Cookie | None:
    """The cookie that a Set-Cookie line of the answer from `url` asks to be kept; None where it is to be ignored.

    Sections 5.6 and 5.7 but for what takes a jar to know. A cookie that is to be deleted comes as an expired one.
    """
    if len(line) > MAX_LINE or _FORBIDDEN.search(line):
        return None
    pair, semicolon, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", name
    name, value = name.strip(_BLANK), value.strip(_BLANK)
    if not 0 < len(name) + len(value) <= MAX_PAIR:
        return None
    attributes, expires_at = _parse_attributes(semicolon + rest, now)
    place = _place(attributes.get("domain", ""), url.host)
    is_https = url.scheme == "https"
    secure = "secure" in attributes
    if place is None or (secure and not is_https):
        return None
    domain, host_only = place
    path = attributes.get("path", "")
    if not path.startswith("/"):
        path = url.path[: url.path.rfind("/")] or "/"
    cookie = Cookie(name, value, domain, host_only, path, expires_at, secure, "httponly" in attributes, now, is_https)
    return cookie if _keeps_promise(cookie, "path" in attributes) else None


def _parse_attributes(text: str, now: float) -> tuple[dict[str, str], float | None]:
    """The last usable value of each known attribute by its name in lower case, and when the cookie ends."""
    attributes: dict[str, str] = {}
    ends: dict[str, float] = {}
    for found in _ATTRIBUTE.finditer(text):
        name, value = found[1].lower(), (found[2] or "").strip(_BLANK)
        if len(value) > MAX_ATTRIBUTE:
            continue
        attributes[name] = value
        if name == "expires" and (moment := parse_cookie_date(value)) is not None:
            ends[name] = min(max(moment, LONG_AGO), now + MAX_AGE)
        elif name == "max-age" and _SECONDS.fullmatch(value):
            seconds = int(value)
            ends[name] = now + min(seconds, MAX_AGE) if seconds > 0 else LONG_AGO
    return attributes, ends.get("max-age", ends.get("expires"))


def parse_cookie_date(text: str) -> float | None:
    """The moment a cookie-date names, by the rules of section 5.1.1; None where it is none.

    Order and delimiters hardly matter, week day and zone not at all; the first token that fits a part is that part.
    """
    parts: dict[str, re.Match[str]] = {}
    for token in _DATE_TOKEN.findall(text):
        for part, pattern in _DATE_PARTS.items():
            if part not in parts and (found := pattern.match(token)):
                parts[part] = found
                break
    if len(parts) < len(_DATE_PARTS):
        return None
    year, month = int(parts["year"][1]), _MONTHS.index(parts["month"][1].lower()) + 1
    year += 0 if year > 99 else 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    hour, minute, second = map(int, parts["time"].groups())
    try:
        return datetime(year, month, int(parts["day"][1]), hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _place(attribute: str, host: str) -> tuple[str, bool] | None:
    """Domain and host-only flag by the Domain attribute (section 5.7 steps 8 to 10); None: it may not set that."""
    domain = attribute.removeprefix(".").lower()
    if not domain:
        return host, True
    if domain == host:
        return host, _is_address(host) or _is_public_suffix(host)
    is_below = host.endswith(f".{domain}") and not _is_address(host)
    return (domain, False) if is_below and not _is_public_suffix(domain) else None


def _keeps_promise(cookie: Cookie, has_path: bool) -> bool:
    """Whether the cookie is what its name's prefix promises (section 5.7 steps 20 to 22)."""
    word = (cookie.name or cookie.value).lower()
    if word.startswith("__host-"):
        return cookie.name != "" and cookie.secure and cookie.host_only and has_path and cookie.path == "/"
    return not word.startswith("__secure-") or (cookie.name != "" and cookie.secure)


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


@lru_cache(maxsize=4096)
def _is_public_suffix(domain: str) -> bool:
    """Whether no one can own all below this name: a public suffix, or a bare name, which may be one."""
    return registrable_domain(domain) is None


def _path_matches(path: str, cookie_path: str) -> bool:
    """Whether a cookie of this path goes with a request for that one (section 5.1.4)."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def _domains_of(host: str) -> Iterator[str]:
    """The host, then the names above it: all domains whose cookies it can get."""
    yield host
    if len(host) <= MAX_HOST and not _is_address(host):
        while "." in host:
            host = host.partition(".")[2]
            yield host


def find_cookies(lines: Iterable[str], url: URL, now: float) -> list[Cookie]:
    """What the Set-Cookie lines of an answer from `url` set; of more than `MAX_LINES` the first count."""
    parsed = (parse_set_cookie(line, url, now) for line in islice(lines, MAX_LINES))
    return [cookie for cookie in parsed if cookie is not None]


class Jar:
    """Holds the cookies of a crawl: what is stored, and which of them a request gets.

    A copy in another process follows by storing what `store` returns, in that order. A jar is filled again by storing
    its cookies in the order in which it gives them.
    """

    __slots__ = ("_cookies", "_count", "_domains", "_ends_at", "max_cookies", "max_per_domain")

    def __init__(self, *, max_per_domain: int = 180, max_cookies: int = 3000) -> None:
        """`max_per_domain` bounds the cookies of one domain, `max_cookies` all; the defaults are what browsers keep."""
        self.max_per_domain = max_per_domain
        self.max_cookies = max_cookies
        # both in the order of last use, which is the order of leaving; the number tells which of two was set first
        self._cookies: OrderedDict[_Key, tuple[int, Cookie]] = OrderedDict()
        self._domains: dict[str, dict[_Key, None]] = {}
        self._count = 0
        self._ends_at = math.inf  # no cookie expires before this

    def __len__(self) -> int:
        return len(self._cookies)

    def __iter__(self) -> Iterator[Cookie]:
        """The cookies in the order in which they were first set."""
        return (cookie for _, cookie in sorted(self._cookies.values(), key=lambda entry: entry[0]))

    def store(self, cookie: Cookie, now: float) -> tuple[Cookie, ...]:
        """Keep a cookie, or delete one by an expired one; what changed, empty where nothing did.

        A change is a cookie as it is now kept, or an expired one for what had to leave. What leaves because its time
        is over is no change: every copy sees that for itself.
        """
        self.expire(now)
        if self._must_ignore(cookie):
            return ()
        key = cookie.key
        if cookie.is_expired(now):
            return (cookie,) if self._remove(key) is not None else ()
        number, old = self._cookies.get(key, (self._count, None))
        if old is not None:
            cookie = replace(cookie, created_at=old.created_at)
        self._count += 1
        self._cookies[key] = number, cookie
        self._domains.setdefault(cookie.domain, {})
        self._use(key)
        self._ends_at = min(self._ends_at, math.inf if cookie.expires_at is None else cookie.expires_at)
        if cookie == old:
            return ()
        gone = self._remove_excess(cookie.domain)
        if cookie in gone:
            return ()
        return (*(replace(other, expires_at=LONG_AGO, from_secure=True) for other in gone), cookie)

    def header(self, url: URL, now: float) -> str | None:
        """The value of the Cookie header of a request for `url` (section 5.8.3); None for none.

        Where there are too many, those that come first have their place, and others only as far as there is room.
        """
        host, path, is_https = url.host, url.path, url.scheme == "https"
        found: list[tuple[int, float, int, Cookie]] = []
        for domain in _domains_of(host):
            for key in self._domains.get(domain, ()):
                number, cookie = self._cookies[key]
                is_for_host = domain == host or not cookie.host_only
                is_for_scheme = is_https or not cookie.secure
                if is_for_host and is_for_scheme and _path_matches(path, cookie.path) and not cookie.is_expired(now):
                    found.append((-len(cookie.path), cookie.created_at, number, cookie))
        found.sort(key=lambda entry: entry[:3])
        pairs: list[str] = []
        room = MAX_FIELD
        for *_, cookie in found:
            size = len(cookie.pair) + len("; ")
            if size <= room:
                self._use(cookie.key)
                pairs.append(cookie.pair)
                room -= size
        return "; ".join(pairs) or None

    def expire(self, now: float) -> None:
        """Remove every cookie whose time is over."""
        if now < self._ends_at:
            return
        for key in [key for key, (_, cookie) in self._cookies.items() if cookie.is_expired(now)]:
            self._remove(key)
        ends = (cookie.expires_at for _, cookie in self._cookies.values() if cookie.expires_at is not None)
        self._ends_at = min(ends, default=math.inf)

    def _must_ignore(self, cookie: Cookie) -> bool:
        """Whether it is everybody's domain, or would lie over a secure cookie (section 5.7 steps 9 and 16)."""
        if not cookie.host_only and _is_public_suffix(cookie.domain):
            return True
        if cookie.secure or cookie.from_secure:
            return False
        below = (domain for domain in self._domains if domain.endswith(f".{cookie.domain}"))
        return any(
            old.secure and old.name == cookie.name and _path_matches(cookie.path, old.path)
            for domain in (*_domains_of(cookie.domain), *below)
            for _, old in (self._cookies[key] for key in self._domains.get(domain, ()))
        )

    def _remove_excess(self, domain: str) -> list[Cookie]:
        """What one cookie too many drives out: of its domain what is not secure first, then what was not used longest.

        The newcomer itself may go: one that is not secure never drives out one that is (section 5.7).
        """
        gone = []
        keys = self._domains[domain]
        if len(keys) > self.max_per_domain:
            gone.append(self._remove(next((key for key in keys if not self._cookies[key][1].secure), next(iter(keys)))))
        if len(self._cookies) > self.max_cookies:
            gone.append(self._remove(next(iter(self._cookies))))
        return [cookie for cookie in gone if cookie is not None]

    def _use(self, key: _Key) -> None:
        """Make this the cookie that was used last."""
        self._cookies.move_to_end(key)
        keys = self._domains[key[0]]
        keys.pop(key, None)
        keys[key] = None

    def _remove(self, key: _Key) -> Cookie | None:
        entry = self._cookies.pop(key, None)
        if entry is None:
            return None
        keys = self._domains[key[0]]
        del keys[key]
        if not keys:
            del self._domains[key[0]]
        return entry[1]
