"""Challenges as RFC 9110 section 11 and its examples write them, and as servers do."""

import time

import pytest

from crawler.net.challenge import Challenge, parse_challenges, parse_parameters


@pytest.mark.parametrize(
    ("values", "challenges"),
    [
        (['Basic realm="simple"'], [Challenge("basic", {"realm": "simple"})]),
        # RFC 9110 section 11.6.1.
        (
            ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
            [
                Challenge("basic", {"realm": "simple"}),
                Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ],
        ),
        # RFC 9110 section 11.2: blanks around "=", and empty elements of the list (section 5.6.1.2).
        (['Basic realm = "a" ,, charset\t=UTF-8,'], [Challenge("basic", {"realm": "a", "charset": "UTF-8"})]),
        (["Negotiate", "NTLM"], [Challenge("negotiate", {}), Challenge("ntlm", {})]),
        (["Negotiate, Basic realm=x"], [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})]),
        (
            ["Negotiate a87421000492aa874209af8bc028==, NTLM TlRM+/-._~"],
            [Challenge("negotiate", {}, "a87421000492aa874209af8bc028=="), Challenge("ntlm", {}, "TlRM+/-._~")],
        ),
        (['Digest realm="a, Basic b", NONCE=c'], [Challenge("digest", {"realm": "a, Basic b", "nonce": "c"})]),
        (['Basic realm="a", realm="b"'], [Challenge("basic", {"realm": "a"})]),
        (["Basic realm=a b=c"], [Challenge("basic", {})]),
        (['Basic realm="unclosed'], [Challenge("basic", {})]),
        (['Basic realm="a", "b"'], [Challenge("basic", {"realm": "a"})]),
        (['Digest nonce="a\x01b", realm="c"'], [Challenge("digest", {})]),
        (['Digest realm="\t \xe9~", nonce="a\\\x7f"'], [Challenge("digest", {"realm": "\t \xe9~"})]),
        (["", ", ,", "=", '"a"'], []),
        ([], []),
    ],
)
def test_challenges(values: list[str], challenges: list[Challenge]) -> None:
    assert parse_challenges(values) == challenges


def test_stale_has_no_case() -> None:
    """RFC 7616 section 3.3."""
    stale = [challenge.is_stale for challenge in parse_challenges(["A stale=TRUE, B stale=false, C stale=yes, D"])]
    assert stale == [True, False, False, False]


def test_parameters_alone() -> None:
    """As in Authentication-Info (RFC 7616 section 3.5)."""
    assert parse_parameters('nextnonce="a", qop=auth, nc=00000001') == {
        "nextnonce": "a", "qop": "auth", "nc": "00000001"
    }  # fmt: skip
    assert parse_parameters("") == {}


@pytest.mark.parametrize("piece", ['a="b\\', "a ", "a     ", ", ", "a=b,", 'a="', '\\"', 'a="x",', "a=====", "a", '"'])
def test_hostile_fields_take_time_by_their_length(piece: str) -> None:
    def seconds(size: int) -> float:
        value = "Basic " + piece * (size // len(piece))
        taken = []
        for _ in range(3):
            began = time.process_time()
            parse_challenges([value])
            taken.append(time.process_time() - began)
        return min(taken)

    assert seconds(200_000) < 20 * (seconds(20_000) + 0.002)
