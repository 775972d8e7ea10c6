"""Images of sites and lists, whole: what is kept lies there byte for byte and once, and everything has its record."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from struct import pack
from typing import Any
from zlib import compress, crc32

import pytest
from PIL import Image

from crawler.cli.crawl import run_crawl, settings_of
from crawler.cli.images import BASE
from crawler.crawldb.records import Records
from crawler.errors import NoCrawlError
from tests.command import PROJECT, check_folder, end, files_of, run, start
from tests.servers import nginx, public_folder
from tests.toysite import Answer, Reply, ToySite, gzipped, image, in_turn, page, redirect, text

Row = dict[str, Any]
QUIET = {"log": {"show": "quiet"}, "fetch": {"retry_wait": 0.01, "max_retries": 1}}


async def crawl(folder: Path, *urls: str, **images: object) -> int:
    """`crawler images`, in this process; its exit status."""
    table = {**QUIET, "store": {"output": str(folder), "min_free": 0}, "images": images}
    if "noai" in images:
        table["politeness"] = {"noai": images.pop("noai")}
    async with asyncio.timeout(30):
        return await run_crawl(settings_of(urls, None, None, table, BASE))


def rows(folder: Path) -> list[Row]:
    """The sidecar."""
    return [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]


def by_path(found: Sequence[Row]) -> dict[str, Row]:
    """The same by the URL's path, the last mention of each."""
    return {"/" + row["url"].split("/", 3)[3]: row for row in found}


def count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as sql:
        return int(sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def served(body: bytes, media_type: str = "image/jpeg", **fields: str) -> Reply:
    return Reply(body=body, headers={"Content-Type": media_type, **fields})


def jpeg(width: int, height: int, size: int) -> bytes:
    """The markers of a JPEG of so many bytes (ISO/IEC 10918-1 annex B)."""
    frame = b"\xff\xd8\xff\xc0" + pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    scan = b"\xff\xda" + pack(">HB", 8, 1) + b"\1\0\0\x3f\0"
    return frame + scan + b"\x12" * (size - len(frame) - len(scan) - 2) + b"\xff\xd9"


def picture(width: int, *, seed: int = 1) -> Reply:
    """A real picture, and not a plain one: pictures of one seed look alike."""
    tile = Image.effect_noise((9, 9), 120) if seed < 0 else Image.new("L", (9, 9))
    tile.putdata([(place * place * 37 * seed + place * 91) % 256 for place in range(81)])
    body = BytesIO()
    tile.resize((width, width), Image.Resampling.BILINEAR).save(body, "PNG")
    return served(body.getvalue(), "image/png")


class TestASite:
    async def test_images_are_kept_byte_for_byte_and_pages_are_read(self, tmp_path: Path) -> None:
        bodies = {
            "/a.png": image(20, 10).body,
            "/dir/b.jpg": jpeg(300, 200, 400_000),
            "/c.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script></svg>",
            "/linked.png": image(21, 10).body,
        }
        pages: dict[str, Answer] = {path: served(body, "image/png") for path, body in bodies.items()}
        pages["/"] = page("/next.html", "/linked.png", images=["/a.png"], text="<img src=c.svg alt='A drawing'>")
        pages["/next.html"] = page("/", images=["/a.png", "dir/b.jpg"])
        pages["/c.svg"] = gzipped(served(bodies["/c.svg"], "image/svg+xml"))
        async with ToySite(pages) as site:
            assert await crawl(tmp_path, site.url) == 0
            assert Counter(site.targets()) == Counter(["/robots.txt", *pages])
        found = rows(tmp_path)
        kept = by_path(found)
        assert {path: (tmp_path / row["path"]).read_bytes() for path, row in kept.items()} == bodies
        assert Counter("/" + row["url"].split("/", 3)[3] for row in found)["/a.png"] == 2, "each place has its record"
        assert (kept["/c.svg"]["alt"], kept["/c.svg"]["media_type"]) == ("A drawing", "image/svg+xml")
        assert (kept["/dir/b.jpg"]["width"], kept["/dir/b.jpg"]["height"]) == (300, 200)
        assert not (tmp_path / "pages").exists()
        with Records(tmp_path) as records:
            states = {one.url[len(site.url) - 1 :]: one.state for one in records.urls()}
        del states["/robots.txt"]
        assert states == dict.fromkeys(("/", "/next.html"), "read") | dict.fromkeys(bodies, "saved")
        await check_folder(tmp_path)

    async def test_a_second_run_asks_for_nothing(self, tmp_path: Path) -> None:
        async with ToySite({"/": page("/b", images=["/a.png"]), "/a.png": image(), "/b": page()}) as site:
            await crawl(tmp_path, site.url)
            first = rows(tmp_path)
            site.requests.clear()
            assert await crawl(tmp_path, site.url) == 0
            assert site.targets() == []
        assert rows(tmp_path) == first

    async def test_of_the_sizes_of_a_picture_the_largest_alone(self, tmp_path: Path) -> None:
        html = "<img src=s.png srcset='s.png 1x, m.png 2x, l.png 3x'>"
        pages = {"/": page(text=html), "/s.png": image(1, 1), "/m.png": image(2, 2), "/l.png": image(3, 3)}
        async with ToySite(pages) as site:
            await crawl(tmp_path / "largest", site.url)
            assert site.targets() == ["/robots.txt", "/", "/l.png"]
            await crawl(tmp_path / "all", site.url, candidates="all")
        assert len(files_of(tmp_path / "all")) == 3

    async def test_what_a_page_links_to_and_is_no_image_ends_there(self, tmp_path: Path) -> None:
        pages = {
            "/": page("/x.pdf", "/x.txt", "/x.jpg", "/x.png"),
            "/x.pdf": served(b"%PDF-1.7 ...", "application/pdf"),
            "/x.txt": text("a text"),
            "/x.jpg": served(jpeg(9, 9, 500)),
            "/x.png": image(),
        }
        async with ToySite(pages) as site:
            assert await crawl(tmp_path, site.url, types=["png"]) == 0
            assert set(Counter(site.targets()).values()) == {1}
        assert {Path(path).name for path in files_of(tmp_path)} == {"x.png"}
        assert by_path(rows(tmp_path))["/x.jpg"]["error"] == "type"

    async def test_an_image_elsewhere_that_is_linked_to_as_well_may_redirect(self, tmp_path: Path) -> None:
        """Its host is out of the scope of pages, and the link to it makes no page of it."""
        async with ToySite() as site:
            away, target = site.at("/i.png", "localhost"), site.at("/j.png", "localhost")
            site.pages |= {
                "127.0.0.1/": page(away, images=[away]),
                "localhost/i.png": redirect(target),
                "localhost/j.png": image(),
            }
            assert await crawl(tmp_path, site.url) == 0
        assert {row["state"] for row in rows(tmp_path)} == {"saved"}
        assert len(files_of(tmp_path)) == 1


@pytest.mark.parametrize("obeyed", [True, False])
async def test_who_asks_for_no_ai_is_left_alone_unless_a_person_says_otherwise(tmp_path: Path, obeyed: bool) -> None:
    asks = {"X-Robots-Tag": "noai"}
    pages: dict[str, Answer] = {f"/{n}.png": image(n, 1) for n in range(1, 6)}
    pages["/1.png"] = replace(image(9, 1), headers={"Content-Type": "image/png", "X-Robots-Tag": "noimageai"})
    pages["/"] = page("/head", "/meta", images=["/1.png", "/5.png"])
    pages["/head"] = served(page(images=["/2.png"]).body, "text/html", **asks)
    pages["/meta"] = page("/4.png", images=["/3.png"], head="<meta name=robots content=noimageai>")
    async with ToySite(pages) as site:
        await crawl(tmp_path, site.url, noai=obeyed)
        asked = {target for target in site.targets() if target.endswith(".png")}
    found = by_path(rows(tmp_path))
    if not obeyed:
        assert {row["state"] for row in found.values()} == {"saved"}
        return
    assert asked == {"/1.png", "/5.png"}
    assert {path: row["error"] for path, row in found.items()} == {
        "/1.png": "noai", "/2.png": "noai", "/3.png": "noai", "/4.png": "noai", "/5.png": None,
    }  # fmt: skip
    assert {Path(path).name for path in files_of(tmp_path)} == {"5.png"}


class TestDecidedEarly:
    BIG = jpeg(2000, 100, 5_000_000)

    @pytest.mark.parametrize(
        ("wishes", "word"),
        [
            ({"types": ["png", "webp"]}, "type"),
            ({"min_width": 2001}, "too-small"),
            ({"min_height": 101}, "too-small"),
            ({"max_width": 1999}, "too-large"),
            ({"max_aspect": 19}, "aspect"),
            ({"max_size": "4.9MB"}, "too-large"),
            ({"min_size": "5.1MB"}, "too-small"),
        ],
    )
    async def test_by_the_first_bytes_and_no_more_of_it_comes(
        self, tmp_path: Path, wishes: dict[str, object], word: str
    ) -> None:
        """Of one server all comes at once; the other waits behind its first bytes for longer than a test may take."""

        def slowly() -> Iterator[bytes | float]:
            yield b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 5000000\r\n\r\n" + self.BIG[:4096]
            yield 60.0

        pages = {"/": page(images=["/big.jpg", "/slow.jpg"]), "/big.jpg": served(self.BIG)}
        async with ToySite({**pages, "/slow.jpg": Reply(script=slowly)}) as site:
            assert await crawl(tmp_path, site.url, **wishes) == 1, "nothing is kept"
        found = by_path(rows(tmp_path))
        assert {row["error"] for row in found.values()} == {word}
        assert found["/slow.jpg"]["received"] == 4096
        assert 4096 <= found["/big.jpg"]["received"] < 600_000
        assert files_of(tmp_path) == set()
        assert not list((tmp_path / ".tmp").iterdir())

    async def test_while_it_comes_where_nothing_is_declared(self, tmp_path: Path) -> None:
        def endless() -> Iterator[bytes]:
            yield b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
            body = self.BIG[:50_000]
            while True:
                yield b"%x\r\n%b\r\n" % (len(body), body)

        pages = {"/": page(images=["/endless.jpg", "/ok.png"]), "/endless.jpg": Reply(script=endless)}
        async with ToySite({**pages, "/ok.png": image()}) as site:
            assert await crawl(tmp_path, site.url, max_size="300KB") == 0
        row = by_path(rows(tmp_path))["/endless.jpg"]
        assert (row["state"], row["error"]) == ("rejected", "too-large")
        assert 300_000 < row["received"] < 2_000_000
        assert {Path(path).name for path in files_of(tmp_path)} == {"ok.png"}
        assert not list((tmp_path / ".tmp").iterdir())


def bomb(width: int = 60_000) -> bytes:
    """A PNG of 60,000 by 60,000 pixels in some kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + name + content + pack(">I", crc32(name + content))

    pixels = compress(bytes(10_000_000), 9)
    head = pack(">IIBBBBB", width, width, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("dedupe", ["exact", "near"])
async def test_bad_images_neither_harm_nor_stop_anything(tmp_path: Path, dedupe: str) -> None:
    whole = picture(40).body
    script = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
    kept = {
        "/good.png": whole,
        "/one.gif": b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        "/bomb.png": bomb(),
        "/script.svg": script,
        "/..%2f..%2fetc%2fpasswd.png": image(3, 3).body,
        "/broken.png": whole[:60] + bytes(40) + whole[100:],
    }
    lost = {
        "/cut.jpg": (served(jpeg(99, 99, 2000)[:-2]), "damaged"),
        "/cut.png": (served(whole[:-12]), "damaged"),
        "/empty.png": (served(b"", "image/png"), "damaged"),
        "/page.jpg": (served(b"<!doctype html><p>No such image"), "type"),
        "/gone.jpg": (Reply(404, b"nothing here"), "status"),
        "/short.png": (replace(served(whole), cut=100), "truncated"),
    }
    pages: dict[str, Answer] = {path: reply for path, (reply, _) in lost.items()}
    pages |= {path: served(body, "image/svg+xml" if "svg" in path else "image/png") for path, body in kept.items()}
    pages["/"] = page(images=[*lost, *kept])
    async with ToySite(pages) as site:
        assert await crawl(tmp_path, site.url, dedupe=dedupe) == 0
    found = by_path(rows(tmp_path))
    assert {path: (tmp_path / found[path]["path"]).read_bytes() for path in kept} == kept
    assert {path: row["error"] for path, row in found.items() if path in lost} == {
        path: word for path, (_, word) in lost.items()
    }
    assert {row["path"].partition("/")[0] for row in found.values() if row["path"]} == {"images"}
    await check_folder(tmp_path)
    if dedupe == "near":
        assert found["/bomb.png"]["work_error"]
        assert found["/broken.png"]["work_error"]
        assert found["/good.png"]["work_error"] is None


class TestOnce:
    """Equal bytes lie once, whatever they are called."""

    BODY = image(30, 30).body

    async def test_also_two_that_come_at_the_same_moment(self, tmp_path: Path) -> None:
        same = [f"/{n}.png" for n in range(6)]
        pages: dict[str, Answer] = {path: replace(served(self.BODY, "image/png"), delay=0.05) for path in same}
        async with ToySite({**pages, "/": page(images=same)}) as site:
            await crawl(tmp_path, site.url)
            assert Counter(site.targets()) == Counter(["/robots.txt", "/", *same])
            assert site.max_in_flight > 1, "they were to come together"
        (path,) = files_of(tmp_path)
        assert (tmp_path / path).read_bytes() == self.BODY
        found = rows(tmp_path)
        assert {row["path"] for row in found} == {path}
        assert Counter((row["state"], row["error"]) for row in found) == {
            ("saved", None): 1, ("rejected", "duplicate"): 5,
        }  # fmt: skip
        (original,) = {row["url"] for row in found if row["state"] == "saved"}
        assert {row["original"] for row in found if row["state"] != "saved"} == {original}
        await check_folder(tmp_path)

    async def test_also_where_the_first_breaks_off(self, tmp_path: Path) -> None:
        whole = served(self.BODY, "image/png")
        first = in_turn(replace(whole, cut=40), whole)
        pages: dict[str, Answer] = {"/": page(images=["/1.png", "/2.png"]), "/1.png": first}
        async with ToySite({**pages, "/2.png": replace(whole, delay=0.05)}) as site:
            await crawl(tmp_path, site.url)
            assert Counter(site.targets())["/1.png"] == 2
        assert len(files_of(tmp_path)) == 1
        assert {row["path"] for row in rows(tmp_path)} == files_of(tmp_path)

    async def test_also_over_runs(self, tmp_path: Path) -> None:
        pages = {f"/{n}/": page(images=[f"/{n}.png"]) for n in (1, 2)}
        async with ToySite({**pages, "/1.png": served(self.BODY), "/2.png": served(self.BODY)}) as site:
            await crawl(tmp_path, site.at("/1/"))
            await crawl(tmp_path, site.at("/2/"))
        assert len(files_of(tmp_path)) == 1
        assert {row["path"] for row in rows(tmp_path)} == files_of(tmp_path)

    async def test_unless_a_person_wants_each(self, tmp_path: Path) -> None:
        pages = {"/": page(images=["/1.png", "/2.png"]), "/1.png": served(self.BODY), "/2.png": served(self.BODY)}
        async with ToySite(pages) as site:
            await crawl(tmp_path, site.url, dedupe="off")
        assert len(files_of(tmp_path)) == 2


class TestNear:
    async def test_of_those_that_look_alike_the_largest_is_kept(self, tmp_path: Path) -> None:
        sizes = {"/40.png": 40, "/160.png": 160, "/80.png": 80}
        pages: dict[str, Answer] = {path: picture(size) for path, size in sizes.items()}
        pages |= {"/": page(images=[*sizes, "/other.png", "/again.png"]), "/other.png": picture(50, seed=5)}
        async with ToySite({**pages, "/again.png": picture(40)}) as site:
            assert await crawl(tmp_path, site.url, dedupe="near") == 0
        assert {Path(path).name for path in files_of(tmp_path)} == {"160.png", "other.png"}
        found = by_path(rows(tmp_path))
        for path in ("/40.png", "/80.png", "/again.png"):
            row = found[path]
            assert (row["state"], row["error"], row["original"]) == ("rejected", "duplicate", site.at("/160.png"))
            assert (row["path"], row["width"], row["sha256"]) == tuple(
                found["/160.png"][name] for name in ("path", "width", "sha256")
            )
        await check_folder(tmp_path)
        with Records(tmp_path) as records:
            counts = records.counts()
            assert (counts.saved, counts.images, counts.rejected) == (2, 2, 3)
            assert counts.size == sum((tmp_path / path).stat().st_size for path in files_of(tmp_path))

    async def test_reported_they_are_all_kept(self, tmp_path: Path) -> None:
        pages: dict[str, Answer] = {"/": page(images=["/1.png", "/2.png"]), "/1.png": picture(40)}
        async with ToySite({**pages, "/2.png": picture(80)}) as site:
            await crawl(tmp_path, site.url, dedupe="report")
        assert len(files_of(tmp_path)) == 2
        assert sorted(bool(row["near"]) for row in rows(tmp_path)) == [False, True]

    async def test_what_was_to_go_when_a_run_was_killed_goes_at_the_next_start(self, tmp_path: Path) -> None:
        """Committed, and the file was still there."""
        pages: dict[str, Answer] = {"/1/": page(images=["/small.png"]), "/2/": page(images=["/large.png"])}
        async with ToySite({**pages, "/small.png": picture(40), "/large.png": picture(80)}) as site:
            await crawl(tmp_path, site.at("/1/"), dedupe="near")
            (small,) = files_of(tmp_path)
            shutil.copy(tmp_path / small, tmp_path / "aside")
            await crawl(tmp_path, site.at("/2/"), dedupe="near")
            assert small not in files_of(tmp_path)
            shutil.copy(tmp_path / "aside", tmp_path / small)
            with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as sql, sql:
                sql.execute("INSERT INTO trash VALUES (?)", (small,))
            await crawl(tmp_path, site.at("/2/"), dedupe="near")
        assert count(tmp_path, "trash") == 0
        await check_folder(tmp_path)


class TestNames:
    async def test_are_made_by_a_template(self, tmp_path: Path) -> None:
        pages: dict[str, Answer] = {"/spring/tour.html": page("/big.jpg", images=["/a.gif", "/b.PNG"])}
        pages |= {"/a.gif": image(3, 4), "/b.PNG": image(5, 6), "/big.jpg": served(jpeg(7, 8, 400_000))}
        async with ToySite(pages) as site:
            await crawl(
                tmp_path, site.at("/spring/tour.html"), name="{page_slug}/{index:03}-{stem}-{width}x{height}.{ext}"
            )
        assert files_of(tmp_path) == {
            "images/tour/001-big-7x8.jpg", "images/tour/002-a-3x4.png", "images/tour/003-b-5x6.png",
        }  # fmt: skip
        assert {row["place"]: Path(row["path"]).name[:3] for row in rows(tmp_path)} == {1: "001", 2: "002", 3: "003"}
        await check_folder(tmp_path)

    async def test_that_two_urls_come_to_are_two(self, tmp_path: Path) -> None:
        pages: dict[str, Answer] = {"/": page(images=["/x/i.png", "/y/i.png", "/z/I.png"])}
        bodies = {f"/{folder}.png": image(width, 1) for width, folder in enumerate(("x/i", "y/i", "z/I"), 1)}
        async with ToySite({**pages, **bodies}) as site:
            await crawl(tmp_path, site.url, name="{stem}.{ext}")
            before = {path: (tmp_path / path).read_bytes() for path in files_of(tmp_path)}
            assert len(before) == len({path.lower() for path in before}) == 3
            asked = len(site.requests)
            await crawl(tmp_path, site.url, name="{stem}.{ext}")
            assert len(site.requests) == asked
        assert {path: (tmp_path / path).read_bytes() for path in files_of(tmp_path)} == before
        for path, row in by_path(rows(tmp_path)).items():
            assert (tmp_path / row["path"]).read_bytes() == bodies[path].body


LISTS = {
    "urls.txt": "# images\n{0}1.png\n\n{0}2.png\n  {0}1.png  \nftp://a/x.png\nno url\n",
    "urls.csv": (
        'caption;url;licence\nOne;{0}1.png;CC0\n"Two; \nlines";{0}2.png;\n;{0}1.png;CC BY\n;ftp://a/x.png;\n;no url;\n'
    ),
    "urls.jsonl": (
        '{{"url": "{0}1.png", "caption": "One", "licence": "CC0"}}\n{{"url": "{0}2.png", "caption": "Two; \\nlines"}}\n'
        '{{"url": "{0}1.png", "licence": "CC BY"}}\n{{"url": "ftp://a/x.png", "n": [1]}}\n{{"url": "no url"}}\n'
    ),
}


SITE = {"/1.png": image(1, 1), "/2.png": image(2, 2)}


class TestLists:
    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("piped", [False, True])
    async def test_each_row_is_recorded_with_all_it_says(self, tmp_path: Path, name: str, piped: bool) -> None:
        async with ToySite(SITE) as site:
            body = LISTS[name].format(site.url).encode()
            (tmp_path / name).write_bytes(body)
            if piped:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "crawler", "images", "--list", "-", "-o", str(tmp_path / "out"), "-q"),
                    stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": str(PROJECT)},
                )  # fmt: skip
                _, said = await process.communicate(body)
                assert (process.returncode, said) == (0, b"")
            else:
                assert await crawl(tmp_path / "out", list=str(tmp_path / name)) == 0
            assert Counter(site.targets()) == Counter(["/robots.txt", "/1.png", "/2.png"])
        found = rows(tmp_path / "out")
        assert [(row["place"], row["url"].rpartition("/")[2], row["state"], row["error"]) for row in found] == [
            (1, "1.png", "saved", None), (2, "2.png", "saved", None), (3, "1.png", "saved", None),
            (4, "x.png", "skipped", "scheme"), (5, "no url", "skipped", "url"),
        ]  # fmt: skip
        assert {row["list"] for row in found} == {"-" if piped else str(tmp_path / name)}
        assert found[0]["path"] == found[2]["path"]
        if name != "urls.txt":
            assert [row["caption"] for row in found[:3]] == ["One", "Two; \nlines", ""]
            licences = [(row["columns"] or {}).get("licence", "") for row in found[:3]]
            assert licences == ["CC0", "", "CC BY"]

    async def test_a_list_and_a_site_together(self, tmp_path: Path) -> None:
        async with ToySite({"/": page(images=["/1.png"]), **SITE}) as site:
            (tmp_path / "urls.txt").write_text(f"{site.url}1.png\n{site.url}2.png\n")
            await crawl(tmp_path / "out", site.url, list=str(tmp_path / "urls.txt"))
            assert Counter(site.targets()) == Counter(["/robots.txt", "/", "/1.png", "/2.png"])
        assert [(row["role"], row["state"]) for row in rows(tmp_path / "out")] == [
            ("img", "saved"), ("list", "saved"), ("list", "saved"),
        ]  # fmt: skip

    async def test_a_listed_image_that_a_page_links_to_begins_no_crawl(self, tmp_path: Path) -> None:
        """Of its host, out of scope: neither now nor by a second run."""
        async with ToySite() as site:
            away = site.at("/i.png", "localhost")
            site.pages |= {"127.0.0.1/": page(away, site.at("/p.html", "localhost")), "localhost/i.png": image()}
            (tmp_path / "urls.txt").write_text(f"{away}\n")
            for _ in range(2):
                await crawl(tmp_path / "out", site.url, list=str(tmp_path / "urls.txt"))
            assert Counter(site.targets("localhost")) == Counter(["/robots.txt", "/i.png"])
        assert {row["state"] for row in rows(tmp_path / "out")} == {"saved"}

    async def test_the_robots_txt_of_each_host_is_obeyed_and_redirects_lead_anywhere(self, tmp_path: Path) -> None:
        async with ToySite() as site:
            site.pages |= {
                "127.0.0.1/robots.txt": text("User-agent: *\nDisallow: /closed"),
                "127.0.0.1/closed.png": image(),
                "127.0.0.1/moved.png": redirect(site.at("/there.png", "localhost")),
                "localhost/there.png": image(2, 2),
                "localhost/closed.png": image(3, 3),
            }
            paths = [site.at("/closed.png"), site.at("/moved.png"), site.at("/closed.png", "localhost")]
            (tmp_path / "urls.txt").write_text("\n".join(paths))
            await crawl(tmp_path / "out", list=str(tmp_path / "urls.txt"))
            assert "/closed.png" not in site.targets("127.0.0.1")
            assert site.targets("localhost")[0] == "/robots.txt"
        refused, moved, other = rows(tmp_path / "out")
        assert (refused["state"], refused["error"]) == ("refused", "robots")
        assert (moved["url"], moved["state"]) == (site.at("/moved.png"), "saved")
        assert other["state"] == "saved"
        assert {moved["path"], other["path"]} == files_of(tmp_path / "out")

    async def test_killed_in_the_middle_and_run_again_each_row_is_there_once(self, tmp_path: Path) -> None:
        """Six hundred rows name sixty images; a second run asks for nothing, and a list that grew goes on."""
        pages: dict[str, Answer] = {f"/{n}.png": replace(image(n, 1), delay=0.02) for n in range(1, 62)}
        async with ToySite(pages) as site:
            path, out = tmp_path / "urls.txt", tmp_path / "out"
            path.write_text("".join(f"{site.url}{n % 60 + 1}.png\n" for n in range(600)))
            process = await start("images", "--list", path, "-o", out, "--name", NAME, "-q")
            await asked(site, 25, process)
            process.kill()
            await end(process)
            assert len(site.targets()) < 61, "it was to be stopped in the middle"
            await crawl(out, list=str(path), name=NAME)
            counted = Counter(site.targets())
            assert set(counted) == {"/robots.txt", *(f"/{n}.png" for n in range(1, 61))}
            assert sum(times - 1 for times in counted.values()) <= 4, "but those in flight, nothing twice"
            found = rows(out)
            assert [row["place"] for row in found] == list(range(1, 601))
            for row in found:
                width = int(row["url"].rpartition("/")[2].removesuffix(".png"))
                assert (row["state"], row["path"]) == ("saved", f"images/{width}/i.png")
            await check_folder(out)

            site.requests.clear()
            await crawl(out, list=str(path), name=NAME)
            assert site.targets() == []
            with path.open("a") as more:
                more.write(f"{site.url}1.png\n{site.url}61.png\n")
            await crawl(out, list=str(path), name=NAME)
            assert site.targets() == ["/61.png"]
        assert [row["place"] for row in rows(out)] == list(range(1, 603))
        assert len(files_of(out)) == 61


NAME = "{width}/i.{ext}"


async def asked(site: ToySite, times: int, process: asyncio.subprocess.Process) -> None:
    """Wait until the running command has asked the site so many times."""
    async with asyncio.timeout(30):
        while len(site.requests) < times:
            assert process.returncode is None, (await end(process)).said
            await asyncio.sleep(0.005)


async def ended(*command: object) -> None:
    """A command that is to end with status 0."""
    said = await run(*command)
    assert said.status == 0, said.said


async def test_retry_asks_for_what_failed_for_the_words_alone(tmp_path: Path) -> None:
    later = {"/404.png": 404, "/500.png": 500, "/503.png": 503}
    good = ["/1.png", "/2.png"]
    pages: dict[str, Answer] = {path: image(n, 1) for n, path in enumerate(good, 1)}
    pages |= {path: Reply(status, b"") for path, status in later.items()}
    pages |= {"/": page(images=[*pages, "/cut.png"]), "/cut.png": served(image(9, 9).body[:-12])}
    async with ToySite(pages) as site:
        await crawl(tmp_path, site.url)
        site.pages |= {path: image(status, 1) for path, status in later.items()} | {"/cut.png": image(9, 9)}
        for words, expected in (("5xx,damaged", {"/500.png", "/503.png", "/cut.png"}), ("404,5xx", {"/404.png"})):
            site.requests.clear()
            await ended("retry", tmp_path, "--class", words)
            assert Counter(site.targets()) == Counter(expected)
    assert {row["state"] for row in rows(tmp_path)} == {"saved"}
    await check_folder(tmp_path)


async def test_a_crawl_that_an_earlier_version_began_goes_on(tmp_path: Path) -> None:
    async with ToySite({"/": page(), "/new.png": image(), "/next": page(images=["/new.png"])}) as site:
        with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as sql, sql:
            sql.executescript((PROJECT / "tests" / "crawldb" / "version_1.sql").read_text())
            insert = "INSERT INTO urls (digest, url, host, kind, state, depth) VALUES (?, ?, 1, 4, ?, ?)"
            sql.execute("INSERT INTO facts VALUES ('store.max_name', '255')")
            sql.execute(
                "INSERT INTO hosts (name, heard, open, queued, saved, pages) VALUES (?, 1, 1, 1, 1, 1)",
                (site.url.split("/")[2],),
            )
            for path, state in (("/", "saved"), ("/next", "queued")):
                sql.execute(insert, (digest(site.at(path)), site.at(path), state, 0))
        with pytest.raises(NoCrawlError, match="schema 1"):
            Records(tmp_path)
        assert await crawl(tmp_path, site.url) == 0
        assert Counter(site.targets()) == Counter(["/robots.txt", "/next", "/new.png"])
    with Records(tmp_path) as records:
        states = {one.url.removeprefix(site.url): one.state for one in records.urls()}
    assert states == {"": "saved", "next": "read", "new.png": "saved", "robots.txt": "rejected"}
    assert [(row["url"], row["state"]) for row in rows(tmp_path)] == [(site.at("/new.png"), "saved")]


def digest(url: str) -> int:
    """As schema.sql says of `urls.digest`."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(url.encode(), digest_size=8).digest(), "big", signed=True)


async def test_a_gallery_by_nginx_is_kept_byte_for_byte_and_each_asked_for_once(tmp_path: Path) -> None:
    with public_folder() as folder, nginx(folder) as server:
        bodies = {f"{n}.jpg": jpeg(100 + n, 50, 2_000 + n * n * 130) for n in range(60)}
        for name, body in bodies.items():
            (folder / name).write_bytes(body)
        for n in range(6):
            links = [f"<a href={n + 1}.html>on</a>"] if n < 5 else []
            shown = [f"<figure><img src={n * 10 + one}.jpg><figcaption>No. {one}</figure>" for one in range(10)]
            (folder / f"{n}.html").write_text("<!doctype html>" + "".join([*links, *shown]))
        assert await crawl(tmp_path, f"{server.url}0.html") == 0
        targets = Counter(hit.target for hit in server.hits())
    assert targets == Counter(["/robots.txt", *(f"/{n}.html" for n in range(6)), *(f"/{name}" for name in bodies)])
    found = rows(tmp_path)
    assert {row["url"].rpartition("/")[2]: (tmp_path / row["path"]).read_bytes() for row in found} == bodies
    assert Counter(row["caption"] for row in found) == Counter({f"No. {one}": 6 for one in range(10)})
