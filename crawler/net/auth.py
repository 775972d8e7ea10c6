"""Proves who one is to one origin: Basic (RFC 7617), Bearer (RFC 6750) and Digest (RFC 7616), as it asks for them.

It sends nothing and knows no origins: a `Login` belongs to one of them, and it is for its owner that it stays there.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote

from crawler.net.challenge import Challenge, parse_challenges, parse_parameters

Scheme = Literal["auto", "basic", "digest"]

ALGORITHMS: Final = {"MD5": "md5", "SHA-256": "sha256"}
"""The hash functions of Digest; each is also an algorithm of its own with `-sess` behind its name."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person has given for an origin: a bearer token, or a user and password and how they may be sent.

    `auto` sends them as Basic at once, and as Digest where the origin asks for that; `digest` never sends a password.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)
    scheme: Scheme = "auto"

    @property
    def first(self) -> str | None:
        """The Authorization that is sent before anything was asked for."""
        if self.token is not None:
            return f"Bearer {self.token}"
        return None if self.scheme == "digest" else basic(self.user, self.password)


class Login:
    """One credential at one origin, and what that origin has asked for so far."""

    __slots__ = ("_credential", "_digest", "_make_nonce")

    def __init__(self, credential: Credential, make_nonce: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        self._credential = credential
        self._make_nonce = make_nonce
        self._digest: Digest | None = None

    def authorization(self, method: str, target: str, body: bytes = b"") -> str | None:
        """The Authorization of the next request; None: nothing is sent before it is asked for."""
        if self._digest is None:
            return self._credential.first
        return self._digest.answer(self._credential, method, target, body, self._make_nonce())

    def learn(self, values: Sequence[str], sent: str | None) -> bool:
        """Take in the WWW-Authenticate fields of a 401 to a request with `sent`; whether to ask again is worth it."""
        if self._credential.token is not None or self._credential.scheme == "basic":
            return False
        challenge = next(filter(Digest.fits, parse_challenges(values)), None)
        if challenge is None:
            return False
        self._digest = Digest(challenge)
        # Where an answer was refused, and not for the age of its nonce, the password is wrong.
        return sent is None or not sent.startswith("Digest ") or challenge.is_stale

    def note(self, value: str | None) -> None:
        """Take in the Authentication-Info field of an answer, which may name the next nonce (RFC 7616 section 3.5)."""
        if value is not None and self._digest is not None and (nonce := parse_parameters(value).get("nextnonce")):
            self._digest.renew(nonce)


class Digest:
    """One Digest challenge, and how often its nonce was used."""

    __slots__ = ("_challenge", "_count", "_nonce")

    def __init__(self, challenge: Challenge) -> None:
        self._challenge = challenge
        self._nonce = challenge.parameters["nonce"]
        self._count = 0

    @staticmethod
    def fits(challenge: Challenge) -> bool:
        """Whether it is one that can be answered."""
        given = challenge.parameters
        algorithm = given.get("algorithm", "MD5").upper().removesuffix("-SESS")
        is_whole = challenge.scheme == "digest" and "realm" in given and "nonce" in given
        return is_whole and algorithm in ALGORITHMS and _quality(challenge) is not None

    def renew(self, nonce: str) -> None:
        """Use this nonce from now on."""
        if nonce != self._nonce:
            self._nonce, self._count = nonce, 0

    def answer(self, credential: Credential, method: str, target: str, body: bytes, own: str) -> str:
        """The value of Authorization (RFC 7616 section 3.4); `own` is a nonce of the client's."""
        self._count += 1
        given, realm, quality = self._challenge.parameters, self._realm(), _quality(self._challenge)
        algorithm = given.get("algorithm", "MD5")
        name = algorithm.upper()
        hashed = _hasher(name.removesuffix("-SESS"))
        count = f"{self._count:08x}"
        secret = hashed(f"{credential.user}:{realm}:{credential.password}")
        if name.endswith("-SESS"):
            secret = hashed(f"{secret}:{self._nonce}:{own}")
        what = f"{method}:{target}"
        if quality == "auth-int":
            what += ":" + hashed(body)
        between = f"{self._nonce}:{count}:{own}:{quality}" if quality else self._nonce
        fields = [
            *self._user(credential, hashed),
            f"realm={_quoted(given['realm'])}",
            f"nonce={_quoted(self._nonce)}",
            f"uri={_quoted(target)}",
            f'response="{hashed(f"{secret}:{between}:{hashed(what)}")}"',
        ]
        if "algorithm" in given:
            fields.append(f"algorithm={algorithm}")
        if "opaque" in given:
            fields.append(f"opaque={_quoted(given['opaque'])}")
        if quality:
            fields += [f"qop={quality}", f"nc={count}", f'cnonce="{own}"']
        return "Digest " + ", ".join(fields)

    def _realm(self) -> str:
        """The realm as it is hashed: a field's characters are bytes, those of the realm mostly UTF-8."""
        return self._challenge.parameters["realm"].encode("latin-1").decode("utf-8", "surrogateescape")

    def _user(self, credential: Credential, hashed: "Hash") -> list[str]:
        """The name of the user, hidden where the origin can bear it (RFC 7616 sections 3.4 and 3.4.4)."""
        if self._challenge.parameters.get("userhash", "").lower() == "true":
            return [f'username="{hashed(f"{credential.user}:{self._realm()}")}"', "userhash=true"]
        if credential.user.isascii():
            return [f"username={_quoted(credential.user)}"]
        return [f"username*=UTF-8''{quote(credential.user, safe='')}"]


def basic(user: str, password: str) -> str:
    """The value of an Authorization field by RFC 7617, in UTF-8."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


Hash = Callable[[str | bytes], str]


def _hasher(algorithm: str) -> Hash:
    def hashed(text: str | bytes) -> str:
        whole = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return hashlib.new(ALGORITHMS[algorithm], whole, usedforsecurity=False).hexdigest()

    return hashed


def _quality(challenge: Challenge) -> str | None:
    """The quality of protection to use, "" for that of RFC 2069; None where none of those offered is known."""
    if "qop" not in challenge.parameters:
        return ""
    offered = {word.strip(" \t").lower() for word in challenge.parameters["qop"].split(",")}
    return next((quality for quality in ("auth", "auth-int") if quality in offered), None)


def _quoted(text: str) -> str:
    """A quoted-string (RFC 9110 section 5.6.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
