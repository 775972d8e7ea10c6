"""Which URLs belong to a crawl, by a word, its start URLs and patterns; it knows nothing of depth, limits or robots.

A *site* is host and port as `URL.site` has them: http and https on their default ports are one. The wider words widen
the name and never the port: `subdomains` of `http://example.org:8080/` are the names below it on port 8080.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Final

from crawler.errors import SettingsError
from crawler.web.url import URL

MAX_URL: Final = 16_384
"""Longer URLs belong to no scope: servers refuse half of that, and it bounds what a pattern is run over."""

MAX_KNOWN: Final = 16_384
"""How many URLs a scope remembers what it made of: sites name the same ones again and again."""

MAX_KNOWN_URL: Final = 250
"""Characters of a URL that is remembered."""

PATTERN_WORDS: Final = (
    "takes globs over the whole URL (* ? [...]) such as *.pdf, or over its path such as /private/*, or re:REGEX"
)

_Rule = Callable[[URL], bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """Admits the URLs of a crawl.

    `word` is page, path, host, subdomains, domain or any; `roots` are the start URLs and where they redirected to. A
    root is always admitted, whatever the patterns say, for a person asked for it. `include`, where given, narrows what
    the word admits; `exclude` wins over both. A pattern is a glob that must fit the whole URL, or its path and query
    where it begins with `/`; or, behind `re:`, a regular expression that must be found in the URL.
    """

    word: str
    roots: tuple[URL, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _root_set: frozenset[URL] = field(init=False, repr=False, compare=False)
    _admits: Callable[[str], bool] = field(init=False, repr=False, compare=False)
    _within: _Rule = field(init=False, repr=False, compare=False)
    _included: tuple[Callable[[str], Any], ...] = field(init=False, repr=False, compare=False)
    _excluded: tuple[Callable[[str], Any], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.word not in _RULES:
            raise SettingsError(f"scope.scope: {self.word!r} is not accepted: takes one of {', '.join(_RULES)}")
        object.__setattr__(self, "_root_set", frozenset(self.roots))
        object.__setattr__(self, "_admits", lru_cache(MAX_KNOWN)(self._decide))
        object.__setattr__(self, "_within", _RULES[self.word](self.roots))
        object.__setattr__(self, "_included", tuple(_matcher(text, "include") for text in self.include))
        object.__setattr__(self, "_excluded", tuple(_matcher(text, "exclude") for text in self.exclude))

    def admit(self, url: URL) -> bool:
        """Whether this URL belongs to the crawl."""
        text = str(url)
        return self._admits(text) if len(text) <= MAX_KNOWN_URL else self._decide(text)

    def _decide(self, text: str) -> bool:
        url = URL.known(text)
        if url in self._root_set:
            return True
        if len(text) > MAX_URL or not url.is_http or not self._within(url):
            return False
        if any(excludes(text) for excludes in self._excluded):
            return False
        return not self._included or any(includes(text) for includes in self._included)

    def with_root(self, url: URL) -> "Scope":
        """The scope that has one root more: where a start URL redirected to."""
        return self if url in self._root_set else replace(self, roots=(*self.roots, url))


def _page(roots: Iterable[URL]) -> _Rule:
    """Nothing but the roots, which are admitted before this is asked."""
    return lambda url: False


def _path(roots: Iterable[URL]) -> _Rule:
    """The folders of the roots: each start path up to its last `/`."""
    folders: dict[str, tuple[str, ...]] = {}
    for root in roots:
        folders[root.site] = (*folders.get(root.site, ()), root.path.rpartition("/")[0] + "/")
    return lambda url: url.target.startswith(folders.get(url.site, ()))


def _host(roots: Iterable[URL]) -> _Rule:
    sites = frozenset(root.site for root in roots)
    return lambda url: url.site in sites


def _subdomains(roots: Iterable[URL]) -> _Rule:
    sites = frozenset(root.site for root in roots)
    endings = tuple(f".{site}" for site in sites)
    return lambda url: (site := url.site) in sites or site.endswith(endings)


def _domain(roots: Iterable[URL]) -> _Rule:
    domains = frozenset(_site_domain(root.site) for root in roots)
    return lambda url: _site_domain(url.site) in domains


def _any(roots: Iterable[URL]) -> _Rule:
    return lambda url: True


_RULES: Final[dict[str, Callable[[Iterable[URL]], _Rule]]] = {
    "page": _page,
    "path": _path,
    "host": _host,
    "subdomains": _subdomains,
    "domain": _domain,
    "any": _any,
}


def registrable_domain(host: str) -> str | None:
    """The name one can register that `host` lies under (`example.co.uk`); None for a public suffix or a bare name.

    By the public suffix list with its private part, so that two users of `github.io` are two domains.
    """
    name: str | None = _suffixes().privatesuffix(host)
    return name


@cache
def _suffixes() -> Any:
    """The public suffix list; loaded when first asked, for it takes 30 ms and 3 MB."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@lru_cache(maxsize=4096)
def _site_domain(site: str) -> str:
    """The registrable domain of a site, with the site's port; an address or a bare name is its own domain."""
    host, colon, port = site.partition(":")
    is_address = site.startswith("[") or host.rpartition(".")[2].isdigit()
    return site if is_address else f"{registrable_domain(host) or host}{colon}{port}"


def _matcher(pattern: str, key: str) -> Callable[[str], Any]:
    """The test that a pattern is; `SettingsError` names it and says what is accepted."""
    try:
        if pattern.startswith("re:"):
            return re.compile(pattern[3:]).search
        if not pattern:
            raise ValueError("is empty")
        # fnmatch writes each `*` but the last as an atomic group, so a glob never backtracks over what it has matched
        anchor = r"[^/]*//[^/]*" if pattern.startswith("/") else ""
        return re.compile(anchor + fnmatch.translate(pattern)).match
    except (ValueError, re.error, OverflowError, RecursionError) as error:
        raise SettingsError(f"scope.{key}: {pattern!r} {error}: {PATTERN_WORDS}") from error
