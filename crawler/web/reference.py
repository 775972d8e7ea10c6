"""What a page says about another URL, and what kind of thing it expects there."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from crawler.web.url import URL


class Kind(StrEnum):
    """What a link is followed for; its text is the word in records."""

    PAGE = "page"
    IMAGE = "image"
    STYLE = "style"
    SITEMAP = "sitemap"
    ROBOTS = "robots"


class Reference(NamedTuple):
    """One place of a page that names a URL, in the order of the text; a tuple, as a page has hundreds.

    `url` is resolved against the page's base, None where the text is no URL. `attribute` is where it stood among
    `attributes` (the first of two equal names counts, entities decoded); `text` is the tag's contents, blanks folded.
    `nofollow` is the page's own wish, from `rel` or its robots meta tag.
    """

    url: URL | None
    kind: Kind
    tag: str
    attribute: str
    attributes: Mapping[str, str]
    text: str
    nofollow: bool = False
