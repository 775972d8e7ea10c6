"""A request's bytes (RFC 9112 section 3); knows no connection, and which form of target a peer wants only by its looks.

What would split or smuggle a request is a `ValueError`: no text of a peer may come this far unescaped, so it is the
caller's mistake and not the answer's.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PATH: Final = r"/[!\"$-~]*"
_TARGETS: Final = {
    "origin": re.compile(_PATH),
    "absolute": re.compile(rf"https?://({_HOST.pattern})(?:{_PATH})", re.IGNORECASE),
}
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})

Version = Literal["1.0", "1.1"]


def write_request(
    method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b"", version: Version = "1.1"
) -> bytes:
    """The request, Host in front of the other fields and Content-Length behind them.

    `target` is a path and query, a whole URL for a proxy, `host:port` for CONNECT, or `*` for OPTIONS; never with
    fragment or user information. `headers` holds Host exactly once, and neither Content-Length nor Transfer-Encoding:
    the framing is the writer's. An HTTP/1.0 request is the same, Host too, but for the version that it names.
    """
    _check_target(method, target, _host(headers))
    lines = [f"{method} {target} HTTP/{version}"]
    lines += [_line(name, value) for name, value in headers if name.lower() == "host"]
    lines += [_line(name, value) for name, value in headers if name.lower() != "host"]
    if body or method in _WITH_BODY:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _host(headers: Sequence[tuple[str, str]]) -> str:
    hosts = [value for name, value in headers if name.lower() == "host"]
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise ValueError(f"a request has one Host, a name and a port (RFC 9112 section 3.2): {hosts!r}")
    return hosts[0]


def _check_target(method: str, target: str, host: str) -> None:
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"not a method (RFC 9110 section 9.1): {method!r}")
    if method == "CONNECT":
        is_sound = _HOST.fullmatch(target) is not None and re.search(r":[0-9]+\Z", target) is not None
    elif absolute := _TARGETS["absolute"].fullmatch(target):
        is_sound = absolute[1].lower() == host.lower()
    else:
        is_sound = _TARGETS["origin"].fullmatch(target) is not None or (method, target) == ("OPTIONS", "*")
    if not is_sound:
        raise ValueError(f"not a target for {method} to {host} (RFC 9112 section 3.2): {target!r}")


def _line(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
        raise ValueError(f"not a header field (RFC 9110 section 5): {name!r}: {value!r}")
    if name.lower() in _FRAMING:
        raise ValueError(f"the framing is the writer's (RFC 9112 section 6): {name}")
    return f"{name}: {value}"
