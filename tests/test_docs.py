"""What the documents name is there: tests by their paths and functions, settings by their keys and defaults."""

import re
from pathlib import Path

import pytest

from crawler.settings import Settings

PROJECT = Path(__file__).parent.parent
SECURITY = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", SECURITY)))
DEFAULTS = re.findall(r"^\|[^|]*\| `(\w+)\.(\w+)` \| (\S+) \|", SECURITY, re.MULTILINE)
KEYS = sorted(
    set(re.findall(r"`((?:crawl|concurrency|politeness|scope|traps|fetch|images|store|log)\.\w+)`", SECURITY))
)


@pytest.mark.parametrize(("path", "function"), TESTS)
def test_tests_that_are_named_exist(path: str, function: str) -> None:
    text = (PROJECT / path).read_text(encoding="utf-8")
    assert not function or re.search(rf"^ *(async )?def {function}\(", text, re.MULTILINE), function


@pytest.mark.parametrize(("section", "name", "default"), DEFAULTS)
def test_defaults_are_those_of_the_settings(section: str, name: str, default: str) -> None:
    value = int(default) if default.isdecimal() else default
    assert Settings.of({section: {name: value}}) == Settings()


@pytest.mark.parametrize("key", KEYS)
def test_settings_that_are_named_exist(key: str) -> None:
    section, _, name = key.partition(".")
    assert hasattr(getattr(Settings(), section), name)


def test_there_is_much_to_check() -> None:
    assert len(TESTS) > 40
    assert len(DEFAULTS) > 20
