"""A page's references, packed and unpacked."""

from crawler.crawldb.links import MAX_TEXT, FoundRow, pack, unpack
from crawler.model import URL, Found, Kind, Link, Reference


def reference(url: str | None, written: str, text: str = "", kind: Kind = Kind.PAGE) -> Reference:
    return Reference(URL(url) if url else None, kind, "a", "href", {"href": written}, text)


def test_order_and_repetition_are_kept() -> None:
    link = Link(URL("http://a/x"))
    found = [
        Found(reference("http://a/x", "x", "one"), link, None),
        Found(reference("http://a/x", "x", "zwei ü \ud800"), link, "nofollow"),
        Found(reference(None, "http://[", "bad"), None, "url"),
    ]
    assert unpack(pack(found)) == [
        FoundRow("http://a/x", "page", "a", "href", "one", None),
        FoundRow("http://a/x", "page", "a", "href", "zwei ü ?", "nofollow"),
        FoundRow("http://[", "page", "a", "href", "bad", "url"),
    ]


def test_what_can_never_be_asked_is_kept_in_part() -> None:
    long = "javascript:" + "x" * 10_000
    (row,) = unpack(pack([Found(reference(None, long), None, "scheme")]))
    assert row.target == long[:MAX_TEXT]


def test_none_is_an_empty_list() -> None:
    assert unpack(pack([])) == []
