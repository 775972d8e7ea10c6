"""cookies.txt: what a line says, what is refused, and that what is written is read back."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.web.cookie_file import parse_cookie_file, write_cookie_file
from crawler.web.cookies import MAX_PAIR, Cookie, Jar
from crawler.web.url import URL

NOW = 1_795_000_000.0
SESSION = Cookie("sid", "31d4", "www.example.org", True, "/", None, False, False, NOW, True)


def parse(text: str) -> list[Cookie]:
    return parse_cookie_file(text, "my.txt", NOW)


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("www.example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4", {}),
        ("www.example.org\tfalse\t/\tFalse\t0\tsid\t31d4", {}),
        (".example.org\tTRUE\t/\tFALSE\t0\tsid\t31d4", {"domain": "example.org", "host_only": False}),
        ("example.org\tTRUE\t/\tFALSE\t0\tsid\t31d4", {"domain": "example.org", "host_only": False}),
        (".www.example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4", {}),
        ("WWW.Example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4", {}),
        ("127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\t31d4", {"domain": "127.0.0.1"}),
        ("::1\tFALSE\t/\tFALSE\t0\tsid\t31d4", {"domain": "::1"}),
        ("www.example.org\tFALSE\t/a b\tTRUE\t0\tsid\t31d4", {"path": "/a b", "secure": True}),
        ("#HttpOnly_www.example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4", {"http_only": True}),
        ("www.example.org\tFALSE\t/\tFALSE\t1800000000\tsid\t31d4", {"expires_at": 1_800_000_000.0}),
        ("www.example.org\tFALSE\t/\tFALSE\t1800000000.5\tsid\t31d4", {"expires_at": 1_800_000_000.5}),
        ("www.example.org\tFALSE\t/\tFALSE\t-1\tsid\t31d4", {}),
        ("www.example.org\tFALSE\t/\tFALSE\t1\tsid\t31d4", {"expires_at": 1.0}),
        ("www.example.org\tFALSE\t/\tFALSE\t0\tsid\t", {"value": ""}),
        ("www.example.org\tFALSE\t/\tFALSE\t0\tsid", {"value": ""}),
        ("www.example.org\tFALSE\t/\tFALSE\t0\t\t31d4", {"name": ""}),
        ("www.example.org\tFALSE\t/\tFALSE\t0\tsid\ta\tb= c#", {"value": "a\tb= c#"}),
        ("www.example.org\tFALSE\t/\tFALSE\t0\tsid\t\xc3\xa9", {"value": "\xc3\xa9"}),
    ],
)
def test_a_line(line: str, changes: dict[str, object]) -> None:
    assert parse(line) == [replace(SESSION, **changes)]


def test_comments_blank_lines_and_line_ends() -> None:
    line = "www.example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4"
    assert parse(f"# Netscape HTTP Cookie File\r\n\r\n#{line}\r\n{line}\r\n \t\r\n#httponly_\r\n") == [SESSION]
    assert parse(f"\xef\xbb\xbf{line}") == [SESSION]
    assert parse("") == parse("\xef\xbb\xbf") == parse("# nothing") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("s3cret", "1 fields"),
        ("www.example.org FALSE / FALSE 0 sid s3cret", "1 fields"),
        ("www.example.org\tFALSE\t/\tFALSE\t0", "5 fields"),
        ("www.example.org\tyes\t/\tFALSE\t0\tsid\ts3cret", "flag"),
        ("www.example.org\tTRUE\t/\t\t0\tsid\ts3cret", "flag"),
        ("www.example.org\tTRUE\t\tFALSE\t0\tsid\ts3cret", "path"),
        ("www.example.org\tTRUE\ta\tFALSE\t0\tsid\ts3cret", "path"),
        ("www.example.org\tTRUE\t/;a\tFALSE\t0\tsid\ts3cret", "path"),
        ("www.example.org\tTRUE\t/\tFALSE\t\tsid\ts3cret", "seconds"),
        ("www.example.org\tTRUE\t/\tFALSE\tnever\tsid\ts3cret", "seconds"),
        ("www.example.org\tTRUE\t/\tFALSE\t1_0\tsid\ts3cret", "seconds"),
        ("www.example.org\tTRUE\t/\tFALSE\t1e3\tsid\ts3cret", "seconds"),
        ("www.example.org\tTRUE\t/\tFALSE\tnan\tsid\ts3cret", "seconds"),
        (f"www.example.org\tTRUE\t/\tFALSE\t{'9' * 5000}\tsid\ts3cret", "seconds"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\ts=id\ts3cret", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\ts;id\ts3cret", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret; other=1", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret\rX: y", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret\x00", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret\u20ac", "forbidden"),
        ("www.example.org\tTRUE\t/\tFALSE\t0\t\t", "empty"),
        (f"www.example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret{'x' * MAX_PAIR}", "longer"),
        ("\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        (".\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("example.org:80\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("example.org/a\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("me@example.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("1:2\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("1.2.3.4.5\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
        ("ex\xe4mple.org\tTRUE\t/\tFALSE\t0\tsid\ts3cret", "domain"),
    ],
)
def test_a_malformed_line_is_named_and_not_shown(line: str, words: str) -> None:
    with pytest.raises(SettingsError, match=rf"^my\.txt, line 3: .*{words}.*takes seven fields") as caught:
        parse(f"# cookies\n\n{line}\nmore")
    assert "s3cret" not in str(caught.value)


def test_what_is_written() -> None:
    cookies = [
        SESSION,
        replace(SESSION, domain="example.org", host_only=False, secure=True, http_only=True, expires_at=1.8e9 + 0.25),
        replace(SESSION, name="", value="x", expires_at=0.0),
    ]
    assert write_cookie_file(cookies).split("\n") == [
        "# Netscape HTTP Cookie File",
        "www.example.org\tFALSE\t/\tFALSE\t0\tsid\t31d4",
        "#HttpOnly_.example.org\tTRUE\t/\tTRUE\t1800000001\tsid\t31d4",
        "www.example.org\tFALSE\t/\tFALSE\t1\t\tx",
        "",
    ]


def test_what_cannot_be_written_is_left_out() -> None:
    cookies = [replace(SESSION, name="s\tid"), replace(SESSION, path="/a\tb"), replace(SESSION, value="a\tb")]
    assert parse(write_cookie_file(cookies)) == cookies[2:]


def test_it_fills_a_jar() -> None:
    jar = Jar()
    for one in parse(
        ".example.org\tTRUE\t/\tTRUE\t0\tsid\t1\n.org\tTRUE\t/\tFALSE\t0\tall\t2\nexample.org\tFALSE\t/\tFALSE\t9\told\t3"
    ):
        jar.store(one, NOW)
    assert jar.header(URL("https://www.example.org/"), NOW) == "sid=1"


TEXTS = st.text(alphabet=[chr(code) for code in (*range(32, 59), *range(60, 127), *range(128, 256))], max_size=9)
COOKIES = st.builds(
    Cookie,
    name=TEXTS.map(lambda text: text.replace("=", "")),
    value=TEXTS.map(lambda text: text + "\t"),
    domain=st.sampled_from(["example.org", "a_b.example.org", "127.0.0.1", "::1", "xn--bcher-kva.example"]),
    host_only=st.booleans(),
    path=TEXTS.map(lambda text: f"/{text}"),
    expires_at=st.none() | st.floats(1.0, 1e12),
    secure=st.booleans(),
    http_only=st.booleans(),
    created_at=st.just(NOW),
    from_secure=st.just(True),
)


@given(st.lists(COOKIES, max_size=5))
def test_what_is_written_is_read_back(cookies: list[Cookie]) -> None:
    rounded = [replace(one, expires_at=one.expires_at and math.ceil(one.expires_at)) for one in cookies]
    assert parse(write_cookie_file(cookies)) == rounded


@given(st.text() | st.text(alphabet="a.\t/TRUEFALSE0#\r\n"))
def test_any_text_is_cookies_or_refused(text: str) -> None:
    try:
        cookies = parse(text)
    except SettingsError:
        return
    assert all(ord(letter) < 256 for one in cookies for letter in one.pair)
