"""References: values, and the words of their kinds."""

import pytest

from crawler.web.links import find_references
from crawler.web.reference import Kind, Reference, choose_largest
from crawler.web.url import URL


def test_kinds_are_their_words() -> None:
    assert [str(kind) for kind in Kind] == ["page", "image", "style", "sitemap", "robots"]
    assert Kind("image") is Kind.IMAGE


def test_a_reference_is_a_value() -> None:
    reference = Reference(URL("http://example.org/"), Kind.PAGE, "a", "href", {"href": "/"}, "home")
    assert reference == Reference(URL("http://example.org"), Kind.PAGE, "a", "href", {"href": "/"}, "home", False)
    with pytest.raises(AttributeError):
        reference.text = "away"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ("<img src=a>", "a"),
        ("<img src=a srcset='b 300w, c 900w, d 600w'>", "c"),
        ("<img src=a srcset='b 1.5x, c 2x'>", "c"),
        ("<img src=a srcset='b, c 2x'>", "c"),
        ("<img src=a srcset='b'>", "b"),
        ("<img src=a srcset='b 2x, c 2x'>", "b"),
        ("<img src=a srcset=''>", "a"),
        ("<img src=a data-srcset='b 1w, c 2w' data-orig-file=d>", "c d"),
        ("<img src=a data-src=b>", "a b"),
        ("<img srcset='a 1x, b 2x'><img srcset='a 1x, b 2x'>", "b b"),
        (
            "<picture><source srcset='a 2w, b 1w'><source srcset='c 3w'><img src=d srcset='e 2w'></picture><img src=f>",
            "c f",
        ),
        ("<picture><source srcset=a><img src=b></picture><source srcset='c 1w, d 2w'>", "a c d"),
        ("<link rel=icon href=a><a href=b></a><video poster=c></video><p style='x:url(d)'>", "a b c d"),
    ],
)
def test_the_largest_of_each_image(html: str, names: str) -> None:
    found = find_references(html.encode(), "utf-8", URL("http://example.org/"), everything=True)
    assert [str(one.url).rpartition("/")[2] for one in choose_largest(found)] == names.split()
