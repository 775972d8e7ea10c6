"""What is written about an image: captions first, else the words around."""

import time

import pytest

from crawler.web.context import MAX_AROUND, MAX_CAPTION, MAX_CONTEXT, MAX_CONTEXTS, Surroundings
from crawler.web.markup import TagReader
from crawler.web.tags import MAX_TAGS

READER = TagReader({"figure", "figcaption", "img"})


def contexts(text: str) -> list[str]:
    """What is written about each img of a page: its caption, else the text around it."""
    found = READER.locate(text, lambda _, element, __: [element.name])
    surroundings = Surroundings(text, [(name, end) for name, _, end in found if name != "img"])
    images = [(start, end) for name, start, end in found if name == "img"]
    return [surroundings.caption(start) or surroundings.around(start, end) for start, end in images]


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("<figure><img><figcaption>A <b>cap</b>tion &amp;\n more</figcaption></figure>", "A caption & more"),
        ("<figure><figcaption>A</figcaption><img></figure>", "A"),
        ("<FIGURE><IMG><FIGCAPTION>A</FIGCAPTION></FIGURE>b", "A"),
        ("<figure><div><img></div><figcaption><p>A</p><p>b</p></figcaption></figure>", "A b"),
        ("<figure><img><figcaption>A</figure>b", "A"),
        ("<figure><img><figcaption>A", "A"),
        ("<figure><img><figcaption>A<!-- b --></figcaption><figcaption>c</figcaption></figure>", "A"),
        ("<figure><img><figcaption> </figcaption></figure>b", "b"),
        ("<figure><img></figure>b", "b"),
        ("<figure><figcaption>A</figcaption></figure>b<img>", "A b"),
        ("</figure><img><figcaption>A</figcaption>", "A"),
        ("<figure><figcaption>A</figcaption><figure><img></figure></figure>b", "A b"),
        ("<figure><figure><figcaption>A</figcaption></figure><img><figcaption>b</figcaption></figure>", "b"),
        ("<figure><figure><img><figcaption>A</figcaption></figure><figcaption>b</figcaption></figure>", "A"),
    ],
)
def test_captions(text: str, context: str) -> None:
    assert contexts(text) == [context]


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("<img>", ""),
        ("a <img> b", "a b"),
        ("<p>a <i>b</i>c</p><p><img></p><p>d</p><ul><li>e<li>f</ul>", "a bc d e f"),
        ("a > b <img> c < d &lt;e", "a > b c < d <e"),
        ("<!DOCTYPE html><title>a</title><img alt=b>", "a"),
        ("a<script>b</script>c<style>d</style><!-- e -->f<img><script>g</script><style>h</style>i<!-- j", "a c f i"),
        ("x" * MAX_AROUND + " a<img>b " + "x" * MAX_AROUND, "a b"),
        ("<script>" + "x " * MAX_AROUND + "</script >a<img>", "a"),
        ("<!--" + "x " * MAX_AROUND + "-->a<img>", "a"),
        ("<p title='" + "x " * MAX_AROUND + "'>a<img>", "a"),
        ("a<img><p title='" + "x " * MAX_AROUND + "'>b", "a"),
        ("one <img>" + "<b>" * MAX_AROUND + "far", "one"),
    ],
)
def test_the_words_around(text: str, context: str) -> None:
    assert contexts(text) == [context]


def test_no_more_than_the_limit() -> None:
    (around,) = contexts("before " * 100 + "<img>" + " behind" * 100)
    words = around.split()
    assert MAX_CONTEXT - 30 < len(around) <= MAX_CONTEXT
    assert set(words) == {"before", "behind"}
    assert abs(words.count("before") - words.count("behind")) <= 1
    (caption,) = contexts("<figure><img><figcaption>" + "word " * 100)
    assert caption == ("word " * 100)[:MAX_CONTEXT]
    (caption,) = contexts("near<figure><img><figcaption>" + " " * MAX_CAPTION + "far</figcaption></figure>")
    assert caption == "near"
    found = contexts("a<img>" * (MAX_CONTEXTS + 1))
    assert found[MAX_CONTEXTS - 1]
    assert not found[MAX_CONTEXTS]


@pytest.mark.parametrize(
    "unit",
    ["<figure>", "<figcaption>", "<figure><figcaption>", "</figure>", "<figure></figure>", "<img>", "<figure><img>",
     "<img><!--", "<img>-->", "<img><script", "<img></script", "<img></style</style", "<img><style >", "<img><a",
     "<figure><figcaption>a<img>"],
)  # fmt: skip
def test_no_page_is_slow(unit: str) -> None:
    began = time.process_time()
    contexts(unit * min(1_000_000 // len(unit), MAX_TAGS // 3))
    assert time.process_time() - began < 2.0
