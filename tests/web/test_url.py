"""URLs: one text each, and parts that are those the standard's own parser finds."""

import ada_url
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawler.errors import InvalidURLError
from crawler.web.url import DEFAULT_PORTS, URL, split_userinfo

TEXTS = [
    "http://example.org", "https://EXAMPLE.org:443/a/../b", "http://example.org:8080/a?b#c", "http://example.org?x/y?z",
    "http://u:p@example.org/@x?y@z", "http://u@example.org", "https://[::1]/", "https://[::1]:8443/a", "http://0x7f.1:80/",
    "http://bücher.example/ü?ü", "http://h/%e4%E4", "http://h/?", "http://h/?#", "http://h/a b\"<>`{}|^[]\\c?a\\b'{}",
]  # fmt: skip
texts = st.one_of(
    st.sampled_from(TEXTS), st.text(st.one_of(st.sampled_from("htps:/.?#@[]%:1a\\ "), st.characters()), max_size=30)
)


@settings(deadline=None)
@given(texts, texts)
def test_a_url_is_its_text(base: str, text: str) -> None:
    try:
        url = URL(text, URL(base))
    except InvalidURLError:
        assume(False)
    assert URL(str(url)) == url
    assert hash(URL(str(url))) == hash(url)
    assert URL.known(str(url)) == url
    assert "#" not in str(url)
    assert str(url).isascii()


@settings(deadline=None)
@given(st.sampled_from(["http://", "https://", "http://u:p@", "https://a@b@"]), texts)
def test_parts_are_those_of_the_standard(scheme: str, rest: str) -> None:
    try:
        url = URL(scheme + rest)
    except InvalidURLError:
        assume(False)
    parsed = ada_url.URL(str(url))
    assert (parsed.username, parsed.password, parsed.hash) == ("", "", "")
    assert url.scheme == parsed.protocol[:-1]
    assert url.is_http
    assert url.authority == parsed.host
    assert url.host == parsed.hostname.strip("[]")
    assert url.port == int(parsed.port or {"http": 80, "https": 443}[url.scheme])
    assert url.origin == parsed.origin
    assert url.path == parsed.pathname
    assert url.query == parsed.search[1:]
    assert url.target == str(url).removeprefix(parsed.origin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://user:secret@example.org/a", "http://example.org/a"),
        ("http://user@example.org:8080?q", "http://example.org:8080/?q"),
        ("http://:@example.org/", "http://example.org/"),
        ("http://a@b@example.org/", "http://example.org/"),
        ("http://example.org/@me?to=a@b", "http://example.org/@me?to=a@b"),
        ("http://u@example.org/@me?to=a@b", "http://example.org/@me?to=a@b"),
        ("ftp://u:p@example.org/a", "ftp://example.org/a"),
        ("foo://u@example.org?a@b", "foo://example.org?a@b"),
        ("mailto:me@example.org", "mailto:me@example.org"),
        ("mailto:me@example.org?body=http://you@example.org/", "mailto:me@example.org?body=http://you@example.org/"),
        ("data:,a@b", "data:,a@b"),
        ("file:///C:/a@b", "file:///C:/a@b"),
    ],
)
def test_userinfo_is_cut_and_nothing_else(text: str, expected: str) -> None:
    assert str(URL(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://example.org/a#b", "http://example.org/a"),
        ("http://example.org/a?b#c?d", "http://example.org/a?b"),
        ("http://example.org/#", "http://example.org/"),
        ("javascript:f('#')", "javascript:f('"),
    ],
)
def test_fragments_are_cut(text: str, expected: str) -> None:
    assert str(URL(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "a", "//", "http://", "http:// /", "http://[::1", "http://a:99999/", "http://1.2.3.4.5/"]
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(InvalidURLError):
        URL(text)


def test_a_refusal_is_short_and_shows_no_secret() -> None:
    with pytest.raises(InvalidURLError) as refused:
        URL("http://user:secret@exa mple.org/" + "a" * 1000)
    assert "secret" not in str(refused.value)
    assert "exa mple.org" in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("text", ["http://\ud800/", "\udfff:x"])
def test_a_lone_surrogate_is_no_way_around(text: str) -> None:
    with pytest.raises(InvalidURLError):
        URL(text)


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    assert str(URL("http://h/\ud83d\ude00\ud83d")) == "http://h/%F0%9F%98%80%EF%BF%BD"


@pytest.mark.parametrize(
    "text", ["javascript:open('http://example.org/')", "data:,http://example.org/", "mailto:a", "x:/a://b"]
)
def test_a_url_without_authority_is_on_no_host(text: str) -> None:
    url = URL(text)
    assert (url.authority, url.host, url.site, url.is_http) == ("", "", "", False)


@pytest.mark.parametrize(
    ("text", "host", "port", "origin"),
    [
        ("http://EXAMPLE.org", "example.org", 80, "http://example.org"),
        ("https://example.org:444/a:1", "example.org", 444, "https://example.org:444"),
        ("https://[2001:DB8:0::1]/", "2001:db8::1", 443, "https://[2001:db8::1]"),
        ("http://[::1]:8080/", "::1", 8080, "http://[::1]:8080"),
        ("http://bücher.example", "xn--bcher-kva.example", 80, "http://xn--bcher-kva.example"),
        ("http://0x7f.1:0/", "127.0.0.1", 0, "http://127.0.0.1:0"),
    ],
)
def test_hosts_and_ports(text: str, host: str, port: int, origin: str) -> None:
    assert (URL(text).host, URL(text).port, URL(text).origin) == (host, port, origin)


@pytest.mark.parametrize(
    ("text", "path", "query", "target"),
    [
        ("http://example.org", "/", "", "/"),
        ("http://example.org?a/b?c", "/", "a/b?c", "/?a/b?c"),
        ("http://example.org/a//b?", "/a//b", "", "/a//b?"),
        ("http://example.org/ü ?ü '", "/%C3%BC%20", "%C3%BC%20%27", "/%C3%BC%20?%C3%BC%20%27"),
    ],
)
def test_paths_and_queries(text: str, path: str, query: str, target: str) -> None:
    assert (URL(text).path, URL(text).query, URL(text).target) == (path, query, target)


def test_other_schemes_have_no_port_of_their_own() -> None:
    assert URL("gopher://example.org/").port == 0
    assert URL("gopher://example.org:70/").port == 70
    assert dict(DEFAULT_PORTS) == {"http": 80, "https": 443}


def test_a_target_without_path_is_the_root() -> None:
    assert URL("foo://example.org").target == "/"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://example.org/", "https://example.org/a", True),
        ("http://example.org:80/", "https://example.org:443/", True),
        ("http://example.org/", "http://example.org:8080/", False),
        ("http://example.org:443/", "https://example.org/", False),
        ("http://example.org/", "http://www.example.org/", False),
    ],
)
def test_a_site_is_name_and_port(one: str, other: str, same: bool) -> None:
    assert (URL(one).site == URL(other).site) is same


def test_joining_keeps_empty_segments_and_knows_dots() -> None:
    base = URL("http://example.org/a/b/c.html?q")
    assert str(base.join("../x//y/./z")) == "http://example.org/a/x//y/z"
    assert str(base.join("?r")) == "http://example.org/a/b/c.html?r"
    assert str(base.join("//other.example/")) == "http://other.example/"
    assert str(base.join("#top")) == str(base)


def test_equality_is_of_the_text() -> None:
    assert URL("http://EXAMPLE.org") == URL("http://example.org/")
    assert URL("http://example.org/a") != URL("http://example.org/A")
    assert URL("http://example.org/") != "http://example.org/"
    assert repr(URL("http://example.org/")) == "URL('http://example.org/')"


@pytest.mark.parametrize(
    ("text", "url", "userinfo"),
    [
        ("http://example.org/", "http://example.org/", None),
        ("http://me:a%40b%C3%A9@example.org/", "http://example.org/", ("me", "a@bé")),
        ("http://me@example.org/", "http://example.org/", ("me", "")),
        ("http://:pw@example.org/", "http://example.org/", ("", "pw")),
        ("http://example.org/a@b", "http://example.org/a@b", None),
        ("http://me:\ud800@example.org/", "http://example.org/", ("me", "\ufffd")),
    ],
)
def test_splitting_off_a_credential(text: str, url: str, userinfo: tuple[str, str] | None) -> None:
    assert split_userinfo(text) == (URL(url), userinfo)


PIECES = st.sampled_from(
    ["a", "b.html", "..", ".", "~x", "_", "-", "A.b-C", "", "%2e", "c:", "x@y", "é", "?q=/../z", "#f"]
)
BASES = st.sampled_from([
    "http://h/", "http://h/a", "http://h/a/b/c", "https://h:8443/a//b/", "http://h/a?x=/y/z", "http://[::1]/a/b?/../",
    "http://h//a/b/", "mailto:a@b", "file:///a/b",
])  # fmt: skip


@given(BASES, st.lists(PIECES, max_size=6).map("/".join))
def test_a_plain_relative_path_is_joined_as_the_standard_joins_it(base: str, text: str) -> None:
    try:
        expected = ada_url.join_url(base, text).partition("#")[0]
    except ValueError:
        return
    assert str(URL(base).join(text)) == str(URL(expected))
