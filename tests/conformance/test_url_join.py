"""URLs parsed and joined as the web platform tests have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import InvalidURLError
from crawler.web.url import URL

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "url_join.json"
if not FILE.exists():
    pytest.skip(f"no {FILE}", allow_module_level=True)

CASES = [pytest.param(case, id=case["id"]) for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]]


def cut(case: dict[str, Any]) -> str:
    """The expected URL as ours are: without its fragment and its userinfo."""
    href: str = case["expect"].partition("#")[0]
    user, password = (case["parts"][part] for part in ("username", "password")) if "parts" in case else ("", "")
    return href.replace(f"{user}:{password}@" if password else f"{user}@", "", 1) if user or password else href


def join(case: dict[str, Any]) -> URL:
    """The base is parsed first: one that is no URL, or that nothing can be joined to, is a failure too."""
    return URL(case["input"]) if case["base"] is None else URL(case["base"]).join(case["input"])


@pytest.mark.parametrize("case", CASES)
def test_join(case: dict[str, Any]) -> None:
    if case["failure"]:
        with pytest.raises(InvalidURLError):
            join(case)
        return
    url = join(case)
    assert str(url) == cut(case)
    if parts := case.get("parts"):
        assert url.scheme == parts["protocol"][:-1]
    if parts and case["http"]:
        assert url.is_http
        assert url.authority == parts["host"]
        assert url.host == parts["hostname"].strip("[]")
        assert url.path == parts["pathname"]
        assert url.query == parts["search"][1:]
