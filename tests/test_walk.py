"""The walk agrees with a real nginx about every URL it names, and with what was counted by hand on a small folder."""

import http.client
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers import nginx, package_folder, public_folder
from tests.walk import Walk, walk

FILES = {
    "docs/index.html": """<base href="/docs/"><link rel="shortcut icon" href=icon.png><link rel=stylesheet href=s.css>
        <a href="a.html#part">a</a> <a href=sub>folder</a> <a href="//other.example/">other</a> <a href="../up.html">
        <img src=one.png srcset="two.png 2x, three.png 3x"> <!-- <a href=comment.html> --> <area href=area.htm>
        <script>"<a href=script.html>"</script> <video poster=poster.png></video><input type=IMAGE src=button.png>
        <img src="/shared.png"><img src="//other.example/one.png">""",
    "docs/a.html": '<a href="index.html">x</a> <a href="gone.html">gone</a> <a href="a%20b.txt?q=1&amp;r=2"></a>',
    "docs/sub/index.html": '<iframe src="../framed.html"></iframe> <img src="gone.png"> <a href="mailto:x@y.z">',
    "docs/framed.html": '<meta http-equiv=Refresh content="0; url=a.html"> <a href="sub//a.html">two slashes</a>',
    "docs/area.htm": '<a href="http://[broken/">not a URL</a><a href="one.png">an image behind an anchor</a>',
    "docs/sub/a.html": "",
    "docs/a b.txt": "text",
    "up.html": "above the start",
    "shared.png": "an image above the start",
    "docs/comment.html": "", "docs/script.html": "", "docs/s.css": "", "docs/never.html": "",
    **{f"docs/{name}.png": name for name in ("icon", "one", "two", "three", "poster", "button")},
}  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    with public_folder() as root:
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        yield root


def names(urls: object) -> set[str]:
    return {str(url).removeprefix("http://h/docs/") for url in urls}  # type: ignore[attr-defined]


def test_a_small_folder(folder: Path) -> None:
    found = walk(folder, "http://h/docs/")
    assert names(found.pages) == {
        "", "index.html", "a.html", "area.htm", "sub/", "framed.html", "sub//a.html",
    }  # fmt: skip
    assert names(found.documents) == {"a%20b.txt?q=1&r=2", "one.png"}
    assert names(found.images) == {
        "icon.png", "two.png", "three.png", "poster.png", "button.png", "http://h/shared.png",
    }  # fmt: skip
    assert found.moved == {"http://h/docs/sub": "http://h/docs/sub/"}
    assert names(found.missing) == {"gone.html", "sub/gone.png"}
    assert found.saved["http://h/docs/sub//a.html"].samefile(folder / "docs/sub/a.html")


def test_many_files_are_read_by_processes(folder: Path) -> None:
    here = walk(folder, "http://h/docs/")
    for number in range(50):
        shutil.copy(folder / "up.html", folder / f"docs/copy{number}.html")
    assert walk(folder, "http://h/docs/") == here


def test_nginx_answers_as_the_walk_says(folder: Path) -> None:
    with nginx(folder) as server:
        agree(server.url, walk(folder, f"{server.url}docs/"))


def test_nginx_answers_as_the_walk_says_of_a_manual() -> None:
    root = package_folder("gimp-help-en", "index.html")
    with nginx(root) as server:
        found = walk(root, server.url)
        assert len(found.pages) > 600
        assert len(found.images) > 1900
        agree(server.url, found)


def agree(url: str, found: Walk) -> None:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc)) as client:

        def get(one: str) -> tuple[int, bytes, str, str]:
            client.request("GET", one.removeprefix(url.rstrip("/")))
            answer = client.getresponse()
            body = answer.read()
            return answer.status, body, answer.getheader("Content-Type", ""), answer.getheader("Location", "")

        for one, file in found.saved.items():
            status, body, media, _ = get(one)
            assert (status, body) == (200, file.read_bytes())
            assert (media == "text/html") == (one in found.pages)
        for one, target in found.moved.items():
            assert get(one)[0::3] == (301, target)
        for one in found.missing:
            assert get(one)[0] == 404
