"""What tells whether a document is the same, by RFC 9110 section 8.8."""

import pytest

from crawler.http1.headers import Headers
from crawler.http1.validators import Validators

EARLY, LATE = "Tue, 14 Nov 2023 22:00:00 GMT", "Tue, 14 Nov 2023 22:01:00 GMT"


def of(**fields: str) -> Validators:
    return Validators.of(Headers([(name.replace("_", "-"), value) for name, value in fields.items()]))


@pytest.mark.parametrize(
    ("fields", "strong"),
    [
        ({"etag": '"abc"'}, '"abc"'),
        ({"etag": '""'}, '""'),
        ({"etag": 'W/"abc"'}, None),
        ({"etag": 'W/"abc"', "last_modified": EARLY, "date": LATE}, None),
        ({"etag": "abc"}, None),
        ({"etag": '"'}, None),
        ({"etag": "abc", "last_modified": EARLY, "date": LATE}, EARLY),
        ({"last_modified": EARLY, "date": LATE}, EARLY),
        ({"last_modified": "Tue, 14 Nov 2023 22:00:01 GMT", "date": LATE}, None),
        ({"last_modified": EARLY}, None),
        ({"last_modified": "once", "date": LATE}, None),
        ({"etag": '"\xe9!#~"'}, '"\xe9!#~"'),
        ({"etag": '"a b"'}, None),
        ({"etag": '"a"b"'}, None),
        ({"etag": '"a\x01\x1b"'}, None),
        ({"etag": '"\u0130"'}, None),
        ({"etag": f'"{"x" * 1000}"'}, f'"{"x" * 1000}"'),
        ({"etag": f'"{"x" * 1001}"'}, None),
        ({"last_modified": f"{EARLY}\x01", "date": LATE}, None),
        ({"last_modified": f"{EARLY}{' ' * 100}", "date": LATE}, None),
        ({}, None),
    ],
)
def test_strong_ones_prove_it_to_the_byte(fields: dict[str, str], strong: str | None) -> None:
    assert of(**fields).strong == strong


def test_conditions_ask_for_what_has_changed_alone() -> None:
    assert of(etag='W/"a"', last_modified=EARLY).conditions == (
        ("If-None-Match", 'W/"a"'),
        ("If-Modified-Since", EARLY),
    )
    assert of(etag="no etag").conditions == ()


@pytest.mark.parametrize("modified", ["Tue, 14 Nov\x002023", "Tue\u00a014 Nov 2023", "14 Nov 2023\x7f", "", "x" * 65])
def test_what_cannot_be_a_date_is_never_sent_back(modified: str) -> None:
    assert of(last_modified=modified, date=LATE).conditions == ()
