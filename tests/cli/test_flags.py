import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.app import app
from crawler.cli.crawl import crawl
from crawler.cli.flags import FETCH_FLAGS, FLAGS, keys, overrides
from crawler.errors import SettingsError
from crawler.settings import load

PROMISED = """--output/-o --config/-c --preset --concurrency --per-host --processes --delay --max-depth --max-pages
--max-bytes --max-time --sitemap --sitemaps/--no-sitemaps --scope --include --exclude --images/--no-images
--robots/--no-robots --user-agent --connect-timeout --read-timeout --total-timeout --max-retries --max-redirects
--max-body --insecure --ca-file --quiet/-q --verbose/-v --json-log"""


def options_of(command: Callable[..., Any]) -> dict[str, set[str]]:
    """The flags of each option of a command, as its signature has them."""
    parameters = inspect.signature(command).parameters.values()
    declared = {one.name: getattr(one.default, "param_decls", ()) or () for one in parameters}
    return {
        name: {part for text in texts for part in text.split("/")}
        for name, texts in declared.items()
        if name != "start"
    }


def test_the_flags_of_crawl_are_those_that_were_promised() -> None:
    assert set().union(*options_of(crawl).values()) == set(re.split(r"[\s/]+", PROMISED))


def test_every_flag_of_crawl_but_config_and_preset_is_in_the_table() -> None:
    table = {flag.parameter: {part for name in flag.names for part in name.split("/")} for flag in FLAGS}
    own = options_of(crawl)
    assert own.pop("config") == {"--config", "-c"}
    assert own.pop("preset") == {"--preset"}
    assert own == table


def test_every_key_of_the_table_exists() -> None:
    assert {flag.key for flag in FLAGS} <= keys()


def test_the_commands_that_fetch_share_their_flags() -> None:
    assert {flag.parameter for flag in FETCH_FLAGS} >= {"insecure", "ca_file", "user_agent", "max_redirects"}
    assert "max_retries" not in {flag.parameter for flag in FETCH_FLAGS}


EXAMPLES = {
    "COUNT": ("7", 7), "SIZE": ("1MB", 1_000_000), "DURATION": ("2m", 120.0), "FOLDER": ("d", "d"), "FILE": ("f", "f"),
    "TEXT": ("x", "x"), "WORD": ("host", "host"), "URL": (["x"], ("x",)), "PATTERN": (["a", "re:b"], ("a", "re:b")),
}  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.parameter)
def test_each_flag_sets_its_key_and_no_other(flag: Any) -> None:
    if flag.value is not None:
        given, expected = True, flag.value
    elif flag.kind == (bool | None):
        given, expected = False, False
    else:
        given, expected = EXAMPLES[flag.metavar]
    settings, sources = load(overrides=overrides(FLAGS, {flag.parameter: given}))
    section, _, name = flag.key.partition(".")
    assert getattr(getattr(settings, section), name) == expected
    assert sources == {flag.key: "flag"}


def test_only_what_was_given_is_set() -> None:
    not_given = {flag.parameter: False if flag.value is not None else None for flag in FLAGS}
    assert overrides(FLAGS, not_given) == {}


def test_a_wrong_value_names_the_flag() -> None:
    with pytest.raises(SettingsError, match=r"^--per-host: '0' is not accepted: takes a whole number, 1 to 1000$"):
        overrides(FLAGS, {"per_host": "0"})


def test_the_help_of_every_command_teaches(crawler: Callable[..., Any]) -> None:
    for command in ("crawl", "fetch", "links", "status", "export", "report", "demo", "config show"):
        said = crawler(*command.split(), "--help")
        assert said.status == 0
        assert f"crawler {command}" in said.out
        assert "Examples" in said.out, command
    for command in ("fetch", "links"):
        assert re.search(r"acts\s+for\s+a\s+person", crawler(command, "--help").out)
        assert "robots.txt is not asked" in re.sub(r"\s+", " ", crawler(command, "-h").out)
    assert re.search(r"anybody\s+on\s+the\s+way", re.sub(r"[│\s]+", " ", crawler("crawl", "--help").out))


def test_the_table_of_commands() -> None:
    names = {command.callback.__name__ for command in app.registered_commands if command.callback is not None}
    assert names == {"crawl", "images", "fetch", "links", "retry", "status", "export", "report", "demo"}
    assert Path(inspect.getfile(crawl)).name == "crawl.py"
