"""What is written, and above all what is not."""

import h11
import pytest

from crawler.http1.request import write_request

HOST = ("Host", "example.org")


def test_a_get() -> None:
    request = write_request("GET", "/a?b=c", [("User-Agent", "crawler"), HOST, ("Accept", "*/*")])
    assert request == b"GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nUser-Agent: crawler\r\nAccept: */*\r\n\r\n"


def test_a_get_of_http_1_0() -> None:
    request = write_request("GET", "/a", [HOST], version="1.0")
    assert request == b"GET /a HTTP/1.0\r\nHost: example.org\r\n\r\n"


def test_a_body() -> None:
    request = write_request("POST", "/", [HOST], b"a=b")
    assert request == b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\na=b"
    assert b"Content-Length: 0" in write_request("PUT", "/", [HOST])
    assert b"Content-Length" not in write_request("DELETE", "/", [HOST])


@pytest.mark.parametrize(
    ("method", "target", "host"),
    [
        ("GET", "/", "example.org"),
        ("GET", "//a", "example.org:8080"),
        ("GET", "/?", "[::1]:80"),
        ("GET", "/%20'\"|[]{}", "127.0.0.1"),
        ("GET", "http://example.org/a?b", "example.org"),
        ("GET", "HTTPS://Example.org:8443/a", "example.org:8443"),
        ("GET", "http://[::1]/", "[::1]"),
        ("CONNECT", "example.org:443", "example.org:443"),
        ("CONNECT", "[::1]:443", "[::1]:443"),
        ("OPTIONS", "*", "example.org"),
        ("OPTIONS", "/", "example.org"),
    ],
)
def test_forms_of_the_target(method: str, target: str, host: str) -> None:
    request = write_request(method, target, [("Host", host)])
    server = h11.Connection(h11.SERVER)
    server.receive_data(request)
    event = server.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (method.encode(), target.encode())
    assert event.headers[0] == (b"host", host.encode())


@pytest.mark.parametrize(
    "target",
    [
        "", "a", "*", "?a", "#", "/a#b", "/a b", "/a\tb", "/a\r\nX: y", "/a\nb", "/a\0", "/\x7f", "/ä", "/\u2028",
        "http://example.org", "http://other.org/", "http://user@example.org/", "http://user:pw@example.org/",
        "http://example.org/#a", "http://example.org:80/", "ftp://example.org/", "//example.org/\\ ", "example.org:443",
        "http:///", "http://example.org\r\n/",
    ],
)  # fmt: skip
def test_targets_refused(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        write_request("GET", target, [HOST])


@pytest.mark.parametrize(
    "target", ["example.org", "example.org:", "/", "user@example.org:443", "http://a:1/", "a:443/", "[::1]", "a b:1"]
)
def test_connect_takes_host_and_port_only(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        write_request("CONNECT", target, [HOST])


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n", "GET /\r\n", "GÄT", "GET\0", "G:T"])
def test_methods_refused(method: str) -> None:
    with pytest.raises(ValueError, match="not a method"):
        write_request(method, "/", [HOST])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [HOST, HOST],
        [HOST, ("host", "example.org")],
        [("Host", "")],
        [("Host", "user@example.org")],
        [("Host", "example.org/")],
        [("Host", "a b")],
        [("Host", "a, b")],
        [("Host", "example.org\r\nX: y")],
        [("Host", "exämple.org")],
        [("Host", "example.org:x")],
    ],
)
def test_one_sound_host(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="one Host"):
        write_request("GET", "/", headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "a"), ("A B", "c"), ("A:", "b"), ("A\r\nB", "c"), ("Ä", "b"), ("A\0", "b"), (" A", "b"), ("A ", "b"),
        ("A", "b\r\nC: d"), ("A", "b\nC: d"), ("A", "b\rc"), ("A", "b\0c"), ("A", "b\x1bc"), ("A", "\u20ac"),
        ("A", "\x7f"), ("A", "b\r\n c"),
    ],
)  # fmt: skip
def test_fields_that_would_split(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="not a header field"):
        write_request("GET", "/", [HOST, (name, value)])


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING"])
def test_the_framing_is_the_writers(name: str) -> None:
    with pytest.raises(ValueError, match="framing"):
        write_request("POST", "/", [HOST, (name, "1")], b"a")


def test_what_a_value_may_hold() -> None:
    assert b"Cookie: \xe4=\t1 \x80\r\n" in write_request("GET", "/", [HOST, ("Cookie", "ä=\t1 \x80")])
