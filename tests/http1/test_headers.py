"""Order, case and duplicates kept; lookups without case; the bytes back."""

import pickle

from crawler.http1.headers import Headers

RAW = b"Set-Cookie: a=1\r\nX-Name:\tv\xe4lue \r\nset-cookie: b=2\r\nEmpty:\r\n\r\n"


def test_lookups() -> None:
    headers = Headers.of(RAW, 0)
    assert headers.get("SET-COOKIE") == "a=1, b=2"
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert headers.get("x-name") == "v\xe4lue"
    assert headers.get("empty") == ""
    assert headers.get("none") is None
    assert headers.get("none", "default") == "default"
    assert headers.get_all("none") == []
    assert "X-NAME" in headers
    assert "none" not in headers
    assert 1 not in headers


def test_order_case_and_bytes() -> None:
    headers = Headers.of(b"status line\r\n" + RAW, 13)
    assert list(headers) == ["Set-Cookie", "X-Name", "set-cookie", "Empty"]
    assert len(headers) == 4
    assert list(headers.items()) == [
        ("Set-Cookie", "a=1"),
        ("X-Name", "v\xe4lue"),
        ("set-cookie", "b=2"),
        ("Empty", ""),
    ]
    assert list(headers.raw_items())[1] == (b"X-Name", b"v\xe4lue")
    assert repr(Headers([("A", "b")])) == "Headers([('A', 'b')])"


def test_equality() -> None:
    headers = Headers([("set-cookie", "a=1"), ("X-NAME", "v\xe4lue"), ("Set-Cookie", "b=2"), ("empty", "")])
    assert headers == Headers.of(RAW, 0)
    assert hash(headers) == hash(Headers.of(RAW, 0))
    assert headers != Headers(reversed(list(headers.items())))
    assert headers != [("set-cookie", "a=1")]
    assert pickle.loads(pickle.dumps(Headers.of(RAW, 0))) == headers
