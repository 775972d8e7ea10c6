"""Sitemaps: expectations from sitemaps.org, Google's image extension, RSS 2.0, RFC 4287, and XML as expat reads it."""

import gzip
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import InvalidURLError
from crawler.web import sitemap as module
from crawler.web.sitemap import FIRST, MAX_SIZE, MAX_TEXT, Entry, Sitemap, looks_like_sitemap, parse_sitemap
from crawler.web.url import URL

BASE = URL("https://example.org/maps/sitemap.xml")
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
URLSET = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<urlset xmlns="{NAMESPACE}" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc>https://example.org/</loc>
    <lastmod>2024-05-01</lastmod>
    <changefreq>daily</changefreq>
    <priority>0.8</priority>
  </url>
  <url>
    <loc>https://example.org/a?b=1&amp;c=2</loc>
    <image:image><image:loc>https://example.org/a.png</image:loc><image:title>A</image:title></image:image>
    <image:image><image:loc>https://cdn.example.net/b.png</image:loc></image:image>
    <lastmod>2024-05-02T10:00:00+02:00</lastmod>
  </url>
</urlset>
"""
NO_END = ("cut short: its urlset does not end",)


@contextmanager
def untraced() -> Iterator[None]:
    """Without the coverage of lines, which would be timed, too."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def parse(text: str | bytes, declared: str | None = None) -> Sitemap:
    return parse_sitemap(text if isinstance(text, bytes) else text.encode(), BASE, declared)


def pages(text: str | bytes, declared: str | None = None) -> list[str]:
    return [str(entry.url) for entry in parse(text, declared).pages]


def sitemaps(text: str) -> list[str]:
    return [str(entry.url) for entry in parse(text).sitemaps]


def images(text: str) -> list[str]:
    return [str(url) for url in parse(text).images]


def urlset(*locations: str) -> str:
    return f"<urlset>{''.join(f'<url><loc>{location}</loc></url>' for location in locations)}</urlset>"


def test_urlset() -> None:
    assert parse(URLSET) == Sitemap(
        pages=(
            Entry(URL("https://example.org/"), "2024-05-01", "0.8"),
            Entry(URL("https://example.org/a?b=1&c=2"), "2024-05-02T10:00:00+02:00"),
        ),
        images=(URL("https://example.org/a.png"), URL("https://cdn.example.net/b.png")),
    )


def test_sitemapindex() -> None:
    text = f"""<sitemapindex xmlns="{NAMESPACE}">
        <sitemap><loc>https://example.org/1.xml.gz</loc><lastmod>2024-05-01</lastmod></sitemap>
        <sitemap><lastmod/><loc>https://other.example/2.xml</loc></sitemap></sitemapindex>"""
    assert parse(text) == Sitemap(
        sitemaps=(Entry(URL("https://example.org/1.xml.gz"), "2024-05-01"), Entry(URL("https://other.example/2.xml")))
    )


@pytest.mark.parametrize(
    "text",
    [
        "<urlset><url><loc>a</loc></url></urlset>",
        "<s:urlset xmlns:s='urn:x'><s:url><s:loc>a</s:loc></s:url></s:urlset>",
        "<urlset xmlns='http://www.google.com/schemas/sitemap/0.84'><url xmlns=''><loc>a</loc></url></urlset>",
        "<urlSet><Url><LOC>a</LOC></Url></urlSet>",
        "<urlset><loc>a</loc></urlset>",
        "<urlset><url><url><loc>a</loc></urlset>",
        "<urlset><url><loc>a</url></urlset>",
        "<urlset><url><loc>a<changefreq>daily</changefreq></url></urlset>",
        "<urlset ><url\n><loc\t>a</loc ></url></urlset\n>",
        "<urlset a='>' b=\"/>\"><url c='<'><loc>a</loc></url></urlset>",
        "<urlset><url><loc>\n  a\n</loc></url></urlset>",
        "<urlset><url><loc><![CDATA[a]]></loc></url></urlset>",
        "<urlset><url><loc><!-- b --> a<!-- <loc>c</loc> --></loc></url></urlset>",
        "<urlset><!-- <url><loc>b</loc></url> --><url><loc>a</loc></url></urlset>",
        "<urlset><![CDATA[<url><loc>b</loc></url>]]><url><loc>a</loc></url></urlset>",
        "<?php <urlset>b?><urlset><?x <url><loc>b</loc></url>?><url><loc>a</loc></url></urlset>",
        "<urlset><url><loc></loc></url><url><loc/></url><url><loc>a</loc></url></urlset>",
        "<urlset><url><loc>a</loc></url><url><loc>a#b</loc></url></urlset>",
        "<urlset><url><loc>a</loc></url></urlset><urlset><url><loc>b</loc></url></urlset>",
        "<urlset><urls><loc2>b</loc2></urls><url><loc>a</loc></url></urlset>",
        "<urlset><url><loc>a</loc><video:video><video:content_loc>b</video:content_loc></video:video></url></urlset>",
        "<urlset><url><loc>a</loc><xhtml:link rel='alternate' hreflang='de' href='b'/></url></urlset>",
        "<br />\n<b>Warning</b>: no such file in x.php\n<?xml version='1.0'?><urlset><url><loc>a</loc></url></urlset>",
        "\n \n<?xml version='1.0'?>\n<urlset><url><loc>a</loc></url></urlset>",
        "<urlset><url><loc>http://[/</loc></url><url><loc>ftp://example.org/</loc></url><loc>mailto:a@b</loc>"
        "<url><loc>a</loc></url></urlset>",
    ],
)
def test_what_real_sites_send(text: str) -> None:
    assert parse(text) == Sitemap(pages=(Entry(BASE.join("a")),))


def test_entries_that_nothing_separates() -> None:
    text = "<urlset><loc>a</loc><lastmod>1</lastmod><loc>b</loc><priority>2</priority></urlset>"
    assert parse(text).pages == (Entry(BASE.join("a"), "1"), Entry(BASE.join("b"), None, "2"))


def test_mixed_kinds() -> None:
    text = "<urlset><sitemap><loc>a</loc></sitemap><url><loc>b</loc></url></urlset>"
    assert parse(text) == Sitemap((Entry(BASE.join("b")),), (Entry(BASE.join("a")),))


def test_an_index_without_containers() -> None:
    assert sitemaps("<sitemapindex><loc>a</loc><loc>b</loc></sitemapindex>") == [
        "https://example.org/maps/a",
        "https://example.org/maps/b",
    ]


def test_nothing_in_it_is_no_flaw() -> None:
    assert parse("<urlset/>") == parse("<urlset></urlset>") == parse("<urlset xmlns='a' />") == Sitemap()


@pytest.mark.parametrize(
    "text",
    [
        "<urlset><url><i:image xmlns:i='x'><i:loc>p</i:loc></i:image><loc>a</loc></url></urlset>",
        "<urlset><url><loc>a</loc><image><loc>p</loc></image></url></urlset>",
        "<urlset><url><loc>a</loc><image:loc>p</image:loc></url></urlset>",
        "<urlset><url><image:image/><loc>a</loc><Image:Loc>p</Image:Loc></url></urlset>",
        "<urlset><url><image:image><image:loc>p</image:loc></url><url><loc>a</loc></url></urlset>",
        "<urlset><url><loc>a</loc><image:image><image:loc>p</image:loc><image:loc>p</image:loc></image:image></url>"
        "<url><image:image><image:loc>http://[</image:loc></image:image></url></urlset>",
    ],
)
def test_images(text: str) -> None:
    assert pages(text) == ["https://example.org/maps/a"]
    assert images(text) == ["https://example.org/maps/p"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("http://h/?a&amp;b&lt;&gt;&quot;&apos;", "http://h/?a&b%3C%3E%22%27"),
        ("http://h/&#65;&#x42;&#x000043;&#0000068;", "http://h/ABCD"),
        ("http://h/&#xe9;&#233;", "http://h/%C3%A9%C3%A9"),
        ("http://h/?a=1&b=2&copy=3", "http://h/?a=1&b=2&copy=3"),
        ("http://h/?&#65&#x;&#;&;", "http://h/?&"),  # the rest is its fragment
        ("http://h/&#xd800;&#x110000;&#1114112;&#55296;", "http://h/" + "%EF%BF%BD" * 4),
        ("http://h/&#x1f600;", "http://h/%F0%9F%98%80"),
        ("http://h/&#99999999;", "http://h/&"),
        ("http://h/?a=&amp;lt;", "http://h/?a=&lt;"),
        ("http://h/&xxe;", "http://h/"),
        ("http://h/&eacute;b", "http://h/b"),
        ("<![CDATA[http://h/?a=1&b=2&amp;c=<3>]]>", "http://h/?a=1&b=2&amp;c=%3C3%3E"),
        ("http://h/a b", "http://h/a%20b"),
        ("HTTP://H:80/a/../b", "http://h/b"),
        ("//other.example/a", "https://other.example/a"),
        ("/a", "https://example.org/a"),
    ],
)
def test_locations(written: str, expected: str) -> None:
    assert pages(urlset(written)) == [expected]


ENTITIES = [
    "<!DOCTYPE urlset [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>",
    "<!DOCTYPE urlset [<!ENTITY % p SYSTEM 'http://127.0.0.1/x.dtd'> %p; ]>",
    "<!DOCTYPE urlset SYSTEM 'http://127.0.0.1/x.dtd'>",
    '<!DOCTYPE urlset PUBLIC "-//X//>[" \'x\'\n[<!ENTITY b SYSTEM "file:///etc/passwd">]\n>',
    "<!DOCTYPE urlset [<!-- ' ]> <urlset> --><?p ]> ' ?><!ENTITY b '<urlset><url><loc>x</loc></url></urlset>]>'>]>",
    "<!doctype urlset [<!ELEMENT urlset ANY><!ATTLIST url b CDATA 'c'>]>",
]


@pytest.mark.parametrize("doctype", ENTITIES)
def test_declarations_are_passed_over(doctype: str) -> None:
    assert parse(doctype + urlset("http://h/&b;", "http://h/c")) == Sitemap(
        (Entry(URL("http://h/")), Entry(URL("http://h/c")))
    )


@pytest.mark.parametrize(
    "doctype", ["<!DOCTYPE urlset ['", '<!DOCTYPE urlset "', "<!DOCTYPE urlset [<!--", "<!DOCTYPE a [<?"]
)
def test_a_declaration_without_end_leaves_nothing(doctype: str) -> None:
    assert parse(doctype + urlset("http://h/c")).pages == ()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20), max_size=5))
def test_as_expat_reads_it(texts: list[str]) -> None:
    root = ET.Element("urlset", xmlns=NAMESPACE)
    for text in texts:
        ET.SubElement(ET.SubElement(root, "url"), "loc").text = text
    expected = []
    for location in ET.fromstring(ET.tostring(root)).iter(f"{{{NAMESPACE}}}loc"):
        try:
            url = BASE.join((location.text or "").strip())
        except InvalidURLError:
            continue
        if (location.text or "").strip() and url.is_http:
            expected.append(str(url))
    for encoding in ("utf-8", "utf-16", "us-ascii", "windows-1252"):
        body = ET.tostring(root, encoding, xml_declaration=True)
        assert pages(body) == list(dict.fromkeys(expected)), encoding


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (urlset("http://h/é").encode(), None),
        (b"\xef\xbb\xbf" + urlset("http://h/é").encode(), None),
        (b"\xef\xbb\xbf" + urlset("http://h/é").encode(), "iso-8859-1"),
        (b"\xff\xfe" + urlset("http://h/é").encode("utf-16-le"), None),
        (b"\xfe\xff" + urlset("http://h/é").encode("utf-16-be"), "utf-8"),
        (("<?xml version='1.0'?>" + urlset("http://h/é")).encode("utf-16-le"), None),
        (("<?xml version='1.0'?>" + urlset("http://h/é")).encode("utf-16-be"), None),
        (("<?xml version='1.0' encoding='ISO-8859-1'?>" + urlset("http://h/é")).encode("latin-1"), None),
        (
            ('\n<?xml version="1.0" standalone="yes" encoding = "latin1" ?>' + urlset("http://h/é")).encode("latin-1"),
            None,
        ),
        (("<?xml version='1.0' encoding='utf-16'?>" + urlset("http://h/é")).encode(), None),
        (("<?xml version='1.0' encoding='zlib'?>" + urlset("http://h/é")).encode(), None),
        (("<?xml version='1.0' encoding='utf-7'?>" + urlset("http://h/é")).encode(), None),
        (("<?xml version='1.0' encoding='utf-8'?>" + urlset("http://h/é")).encode("latin-1"), "latin1"),
        (("<?xml version='1.0' encoding='latin1'?>" + urlset("http://h/é")).encode(), "UTF-8"),
        (("<?xml version='1.0' encoding='utf-8'?>" + urlset("http://h/é")).encode(), "zlib"),
        ("http://h/é\n".encode("utf-16"), None),
        ("http://h/é\n".encode(), None),
        ("http://h/é\n".encode("latin-1"), "latin1"),
    ],
)
def test_encodings(body: bytes, declared: str | None) -> None:
    assert pages(body, declared) == ["http://h/%C3%A9"]


def test_bytes_that_are_no_characters_are_replaced() -> None:
    assert pages(b"<urlset><loc>http://h/\xff</loc></urlset>") == ["http://h/%EF%BF%BD"]


@pytest.mark.parametrize("text", [URLSET, URLSET.replace("<loc>", "<loc><![CDATA[").replace("</loc>", "]]></loc>")])
def test_every_cut_gives_what_was_whole(text: str) -> None:
    body = text.encode()
    whole = parse(body)
    end = body.index(b"</urlset>") + len(b"</urlset>")
    begin = body.index(b">", body.index(b"<urlset")) + 1
    for cut in range(begin, end):
        part = parse(body[:cut])
        assert [entry.url for entry in part.pages] == [entry.url for entry in whole.pages[: len(part.pages)]]
        assert part.images == whole.images[: len(part.images)]
        assert part.flaws == NO_END
    assert len(parse(body[: end - 30]).pages) == 2
    for cut in range(begin):
        assert parse(body[:cut]).pages == ()
        assert parse(body[:cut]).flaws == ("neither a sitemap nor a list of URLs",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://h/a", ["http://h/a"]),
        (
            "http://h/a\nhttps://h/b\r\nHTTP://H/c\rhttp://h/d\n",
            ["http://h/a", "https://h/b", "http://h/c", "http://h/d"],
        ),
        ("\ufeffhttp://h/a\n", ["http://h/a"]),
        ("\n \t http://h/a \n\n", ["http://h/a"]),
        ("# a list\nhttp://h/a\n/b\nc\nftp://h/d\nhttp://[\nsee http://h/e\n", ["http://h/a"]),
        ("http://h/a\nhttp://h/a\nhttp://h/?<urls>&amp;", ["http://h/a", "http://h/?%3Curls%3E&amp;"]),
        ("http://h/a\nhttp://h/" + "b" * MAX_TEXT, ["http://h/a"]),
    ],
)
def test_lists(text: str, expected: list[str]) -> None:
    assert pages(text) == expected
    assert parse(text).flaws == ()


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\0" * 100, "User-agent: *\nDisallow: /", "<", "</urlset>", "<urlset", "<urlsets/>", "<svg></svg>",
        "<!DOCTYPE html><html><body>\nhttp://h/a\n<urlset><loc>a</loc></urlset></body></html>",
        "<p>\nhttp://h/a\n</p>", '{"urlset": ["http://h/a"]}', "<!-- <urlset><loc>a</loc></urlset> -->",
    ],
)  # fmt: skip
def test_what_is_no_sitemap(text: str) -> None:
    assert parse(text) == Sitemap(flaws=("neither a sitemap nor a list of URLs",))


def test_rss() -> None:
    text = """<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
      <title>News</title><link>https://example.org/news/</link><pubDate>Mon, 06 Sep 2021 00:01:00 +0000</pubDate>
      <atom:link href="https://example.org/feed.xml" rel="self" type="application/rss+xml"/>
      <image><url>https://example.org/logo.png</url><title>N</title><link>https://example.org/news/</link></image>
      <item><title>1 &amp; 2</title><link> https://example.org/1 </link><guid>https://example.org/?p=1</guid>
        <description>&lt;a href="/no">no&lt;/a></description><pubDate>Tue, 07 Sep 2021 00:01:00 +0000</pubDate>
        <source url="https://example.org/no.xml">x</source><url>https://example.org/no</url>
        <enclosure url="https://example.org/1.mp3" length="12" type="audio/mpeg"/></item>
      <item><guid isPermaLink="true"><![CDATA[https://example.org/2]]></guid><dc:date>2021-09-08</dc:date>
        <enclosure url='https://example.org/2.jpg?a=1&amp;b=2' length='12' type='image/jpeg'/></item>
      <item><guid>https://example.org/3</guid><link></link></item>
      <item><guid isPermaLink="false">https://example.org/no</guid></item>
      <item><guid>tag:example.org,2021:no</guid><enclosure/></item>
    </channel></rss>"""
    assert parse(text) == Sitemap(
        pages=(
            Entry(URL("https://example.org/news/"), "Mon, 06 Sep 2021 00:01:00 +0000"),
            Entry(URL("https://example.org/1"), "Tue, 07 Sep 2021 00:01:00 +0000"),
            Entry(URL("https://example.org/1.mp3"), "Tue, 07 Sep 2021 00:01:00 +0000"),
            Entry(URL("https://example.org/2"), "2021-09-08"),
            Entry(URL("https://example.org/3")),
        ),
        images=(URL("https://example.org/logo.png"), URL("https://example.org/2.jpg?a=1&b=2")),
    )


def test_rss_1_0() -> None:
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
      <channel rdf:about="https://example.org/rss"><link>https://example.org/</link>
        <image rdf:resource="https://example.org/l.png"/><url>no</url></channel>
      <image rdf:about="https://example.org/l.png"><url>https://example.org/l.png</url></image>
      <item rdf:about="https://example.org/1"><link>https://example.org/1</link></item></rdf:RDF>"""
    assert pages(text) == ["https://example.org/", "https://example.org/1"]
    assert images(text) == ["https://example.org/l.png"]
    assert parse(text).flaws == ()


def test_atom() -> None:
    text = """<?xml version="1.0" encoding="utf-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/blog/">
      <link href="https://example.org/feed" rel="self"/><link href="./"/><link rel="next" href="?page=2"/>
      <link rel="alternate" href=""/><updated>2003-12-13T18:30:02Z</updated>
      <entry><title type="html">&lt;link href="/no">&lt;/link></title>
        <link rel='alternate' type='text/html' href='1?a=b&amp;c=d'/><link rel="edit" href="1/edit"/>
        <updated>2003-12-14T18:30:02Z</updated><published>2003-12-13T18:30:02Z</published>
        <link rel="enclosure" type="image/png" href="1.png"/><link rel="enclosure" type="video/mp4" href="1.mp4"/>
      </entry></feed>"""
    assert parse(text) == Sitemap(
        pages=(
            Entry(URL("https://example.org/blog/"), "2003-12-13T18:30:02Z"),
            Entry(URL("https://example.org/blog/1?a=b&c=d"), "2003-12-14T18:30:02Z"),
            Entry(URL("https://example.org/blog/1.mp4"), "2003-12-14T18:30:02Z"),
        ),
        images=(URL("https://example.org/blog/1.png"),),
    )


def test_a_feed_whose_base_is_no_url_has_its_own() -> None:
    assert pages("<feed xml:base='http://['><entry><link href='a'/></entry></feed>") == ["https://example.org/maps/a"]


def test_a_feed_that_is_cut() -> None:
    text = "<feed><entry><link href='a'/></entry><entry><link href='b'/><link href='c"
    assert pages(text) == ["https://example.org/maps/a", "https://example.org/maps/b"]
    assert parse(text).flaws == ("cut short: its feed does not end",)


def test_gzip() -> None:
    assert parse(gzip.compress(URLSET.encode())) == parse(URLSET)
    assert pages(gzip.compress(b"http://h/a\n") + gzip.compress(b"http://h/b\n")) == ["http://h/a", "http://h/b"]


def test_a_gzip_file_that_is_cut_says_so() -> None:
    text = urlset(*(f"http://h/{number * 7919 % 1000}" for number in range(1000)))
    found = parse(gzip.compress(text.encode())[:-200])
    assert 0 < len(found.pages) < 1000
    assert found.flaws == ("its gzip is broken: cut short", *NO_END)


def test_the_last_line_of_a_list_that_is_cut_is_not_taken() -> None:
    whole = b"http://h/a\nhttp://h/b\n"
    found = parse(gzip.compress(whole, 0)[:-10])
    assert [str(entry.url) for entry in found.pages] == ["http://h/a"]
    assert found.flaws == ("its gzip is broken: cut short",)


def test_no_more_than_50_mb_are_read() -> None:
    body = b"http://h/a\n" + b"#" * (MAX_SIZE - 20) + b"\nhttp://h/b\nhttp://h/c\n"
    assert parse(body).flaws == (f"more than {MAX_SIZE} bytes",)
    assert pages(body) == ["http://h/a"]
    packed = parse(gzip.compress(body, 1))
    assert [str(entry.url) for entry in packed.pages] == ["http://h/a"]
    assert packed.flaws == (f"more than {MAX_SIZE} bytes",)


@pytest.mark.parametrize(
    ("bound", "text", "expected"),
    [
        ("MAX_ENTRIES", urlset("a", "b", "http://[", "c"), "more than 3 entries"),
        (
            "MAX_ENTRIES",
            "<sitemapindex><loc>a</loc><loc>a</loc><loc>a</loc><loc>a</loc></sitemapindex>",
            "more than 3 entries",
        ),
        ("MAX_ENTRIES", "http://h/a\nhttp://h/b\nhttp://h/c\nhttp://h/d", "more than 3 entries"),
        (
            "MAX_ENTRIES",
            "<feed><link href='a'/><link href='a'/><link href='a'/><link href='a'/></feed>",
            "more than 3 entries",
        ),
        ("MAX_IMAGES", f"<urlset><image>{'<loc>a</loc>' * 4}</urlset>", "more than 3 images"),
        ("MAX_TAGS", "<urlset><url><loc>a</loc></url></urlset>", "more than 3 tags"),
        ("MAX_TAGS", "<urlset><?a?><!-- --><?b?><![CDATA[]]></urlset>", "more than 3 tags"),
    ],
)
def test_each_bound_is_named(monkeypatch: pytest.MonkeyPatch, bound: str, text: str, expected: str) -> None:
    assert parse(text).flaws != (expected,)
    monkeypatch.setattr(module, bound, 3)
    assert parse(text).flaws == (expected,)


def test_entries_are_bounded() -> None:
    with untraced():
        locations = [f"http://h/{number}" for number in range(50_001)]
        whole = parse(urlset(*locations[:-1]))
        assert (len(whole.pages), whole.flaws) == (50_000, ())
        more = parse(urlset(*locations))
        assert (more.pages, more.flaws) == (whole.pages, ("more than 50000 entries",))
        assert parse("\n".join(locations)) == more
        again = parse(urlset(*locations[:1] * 50_001))
        assert (len(again.pages), again.flaws) == (1, ("more than 50000 entries",))


def test_images_are_bounded() -> None:
    with untraced():
        items = [f"<image:image><image:loc>/{number}</image:loc></image:image>" for number in range(100_001)]
        assert len(parse(f"<urlset>{''.join(items[:-1])}</urlset>").images) == 100_000
        more = parse(f"<urlset><url><loc>/a</loc></url>{''.join(items)}</urlset>")
        assert (len(more.pages), len(more.images), more.flaws) == (1, 100_000, ("more than 100000 images",))


@pytest.mark.parametrize("unit", ["<url>", "<??>"])
def test_tags_are_bounded(unit: str) -> None:
    with untraced():
        found = parse(f"<urlset><url><loc>a</loc></url>{unit * 1_000_000}</urlset>")
    assert found == Sitemap((Entry(BASE.join("a")),), flaws=("more than 1000000 tags",))


def test_a_text_that_is_too_long_is_none() -> None:
    long = "http://h/" + "a" * (MAX_TEXT - 9)
    assert pages(urlset(long, long + "a", "http://h/b")) == [long, "http://h/b"]
    feed = f"<feed><link href='http://h/{'a' * MAX_TEXT}'/><link href='http://h/b'/></feed>"
    assert pages(feed) == ["http://h/b"]


@pytest.mark.parametrize(
    ("first", "media_type", "expected"),
    [
        (URLSET, "application/xml", True),
        (URLSET, "", True),
        ("<sitemapindex/>", "text/xml", True),
        ("<rss version='2.0'><channel>", "text/xml", True),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", "application/xml", True),
        ("<rdf:RDF xmlns='http://purl.org/rss/1.0/'>", "application/rdf+xml", True),
        ("anything", "application/rss+xml", True),
        ("anything", "application/atom+xml", True),
        ("<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml", False),
        ("<html><body>", "application/xhtml+xml", False),
        ("<!-- <urlset> --><project>", "application/xml", False),
        ("http://h/a\nhttp://h/b\n", "text/plain", False),
        ("<urlset", "application/xml", False),
        ("", "application/xml", False),
        (" " * FIRST + "<urlset>", "application/xml", False),
    ],
)
def test_looks_like_sitemap(first: str, media_type: str, expected: bool) -> None:
    assert looks_like_sitemap(first.encode(), media_type) is expected
    if media_type not in ("application/rss+xml", "application/atom+xml"):
        assert looks_like_sitemap(gzip.compress(first.encode()), "application/gzip") is expected
        assert looks_like_sitemap(first.encode("utf-16"), media_type) is expected


def test_the_beginning_of_a_gzip_file_is_enough() -> None:
    text = urlset(*(f"http://h/{number * 7919 % 10_000}" for number in range(10_000)))
    assert looks_like_sitemap(gzip.compress(text.encode())[:1000], "application/gzip")


SECONDS = 2.0
"""What any input may take; a quadratic scan takes minutes of the shortest of these."""
UNITS = [
    "<url>", "<loc>", "<loc>a", "<loc>a</loc>", "<!--", "<!---->", "<loc><!--", "<loc><![CDATA[", "<![CDATA[]]>",
    "<!DOCTYPE[", "<!DOCTYPE [\"", "<!DOCTYPE ' [", "<!DOCTYPE a>", "<!ENTITY a '&b;&b;'>", "&amp;", "&lol;",
    "<url a='b' ",
    "<url a='", "a='b' ", "a ", "<", ">", "<url ", "<a:", "a", "a:", "<?", "<??>", "</urlset ",
    "<url><loc>http://[</loc></url>",
    "<image><loc>/a</loc>", "\n", "a\n", "\n ", "\nhttp", "http://a/\n", "\0", " ", "<item><link>a</link>", "<guid>a",
    "<link a='b' c='d'/>", " encoding ",
]  # fmt: skip
BEFORE = ["", "<urlset>", "<urlset><loc>", "<!DOCTYPE a [", "<feed>", "<feed><link ", "<?xml "]


def seconds(body: bytes) -> float:
    with untraced():
        began = time.process_time()
        parse(body)
        return time.process_time() - began


@pytest.mark.parametrize("before", BEFORE)
def test_no_input_is_slow(before: str) -> None:
    for unit in UNITS:
        assert seconds((before + unit * (200_000 // len(unit))).encode()) < SECONDS, unit


@pytest.mark.parametrize(
    ("before", "unit"),
    [
        ("<urlset>", "<url>"),
        ("<urlset>", "<loc>"),
        ("<urlset>", "<!--"),
        ("<urlset>", "<loc><![CDATA["),
        ("<urlset><url ", "a='b' "),
        ("<feed>", f"<link {'a ' * 8000}>"),
        ("<!DOCTYPE a [", "<!ENTITY a '&b;&b;&b;'>"),
        ("<urlset>", "<loc>http://a/&amp;&amp;&#65;&b;</loc>"),
        ("", "http://a/\n"),
    ],
)
def test_no_long_input_is_slow(before: str, unit: str) -> None:
    assert seconds((before + unit * (10_000_000 // len(unit))).encode()) < SECONDS


def test_bounds_are_those_of_the_protocol() -> None:
    assert (module.MAX_ENTRIES, module.MAX_SIZE) == (50_000, 50 * 1024 * 1024)
