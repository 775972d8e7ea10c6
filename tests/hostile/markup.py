"""Pages whose HTML is broken, or made to hide links, to invent some, or to cost time (the HTML standard)."""

from collections.abc import Sequence
from typing import Final

from tests.hostile.case import ABSENT, BAD, SAVED, Case, bad, html
from tests.hostile.crawled import Theme
from tests.toysite import Asked, Reply

FOUND: Final = "/found"
NEVER: Final = "/never"
LINK: Final = '<a href="/found">found</a>'


def finds(name: str, why: str, body: str | bytes, *paths: str, content_type: str = "text/html; charset=utf-8") -> Case:
    """A page that leads to these paths, to `/found` where none is named, and never to `/never`."""
    page = html(body, content_type)
    return bad(name, why, page, SAVED, good=paths or (FOUND,), never=(NEVER,), contents=_kept(page))


def hides(name: str, why: str, body: str | bytes, content_type: str = "text/html; charset=utf-8") -> Case:
    """A page that names `/never`, and not as a link."""
    page = html(body, content_type)
    return bad(name, why, page, SAVED, never=(NEVER,), contents=_kept(page))


def _kept(page: Reply) -> dict[str, bytes]:
    """The page as it was served, where no word of it stands for anything."""
    return {} if b"HERE" in page.body else {BAD: page.body}


def href(name: str, why: str, text: str, path: str = FOUND) -> Case:
    """An anchor whose href is written so."""
    return finds(name, why, f"<a href='{text}'>x</a>", path)


def heavy(name: str, why: str, body: str) -> Case:
    """A page that costs some parsers minutes; it is saved, whatever becomes of its links."""
    return bad(name, why, html(body), SAVED, contents={BAD: body.encode()})


def secrets(asked: Sequence[Asked]) -> list[Asked]:
    return [one for one in asked if "authorization" in one.headers or "secret" in str(one.headers)]


SPELLING = (
    finds("capitals", "names have no case", '<A HREF="/found">x</A>'),
    finds("no quotes", "13.1.2.3", "<a href=/found>x</a>"),
    finds("single quotes", "13.1.2.3", "<a href='/found'>x</a>"),
    finds("blanks around the equals sign", "13.1.2.3", "<a href \n=\t '/found'>x</a>"),
    finds("no blank between attributes", "13.2.5.39", '<a class="x"href="/found">x</a>'),
    finds("a slash for a blank", "13.2.5.32", "<a/href=/found >x</a>"),
    finds("a form feed for a blank", "13.2.5.32", "<a\fhref='/found'>x</a>"),
    finds("href twice", "13.2.5.33: the first counts", "<a href=/found href=/never>x</a>"),
    finds("quotes inside a name", "13.2.5.33", "<a \"x' href=/found>x</a>"),
    finds("an equals sign before a name", "13.2.5.32", "<a =x href=/found>x</a>"),
    finds("a greater-than in an attribute", "it ends no tag there", '<a title=">" href="/found">x</a>'),
    finds("a less-than in front", "13.2.5.6", f"< a href=/never><<<>< {LINK}"),
    finds("an end tag with attributes", "13.2.5.7: no link", f"</a href=/never>{LINK}"),
    finds("nothing closed", "13.2", f"<div><p><b><i><table><tr><td><span>{LINK}<ul><li><em>"),
    finds("everything closed that was never open", "13.2", f"</div></p></table></html></body></svg>{LINK}"),
    finds("a tag without end", "13.2.5: it is none", f"{LINK}<a href=/never"),
    finds("a quote without end", "13.2.5.36: it eats the rest", f'{LINK}<a title="<a href=/never>x</a>'),
    finds("behind the end of the page", "13.2.6.4.20", f"<html><body></body></html>{LINK}"),
    finds("before the doctype", "13.2.6.4.1", f"{LINK}<!doctype html><html>"),
    finds("in the head", "13.2.6.4.4", f"<head><title>x</title>{LINK}</head>"),
    finds("a doctype of rubbish", "13.2.5.53", f'<!DOCTYPE "\'[<!ENTITY x "y">]>{LINK}'),
    finds("an instruction", "13.2.5.6: a comment", f"<?php echo '<a href=/never>' ?><? x >{LINK}"),
    finds("NUL in a tag's name", "13.2.5.8: another name", f"<a\0 href=/never>x</a>{LINK}"),
    finds("NUL in the text", "13.2.6.4.7", f"a\0b\0\0{LINK}\0"),
    finds("a foster parent", "13.2.6.1", f"<table>{LINK}<tr>x</table>"),
    finds("frames and areas", "13.2.6", "<map><area href=/1></map><iframe src=/2></iframe>", "/1", "/2"),
    finds("a frameset", "15.6", "<frameset><frame src=/1><frame src='/2'></frameset>", "/1", "/2"),
    finds("a page in itself", "each URL once", f"<iframe src=/bad></iframe><iframe src='?'></iframe>{LINK}"),
    finds("an anchor in an anchor", "13.2.6.4.7", "<a href=/1><a href=/2><a href=/3>", "/1", "/2", "/3"),
    finds(
        "XHTML",
        "a page",
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{LINK}</body></html>',
        content_type="application/xhtml+xml",
    ),
    finds(
        "XHTML whose tags close themselves",
        "14.2: empty elements, also those that hold text in HTML",
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="/x.js" /><style/></head>'
        f"<body><textarea/><iframe src='/2'/>{LINK}</body></html>",
        FOUND,
        "/2",
        content_type="application/xhtml+xml",
    ),
    hides(
        "HTML whose script closes itself",
        "13.1.2: the slash means nothing there",
        "<script src='/x.js' /><a href=/never>x</a>",
    ),
    bad(
        "a Refresh field",
        "7.5: as a meta element of that name",
        html("<p>elsewhere", Refresh="5; URL='/found'"),
        SAVED,
        good=(FOUND,),
    ),
    finds(
        "XHTML with entities upon entities",
        "a billion laughs: none is made",
        '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("bcdefghi", "cdefghij", strict=True))
        + f']><html xmlns="http://www.w3.org/1999/xhtml"><p>&j;</p>{LINK}</html>',
        content_type="application/xhtml+xml",
    ),
    finds(
        "XHTML with a file for an entity",
        "none is read",
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html>&x;{LINK}</html>',
        content_type="application/xhtml+xml",
    ),
)

HIDDEN = (
    hides("in a comment", "13.2.5.45", "<!-- <a href=/never>x</a> -->"),
    hides("in a comment without end", "13.2.5.45: to the end", "<!-- <a href=/never>x</a>"),
    hides("in a comment's dashes", "13.2.5.50", "<!-- -- > <a href=/never>x</a> -->"),
    finds("behind an empty comment", "13.2.5.43", f"<!-->{LINK}<!-- -->"),
    finds("behind a comment of a dash", "13.2.5.44", f"<!--->{LINK}<!-- -->"),
    finds("behind a comment that ends oddly", "13.2.5.52", f"<!-- x --!>{LINK}<!-- -->"),
    hides("in a script", "4.12.1", "<script>document.write('<a href=/never>x</a>')</script>"),
    hides(
        "in a script behind a comment in it", "13.2.5.18", "<script><!-- <script></script> <a href=/never> --></script>"
    ),
    hides("in a script without end", "13.2.5.4", "<script><a href=/never>x</a>"),
    hides("in a style", "13.2.5.3", "<style><a href=/never>x</a></style>"),
    hides("in a title", "13.2.5.2", "<title><a href=/never>x</a></title>"),
    hides("in a text area", "13.2.5.2", "<textarea><a href=/never>x</a></textarea>"),
    hides("in plain text", "13.2.5.5", "<plaintext><a href=/never>x</a></plaintext>"),
    hides("in an xmp", "13.2.6.4.7", "<xmp><a href=/never>x</a></xmp>"),
    hides("in CDATA of a drawing", "13.2.5.69", "<svg><![CDATA[<a href=/never>x</a>]]></svg>"),
    hides("in an attribute", "13.2.5.36", "<p title='<a href=/never>x</a>'>x"),
    hides("in a conditional comment", "a comment", "<!--[if IE]><a href=/never>x</a><![endif]-->"),
    hides("in plain text that looks like a page", "declared to be text", "<html><a href=/never>x</a>", "text/plain"),
    hides("in JSON", "declared to be JSON", '{"html": "<a href=/never>x</a>"}', "application/json"),
    finds("behind a script's end in capitals", "13.2.5.11", f"<script>'<a href=/never>'</SCRIPT >{LINK}"),
    finds("behind a script's end with attributes", "13.2.5.14", f"<script>1</script x='y'>{LINK}"),
    finds("behind CDATA that is none", "13.2.5.42: a comment, to its first >", f"<![CDATA[x>{LINK}]]>"),
)

HREFS = (
    href("entities", "13.2.5.72", "&#47;fou&#x6e;d"),
    href("an entity by name", "13.2.5.73", "&sol;found"),
    href("an entity without semicolon", "13.2.5.80", "&#47found"),
    href("an entity that is none", "13.2.5.73", "/found?a&nosuch;b", "/found?a&nosuch;b"),
    href("an entity beyond Unicode", "13.2.5.80: U+FFFD", "/found?&#1114112;", "/found?%EF%BF%BD"),
    href("an entity of 5,000 digits", "int() raises", f"/found?&#{'9' * 5000};", "/found?%EF%BF%BD"),
    href("an entity for NUL", "13.2.5.80: U+FFFD", "/found?&#0;", "/found?%EF%BF%BD"),
    href("an entity for a surrogate", "13.2.5.80: U+FFFD", "/found?&#xD800;", "/found?%EF%BF%BD"),
    href("an ampersand in a query", "13.2.5.73: no entity before =", "/found?a=1&copy=2", "/found?a=1&copy=2"),
    href("blanks around", "WHATWG: stripped", " \n\t/found\f\r "),
    href("a tab and line ends inside", "WHATWG: dropped", "/f\to\nu\rnd"),
    href("controls around", "WHATWG: stripped", "\x01\x1f/found\x1b"),
    href("a blank inside", "WHATWG: escaped", "/fo und", "/fo%20und"),
    href("NUL inside", "13.2.5.36: U+FFFD", "/fo\0und", "/fo%EF%BF%BDund"),
    href("beyond ASCII", "WHATWG: UTF-8, escaped", "/für/中", "/f%C3%BCr/%E4%B8%AD"),
    href("an emoji", "WHATWG: UTF-8, escaped", "/😀", "/%F0%9F%98%80"),
    href(
        "CR and LF escaped",
        "never undone in a request",
        "/found%0d%0aX-Injected:%20yes",
        "/found%0d%0aX-Injected:%20yes",
    ),
    href("a fragment", "not part of a request", "/found#/never"),
    href("a scheme and no slashes", "WHATWG: relative", "http:found"),
    href("backslashes", "WHATWG: as slashes", "\\found"),
    href("many slashes and dots", "WHATWG", "/a/.././../../found"),
    href("escaped dots", "WHATWG: %2e is a dot", "/a/%2e%2E/found"),
    href("a name and a password", "never sent on", "http://user:secret@HERE/found"),
    href("a port with zeros", "WHATWG", "http://HERE/found"),
    href("a path of its own query", "RFC 3986 5.2.2", "?found", "/bad?found"),
    *(
        bad(
            f"a link to {word}",
            "not followed",
            html(f'<a href="{text}">x</a>{LINK}'),
            SAVED,
            good=(FOUND,),
            ends={text: (ABSENT, "skipped scope")},
        )
        for word, text in (
            ("mail", "mailto:a@b.example"),
            ("a telephone", "tel:+1"),
            ("data", "data:text/html,<a href=/never>"),
            ("a blob", "blob:http://HERE/never"),
            ("a script", "javascript:void('/never')"),
            ("a file", "file:///etc/passwd"),
            ("ftp", "ftp://HERE/never"),
            ("a script with a line end", "java\nscript:x"),
            ("about", "about:srcdoc"),
            ("itself by a fragment", "#top"),
            ("nothing", ""),
            ("view-source", "view-source:http://HERE/never"),
            ("another port", "http://ELSEWHERE/never"),
            ("another host", "//localhost:1/never"),
            ("no host", "http://"),
            ("an impossible port", "http://127.0.0.1:99999/"),
            ("a broken address", "http://[::1/"),
            ("a host of rubbish", "http://%00%ff<>/"),
            ("a host with blanks", "http://a b/"),
            ("port 0", "http://127.0.0.1:0/"),
            ("a host of 5,000 letters", f"http://{'a' * 5000}.example/"),
            ("a snowman", "http://☃.example:1/"),
        )
    ),
    bad(
        "a password in a link",
        "never sent, nowhere",
        html("<a href='http://user:secret@HERE/found'>x</a>"),
        SAVED,
        good=(FOUND,),
        objects=secrets,
    ),
    bad("a href of 200 KB", "a limit on URLs", html(f"<a href='/{'x' * 200_000}'>x</a>{LINK}"), SAVED, good=(FOUND,)),
)

BASES = (
    finds("a base", "4.2.3", "<base href=/dir/><a href=x>x</a>", "/dir/x"),
    finds("two bases", "4.2.3: the first", "<base href=/dir/><base href=/never/><a href=x>x</a>", "/dir/x"),
    finds("a base behind the link", "4.2.3: anywhere", "<a href=x>x</a><base href=/dir/>", "/dir/x"),
    finds("a base without href first", "4.2.3", "<base target=x><base href=/dir/><a href=x>x</a>", "/dir/x"),
    finds("an empty base", "4.2.3", f"<base href=''>{LINK}"),
    finds("a base that is a script", "4.2.3: not taken", f"<base href='javascript:x'>{LINK}"),
    finds("a base that is data", "4.2.3: not taken", f"<base href='data:text/html,x'>{LINK}"),
    finds("a base that is no URL", "4.2.3: not taken", f"<base href='http://[x/'>{LINK}"),
    finds("a base in a comment", "no base", "<!--<base href=/never/>--><a href=found>x</a>"),
    finds("a base of mere dots", "RFC 3986 5.2.4", "<base href='../../..'><a href=found>x</a>"),
    hides("a base elsewhere", "scope", "<base href='http://ELSEWHERE/'><a href=never>x</a>"),
    hides("a base that is a file", "not followed", "<base href='file:///etc/'><a href=passwd>x</a>"),
)

COUNT: Final = 60_000
HEAVY = (
    heavy("a million tags", "linear", "<p>" * 1_000_000),
    heavy("a million tags with attributes", "linear", "<p a>" * 700_000),
    heavy("100,000 levels", "lexbor is quadratic there, others recurse", "<div>" * 100_000),
    heavy("100,000 levels of drawings", "a stack that grows", "<svg>" * 100_000),
    heavy("100,000 open formats", "13.2.4.3: quadratic", "<b><i><u>" * 33_000 + "<p>" * 1000),
    heavy(
        "100,000 attributes in a tag",
        "lexbor is quadratic there",
        "<a " + " ".join(f"a{n}=x" for n in range(100_000)) + ">",
    ),
    heavy("an attribute of a megabyte", "linear", f"<a href='{'x' * 1_000_000}'>"),
    heavy("a name of a megabyte", "linear", f"<{'a' * 1_000_000} href=x>"),
    heavy("comments without end", "html.parser is quadratic", "<!--" * COUNT),
    heavy("tags without end", "html.parser is quadratic", "<a " * COUNT),
    heavy("end tags without end", "quadratic in some", "</a " * COUNT),
    heavy("quotes without end", "quadratic in some", "<a b='" * COUNT),
    heavy("less-thans", "quadratic in some", "<" * 1_000_000),
    heavy("declarations without end", "html.parser is quadratic", "<!" * COUNT),
    heavy("CDATA without end", "html.parser is quadratic", "<![CDATA[" * COUNT),
    heavy("instructions without end", "html.parser is quadratic", "<?" * COUNT),
    heavy("scripts without end", "quadratic in some", "<script>" * COUNT),
    heavy("scripts in comments in scripts", "13.2.5.17", "<script><!--" * COUNT),
    heavy("titles without end", "quadratic in some", "<title>" * COUNT),
    heavy("ampersands", "quadratic in some", "<a href='" + "&" * 1_000_000 + "'>"),
    heavy("entities without end", "quadratic in some", "<a href='" + "&#x" * 300_000 + "'>"),
    heavy("blanks before an equals sign", "backtracking", "<a x" + " " * 500_000 + "y=z>" + "<a x" + "\n" * 500_000),
    heavy("100,000 links to one page", "each URL once", "<a href=/after>x</a>" * 100_000),
    heavy("refreshes with blanks", "backtracking", f"<meta http-equiv=refresh content='0{' ' * 300_000};'>"),
    heavy("srcset of commas", "backtracking", f"<img srcset='{',' * 500_000}'>"),
    heavy("srcset of parentheses", "backtracking", f"<img srcset='a {'(' * 500_000}'>"),
    heavy("a charset said 50,000 times", "the search for it is bounded", "<meta charset=" * 50_000),
    heavy("doctypes", "linear", "<!DOCTYPE html " * COUNT),
    bad(
        "20,000 links out of scope",
        "linear",
        html("".join(f"<a href=http://ELSEWHERE/{n}>" for n in range(20_000))),
        SAVED,
    ),
)

TYPES = (
    bad(
        "no Content-Type",
        "MIME Sniffing 7: looked at",
        Reply(body=f"<!doctype html>{LINK}".encode()),
        SAVED,
        good=(FOUND,),
    ),
    bad("a Content-Type of nothing", "as none", html(f"<html>{LINK}", ""), SAVED, good=(FOUND,)),
    bad("a Content-Type of rubbish", "as none", html(f"<html>{LINK}", "\x7f;;=,/"), SAVED, good=(FOUND,)),
    bad("an unknown Content-Type", "as none", html(f"<html>{LINK}", "unknown/unknown"), SAVED, good=(FOUND,)),
    bad("a Content-Type in capitals", "RFC 9110 8.3.1", html(LINK, "TEXT/HTML;CHARSET=UTF-8"), SAVED, good=(FOUND,)),
    bad(
        "a Content-Type with junk behind",
        "Fetch: the type counts",
        html(LINK, 'text/html;;; x="y;charset=z'),
        SAVED,
        good=(FOUND,),
    ),
    bad(
        "two Content-Types",
        "Fetch: the last counts",
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Type: text/html\r\n\r\n" + LINK.encode()),
        SAVED,
        good=(FOUND,),
    ),
    bad("a Content-Type of 100 KB", "linear", html(LINK, "text/html; " + "a=b;" * 25_000), SAVED, good=(FOUND,)),
    bad(
        "a picture said to be a page",
        "MIME Sniffing: the signature decides",
        Reply(body=b"GIF89a\1\0\1\0\0\0\0;<a href=/never>", headers={"Content-Type": "text/html"}),
        SAVED,
        "rejected damaged",
        never=(NEVER,),
    ),
    bad(
        "an archive said to be a page",
        "links of none",
        html(b"PK\3\4<a href=/never>", "text/html"),
        SAVED,
        never=(NEVER,),
    ),
    bad(
        "a page of binary rubbish",
        "no crash",
        html(bytes(range(256)) * 500),
        SAVED,
        contents={BAD: bytes(range(256)) * 500},
    ),
    bad("a page of NULs", "no crash", html(bytes(100_000)), SAVED, contents={BAD: bytes(100_000)}),
    bad("an empty page", "no crash", html(b""), SAVED, contents={BAD: b""}),
    bad("X-Robots-Tag to choke on", "linear", html(LINK, X_Robots_Tag="a: " * 20_000), SAVED),
    bad("a Link field to choke on", "linear", html(LINK, Link="<x>; " * 20_000), SAVED, good=(FOUND,)),
    bad(
        "Content-Disposition with a path",
        "the server chooses no name",
        html(LINK, Content_Disposition='attachment; filename="../../../../evil.html"'),
        SAVED,
        good=(FOUND,),
    ),
    bad(
        "a Last-Modified of rubbish",
        "a date like any other text",
        html(LINK, Last_Modified="Mon, 99 Xxx 99999 99:99:99"),
        SAVED,
        good=(FOUND,),
    ),
    bad(
        "a Last-Modified of year 1",
        "before any file system",
        html(LINK, Last_Modified="Mon, 01 Jan 0001 00:00:00 GMT"),
        SAVED,
        good=(FOUND,),
    ),
    bad(
        "a Last-Modified of year 9999",
        "behind any file system",
        html(LINK, Last_Modified="Fri, 31 Dec 9999 23:59:59 +9999"),
        SAVED,
        good=(FOUND,),
    ),
)

THEME: Final = Theme("markup", (*SPELLING, *HIDDEN, *HREFS, *BASES, *HEAVY, *TYPES))
