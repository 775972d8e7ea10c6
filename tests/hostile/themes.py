"""Every theme of hostile cases; those of `PENDING` wait for what is not built."""

from typing import Final

from tests.hostile import (
    charsets,
    coding,
    cookies,
    framing,
    hosts,
    images,
    markup,
    names,
    networks,
    pace,
    ranges,
    rate,
    redirects,
    robots,
    sitemaps,
    traps,
)

THEMES: Final = (
    framing.THEME,
    pace.THEME,
    coding.THEME,
    redirects.THEME,
    markup.THEME,
    charsets.THEME,
    names.THEME,
    robots.THEME,
    images.THEME,
    cookies.THEME,
    ranges.THEME,
    rate.THEME,
    hosts.THEME,
)

PENDING: Final = (traps.PENDING, sitemaps.PENDING, networks.PENDING, ranges.PENDING)
