"""The size of drawings: expectations from SVG 2 section 8.2 and 8.6, and CSS Values section 6.2."""

import pytest

from crawler.web.svg import svg_size


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("width='40' height='30'", (40, 30)),
        ('width="40px" height=" 30PX "', (40, 30)),
        ("width='40.4' height='29.5'", (40, 30)),
        ("width='.5e2' height='3E1'", (50, 30)),
        ("width='1in' height='2.54cm'", (96, 96)),
        ("width='25.4mm' height='72pt'", (96, 96)),
        ("width='6pc' height='101.6Q'", (96, 96)),
        ("height = '30'\n\twidth\n=\n'40'", (40, 30)),
        ("xmlns='http://www.w3.org/2000/svg' a=\" width='7' \" width='40' height='30'", (40, 30)),
        ("title='a > b' width='40' height='30'", (40, 30)),
        ("width='40' width='50' height='30'", (40, 30)),
        ("data-width='7' stroke-width='8' width='40' height='30'", (40, 30)),
        # The box counts where they say nothing absolute.
        ("viewBox='0 0 40 30'", (40, 30)),
        ("viewBox=' -10,-20 , 40.0 3e1 '", (40, 30)),
        ("width='100%' height='100%' viewBox='0 0 40 30'", (40, 30)),
        ("width='10em' height='auto' viewBox='0 0 40 30'", (40, 30)),
        ("width='80' viewBox='0 0 40 30'", (80, 60)),
        ("height='15' viewBox='0 0 40 30'", (20, 15)),
        ("width='-4' height='15' viewBox='0 0 40 30'", (20, 15)),
        ("width='7' height='9' viewBox='0 0 40 30'", (7, 9)),
        # What tells nothing.
        ("", None),
        ("width='40'", None),
        ("height='40'", None),
        ("width='40' height='0'", None),
        ("width='-40' height='30'", None),
        ("width='1e999' height='30'", None),
        ("width='&w;' height='30'", None),
        ("width='4 0' height='30'", None),
        ("width=40 height=30", None),
        ("viewBox='0 0 40'", None),
        ("viewBox='0 0 40 0'", None),
        ("viewBox='0 0 -40 30'", None),
        ("viewbox='0 0 40 30'", None),
        ("WIDTH='40' HEIGHT='30'", None),
    ],
)
def test_size(attributes: str, expected: tuple[int, int] | None) -> None:
    assert svg_size(f"<svg {attributes}>".encode()) == expected
    assert svg_size(f"<svg {attributes}/>".encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<svg width='40' height='30'/>",
        "\ufeff<?xml version='1.0'?>\n<svg width='40' height='30'>",
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg' width='40' height='30'>",
        "<!-- <svg width='1' height='1'> --><!----><svg width='40' height='30'>",
        "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'><svg width='40' height='30'>",
        "<!DOCTYPE svg [<!ENTITY lol 'lol'><!ENTITY lol1 '&lol;&lol;&lol;'>]><svg width='40' height='30'>&lol1;</svg>",
        "<svg width='40' height='30'><svg width='1' height='1'/><script>alert(1)</script></svg>",
        "<svg width='40' height='30' onload='alert(1)'>",
    ],
)
def test_the_root_tag_alone_counts(text: str) -> None:
    assert svg_size(text.encode()) == (40, 30)


@pytest.mark.parametrize(
    "text", ["", "<?xml version='1.0'?>", "<!-- <svg width='1' height='1'>", "<svg width='40'", "<svg a='", "<svgs>"]
)
def test_more_may_follow(text: str) -> None:
    assert svg_size(text.encode()) == len(text) + 1


def test_every_cut_says_the_same_or_that_more_is_needed() -> None:
    text = b"<?xml version='1.0'?><!-- a --><svg width='40' viewBox='0 0 40 30'><path d='M0 0'/></svg>"
    end = text.index(b"><path") + 1
    for cut in range(len(text)):
        assert svg_size(text[:cut]) == (cut + 1 if cut < end else (40, 30))
