import inspect
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler import policy
from crawler.cli.retry import PASSING, WORDS, retry
from crawler.settings import Settings, tabled

Crawler = Callable[..., Any]


def visits(folder: Path) -> list[tuple[int, str]]:
    """The run and URL of every visit."""
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as sql:
        return sql.execute("SELECT v.run, u.url FROM visits v JOIN urls u ON u.id = v.url").fetchall()


def fact(folder: Path, key: str) -> Any:
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as sql:
        return json.loads(sql.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()[0])


def test_only_what_failed_for_the_words_is_asked_for_again(crawler: Crawler, site: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    crawler("crawl", site, "-o", out)
    for words, expected in (
        (("--class", "5xx,timeout,damaged"), []),
        ((), []),
        (("--class", "404"), [f"{site}wreck.html"]),
        (("--class", " 4xx , dns "), [f"{site}wreck.html"]),
    ):
        before = len(visits(out))
        said = crawler("retry", out, *words)
        assert said.status == 0
        assert said.err.startswith(f"asked for again: {len(expected)}\n")
        assert [url for _, url in visits(out)[before:]] == expected


@pytest.mark.parametrize("word", ["6xx", "40", "4xxx", "nothing", "duplicate", "5XX", "٤٠٤"])
def test_a_word_that_means_nothing_is_refused(
    crawler: Crawler, complains: Callable[..., None], site: str, tmp_path: Path, word: str
) -> None:
    crawler("crawl", site, "-o", tmp_path / "out", "--max-depth", 0, "--no-images")
    said = crawler("retry", tmp_path / "out", "--class", f"timeout,{word}")
    assert said.status == 2
    complains(said, "--class", "takes a status", "timeout")


def test_without_words_it_is_what_may_have_passed() -> None:
    words = set(PASSING.split(","))
    assert words == policy.PASSING_ERRORS | {str(status) for status in policy.PASSING}
    assert {word for word in words if not word.isdigit()} <= set(WORDS)


def test_a_folder_without_a_crawl_is_named(crawler: Crawler, complains: Callable[..., None], tmp_path: Path) -> None:
    said = crawler("retry", tmp_path)
    assert said.status != 0
    complains(said, str(tmp_path), "no crawl")
    assert list(tmp_path.iterdir()) == []


def test_it_has_no_flags_for_another_folder_or_list() -> None:
    names = set(inspect.signature(retry).parameters)
    assert {"folder", "classes", "config", "preset", "min_width", "read_timeout"} <= names
    assert not names & {"start", "output", "list", "list_format", "url_column", "caption_column"}


SECRETS = ("hunter2", "t0ken", "s3cret", "proxypass")


class TestTheSettingsOfTheLastRun:
    def begun(self, crawler: Crawler, site: str, folder: Path) -> Path:
        """A folder that was begun with settings of all kinds."""
        out, config = folder / "out", folder / "my.toml"
        config.write_text(
            '[fetch]\nread_timeout = "7s"\nproxy = "http://u:proxypass@127.0.0.1:1"\nno_proxy = ["*"]\n'
            '[scope]\nexclude = ["*/tower*"]\n'
            '[hosts."other.example"]\ntoken = "t0ken"\ndelay = "2s"\nheaders = { X-Key = "s3cret" }\n'
        )
        started = site.replace("http://", "http://me:hunter2@")
        said = crawler("images", started, "-o", out, "-c", config, "--min-width", 5000, "--concurrency", 3)
        assert said.status == 1, "nothing is so wide"
        assert fact(out, "settings")["crawl"]["start"] == [site]
        return out

    def test_are_taken_up(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        out = self.begun(crawler, site, tmp_path)
        before = fact(out, "settings")
        asked = len(visits(out))
        assert crawler("retry", out, "--class", "too-small").status == 1
        assert fact(out, "settings") == before
        again = [url for _, url in visits(out)[asked:]]
        assert again
        assert not any("tower" in url for url in again)
        assert before["images"]["min_width"] == 5000
        assert before["fetch"]["read_timeout"] == 7.0
        assert before["concurrency"] == {"total": 3}
        assert before["hosts"] == {"other.example": {"delay": 2.0}}

    def test_are_written_down_without_secrets(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        out = self.begun(crawler, site, tmp_path)
        for path in out.rglob("*"):
            if path.is_file():
                body = path.read_bytes()
                assert not [secret for secret in SECRETS if secret.encode() in body], path

    def test_give_way_to_flags(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        out = self.begun(crawler, site, tmp_path)
        said = crawler("retry", out, "--class", "too-small", "--min-width", 1)
        assert said.status == 0
        assert "saved" in said.out
        assert list((out / "images").rglob("*.*"))

    def test_are_those_of_a_folder_that_has_moved(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        out = self.begun(crawler, site, tmp_path).rename(tmp_path / "moved")
        crawler("retry", out, "--class", "too-small", "--min-width", 1)
        assert list((out / "images").rglob("*.*"))
        assert not (tmp_path / "out").exists()


class TestAList:
    def listed(self, site: str, folder: Path) -> Path:
        path = folder / "urls.txt"
        path.write_text(f"{site}wreck.html\n{site}nothing.png\n")
        return path

    def test_that_was_a_file_is_read_on(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        path, out = self.listed(site, tmp_path), tmp_path / "out"
        crawler("images", "--list", path, "-o", out)
        asked = len(visits(out))
        crawler("retry", out, "--class", "404")
        assert sorted(url for _, url in visits(out)[asked:]) == [f"{site}nothing.png", f"{site}wreck.html"]

    def test_that_came_by_a_pipe_is_not_waited_for(self, crawler: Crawler, site: str, tmp_path: Path) -> None:
        """It is over, and the folder has no start URL: what failed is asked for all the same."""
        path, out = self.listed(site, tmp_path), tmp_path / "out"
        crawler("images", "--list", path, "-o", out)
        settings = fact(out, "settings")
        settings["images"]["list"] = "-"
        with closing(sqlite3.connect(out / "crawl.sqlite")) as sql, sql:
            sql.execute("UPDATE facts SET value = ? WHERE key = 'settings'", (json.dumps(settings),))
        asked = len(visits(out))
        said = crawler("retry", out, "--class", "404")
        assert said.err == "asked for again: 2\n"
        assert sorted(url for _, url in visits(out)[asked:]) == [f"{site}nothing.png", f"{site}wreck.html"]


def test_a_table_of_settings_makes_them_again() -> None:
    table = {
        "crawl": {"start": ["http://a/"], "max_depth": 3, "keep": "images"},
        "politeness": {"delay": "1.5s", "robots": False},
        "scope": {"scope": "host", "include": ["*/a/*", "re:b"]},
        "images": {"types": ["png", "jpeg"], "min_width": 9, "max_aspect": 2.5, "max_size": "1MB", "name": "{stem}"},
        "hosts": {"a.example": {"delay": "2s", "per_host": 1, "legacy_tls": True, "auth": "digest"}},
    }
    settings = Settings.of(table)
    assert Settings.of(json.loads(json.dumps(tabled(settings)))) == settings
    assert tabled(Settings()) == {}


def test_a_table_of_settings_has_no_secret() -> None:
    own = {"user": "me", "password": "hunter2", "token": "t0ken", "headers": {"X": "s3cret"}, "proxy": "http://u:p@x"}
    settings = Settings.of({"fetch": {"proxy": "http://u:proxypass@x:1"}, "hosts": {"a.example": own}})
    assert tabled(settings) == {}
