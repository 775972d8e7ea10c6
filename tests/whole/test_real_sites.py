"""Real documentation on real servers: everything within reach is saved once, byte for byte."""

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.bench.peers import write_tiny_site
from tests.command import check_folder, crawl, known
from tests.servers import Server, apache, lighttpd, nginx, package_folder, public_folder, python_server
from tests.toysite import image
from tests.walk import Walk, walk


@pytest.mark.parametrize(
    ("package", "pages", "images"), [("python3.11-doc", 500, 5), ("gimp-help-en", 600, 1900)], ids=["python", "gimp"]
)
async def test_a_manual_is_crawled_whole(tmp_path: Path, package: str, pages: int, images: int) -> None:
    root = package_folder(package, "index.html")
    with nginx(root) as server:
        expected = walk(root, server.url)
        await crawl(server.url, tmp_path / "out", "--concurrency", 16, "--per-host", 16, "--quiet", patience=120)
        asked = Counter(server.url.rstrip("/") + hit.target for hit in server.hits())
    assert len(expected.pages) > pages
    assert len(expected.images) > images
    assert asked == Counter([*expected.asked, f"{server.url}robots.txt"])
    await check_against(expected, tmp_path / "out")


@pytest.mark.parametrize("serve", [nginx, apache, lighttpd, python_server])
async def test_a_small_site_on(serve: Callable[[Path], AbstractContextManager[Server]], tmp_path: Path) -> None:
    with public_folder() as root:
        write_small_site(root)
        with serve(root) as server:
            expected = walk(root, server.url)
            await crawl(server.url, tmp_path / "out")
            await check_against(expected, tmp_path / "out")


async def test_what_nginx_compresses_is_saved_as_it_was(tmp_path: Path) -> None:
    with public_folder() as root:
        write_small_site(root)
        with nginx(root, "gzip on; gzip_min_length 1; gzip_types text/plain image/svg+xml;") as server:
            expected = walk(root, server.url)
            await crawl(server.url, tmp_path / "out")
            sizes = {hit.target: hit.size for hit in server.hits()}
            await check_against(expected, tmp_path / "out")
        assert sizes["/index.html"] < (root / "index.html").stat().st_size, "this test is about compressed answers"


def write_small_site(root: Path) -> None:
    write_tiny_site(root, pages=20)
    (root / "sub").mkdir()
    (root / "sub/index.html").write_text('<a href="../1.html">up</a> <img src="dot.png"> <a href="gone">gone</a>')
    (root / "sub/dot.png").write_bytes(image(5, 5).body)
    (root / "notes.txt").write_text("plain\n" * 10_000)
    (root / "big.bin").write_bytes(bytes(range(256)) * 4_000)
    (root / "empty.txt").touch()
    (root / "2.html").write_text(
        '<a href="sub">folder</a> <a href="notes.txt">notes</a> <a href="big.bin">big</a> <a href="empty.txt">empty</a>'
    )


async def check_against(expected: Walk, folder: Path) -> None:
    """The record and the files are those of the walk, no more and no less."""
    found = await known(folder)
    saved = {url: row["sha256"] for url, row in found.items() if row["state"] == "saved"}
    assert saved == {url: hashlib.sha256(file.read_bytes()).hexdigest() for url, file in expected.saved.items()}
    assert {url: row["redirect"] for url, row in found.items() if row["state"] == "redirected"} == expected.moved
    assert {url for url, row in found.items() if row["status"] == 404} == expected.missing
    assert {row["kind"] for url, row in found.items() if url in expected.pages} <= {"page"}
    assert {row["state"] for url, row in found.items() if url not in expected.asked} <= {"skipped"}
    await check_folder(folder)
