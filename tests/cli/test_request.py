import io
import sys
from pathlib import Path

import pytest

from crawler.cli.address import parse_address
from crawler.cli.request import FORM, Asking, parse_header, read_data, requests_of, users_of
from crawler.errors import SettingsError
from crawler.model import URL, Request

A = parse_address("http://a.example/x?y")
B = parse_address("https://b.example/")


def test_what_is_asked_for_without_a_word() -> None:
    assert requests_of([A, B], Asking()) == [Request(URL("http://a.example/x?y")), Request(URL("https://b.example/"))]


@pytest.mark.parametrize(
    ("asking", "method", "headers", "body"),
    [
        (Asking(only_head=True), "HEAD", (), b""),
        (Asking(method="HEAD", only_head=True), "HEAD", (), b""),
        (Asking(method="DELETE"), "DELETE", (), b""),
        (Asking(data="a=ä"), "POST", (("Content-Type", FORM),), b"a=\xc3\xa4"),
        (Asking(data=""), "POST", (("Content-Type", FORM),), b""),
        (Asking(method="PUT", data="x"), "PUT", (("Content-Type", FORM),), b"x"),
        (Asking(data="{}", headers=["content-type: a/b"]), "POST", (("content-type", "a/b"),), b"{}"),
        (Asking(headers=["A: 1", "A:2", "Host: h"]), "GET", (("A", "1"), ("A", "2"), ("Host", "h")), b""),
    ],
)
def test_what_the_words_come_to(asking: Asking, method: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
    assert requests_of([A], asking) == [Request(A.url, method, headers, body)]


@pytest.mark.parametrize(
    "asking", [Asking(only_head=True, data="x"), Asking(only_head=True, method="GET"), Asking(only_head=True, data="")]
)
def test_a_head_alone_carries_nothing(asking: Asking) -> None:
    with pytest.raises(SettingsError, match=r"^--head: "):
        requests_of([A], asking)


@pytest.mark.parametrize("method", ["", "G T", "GET\r\nX: y", "CONNECT", "GÄT"])
def test_a_method_that_cannot_be_sent(method: str) -> None:
    with pytest.raises(SettingsError, match=r"^--method: .* is no method that can be sent"):
        requests_of([A], Asking(method=method))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("A: b", ("A", "b")),
        ("A:b:c", ("A", "b:c")),
        ("A:", ("A", "")),
        ("A: \t b \t", ("A", "b")),
        ("Cookie: ä", ("Cookie", "ä")),
    ],
)
def test_a_header_field(text: str, field: tuple[str, str]) -> None:
    assert parse_header(text) == field


@pytest.mark.parametrize(
    "text",
    [
        "", "A", ": b", "A : b", "A B: c", "A: hunter2\r\nX: y", "A: hunter2\nX: y", "A: hunter2\r", "A: hunter2\0",
        "Ä: hunter2", "A: hunter2 €", "A\r\nX: hunter2", "Host: a b", "Host: hunter2@c", "Host:",
    ],
)  # fmt: skip
def test_a_field_that_would_split_a_request_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--header: .* takes 'Name: value' in one line") as caught:
        parse_header(text)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_the_framing_is_not_a_persons(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^--header: {name} says where a request ends"):
        parse_header(f"{name}: 1")


def test_content_from_a_file_and_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"\0\xff")
    assert read_data(f"@{tmp_path}/x") == b"\0\xff"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"in\xff")))
    assert read_data("@-") == b"in\xff"
    with pytest.raises(SettingsError, match=r"^--data: .*none: No such file"):
        read_data(f"@{tmp_path}/none")


def test_a_user_is_for_the_origins_of_the_urls() -> None:
    assert users_of([A, B], None) == {}
    own = {"user": "me", "password": "a:b"}
    assert users_of([A, B], "me:a:b") == {"http://a.example": own, "https://b.example": own}
    with pytest.raises(SettingsError, match=r"^--user: takes name:password$"):
        users_of([A], "hunter2")
