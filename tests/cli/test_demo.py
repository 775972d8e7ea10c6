import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.terminal import is_terminal

Crawler = Callable[..., Any]


def test_the_demo_is_served_and_crawled_in_one(crawler: Crawler, tmp_path: Path) -> None:
    said = crawler("demo", "--crawl", "--port", 0, "-o", tmp_path / "out")
    assert said.status == 0
    assert "saved 19: 9 pages, 10 images" in said.out
    assert "not allowed 1: robots 1" in said.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_is_served_until_it_is_ended(crawler: Crawler, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-u", "-m", "crawler", "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().rpartition(" ")[2].strip()
            assert process.stdout.readline() == f"crawl it with: crawler crawl {url} -o demo-site\n"
            assert "tower.html" in crawler("links", url).out
            process.send_signal(number)
            _, err = process.communicate(timeout=15)
            assert (process.returncode, err) == (0, "")
        finally:
            process.kill()


def test_a_taken_port_is_named(crawler: Crawler, complains: Callable[..., None], site: str) -> None:
    port = site.rpartition(":")[2].rstrip("/")
    said = crawler("demo", "--port", port)
    assert said.status == 2
    complains(said, f"--port: {port} cannot be had", "in use")


def test_a_closed_stream_is_no_terminal(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w") as stream:
        assert not is_terminal(stream)
    assert not is_terminal(stream)
