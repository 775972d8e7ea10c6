"""Which images of a site are kept: what pages show, or all that anything names; and not those that are too small."""

import struct
from pathlib import Path

import crawler
from tests.toysite import Reply, ToySite


def gif(width: int) -> Reply:
    body = b"GIF89a" + struct.pack("<HH", width, width) + bytes(3) + b"\0;"
    return Reply(body=body, headers={"Content-Type": "image/gif"})


HTML = b"""<!doctype html><link rel=stylesheet href=/s.css><meta property=og:image content=/og.gif>
<style>p { background: url(/inner.gif) }</style><img src=/shown.gif><img src=/dot.gif>"""
CSS = b"@import 'more.css'; body { background: url('/outer.gif') }"
MORE = b"@import 's.css'; i { background: url(/more.gif) }"


def site() -> ToySite:
    pages = {f"/{name}.gif": gif(100) for name in ("og", "inner", "shown", "outer", "more")}
    pages["/"] = Reply(body=HTML, headers={"Content-Type": "text/html"})
    pages["/s.css"] = Reply(body=CSS, headers={"Content-Type": "text/css"})
    pages["/more.css"] = Reply(body=MORE, headers={"Content-Type": "text/css"})
    return ToySite({**pages, "/dot.gif": gif(1)})


async def kept(folder: Path, **images: object) -> set[str]:
    async with site() as server:
        await crawler.crawl(server.url, output=str(folder), settings={"images": images})
        assert len(server.targets()) == len(set(server.targets()))
    return {path.name for path in (folder / "images").rglob("*.gif")}


async def test_what_pages_show(tmp_path: Path) -> None:
    assert await kept(tmp_path) == {"shown.gif", "dot.gif"}


async def test_all_that_anything_names_stylesheets_and_their_imports_too(tmp_path: Path) -> None:
    names = {"og.gif", "inner.gif", "shown.gif", "outer.gif", "more.gif", "dot.gif"}
    assert await kept(tmp_path, sources="all") == names


async def test_not_what_is_too_small(tmp_path: Path) -> None:
    assert await kept(tmp_path, min_width=2, types=["gif"]) == {"shown.gif"}
    assert await kept(tmp_path / "png", types=["png"]) == set()
