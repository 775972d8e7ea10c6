"""Which attributes of which tags name URLs: one table of what a crawl follows, one of every image beside it.

It knows nothing of the page that a tag stands in. The sections named are those of the HTML standard.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from crawler.web.css import find_urls
from crawler.web.reference import Kind
from crawler.web.refresh import parse_refresh
from crawler.web.srcset import parse_srcset

Attributes = Mapping[str, str]
Written = tuple[str, int | None, float | None]
"""A URL as written, and the width and density declared for it."""

BLANKS: Final = "\t\n\f\r "
_HTML_TYPES: Final = frozenset({"", "text/html", "application/xhtml+xml"})
_PAGE_RELATIONS: Final = frozenset({"next", "prev", "previous", "canonical"})
_ICON_RELATIONS: Final = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_IMAGE_ENDINGS: Final = frozenset({
    "apng", "avif", "bmp", "gif", "heic", "heif", "ico", "jfif", "jpe", "jpeg", "jpg", "jxl", "png", "svg", "svgz",
    "tif", "tiff", "webp",
})  # fmt: skip

# Where the scripts in use that load images late keep what will become src and srcset (lazysizes, lozad, the jQuery
# plugins, WP Rocket, Jetpack, Slick, Flickity, Echo, and some shop and gallery themes).
_LAZY: Final = (
    "data-src", "data-srcset", "data-original", "data-original-set", "data-lazy", "data-lazy-src", "data-lazy-srcset",
    "data-lazyload", "data-ll-src", "data-ll-srcset", "data-echo", "data-src-retina", "data-hi-res-src",
    "data-full-src", "data-orig-file", "data-large-file", "data-flickity-lazyload", "data-flickity-lazyload-src",
    "data-flickity-lazyload-srcset",
)  # fmt: skip
# The same for backgrounds, on any tag (lazysizes' bgset, lozad, WP Rocket, Flickity, vanilla-lazyload).
_LAZY_BACKGROUNDS: Final = (
    "data-bg", "data-bg-hidpi", "data-bg-multi", "data-bg-src", "data-background", "data-background-image",
    "data-flickity-bg-lazyload", "data-lazy-background",
)  # fmt: skip


class Source(NamedTuple):
    """An attribute in which a tag names URLs: what is expected there, how they stand in it, which tags count.

    Where `urls` is None, the value is one URL, an empty one too: an empty href of an anchor is the page itself.
    """

    attribute: str
    kind: Kind
    role: str
    urls: Callable[[str], Iterable[Written]] | None
    applies: Callable[[Attributes], bool] | None = None


def word(attributes: Attributes, name: str) -> str:
    """An attribute's value as a keyword."""
    return attributes.get(name, "").strip(BLANKS).lower()


def words(attributes: Attributes, name: str) -> set[str]:
    """An attribute's value as a set of keywords."""
    return set(word(attributes, name).split())


def _is_image_button(attributes: Attributes) -> bool:
    return word(attributes, "type") == "image"


def _is_page_relation(attributes: Attributes) -> bool:
    """Whether a link element leads to a page: by its relation, an alternate also by its type."""
    relations = words(attributes, "rel")
    if "alternate" in relations and "stylesheet" not in relations:
        return word(attributes, "type").partition(";")[0].strip(BLANKS) in _HTML_TYPES
    return not _PAGE_RELATIONS.isdisjoint(relations)


def _is_icon(attributes: Attributes) -> bool:
    return not _ICON_RELATIONS.isdisjoint(words(attributes, "rel"))


def _is_stylesheet(attributes: Attributes) -> bool:
    return "stylesheet" in words(attributes, "rel")


def _is_preloaded_image(attributes: Attributes) -> bool:
    return "preload" in words(attributes, "rel") and word(attributes, "as") == "image"


def _is_refresh(attributes: Attributes) -> bool:
    return word(attributes, "http-equiv") == "refresh"


def _property(attributes: Attributes) -> str:
    """What a meta element speaks of; Open Graph and Twitter name it in either attribute."""
    return word(attributes, "property") or word(attributes, "name")


def _is_open_graph_image(attributes: Attributes) -> bool:
    return _property(attributes) in ("og:image", "og:image:url", "og:image:secure_url")


def _is_twitter_image(attributes: Attributes) -> bool:
    return _property(attributes) in ("twitter:image", "twitter:image:src")


def _names_image(attributes: Attributes) -> bool:
    """Whether a href has the name of an image, which says no more than that it may be one."""
    path = attributes["href"].partition("#")[0].partition("?")[0].rstrip(BLANKS)
    return path.rpartition(".")[2].lower() in _IMAGE_ENDINGS


def _names_no_image(attributes: Attributes) -> bool:
    return not _names_image(attributes)


def _one_unless_empty(value: str) -> Iterable[Written]:
    """An empty src is nothing."""
    return ((value, None, None),) if value.strip(BLANKS) else ()


def _of_srcset(value: str) -> Iterable[Written]:
    """The candidates; one that says nothing of its size has a density of 1 (section 4.8.4.2.2)."""
    return [
        (url, width, 1.0 if width is None and density is None else density)
        for url, width, density in parse_srcset(value)
    ]


def _of_refresh(value: str) -> Iterable[Written]:
    refresh = parse_refresh(value)
    return ((refresh[1], None, None),) if refresh and refresh[1] else ()


def _of_style(value: str) -> Iterable[Written]:
    return [(url.text, None, None) for url in find_urls(value) if not url.is_import]


def _of_background(value: str) -> Iterable[Written]:
    """A URL, or what will be the value of a CSS property."""
    return _of_style(value) if "(" in value else _one_unless_empty(value)


def _images(role: str, *attributes: str) -> tuple[Source, ...]:
    """Attributes that name images: those called srcset name several each."""
    return tuple(
        Source(name, Kind.IMAGE, role, _of_srcset if name.endswith(("srcset", "-set")) else _one_unless_empty)
        for name in attributes
    )


def _frames(*attributes: str) -> tuple[Source, ...]:
    return tuple(Source(name, Kind.PAGE, "", _one_unless_empty) for name in attributes)


SOURCES: Final[Mapping[str, tuple[Source, ...]]] = {
    "a": (Source("href", Kind.PAGE, "", None),),
    "area": (Source("href", Kind.PAGE, "", None),),
    "iframe": _frames("src", "data-src", "data-lazy-src"),
    "frame": _frames("src"),
    "link": (
        Source("href", Kind.PAGE, "", _one_unless_empty, _is_page_relation),
        Source("href", Kind.IMAGE, "icon", _one_unless_empty, _is_icon),
        Source("href", Kind.IMAGE, "preload", _one_unless_empty, _is_preloaded_image),
        Source("imagesrcset", Kind.IMAGE, "preload", _of_srcset, _is_preloaded_image),
    ),
    "meta": (Source("content", Kind.PAGE, "", _of_refresh, _is_refresh),),
    "img": (*_images("img", "src"), *_images("srcset", "srcset"), *_images("lazy", *_LAZY)),
    "image": (*_images("img", "src"), *_images("svg", "href", "xlink:href")),  # what parsers make an img of; SVG's own
    "source": (*_images("source", "srcset"), *_images("lazy", "data-srcset", "data-lazy-srcset")),
    "video": _images("poster", "poster", "data-poster"),
    "input": (Source("src", Kind.IMAGE, "input", _one_unless_empty, _is_image_button),),
}
"""Every tag and attribute that names a URL a crawl may want."""

MORE_SOURCES: Final[Mapping[str, tuple[Source, ...]]] = {
    **SOURCES,
    "a": (
        Source("href", Kind.PAGE, "", None, _names_no_image),
        Source("href", Kind.PAGE, "link", None, _names_image),
    ),
    "link": (
        *SOURCES["link"],
        Source("href", Kind.STYLE, "style", _one_unless_empty, _is_stylesheet),
    ),
    "meta": (
        *SOURCES["meta"],
        Source("content", Kind.IMAGE, "og", _one_unless_empty, _is_open_graph_image),
        Source("content", Kind.IMAGE, "twitter", _one_unless_empty, _is_twitter_image),
    ),
}
"""The same with every other place that names an image or a stylesheet."""

ANYWHERE: Final = (
    Source("style", Kind.IMAGE, "css", _of_style),
    Source("background", Kind.IMAGE, "background", _one_unless_empty),
    *(Source(name, Kind.IMAGE, "lazy", _of_background) for name in _LAZY_BACKGROUNDS),
    Source("data-bgset", Kind.IMAGE, "lazy", _of_srcset),
)
"""Attributes that name images on a tag of any name."""
