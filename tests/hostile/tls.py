"""Servers of https whose certificate, handshake or end is not as it should be (RFC 8446, RFC 9525)."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme

from tests.command import Ended, Row, rows, run, settings
from tests.hostile.case import CONNECT, PROTOCOL, RESET, SAVED, TIMEOUT, TLS, TRUNCATED, good_page
from tests.hostile.crawled import PATIENCE, SETTINGS
from tests.net.wires import Side, serving
from tests.toysite import Reply, ToySite, page

LONG_AGO: Final = datetime.now(UTC) - timedelta(days=400)
YESTERDAY: Final = datetime.now(UTC) - timedelta(days=1)
NEXT_YEAR: Final = datetime.now(UTC) + timedelta(days=400)
BODY: Final = b"said in confidence\n"
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
SIZED: Final = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
ALERT: Final = b"\x15\x03\x03\x00\x02\x02\x28"
"""handshake_failure, as a record (RFC 8446 section 6)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of its own at `https://localhost`; its page `/x` may end so, and holds `body` where it is saved."""

    name: str
    why: str
    serve: "Callable[[Authority], AsyncExitStack | object]"
    ends: tuple[str, ...]
    body: bytes = BODY


@dataclass(frozen=True, slots=True)
class Authority:
    """One that is trusted, and one that nobody knows."""

    known: trustme.CA
    unknown: trustme.CA

    def context(
        self, *names: str, unknown: bool = False, since: datetime | None = None, until: datetime | None = None
    ) -> ssl.SSLContext:
        """The server's side, with a certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = self.unknown if unknown else self.known
        authority.issue_cert(*(names or ("localhost",)), not_before=since, not_after=until).configure_cert(context)
        return context


def site(reply: Reply, **about: object) -> Callable[[Authority], ToySite]:
    """A whole site with this page, and a certificate like that."""
    return lambda authority: ToySite({"/x": reply}, tls=authority.context(**about))  # type: ignore[arg-type]


def named(*names: str) -> Callable[[Authority], ToySite]:
    """A site with a certificate for other names."""
    return lambda authority: ToySite({"/x": plain()}, tls=authority.context(*names))


def plain() -> Reply:
    return Reply(body=BODY, headers={"Content-Type": "text/plain"})


def cut(*steps: bytes | float) -> Reply:
    """These bytes, and then the end of TCP without the end of TLS."""
    return Reply(script=lambda: (*steps, 0.02), torn=True)


def saying(*said: bytes, reads: bool = True, closes: bool = True) -> Callable[[Authority], object]:
    """A server of TCP that speaks no TLS, whatever comes."""

    async def play(side: Side) -> None:
        if reads:
            await side.reader.read(1)
        for piece in said:
            await side.send(piece)
        if not closes:
            await side.gone()

    return lambda _: serving(play, host="localhost")


def resetting(_: Authority) -> object:
    async def play(side: Side) -> None:
        await side.reader.read(1)
        side.reset()

    return serving(play, host="localhost")


def old(authority: Authority) -> ToySite:
    """TLS 1.1 and nothing newer."""
    context = authority.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return ToySite({"/x": plain()}, tls=context)


def asking(authority: Authority) -> ToySite:
    """One that wants a certificate of us."""
    context = authority.context()
    context.verify_mode = ssl.CERT_REQUIRED
    authority.known.configure_trust(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return ToySite({"/x": plain()}, tls=context)


def speaking(protocol: str) -> Callable[[Authority], ToySite]:
    """One that has another protocol to offer (RFC 7301)."""

    def serve(authority: Authority) -> ToySite:
        context = authority.context()
        context.set_alpn_protocols([protocol])
        return ToySite({"/x": plain()}, tls=context)

    return serve


PEERS: Final = (
    Peer("trusted", "the rule of these exceptions", site(plain()), (SAVED,)),
    Peer("signed by nobody known", "RFC 5280 6: no path to a trusted one", site(plain(), unknown=True), (TLS,)),
    Peer("another host's", "RFC 9525 6", named("other.example"), (TLS,)),
    Peer("one for the address alone", "RFC 9525 6.5: a name is no address", named("127.0.0.1"), (TLS,)),
    Peer("one for what is below", "RFC 9525 6.3", named("a.localhost", "*.localhost"), (TLS,)),
    Peer("one for everything", "RFC 9525 6.3: a star for one label", named("*.com", "*.example"), (TLS,)),
    Peer("one whose name has a NUL-like end", "compared whole", named("localhost.evil.example"), (TLS,)),
    Peer("over", "RFC 5280 4.1.2.5", site(plain(), since=LONG_AGO, until=YESTERDAY), (TLS,)),
    Peer("not yet", "RFC 5280 4.1.2.5", site(plain(), since=NEXT_YEAR, until=NEXT_YEAR + timedelta(days=1)), (TLS,)),
    Peer("TLS 1.1", "RFC 8996: not to be spoken", old, (TLS, CONNECT)),
    Peer("one that wants ours", "there is none", asking, (TLS, CONNECT, RESET)),
    Peer("HTTP/2 alone", "RFC 7301: what was not asked for", speaking("h2"), (TLS, SAVED)),
    Peer("HTTP in the clear", "no TLS", saying(SIZED + BODY), (TLS, CONNECT)),
    Peer("HTTP in the clear unasked", "no TLS", saying(SIZED + BODY, reads=False, closes=False), (TLS, CONNECT)),
    Peer("a refusal", "RFC 8446 6.2", saying(ALERT), (TLS,)),
    Peer("rubbish", "no TLS", saying(bytes(range(256)) * 20), (TLS, CONNECT)),
    Peer("rubbish without end", "bounded", saying(b"\x16\x03\x03\x40\x00" + b"x" * 5_000_000), (TLS, CONNECT)),
    Peer("half a record", "bounded in time", saying(b"\x16\x03\x03\x40\x00\x02", closes=False), (TIMEOUT, CONNECT)),
    Peer("silence", "bounded in time", saying(closes=False), (TIMEOUT, CONNECT)),
    Peer("closed in the handshake", "no connection", saying(), (CONNECT, RESET, TLS)),
    Peer("reset in the handshake", "no connection", resetting, (CONNECT, RESET)),
    Peer("cut off behind a counted body", "the length says where it ends", site(cut(SIZED + BODY)), (SAVED,)),
    Peer(
        "cut off behind the last chunk",
        "the last chunk says where it ends",
        site(cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))),
        (SAVED,),
    ),
    Peer(
        "cut off where the close is the end",
        "RFC 9112 9.8: an attack may have cut it",
        site(cut(HEAD + b"\r\n" + BODY)),
        (TRUNCATED,),
    ),
    Peer(
        "closed where the close is the end",
        "RFC 9112 9.8: with a close_notify it is whole",
        site(Reply(script=lambda: [HEAD + b"\r\n" + BODY])),
        (SAVED,),
    ),
    Peer("cut off in a counted body", "RFC 9112 8", site(cut(SIZED + BODY[:5])), (TRUNCATED, RESET)),
    Peer(
        "cut off in a chunk",
        "RFC 9112 8",
        site(cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\n50\r\nabc")),
        (TRUNCATED, RESET),
    ),
    Peer(
        "cut off before the last chunk",
        "RFC 9112 8",
        site(cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")),
        (TRUNCATED, RESET),
    ),
    Peer("cut off in the head", "RFC 9112 8", site(cut(HEAD)), (TRUNCATED, RESET)),
    Peer("cut off before the head", "RFC 9112 9.5", site(cut()), (RESET, CONNECT)),
    Peer("reset in the body", "RFC 9112 8", site(Reply(body=BODY, cut=5, reset=True)), (TRUNCATED, RESET)),
    Peer("no HTTP within TLS", "no HTTP", site(Reply(raw=b"SSH-2.0-x\r\n")), (PROTOCOL,)),
)


@dataclass(frozen=True, slots=True)
class Handshakes:
    """What a crawl that met all of them came to."""

    ended: Ended
    folder: Path
    found: dict[str, Row]
    """By the peer's name."""
    neighbours: dict[str, Row]


def crawl(folder: Path) -> Handshakes:
    """From a start page over http to every peer, by the command."""
    return asyncio.run(_crawl(folder))


async def _crawl(folder: Path) -> Handshakes:
    authority = Authority(trustme.CA(), trustme.CA())
    authority.known.cert_pem.write_to_path(str(folder / "ca.pem"))
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(_port(peer.serve(authority))) for peer in PEERS]
        urls = [f"https://localhost:{port}/x" for port in ports]
        start = await stack.enter_async_context(
            ToySite(
                {
                    "/": page("/before", *urls, "/after"),
                    **{path: good_page("tls", path) for path in ("/before", "/after")},
                }
            )
        )
        fetch = {**SETTINGS["fetch"], "ca_file": str(folder / "ca.pem")}
        chosen = settings(folder, **{**SETTINGS, "fetch": fetch, "scope": {"scope": "any"}})
        ended = await run("crawl", start.url, "--output", folder / "out", *chosen, patience=PATIENCE)
    known = {row["url"]: row for row in await rows(folder / "out")}
    found = {peer.name: known[url] for peer, url in zip(PEERS, urls, strict=True)}
    return Handshakes(ended, folder, found, {path: known[start.at(path)] for path in ("/before", "/after")})


@asynccontextmanager
async def _port(server: object) -> AsyncIterator[int]:
    async with server as running:  # type: ignore[attr-defined]
        yield running.port


def wrong_with(peer: Peer, handshakes: Handshakes) -> list[str]:
    """What is not as it must be."""
    row = handshakes.found[peer.name]
    end = f"{row['state']} {row['error'] or ''}".rstrip()
    if end not in peer.ends:
        return [f"{end} ({row.get('detail')}), not {' or '.join(peer.ends)}"]
    if end == SAVED and (handshakes.folder / "out" / row["path"]).read_bytes() != peer.body:
        return ["it holds something else"]
    return []


def wrong_with_all(handshakes: Handshakes) -> list[str]:
    """What no peer may do to the crawl."""
    wrong = [] if handshakes.ended.status == 0 else [handshakes.ended.said]
    wrong += ["a traceback"] if "Traceback" in handshakes.ended.said else []
    for path, row in handshakes.neighbours.items():
        if (
            row["state"] != "saved"
            or (handshakes.folder / "out" / row["path"]).read_bytes() != good_page("tls", path).body
        ):
            wrong.append(f"{path}: {row}")
    return wrong
