"""What X-Robots-Tag fields ask, as search engines document them, and where several are joined to one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.robots_tag import asks_no_ai, directives


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], set()),
        ([""], set()),
        ([" , ,"], set()),
        (["noindex"], {"noindex"}),
        (["NoIndex , NOFOLLOW"], {"noindex", "nofollow"}),
        (["noindex", "noai"], {"noindex", "noai"}),
        (["noai noimageai"], {"noai", "noimageai"}),
        (["none"], {"none", "noindex", "nofollow"}),
        (["all"], {"all"}),
        # For one robot.
        (["otherbot: noai"], set()),
        (["otherbot: noindex, nofollow"], set()),
        (["Crawler: noai"], {"noai"}),
        (["crawler/1.0: noai"], {"noai"}),
        (["crawlers: noai"], set()),
        (["*: noai"], {"noai"}),
        (["robots: noai"], {"noai"}),
        (["Some Bot: noai, noimageai"], set()),
        (["360spider: noai"], set()),
        (["otherbot: noindex", "noai"], {"noai"}),
        # Fields joined to one line.
        (["noindex, otherbot: noai, nofollow"], {"noindex"}),
        (["otherbot: noai, crawler: nofollow, noarchive"], {"nofollow", "noarchive"}),
        (["crawler: nofollow, otherbot: noai"], {"nofollow"}),
        # Rules with values.
        (["max-snippet: 20, noai"], {"max-snippet", "noai"}),
        (["max-snippet:-1,max-image-preview:large,max-video-preview:-1"],
         {"max-snippet", "max-image-preview", "max-video-preview"}),
        (["crawler: max-snippet: 20, noai"], {"max-snippet", "noai"}),
        (["otherbot: max-snippet: 20, noai"], set()),
        # Dates, with colons and a comma.
        (["unavailable_after: 25 Jun 2010 15:00:00 PST"], {"unavailable_after"}),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST, noai"], {"unavailable_after", "noai"}),
        (["unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noai"], {"unavailable_after", "noai"}),
        (["Unavailable_After: Friday, 25-Jun-10 15:00:00 UTC, noai"], {"unavailable_after", "noai"}),
        (["unavailable_after: 2010-06-25T15:00:00Z, noai"], {"unavailable_after", "noai"}),
        (["unavailable_after: never, noai"], {"unavailable_after", "noai"}),
        (["otherbot: unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noai"], set()),
        (["crawler: unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noai"], {"unavailable_after", "noai"}),
    ],
)  # fmt: skip
def test_directives(lines: list[str], expected: set[str]) -> None:
    assert directives(lines, "crawler") == expected


def test_a_date_with_a_comma_of_another_kind_hides_nothing() -> None:
    assert "noai" in directives(["unavailable_after: June 25, 2010 15:00:00 PST, noai"], "crawler")


def test_the_product_is_compared_in_any_case() -> None:
    assert directives(["crawler: noai"], "Crawler") == {"noai"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], False),
        (["noindex, nofollow, none"], False),
        (["noai"], True),
        (["noimageai"], True),
        (["NoImageAI"], True),
        (["noindex", "index, noai"], True),
        (["otherbot: noai"], False),
        (["xnoai, noais"], False),
    ],
)
def test_asks_no_ai(lines: list[str], expected: bool) -> None:
    assert asks_no_ai(lines, "crawler") is expected


@given(st.lists(st.text("nofai:,*_ u\t2cC/ravl\xe9\u0130")))
def test_any_text_is_read(lines: list[str]) -> None:
    for rule in directives(lines, "crawler"):
        assert rule == rule.lower()
        assert not set(rule) & set(", \t")
