"""Sitemaps that are broken, bombs, endless or lead elsewhere; and odd ones that must be read (sitemaps.org)."""

import gzip
from collections.abc import Mapping
from typing import Final

from tests.hostile.case import Case, good_page
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Asked, Reply, redirect, text

MAP: Final = "/map.xml"
FOUND: Final = "/found"
HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
SET: Final = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
INDEX: Final = '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
ENTRY: Final = "<url><loc>http://HERE/found</loc></url>"
GOOD: Final = f"{HEAD}{SET}{ENTRY}</urlset>"


def xml(body: str | bytes, content_type: str = "application/xml") -> Reply:
    return Reply(body=body.encode() if isinstance(body, str) else body, headers={"Content-Type": content_type})


def _case(name: str, why: str, answer: Answer, more: Mapping[str, Answer], **about: object) -> Case:
    robots = Reply(body=f"Sitemap: http://HERE{MAP}\n".encode(), headers={"Content-Type": "text/plain"})
    return Case(name=name, why=why, links=(), pages={"/robots.txt": robots, MAP: answer, **more}, **about)  # type: ignore[arg-type]


def leads(name: str, why: str, answer: Answer, more: Mapping[str, Answer] | None = None, *found: str) -> Case:
    """A sitemap that names a page that nothing else names."""
    return _case(name, why, answer, more or {}, good=found or (FOUND,))


def harmless(
    name: str, why: str, answer: Answer, more: Mapping[str, Answer] | None = None, total: int | None = None
) -> Case:
    """A sitemap of which nothing is wanted but that it harms nobody."""
    pages = {"/never": good_page(name, "/never"), **(more or {})}
    return _case(name, why, answer, pages, never=("/never",), total=total)


def packed(asked: Asked) -> Reply:
    """A list of text, as a file in gzip."""
    return xml(gzip.compress(f"http://{asked.host}{FOUND}\n".encode()), "application/gzip")


def index(*locations: str) -> str:
    return (
        HEAD
        + INDEX
        + "".join(f"<sitemap><loc>{location}</loc></sitemap>" for location in locations)
        + "</sitemapindex>"
    )


THEME: Final = Theme(
    "sitemaps",
    (
        leads("plain", "the rule of these exceptions", xml(GOOD)),
        leads("as text/plain XML", "the content decides", xml(GOOD, "text/plain")),
        leads("as HTML", "the content decides", xml(GOOD, "text/html")),
        leads("of text", "a URL a line", xml("http://HERE/found\r\n\r\n  \nnot a url\n", "text/plain")),
        leads("of text with a mark", "no part of the first line", xml(b"\xef\xbb\xbfhttp://HERE/found", "text/plain")),
        leads("in gzip", "a file in gzip, whatever its name", packed),
        leads("without namespace", "read all the same", xml(f"<urlset>{ENTRY}</urlset>")),
        leads(
            "with a prefix",
            "a namespace by any name",
            xml(
                '<x:urlset xmlns:x="http://www.sitemaps.org/schemas/sitemap/0.9"><x:url><x:loc>http://HERE/found</x:loc></x:url></x:urlset>'
            ),
        ),
        leads(
            "with blanks in it",
            "blanks around are none of a URL",
            xml(f"\n {HEAD}{SET}<url><loc>\n  http://HERE/found \t</loc></url></urlset>"),
        ),
        leads(
            "with CDATA",
            "text like any other",
            xml(f"{SET}<url><loc><![CDATA[http://HERE/found]]></loc></url></urlset>"),
        ),
        leads(
            "with entities",
            "the five of XML",
            xml(f"{SET}<url><loc>http://HERE/found?a=1&amp;b=&#50;</loc></url></urlset>"),
            None,
            "/found?a=1&b=2",
        ),
        leads(
            "with a bare ampersand",
            "not well-formed, and everywhere",
            xml(f"{SET}<url><loc>http://HERE/x?a&b</loc></url>{ENTRY}</urlset>"),
        ),
        leads("cut off", "what came counts", xml(GOOD[: GOOD.index("</urlset>")])),
        leads("with rubbish behind", "what came counts", xml(GOOD + "\0<<<&&&")),
        leads(
            "in UTF-16",
            "XML 4.3.3",
            lambda asked: xml(GOOD.replace("UTF-8", "UTF-16").replace("HERE", asked.host).encode("utf-16")),
        ),
        leads(
            "with one that is no URL",
            "the others count",
            xml(f"{SET}<url><loc>http://[</loc></url><url><loc/></url><url/>{ENTRY}</urlset>"),
        ),
        leads(
            "with dates of rubbish",
            "nothing but locations count",
            xml(
                f"{SET}<url><loc>http://HERE/found</loc><lastmod>99-99</lastmod><priority>nan</priority></url></urlset>"
            ),
        ),
        leads("an index", "sitemaps of sitemaps", xml(index("http://HERE/two.xml")), {"/two.xml": xml(GOOD)}),
        leads(
            "an index with a dead one first",
            "the others count",
            xml(index("http://HERE/dead.xml", "http://HERE/two.xml")),
            {"/two.xml": xml(GOOD), "/dead.xml": text("no", 500)},
        ),
        leads(
            "an index that names itself",
            "each once",
            xml(index("http://HERE/map.xml", "http://HERE/two.xml")),
            {"/two.xml": xml(GOOD)},
        ),
        leads("redirected", "five redirects, as robots.txt", redirect("/two.xml"), {"/two.xml": xml(GOOD)}),
        leads(
            "RSS",
            "a feed is a sitemap",
            xml("<rss><channel><link>http://HERE/</link><item><link>http://HERE/found</link></item></channel></rss>"),
        ),
        leads(
            "Atom",
            "a feed is a sitemap",
            xml('<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="http://HERE/found"/></entry></feed>'),
        ),
        harmless("not there", "404", text("no", 404)),
        harmless("always 500", "given up", text("no", 500)),
        harmless("silence", "the time is bounded", Reply(script=lambda: [60.0])),
        harmless("empty", "nothing", xml("")),
        harmless("HTML", "no sitemap", xml("<!doctype html><a href=/never>x</a>", "text/html")),
        harmless("binary", "no sitemap", xml(bytes(range(256)) * 1000)),
        harmless("a bomb of gzip", "bounded", xml(gzip.compress(bytes(1 << 24)), "application/gzip")),
        harmless("gzip cut off", "no crash", xml(gzip.compress(GOOD.encode())[:-9], "application/gzip")),
        harmless(
            "entities upon entities",
            "a billion laughs: none is made",
            xml(
                HEAD
                + '<!DOCTYPE x [<!ENTITY a "never">'
                + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
                + f"]>{SET}<url><loc>http://HERE/&i;</loc></url></urlset>"
            ),
        ),
        harmless(
            "an entity that is a file",
            "none is read",
            xml(
                f'{HEAD}<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{SET}<url><loc>http://ELSEWHERE/&a;</loc></url></urlset>'
            ),
        ),
        harmless(
            "a DTD elsewhere",
            "none is fetched",
            xml(f'{HEAD}<!DOCTYPE x SYSTEM "http://ELSEWHERE/x.dtd">{SET}</urlset>'),
        ),
        harmless(
            "pages elsewhere",
            "a sitemap speaks of its own host",
            xml(f"{SET}<url><loc>http://ELSEWHERE/x</loc></url><url><loc>file:///etc/passwd</loc></url></urlset>"),
        ),
        harmless(
            "sitemaps elsewhere", "scope", xml(index("http://ELSEWHERE/x.xml", "file:///etc/passwd", "ftp://HERE/x"))
        ),
        harmless("redirected elsewhere", "scope at every hop", redirect("http://ELSEWHERE/x.xml")),
        harmless("redirected to a file", "scheme at every hop", redirect("file:///etc/passwd")),
        harmless("redirected in a loop", "five redirects", redirect(MAP)),
        harmless(
            "indexes without end",
            "bounded",
            xml(index(*(f"http://HERE/maps/{n}" for n in range(20)))),
            {"/maps/*": lambda asked: xml(index(*(f"http://HERE{asked.target}/{n}" for n in range(20))))},
            total=60,
        ),
        harmless("tags without end", "linear", xml(SET + "<url>" * 300_000)),
        harmless(
            "a location of a megabyte",
            "a limit on URLs",
            xml(f"{SET}<url><loc>http://HERE/{'x' * 1_000_000}</loc></url></urlset>"),
        ),
        harmless(
            "100,000 pages elsewhere", "bounded entries", xml(SET + "<url><loc>http://ELSEWHERE/x</loc></url>" * 60_000)
        ),
        harmless(
            "without end",
            "bounded",
            Reply(script=lambda: iter(lambda: b"<url><loc>http://ELSEWHERE/x</loc></url>" * 1000, b"")),
        ),
    ),
    {"crawl": {"max_sitemaps": 50}},
)
