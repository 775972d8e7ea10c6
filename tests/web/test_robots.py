"""robots.txt as RFC 9309 has it, and what a stranger's file may not do."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.web.robots import ALLOW_ALL, DENY_ALL, MAX_DELAY, MAX_SIZE, MAX_WILDCARDS, Robots
from crawler.web.url import URL


def allows(rules: str | bytes, path: str, agent: str = "crawler") -> bool:
    body = rules.encode() if isinstance(rules, str) else rules
    return Robots.parse(body).allows(URL("https://example.org/").join(path), agent)


def star(rules: str) -> str:
    return f"User-agent: *\n{rules}"


def test_no_rules_allow_all() -> None:
    assert allows("", "/a")
    assert allows("Disallow: /", "/a")
    assert allows(star("Disallow:"), "/a")
    assert allows(star("Disallow: # nothing"), "/a")
    assert allows("<html><body>User-agent: * Disallow: /</body></html>", "/a")
    assert allows(bytes(range(256)) * 4, "/a")


@pytest.mark.parametrize(
    ("agent", "allowed"),
    [("ExampleBot", False), ("examplebot", False), ("Example", True), ("ExampleBot-News", True), ("x", True)],
)
def test_the_product_token_is_matched_whole_and_without_case(agent: str, allowed: bool) -> None:
    """Section 2.2.1; the group of `*` is only for those that no other names."""
    assert (
        allows("User-agent: EXAMPLEbot/1.0 (+https://e.org)\nDisallow: /\nUser-agent: *\nAllow: /", "/a", agent)
        is allowed
    )


def test_a_group_of_its_own_sets_the_star_aside() -> None:
    rules = "User-agent: *\nDisallow: /a\n\nUser-agent: crawler\nDisallow: /b"
    assert allows(rules, "/a")
    assert not allows(rules, "/b")
    assert not allows(rules, "/a", "other")


def test_an_empty_group_of_its_own_allows_all() -> None:
    assert allows("User-agent: *\nDisallow: /\nUser-agent: crawler\n", "/a")


def test_groups_of_one_agent_are_one() -> None:
    """Section 2.2.1: matching groups must be combined."""
    rules = "User-agent: crawler\nDisallow: /a\nUser-agent: b\nDisallow: /b\nUser-agent: crawler\nDisallow: /c"
    assert [allows(rules, path) for path in ("/a", "/b", "/c")] == [False, True, False]


def test_names_in_a_row_share_a_group() -> None:
    rules = "User-agent: a\n\n# both\nUser-agent: crawler\nDisallow: /x\nUser-agent: b\nDisallow: /y"
    assert not allows(rules, "/x")
    assert allows(rules, "/y")
    assert not allows(rules, "/x", "a")


@pytest.mark.parametrize(
    "line", ["Sitemap: https://e.org/s.xml", "Crawl-delay: 5", "Unknown: x", "no line at all", "Noindex: /"]
)
def test_other_lines_do_not_interfere_with_groups(line: str) -> None:
    """Section 2.2.4."""
    rules = f"User-agent: crawler\n{line}\nUser-agent: b\n{line}\nDisallow: /x\n{line}\nDisallow: /y"
    assert not allows(rules, "/x")
    assert not allows(rules, "/y")


def test_a_name_without_token_begins_a_group_for_nobody() -> None:
    assert allows("User-agent: crawler\nDisallow: /a\nUser-agent: 123\nDisallow: /b", "/b")
    assert allows("User-agent:\nDisallow: /", "/a")
    assert allows("User-agent: *bot\nDisallow: /", "/a")


def test_a_star_may_be_followed_by_anything_after_a_blank() -> None:
    assert not allows("User-agent: * # everyone\nDisallow: /", "/a")
    assert not allows("User-agent: * everyone\nDisallow: /", "/a")


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /\nAllow: /a", "/a/b", True),
        ("Allow: /a\nDisallow: /a/b", "/a/b", False),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Allow: /a\nDisallow: /a", "/a", True),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", False),
        ("Allow: /page\nDisallow: /*.ph", "/page.php5", True),
        ("Allow: /folder\nDisallow: /folder", "/folder/page", True),
        ("Allow: /$\nDisallow: /", "/", True),
        ("Allow: /$\nDisallow: /", "/page.htm", False),
        ("Allow: /a*\nDisallow: /a/", "/a/b", True),
        ("Disallow: /a*\nAllow: /a/", "/a/b", True),
        ("Disallow: /a*b\nAllow: /ab", "/ab", False),
        ("Disallow: /a\nAllow: /*$", "/a", True),
        ("Disallow: /a/b/c\nAllow: /*b", "/a/b/c/d", False),
        ("Allow: /a\nDisallow: /*a\nAllow: /longer", "/a", False),
        ("Disallow: /ab*\nAllow: /*ab", "/abab", True),
    ],
)
def test_the_longest_match_decides_and_allow_wins_a_draw(rules: str, path: str, allowed: bool) -> None:
    """Section 2.2.2."""
    assert allows(star(rules), path) is allowed


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/fish", "/fish.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish", "/catfish", False),
        ("/fish/", "/fish", False),
        ("/fish*", "/fishheads", True),
        ("/*.php", "/folder/any.php.file.html", True),
        ("/*.php", "/windows.PHP", False),
        ("/*.php$", "/filename.php", True),
        ("/*.php$", "/filename.php?parameters", False),
        ("/*.php$", "/filename.php/a.php", True),
        ("/fish*.php", "/fishheads/catfish.php?parameters", True),
        ("/fish*.php", "/Fish.PHP", False),
        ("/fish$", "/fish", True),
        ("/fish$", "/fishes", False),
        ("/a$b", "/a$b/c", True),
        ("/a$b", "/a", False),
        ("/a*$", "/a/b", True),
        ("*/b", "/a/b", True),
        ("*", "/", True),
        ("/**a", "/xa", True),
        ("/a*a", "/a", False),
        ("/a*a$", "/a", False),
        ("/ab*ba$", "/aba", False),
        ("/ab*ba$", "/abba", True),
        ("/?id=", "/?id=1", True),
        ("/*?", "/a", False),
        ("/*?", "/a?", True),
        ("fish", "/fish", False),
        ("https://example.org/a", "/a", False),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    """Section 2.2.3, and the examples that search engines document."""
    assert allows(star(f"Disallow: {pattern}"), path) is not matches
    assert allows(star(f"Disallow: /\nAllow: {pattern}"), path) is matches


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", True),
        ("/foo/bar?baz=http:", "/foo/bar?baz=http%3A//x", True),
        ("/foo/bar?baz=http%3A", "/foo/bar?baz=http://x", True),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/%e3%83%84", "/foo/bar/ツ", True),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", True),
        ("/foo/bar/baz", "/foo/bar/%62%61%7a", True),
        ("/~joe/", "/%7Ejoe/index.html", True),
        ("/%7ejoe/", "/~joe/index.html", True),
        ("/a%3cd.html", "/a%3Cd.html", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%2fb", "/a/b", False),
        ("/a/b", "/a%2fb", False),
        ("/a?", "/a%3F", False),
        ("/100%25", "/100%25", True),
        ("/100%", "/100%25", True),
        ("/100%25", "/100%zz", False),
        ("/a%2Ab", "/a*b", True),
        ("/a%2Ab", "/axb", False),
        ("/a%24", "/a$", True),
        ("/a%24", "/a", False),
        ("/a b", "/a%20b", True),
        ("/%zz", "/%zz", True),
        ("/a%00b", "/a%00b", True),
    ],
)
def test_escapes(pattern: str, path: str, matches: bool) -> None:
    """Section 2.2.2, its table of examples among them."""
    assert allows(star(f"Disallow: {pattern}"), path) is not matches


def test_bytes_that_are_no_utf8_match_the_same_bytes() -> None:
    assert not allows(b"User-agent: *\nDisallow: /\xfc", "/%FC")
    assert allows(b"User-agent: *\nDisallow: /\xfc", "/%C3%BC")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    assert not allows(end.join(["User-agent: *", "", "Disallow: /a", "Disallow: /b"]), "/b")


def test_what_splits_text_elsewhere_ends_no_line() -> None:
    assert allows("User-agent: *\u2028Disallow: /\x0bDisallow: /\x85Disallow: /", "/a")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"])
def test_byte_order_marks(mark: bytes) -> None:
    assert not allows(mark + b"User-agent: *\nDisallow: /", "/a")


@pytest.mark.parametrize(
    "line",
    [
        "disallow:/a",
        "DISALLOW : /a",
        "  Disallow:\t/a  ",
        "Disallow: /a # why",
        "Disallow /a",
        "disalow: /a",
        "dissallow: /a",
    ],
)
def test_lines_as_people_write_them(line: str) -> None:
    assert not allows(f"useragent: *\n{line}", "/a")


@pytest.mark.parametrize(
    "line", ["Disallow", "Disallow /a /b", "Disallows: /a", "Disallow=/a", "#Disallow: /a", "\x00Disallow: /a"]
)
def test_lines_that_say_nothing(line: str) -> None:
    assert allows(star(line), "/a")


def test_constants() -> None:
    assert ALLOW_ALL.allows(URL("https://example.org/"))
    assert ALLOW_ALL.allows_all
    assert not DENY_ALL.allows(URL("https://example.org/"))
    assert not DENY_ALL.allows_all


def test_whether_there_is_nothing_to_ask() -> None:
    assert Robots.parse(b"User-agent: b\nDisallow: /\nUser-agent: *\nDisallow: fish\nSitemap: /s").allows_all
    assert not Robots.parse(b"User-agent: *\nDisallow: /*x").allows_all


def test_no_more_than_500_kib_are_read() -> None:
    """Section 2.5; a line that the limit cuts would mean something else."""
    head = b"User-agent: *\nDisallow: /a\n"
    last = b"Disallow: /b/c\n"
    room = MAX_SIZE - len(head) - len(last)
    fits = head + b"#" * (room - 1) + b"\n" + last
    assert len(fits) == MAX_SIZE == 512_000
    assert not allows(fits, "/b/c")
    cut = head + b"#" * (room + 1) + b"\n" + last + b"Disallow: /d\n"
    assert not allows(cut, "/a")
    assert [allows(cut, path) for path in ("/b/c", "/b/", "/d")] == [True, True, True]


def test_wildcards_do_not_backtrack() -> None:
    hostile = Robots.parse(star("Disallow: " + "/*a" * 50 + "b$").encode())
    assert hostile.allows(URL("https://example.org/" + "a/" * 8000))


def test_wildcards_are_bounded_and_prefixes_are_not() -> None:
    many = "".join(
        f"Disallow: /*{number}x\nDisallow: /{number}y\n" for number in range(10_000, 10_000 + MAX_WILDCARDS + 5)
    )
    rules = Robots.parse(star(many).encode())
    last = 10_000 + MAX_WILDCARDS - 1
    assert [rules.allows(URL(f"https://example.org/a{number}x")) for number in (10_000, last, last + 1)] == [
        False,
        False,
        True,
    ]
    assert not rules.allows(URL(f"https://example.org/{last + 5}y"))


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("5", 5.0), ("0", 0.0), ("0.5", 0.5), (".5", 0.5), ("2.", 2.0), ("7 # slow", 7.0), ("9" * 5000, MAX_DELAY),
        ("1e3", None), ("-1", None), ("+1", None), ("nan", None), ("inf", None), ("1_0", None), ("5s", None),
        ("", None), ("\u0665", None), ("1,5", None),
    ],
)  # fmt: skip
def test_crawl_delay(value: str, delay: float | None) -> None:
    assert Robots.parse(star(f"Crawl-delay: {value}").encode()).crawl_delay() == delay


def test_crawl_delay_is_the_agents_own_and_the_longest() -> None:
    star_first = b"User-agent: *\nDisallow:\nCrawl-delay: 9\n"
    rules = Robots.parse(
        star_first + b"User-agent: a\nCrawl-delay: 1\nDisallow:\nCrawl-delay: 2\nUser-agent: b\nDisallow:"
    )
    assert rules.crawl_delay("a") == 2.0
    assert rules.crawl_delay("crawler") == 9.0
    assert ALLOW_ALL.crawl_delay() is None


def test_sitemaps_stand_anywhere() -> None:
    body = b"Sitemap: https://e.org/a.xml\nUser-agent: x\nsitemap: /b.xml # two\nDisallow: /\nSite-map:\xff\n"
    assert Robots.parse(body).sitemaps == ("https://e.org/a.xml", "/b.xml", "\ufffd")


def matched(pattern: str, path: str) -> bool:
    """A pattern by its definition, as a regular expression."""
    body, end = (pattern[:-1], r"\Z") if pattern.endswith("$") else (pattern, "")
    return re.match(".*".join(map(re.escape, body.split("*"))) + end, path) is not None


patterns = st.text("ab/*$", max_size=8).map(lambda text: f"/{text}")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), patterns), max_size=6), st.text("ab/$", max_size=10).map(lambda text: f"/a{text}")
)
def test_rules_are_what_they_are_defined_as(rules: list[tuple[bool, str]], path: str) -> None:
    text = "".join(f"{'Allow' if allow else 'Disallow'}: {pattern}\n" for allow, pattern in rules)
    best = max(((len(pattern), allow) for allow, pattern in rules if matched(pattern, path)), default=(0, True))
    assert allows(star(text), path) is best[1]


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"User-agent: *", b"Disallow: /", b"\n", b"\r", b"*", b"$", b"%"])),
)
def test_any_bytes_are_read(noise: bytes, pieces: list[bytes]) -> None:
    rules = Robots.parse(noise.join(pieces))
    assert rules.allows(URL("https://example.org/a%20b?c")) in (True, False)
