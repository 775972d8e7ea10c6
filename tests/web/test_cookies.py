"""Cookies by RFC 6265bis: what a Set-Cookie line asks for, what a jar keeps, and what a request gets."""

import dataclasses
import json
import pickle
import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.cookies import (
    LONG_AGO,
    MAX_AGE,
    MAX_ATTRIBUTE,
    MAX_FIELD,
    MAX_HOST,
    MAX_LINE,
    MAX_PAIR,
    Cookie,
    Jar,
    parse_cookie_date,
    parse_set_cookie,
)
from crawler.web.scope import registrable_domain
from crawler.web.url import URL

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC).timestamp()
HOME = "https://www.example.org/shop/cart?id=/7/"


def parsed(line: str, url: str = HOME) -> Cookie | None:
    return parse_set_cookie(line, URL(url), NOW)


def cookie(line: str, url: str = HOME, now: float = NOW) -> Cookie:
    found = parse_set_cookie(line, URL(url), now)
    assert found is not None
    return found


def jar_of(*lines: str, url: str = HOME) -> Jar:
    """A jar that has seen these lines; `URL => line` for one that came from elsewhere."""
    jar = Jar()
    for line in lines:
        source, arrow, text = line.rpartition(" => ")
        found = parsed(text, source if arrow else url)
        if found is not None:
            jar.store(found, NOW)
    return jar


def sent(jar: Jar, url: str, now: float = NOW) -> str | None:
    return jar.header(URL(url), now)


# --- name and value


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("sid=31d4", ("sid", "31d4")),
        ("sid=", ("sid", "")),
        ("=31d4", ("", "31d4")),
        ("31d4", ("", "31d4")),
        ("  31d4\t;Path=/", ("", "31d4")),
        ("\t sid \t=\t 31d4 \t; HttpOnly", ("sid", "31d4")),
        ("sid==a=b=", ("sid", "=a=b=")),
        ("==a", ("", "=a")),
        ('sid="a b, c"', ("sid", '"a b, c"')),
        ('sid="a;b"', ("sid", '"a')),
        ("sid=a\tb", ("sid", "a\tb")),
        ("two words=1", ("two words", "1")),
        ("sid=%0d%0a", ("sid", "%0d%0a")),
        ("n\xe9=\xff\x80", ("n\xe9", "\xff\x80")),
        ("sid=\xa01\xa0", ("sid", "\xa01\xa0")),
        ("$Version=1; sid=2", ("$Version", "1")),
        ("sid=1, other=2", ("sid", "1, other=2")),
    ],
)
def test_name_and_value(line: str, pair: tuple[str, str]) -> None:
    found = cookie(line)
    assert (found.name, found.value) == pair


@pytest.mark.parametrize("line", ["", " \t ", "=", " = ", ";", "; sid=1", "=; Path=/", ";;;;"])
def test_neither_name_nor_value_is_no_cookie(line: str) -> None:
    assert parsed(line) is None


@pytest.mark.parametrize("code", [*range(9), *range(10, 32), 127])
def test_a_control_character_anywhere_spoils_the_line(code: int) -> None:
    for line in ("s{}=1", "s=1{}", "s=1; Path=/{}", "s=1; {}", "{}s=1"):
        assert parsed(line.format(chr(code))) is None


@pytest.mark.parametrize("text", ["\u0100", "\u20ac", "\ud800", "\U0001f36a"])
def test_what_is_no_octet_spoils_the_line(text: str) -> None:
    assert parsed(f"s={text}") is None


def test_the_pair_has_a_limit() -> None:
    for name, value in (("n" * 96, "v" * (MAX_PAIR - 96)), ("", "v" * MAX_PAIR), ("n" * MAX_PAIR, "")):
        assert cookie(f"{name}={value}").value == value
        assert cookie(f"  {name} = {value} ;").value == value
        assert parsed(f"{name}={value}x") is None
        assert parsed(f"x{name}={value}") is None


def test_the_line_has_a_limit() -> None:
    line = "s=1; x=" + "y" * (MAX_LINE - 7)
    assert parsed(line) is not None
    assert parsed(line + "y") is None


# --- attributes


@pytest.mark.parametrize(
    ("attribute", "path"),
    [
        ("Path=/a", "/a"),
        ("PATH=/a", "/a"),
        (" \tpath\t = \t/a\t ", "/a"),
        ("Path=/a/; Path=/b", "/b"),
        ("Path=/a; Path", "/shop"),
        ("Path=/a; Path=b", "/shop"),
        ("Path=; Path=/a", "/a"),
        ("Path", "/shop"),
        ("Path=", "/shop"),
        ("Path=a", "/shop"),
        ('Path="/a"', "/shop"),
        ("Path=/a=b", "/a=b"),
        ("Paths=/a", "/shop"),
        ("x Path=/a", "/shop"),
        ("x=Path=/a", "/shop"),
        ("Path x=/a", "/shop"),
        ('x="y;Path=/a"', '/a"'),
        ("Path=/%61?b#c", "/%61?b#c"),
        ("", "/shop"),
    ],
)
def test_path(attribute: str, path: str) -> None:
    assert cookie(f"s=1;{attribute}").path == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://example.org", "/"),
        ("https://example.org/", "/"),
        ("https://example.org/a", "/"),
        ("https://example.org/a/", "/a"),
        ("https://example.org/a/b", "/a"),
        ("https://example.org/a/b/c?/d/e", "/a/b"),
        ("https://example.org//a", "/"),
        ("https://example.org//a/b", "//a"),
        ("https://example.org?a/b", "/"),
    ],
)
def test_default_path(url: str, path: str) -> None:
    assert cookie("s=1", url).path == path


def test_a_long_attribute_is_ignored_and_the_one_before_it_counts() -> None:
    longest = "/" + "a" * (MAX_ATTRIBUTE - 1)
    assert cookie(f"s=1; Path= {longest} ").path == longest
    assert cookie(f"s=1; Path=/b; Path={longest}a").path == "/b"
    assert cookie(f"s=1; Path={longest}a").path == "/shop"
    assert not cookie(f"s=1; Secure={longest}a").secure
    assert cookie(f"s=1; Max-Age=9; Max-Age={'9' * (MAX_ATTRIBUTE + 1)}").expires_at == NOW + 9


@pytest.mark.parametrize(
    ("attributes", "secure", "http_only"),
    [
        ("Secure; HttpOnly", True, True),
        ("sEcUrE=no;HTTPONLY=", True, True),
        (";; Secure ;x", True, False),
        ("Secure =", True, False),
        ('"Secure"; Http-Only', False, False),
        ("Secure x", False, False),
        ("Secur; Securee", False, False),
        ("\u017fecure", False, False),
        ("SameSite=None; SameSite=Strict", False, False),
    ],
)
def test_secure_and_http_only(attributes: str, secure: bool, http_only: bool) -> None:
    found = parsed(f"s=1; {attributes}")
    if attributes.isascii():
        assert found is not None
        assert (found.secure, found.http_only) == (secure, http_only)
    else:
        assert found is None


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://localhost/", True),
        ("http://example.org/", False),
        ("http://localhost/", False),
        ("http://[::1]/", False),
    ],
)
def test_only_https_may_set_a_secure_cookie(url: str, kept: bool) -> None:
    assert (parsed("s=1; Secure", url) is not None) is kept
    assert cookie("s=1", url).from_secure is kept


@pytest.mark.parametrize(
    ("attributes", "lives"),
    [
        ("", None),
        ("Max-Age=60", 60),
        ("max-age=060", 60),
        ("Max-Age= 60 ", 60),
        ("Max-Age=60; Max-Age=30", 30),
        ("Max-Age=60; Max-Age=x", 60),
        ("Max-Age=60; Max-Age=", 60),
        ("Max-Age=60; Expires=Fri, 20 Nov 2026 12:00:01 GMT", 60),
        ("Expires=Fri, 20 Nov 2026 12:00:01 GMT; Max-Age=60", 60),
        ("Expires=Fri, 20 Nov 2026 12:00:01 GMT; Max-Age=1x", 1),
        ("Expires=Fri, 20 Nov 2026 12:00:01 GMT", 1),
        ("expires=Fri, 20-Nov-26 12:00:01", 1),
        ("Expires=Fri, 20 Nov 2026 12:00:09 GMT; Expires=Fri, 20 Nov 2026 12:00:01 GMT", 1),
        ("Expires=Fri, 20 Nov 2026 12:00:01 GMT; Expires=never", 1),
        ("Expires=never", None),
        ("Expires", None),
        ("Max-Age=1.5", None),
        ("Max-Age=+5", None),
        ("Max-Age=-", None),
        ("Max-Age=--1", None),
        ("Max-Age=1_0", None),
        ("Max-Age=1 0", None),
        ("Max-Age=0x10", None),
        ("Max-Age=\xb2", None),
        (f"Max-Age={MAX_AGE - 1:.0f}", MAX_AGE - 1),
        (f"Max-Age={MAX_AGE:.0f}", MAX_AGE),
        (f"Max-Age={MAX_AGE + 1:.0f}", MAX_AGE),
        (f"Max-Age={'9' * MAX_ATTRIBUTE}", MAX_AGE),
        ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", MAX_AGE),
    ],
)
def test_how_long_it_lives(attributes: str, lives: float | None) -> None:
    assert cookie(f"s=1; {attributes}").expires_at == (None if lives is None else NOW + lives)


@pytest.mark.parametrize(
    "attributes",
    [
        "Max-Age=0",
        "Max-Age=-1",
        "Max-Age=-0",
        f"Max-Age=-{'9' * (MAX_ATTRIBUTE - 1)}",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Expires=Mon, 01 Jan 1601 00:00:00 GMT",
    ],
)
def test_what_is_to_be_deleted(attributes: str) -> None:
    found = cookie(f"s=1; {attributes}")
    assert found.expires_at == LONG_AGO
    assert found.is_expired(NOW)


def test_a_cookie_ends_at_its_moment() -> None:
    found = cookie("s=1; Max-Age=60")
    assert not found.is_expired(NOW + 59.9)
    assert found.is_expired(NOW + 60)
    assert not cookie("s=1").is_expired(NOW * 1000)


# --- dates


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "6 nov 1994 8:49:37",
        "1994 Nov 6 08:49:37",
        "08:49:37 6 NOVEMBER 94",
        "Nov 06 94 08:49:37",
        "06 94 Nov 08:49:37",
        "Friday, 06-Nov-1994 08:49:37 +0500 (EST)",
        "06/Nov\\1994 08:49:37",
        '"06"~Nov_1994[08:49:37]',
        "06th Novembre 1994AD 08:49:37.250Z",
        "06 Nov 1994 08:49:37 11:22:33",
        "06 Nov 1994 25 08:49:37 2001 Dec",
        "x06 Nov06 06 :: 1994 08:49:37",
        "012345 06 Nov 1994 08:49:37",
    ],
)
def test_one_moment_in_many_spellings(text: str) -> None:
    assert parse_cookie_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 Jan 00 0:0:0", (2000, 1, 1)),
        ("1 Jan 69 0:0:0", (2069, 1, 1)),
        ("1 Jan 70 0:0:0", (1970, 1, 1)),
        ("1 Jan 99 0:0:0", (1999, 1, 1)),
        ("1 Jan 1601 0:0:0", (1601, 1, 1)),
        ("1 Jan 9999 0:0:0", (9999, 1, 1)),
        ("1 Jan 0069 0:0:0", (2069, 1, 1)),
        ("31 Dec 2026 0:0:0", (2026, 12, 31)),
        ("29 Feb 2028 0:0:0", (2028, 2, 29)),
        ("0:0:0 1:1:1 Jan 2026", (2026, 1, 1)),
    ],
)
def test_years_and_days(text: str, day: tuple[int, int, int]) -> None:
    assert parse_cookie_date(text) == datetime(*day, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "I am no date",
        "1 Jan 2026",
        "Jan 2026 00:00:00",
        "1 2026 00:00:00",
        "1 Jan 00:00:00",
        "1 Jan 100 00:00:00",
        "1 Jan 1600 00:00:00",
        "1 Jan 20260 00:00:00",
        "1 Jan 6 00:00:00",
        "0 Jan 2026 00:00:00",
        "32 Jan 2026 00:00:00",
        "001 Jan 2026 00:00:00",
        "29 Feb 2026 00:00:00",
        "31 Apr 2026 00:00:00",
        "1 Jan 2026 24:00:00",
        "1 Jan 2026 23:60:00",
        "1 Jan 2026 23:59:60",
        "1 Jan 2026 99:00:00 12:00:00",
        "1 Jan 2026 000:00:00",
        "1 Jan 2026 00:00:000",
        "1 Jan 2026 00:00",
        "1 Jan 2026 00 :00:00",
        "1 Ja n 2026 00:00:00",
        "1 xJan 2026 00:00:00",
        "\u0661 Jan 2026 00:00:00",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_cookie_date(text) is None


# --- domains


@pytest.mark.parametrize(
    ("host", "attribute", "place"),
    [
        ("www.example.org", "", ("www.example.org", True)),
        ("www.example.org", ".", ("www.example.org", True)),
        ("www.example.org", "example.org", ("example.org", False)),
        ("www.example.org", ".example.org", ("example.org", False)),
        ("www.example.org", "EXAMPLE.Org", ("example.org", False)),
        ("www.example.org", "www.example.org", ("www.example.org", False)),
        ("www.example.org", "example.org; Domain=www.example.org", ("www.example.org", False)),
        ("www.example.org", "example.com; Domain=example.org", ("example.org", False)),
        ("www.example.org", "example.org; Domain=", ("www.example.org", True)),
        ("www.example.org", "example.org; Domain=example.com", None),
        ("www.example.org", "..example.org", None),
        ("www.example.org", "example.org.", None),
        ("www.example.org", "a.www.example.org", None),
        ("www.example.org", "ample.org", None),
        ("www.example.org", "example.org:443", None),
        ("www.example.org", "*.example.org", None),
        ("www.example.org", "ex\xe4mple.org", None),
        ("www.example.org", "org", None),
        ("www.example.org.", "example.org", None),
        ("www.example.co.uk", "co.uk", None),
        ("www.example.co.uk.", "co.uk.", None),
        ("www.example.co.uk", "uk", None),
        ("user.github.io", "github.io", None),
        ("github.io", "github.io", ("github.io", True)),
        ("user.github.io", "user.github.io", ("user.github.io", False)),
        ("a.localhost", "localhost", None),
        ("localhost", "localhost", ("localhost", True)),
        ("xn--bcher-kva.example.org", "example.org", ("example.org", False)),
        ("127.0.0.1", "", ("127.0.0.1", True)),
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1", True)),
        ("127.0.0.1", "0.0.1", None),
        ("127.0.0.1", "0.1", None),
        ("[::1]", "", ("::1", True)),
        ("[::1]", "::1", ("::1", True)),
    ],
)
def test_domain(host: str, attribute: str, place: tuple[str, bool] | None) -> None:
    found = parsed(f"s=1; Domain={attribute}", f"https://{host}/")
    assert (found and (found.domain, found.host_only)) == place


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Secure-a=1; Secure; Domain=example.org", True),
        ("__secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__SECURE-a=1; Domain=example.org", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__HOST-=1; Path=/; Secure", True),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Path=/", False),
        ("__host-a=1; Secure; Path=/shop", False),
        ("__host-a=1; Secure; Path=/; Domain=www.example.org", False),
        ("__Host-a=1; Secure; Path=/; Domain=", True),
        ("__Hosta=1", True),
        ("_Secure-a=1", True),
        ("a__Secure-=1", True),
        ("a=__Secure-b", True),
        ("=__Secure-a=1; Secure", False),
        ("__sEcUrE-a; Secure", False),
        ("=__Host-a=1; Secure; Path=/", False),
        ("__hOsT-; Secure; Path=/", False),
    ],
)
def test_prefixes(line: str, kept: bool) -> None:
    assert (parsed(line) is not None) is kept


def test_the_host_prefix_wants_the_path_said() -> None:
    assert parsed("__Host-a=1; Secure", "https://example.org/") is None


# --- what a request gets


@pytest.mark.parametrize(
    ("line", "gets"),
    [
        ("s=1", "www"),
        ("s=1; Domain=example.org", "www root sub other port"),
        ("s=1; Domain=www.example.org", "www sub"),
        ("s=1; Secure", "www"),
        ("s=1; Domain=org", ""),
    ],
)
def test_which_hosts_get_it(line: str, gets: str) -> None:
    urls = {
        "www": "https://www.example.org/shop/",
        "root": "https://example.org/shop/",
        "sub": "https://a.www.example.org/shop/",
        "other": "https://other.example.org/shop/",
        "port": "https://example.org:8443/shop/",
        "else": "https://anotherexample.org/shop/",
        "com": "https://www.example.com/shop/",
        "behind": "https://www.example.org.example.com/shop/",
    }
    jar = jar_of(line)
    assert [name for name, url in urls.items() if sent(jar, url)] == gets.split()


def test_a_cookie_knows_no_port_and_an_open_one_no_scheme() -> None:
    assert sent(jar_of("s=1"), "http://www.example.org:8080/shop/") == "s=1"


@pytest.mark.parametrize(
    ("url", "gets"),
    [
        ("https://example.org/", True),
        ("http://example.org/", False),
        ("http://localhost/", False),
        ("http://127.0.0.1/", False),
        ("https://127.0.0.1/", True),
    ],
)
def test_a_secure_cookie_goes_over_https_alone(url: str, gets: bool) -> None:
    jar = jar_of("s=1; Secure", url=url.replace("http:", "https:"))
    assert sent(jar, url) == ("s=1" if gets else None)


@pytest.mark.parametrize(
    ("path", "target", "gets"),
    [
        ("/", "/", True),
        ("/", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a?b", True),
        ("/a", "/a/", True),
        ("/a", "/a/b", True),
        ("/a", "/ab", False),
        ("/a", "/", False),
        ("/a", "/b/a", False),
        ("/a", "/A", False),
        ("/a", "/%61", False),
        ("/a/", "/a", False),
        ("/a/", "/a/", True),
        ("/a/", "/a/b", True),
        ("/a/", "/a//b", True),
        ("/a?b", "/a?b", False),
    ],
)
def test_which_paths_get_it(path: str, target: str, gets: bool) -> None:
    assert bool(sent(jar_of(f"s=1; Path={path}"), f"https://www.example.org{target}")) is gets


def test_order_and_spelling_of_the_header() -> None:
    jar = jar_of(
        "one=1; Path=/",
        "two=2; Path=/shop; Domain=example.org",
        "three=3; Path=/; Domain=example.org",
        "four=; Path=/shop",
        "five; Path=/",
        "six=6; Path=/shop/cart",
        "seven=7; Path=/else",
    )
    assert sent(jar, HOME) == "six=6; two=2; four=; one=1; three=3; five"


def test_of_equal_paths_the_one_set_first_comes_first() -> None:
    jar = Jar()
    jar.store(cookie("late=1; Path=/", now=NOW + 5), NOW + 5)
    jar.store(cookie("early=1; Path=/", now=NOW), NOW + 5)
    jar.store(cookie("last=1; Path=/", now=NOW + 6), NOW + 6)
    jar.store(cookie("late=2; Path=/", now=NOW + 9), NOW + 9)
    assert sent(jar, HOME) == "early=1; late=2; last=1"


def test_the_header_is_no_longer_than_servers_take() -> None:
    """A page that sets 200 KB of cookies would shut us out of its site."""
    large = (f"n{number}={'x' * 3900}; Path=/" for number in range(40))
    header = sent(jar_of("session=1; Path=/", *large, "last=1; Path=/"), HOME)
    assert header is not None
    assert [pair.partition("=")[0] for pair in header.split("; ")] == ["session", "n0", "n1", "last"]
    assert len(header) <= MAX_FIELD


def test_no_cookie_no_header() -> None:
    assert sent(Jar(), HOME) is None


def test_a_host_too_long_to_be_one_gets_nothing_from_above() -> None:
    jar = jar_of("s=1; Domain=example.org; Path=/")
    longest = "a." * 121 + "example.org"
    assert len(longest) == MAX_HOST
    assert sent(jar, f"https://{longest}/") == "s=1"
    assert sent(jar, f"https://a{longest}/") is None


def test_an_expired_cookie_is_not_sent_though_it_was_not_removed() -> None:
    jar = jar_of("s=1; Max-Age=60", "t=2")
    assert sent(jar, HOME, NOW + 59) == "s=1; t=2"
    assert sent(jar, HOME, NOW + 60) == "t=2"
    assert len(jar) == 2
    jar.expire(NOW + 60)
    assert [one.name for one in jar] == ["t"]


# --- what a jar keeps


def test_the_same_cookie_is_replaced_in_place() -> None:
    jar = jar_of("s=1", "s=2; HttpOnly")
    (kept,) = jar
    assert (kept.value, kept.http_only) == ("2", True)


def test_what_makes_two_cookies() -> None:
    lines = ["s=1", "S=1", "s=1; Path=/", "s=1; Domain=www.example.org", "s=1; Domain=example.org"]
    assert len(jar_of(*lines, *lines)) == 5


def test_created_stays_when_it_is_set_again() -> None:
    jar = Jar()
    first, second = cookie("s=1"), cookie("s=2", now=NOW + 5)
    assert jar.store(first, NOW) == (first,)
    assert jar.store(second, NOW + 5) == (dataclasses.replace(second, created_at=NOW),)


def test_setting_the_same_again_changes_nothing() -> None:
    jar = jar_of("s=1")
    assert jar.store(cookie("s=1", now=NOW + 5), NOW + 5) == ()
    assert jar.store(cookie("s=1; Max-Age=9", now=NOW + 5), NOW + 5) != ()


def test_deleting() -> None:
    jar = jar_of("s=1", "t=2")
    gone = cookie("s=; Max-Age=0")
    assert jar.store(gone, NOW) == (gone,)
    assert sent(jar, HOME) == "t=2"
    assert jar.store(gone, NOW) == ()
    assert len(jar_of("s=1; Path=/", "s=; Max-Age=0")) == 1


def test_storing_removes_what_has_expired() -> None:
    jar = jar_of("a=1; Max-Age=10", "b=1; Max-Age=20", "c=1; Max-Age=30")
    late = cookie("d=1", now=NOW + 20)
    assert jar.store(late, NOW + 20) == (late,)
    assert [one.name for one in jar] == ["c", "d"]
    jar.expire(NOW + 29)
    assert len(jar) == 2
    jar.expire(NOW + 30)
    assert [one.name for one in jar] == ["d"]


def test_a_domain_that_has_become_everybodys_is_not_taken() -> None:
    jar = Jar()
    assert jar.store(Cookie("s", "1", "github.io", False, "/", None, False, False, NOW, True), NOW) == ()
    assert jar.store(Cookie("s", "1", "github.io", True, "/", None, False, False, NOW, True), NOW) != ()
    assert sent(jar, "https://user.github.io/") is None


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("http://www.example.org/ => s=2; Path=/login", False),
        ("http://www.example.org/ => s=2; Path=/login/en", False),
        ("http://www.example.org/ => s=2; Path=/", True),
        ("http://www.example.org/ => s=2; Path=/foo", True),
        ("http://www.example.org/ => s=2; Path=/loginx", True),
        ("http://www.example.org/ => t=2; Path=/login", True),
        ("http://www.example.org/ => S=2; Path=/login", True),
        ("http://www.example.org/ => s=2; Path=/login; Domain=example.org", False),
        ("http://other.example.org/ => s=2; Path=/login; Domain=example.org", False),
        ("http://a.www.example.org/ => s=2; Path=/login", False),
        ("http://other.example.org/ => s=2; Path=/login", True),
        ("http://anotherwww.example.org/ => s=2; Path=/login", True),
        ("http://www.example.org/ => s=; Path=/login; Max-Age=0", False),
        ("https://www.example.org/ => s=2; Path=/login", True),
    ],
)
def test_secure_cookies_are_left_alone(line: str, kept: bool) -> None:
    jar = jar_of("s=1; Secure; Path=/login", "u=3; Secure; Path=/login", "s=4; Path=/else")
    source, _, text = line.partition(" => ")
    assert bool(jar.store(cookie(text, source), NOW)) is kept
    assert ("s", "1") in [(one.name, one.value) for one in jar] or source.startswith("https")


def test_plain_http_may_replace_what_is_not_secure() -> None:
    jar = jar_of("s=1", "http://www.example.org/shop/x => s=2")
    assert sent(jar, HOME) == "s=2"


# --- limits


def small(per_domain: int = 3, cookies: int = 5) -> Jar:
    return Jar(max_per_domain=per_domain, max_cookies=cookies)


def names(jar: Jar) -> str:
    return "".join(one.name for one in jar)


def test_the_defaults_are_those_of_browsers() -> None:
    jar = Jar()
    assert (jar.max_per_domain, jar.max_cookies) == (180, 3000)


def test_a_domain_has_a_limit() -> None:
    jar = small()
    for name in "abc":
        jar.store(cookie(f"{name}=1"), NOW)
    assert names(jar) == "abc"
    newest = cookie("d=1")
    gone, kept = jar.store(newest, NOW)
    assert (gone.key, gone.is_expired(NOW)) == (cookie("a=1").key, True)
    assert kept == newest
    assert names(jar) == "bcd"


def test_replacing_drives_nothing_out() -> None:
    jar = small()
    for line in ("a=1", "b=1", "c=1", "a=2", "b=2"):
        jar.store(cookie(line), NOW)
    assert names(jar) == "abc"


def test_what_was_used_last_stays() -> None:
    jar = small()
    for line in ("a=1; Path=/a", "b=1; Path=/b", "c=1; Path=/c"):
        jar.store(cookie(line), NOW)
    assert sent(jar, "https://www.example.org/a") == "a=1"
    jar.store(cookie("b=1; Path=/b"), NOW)
    jar.store(cookie("d=1"), NOW)
    assert names(jar) == "abd"


def test_what_is_not_secure_goes_first_even_the_newcomer() -> None:
    jar = small()
    for line in ("a=1; Secure", "b=1", "c=1; Secure", "d=1; Secure"):
        jar.store(cookie(line), NOW)
    assert names(jar) == "acd"
    assert jar.store(cookie("e=1"), NOW) == ()
    assert names(jar) == "acd"
    jar.store(cookie("f=1; Secure"), NOW)
    assert names(jar) == "cdf"


def test_a_copy_lets_go_of_what_a_secure_cookie_lies_over() -> None:
    jar, copy = small(per_domain=1), small(per_domain=9)
    lines = ["http://www.example.org => a=1", "https://www.example.org => a=2; Secure; Domain=example.org"]
    for line in [*lines, "http://www.example.org => b=1"]:
        source, _, text = line.partition(" => ")
        for change in jar.store(cookie(text, source), NOW):
            copy.store(change, NOW)
    assert names(jar) == names(copy) == "ab"


def test_an_expired_one_goes_before_all_others() -> None:
    jar = small()
    for line in ("a=1", "b=1; Max-Age=5", "c=1"):
        jar.store(cookie(line), NOW)
    assert len(jar.store(cookie("d=1"), NOW + 5)) == 1
    assert names(jar) == "acd"


def test_a_jar_has_a_limit() -> None:
    jar = small()
    for number, name in enumerate("abcde"):
        jar.store(cookie(f"{name}=1", f"https://host{number}.example.org/"), NOW)
    assert names(jar) == "abcde"
    sent(jar, "https://host0.example.org/")
    gone, kept = jar.store(cookie("f=1", "https://example.com/"), NOW)
    assert (gone.name, kept.name) == ("b", "f")
    assert names(jar) == "acdef"


def test_the_default_limits_hold() -> None:
    jar = Jar()
    for number in range(3100):
        jar.store(cookie(f"s{number}=1", f"https://host{number % 30}.example.org/"), NOW)
    assert len(jar) == 3000
    for number in range(200):
        jar.store(cookie(f"t{number}=1", "https://example.com/"), NOW)
    assert sum(one.domain == "example.com" for one in jar) == 180
    assert len(jar) == 3000


def test_a_jar_that_may_hold_nothing_holds_nothing() -> None:
    assert small(per_domain=0).store(cookie("s=1"), NOW) == ()
    assert small(cookies=0).store(cookie("s=1"), NOW) == ()


# --- as a value


def test_a_cookie_is_a_row() -> None:
    first, second = cookie("s=1; Max-Age=9; HttpOnly"), cookie("t\xe9=2; Secure; Domain=example.org")
    columns = ", ".join(item.name for item in dataclasses.fields(Cookie))
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE cookies ({columns})")
        for one in (first, second):
            database.execute("INSERT INTO cookies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", dataclasses.astuple(one))
        assert [Cookie(*row) for row in database.execute("SELECT * FROM cookies")] == [first, second]
    database.close()
    assert Cookie(*json.loads(json.dumps(dataclasses.astuple(first)))) == first
    assert pickle.loads(pickle.dumps(second)) == second


def test_the_value_is_not_shown() -> None:
    assert "s3cret" not in repr(cookie("sid=s3cret"))


# --- whatever comes

NAMES = st.sampled_from(["example.org", "www.example.org", "a.www.example.org", "example.com", "example.org."])
EDGES = st.sampled_from(
    ["user.github.io", "co.uk", "a.co.uk", "b.co.uk", "localhost", "127.0.0.1", "127.0.0.2", "[::1]"]
)
HOSTS = NAMES | EDGES
URLS = st.builds(
    "{}://{}/{}".format, st.sampled_from(["http", "https"]), HOSTS, st.sampled_from(["", "a", "a/b", "a/b/"])
)
PAIRS = st.sampled_from(["a=1", "a=2", "b=1", "c", "__Secure-a=1", "__Host-a=1", "\xe9=\xff"])
DOMAINS = st.sampled_from(["example.org", "www.example.org", "org", "github.io", "co.uk", "127.0.0.1", "0.0.1"])
ATTRIBUTES = st.builds("Domain={}".format, DOMAINS) | st.sampled_from(
    ["Secure", "HttpOnly", "Max-Age=0", "Max-Age=30", "Expires=Fri,20-Nov-2026/12:00:10", "Path=/", "Path=/a"]
)
LINES = st.builds("{}; {}".format, PAIRS, st.lists(ATTRIBUTES, max_size=4).map("; ".join))
SEEN = st.lists(st.tuples(LINES, URLS, st.integers(0, 40)), max_size=20)
CONTROLS = {*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f"}


@given(st.text() | st.text(alphabet="a=; \t_,-:019AexpiresMgDomainPthcu\x00\r\n\xff"), URLS)
def test_any_line_is_a_cookie_or_none(line: str, url: str) -> None:
    found = parsed(line, url)
    if found is not None:
        header = sent(jar_of(f"{url} => {line}"), url) or ""
        assert not CONTROLS & {*found.name, *found.value, *found.path, *header}
        assert ";" not in found.pair
        header.encode("latin-1")


@given(st.text(alphabet="0123456789: -JanFebMarDecGMT,\xff"))
def test_any_date_is_a_moment_or_none(text: str) -> None:
    moment = parse_cookie_date(text)
    assert moment is None or datetime.fromtimestamp(moment, UTC).year >= 1601


def owner(url: str) -> str:
    """Whose a URL is, by the public suffix list: a registrable domain, or the host itself."""
    host = URL(url).host
    return host if host[0] in "1:" else registrable_domain(host) or host


@given(LINES, URLS, URLS)
def test_a_cookie_never_goes_to_another_site(line: str, source: str, target: str) -> None:
    jar = jar_of(f"{source} => {line}")
    if sent(jar, target):
        assert owner(source).rstrip(".") == owner(target).rstrip(".")
        if "Secure" in line.partition(";")[2]:
            assert source.startswith("https")
            assert target.startswith("https")
        if "Domain" not in line:
            assert URL(source).host == URL(target).host


@given(SEEN)
def test_a_jar_and_its_copies_agree(seen: list[tuple[str, str, int]]) -> None:
    """Both a copy that follows the changes, and a table of rows to which they are written."""
    jar, copy, rows = small(2, 4), small(2, 4), {}
    now = NOW
    for line, url, later in seen:
        now += later
        found = parse_set_cookie(line, URL(url), now)
        for change in jar.store(found, now) if found else ():
            copy.store(change, now)
            rows[change.key] = change
        jar.expire(now)
        copy.expire(now)
        assert list(copy) == list(jar)
        rows = {key: row for key, row in rows.items() if not row.is_expired(now)}
        assert rows == {one.key: one for one in jar}
        assert len(jar) <= 4


@given(SEEN, URLS)
def test_the_header_is_what_a_plain_search_finds(seen: list[tuple[str, str, int]], target: str) -> None:
    """Section 5.8.3, read as a search over all cookies."""
    jar, now = Jar(), NOW
    for line, url, later in seen:
        now += later
        if found := parse_set_cookie(line, URL(url), now):
            jar.store(found, now)
    url = URL(target)
    fitting = [
        one
        for one in jar
        if (url.host == one.domain or (not one.host_only and url.host.endswith("." + one.domain)))
        and (url.path == one.path or url.path.startswith(one.path.rstrip("/") + "/"))
        and (url.scheme == "https" or not one.secure)
        and (one.expires_at is None or one.expires_at > now)
    ]
    fitting.sort(key=lambda one: (-len(one.path), one.created_at))
    assert jar.header(url, now) == ("; ".join(one.pair for one in fitting) or None)
