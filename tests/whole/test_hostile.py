"""Hostile sites: whatever one page does, the crawl ends by itself and the good pages beside it are saved right."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.hostile import tls
from tests.hostile.case import Case
from tests.hostile.crawled import Crawled, Theme, crawl, wrong_with, wrong_with_all
from tests.hostile.themes import THEMES

Crawls = Callable[[Theme], Crawled]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Crawls:
    """One crawl of a theme, the first time it is asked for."""

    def crawl_once(name: str) -> Crawled:
        theme = next(theme for theme in THEMES if theme.name == name)
        return crawl(theme, tmp_path_factory.mktemp(name))

    known = cache(crawl_once)
    return lambda theme: known(theme.name)


@pytest.mark.parametrize(
    ("theme", "case"),
    [pytest.param(theme, case, id=f"{theme.name}: {case.name}") for theme in THEMES for case in theme.cases],
)
def test_case(theme: Theme, case: Case, crawled: Crawls) -> None:
    assert wrong_with(case, crawled(theme)) == [], case.why


@pytest.mark.parametrize("theme", [pytest.param(theme, id=theme.name) for theme in THEMES])
def test_the_crawl_as_a_whole(theme: Theme, crawled: Crawls) -> None:
    assert wrong_with_all(crawled(theme)) == []


def test_cases_have_names_of_their_own() -> None:
    names = [f"{theme.name}: {case.name}" for theme in THEMES for case in theme.cases]
    assert len(set(names)) == len(names) > 200


@pytest.fixture(scope="module")
def handshakes(tmp_path_factory: pytest.TempPathFactory) -> tls.Handshakes:
    return tls.crawl(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("peer", [pytest.param(peer, id=f"tls: {peer.name}") for peer in tls.PEERS])
def test_peer(peer: tls.Peer, handshakes: tls.Handshakes) -> None:
    assert tls.wrong_with(peer, handshakes) == [], peer.why


def test_the_handshakes_as_a_whole(handshakes: tls.Handshakes) -> None:
    assert tls.wrong_with_all(handshakes) == []
