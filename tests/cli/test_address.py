import pytest

from crawler.cli.address import MASK, Address, hosts_of, masked, parse_address
from crawler.errors import InvalidURLError, SettingsError
from crawler.model import URL


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTPS://Example.ORG:443/a b?c#d", "https://example.org/a%20b?c"),
        ("http:example.org", "http://example.org/"),
        ("  http://example.org/  ", "http://example.org/"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
    ],
)
def test_a_whole_url_is_itself(text: str, url: str) -> None:
    assert parse_address(text) == Address(URL(url), None, False)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("www.example.org", "http://www.example.org/"),
        ("example.org/docs/?a=http://b/", "http://example.org/docs/?a=http://b/"),
        ("//example.org/x", "http://example.org/x"),
        ("localhost", "http://localhost/"),
        ("localhost:8000", "http://localhost:8000/"),
        ("localhost:8000/x", "http://localhost:8000/x"),
        ("example.org:8080?q", "http://example.org:8080/?q"),
        ("127.0.0.1", "http://127.0.0.1/"),
        ("127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("::1", "http://[::1]/"),
        ("::1/x/y", "http://[::1]/x/y"),
        ("2001:db8::7", "http://[2001:db8::7]/"),
        ("[::1]", "http://[::1]/"),
        ("[::1]:8000/x", "http://[::1]:8000/x"),
        ("bücher.example", "http://xn--bcher-kva.example/"),
    ],
)
def test_a_bare_host_is_taken_as_http(text: str, url: str) -> None:
    assert parse_address(text) == Address(URL(url), None, True)


@pytest.mark.parametrize(
    ("text", "url", "credential"),
    [
        ("http://me:secret@example.org/", "http://example.org/", ("me", "secret")),
        ("https://me@example.org:8443/x", "https://example.org:8443/x", ("me", "")),
        ("http://a%40b:c%3Ad@example.org/", "http://example.org/", ("a@b", "c:d")),
        ("me:secret@example.org/x", "http://example.org/x", ("me", "secret")),
        ("me:secret@[::1]:80/x", "http://[::1]/x", ("me", "secret")),
    ],
)
def test_a_user_and_a_password_are_taken_out(text: str, url: str, credential: tuple[str, str]) -> None:
    address = parse_address(text)
    assert (str(address.url), address.credential) == (url, credential)
    assert hosts_of([address]) == {address.url.origin: {"user": credential[0], "password": credential[1]}}


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.org/", "FILE:///etc/passwd", "mailto:me@example.org", "javascript:alert(1)", "data:text/html,x",
        "tel:123", "gopher:example", "foo://me:secret@h/",
    ],
)  # fmt: skip
def test_another_scheme_is_named(text: str) -> None:
    with pytest.raises(InvalidURLError) as caught:
        parse_address(text)
    assert f"the scheme {text.partition(':')[0].lower()} cannot be fetched: takes an http or https URL" in str(
        caught.value
    )
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "http://", "http://[bad/", "http://exa mple.org/", "exa mple.org", "http://example.org:99999/",
        "example.org:99999", "example.org:80x", "/etc/passwd", "./page.html", "?x", "#x", "-x", "http://a b@/",
        "http://%/", "fe80::1%eth0", "http://1.2.3.4.5.6/", "http://me:sec/ret@[h/", "me:secret@[h",
        "http://me:secret@h:port/",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_in_one_line_without_its_password(text: str) -> None:
    with pytest.raises(InvalidURLError) as caught:
        parse_address(text)
    message = str(caught.value)
    assert "is no URL: takes an http or https URL" in message
    assert "\n" not in message
    assert "secret" not in message
    assert "sec/ret" not in message


def test_a_credential_belongs_to_one_origin() -> None:
    addresses = [
        parse_address(text) for text in ("http://a:b@h.example/1", "http://a:b@h.example/2", "https://h.example/")
    ]
    assert hosts_of(addresses) == {"http://h.example": {"user": "a", "password": "b"}}
    with pytest.raises(SettingsError, match=r"two different users are given for http://h\.example"):
        hosts_of([*addresses, parse_address("http://c:d@h.example/")])


def test_masking() -> None:
    assert masked("http://a:b@h/") == f"http://{MASK}@h/"
    assert masked("a:b@h/") == f"{MASK}@h/"
    assert masked("http://h/") == "http://h/"
    assert len(masked("x" * 1000)) == 200
