"""What is found at a glance is what a walk from tag to tag finds, also where tags are known from other texts."""

import random

import pytest
from bs4 import Tag
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.web.glance import MAX_CONTENTS, inner, is_outside
from crawler.web.markup import TagReader

NAMES = {"a", "area", "base", "frame", "iframe", "img", "link", "meta", "source", "video"}
Value = tuple[str, tuple[tuple[str, str], ...]]

PIECES = [
    "<a href=x>", '<a href="x">', '<a class="y" href="&amp;">', "<A HREF='x'>", "</a>", "</A>", "<a ", "<a>", "text",
    "<b>", "</b>", '<code class="x">', "</code>", "<em title='>'>", "<em x=y>", '<i a="b" c="d">', "<span", "<kbd/>",
    '"', "'", "='", '="', '= "', " ", "\n", ">", "<", "=", "/", "/>", "&", '<p a="', "<p a='>", "<p a=\">\" b='", "<p>",
    "<img src=x>", '<img src="y">', "<iframe src=x>", "</iframe>", "<frame src=x>", "<area href='>'>", "<base href=x>",
    "<!--", "-->", "<!-->", "<!x>", "<!", "<?x>", "</ >", "</", "<![CDATA[", "]]>", "</b a='", "</p a=\">\">",
    "<script>", "</script>", "<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>", "<plaintext>",
    "<svg>", "</svg>", "<svg/>", "<desc>", "<math>", "<mi>", "<TITLE>", "</TITLE >", "<IMG SRC=z>", "<ScRiPt>",
]  # fmt: skip
mixtures = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def read(_: str, element: Tag, __: str) -> list[Value]:
    return [(element.name, tuple(sorted((name, str(value)) for name, value in element.attrs.items())))]


def read_with_markup(_: str, element: Tag, markup: str) -> list[tuple[Value, str]]:
    return [(value, markup) for value in read("", element, "")]


@settings(max_examples=1000, deadline=None)
@given(mixtures)
def test_a_glance_finds_what_a_walk_finds(text: str) -> None:
    reader = TagReader(NAMES)
    assert reader.find(text, read) == [value for value, _, _ in reader.locate(text, read)]


def test_tags_known_from_other_texts_come_to_what_they_are() -> None:
    """What has been read of thousands of texts, some of them cut off in the middle of a tag, is true of all others."""
    reader = TagReader(NAMES)
    chance = random.Random(0)
    known: dict[str, list[tuple[Value, str]]] = {}

    def keep(key: str, element: Tag, markup: str) -> list[tuple[Value, str]]:
        values = read_with_markup(key, element, markup)
        if key:
            known[key] = values
        return values

    taken = 0
    for _ in range(6000):
        text = "".join(chance.choices(PIECES, k=chance.randint(1, 14)))
        fresh = reader.find(text, read_with_markup)
        before = len(known)
        assert reader.find(text, keep, known) == fresh, text
        assert reader.find(text, read_with_markup, {}, known) == fresh, text
        taken += bool(fresh) and len(known) == before
    assert taken > 1000, "nothing came from what was known"


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<a href=x>text</a>", "text"),
        ('<a href="x">text</a>', "text"),
        ('<a href="x"></a>', ""),
        ('<a href="x"><code class="y"><b>1</b></code>\n&lt; 3 </a> 4', '<code class="y"><b>1</b></code>\n&lt; 3 '),
        ('<a href="x">one <p>two</p></a>', "one <p>two</p>"),
        ('<a href="x">one <img src="y"> two</a>', 'one <img src="y"> two'),
        ('<a href="x">one <em title=">">two</em></a>', 'one <em title=">">two</em>'),
        ('<a href="x">one</A>two</a>', "one"),
        ('<a href="x">one</a\n>', "one"),
        ('<a href="x">one<a name=y>two</a>', "one"),
        ('<a href="x">one', "one"),
        ('<a href="x">one<abbr>two</abbr></a>', "one<abbr>two</abbr>"),
        ('<a href="x">one<!-- </b> --></a>', "one<!-- </b> -->"),
        ("<a href='x'>one</a>", "one"),
        ("<A HREF=x>one</A>", "one"),
    ],
)  # fmt: skip
def test_what_is_in_an_anchor(text: str, markup: str) -> None:
    assert TagReader({"a"}).find(text, read_with_markup)[0][1] == markup


def test_what_is_in_other_tags_is_not_given() -> None:
    found = TagReader({"a", "img", "area"}).find("<img src='x'>text<area href=\"y\">text</a>", read_with_markup)
    assert [markup for _, markup in found] == ["", ""]


def test_no_more_than_a_part_of_a_long_anchor_is_looked_at() -> None:
    assert len(inner("<a>" + "x" * MAX_CONTENTS * 2, 3)) == MAX_CONTENTS


@pytest.mark.parametrize(
    "text",
    [
        "<p>", "<p><b>", '<p a="b">', "<p a='b'>text", "<p a=\"b'c\">", "</p>\n", "<p a=b>", '" <p>',
        "a > b <p>", "it's <b>",
    ],
)  # fmt: skip
def test_outside_of_tags(text: str) -> None:
    assert is_outside(text)


@pytest.mark.parametrize(
    "text",
    [
        "<p", "<p ", '<p a="', "<p a='>", '<p a=">', '<p a = ">', '<p a="b>c" ', "<p a='>' b", '<p a="\'>', "<p a='\">",
        "<p a=\n'>", "</p a='>", '<p a="=">', "<",
    ],
)  # fmt: skip
def test_not_surely_outside_of_tags(text: str) -> None:
    assert not is_outside(text)
