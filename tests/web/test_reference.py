"""References: values, and the words of their kinds."""

import pytest

from crawler.web.reference import Kind, Reference
from crawler.web.url import URL


def test_kinds_are_their_words() -> None:
    assert [str(kind) for kind in Kind] == ["page", "image", "style", "sitemap", "robots"]
    assert Kind("image") is Kind.IMAGE


def test_a_reference_is_a_value() -> None:
    reference = Reference(URL("http://example.org/"), Kind.PAGE, "a", "href", {"href": "/"}, "home")
    assert reference == Reference(URL("http://example.org"), Kind.PAGE, "a", "href", {"href": "/"}, "home", False)
    with pytest.raises(AttributeError):
        reference.text = "away"  # type: ignore[misc]
