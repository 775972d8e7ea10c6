"""Scope: what each word admits, and how patterns narrow it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.web.scope import MAX_URL, Scope, registrable_domain
from crawler.web.url import URL


def scope(word: str, *roots: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> Scope:
    return Scope(word, tuple(URL(root) for root in roots), include, exclude)


START = "https://docs.example.co.uk/guide/index.html"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (START, "page path host subdomains domain any"),
        ("https://docs.example.co.uk/guide/", "path host subdomains domain any"),
        ("https://docs.example.co.uk/guide/a/b?c", "path host subdomains domain any"),
        ("http://docs.example.co.uk/guide/", "path host subdomains domain any"),
        ("https://docs.example.co.uk/guide", "host subdomains domain any"),
        ("https://docs.example.co.uk/guide?/guide/", "host subdomains domain any"),
        ("https://docs.example.co.uk/guides/", "host subdomains domain any"),
        ("https://docs.example.co.uk/", "host subdomains domain any"),
        ("https://old.docs.example.co.uk/guide/", "subdomains domain any"),
        ("https://mydocs.example.co.uk/guide/", "domain any"),
        ("https://www.example.co.uk/guide/", "domain any"),
        ("https://example.co.uk/", "domain any"),
        ("https://other.co.uk/", "any"),
        ("https://co.uk/", "any"),
        ("https://docs.example.co.uk:8443/guide/", "any"),
        ("http://docs.example.co.uk:443/guide/", "any"),
        ("https://docs.example.co.uk.evil.example/guide/", "any"),
        ("ftp://docs.example.co.uk/guide/", ""),
        ("javascript:'https://docs.example.co.uk/guide/'", ""),
        ("file:///guide/", ""),
    ],
)
def test_what_each_word_admits(url: str, words: str) -> None:
    every = ["page", "path", "host", "subdomains", "domain", "any"]
    assert [word for word in every if scope(word, START).admit(URL(url))] == words.split()


@pytest.mark.parametrize(
    ("start", "url", "admitted"),
    [
        ("https://example.org/docs", "https://example.org/other", True),
        ("https://example.org/docs/", "https://example.org/other", False),
        ("https://example.org/a/b/c?x=/d/", "https://example.org/a/b/x", True),
        ("https://example.org/a/b/c?x=/d/", "https://example.org/a/", False),
        ("https://example.org/a//b", "https://example.org/a/c", False),
        ("https://example.org/a//b", "https://example.org/a//c", True),
    ],
)
def test_a_path_goes_up_to_the_last_slash(start: str, url: str, admitted: bool) -> None:
    assert scope("path", start).admit(URL(url)) is admitted


@pytest.mark.parametrize(
    ("start", "url", "admitted"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/x", True),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8001/x", False),
        ("http://127.0.0.1/", "http://10.0.0.1/", False),
        ("http://[::1]:8000/", "http://[::1]:8000/x", True),
        ("http://[::1]:8000/", "http://[::2]:8000/x", False),
        ("http://localhost:8000/", "http://localhost:8000/x", True),
        ("http://localhost:8000/", "http://a.localhost:8000/x", False),
        ("http://example.org:8000/", "http://www.example.org:8000/", True),
        ("http://example.org:8000/", "http://www.example.org/", False),
        ("https://alice.github.io/", "https://bob.github.io/", False),
        ("https://alice.github.io/", "https://x.alice.github.io/", True),
        ("https://github.io/", "https://alice.github.io/", False),
    ],
)
def test_domains(start: str, url: str, admitted: bool) -> None:
    assert scope("domain", start).admit(URL(url)) is admitted


def test_subdomains_keep_the_port() -> None:
    below = scope("subdomains", "http://example.org:8000/")
    assert below.admit(URL("http://a.b.example.org:8000/"))
    assert not below.admit(URL("http://a.b.example.org/"))


def test_several_roots_add_up() -> None:
    both = scope("path", "https://a.example/x/", "https://b.example/y/", "https://b.example/z/")
    assert [both.admit(URL(f"https://{name}")) for name in ("a.example/x/1", "b.example/y/1", "b.example/z/1")] == [
        True
    ] * 3
    assert not both.admit(URL("https://a.example/y/1"))
    assert not scope("host").admit(URL("https://a.example/"))


def test_a_root_more() -> None:
    before = scope("host", "http://example.org/", exclude=("*.pdf",))
    after = before.with_root(URL("https://www.example.org/"))
    assert not before.admit(URL("https://www.example.org/a"))
    assert after.admit(URL("https://www.example.org/a"))
    assert after.admit(URL("http://example.org/a"))
    assert not after.admit(URL("https://www.example.org/a.pdf"))
    assert after.with_root(URL("http://example.org/")) is after


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("*.pdf", "https://e.org/a/b.pdf", True),
        ("*.pdf", "https://e.org/a/b.pdf?x", False),
        ("*.pdf", "https://e.org/a/bXpdf", False),
        ("https://e.org/a/*", "https://e.org/a/b/c?d", True),
        ("https://e.org/a/*", "https://e.org/b/a/", False),
        ("https://e.org/a", "https://e.org/a/b", False),
        ("*/v?/*", "https://e.org/v1/x", True),
        ("*/v?/*", "https://e.org/v12/x", False),
        ("*/v[1-3]/*", "https://e.org/v2/x", True),
        ("*/v[!1-3]/*", "https://e.org/v2/x", False),
        ("*/[z-a]/*", "https://e.org/z/x", False),
        ("/private/*", "https://e.org/private/x", True),
        ("/private/*", "https://e.org:81/private/", True),
        ("/private/*", "https://e.org/a/private/x", False),
        ("/a?b=*", "https://e.org/a?b=1", True),
        ("*", "https://e.org/", True),
        ("re:/private/", "https://e.org/a/private/x", True),
        ("re:^https://e\\.org/$", "https://e.org/", True),
        ("re:^https://e\\.org/$", "https://e.org/a", False),
        ("re:\\.(png|jpg)$", "https://e.org/a.jpg", True),
        ("re:(?i)A", "https://e.org/a", True),
    ],
)
def test_patterns(pattern: str, url: str, fits: bool) -> None:
    assert scope("any", include=(pattern,)).admit(URL(url)) is fits
    assert scope("any", exclude=(pattern,)).admit(URL(url)) is not fits


def test_include_narrows_and_exclude_wins() -> None:
    narrowed = scope("host", "https://e.org/", include=("*/a/*", "*/b/*"), exclude=("*.pdf", "re:secret"))
    expected = {
        "https://e.org/a/x": True, "https://e.org/b/x": True, "https://e.org/c/x": False,
        "https://e.org/a/x.pdf": False,
        "https://e.org/b/secret": False, "https://f.org/a/x": False,
    }  # fmt: skip
    assert {url: narrowed.admit(URL(url)) for url in expected} == expected


def test_a_root_is_admitted_whatever_the_patterns_say() -> None:
    assert scope("page", "https://e.org/a", include=("*.html",), exclude=("*",)).admit(URL("https://e.org/a"))


def test_endless_urls_belong_to_no_scope() -> None:
    longest = "https://e.org/" + "a" * (MAX_URL - 14)
    assert scope("any").admit(URL(longest))
    assert not scope("any").admit(URL(longest + "a"))


def test_globs_do_not_backtrack() -> None:
    hostile = scope("any", exclude=("*a" * 40 + "b", "*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*c"))
    assert hostile.admit(URL("https://e.org/" + "a" * 16_000))


def fits(pattern: str, text: str) -> bool:
    """A glob of `*` and `?` by its definition."""
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = set(range(min(reached, default=len(text) + 1), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and sign in ("?", text[at])}
    return len(text) in reached


@settings(deadline=None)
@given(st.text("*?ab/.", min_size=1, max_size=12), st.text("ab/.", max_size=12))
def test_globs_are_what_they_are_defined_as(tail: str, rest: str) -> None:
    url = URL(f"https://e.org/{rest}")
    assert scope("any", include=(f"https://{tail}",)).admit(url) is fits(f"https://{tail}", str(url))


@pytest.mark.parametrize("pattern", ["re:(", "re:[", "re:a{99999999999}", "re:*", "", "re:(?P<a>x)(?P<a>y)"])
@pytest.mark.parametrize("key", ["include", "exclude"])
def test_a_bad_pattern_is_named(pattern: str, key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Scope("any", (), **{key: (pattern,)})
    assert repr(pattern) in str(refused.value)
    assert f"scope.{key}" in str(refused.value)
    assert "re:REGEX" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(SettingsError, match=r"'site' is not accepted: takes one of page, path, host"):
        scope("site", "https://e.org/")


def test_a_scope_is_a_value() -> None:
    assert scope("host", "https://e.org/") == scope("host", "https://e.org")
    assert "lambda" not in repr(scope("host", "https://e.org/"))


def test_registrable_domain_of_what_is_none() -> None:
    assert registrable_domain("com") is None
    assert registrable_domain("localhost") is None
