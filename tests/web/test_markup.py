"""The scan: what a tag is and what is none, as html5lib and the HTML standard have it; and that no input is slow."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import html5lib
import pytest
from bs4 import Tag
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import LimitError
from crawler.web.markup import (
    MAX_ATTRIBUTES,
    MAX_PLAIN,
    MAX_SHAPES,
    TagReader,
)
from crawler.web.tags import MAX_STEPS, MAX_TAGS

NAMES = {"a", "area", "base", "frame", "iframe", "img", "input", "link", "meta", "script", "source", "style", "video"}
Tags = Counter[tuple[str, tuple[tuple[str, str], ...]]]

SECONDS = 2.0
"""What the longest document may take; a quadratic scan takes minutes of the shortest."""
LONG = 4_000_000


def read(_: str, element: Tag, __: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return [(element.name, tuple(sorted((name, str(value)) for name, value in element.attrs.items())))]


def href(_: str, element: Tag, __: str) -> list[str]:
    value = element.get("href")
    return [] if value is None else [str(value)]


def ours(text: str) -> Tags:
    return Counter(TagReader(NAMES).find(text, read))


def of_html5lib(text: str) -> Tags:
    tree = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    tags = ((element.tag.rpartition("}")[2], tuple(sorted(element.attrib.items()))) for element in elements)
    return Counter(tag for tag in tags if tag[0] in NAMES)


MARKS = {"style", "data-bg"}


def has_mark(tag: tuple[str, tuple[tuple[str, str], ...]]) -> bool:
    return not MARKS.isdisjoint(name for name, _ in tag[1])


def agree_on_marks(text: str) -> None:
    """The same of all tags that are wanted for an attribute, whatever their name."""
    mine = {value for value, _, _ in TagReader(NAMES, MARKS).locate(text, read) if value[0] in NAMES or has_mark(value)}
    tree = html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=False)
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    tags = {(element.tag.rpartition("}")[2].lower(), tuple(sorted(element.attrib.items()))) for element in elements}
    assert mine == {tag for tag in tags if tag[0] in NAMES or has_mark(tag)}


def agree(text: str) -> None:
    """The same tags. html5lib may have one more than once: a tree repeats an open anchor in the next paragraph."""
    mine, theirs = ours(text), of_html5lib(text)
    assert mine == Counter(value for value, _, _ in TagReader(NAMES).locate(text, read))
    assert set(mine) == set(theirs)
    assert not mine - theirs


TRICKY = [
    "<a href=x>y</a>", "<A HREF=X>", "<a\thref\n=\r\n'x'\f>", "<a/href=x/>", "<a / href = x />", "<img/src=b/>",
    "<a href=x>" * 3, "<a href>", "<a href=>", "<a href= >", "<a href=''>", '<a href="x"title="y">', "<a =x href=y>",
    "<a ==x>", "<a \"href=x>", "<a href\"=x>", "<a href=x\"y'z>", "<a href=`x y`>", "<a a=b\"c d='e\"f>",
    '<img "src=x>', '<img src="x" "y>', '<img src="x""y="z">', '<img "a" src="x">', '<img a=b src="x">', "<img src>",
    "<img src='x\"'>", '<img src="x" a b="c">', '<img src = "x">', '<img src="x"/a="b">', '<img\tsrc="x">', "<img>",
    '<img src="x" src="y">', '<img src="x=">', '<img src="a>b">', "<img src='a>b' alt=\"c\">", '<img alt="\'" src="x">',
    '<IMG SRC="x">', '<img src="&lt;" alt="&copy=">', '<img a="1" src="2"', '<img src="x>', '<img SRC="x" src="y">',
    '<img ="" src="x">', "<img", "<img ",
    "<a title='it''s' href=x>", "<a href=x href=y HREF=z>", "<a b='>' href=x>", "<a <b href=x>", "<a<b href=x>",
    "<abbr href=x><article><area href=y>", "<abbr title='<a href=x>'><a href=y>", "<div<a href=x>",
    "<div a=x<a href=y>",
    "<div a='<a href=x>' b=\"<a href=y>\"><a href=z>", "<div a=<a href=x>", "<div '<a href=x>'>",
    "<td width=10><a href=x>",
    "<div a='> <a href=x>'>", "<div =\"<a href=x>\">", "<p a=1 b=2/><a href=x>", "<x:y-z><a href=x>",
    "<div a\n=\n'<a>'>",
    "</a href='>'><a href=x>", "</div <a href=x>", "</ <a href=x>", "</><a href=x>", "</", "<", "< a href=x>",
    "<1<a href=x>",
    "<a", "<a href", "<a href=", "<a href=x", "<a href='x>", '<a href="x><a href=y>', "<a href='x'><a ",
    "<div a='<a href=x>",
    "<!-- <a href=x> --><a href=y>", "<!--><a href=x>-->", "<!---><a href=x>-->", "<!----><a href=x>",
    "<!--->-><a href=x>",
    "<!--!><a href=x>--><a href=y>", "<!-- --!><a href=x>", "<!-- -- ><a href=x>--><a href=y>",
    "<!-- <!-- --><a href=x>",
    "<!-- <!--> <a href=x>", "<!-- a-b>c--d>-<a href=x>", "<!--<a href=x>", "<!-", "<!--", "<!-->", "<!--a--<a href=x>",
    "<! <a href=x><a href=y>", "<!a '>'<a href=x>", "<!DOCTYPE a \"<a href=x>\"><a href=y>",
    "<!doctype html><a href=x>",
    "<? <a href=x>?><a href=y>", "<?php echo '<a href=x>' ?><a href=y>", "<![CDATA[<a href=x>]]><a href=y>", "<!", "<?",
    "<script><a href=x></script><a href=y>", "<script>'</scr' + '<a href=x>'</script ><a href=y>",
    "<script/><a href=x>",
    "<SCRIPT><a href=x></ScRiPt><a href=y>", "<script><!-- <a href=x> --></script><a href=y>",
    "<script></scriptx><a href=x>",
    "<script><!-- <script> <a href=x> </script> <a href=y> --> <a href=z> </script><a href=w>",
    "<script><!--><script></script><a href=x>", "<script><!-- <script> --> </script><a href=x>",
    "<script><!-- </script><a href=x>",
    "<script><!-- <scripty> </script><a href=x>", "<script><script></script><a href=x>", "<script><!--<script",
    "<script>",
    "<script><!-- <script> </script> </script><a href=x>", "<script></script/><a href=x>",
    "<script></script <a href=x>",
    "<style><a href=x></style><a href=y>", "<style><!-- </style><a href=x>", "<title><a href=x></title><a href=y>",
    "<title></titl><a href=x></title a='>'><a href=y>", "<textarea><a href=x></textarea><a href=y>",
    "<title>&lt;</title><a href=x>",
    "<textarea></textarea/><a href=x>", "<xmp><a href=x></xmp><a href=y>", "<noembed><a href=x></noembed><a href=y>",
    "<noframes><a href=x></noframes><a href=y>", "<iframe src=z><a href=x></iframe><a href=y>", "<iframe/><a href=x>",
    "<plaintext><a href=x></plaintext><a href=y>", "<title><a href=x>", "<style>", "<TITLE></TITLE><a href=x>",
    "<noscript><a href=x><img src=y></noscript>", "<template><a href=x></template>",
    "<head><noscript><link href=x></noscript>",
    "<svg><a href=x></a></svg><a href=y>", "<svg/><script><a href=x></script>",
    "<svg><style><a href=x></style></svg><a href=y>",
    "<svg><title><a href=x></title></svg><title><a href=y></title>", "<svg><script><a href=x></script></svg>",
    "<svg><![CDATA[<a href=x>]]><a href=y></svg>", "<svg><![CDATA[<a href=x>",
    "<svg><!-- <a href=x> --><a href=y></svg>",
    "<svg><![cdata[<a href=x>]]></svg>", "<svg><? <a href=x>", "<svg><desc><![CDATA[<a href=x>]]></desc></svg>",
    "<svg><foreignObject><style><a href=x></style></foreignObject><style><a href=y></style></svg>",
    "<svg><desc><svg><title></title></svg><title><a href=x></title></desc></svg>",
    "<svg><g><style><a href=x></g></svg><a href=y>",
    "<svg><p><style><a href=x></style>", "<svg><img src=x><style><a href=y></style>",
    "<svg><font color=x><style><a href=y></style>",
    "<svg><font><style><a href=x></style>", "<svg><font x=color><style><a href=x></style>",
    "<svg></g><style><a href=x></style></svg>",
    "<svg a=b/><style><a href=x></style>", "<svg a='b'/><style><a href=x></style>", "<svg a/><style><a href=x></style>",
    "<svg><style/><a href=x></svg>", "<svg><style a=b/><a href=x></style></svg>", "<svg", "<svg><a href=x", "<svg><!--",
    "<svg>",
    "<math><mi><style><a href=x></style></mi></math>", "<math><style><a href=x></style></math><a href=y>",
    "<math><desc><style><a href=x>",
    "<svg><mi><style><a href=x></style></mi></svg>", "<math><mtext><svg><style><a href=x></style></svg></mtext></math>",
    "<svg><desc><iframe src=x><a href=y></iframe></desc></svg>",
    "<svg><title><!-- <a href=x> --></title></svg><a href=y>",
    "<a href=x></a><svg><path d='<a href=y>'/></svg>", "<SVG><Style><a href=x></sTYLE></SVG>",
    "<svg><g><svg></svg></g></svg><a href=x>",
    "<a href='&amp;&lt;&#64;&#x40;&#X40;'>", "<a href='?a=1&copy=2&lt=3&amp=4'>",
    "<a href='?&copy;=1&not;&notit;&notit'>",
    "<a href='&copy'>", "<a href='&copyx &copy; &copy1 &copy'>", "<a href='&unknown;&;&'>",
    "<a href='&#0;&#x80;&#x81;&#xD800;&#x110000;'>",
    "<a href='&#99999999999999999999;&#x;&#;&#65'>", "<a href='&#1;&#11;&#xFDD0;&#13;'>", "<a href=&AMP;&amp>",
    "<a href='&#000000000000065;'>",
]  # fmt: skip


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_tags(text: str) -> None:
    agree(text.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    "text",
    [
        "<p style=x>", "<P STYLE='x' id=y>", "<b id=a style=x>", "<b id=a style>", "<b\tdata-bg=x/>", "<b/style=x>",
        "<b id='a'style=x>", "<b id=style>", "<b id=' style=x '>", "<b data-style=x>", "<b style-x=y>", "<b xstyle=y>",
        "<b title='<' style=x>", "<b title='>' style=x>", "<b style='<a href=x>'>", "</b style=x>", "<b style=x",
        "<b style='x>", "<!-- <b style=x> --><b style=y>", "<script style=x><b style=y></script>", "<style style=x>",
        "<svg style=x><g style=y><path style=z /></g></svg>", "<svg><style style=x></style></svg>", "<h1 style=x>",
        "<textarea style=x><b style=y></textarea>", "<a style=x href=y>", "<x-y style=z>", "<b a=1 b=2 data-bg=x>",
    ],
)  # fmt: skip
def test_tags_wanted_for_an_attribute(text: str) -> None:
    agree_on_marks("<body>" + text)


PIECES = [
    "<a href=x>", "</a>", "<a ", "<a href='", '<a href="', "'", '"', ">", "=", "/", " ", "\n", "x", "&",
    "&amp;copy=&copy=",
    "<!--", "-->", "--!>", "<!", "<?", "</", "<![CDATA[", "]]>", "<script>", "</script>", "<script", "<style>",
    "</style>",
    "<title>", "</title >", "<textarea>", "</textarea/>", "<xmp>", "</xmp>", "<iframe src=q>", "</iframe>",
    "<noscript>",
    "<div a=\"", "<div t='<a href=y>'>", "<div<a href=i>", "<td width=10>", "<img src=a>", "<b>", "</b>", "<p>",
    "<source s=x>",
    "<A HREF=z/>", "<a/href=q/>", "<a =x href=1>", "<a b='1' B=3>", "</a href='>'>", "<!DOCTYPE a \">\">",
    "<abbr><area href=m>",
    "<svg><style><a href=s></style></svg>", "<svg><title><a href=t></title><![CDATA[<a href=u>]]></svg>",
    "<svg a=b /><svg/>",
    "<math><mi><title><a href=v></title></mi></math>",
    "<b style=a>", "<i a='<' STYLE='b'>", "<g/data-bg=c>", " style=d", "<u data-bg='e' f>",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_agrees_with_html5lib_on_any_mixture(text: str) -> None:
    agree(text)
    agree_on_marks("<body>" + text)


def test_where_the_standard_has_moved_on_since_html5lib() -> None:
    """Section 13.2.6.5: `</p>` and `</br>` end svg; a svg left open ends with the element around it."""
    for end in ("</p>", "</br>", "</a>"):
        assert ours(f"<svg>{end}<style><a href=x></style><a href=y>")["a", (("href", "y"),)] == 1
        assert not ours(f"<svg>{end}<style><a href=x></style>")["a", (("href", "x"),)]


def test_places() -> None:
    text = "a<b><img src=x><!-- --><a href=y>"
    assert [(text[start:end], end) for _, start, end in TagReader(NAMES).locate(text, read)] == [
        ("<img src=x>", 15),
        ("<a href=y>", 33),
    ]


def test_what_says_nothing_is_left_out() -> None:
    reader = TagReader({"a"})
    assert reader.find("<a href=x><a name=y><a href=z>", href) == ["x", "z"]
    assert reader.find("no markup.html", href) == []


@pytest.mark.parametrize(
    "tag",
    [
        '<a b="1" b="2">',
        '<a  b="1"\n c="2" />',
        '<a B="1">',
        '<a b="&lt;">',
        '<a b="1"c="2">',
        '<A b="">',
        "<a" + "".join(f' {chr(97 + number % 26) * (1 + number // 26)}="x"' for number in range(MAX_PLAIN + 1)) + ">",
    ],
)
def test_plain_tags_are_read_as_all_others(tag: str) -> None:
    agree(tag)


def test_more_shapes_than_are_remembered() -> None:
    names = [
        "a" + "".join(chr(97 + number // 26**place % 26) for place in range(3)) for number in range(MAX_SHAPES + 2)
    ]
    text = "".join(f'<img {name}="{name}">' for name in names)
    reader = TagReader({"img"})
    for _ in range(2):
        assert reader.find(text, read) == [("img", ((name, name),)) for name in names]


def test_limits() -> None:
    reader = TagReader({"a"})
    with pytest.raises(LimitError):
        reader.locate("<a>" * (MAX_TAGS + 1), read)
    assert len(reader.find("<a>" * MAX_TAGS, read)) == MAX_TAGS
    assert len(reader.find("<a>" * (MAX_TAGS + 1), read)) == MAX_TAGS + 1
    assert len(reader.find("<a>" * (MAX_TAGS + MAX_STEPS + 1), read)) > MAX_TAGS
    assert len(reader.find("<a b=1>" * (MAX_TAGS + MAX_STEPS + 1), read)) > MAX_TAGS
    for tags in ("<!---->" * (MAX_STEPS + 1), "<svg>" + "<g>" * MAX_STEPS, "<title>" * (MAX_TAGS + MAX_STEPS + 1)):
        with pytest.raises(LimitError):
            reader.find(tags, read)
    assert len(reader.find("<!---->" * (MAX_STEPS - 1) + "<a>", read)) == 1
    assert len(reader.find("<a " + "b " * MAX_ATTRIBUTES + ">", read)) == 1
    with pytest.raises(LimitError):
        reader.find("<a " + "b " * MAX_ATTRIBUTES + "><a b=x>", read)
    assert len(reader.find("<a " + "b " * MAX_ATTRIBUTES + '><a b="x">', read)) == 2, "plain ones do not count"
    with pytest.raises(LimitError) as caught:
        reader.find("<a " + "b " * MAX_ATTRIBUTES + "><a b>", read)
    assert caught.value.kind == "limit"


UNITS = [
    "<!--", "<!---->", "<a ", "<a>", "<a href", "<a href=x>", '<a href="', "<a href='x\"> ", "<div>", "<div a='",
    "<div a='<'>",
    "<div a=b>", "<td\twidth=1>", "<![CDATA[", "<svg><![CDATA[", "<svg>", "<svg/>", "<svg a=b/>", "<svg><desc>",
    "<math><mi>",
    "<svg></p>", "</x>", "<script>", "<script></script>", "<script><!--<script>", "<title>", "<title></title>",
    "<title></titl",
    "<textarea>", "<plaintext>", "<", "</", "<!", "<?", "<?>", "<a b c='d' ", "<a =", "<abbr>", "<area>", "<a <b ", "&",
    "\0",
]  # fmt: skip
ONCE = [
    ("<a ", "b ", ">"), ("<a ", "= ", ">"), ("<a ", "/", ">"), ("<a ", " ", ">"), ("<a ", "x =", ">"),
    ("<a ", "'\"", ">"),
    ("<a href='", "x", "'>"), ("<a href='", "&amp;", "'>"), ("<a href='", "&#", "'>"), ("<a href='&#", "9", ";'>"),
    ("<a href='&", "a", ";'>"), ("<", "a", ">"), ("</", "a", ">"), ("<!--", "-", "-->"), ("<!--", "--!", ""),
    ("<!", "<", ">"),
    ("<svg>", "<g>", ""), ("<svg>" + "<g>" * 100_000, "</x>", ""), ("<svg ", "a ", "/>"), ("<svg><font ", "a ", ">"),
    ("<script>", "<!--", ""), ("<script>", "<!-->", "</script>"), ("<style>", "</styl", ""),
    ("<svg>", "<![CDATA[]]>", ""),
    ("<div>" * 400_000, "</div>", ""),
]  # fmt: skip
HOSTILE = [pytest.param("", unit, "", id=f"{unit}...") for unit in UNITS] + [
    pytest.param(*case, id=f"{case[0][:20]}{case[1]}...{case[2]}") for case in ONCE
]


@contextmanager
def untraced() -> Iterator[None]:
    """Without the coverage of lines, which would be timed, too."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@pytest.mark.parametrize(("before", "unit", "behind"), HOSTILE)
def test_no_input_is_slow(before: str, unit: str, behind: str) -> None:
    text = before + unit * ((LONG - len(before) - len(behind)) // len(unit)) + behind
    with untraced(), suppress(LimitError):
        began = time.process_time()
        TagReader(NAMES).find(text, href)
    assert time.process_time() - began < SECONDS


MARKED = ["<b style>", "<b style=x>", "<b style=x ", "<b style='", "<b a=style ", "<b a='<' style=x>", " style", "<b s"]


@pytest.mark.parametrize(
    ("before", "unit", "behind"), [*HOSTILE, *(pytest.param("", unit, "", id=f"{unit}...") for unit in MARKED)]
)
def test_no_input_is_slow_where_attributes_are_looked_for(before: str, unit: str, behind: str) -> None:
    text = before + unit * ((LONG // 2 - len(before) - len(behind)) // len(unit)) + behind
    with untraced(), suppress(LimitError):
        began = time.process_time()
        TagReader(NAMES, MARKS).locate(text, href)
    assert time.process_time() - began < SECONDS
