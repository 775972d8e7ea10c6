"""What a WWW-Authenticate or Proxy-Authenticate field asks for, as values (RFC 9110 section 11); it answers nothing.

Every byte is looked at a fixed number of times. A field is read up to where it stops making sense.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# What is quoted goes back to the peer as it came, so it must be what a field can hold (RFC 9110 section 5.6.4).
_QUOTED: Final = r'"(?:[\t\x20!#-\[\]-~\x80-\xff]|\\[\t\x20-~\x80-\xff])*"'
_PARAMETER: Final = re.compile(rf"[ \t,]*({_TOKEN})[ \t]*=[ \t]*({_QUOTED}|{_TOKEN})(?=[ \t]*(?:,|\Z))")
_SCHEME: Final = re.compile(rf"[ \t,]*({_TOKEN})(?=[ \t,]|\Z)")
_TOKEN68: Final = re.compile(r"[ \t]+([A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|\Z))")
_PAIR: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in: its scheme in lower case, its parameters by lower-case names, or its one token instead of them."""

    scheme: str
    parameters: Mapping[str, str]
    token: str | None = None

    @property
    def is_stale(self) -> bool:
        """Whether only the nonce was too old (RFC 7616 section 3.3)."""
        return self.parameters.get("stale", "").lower() == "true"


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges of all lines of the field, in order."""
    return [challenge for value in values for challenge in _challenges_of(value)]


def parse_parameters(value: str) -> dict[str, str]:
    """The parameters of a field that has nothing else, such as Authentication-Info."""
    return _parameters(value, 0)[0]


def _challenges_of(value: str) -> Iterable[Challenge]:
    at = 0
    while scheme := _SCHEME.match(value, at):
        at = scheme.end()
        if token := _TOKEN68.match(value, at):
            at = token.end()
            yield Challenge(scheme[1].lower(), {}, token[1])
        else:
            parameters, at = _parameters(value, at)
            yield Challenge(scheme[1].lower(), parameters)


def _parameters(value: str, at: int) -> tuple[dict[str, str], int]:
    """The parameters from `at` on, the first of each name, and where they end."""
    found: dict[str, str] = {}
    while parameter := _PARAMETER.match(value, at):
        text = parameter[2]
        found.setdefault(parameter[1].lower(), _PAIR.sub(r"\1", text[1:-1]) if text.startswith('"') else text)
        at = parameter.end()
    return found, at
