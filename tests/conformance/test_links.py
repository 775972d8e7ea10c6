"""The links of real and tricky pages: those of other projects' tests, and real sites beside html5lib."""

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import ada_url
import html5lib
import pytest
from bs4 import Tag

from crawler.web.charset import find_encoding
from crawler.web.links import find_references
from crawler.web.markup import TagReader
from crawler.web.reference import Reference
from crawler.web.sources import SOURCES
from crawler.web.url import URL
from tests.servers import package_folder

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "links.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []

WRITTEN = {"a": "href", "area": "href", "link": "href", "iframe": "src", "frame": "src", "img": "src", "script": "src"}
"""Tags and the attribute that is compared, whatever a crawl makes of it."""
TWICE = {
    "lycheeverse/lychee:fixtures/TEST_HTML5.html": "an anchor left open is repeated by the tree in the next paragraph",
}
"""Where the tree of the HTML standard has a tag more than once that the text has once, and so have we."""
SAMPLE = 150
LONGEST = 200_000
"""How many pages of each site are read, and how long they may be: html5lib takes a second for a megabyte."""


def written(_: str, element: Tag, __: str) -> list[tuple[str, str]]:
    value = element.get(WRITTEN[element.name])
    return [(element.name, str(value))] if value is not None else []


def counted(case: dict[str, object], links: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """The links of a page; each once where the case has some twice."""
    return list(dict.fromkeys(links)) if case["source"] in TWICE else links


def without_fragment(url: str | None) -> str | None:
    return url.partition("#")[0] if url is not None else None


@pytest.mark.skipif(not CASES, reason=f"no {FILE}")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["source"]) for case in CASES])
def test_tags_of_other_projects_pages(case: dict[str, object]) -> None:
    text = base64.b64decode(str(case["html_b64"])).decode("utf-8", "replace")
    base = str(case["base_used"])
    found = [(name, ada_url.join_url(base, url)) for name, url in TagReader(WRITTEN).find(text, written)]
    expected = [(tag, url) for tag, attribute, url in case["expect"] if WRITTEN.get(tag) == attribute]
    assert counted(case, found) == counted(case, expected)


@pytest.mark.skipif(not CASES, reason=f"no {FILE}")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["source"]) for case in CASES])
def test_references_of_other_projects_pages(case: dict[str, object]) -> None:
    """Links by `link` are left out: there a relation decides."""
    body = base64.b64decode(str(case["html_b64"]))
    found = [
        (one.tag, str(one.url) if one.url else None)
        for one in find_references(body, "utf-8", URL(str(case["base"])))
        if one.tag != "link"
    ]
    expected = [
        (tag, without_fragment(url))
        for tag, attribute, url in case["expect"]
        if tag != "link" and attribute in [source.attribute for source in SOURCES.get(tag, ())]
    ]
    assert counted(case, found) == counted(case, expected)


def of_html5lib(body: bytes, encoding: str) -> list[Element]:
    tree = html5lib.parse(body.decode(encoding, "replace"), treebuilder="etree", namespaceHTMLElements=False)
    return [element for element in tree.iter() if isinstance(element.tag, str)]


def shape(reference: Reference) -> tuple[str, str]:
    return reference.tag, reference.attributes[reference.attribute]


@pytest.mark.parametrize(
    ("package", "marker"),
    [
        ("python3.11-doc", "genindex-all.html"),
        ("gimp-help-en", "index.html"),
        ("openjdk-17-doc", "allclasses-index.html"),
    ],
)
def test_the_links_of_real_sites_are_those_of_html5lib(package: str, marker: str) -> None:
    """Every anchor, area, frame and image of a sample of pages, as many of each, each joined as ada-url does."""
    files = [file for file in sorted(package_folder(package, marker).rglob("*.html")) if file.is_file()]
    files = [file for file in files if file.stat().st_size <= LONGEST]
    for file in random.Random(package).sample(files, SAMPLE):
        body = file.read_bytes()
        encoding = find_encoding(body)
        url = URL(f"http://host.example/{file.name}")
        found = [one for one in find_references(body, encoding, url) if one.attribute == WRITTEN.get(one.tag)]
        found = [one for one in found if one.tag != "link"]
        expected = [
            (element.tag, element.attrib[WRITTEN[element.tag]])
            for element in of_html5lib(body, encoding)
            if element.tag in SOURCES and element.tag != "link" and WRITTEN.get(element.tag, "") in element.attrib
        ]
        assert Counter(map(shape, found)) == Counter(expected), file
        joined = [without_fragment(ada_url.join_url(str(url), shape(one)[1])) for one in found]
        assert [str(one.url) for one in found] == joined, file
        assert expected, f"{file} has links, or the sample is worth nothing"


URL_IN_STYLE = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^"'()\s]*))\s*\)""")
"""Enough for the style sheets of these sites, which have no comments with URLs and no escapes."""


def image_references(element: Element, in_noscript: bool = False) -> Iterator[tuple[str, str]]:
    """The role and the URL as written of every image and style sheet at and below an element, by the plain rules."""
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    get = element.attrib.get
    text = "".join(element.itertext()) if name in ("style", "script") else ""
    found = []
    if name == "img":
        found += [("img", get("src")), *(("srcset", url.split()[0]) for url in (get("srcset") or "").split(",") if url)]
        found += [("lazy", get("data-src"))]
    elif name == "source":
        found += [("source", url.split()[0]) for url in (get("srcset") or "").split(",") if url]
    elif name == "image":
        found += [("svg", get("href") or get("{http://www.w3.org/1999/xlink}href"))]
    elif name == "link":
        relations = (get("rel") or "").lower().split()
        found += [("style", get("href"))] * ("stylesheet" in relations) + [("icon", get("href"))] * (
            "icon" in relations
        )
    elif name == "meta":
        found += [("og", get("content"))] * (get("property") == "og:image")
        found += [("twitter", get("content"))] * (get("name") == "twitter:image")
    elif name == "script" and get("type") == "application/ld+json":
        found += [("jsonld", json.loads(text)["image"])]
    for style in (text if name == "style" else "", get("style") or ""):
        found += [("css", "".join(parts)) for parts in URL_IN_STYLE.findall(style)]
    if name == "style":
        found += [("style", url) for url in re.findall(r"""@import\s+["']([^"']*)""", text)]
    for role, url in found:
        if url and not url.startswith("data:"):
            yield ("noscript" if in_noscript and role != "style" else role), url
    for child in element:
        yield from image_references(child, in_noscript or name == "noscript")


def images_and_styles(body: bytes, encoding: str, url: URL) -> Counter[tuple[str, str]]:
    found = find_references(body, encoding, url, everything=True)
    return Counter((one.role, str(one.url)) for one in found if one.role and one.role != "link")


def of_tree(body: bytes, encoding: str, url: URL) -> Counter[tuple[str, str]]:
    tree = html5lib.parse(body.decode(encoding, "replace"), treebuilder="etree", namespaceHTMLElements=False)
    return Counter((role, ada_url.join_url(str(url), written)) for role, written in image_references(tree))


@pytest.mark.parametrize(
    ("package", "marker", "roles"),
    [
        ("python3.11-doc", "genindex-all.html", {"img", "icon", "style"}),
        ("gimp-help-en", "index.html", {"img", "style"}),
        ("openjdk-17-doc", "allclasses-index.html", {"style"}),
    ],
)
def test_the_images_of_real_sites_are_those_of_html5lib(package: str, marker: str, roles: set[str]) -> None:
    files = [file for file in sorted(package_folder(package, marker).rglob("*.html")) if file.is_file()]
    files = [file for file in files if file.stat().st_size <= LONGEST]
    seen: set[str] = set()
    for file in random.Random(package).sample(files, SAMPLE // 2):
        body = file.read_bytes()
        encoding = find_encoding(body)
        url = URL(f"http://host.example/{file.name}")
        found = images_and_styles(body, encoding, url)
        assert found == of_tree(body, encoding, url), file
        seen |= {role for role, _ in found}
    assert roles <= seen


PARTS = {
    "head": [
        "<link rel=stylesheet href=a.css>", "<link rel=icon href=b.ico>", "<meta property=og:image content=c.png>",
        "<meta name=twitter:image content=d.png>", "<style>@import 'e.css'; p { background: url(f.png) }</style>",
        '<script type=application/ld+json>{"@type": "Article", "image": "g.png"}</script>',
        "<script>'<img src=h>'</script>",
    ],
    "body": [
        "<img src=i.png>", "<img srcset='j.png 1x, k.png 2x' src=l.png data-src=m.png>",
        "<p style='a: url(n.png)'>text",
        "<picture><source srcset='o.webp 300w'><img src=p.png></picture>", "<noscript><img src=q.png></noscript>",
        "<svg><image href=r.png /><style>a { b: url('s.png') }</style></svg>",
        "<b style=\"a: url('t.png')\" title='<'>b</b>",
        "<figure><img src=u.png><figcaption>text</figcaption></figure>", "<!-- <img src=v.png> -->",
        "<svg><image xlink:href=w.png /></svg>", "<textarea><img src=x.png></textarea>",
        "<div style='a: url(y.png)'></div>",
    ],
}  # fmt: skip


@pytest.mark.parametrize("seed", range(100))
def test_the_images_of_made_up_pages_are_those_of_html5lib(seed: int) -> None:
    """Real documentation has few kinds of sources; these pages have them all, in any order."""
    chance = random.Random(seed)
    head, body = (chance.choices(parts, k=8) for parts in PARTS.values())
    page = f"<!DOCTYPE html><head>{''.join(head)}</head><body>{''.join(body)}</body>".encode()
    url = URL("http://host.example/dir/page.html")
    assert images_and_styles(page, "utf-8", url) == of_tree(page, "utf-8", url)
