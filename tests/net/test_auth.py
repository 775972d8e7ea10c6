"""Basic, Bearer and Digest, by the examples of RFC 7617, RFC 6750 and RFC 7616."""

import hashlib
import re
from collections.abc import Callable

import pytest

from crawler.net.auth import Credential, Login, basic
from crawler.net.challenge import parse_parameters


def login(credential: Credential, nonce: str = "own") -> Login:
    return Login(credential, lambda: nonce)


def digest_fields(authorization: str | None) -> dict[str, str]:
    assert authorization is not None
    assert authorization.startswith("Digest ")
    return parse_parameters(authorization.removeprefix("Digest "))


def test_basic_is_utf_8() -> None:
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617 section 2
    assert basic("test", "123£") == "Basic dGVzdDoxMjPCow=="  # RFC 7617 section 2.1


def test_what_is_sent_before_anything_was_asked_for() -> None:
    assert login(Credential("Aladdin", "open sesame")).authorization("GET", "/") == basic("Aladdin", "open sesame")
    assert login(Credential("me", "x", scheme="basic")).authorization("GET", "/") == basic("me", "x")
    assert login(Credential("me", "x", scheme="digest")).authorization("GET", "/") is None
    assert login(Credential(token="mF_9.B5f-4.1JqM")).authorization("GET", "/") == "Bearer mF_9.B5f-4.1JqM"  # RFC 6750


def test_no_text_of_a_credential_holds_a_secret() -> None:
    assert "hunter2" not in repr(Credential("hunter2", "hunter2", "hunter2"))


# RFC 7616 section 3.9.1.
REALM = 'realm="http-auth@example.org", qop="auth, auth-int"'
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
OWN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = Credential("Mufasa", "Circle of Life")


def rfc_challenge(algorithm: str) -> str:
    return f'Digest {REALM}, algorithm={algorithm}, nonce="{NONCE}", opaque="{OPAQUE}"'


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_rfc_s_own_example(algorithm: str, response: str) -> None:
    one = login(MUFASA, OWN)
    assert one.learn([rfc_challenge(algorithm)], one.authorization("GET", "/dir/index.html"))
    sent = one.authorization("GET", "/dir/index.html")
    assert digest_fields(sent) == {
        "username": "Mufasa", "realm": "http-auth@example.org", "uri": "/dir/index.html", "algorithm": algorithm,
        "nonce": NONCE, "nc": "00000001", "cnonce": OWN, "qop": "auth", "response": response, "opaque": OPAQUE,
    }  # fmt: skip
    assert sent is not None
    assert re.search(r"\bqop=auth,", sent), "not quoted, as section 3.4 has it"
    assert re.search(r"\bnc=00000001,", sent)


def test_the_first_challenge_that_is_known_is_answered() -> None:
    """RFC 7616 section 3.7."""
    one = login(MUFASA, OWN)
    unknown = rfc_challenge("SHA-512-256"), 'Digest realm="no nonce"', "Negotiate", 'Digest nonce="no realm"'
    assert one.learn([*unknown, rfc_challenge("SHA-256"), rfc_challenge("MD5")], None)
    assert digest_fields(one.authorization("GET", "/"))["algorithm"] == "SHA-256"


@pytest.mark.parametrize(
    "values",
    [[], ["Negotiate"], [rfc_challenge("SHA-3")], ['Digest realm="a", nonce="b", qop="auth-conf"'], ["Basic realm=a"]],
)
def test_what_cannot_be_answered_is_not(values: list[str]) -> None:
    one = login(MUFASA)
    assert not one.learn(values, None)
    assert one.authorization("GET", "/") == basic("Mufasa", "Circle of Life")


@pytest.mark.parametrize("credential", [Credential("me", "x", scheme="basic"), Credential(token="t")])
def test_who_may_send_one_thing_alone_answers_no_digest(credential: Credential) -> None:
    one = login(credential)
    before = one.authorization("GET", "/")
    assert not one.learn([rfc_challenge("MD5")], before)
    assert one.authorization("GET", "/") == before


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("algorithm", "hashed"), [("MD5-sess", md5), ("SHA-256-sess", sha)])
def test_session_algorithms(algorithm: str, hashed: Callable[[str], str]) -> None:
    """RFC 7616 section 3.4.2: A1 = H(user:realm:password):nonce:cnonce."""
    one = login(Credential("u", "p"), "c")
    assert one.learn([f'Digest realm="r", nonce="n", qop=auth, algorithm={algorithm}'], None)
    secret = hashed(f"{hashed('u:r:p')}:n:c")
    assert digest_fields(one.authorization("GET", "/"))["response"] == hashed(
        f"{secret}:n:00000001:c:auth:{hashed('GET:/')}"
    )


def test_the_integrity_of_a_body() -> None:
    """RFC 7616 section 3.4.3: A2 = method:uri:H(body)."""
    one = login(Credential("u", "p"), "c")
    assert one.learn(['Digest realm="r", nonce="n", qop="auth-int"'], None)
    sent = digest_fields(one.authorization("POST", "/", b"body"))
    assert sent["qop"] == "auth-int"
    assert sent["response"] == md5(f"{md5('u:r:p')}:n:00000001:c:auth-int:{md5('POST:/:' + md5('body'))}")


def test_without_qop_as_rfc_2069_had_it() -> None:
    one = login(Credential("u", "p"))
    assert one.learn(['Digest realm="r", nonce="n"'], None)
    sent = digest_fields(one.authorization("GET", "/"))
    assert sent.keys() == {"username", "realm", "nonce", "uri", "response"}
    assert sent["response"] == md5(f"{md5('u:r:p')}:n:{md5('GET:/')}")


def test_the_count_goes_up_and_begins_anew_with_each_nonce() -> None:
    one = login(MUFASA)
    assert one.learn([rfc_challenge("MD5")], None)
    assert [digest_fields(one.authorization("GET", "/"))["nc"] for _ in range(12)][-1] == "0000000c"
    one.note('nextnonce="second"')
    sent = digest_fields(one.authorization("GET", "/"))
    assert (sent["nonce"], sent["nc"], sent["opaque"]) == ("second", "00000001", OPAQUE)
    one.note('nextnonce="second"')
    one.note("qop=auth")
    one.note(None)
    assert digest_fields(one.authorization("GET", "/"))["nc"] == "00000002"


def test_authentication_info_without_a_challenge_means_nothing() -> None:
    one = login(MUFASA)
    one.note('nextnonce="second"')
    assert one.authorization("GET", "/") == basic("Mufasa", "Circle of Life")


def test_a_nonce_that_was_too_old_is_replaced_a_wrong_password_is_not_tried_twice() -> None:
    one = login(MUFASA)
    assert one.learn([rfc_challenge("MD5")], None)
    sent = one.authorization("GET", "/")
    assert one.learn(['Digest realm="r", nonce="new", stale=true, qop=auth'], sent)
    sent = one.authorization("GET", "/")
    assert digest_fields(sent)["nonce"] == "new"
    assert not one.learn(['Digest realm="r", nonce="newer", qop=auth'], sent)


def test_a_user_whose_name_is_hidden() -> None:
    """RFC 7616 section 3.4.4."""
    one = login(Credential("Jäsøn", "p"))
    assert one.learn(['Digest realm="r", nonce="n", qop=auth, userhash=true, algorithm=SHA-256'], None)
    sent = digest_fields(one.authorization("GET", "/"))
    assert sent["username"] == sha("Jäsøn:r")
    assert sent["userhash"] == "true"


def test_a_user_whose_name_takes_utf_8() -> None:
    """RFC 7616 section 3.4: username*, as RFC 5987 writes it."""
    one = login(Credential("J\u00e4s\u00f8n Doe", "p"))
    assert one.learn(['Digest realm="r", nonce="n", qop=auth, charset=UTF-8'], None)
    sent = digest_fields(one.authorization("GET", "/"))
    assert sent["username*"] == "UTF-8''J%C3%A4s%C3%B8n%20Doe"
    assert "username" not in sent


def test_names_with_quotes() -> None:
    one = login(Credential('a"b\\c', "p"))
    assert one.learn(['Digest realm="r\\"s", nonce="n"'], None)
    sent = digest_fields(one.authorization("GET", "/"))
    assert (sent["username"], sent["realm"]) == ('a"b\\c', 'r"s')
    secret = md5('a"b\\c:r"s:p')
    assert sent["response"] == md5(f"{secret}:n:{md5('GET:/')}")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_realm_is_hashed_and_sent_back_as_the_bytes_that_came(encoding: str) -> None:
    raw = "Bücher".encode(encoding)
    one = login(Credential("u", "p"))
    assert one.learn([f'Digest realm="{raw.decode("latin-1")}", nonce="n"'], None)
    sent = digest_fields(one.authorization("GET", "/"))
    assert sent["realm"].encode("latin-1") == raw
    secret = hashlib.md5(b"u:" + raw + b":p").hexdigest()
    assert sent["response"] == md5(f"{secret}:n:{md5('GET:/')}")
