"""Sites without end: every page leads to more that are not worth having; and some large ones that are."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from tests.hostile.case import Case
from tests.hostile.crawled import Theme
from tests.toysite import Asked, Reply, page

BOUND: Final = 3000
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


PENDING: Final = Theme(
    "traps",
    (
        endless("a calendar", "every month has a next one", "/calendar/", calendar),
        endless("a path that grows", "relative links into folders that are none", "/grow/", growing),
        endless("a path that repeats", "the same segments again and again", "/a/b/", repeating),
        endless("session ids in the path", "a new one with each answer", "/s/", sessions),
        endless("session ids in the query", "a new one with each answer", "/q", queries),
        endless("facets", "every combination in every order", "/shop", facets),
        endless("soft 404s", "every URL is a page", "/maze/", maze),
        endless("a library of Babel", "every URL is a page of its own words", "/babel/", babel),
        endless("a list without last page", "every page has a next one", "/list?page=0", paging),
        endless("redirects between pages", "a chain that never loops", "/hop/0", chained),
        endless("slashes that double", "the same page under more of them", "/slash/", doubled),
        endless("case that changes", "the same page in other letters", "/case/a", recased),
        endless("escapes of escapes", "the same page escaped again", "/esc/", escaped),
        large("an archive", "400 articles are no trap", "/archive/0", 400, archive),
        large("a list of 150 pages", "different pages are no trap", "/items?page=0", 150, listed),
        large("a deep tree", "twelve folders are no trap", "/tree/", 11, deep),
    ),
)
"""Not run yet: what ends a trap is not built."""
