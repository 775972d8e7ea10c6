"""URLs whose names would leave the folder, meet each other, or mean something to a system."""

from collections.abc import Iterable
from typing import Final

from tests.hostile.case import SAVED, Case, good_page, html
from tests.hostile.crawled import Theme
from tests.toysite import Asked, Reply


def names(name: str, why: str, *links: str) -> Case:
    """Pages under these names, each of which must be kept, apart from all others."""
    wanted = {link: (SAVED,) for link in links if _is_plain(link)}
    return Case(
        name=name, why=why, links=links, echo=True, ends=wanted, contents={link: link.encode() for link in wanted}
    )


def _is_plain(link: str) -> bool:
    """Whether the link is the request's target as it stands."""
    return link.isascii() and link.isprintable() and not set(link) & set('\\"<>#` {}^') and not _has_dots(link)


def _has_dots(link: str) -> bool:
    way = link.partition("?")[0].lower().replace("%2e", ".")
    return any(part in (".", "..") for part in way.split("/")) or link.startswith("//")


def letters(*texts: str) -> Iterable[str]:
    """Links of these texts in UTF-8, percent-encoded."""
    return ("/" + "".join(f"%{byte:02X}" for byte in text.encode()) for text in texts)


def typed(asked: Asked) -> Reply:
    """An answer of the type that its query names."""
    return Reply(body=asked.target.encode(), headers={"Content-Type": asked.target.partition("?")[2]})


OUT = (
    names("dots", "WHATWG: they never reach the path", "/../../up1", "/a/../../up2", "/./up3", "/..", "/a/.."),
    names("dots escaped", "WHATWG: %2e is a dot", "/%2e%2e/%2e%2e/up1", "/%2E./up2", "/.%2e/up3", "/%2e/up4"),
    names(
        "slashes escaped",
        "a name with a slash is none",
        "/..%2f..%2fup",
        "/..%2F..%2Fup",
        "/a%2fb",
        "/a%2Fb",
        "/a/b",
        "/%2f",
        "/%2fetc%2fpasswd",
    ),
    names(
        "escaped twice",
        "undone once at the most",
        "/%252e%252e%252fup",
        "/%25252e",
        "/..%252f..%252fup",
        "/%25",
        "/%2525",
    ),
    names(
        "backslashes",
        "a separator elsewhere",
        "/%5c..%5cup",
        "/..%5C..%5Cup",
        "/a%5cb",
        "/a%5Cb",
        "/\\..\\up",
        "/%5c%5cserver%5cshare",
    ),
    names("overlong dots", "no UTF-8", "/%c0%ae%c0%ae/up", "/%c0%ae%c0%ae%c0%afup", "/%e0%80%ae/up", "/%C0%AE"),
    names(
        "fullwidth dots and slashes",
        "NFKC makes them ASCII",
        *letters("．．／up", "／etc", "․․/up", "‥/up", "a／b", "＼up"),
    ),
    names(
        "drives", "a root elsewhere", "/c:/windows", "/C:/windows", "/c%3a%5cwindows", "/C%3A%5Cwindows", "/c:", "/c%3A"
    ),
    names("streams", "another file elsewhere", "/a.txt::$DATA", "/a.txt:hidden", "/a.txt", "/a:$INDEX_ALLOCATION"),
    names(
        "homes and variables",
        "a shell's",
        "/~",
        "/~root",
        "/$HOME",
        "/%24HOME",
        "/%25PATH%25",
        "/$(id)",
        "/%60id%60",
        "/;id",
        "/|id",
        "/&id",
    ),
    names("a path as a query", "no path", "/x?/../../up", "/x?../../up", "/a?/b/c", "/a?b/../../c", "/x?%2e%2e%2f"),
    names("many dots", "names, not steps", "/...", "/....", "/.....//a", "/. .", "/..a", "/a..", "/..%20", "/.%20."),
)

MEANT = (
    names(
        "devices",
        "Windows'",
        "/con",
        "/CON",
        "/nul.txt",
        "/aux",
        "/aux.html",
        "/prn.",
        "/com1",
        "/COM9.log",
        "/lpt1",
        "/clock$",
        "/conin$",
        "/a/con/b",
    ),
    names("devices with superscripts", "Windows': COM¹", *letters("com¹", "com²", "lpt³"), "/com1", "/com0"),
    names(
        "dots and blanks at the end",
        "Windows drops them",
        "/a",
        "/a.",
        "/a..",
        "/a%20",
        "/a%20.",
        "/a.%20",
        "/a%09",
        "/a%00",
    ),
    names("blanks in front", "some drop them", "/%20a", "/a", "/%09a", "/%0aa", "/%C2%A0a"),
    names(
        "controls",
        "never in a name",
        "/%00",
        "/a%00b",
        "/a%00.jpg",
        "/%01",
        "/%07",
        "/%0a",
        "/%0d%0a",
        "/%1b[2J",
        "/%7f",
        "/%ff",
        "/%fe",
    ),
    names(
        "letters that turn the text",
        "bidi",
        *letters("a\u202egpj.exe", "\u2066a", "\u200fa", "a\u200b", "a\u200d", "a\ufeff", "a"),
    ),
    names(
        "hidden names",
        "a dot in front",
        "/.htaccess",
        "/.git/config",
        "/.ssh/authorized_keys",
        "/.bashrc",
        "/.",
        "/.a",
        "/a/.b/.c",
    ),
    names("options", "a hyphen in front", "/-rf", "/--help", "/-", "/a/-b", "/-/-"),
    names("wildcards", "a shell's", "/*", "/a*", "/%3f", "/[a-z]", "/%5Ba%5D", "/{a,b}", "/%7Ba,b%7D", "/!", "/a!b"),
    names(
        "quotes and brackets",
        "no disk's",
        '/"a"',
        "/%22a%22",
        "/<a>",
        "/%3Ca%3E",
        "/|",
        "/%7C",
        "/'a'",
        "/%27a%27",
        "/a%26b",
    ),
    names(
        "our own files",
        "a folder of the crawl's",
        "/crawl.sqlite",
        "/crawl.sqlite-wal",
        "/crawl.log",
        "/.tmp/1",
        "/../.tmp/1",
        "/.lock",
        "/pages/a",
        "/images/a",
        "/crawl.db",
        "/../crawl.sqlite",
        "/crawl.sqlite-journal",
    ),
    names(
        "our own marks",
        "one to one",
        "/a?b",
        "/a^b",
        "/a%5eb",
        "/a%5Eb",
        "/a{5e}b",
        "/a%7B5e%7Db",
        "/a%23",
        "/a%23.html",
        "/a#.html",
        "/a+b",
        "/a%2Bb",
        "/a{3a}b",
        "/a:b",
        "/%23h0123456789abcdef",
        "/README%233f.md",
        "/README.md",
        "/a%23%23.txt",
        "/a.txt",
    ),
    Case(
        name="dangerous extensions",
        why="the true type names it",
        links=tuple(
            f"/x{n}{ending}?text/html"
            for n, ending in enumerate(
                (".exe", ".bat", ".lnk", ".scr", ".php", ".desktop", ".url", ".js", ".hta", ".jar", ".sh", ".py", "")
            )
        ),
        pages={"/*": typed},
        echo=True,
    ),
    Case(
        name="types without end",
        why="no extension of the server's",
        echo=True,
        pages={"/*": typed},
        links=tuple(
            f"/y?{kind}"
            for kind in (
                "a/b",
                "image/../../x",
                "text/x-evil.exe",
                "application/x-msdownload",
                "image/" + "x" * 300,
                "text/html/../../x",
                "a/b;name=../../x",
                "image/svg+xml%2f..",
                "application/octet-stream",
            )
        ),
    ),
)

ALIKE = (
    names(
        "case twins",
        "one name on some disks",
        "/a",
        "/A",
        "/ab",
        "/aB",
        "/Ab",
        "/AB",
        "/a.html",
        "/A.html",
        "/a.HTML",
        "/A.HTML",
    ),
    names("case twins of folders", "one name on some disks", "/dir/a", "/Dir/a", "/DIR/a", "/dir/A", "/DIR/A"),
    names("case twins of escapes", "two URLs", "/%c3%a9", "/%C3%A9", "/%c3%A9", "/%C3%a9"),
    names("escaped and not", "two URLs", "/a", "/%61", "/%41", "/A", "/~", "/%7e", "/%7E", "/a-b", "/a%2db", "/a%2Db"),
    names(
        "forms of Unicode",
        "one name on some disks",
        *letters("é", "e\u0301", "Å", "Å", "A\u030a", "ﬁ", "fi", "Ω", "Ω", "K", "K", "k", "ñ", "n\u0303"),
    ),
    names(
        "case beyond ASCII",
        "folded elsewhere",
        *letters("ß", "ss", "SS", "ẞ", "ı", "i", "I", "İ", "ſ", "s", "σ", "ς", "Σ", "é", "É"),
    ),
    names("Hangul and its parts", "NFD and NFC", *letters("가", "가", "ㄱㅏ")),
    names("a file and a folder", "a beside a/b", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/d"),
    names(
        "a file and a folder with extensions",
        "a beside a/b",
        "/a.html",
        "/a.html/",
        "/a.html/b",
        "/a.html/b.html",
        "/a.html/b.html/c",
    ),
    names("folders that come first", "a beside a/b", "/z/y/x/w", "/z/y/x", "/z/y", "/z", "/z/"),
    names("empty names", "two slashes", "/a//b", "/a///b", "/a/b", "/a//", "/a/", "//HERE/x", "/a/b//", "/a/.//b"),
    names(
        "index pages",
        "a folder's own",
        "/d",
        "/d/",
        "/d/index.html",
        "/d/index.htm",
        "/d/index",
        "/d/Index.html",
        "/d/index.html/",
        "/d/?",
        "/d/index.html?",
    ),
    names(
        "queries alone differ",
        "each is a URL",
        "/q",
        "/q?",
        "/q?a",
        "/q?A",
        "/q?a=",
        "/q?a=1",
        "/q?a=2",
        "/q?a=1&b=2",
        "/q?b=2&a=1",
        "/q??",
        "/q?%3f",
        "/q%3f",
        "/q%3Fa",
    ),
    names("a hundred queries", "each is a URL", *(f"/s?page={n}" for n in range(100))),
    names("a path's parameters", "each is a URL", "/p;a=1", "/p;a=2", "/p;A=1", "/p", "/p;", "/p;a=1/b"),
    names("pluses and blanks", "each is a URL", "/a+b", "/a%20b", "/a%2Bb", "/a_b", "/a%2bb"),
)

LONG = (
    names(
        "a name of 255 letters",
        "255 bytes",
        "/" + "a" * 255,
        "/" + "a" * 254,
        "/" + "a" * 256,
        "/" + "a" * 255 + "b",
        "/" + "a" * 255 + "c",
    ),
    names(
        "names alike up to their end",
        "255 bytes",
        *("/" + "x" * 3000 + letter for letter in "abc"),
        *("/" + letter + "x" * 3000 for letter in "abc"),
    ),
    names(
        "a name of 100 characters of three bytes",
        "255 bytes, not letters",
        *letters("東" * 100, "東" * 99 + "京", "😀" * 100),
    ),
    names("long queries", "255 bytes", *("/l?" + "y" * 4000 + letter for letter in "abc")),
    names(
        "a long extension",
        "255 bytes",
        "/a." + "b" * 300,
        "/a." + "b" * 301,
        "/" + "a" * 300 + ".html",
        "/" + "a" * 301 + ".html",
    ),
    names(
        "200 folders",
        "a path's length",
        "/" + "d/" * 200,
        "/" + "d/" * 200 + "x",
        "/" + "d/" * 199 + "D/x",
        "/" + "/" * 200 + "x",
    ),
    names(
        "folders of 200 letters",
        "4,096 bytes a path",
        *("/" + ("f" * 200 + "/") * 30 + end for end in ("a", "b", "A", "")),
    ),
    names("7,000 bytes", "4,096 bytes a path", *("/" + "k" * 7000 + end for end in ("", "1", "2"))),
)

GIVEN = (
    Case(
        name="the server's names",
        why="Content-Disposition chooses nothing",
        links=("/given/1", "/given/2"),
        echo=True,
        pages={
            f"/given/{n}": Reply(
                body=b"/given/%d" % n, headers={"Content-Disposition": f'attachment; filename="{file}"'}
            )
            for n, file in ((1, "../../../evil.sh"), (2, "/tmp/evil"))
        },
    ),
    Case(
        name="a redirect chooses no name",
        why="the URL that answered does",
        links=("/moved",),
        ends={"/moved": ("redirected",)},
        pages={"/moved": Reply(302, b"", {"Location": "/..%2f..%2fup"}), "/..%2f..%2fup": good_page("x", "y")},
        contents={"/..%2f..%2fup": good_page("x", "y").body},
    ),
    Case(
        name="names beyond ASCII as they stand",
        why="WHATWG: UTF-8, escaped",
        echo=True,
        pages={"/list": html('<a href="/é">1</a><a href="/東/京">2</a><a href="/x?ü">3</a>')},
        links=("/list",),
        contents={"/%C3%A9": b"/%C3%A9", "/%E6%9D%B1/%E4%BA%AC": b"/%E6%9D%B1/%E4%BA%AC", "/x?%C3%BC": b"/x?%C3%BC"},
        ends={"/list": (SAVED,)},
    ),
)

THEME: Final = Theme("names", (*OUT, *MEANT, *ALIKE, *LONG, *GIVEN))
