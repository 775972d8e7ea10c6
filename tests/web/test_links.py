"""The references of a page: which tags count, for what, relative to what, and what they say beside the URL."""

import random
import time
from contextlib import suppress

import ada_url
import pytest

from crawler.errors import LimitError
from crawler.web.glance import MAX_CONTENTS
from crawler.web.joiner import MAX_KNOWN_TAG
from crawler.web.links import MAX_KNOWN, MAX_TEXT, find_references, find_refresh, find_style_references
from crawler.web.reference import Kind, Reference
from crawler.web.sources import SOURCES
from crawler.web.tags import MAX_STEPS, MAX_TAGS
from crawler.web.url import URL

PAGE_URL = URL("http://host.example/dir/page.html")


def find(html: str, encoding: str = "utf-8") -> list[Reference]:
    return find_references(html.encode(encoding), encoding, PAGE_URL)


def find_all(html: str) -> list[Reference]:
    return find_references(html.encode(), "utf-8", PAGE_URL, everything=True)


def roles(html: str) -> list[tuple[str, str, str]]:
    return [(str(one.kind), one.role, str(one.url).removeprefix("http://host.example/dir/")) for one in find_all(html)]


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


@pytest.mark.parametrize(
    ("header", "urls"),
    [
        ("0; url=x", ["http://a.example/docs/x"]),
        ("5;URL='/y#z'", ["http://a.example/y"]),
        ("3", []),
        ("0; url=", []),
        ("nonsense", []),
        ("0; url=http://[", [None]),
    ],
)
def test_a_refresh_field_leads_where_a_meta_element_of_that_name_would(header: str, urls: list[str | None]) -> None:
    found = find_refresh(header, URL("http://a.example/docs/page.html"))
    assert [one.url and str(one.url) for one in found] == urls
    assert all(
        (one.kind, one.attribute, one.attributes) == (Kind.PAGE, "refresh", {"refresh": header}) for one in found
    )


@pytest.mark.parametrize("tag", ["script", "style", "textarea", "title", "iframe"])
def test_in_xhtml_a_tag_that_closes_itself_is_empty(tag: str) -> None:
    body = f"<{tag} class='x'/><a href=/y>y</a>".encode()
    url = URL("http://a.example/")
    assert [str(one.url) for one in find_references(body, "utf-8", url, is_xml=True)] == ["http://a.example/y"]
    assert find_references(body, "utf-8", url) == []


def test_every_attribute_of_the_table_counts() -> None:
    for tag, sources in SOURCES.items():
        for source in sources:
            extra = {
                "link": "rel='next icon preload' as=image",
                "meta": "http-equiv=refresh",
                "input": "type=image",
            }.get(tag, "")
            value = "0; url=x" if tag == "meta" else "x"
            found = find(f"<{tag} {extra} {source.attribute}='{value}'>")
            assert (source.attribute, source.kind, source.role) in [
                (one.attribute, one.kind, one.role) for one in found
            ]
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
    assert len(find(image * (MAX_TAGS // 1000) + "<a href=x>")) == MAX_TAGS + 1
    with pytest.raises(LimitError):
        find(image * (MAX_TAGS // 1000 + 1))


def test_of_very_many_anchors_the_first_are_found() -> None:
    found = find("".join(f"<a href=/{number % 1000}>" for number in range(MAX_TAGS + MAX_STEPS + 100)))
    assert len(found) >= MAX_TAGS
    assert [one.url.path for one in found[:MAX_TAGS] if one.url] == [f"/{number % 1000}" for number in range(MAX_TAGS)]
    with pytest.raises(LimitError):
        find("<script></script>" * (MAX_TAGS + MAX_STEPS) + "<a href=x>")


@pytest.mark.parametrize(
    ("html", "role"),
    [
        ("<img src=x>", "img"),
        ("<img srcset='x 2x'>", "srcset"),
        ("<picture><source srcset=x type=image/webp media=print></picture>", "source"),
        ("<img data-src=x>", "lazy"),
        ("<source data-srcset='x 1w'>", "lazy"),
        ("<div data-bg=x></div>", "lazy"),
        ("<div data-bg='url(x)'></div>", "lazy"),
        ("<div data-background-image=x></div>", "lazy"),
        ("<p data-bgset='x 1w'>", "lazy"),
        ("<noscript><img src=x></noscript>", "noscript"),
        ("<noscript><picture><source srcset=x></picture></noscript>", "noscript"),
        ("<NOSCRIPT><noscript><img data-src=x>", "noscript"),
        ("<svg><image href=x /></svg>", "svg"),
        ("<svg><image xlink:href=x /></svg>", "svg"),
        ("<video poster=x></video>", "poster"),
        ("<input type=image src=x>", "input"),
        ("<link rel=icon href=x>", "icon"),
        ("<link rel=preload as=image href=x>", "preload"),
        ("<link rel=preload as=image imagesrcset='x 1x'>", "preload"),
        ("<body background=x>", "background"),
        ("<p style='background: url(x)'>", "css"),
        ("<p STYLE=background:url(x)>", "css"),
        ("<a name=y style='background:url(x)'>", "css"),
        ("<svg style='background:url(x)'></svg>", "css"),
        ("<svg><g style='background:url(x)'/></svg>", "css"),
        ("<p style='background:url(&quot;x&quot;)'>", "css"),
        ("<style>a { background: url(x) }</style>", "css"),
        ("<svg><style>a { background: url(x) }</style></svg>", "css"),
        ("<style>a { background: url(x) }", "css"),
        ("<meta property=og:image content=x>", "og"),
        ("<meta property='og:image:url' content=x>", "og"),
        ("<meta name=OG:Image content=x>", "og"),
        ("<meta property=og:image:secure_url content=x>", "og"),
        ("<meta name=twitter:image content=x>", "twitter"),
        ("<meta property=twitter:image:src content=x>", "twitter"),
        ('<script type=application/ld+json>{"image": "x"}</script>', "jsonld"),
        ('<script type=\'application/LD+JSON; charset=utf-8\'>{"logo": {"url": "x"}}</script>', "jsonld"),
    ],
)
def test_roles_of_images(html: str, role: str) -> None:
    assert roles(html) == [("image", role, "x")]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<a href=x.html>", ("page", "", "x.html")),
        ("<a href=x.JPG>", ("page", "link", "x.JPG")),
        ("<a href='x.webp ?y#z'>", ("page", "link", "x.webp%20?y")),
        ("<a href=x?y=a.png>", ("page", "", "x?y=a.png")),
        ("<area href=x>", ("page", "", "x")),
        ("<noscript><a href=x></noscript>", ("page", "", "x")),
        ("<link rel=stylesheet href=x>", ("style", "style", "x")),
        ("<link rel='alternate stylesheet' href=x>", ("style", "style", "x")),
        ("<noscript><link rel=stylesheet href=x></noscript>", ("style", "style", "x")),
        ("<style>@import 'x';</style>", ("style", "style", "x")),
    ],
)
def test_roles_of_others(html: str, found: tuple[str, str, str]) -> None:
    assert roles(html) == [found]


@pytest.mark.parametrize(
    "html",
    [
        "<p style='color: red'>",
        "<p style='@import \"x\"'>",
        "<p style=''>",
        "<p data-bg=''>",
        "<p data-bg='linear-gradient(red, blue)'>",
        "<meta property=og:title content=x>",
        "<meta property=og:image:alt content=x>",
        "<meta property=og:image>",
        "<meta property=og:image content=' '>",
        '<script>{"image": "x"}</script>',
        '<script type=application/json style=\'x\'>{"image": "x"}</script>',
        '<script type=application/ld+json>{"image": </script>',
        "<link rel=preload as=style href=x>",
        "<link rel=prefetch as=image href=x>",
        "<figure><figcaption><picture></picture></figcaption></figure><noscript></noscript><style></style>",
        "<svg><use href=x /></svg>",
    ],
)
def test_nothing_more(html: str) -> None:
    assert find_all(html) == []


def test_the_contents_of_a_script_that_is_wanted_for_an_attribute_are_not_read() -> None:
    assert roles('<script style=\'a:url(x)\'>{"image": "y"}</script>') == [("image", "css", "x")]


def test_everything_has_what_is_followed_in_its_order() -> None:
    html = (
        "<base href=/other/><meta name=robots content=nofollow><link rel=stylesheet href=1><style>@import '2';"
        "a{b:url(3)}</style><body style='a:url(4)' background=5><a href=6 style='a:url(7)'>text</a><img src=8 srcset=9>"
    )
    found = find_all(html)
    assert [str(one.url).rpartition("/")[2] for one in found] == list("123456789")
    assert {str(one.url)[:-1] for one in found} == {"http://host.example/other/"}
    assert [one.nofollow for one in found if one.kind is Kind.PAGE] == [True]
    assert [one.text for one in found if one.kind is Kind.PAGE] == ["text"]
    assert not any(one.nofollow for one in found if one.kind is not Kind.PAGE)
    followed = [(one.url, one.kind, one.attribute) for one in find(html)]
    assert followed == [(one.url, one.kind, one.attribute) for one in found if str(one.url)[-1] in "689"]


def test_a_reference_from_contents_stood_in_no_attribute() -> None:
    (image,) = find_all("<style media=print>a{b:url(x)}</style>")
    assert (image.tag, image.attribute, image.attributes) == ("style", "", {"media": "print"})


def test_sizes_and_groups() -> None:
    html = (
        "<img src=1><img src=2 srcset='3 300w, 4 2x, 5' data-src=6>"
        "<picture><source srcset='7 1x' media=print><img src=8></picture><img src=9><source srcset=10><video poster=11>"
    )
    found = [(one.width, one.density, one.group) for one in find_all(html)]
    assert found == [
        (None, None, 1),
        (None, None, 2), (300, None, 2), (None, 2.0, 2), (None, 1.0, 2), (None, None, 2),
        (None, 1.0, 3), (None, None, 3),
        (None, None, 4), (None, 1.0, 0), (None, None, 0),
    ]  # fmt: skip
    assert [(one.width, one.density, one.group) for one in find(html)][1:4] == [
        (None, None, 0), (300, None, 0), (None, 2.0, 0)
    ]  # fmt: skip


def test_context_is_that_of_images_in_the_text() -> None:
    html = (
        "<link rel=icon href=1><style>a{b:url(2)}</style>words <a href=3>of</a><img src=4 srcset='5 1w, 6 2w'>"
        "<figure><img src=7><figcaption>Caption</figcaption></figure>"
        '<script type=application/ld+json>{"image": "8"}</script>'
    )
    found = find_all(html)
    around = "words of Caption"
    assert [one.context for one in found] == ["", "", "", around, around, around, around, ""]
    assert [one.caption for one in found] == ["", "", "", "", "", "", "Caption", ""]
    assert not any(one.context for one in find(html)), "a crawl does not pay for it"


PAGE_URLS = [
    URL(f"{origin}/{path}")
    for origin in ("http://a.example", "https://a.example", "http://b.example:8080")
    for path in ("", "x", "d/", "d/x", "d/y?z", "d/e/x")
]
HREFS = [
    "x",
    "x#1",
    "../x",
    "/x",
    "//c.example/",
    "http://a.example/d/x",
    "",
    "#1",
    "?q",
    "http:x",
    "mailto:x",
    "http://[",
]


def test_what_other_pages_had_changes_nothing() -> None:
    """The same anchors on pages of other folders, hosts and encodings, with and without a base and a wish."""
    chance = random.Random(0)
    for _ in range(300):
        page, base = chance.choices(PAGE_URLS, k=2)
        hrefs = chance.choices(HREFS, k=12)
        has_base, closed = chance.random() < 0.2, chance.random() < 0.2
        head = f'<base href="{base}">' * has_base + '<meta name="robots" content="nofollow">' * closed
        html = head + "".join(
            f'<li><a href="{href}" title="\u00fc">{number % 3}</a>' for number, href in enumerate(hrefs)
        )
        codec = chance.choice(["utf-8", "cp1252"])
        found = find_references(html.encode(codec), codec, page)
        joined = []
        for href in hrefs:
            try:
                joined.append(ada_url.join_url(str(base if has_base else page), href).partition("#")[0])
            except ValueError:
                joined.append("None")
        assert [str(one.url) for one in found] == joined
        assert [one.text for one in found] == [str(number % 3) for number in range(12)]
        assert {one.nofollow for one in found} == {closed}
        assert {one.attributes["title"] for one in found} == {"\u00fc"}


def test_more_tags_than_are_remembered_where_everything_is_looked_for() -> None:
    hrefs = [*map(str, range(MAX_KNOWN + 2)), "x" * (MAX_KNOWN_TAG + 1)]
    html = "".join(f"<a href={href}></a>" for href in hrefs)
    for _ in range(2):
        assert [one.attributes["href"] for one in find_all(html)] == hrefs


def test_style_sheets() -> None:
    body = b"@import 'a.css'; b { c: url(../d.png), url(http://[/) } @font-face { src: url(e) }"
    found = find_style_references(body, "utf-8", URL("http://host.example/css/style.css"))
    assert [(str(one.url), str(one.kind), one.role) for one in found] == [
        ("http://host.example/css/a.css", "style", "style"),
        ("http://host.example/d.png", "image", "css"),
        ("None", "image", "css"),
    ]


def test_too_many_references_of_everything_are_a_limit() -> None:
    style = "<style>" + "a{b:url(x)}" * 10_000 + "</style>"
    assert len(find_all(style * (MAX_TAGS // 10_000))) == MAX_TAGS
    with pytest.raises(LimitError):
        find_all(style * (MAX_TAGS // 10_000) + "<a href=x>")


@pytest.mark.parametrize(
    "unit",
    [
        "<noscript>", "<noscript><img src=x>", "<svg><style>", "<style>", "<style></style>", "<style>a</style>",
        "<script type=application/ld+json>", "<script type=application/ld+json>[</script>", "<figure><img src=x>",
        "<picture>", "<b style=url(>", "<b style='url(x)'>", "<svg><style>url(</style>", "<img src=x>a", "<a href=x>b",
        "<svg><script type=application/ld+json>",
    ],
)  # fmt: skip
def test_everything_of_no_page_is_slow(unit: str) -> None:
    html = unit * (1_000_000 // len(unit))
    began = time.process_time()
    with suppress(LimitError):
        find_all(html)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("content", "noai"),
    [("noai", True), ("index, NOIMAGEAI", True), ("noindex", False), ("none", False), ("nofollow", False)],
)
@pytest.mark.parametrize("everything", [False, True])
def test_a_page_can_ask_to_leave_its_images_alone(content: str, noai: bool, everything: bool) -> None:
    html = f'<img src=1><meta name=robots content="{content}"><a href=2>'
    found = find_references(html.encode(), "utf-8", URL("http://a.example/"), everything=everything)
    assert [(one.noai, one.kind) for one in found if one.kind is Kind.IMAGE] == [(noai, Kind.IMAGE)]
