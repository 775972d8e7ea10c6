"""The references of a page: which tags count, for what, relative to what, and what they say beside the URL."""

import pytest

from crawler.errors import LimitError
from crawler.web import markup
from crawler.web.links import MAX_CONTENTS, MAX_TEXT, SOURCES, find_references
from crawler.web.reference import Kind, Reference
from crawler.web.url import URL

PAGE_URL = URL("http://host.example/dir/page.html")


def find(html: str, encoding: str = "utf-8") -> list[Reference]:
    return find_references(html.encode(encoding), encoding, PAGE_URL)


def urls(html: str, encoding: str = "utf-8") -> list[str]:
    return [str(reference.url) for reference in find(html, encoding)]


def kinds(html: str) -> list[tuple[str, str]]:
    return [(str(reference.kind), str(reference.url).rpartition("/")[2]) for reference in find(html)]


@pytest.mark.parametrize(
    "html",
    [
        "<a href=x>",
        "<area href=x>",
        "<iframe src=x></iframe>",
        "<iframe data-src=x></iframe>",
        "<frame src=x>",
        "<link rel=next href=x>",
        "<link rel='Prev' href=x>",
        "<link rel=previous href=x>",
        "<link rel=canonical href=x>",
        "<link rel='author canonical' href=x>",
        "<link rel=alternate href=x>",
        "<link rel=alternate hreflang=de href=x>",
        "<link rel=alternate type='text/html; charset=utf-8' href=x>",
        "<link rel=alternate type=application/xhtml+xml href=x>",
        "<meta http-equiv=Refresh content='3; URL=x'>",
    ],
)
def test_pages(html: str) -> None:
    assert kinds(html) == [("page", "x")]


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x>",
        "<img srcset='x 2x'>",
        "<img data-src=x>",
        "<img data-srcset='x 300w'>",
        "<img data-original=x>",
        "<img data-lazy-src=x>",
        "<img data-lazy-srcset='x 1w'>",
        "<image src=x>",
        "<picture><source srcset='x 1x'></picture>",
        "<input type=IMAGE src=x>",
        "<video poster=x></video>",
        "<link rel=icon href=x>",
        "<link rel='shortcut icon' href=x>",
        "<link rel=apple-touch-icon href=x>",
    ],
)
def test_images(html: str) -> None:
    assert kinds(html) == [("image", "x")]


@pytest.mark.parametrize(
    "html",
    [
        "<a name=x>",
        "<p href=x src=x>",
        "<link rel=stylesheet href=x>",
        "<link rel='alternate stylesheet' href=x>",
        "<link rel=alternate type=application/rss+xml href=x>",
        "<link rel=preconnect href=x>",
        "<link href=x>",
        "<link rel=next>",
        "<link rel=next href=''>",
        "<meta http-equiv=refresh content=3>",
        "<meta http-equiv=refresh content='x'>",
        "<meta content='3; url=x'>",
        "<input src=x>",
        "<input type=text src=x>",
        "<img src=''>",
        "<img src=' '>",
        "<img alt=x>",
        "<iframe src=''></iframe>",
        "<iframe></iframe>",
        "<video src=x></video>",
        "<video><source src=x></video>",
        "<script src=x></script>",
        "",
    ],
)
def test_no_references(html: str) -> None:
    assert find(html) == []


def test_every_attribute_of_the_table_counts() -> None:
    for tag, sources in SOURCES.items():
        for source in sources:
            extra = {"link": "rel='next icon'", "meta": "http-equiv=refresh", "input": "type=image"}.get(tag, "")
            value = "0; url=x" if tag == "meta" else "x"
            found = find(f"<{tag} {extra} {source.attribute}='{value}'>")
            assert (source.attribute, source.kind) in [(one.attribute, one.kind) for one in found]
            assert {str(one.url) for one in found} == {"http://host.example/dir/x"}


def test_a_tag_may_name_many_and_the_text_gives_the_order() -> None:
    html = "<a href=1></a><img src=2 srcset='3 1x, 4 2x' data-src=5><a href=6></a><video poster=7>"
    assert [name for _, name in kinds(html)] == ["1", "2", "3", "4", "5", "6", "7"]
    assert kinds("<link rel='next icon' href=x>") == [("page", "x"), ("image", "x")]


def test_a_reference_says_where_it_stood() -> None:
    (reference,) = find("<A Title='a &amp; b' title=second HREF='Y?a=1&amp;b=2#end' download>the  <b>rest</b></A>")
    assert reference.url == URL("http://host.example/dir/Y?a=1&b=2")
    assert (reference.kind, reference.tag, reference.attribute) == (Kind.PAGE, "a", "href")
    assert reference.attributes == {"title": "a & b", "href": "Y?a=1&b=2#end", "download": ""}
    assert reference.text == "the rest"
    assert not reference.nofollow


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("", "http://host.example/dir/page.html"),
        ("#top", "http://host.example/dir/page.html"),
        ("?q", "http://host.example/dir/page.html?q"),
        (" x ", "http://host.example/dir/x"),
        ("x\ny", "http://host.example/dir/xy"),
        ("..//x", "http://host.example//x"),
        ("//other.example", "http://other.example/"),
        ("x&#64;y&#35;z", "http://host.example/dir/x@y"),
        ("a b #c", "http://host.example/dir/a%20b%20"),
        ("a b #", "http://host.example/dir/a%20b%20"),
        ("a b ", "http://host.example/dir/a%20b"),
        ("http://user:secret@host.example/", "http://host.example/"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("\u00e9?\u00e9", "http://host.example/dir/%C3%A9?%C3%A9"),
        ("&#0;", "http://host.example/dir/%EF%BF%BD"),
        ("http://[", "None"),
        ("http://a b/", "None"),
    ],
)
def test_urls(written: str, url: str) -> None:
    assert urls(f"<a href='{written}'>") == [url]
    assert urls(f"<a href='{written}'>" * 2) == [url, url]


def test_control_characters_of_the_source() -> None:
    assert urls("<a href='a\0b\r\nc\rd'>") == ["http://host.example/dir/a%EF%BF%BDbcd"]


def test_other_schemes_are_urls_that_nobody_asks_for() -> None:
    (reference,) = find("<a href=javascript:void(0)>")
    assert reference.url is not None
    assert not reference.url.is_http


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ("<base href=/other/>", "http://host.example/other/x"),
        ("<base href=http://else.example>", "http://else.example/x"),
        ("<base target=_top><base href=/a/><base href=/b/>", "http://host.example/a/x"),
        ("<base href=''>", "http://host.example/dir/x"),
        ("<base href='http://['><base href=/b/>", "http://host.example/dir/x"),
        ("<base href=data:,a>", "http://host.example/dir/x"),
        ("<base href=javascript:a>", "http://host.example/dir/x"),
        ("<base href=mailto:a>", "None"),
    ],
)
def test_base(head: str, url: str) -> None:
    """HTML standard, section 4.2.3: the first base with a href, wherever it stands, unless it is unusable."""
    assert urls(f"{head}<a href=x>") == [url]
    assert urls(f"<a href=x>{head}") == [url]


@pytest.mark.parametrize("rel", ["nofollow", "NoFollow", "noopener nofollow", "nofollow\tugc"])
def test_nofollow(rel: str) -> None:
    followed, refused = find(f"<a rel=noopener href=x><a rel='{rel}' href=x>")
    assert (followed.nofollow, refused.nofollow) == (False, True)


def test_ugc_and_sponsored_only_describe_a_link() -> None:
    assert not find("<a rel='ugc sponsored' href=x>")[0].nofollow


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("robots", "nofollow", True),
        ("ROBOTS", "noindex,NOFOLLOW", True),
        ("robots", "noindex nofollow", True),
        ("robots", " none ", True),
        ("crawler", "noindex , nofollow", True),
        ("robots", "noindex", False),
        ("robots", "all, follow", False),
        ("robots", "", False),
        ("googlebot", "nofollow", False),
    ],
)
def test_robots_meta(name: str, content: str, expected: bool) -> None:
    page, image = find(f"<a href=x></a><img src=y><meta name='{name}' content='{content}'>")
    assert page.nofollow is expected
    assert not image.nofollow, "an image is shown by the page, not followed from it"


def test_text_is_that_of_the_anchor() -> None:
    html = "<a href=1>one<a href=2>two <i>and</i> <img src=x> more</A>rest<a href=3></a>no<a href=4>" + "w " * 5000
    anchors = [reference for reference in find(html) if reference.tag == "a"]
    assert [anchor.text for anchor in anchors[:3]] == ["one", "two and more", ""]
    assert anchors[3].text == ("w " * MAX_TEXT)[:MAX_TEXT]
    assert [reference.text for reference in find("<area href=x>text")] == [""]


def test_text_far_behind_its_anchor_is_not_looked_for() -> None:
    assert find("<a href=x>" + "<b>" * (MAX_CONTENTS // 3 + 1) + "far</a>")[0].text == ""


def test_queries_of_pages_in_other_encodings() -> None:
    """URL standard: the query is in the document's encoding, the rest of a URL is UTF-8."""
    assert urls("<a href='\u00e9?\u00e9#\u00e9'>", "cp1252") == ["http://host.example/dir/%C3%A9?%E9"]
    assert urls("<a href='mailto:a?\u00e9'>", "cp1252") == ["mailto:a?%C3%A9"]
    assert urls("<a href='HTTP://a/?\u00e9&x=1'>", "cp1252") == ["http://a/?%E9&x=1"]
    assert urls("<a href='?&#12354;'>", "cp1252") == ["http://host.example/dir/page.html?%26%2312354%3B"]
    assert urls("<a href='?\u00e9'>", "utf-16-le") == ["http://host.example/dir/page.html?%C3%A9"]


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert find_references(b"<a href=\xff>", "utf-8", PAGE_URL)[0].url == URL("http://host.example/dir/%EF%BF%BD")


def test_too_many_references_are_a_limit() -> None:
    image = "<img srcset='" + "x 1w," * 1000 + "'>"
    assert len(find(image * (markup.MAX_TAGS // 1000))) == markup.MAX_TAGS
    with pytest.raises(LimitError):
        find(image * (markup.MAX_TAGS // 1000) + "<a href=x>")
