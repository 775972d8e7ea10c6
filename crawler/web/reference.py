"""What a page says about another URL, and what kind of thing it expects there."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import NoneType
from typing import Final, NamedTuple, TypeGuard

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
    `attributes` (the first of two equal names counts, entities decoded), empty where it stood in the tag's contents;
    `text` is an anchor's contents, blanks folded. `nofollow` and `noai` are the page's own wishes, from `rel` or its
    robots meta tag.

    `role` is the part that it plays:

    | role | where |
    |---|---|
    | (empty) | a link to a page |
    | link | a[href] whose name is that of an image; its kind stays PAGE |
    | img, srcset | img[src], img[srcset] |
    | source | picture source[srcset]; media and type are among the attributes |
    | lazy | the attributes from which scripts load images late |
    | noscript | any of these, in a noscript |
    | svg | svg image[href], image[xlink:href] |
    | poster | video[poster] |
    | input | input type=image |
    | icon | link rel=icon and the like |
    | preload | link rel=preload as=image: href, imagesrcset |
    | background | the old attribute of body and tables |
    | css | url() and image-set() in a style attribute, a style element, a stylesheet |
    | style | a stylesheet: link rel=stylesheet, @import; its kind is STYLE |
    | og, twitter | meta og:image, twitter:image |
    | jsonld | the images of a JSON-LD script |
    | sitemap | the images of a sitemap |

    `caption` is that of the figure around an image, `context` the text around it. `width` and `density` are what a
    srcset declares (no descriptor is a density of 1). The references of one img, with its lazy attributes and with
    the sources of its picture, share a `group`, counted from 1 within the page; 0 is none.
    """

    url: URL | None
    kind: Kind
    tag: str
    attribute: str
    attributes: Mapping[str, str]
    text: str
    nofollow: bool = False
    role: str = ""
    context: str = ""
    width: int | None = None
    density: float | None = None
    group: int = 0
    noai: bool = False
    caption: str = ""


def is_reference(value: object) -> TypeGuard[Reference]:
    """Whether this is a reference all of whose parts are of their types: what strangers' code gives may be anything."""
    return (
        isinstance(value, Reference)
        and all(isinstance(part, kind) for part, kind in zip(value, _TYPES, strict=True))
        and all(isinstance(text, str) for pair in value.attributes.items() for text in pair)
    )


_NUMBER: Final = (int, float, NoneType)
_TYPES: Final[tuple[type | tuple[type, ...], ...]] = (
    (URL, NoneType), Kind, str, str, Mapping, str, bool, str, str, (int, NoneType), _NUMBER, int, bool, str,
)  # fmt: skip
"""The types of a reference's parts, in their order."""


def choose_largest(references: Sequence[Reference]) -> list[Reference]:
    """The same without the smaller candidates of each image: of those with a declared size the largest stays.

    The src of such an image goes too, as browsers pass it over. What declares no size stays: a lazy attribute may
    name the whole image.
    """
    largest: dict[int, Reference] = {}
    for reference in references:
        best = largest.get(reference.group)
        if reference.group and _is_sized(reference) and (best is None or _size(reference) > _size(best)):
            largest[reference.group] = reference
    return [
        reference
        for reference in references
        if (best := largest.get(reference.group)) is None
        or reference is best
        or not (_is_sized(reference) or reference.attribute == "src")
    ]


def _is_sized(reference: Reference) -> bool:
    return reference.width is not None or reference.density is not None


def _size(reference: Reference) -> tuple[int, float]:
    return reference.width or 0, reference.density or 0.0
