"""The images of JSON-LD, by the examples of schema.org and what pages make of them."""

import json

import pytest

from crawler.web.jsonld import MAX_JSON, MAX_URLS, find_image_urls


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ({"image": "a.jpg"}, ["a.jpg"]),
        ({"@context": "https://schema.org", "@type": "NewsArticle", "image": ["a.jpg", "b.jpg"]}, ["a.jpg", "b.jpg"]),
        ([{"image": "a"}, {"logo": "b"}], ["a", "b"]),
        ({"@graph": [{"@type": "Product", "image": "a"}, {"thumbnailUrl": "b"}]}, ["a", "b"]),
        ({"image": {"@type": "ImageObject", "url": "a", "width": 300, "caption": "b"}}, ["a"]),
        ({"image": {"url": "a"}}, ["a"]),
        ({"image": {"@list": ["a"]}}, []),
        ({"image": {"@id": "#primary"}}, []),
        ({"publisher": {"@type": "Organization", "url": "/", "logo": {"url": ["a", "b"]}}}, ["a", "b"]),
        ({"@type": "ImageObject", "contentUrl": "a", "thumbnail": {"contentUrl": "b"}, "name": "c"}, ["a", "b"]),
        ({"@type": ["Thing", "ImageObject"], "contentUrl": "a"}, ["a"]),
        ({"@type": "https://schema.org/ImageObject", "contentUrl": "a"}, ["a"]),
        ({"@type": "schema:ImageObject", "contentUrl": "a"}, ["a"]),
        ({"@type": [1, None], "contentUrl": "a"}, []),
        ({"@type": "VideoObject", "contentUrl": "a", "thumbnailUrl": ["b"]}, ["b"]),
        ({"associatedMedia": [{"@type": "ImageObject", "contentUrl": "a"}]}, ["a"]),
        ({"image": "a", "b": {"image": "c"}, "logo": "d"}, ["a", "c", "d"]),
        ({"image": "a", "b": {"image": "a"}}, ["a"]),
        ({"image": ["", " ", None, 1, True, []]}, []),
        ({"url": "a", "name": "b"}, []),
        ("a", []),
        (None, []),
    ],
)
def test_images(value: object, urls: list[str]) -> None:
    assert find_image_urls(json.dumps(value)) == urls


@pytest.mark.parametrize(
    "text",
    ["", "{", "<!-- {} -->", "{'image': 'a'}", '{"image": "a"', "[" * 100_000, '{"image":' * 100_000, "9" * 10_000],
)
def test_broken_json_says_nothing(text: str) -> None:
    assert find_image_urls(text) == []


def test_line_ends_in_texts_are_forgiven() -> None:
    assert find_image_urls('{"name": "a\nb", "image": "c"}') == ["c"]


def test_limits() -> None:
    images = json.dumps({"image": [str(number) for number in range(MAX_URLS + 1)]})
    assert len(find_image_urls(images)) == MAX_URLS
    assert find_image_urls('{"image": "a"}'.ljust(MAX_JSON)) == ["a"]
    assert find_image_urls('{"image": "a"}'.ljust(MAX_JSON + 1)) == []
