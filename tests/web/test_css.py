"""The URLs of style sheets, as CSS Syntax Level 3 has them; and that no text is slow."""

import time

import pytest

from crawler.web.css import MAX_URLS, StyleURL, find_urls

LONG = 400_000
SECONDS = 2.0


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("a{b:url(x.png)}", ["x.png"]),
        ("a{b:URL( x.png\n)}", ["x.png"]),
        ("a{b:url('x.png') , url(\"y.png\")}", ["x.png", "y.png"]),
        ("a{b:url( 'x y.png' )}", ["x y.png"]),
        ("background-image:url(x.png)", ["x.png"]),
        ("a{b:src('x.png')}", ["x.png"]),
        ("a{b:src(x.png)}", []),
        ("@media print{a{b:url(x)}}", ["x"]),
        ("a{b:c(d(url(x)))}", ["x"]),
        ("xurl(x) -url(y) \u00e9url(z) 1url(w)", []),
        ("-1 url(x)", ["x"]),
        ("", []),
        ("a{b:c}", []),
        ("url", []),
        # comments and strings
        ("/* url(x) */ url(y) /* url(z)", ["y"]),
        ("'url(x)' \"url(y)\" url(z)", ["z"]),
        ("a /b/ url(x)", ["x"]),
        ("/**/url(x)/***/url(y)", ["x", "y"]),
        ("url(/*x*/y)", ["/*x*/y"]),
        ("'it\\'s url(x)' url(y)", ["y"]),
        ('"a\nurl(x)', ["x"]),
        ("'a\nurl(x)", ["x"]),
        # a string may go on in the next line, and an unfinished one ends with the text
        ("url('x\\\ny')", ["xy"]),
        ("url('x\\\r\ny')", ["xy"]),
        ("url('x", ["x"]),
        ("url(x", ["x"]),
        # bad ones
        ("url(x y) url(z)", ["z"]),
        ("url(x'y) url(z)", ["z"]),
        ("url(x(y) url(z)", ["z"]),
        ("url(x\\) y) url(z)", ["z"]),
        ("url('x\n) url(z)", ["z"]),
        ("url() url('') url( ) url(z)", ["z"]),
        # escapes
        ("url(x\\)y\\ z)", ["x)y z"]),
        ("url(\\78\\000079z)", ["xyz"]),
        ("url(\\78 \\79\tz)", ["xyz"]),
        ("url('\\78\r\nz')", ["xz"]),
        ("url(x\\0 \\d800 \\110000 y)", ["x\ufffd\ufffd\ufffdy"]),
        ("\\75rl(x) u\\52 l(y) ur\\l(z)", ["x", "y", "z"]),
        ("\\75rl x \\69\\6d age(y)", []),
        ("a\\'b url(x) '", ["x"]),
        ("a\\url(x)", []),
        ("a \\\n url(x)", ["x"]),
        ("url(x) \\", ["x"]),
        # what is no image
        ("url(data:image/png;base64,AA==) url('DATA:,x') url(y)", ["y"]),
        ("filter:url(#shadow) url(x.svg#y)", ["x.svg#y"]),
        ("@font-face{font-family:'f';src:url(x.woff2) format('woff2'),url(y.woff);/*}*/a:'}'} a{b:url(z)}", ["z"]),
        ("@FONT-FACE {src:url(x)} @color-profile a{src:url(y)} @font-face-not{b:url(z)}", ["z"]),
        ("@font-face{src:url(x)", []),
        ("@namespace url(http://www.w3.org/1999/xhtml); @namespace a 'x;'; a{b:url(z)}", ["z"]),
        ("@document url(x), domain('y') {a{b:url(z)}} @-moz-document url-prefix('') {a{b:url(w)}}", ["z", "w"]),
        # sets
        ("image-set('x.png' 1x, url(y.png) 2x, url('z.png') 3x)", ["x.png", "y.png", "z.png"]),
        ("-webkit-image-set(url(x) 1x) IMAGE-SET('y')", ["x", "y"]),
        ("image-set('x' type('image/avif'), linear-gradient(rgb(1 2 3), red) 2x, 'y' 3x)", ["x", "y"]),
        ("image-set(/* 'x' */ 'y' 1x, url() 2x)", ["y"]),
        ("image-set('a\\'b' 1x, \\' 'y')", ["a'b", "y"]),
        ("other-set('x') url(y)", ["y"]),
    ],
)
def test_images(text: str, urls: list[str]) -> None:
    assert find_urls(text) == [StyleURL(url) for url in urls]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("@import 'a.css';", ["a.css"]),
        ('@import"a.css";', ["a.css"]),
        ("@IMPORT url(a.css) screen;@import url('b.css')", ["a.css", "b.css"]),
        ("@import /* x */ 'a.css' layer('b') supports(c: 'd');", ["a.css"]),
        ("@import a.css;", []),
        ("@import ;", []),
        ("@imported 'a.css';", []),
        ("@import-x 'a.css';", []),
        ("@import 'data:text/css,a{}';", []),
        ("@charset 'utf-8';", []),
    ],
)
def test_imports(text: str, urls: list[str]) -> None:
    assert find_urls(text) == [StyleURL(url, is_import=True) for url in urls]


def test_in_the_order_of_the_text() -> None:
    text = "@import 'a'; b{c:url(d)} @import url(e); f{g:url(h)}"
    assert [url.text for url in find_urls(text)] == ["a", "d", "e", "h"]


def test_no_more_than_the_limit() -> None:
    assert len(find_urls("url(x)" * MAX_URLS)) == MAX_URLS
    assert len(find_urls("url(x)" * (MAX_URLS + 1))) == MAX_URLS


UNITS = [
    "url(", "url()", "url(#)", 'url("', "url('", '"', "'", "/*", "/**/", "*/", "\\", "\\a", "\\. ", "\\.", "a", "a ",
    "a\\", "-", "u", "/", "@", "@import", "@import ", "@import 'a'", "@font-face", "@font-face{", "@namespace",
    "@document", "image-set(", "image-set((", "image-set()", "image-set(()", "image-set('a'", "image-set(//", "(", ")",
    "((", "a(", "{", "}", "url(\\", "'\\", "'\n", "\\61 (", "src(", "url( ", "url(a b", "url(/*", "\u00e9", " ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_is_slow(unit: str) -> None:
    for before in ("url(a)", "image-set(", "url(", "@import "):
        began = time.process_time()
        find_urls(before + unit * (LONG // len(unit)))
        assert time.process_time() - began < SECONDS
