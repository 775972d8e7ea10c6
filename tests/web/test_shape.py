"""Shapes of URLs: the traps that crawlers are known to meet, beside real-looking URLs of honest sites."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.shape import MAX_SHAPE, depth, family, parameters, repeats, shape, without_session
from crawler.web.url import URL

HOST = "https://example.org"
LIMIT = 3

HONEST = [
    # (URL, its shape): none of these may be taken for a trap by itself.
    ("/", "/"),
    ("", "/"),
    ("/index.html", "/index.html"),
    ("/library/asyncio-task.html", "/library/asyncio-task.html"),
    ("/3/library/os.path.html", "/*/library/os.path.html"),
    ("/3.12/whatsnew/3.11.html", "/*.*/whatsnew/*.*.html"),
    ("/v1.2.3/api/", "/v*.*.*/api/"),
    ("/en/stable/", "/en/stable/"),
    ("/2024/01/post-title/", "/*/*/post-title/"),
    ("/2024/01/15/post-title.html", "/*/*/*/post-title.html"),
    ("/blog/2024-01-15-post-title", "/blog/*-post-title"),
    ("/2011/11/11/", "/*/*/*/"),
    ("/archive/page/2", "/archive/page/*"),
    ("/page2.html", "/page*.html"),
    ("/python3/utf8/2nd", "/python*/utf*/*nd"),
    ("/articles/10-ways-to-cook-rice", "/articles/*-ways-to-cook-rice"),
    ("/media/000/000/000/original/a.png", "/media/*/*/*/original/a.png"),
    ("/tiles/4/4/4.png", "/tiles/*/*/*.png"),
    ("/wiki/%E4%B8%AD%E6%96%87", "/wiki/%E4%B8%AD%E6%96%87"),
    ("/wiki/Rindfleischetikettierungs%C3%BCberwachung", "/wiki/Rindfleischetikettierungs%C3%BCberwachung"),
    ("/java.sql/java/sql/SQLIntegrityConstraintViolationException.html",
     "/java.sql/java/sql/SQLIntegrityConstraintViolationException.html"),
    ("/src/main/java/com/example/example/Example.java", "/src/main/java/com/example/example/Example.java"),
    ("/node_modules/a/node_modules/b/node_modules/c/node_modules/d",
     "/node_modules/a/node_modules/b/node_modules/c/node_modules/d"),
    ("/de/de/", "/de/de/"),
    ("/users/~anna/", "/users/~anna/"),
    ("/index.php?title=Main_Page&action=edit", "/index.php?action=*&title=*"),
    ("/search?q=crawler&page=2", "/search?page=*&q=*"),
    ("/search?tag=a&tag=b&tag=c", "/search?tag=*"),
    ("/show?42", "/show?*"),
    ("/show?print", "/show?print"),
    ("/list;sort=name;page=2/all", "/list;sort=*;page=*/all"),
    ("/a.php?u=https%3A%2F%2Fexample.org%2Fb", "/a.php?u=*"),
    ("/?", "/?"),
    ("/?&a=1&&b", "/?a=*&b"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), HONEST)
def test_honest_urls(written: str, expected: str) -> None:
    url = URL(HOST + written)
    assert shape(url) == expected
    assert not repeats(url, LIMIT)
    assert without_session(url) is url
    assert depth(url) <= 10
    assert parameters(url) <= 5


@pytest.mark.parametrize(
    ("some", "expected"),
    [
        (["/calendar/2026/11/", "/calendar/1970/1/", "/calendar/99999/12/"], "/calendar/*/*/"),
        (["/cal?y=2026&m=11", "/cal?m=1&y=0", "/cal?m=&y="], "/cal?m=*&y=*"),
        (["/day/2026-11-20", "/day/1999_1_1", "/day/20261120"], "/day/*"),
        (["/item?id=5&sid=ab12", "/item?sid=zz&id=x"], "/item?id=*&sid=*"),
        (["/a?x=1", "/a?x=1&x=2", "/a?x=1&x=2&x=3"], "/a?x=*"),
        (["/a?p1=1&p2=2", "/a?p7=1"], "/a?p*=*"),
        (["/f?a&b&c&d&e&f&g", "/f?a&b&c&d&e&f&h&i"], "/f?*"),
        (["/x/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/x/00000000-0000-0000-0000-000000000000",
          "/x/FACEFACE-FACE-FACE-FACE-FACEFACEFACE"], "/x/*"),
        (["/x/d41d8cd98f00b204e9800998ecf8427e", "/x/deadbeef1", "/x/DEADBEEF1", "/x/12345678"], "/x/*"),
        (["/x/x7f3k", "/x/a1b2", "/x/3a4b5c"], "/x/*"),
        (["/x/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpH", "/x/abcdefghijklmno1", "/x/" + "a" * 64, "/x/" + "Ab" * 40], "/x/*"),
        (["/x;jsessionid=0A1B/y", "/x;jsessionid=zz!q/y"], "/x;jsessionid=*/y"),
        (["/item-17.html", "/item-4.html"], "/item-*.html"),
    ],
)  # fmt: skip
def test_traps_have_one_shape(some: list[str], expected: str) -> None:
    assert {shape(URL(HOST + written)) for written in some} == {expected}


def test_a_path_that_grows_is_soon_one_shape() -> None:
    shapes = {shape(URL(f"{HOST}/{'a/b/' * count}")) for count in range(100)}
    assert len(shapes) <= 10
    assert "/" + "a/b/" * 8 + "..." in shapes


def test_a_query_that_grows_is_soon_one_shape() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    queries = ["&".join(f"{name}=1" for name in letters[:count]) for count in range(1, 27)]
    assert len({shape(URL(f"{HOST}/?{query}")) for query in queries}) == 7
    assert shape(URL(f"{HOST}/?{'a=1&' * 64}")) == "/?*"
    assert shape(URL(f"{HOST}/?{'a=1&' * 63}")) == "/?a=*"


def test_shapes_are_bounded() -> None:
    words = "/" + "-".join(["word"] * 200)
    assert shape(URL(HOST + words)) == words[: MAX_SHAPE - 3] + "..."
    exact = "/" + "word/" * 15 + "w-" * 90
    assert shape(URL(HOST + exact)) == exact
    assert len(exact) == MAX_SHAPE


@given(st.text(st.sampled_from("/aZ09-_.~%;=&?fF"), max_size=60))
def test_any_url_has_a_short_shape_that_is_its_own(text: str) -> None:
    url = URL(f"{HOST}/{text}")
    folded = shape(url)
    assert len(folded) <= MAX_SHAPE
    assert shape(url) == folded
    assert folded.startswith("/")


@pytest.mark.parametrize(
    "path",
    [
        "/x/x/x",
        "/x/x/x/x",
        "/a/b/a/b/a/b",
        "/a/b/a/b/a/b/",
        "/start/a/b/a/b/a/b/end.html",
        "/a/b/c/a/b/c/a/b/c",
        "/en/docs/docs/docs/index.html",
        "/1/x/1/x/1/x",
        "/img/img//img",
        "/about/news/about/contact/news/about/about/news/about/contact/about",
        "/a%252525/b",
        "/?next=%2F%3Fnext%3D%252F%253Fnext%253D%25252F%25253Fnext%25253D%2525252F",
        "/" + "b/" * 100 + "a/a/a",
        "/a////",
        "////a",
    ],
)
def test_repeats(path: str) -> None:
    assert repeats(URL(HOST + path), LIMIT)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/x/x",
        "/a/b/a/b",
        "/a/b/a/b/a",
        "/a/b/a/c/a/d/a",
        "/a/b/c/a/b/c",
        "/0/0/0/0",
        "/1/2/1/2/1/2",
        "/x/x/y/x",
        "/a%2525/b",
        "/x.html/x/x",
        "/x/X/x",
        "/a///b//c",
    ],
)
def test_no_repeats(path: str) -> None:
    assert not repeats(URL(HOST + path), LIMIT)


def test_how_often_is_asked() -> None:
    assert repeats(URL(f"{HOST}/x/x"), 2)
    assert not repeats(URL(f"{HOST}/x/x/x"), 4)
    assert repeats(URL(f"{HOST}/x/x/x/x"), 4)
    assert repeats(URL(f"{HOST}/%2525"), 2)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.integers(3, 6), st.sampled_from(["", "/d", "/d/e"]))
def test_any_block_in_a_row_repeats(block: list[str], times: int, around: str) -> None:
    assert repeats(URL(f"{HOST}{around}/{'/'.join(block * times)}{around}"), 3)


@given(st.permutations(list("abcdefgh")))
def test_different_segments_never_repeat(segments: list[str]) -> None:
    assert not repeats(URL(f"{HOST}/{'/'.join(segments)}"), 2)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("", 0), ("/", 0), ("/a", 1), ("/a/", 1), ("/a/b.html", 2), ("//a//b//", 2), ("/a?b=/c/d", 1)],
)
def test_depth(written: str, expected: int) -> None:
    assert depth(URL(HOST + written)) == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("", 0), ("/?", 0), ("/?a", 1), ("/?a=1&a=2&b", 3), ("/?&&a=1&", 1), ("/&a&b", 0)]
)
def test_parameters(written: str, expected: int) -> None:
    assert parameters(URL(HOST + written)) == expected


HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"/a?PHPSESSID={HEX}", "/a"),
        ("/a?PHPSESSID=1", "/a"),
        ("/a?phpsessid=&b=2", "/a?b=2"),
        (f"/a?b=2&PHPSESSID={HEX}&c=3", "/a?b=2&c=3"),
        ("/a?b=2&jsessionid=AB.node1", "/a?b=2"),
        ("/a.jsp;jsessionid=0A1B2C.node1?b=2", "/a.jsp?b=2"),
        ("/a;JSESSIONID=0A1B/b;jsessionid=0A1B/c", "/a/b/c"),
        ("/a;v=1;jsessionid=0A1B", "/a;v=1"),
        ("/a;sid=7/b", "/a/b"),
        ("/..;jsessionid=1/b", "/b"),
        ("/a?CFID=12&CFTOKEN=34&b=2", "/a?b=2"),
        ("/a?ASPSESSIONIDABCDEFGH=ABC", "/a"),
        ("/a?ASP.NET_SessionId=lit3py55t21z5v55vlm25s55", "/a"),
        ("/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "/a.aspx"),
        ("/app/(A(lit3py55t21z5v55vlm25s55)S(lit3py55t21z5v55vlm25s55))/a.aspx?b=2", "/app/a.aspx?b=2"),
        ("/shop?osCsid=abc&zenid=def&XTCsid=ghi", "/shop"),
        ("/shop?sessid=1&sess_id=2&BV_SessionID=@@@3", "/shop"),
        (f"/viewtopic.php?t=5&sid={HEX}", "/viewtopic.php?t=5"),
        ("/a?sid=5f3c9a01", "/a"),
        ("/a?session=Zm9vYmFy0123_-,x", "/a"),
        (f"/a?session_id={HEX}&sessionid={HEX}", "/a"),
        (f"/showthread.php?s={HEX}&t=5", "/showthread.php?t=5"),
    ],
)
def test_session_ids(written: str, expected: str) -> None:
    bare = without_session(URL(HOST + written))
    assert str(bare) == HOST + expected
    assert without_session(bare) is bare


@pytest.mark.parametrize(
    "written",
    [
        "/a",
        "/a?sid=5",
        "/a?sid=17&story=2",
        "/a?sid=news",
        "/a?sid=deadbeef",
        "/a?session=fall2024",
        "/a?session=introduction-to-python",
        "/talks?session_id=42",
        "/?s=iphone15pro",
        f"/?s={HEX}0",
        "/?s=" + "a" * 40,
        "/a?sidebar=0123456789abcdef",
        "/a?mysid=0123456789abcdef",
        "/a?session_ids=0123456789abcdef",
        "/a?q=PHPSESSID=1",
        "/PHPSESSID=1/a",
        "/a;v=1/b",
        "/Function_(mathematics)/a",
        "/(S(short))/a",
        "/a?b=;jsessionid=1",
    ],
)
def test_what_is_no_session_id(written: str) -> None:
    url = URL(HOST + written)
    assert without_session(url) is url


def test_session_ids_make_no_new_pages() -> None:
    ids = [f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(1, 100)]
    for form in ("/a?PHPSESSID={}", "/a;jsessionid={}", "/a?b=1&sid={}", "/a?session={}"):
        assert len({without_session(URL(HOST + form.format(one))) for one in ids if not one.isdigit()}) == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("/", "/*"),
        ("/a.html", "/*"),
        ("/?a=1", "/?*"),
        ("/item?id=1", "/item?*"),
        ("/item?b=2&id=1", "/item?*"),
        ("/calendar/2026/1", "/calendar/*"),
        ("/calendar/", "/calendar/*"),
        ("/calendar/?m=1", "/calendar/*"),
        ("/calendar?m=/1", "/calendar?*"),
        ("/5f3c9a0112aa/home", "/*/*"),
        ("//a", "//*"),
    ],
)
def test_families(written: str, expected: str) -> None:
    assert family(URL(HOST + written)) == expected


def test_a_family_has_a_short_name() -> None:
    assert len(family(URL(f"{HOST}/{'a b' * 5000}/"))) < 300


@pytest.mark.parametrize(
    "unit", ["a/", "/", "1/", "a1", "a=1&", "&", "%25", "-1", ";a=1", "sid=1&", "/(S(a", "ab/ab/c/"]
)
def test_no_url_is_slow(unit: str) -> None:
    for before in ("/", "/?"):
        url = URL(HOST + before + unit * (8000 // len(unit)))
        began = time.process_time()
        for _ in range(20):
            shape(url), repeats(url, LIMIT), without_session(url), depth(url), parameters(url), family(url)
        assert (time.process_time() - began) / 20 < 0.02
