"""robots.txt: the cases of other parsers, and real files."""

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crawler.web.robots import Robots
from crawler.web.url import URL

FOLDER = Path(__file__).parents[2].parent / "shared" / "vectors"
if not FOLDER.exists():
    pytest.skip(f"no {FOLDER}", allow_module_level=True)


def cases(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


RFC = [pytest.param(case, id=case["id"]) for case in cases("robots.json")["cases"] if case["kind"] == "rfc"]


def implied_by_the_rfc(case: dict[str, Any], path: str) -> bool | None:
    """What RFC 9309 says in plain words where the parser that these cases come from does otherwise.

    The table of examples in section 2.2.2 has the pattern `/foo/bar/%62%61%7A` match `/foo/bar/baz`.
    """
    return (
        True
        if path == "/foo/bar/baz" and b"Allow: /foo/bar/%62%61%7A" in base64.b64decode(case["robots_b64"])
        else None
    )


@pytest.mark.parametrize("case", RFC)
def test_rfc(case: dict[str, Any]) -> None:
    url = URL("http://foo.bar/").join(case["url"])
    implied = implied_by_the_rfc(case, url.target)
    expected = case["allowed"] if implied is None else implied
    assert Robots.parse(base64.b64decode(case["robots_b64"])).allows(url, case["agent"]) is expected


def test_real_files() -> None:
    files = cases("robots_real_files.json")

    @cache
    def rules(name: str) -> Robots:
        return Robots.parse(base64.b64decode(files[name]))

    # No URL has a backslash in its path: to browsers, and so to us, it is a slash.
    asked = [
        case for case in cases("robots_real.json")["cases"] if case["allowed"] is not None and "\\" not in case["url"]
    ]
    wrong = [
        case for case in asked if rules(case["file"]).allows(URL(case["url"]), case["agent"]) is not case["allowed"]
    ]
    assert len(asked) > 1000
    assert wrong == []
