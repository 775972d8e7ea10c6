"""The benchmark runs, with so few images that its figures say nothing; what it counts as right is right."""

import ast
import io
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from tests.bench.images import LARGEST, PEERS, SMALLEST, SPIDER, compare, count_right, jpeg, ours, png, write_gallery
from tests.servers import public_folder


def test_we_download_the_tiny_gallery(tmp_path: Path) -> None:
    with public_folder() as gallery:
        digests = write_gallery(gallery, 12)
        [run] = compare(gallery, digests, {"crawler": ours}, runs=1, in_flight=4, work=tmp_path)["crawler"]
    assert run.done == 12
    assert run.requests == 13, "each once, and robots.txt"
    assert run.wall > 0
    assert run.cpu > 0
    assert run.memory > 1_000_000


@pytest.mark.parametrize("name", ["curl", "wget2", "aria2c"])
def test_so_do_the_others(tmp_path: Path, name: str) -> None:
    command = PEERS[name]()
    if command is None:
        pytest.skip(f"{name} is not installed")
    with public_folder() as gallery:
        digests = write_gallery(gallery, 12)
        [run] = compare(gallery, digests, {name: command}, runs=1, in_flight=4, work=tmp_path)[name]
    assert (run.done, run.requests) == (12, 12)


def test_the_gallery_is_of_true_pictures_no_two_alike(tmp_path: Path) -> None:
    digests = write_gallery(tmp_path, 40)
    assert len(set(digests.values())) == 40
    for path in digests:
        assert SMALLEST <= (tmp_path / path).stat().st_size <= LARGEST * 1.01
    with Image.open(io.BytesIO(png(5_000, Random(1)))) as picture:
        picture.load()
    noise = jpeg(5_000, Random(1))
    with Image.open(io.BytesIO(noise)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (640, 480))
    assert len(noise) == 5_000
    assert noise.endswith(b"\xff\xd9")
    assert noise.count(b"\xff\xd9") == 1


def test_right_is_what_is_there_byte_for_byte_under_any_name(tmp_path: Path) -> None:
    digests = write_gallery(tmp_path, 4)
    first, second, *_ = digests
    assert count_right(tmp_path, digests.values()) == 4
    (tmp_path / first).rename(tmp_path / "00.bin")
    (tmp_path / "again").write_bytes((tmp_path / "00.bin").read_bytes())
    assert count_right(tmp_path, digests.values()) == 4
    content = bytearray((tmp_path / second).read_bytes())
    content[-3] ^= 1
    (tmp_path / second).write_bytes(content)
    assert count_right(tmp_path, digests.values()) == 3


def test_the_spider_is_where_the_benchmark_looks_for_it() -> None:
    names = {node.name for node in ast.parse(SPIDER.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}
    assert names
