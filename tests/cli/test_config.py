import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler.cli.flags import keys
from crawler.settings import Settings, load

Crawler = Callable[..., Any]


def test_every_key_is_shown_with_its_source(crawler: Crawler, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('[concurrency]\ntotal = 3\n[hosts."a.example"]\nuser = "me"\npassword = "hunter2"\ndelay = "2s"\n')
    said = crawler("config", "show", "--config", path, "--preset", "polite")
    assert (said.status, said.err) == (0, "")
    rows = dict(re.fullmatch(r"(\S+) = .*?  # (.*)", line).groups() for line in said.out.splitlines())  # type: ignore[union-attr]
    assert {key for key in rows if not key.startswith("hosts")} == keys()
    assert rows["concurrency.total"] == str(path)
    assert rows["concurrency.per_host"] == "preset polite"
    assert rows["fetch.insecure"] == "default"
    assert rows['hosts."a.example".password'] == str(path)


def test_what_is_shown_is_toml_that_means_the_same(crawler: Crawler) -> None:
    for preset in ("default", "polite", "archive", "fast", "images"):
        table = tomllib.loads(crawler("config", "show", "--preset", preset).out)
        assert Settings.of(table) == load(preset=preset)[0]


def test_secrets_are_masked(crawler: Crawler, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        '[crawl]\nstart = ["http://joe:hunter2@a.example/", "http://b.example/"]\n'
        '[hosts."a.example"]\nuser = "joe"\npassword = "hunter2"\n'
    )
    said = crawler("config", "show", "-c", path)
    assert "hunter2" not in said.out
    assert "joe" not in said.out
    assert '["http://********@a.example/", "http://b.example/"]' in said.out
    assert 'hosts."a.example".password = "********"' in said.out


def test_of_a_host_what_it_has_of_its_own_is_shown_and_every_secret_masked(crawler: Crawler, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        '[fetch]\nproxy = "http://joe:hunter2@p.example:3128"\n'
        '[hosts."a.example"]\ntoken = "hunter2"\nproxy = "http://joe:hunter2@q.example"\n'
        '[hosts."a.example".headers]\nX-Key = "hunter2"\n"Accept-Language" = "de"\n'
        '[hosts."b.example"]\nauth = "digest"\n'
    )
    said = crawler("config", "show", "-c", path)
    assert (said.status, said.err) == (0, "")
    assert "hunter2" not in said.out
    hosts = tomllib.loads(said.out)["hosts"]
    assert hosts == {
        "a.example": {
            "token": "********",
            "headers": {"X-Key": "********", "Accept-Language": "********"},
            "proxy": "********",
        },
        "b.example": {"auth": "digest"},
    }
    assert tomllib.loads(said.out)["fetch"]["proxy"] == "********"
    assert 'proxy = ""' in crawler("config", "show").out
