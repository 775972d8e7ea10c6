"""One list of images downloaded by us and by every peer that is installed, in one run, as Markdown tables.

    python -m tests.bench.images [--images 3000] [--in-flight 16,64] [--runs 3] [--only crawler,curl] [--quick]

Counted is what lies in a tool's folder byte for byte as it is on the server; it asserts nothing.
"""

import argparse
import hashlib
import os
import struct
import sys
import zlib
from collections.abc import Callable, Collection, Mapping
from math import log
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.bench.turns import Command, Measured, find_tools, installed, python_with, spend, table, take_turns
from tests.servers import nginx, public_folder

SPIDER = Path(__file__).with_name("files_spider.py")
SMALLEST, USUAL, LARGEST, SPREAD = 2_000, 55_000, 300_000, 0.8
"""Bytes of a picture: the median, the bounds, and the deviation of their logarithm."""


def jpeg(size: int, chance: Random) -> bytes:
    """`size` bytes with the head and the end of a JPEG around noise (ISO/IEC 10918-1 annex B)."""
    app = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    frame = b"\xff\xc0" + struct.pack(">HBHHBBBB", 11, 8, 480, 640, 1, 1, 0x11, 0)
    head = b"\xff\xd8" + app + frame + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
    scan = chance.randbytes(size - len(head) - 2).replace(b"\xff", b"\xfe")
    return head + scan + b"\xff\xd9"


def png(size: int, chance: Random) -> bytes:
    """About `size` bytes: a PNG of noise in shades of grey (ISO/IEC 15948)."""
    width = 256
    rows = b"".join(b"\0" + chance.randbytes(width) for _ in range(size // (width + 1)))
    header = struct.pack(">IIBBBBB", width, size // (width + 1), 8, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def write_gallery(folder: Path, count: int) -> dict[str, bytes]:
    """The path and the SHA-256 of each of `count` pictures, no two alike, made anew from the same dice."""
    chance = Random(4)
    digests = {}
    for number in range(count):
        size = min(max(round(chance.lognormvariate(log(USUAL), SPREAD)), SMALLEST), LARGEST)
        make, suffix = (png, "png") if number % 4 == 0 else (jpeg, "jpg")
        content = make(size, chance)
        path = f"{number // 100:03}/{number:05}.{suffix}"
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
        digests[path] = hashlib.sha256(content).digest()
    return digests


def count_right(folder: Path, wanted: Collection[bytes]) -> int:
    """How many of these digests a file below `folder` has, whatever its name."""
    found = {hashlib.sha256(file.read_bytes()).digest() for file in folder.rglob("*") if file.is_file()}
    return len(found & set(wanted))


def ours(urls: str, folder: Path, in_flight: int) -> list[str]:
    """This crawler with a user's defaults but for the number in flight."""
    flags = f"-q --concurrency {in_flight} --per-host {in_flight} --output"
    return [sys.executable, "-m", "crawler", "images", "--list", urls, *flags.split(), str(folder / "out")]


def curl(urls: str, folder: Path, in_flight: int) -> list[str]:
    """curl --parallel; its list is a file of options."""
    options = folder.with_suffix(".curl")
    options.write_text("".join(f"url = {url}\n" for url in Path(urls).read_text(encoding="utf-8").split()))
    flags = f"curl -sS --parallel --parallel-max {in_flight} --remote-name-all --output-dir {folder} -K {options}"
    return flags.split()


def wget2(urls: str, folder: Path, in_flight: int) -> list[str]:
    """GNU wget2."""
    return f"wget2 -q --no-robots --max-threads={in_flight} -P {folder} -i {urls}".split()


def aria2c(urls: str, folder: Path, in_flight: int) -> list[str]:
    """aria2c, which keeps one connection a file unless told otherwise."""
    return f"aria2c -q --file-allocation=none -j {in_flight} -d {folder} -i {urls}".split()


def scrapy() -> Command | None:
    """Scrapy's FilesPipeline; None where it cannot be had."""
    python = python_with("scrapy")
    if python is None:
        return None
    return lambda urls, folder, in_flight: [python, str(SPIDER), urls, str(folder), str(in_flight)]


def img2dataset() -> Command | None:
    """img2dataset without resizing and encoding, a process for each core; None where it cannot be had."""
    python = python_with("img2dataset")
    if python is None:
        return None

    def command(urls: str, folder: Path, in_flight: int) -> list[str]:
        count = len(Path(urls).read_text(encoding="utf-8").split())
        processes = min(os.cpu_count() or 1, in_flight, count)
        flags = (
            f"--input_format txt --output_format files --resize_mode no --disable_all_reencoding True"
            f" --processes_count {processes} --thread_count {in_flight // processes}"
            f" --number_sample_per_shard {-(-count // processes)}"
        )
        call = "from fire import Fire; from img2dataset import download; Fire(download)"
        return [python, "-c", call, f"--url_list={urls}", f"--output_folder={folder / 'out'}", *flags.split()]

    return command


PEERS: Mapping[str, Callable[[], Command | None]] = {
    "crawler": lambda: ours,
    "curl": lambda: installed("curl", curl),
    "wget2": lambda: installed("wget2", wget2),
    "aria2c": lambda: installed("aria2c", aria2c),
    "scrapy": scrapy,
    "img2dataset": img2dataset,
}
"""Every tool and how it is found, in the order of the table."""


def measure(command: Command, gallery: Path, digests: Mapping[str, bytes], folder: Path, in_flight: int) -> Measured:
    """One download of the gallery, from a server that serves nobody else."""
    with nginx(gallery) as server:
        urls = folder.with_suffix(".txt")
        urls.write_text("".join(f"{server.url}{path}\n" for path in digests), encoding="utf-8")
        spent = spend(command(str(urls), folder, in_flight))
        requests = len(server.hits())
    right = count_right(folder, digests.values())
    if right < len(digests):
        print(f"{right} of {len(digests)}, status {spent.status}: {spent.said[-500:]}", file=sys.stderr)
    return Measured(right, requests, spent.wall, spent.cpu, spent.memory)


def compare(
    gallery: Path, digests: Mapping[str, bytes], peers: Mapping[str, Command], runs: int, in_flight: int, work: Path
) -> dict[str, list[Measured]]:
    """`runs` rounds in which every tool downloads the gallery once, into a folder of its own below `work`."""
    return take_turns(peers, runs, work, lambda command, folder: measure(command, gallery, digests, folder, in_flight))


def main() -> None:
    """Read the flags, run, print."""
    parser = argparse.ArgumentParser(description="Downloads one list of images with every tool and compares them.")
    parser.add_argument("--images", type=int, default=3000, help="images in the list (default: 3000)")
    parser.add_argument("--in-flight", default="16,64", help="requests in flight, with commas (default: 16,64)")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="tools, with commas")
    parser.add_argument("--quick", action="store_true", help="one round with 30 images")
    flags = parser.parse_args()
    peers = find_tools(PEERS, flags.only)
    is_complete = True
    with public_folder() as gallery, TemporaryDirectory() as work:
        digests = write_gallery(gallery, 30 if flags.quick else flags.images)
        for in_flight in map(int, flags.in_flight.split(",")):
            runs, place = 1 if flags.quick else flags.runs, Path(work, str(in_flight))
            results = compare(gallery, digests, peers, runs, in_flight, place)
            print(f"\n{len(digests)} images, {in_flight} in flight\n")
            print("\n".join(table(results, "images")), flush=True)
            is_complete &= all(run.done == len(digests) for runs in results.values() for run in runs)
    if not is_complete:
        sys.exit("a tool did not get all images")


if __name__ == "__main__":
    main()
