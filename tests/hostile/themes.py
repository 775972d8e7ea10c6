"""Every theme of hostile cases."""

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
    ranges.REST_THEME,
    rate.THEME,
    hosts.THEME,
    traps.THEME,
    traps.BOUNDED,
    sitemaps.THEME,
    networks.THEME,
)
