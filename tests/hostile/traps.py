"""Sites without end: every page leads to more that are not worth having; and some large ones that are."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from tests.hostile.case import Case
from tests.hostile.crawled import Theme
from tests.toysite import Asked, Reply, image, page

LIKE: Final = 100
"""Like pages after which no more are followed."""
BOUND: Final = 1000
"""Requests after which a crawl of any of these must have seen through it; a day of a real one would be millions."""

Make = Callable[[Asked], Reply]


def endless(name: str, why: str, path: str, make: Make) -> Case:
    """A page that leads into a maze under `path`; its neighbours are saved, and it ends by itself."""
    return Case(name=name, why=why, links=(path,), pages={_below(path): make}, total=BOUND)


def large(name: str, why: str, path: str, count: int, make: Make) -> Case:
    """A site that looks like a trap and has an end: every page of it must be saved."""
    return Case(name=name, why=why, links=(path,), pages={_below(path): make}, saved=count, total=BOUND)


def _below(path: str) -> str:
    """The key of everything in the folder of `path`, or of everything that begins so."""
    way = path.partition("?")[0]
    return f"{way[: way.rindex('/') + 1]}*" if way.count("/") > 1 else f"{way}*"


def text_of(seed: str, words: int = 200) -> str:
    """Words that no other seed has."""
    return " ".join(sha256(f"{seed} {n}".encode()).hexdigest()[:7] for n in range(words))


def number(asked: Asked) -> int:
    """The number at the end of what was asked for."""
    digits = asked.target.rstrip("/").rpartition("/")[2].rpartition("=")[2]
    return int(digits) if digits.isdigit() else 0


def calendar(asked: Asked) -> Reply:
    parts = [int(part) for part in asked.target.split("/") if part.isdigit()]
    year, month = parts if len(parts) == 2 else (2026, 1)
    following = f"/calendar/{year + month // 12}/{month % 12 + 1}"
    return page(following, f"/calendar/{year - 1}/{month}", text=f"<h1>{month} {year}</h1>No events.")


def growing(asked: Asked) -> Reply:
    return page("x/", "y/", text="You are here: " + asked.target)


def repeating(asked: Asked) -> Reply:
    return page("a/b/", text="menu")


def sessions(asked: Asked) -> Reply:
    token = sha256(f"{asked.target} {asked.at}".encode()).hexdigest()
    return page(f"/s/{token}/home", f"/s/{token}/about", text="Welcome back")


def queries(asked: Asked) -> Reply:
    token = sha256(f"{asked.target} {asked.at}".encode()).hexdigest()
    return page(f"/q?sid={token}&page=home", f"/q?sid={token}&page=about", text="Welcome back")


def facets(asked: Asked) -> Reply:
    chosen = asked.target.partition("?")[2]
    options = [f"{name}={value}" for name in ("size", "color", "sort", "brand", "price", "view") for value in range(5)]
    return page(*(f"/shop?{chosen}{'&' if chosen else ''}{option}" for option in options), text="12 products")


def maze(asked: Asked) -> Reply:
    """Every URL is a page, and says that it is not there."""
    names = [sha256(f"{asked.target}{n}".encode()).hexdigest()[:12] for n in range(5)]
    return page(
        *(f"/maze/{name}.html" for name in names), text="Sorry, we could not find this page. Maybe one of these?"
    )


def babel(asked: Asked) -> Reply:
    """Every URL is a page of its own words."""
    names = [sha256(f"{asked.target}{n}".encode()).hexdigest()[:12] for n in range(5)]
    return page(*(f"/babel/{name}.html" for name in names), text=text_of(asked.target))


def paging(asked: Asked) -> Reply:
    return page(f"/list?page={number(asked) + 1}", text="Nothing here")


def chained(asked: Asked) -> Reply:
    return (
        Reply(302, b"", {"Location": f"/hop/{number(asked) + 1}"})
        if number(asked) % 3
        else page(f"/hop/{number(asked) + 1}")
    )


def doubled(asked: Asked) -> Reply:
    return page(asked.target + "/", asked.target + "//", text="the same")


def recased(asked: Asked) -> Reply:
    count = len(asked.target)
    return page(f"/case/{'aA'[count % 2] * count}", f"/case/{'Aa'[count % 2] * count}", text="the same")


def escaped(asked: Asked) -> Reply:
    return page(asked.target.replace("%", "%25") + "%41", text="the same " + unquote(asked.target)[:10])


def archive(asked: Asked) -> Reply:
    """A real archive of 400 articles."""
    now = number(asked)
    links = [f"/archive/{n}" for n in (now + 1, now + 10) if n < 400]
    return page(*links, text=text_of(asked.target))


def listed(asked: Asked) -> Reply:
    """A real list of 150 pages by query."""
    now = number(asked)
    return page(*([f"/items?page={now + 1}"] if now < 149 else []), text=text_of(asked.target))


def deep(asked: Asked) -> Reply:
    """A real tree of folders, twelve deep."""
    depth = asked.target.count("/")
    return page(*([f"part{depth}/"] if depth < 12 else []), text=text_of(asked.target))


def numbered(asked: Asked) -> Reply:
    """A generated site, as wide as it is long: its pages differ in a number, and in where they lead."""
    now = number(asked)
    links = [f"/page/{n}" for n in range(10 * now + 1, 10 * now + 11) if n < 400]
    return page(*links, text=f"<h1>Page {now}</h1>" + "The quick brown fox jumps over the lazy dog. " * 50)


def windowed(asked: Asked) -> Reply:
    """Another one, whose pages do not differ at all, but each names forty, and the last has no next one."""
    now = number(asked)
    return page(*(f"/window/{n}" for n in range(now + 1, min(now + 41, 400))), text="The quick brown fox. " * 50)


def gallery(asked: Asked) -> Reply:
    """A gallery: each page shows a picture of its own, says next to nothing and leads to the next one."""
    if asked.target.endswith(".png"):
        return image(number(replace(asked, target=asked.target.removesuffix(".png"))) + 1)
    now = number(asked)
    return page(*([f"/photo/{now + 1}"] if now < 249 else []), images=[f"/photo/at/{now}.png"], text="A photo. Next")


def forum(asked: Asked) -> Reply:
    """Lists of threads, from one to the next: they differ in what is listed."""
    now = number(asked)
    threads = "".join(f"<tr><td><a href=/board/0>{sentence(f'{now} {n}')}</a><td>12 replies" for n in range(20))
    return page(*([f"/board/{now + 1}"] if now < 249 else []), text=f"<table>{threads}</table>")


def sentence(seed: str) -> str:
    """A few words, of which no two seeds have the same."""
    return " ".join(WORDS[byte % len(WORDS)] for byte in sha256(seed.encode()).digest()[:8])


WORDS: Final = [
    first + last for first in ("ab", "be", "co", "du", "el", "fa") for last in ("le", "ra", "mo", "ti", "us")
]


def wordy(asked: Asked) -> Reply:
    """A soft 404 whose URLs are words."""
    names = [sentence(f"{asked.target}{n}").replace(" ", "") for n in range(5)]
    return page(*(f"/words/{name}" for name in names), text="Not here. Did you mean one of these?")


def searched(asked: Asked) -> Reply:
    """A search whose every result is another search, by every filter in every order, and says what was asked for."""
    chosen = asked.target.partition("?")[2]
    links = [f"/find?{option}={n}&{chosen}" for option in ("a", "b", "c", "d", "e", "f") for n in range(2)]
    return page(*links, text=f"<p>Nothing found for {asked.target}")


THEME: Final = Theme(
    "traps",
    (
        endless("a calendar", "every month has a next one", "/calendar/", calendar),
        endless("a path that grows", "relative links into folders that are none", "/grow/", growing),
        endless("a path that repeats", "the same segments again and again", "/a/b/", repeating),
        endless("session ids in the path", "a new one with each answer", "/s/", sessions),
        endless("session ids in the query", "a new one with each answer", "/q", queries),
        endless("facets", "every combination in every order", "/shop", facets),
        endless("soft 404s", "every URL is a page", "/maze/", maze),
        endless("soft 404s of words", "every URL is a page", "/words/", wordy),
        endless("a search", "every filter in every order", "/find?a=0", searched),
        endless("a list without last page", "every page has a next one", "/list?page=0", paging),
        endless("redirects between pages", "a chain that never loops", "/hop/0", chained),
        endless("slashes that double", "the same page under more of them", "/slash/", doubled),
        endless("case that changes", "the same page in other letters", "/case/a", recased),
        endless("escapes of escapes", "the same page escaped again", "/esc/", escaped),
        large("an archive", "400 articles are no trap", "/archive/0", 400, archive),
        large("a list of 150 pages", "different pages are no trap", "/items?page=0", 150, listed),
        large("a deep tree", "twelve folders are no trap", "/tree/", 11, deep),
        large("a generated site", "pages that differ in a number are no trap", "/page/0", 400, numbered),
        large("a site of one text", "what has an end is no trap", "/window/0", 400, windowed),
        large("a gallery", "other pictures are no trap", "/photo/0", 250, gallery),
        large("a forum", "other threads are no trap", "/board/0", 250, forum),
    ),
    {"traps": {"max_like": LIKE}},
)
BOUNDED: Final = Theme(
    "bounds",
    (endless("a library of Babel", "every URL is a page of its own words", "/babel/", babel),),
    {"traps": {"max_host_urls": 600}},
)
