import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.crawl import run_crawl, settings_of
from crawler.cli.interruption import Interruption
from crawler.errors import SettingsError
from crawler.settings import load

Crawler = Callable[..., Any]


def test_a_site_is_crawled_and_the_end_says_what_came_of_it(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("crawl", site, "-o", tmp_path / "out")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert re.fullmatch(r"finished after \d+\.\d s", lines[0])
    assert re.fullmatch(r"saved 19: 9 pages, 10 images, \S+ kB", lines[1])
    assert lines[2:] == [
        "redirected 1",
        "not wanted 1: status 1",
        "not allowed 1: robots 1",
        "not followed 2: nofollow 1, scope 1",
        f"it lies in {tmp_path / 'out'}",
    ]
    logged = [json.loads(line) for line in (tmp_path / "out" / "crawl.log").read_text().splitlines()]
    assert sum(line["event"] == "saved" for line in logged) == 20
    assert {line["url"] for line in logged if line["event"] == "rejected"} == {site + "wreck.html"}


def test_the_second_run_says_that_it_is_finished(crawler: Crawler, site: str, tmp_path: Path) -> None:
    crawler("crawl", site, "-o", tmp_path / "out")
    said = crawler("crawl", site, "-o", tmp_path / "out")
    assert said.status == 0
    assert said.out.startswith("this crawl is finished already, nothing was fetched\nsaved 19: ")


def test_a_limit_is_said_and_a_higher_one_goes_on(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("crawl", site, "-o", tmp_path / "out", "--max-pages", 3)
    assert said.status == 0
    assert "the limit crawl.max_pages is reached" in said.out
    assert "still queued" in said.out
    assert said.out.endswith("to go on, run the same command again with a higher crawl.max_pages\n")
    assert "saved 19: " in crawler("crawl", site, "-o", tmp_path / "out").out


def test_a_config_file_is_enough(crawler: Crawler, site: str, tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    host = site.removeprefix("http://")
    config.write_text(f'[crawl]\nstart = ["{host}"]\nmax_depth = 0\n[store]\noutput = "{tmp_path}/out"\n')
    said = crawler("crawl", "--config", config, "--no-images")
    assert (said.status, said.err) == (0, f"taken as {site}\n")
    assert "saved 1: 1 page, 0 images" in said.out


def test_quiet_is_quiet_and_verbose_names_each_document(crawler: Crawler, site: str, tmp_path: Path) -> None:
    host = site.removeprefix("http://")
    said = crawler("crawl", host, "-o", tmp_path / "a", "-q")
    assert (said.status, said.out, said.err) == (0, "", "")
    said = crawler("crawl", site, "-o", tmp_path / "b", "-v")
    assert sum(line.startswith("saved ") for line in said.err.splitlines()) == 20
    assert f"{site}old-tower.html to {site}tower.html" in said.err


def test_json_lines_for_machines(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("crawl", site, "-o", tmp_path / "out", "--json-log")
    assert (said.status, said.err) == (0, "")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert sum(line["event"] == "saved" for line in lines) == 20
    assert lines[-1]["event"] == "summary"
    assert lines[-1]["stopped"] is None
    assert lines[-1]["counts"]["pages"] == 9


def test_nothing_saved_is_status_1(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("crawl", site + "wreck.html", "-o", tmp_path / "out")
    assert said.status == 1
    assert "saved 0: 0 pages" in said.out
    assert "not wanted 1: status 1" in said.out


def test_a_user_and_a_password_appear_nowhere(crawler: Crawler, site: str, tmp_path: Path) -> None:
    url = site.replace("http://", "http://joe:hunter2@")
    said = crawler("crawl", url, "-o", tmp_path / "out", "-v", "--max-depth", 0)
    assert said.status == 0
    exported = crawler("export", tmp_path / "out").out + crawler("status", tmp_path / "out").out
    everything = said.out + said.err + exported + " ".join(map(str, tmp_path.rglob("*")))
    assert "hunter2" not in everything
    assert "joe" not in everything
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes(), path


def test_start_urls_and_credentials_of_file_and_flags(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('[crawl]\nstart = ["http://a:b@one.example/"]\n[hosts."one.example"]\ndelay = "2s"\n')
    settings = settings_of((), config, None, {})
    assert settings.crawl.start == ("http://one.example/",)
    assert settings.hosts["http://one.example"].password == "b"
    assert settings.hosts["one.example"].delay == 2.0
    settings = settings_of(["two.example"], config, "polite", {"crawl": {"max_depth": "1"}})
    assert settings.crawl.start == ("http://two.example/",)
    assert settings.crawl.max_depth == 1
    with pytest.raises(SettingsError):
        settings_of(["http://a:b@x.example/", "http://c:d@x.example/"], None, None, {})


def test_a_folder_that_is_a_file_is_refused(
    crawler: Crawler, complains: Callable[..., None], site: str, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    said = crawler("crawl", site, "-o", tmp_path / "out")
    assert said.status == 2
    complains(said, str(tmp_path / "out"), "is a file")
    assert (tmp_path / "out").read_text() == "mine"


@contextmanager
def slow_crawl(site: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A crawl in a process of its own that takes half a minute, once its first page is saved."""
    command = [sys.executable, "-m", "crawler", "crawl", site, "-o", str(folder), "--delay", "1.5s", "-v"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if line.startswith("saved") and line.rstrip().endswith(site):
                    break
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_in_good_order_and_says_how_to_go_on(
    crawler: Crawler, site: str, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with slow_crawl(site, tmp_path / "out") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
        assert process.returncode == status
    assert "stopping: what is in flight may finish" in err
    assert out.startswith("interrupted after ")
    assert out.endswith("to go on where this stopped, run the same command again\n")
    assert "Traceback" not in err
    said = crawler("status", tmp_path / "out")
    assert "is not finished; the same command goes on where it stopped" in said.out
    assert "saved 19: " in crawler("crawl", site, "-o", tmp_path / "out").out


def test_a_folder_that_is_being_crawled_says_so_and_is_not_crawled_twice(
    crawler: Crawler, complains: Callable[..., None], site: str, tmp_path: Path
) -> None:
    with slow_crawl(site, tmp_path / "out"):
        assert "is being crawled now" in crawler("status", tmp_path / "out").out
        said = crawler("crawl", site, "-o", tmp_path / "out", "-q")
        assert said.status == 2
        complains(said, str(tmp_path / "out"), "another crawler")
        assert len(crawler("export", tmp_path / "out").out.splitlines()) > 1


async def test_stop_tells_every_observer_and_the_crawl(site: str, tmp_path: Path) -> None:
    settings, _ = load(
        overrides={"crawl": {"start": [site]}, "store": {"output": str(tmp_path / "out")}, "politeness": {"delay": 60}}
    )
    running = asyncio.create_task(run_crawl(settings))
    while not (tmp_path / "out" / "crawl.log").exists():
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 15) == 143
    assert "stopping: what is in flight may finish" in (tmp_path / "out" / "crawl.log").read_text()


async def test_the_first_signal_stops_and_the_second_leaves() -> None:
    stopped: list[None] = []
    left: list[int] = []
    with Interruption(lambda: stopped.append(None), left.append) as interruption:
        assert interruption.status is None
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.01)
        assert (len(stopped), left, interruption.status) == (1, [], 143)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)
        assert (len(stopped), left, interruption.status) == (1, [130], 143)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def on_terminal(*arguments: object, **environment: str) -> str:
    """What a command draws on a terminal of 100 columns."""
    leader, follower = pty.openpty()
    env = {**os.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "crawler", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=env)
    os.close(follower)
    drawn = b""
    try:
        while chunk := os.read(leader, 65536):
            drawn += chunk
    except OSError:
        pass  # the other side is closed: the command is over
    process.wait(30)
    os.close(leader)
    return drawn.decode()


def test_a_terminal_gets_a_drawing_and_then_the_end(site: str, tmp_path: Path) -> None:
    drawn = on_terminal("crawl", site, "-o", tmp_path / "out", "--delay", "0.1s")
    assert "queued" in drawn
    assert "delay 0.1 s" in drawn
    assert "known URLs" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1
    assert drawn.replace("\r", "").split("it lies in ")[-1].rstrip() == str(tmp_path / "out")


def test_a_terminal_that_cannot_draw_gets_lines(site: str, tmp_path: Path) -> None:
    drawn = on_terminal("crawl", site, "-o", tmp_path / "out", TERM="dumb")
    assert "\x1b" not in drawn
    assert "saved 19: " in drawn


def test_leaving_at_once_gives_the_cursor_back() -> None:
    code = "from crawler.cli.interruption import leave; print('x', flush=True); leave(130)"
    leader, follower = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=follower, stderr=follower)
    os.close(follower)
    assert process.wait(30) == 130
    assert os.read(leader, 1000).decode().endswith("\x1b[?25h\r\n")
    os.close(leader)
