"""The images of a JSON-LD text, by the words of schema.org; it resolves no URL and follows no context.

What is no JSON, too long or too deep for the parser says nothing.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

MAX_JSON: Final = 500_000
"""How many characters of JSON are read; longer texts are not."""
MAX_URLS: Final = 1_000
"""How many images of one text are read; the rest is not looked at."""

_IMAGES: Final = frozenset({"image", "logo", "photo", "thumbnail", "thumbnailUrl", "primaryImageOfPage"})
"""Properties whose value is an image: its URL, or an object that has one."""
_URLS: Final = frozenset({"url", "contentUrl", "thumbnailUrl"})
"""Properties in which an image object has it."""


def find_image_urls(text: str) -> list[str]:
    """The URL of every image, in the order of the text, each once."""
    if len(text) > MAX_JSON:
        return []
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    return list(islice(dict.fromkeys(_walk(value)), MAX_URLS))


def _walk(value: Any) -> Iterator[str]:
    """Every text that names an image; a stack of values beside whether they stand where an image is expected."""
    waiting = [(value, False)]
    while waiting:
        value, is_image = waiting.pop()
        if isinstance(value, str):
            if is_image and value.strip():
                yield value
        elif isinstance(value, list):
            waiting.extend((item, is_image) for item in reversed(value))
        elif isinstance(value, dict):
            urls = _URLS if is_image or _is_image_object(value) else frozenset()
            waiting.extend((item, name in _IMAGES or name in urls) for name, item in reversed(value.items()))


def _is_image_object(value: dict[str, Any]) -> bool:
    types = value.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and name.rpartition("/")[2].rpartition(":")[2] == "ImageObject" for name in names)
