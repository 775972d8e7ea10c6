"""Serves the site in a process of its own, and counts what it is asked for.

    python -m tests.soak.server PAGES DELAY

Each answer is `DELAY` seconds late. Its first line on standard output is its port. At the end of its standard input it
writes, line by line, how often each URL was asked for, and ends.
"""

import asyncio
import gzip
import socket
import struct
import sys
from collections import Counter
from typing import Final, cast

from tests.soak.site import HOSTS, LEAVES, MAX_BODY, ROBOTS, Site, Trouble, parse

LATE: Final = 1.5
AGAIN: Final = ("1", "0", "soon", "Wed, 21 Oct 2015 07:28:00 GMT")
"""What Retry-After says, one after another."""
STATUS: Final = {
    Trouble.ERROR: "500 Internal Server Error",
    Trouble.BUSY: "503 Service Unavailable",
    Trouble.MANY: "429 Too Many Requests",
    Trouble.MOVED: "301 Moved Permanently",
    Trouble.GONE: "404 Not Found",
}
TYPES: Final = {"image": "image/png", "file": "application/octet-stream"}


class Server:
    """What all connections share."""

    def __init__(self, site: Site, delay: float) -> None:
        self.site = site
        self.delay = delay
        self.asked: Counter[str] = Counter()

    def trouble(self, path: str, times: int) -> Trouble:
        """How a request is answered; `times` it was asked for before."""
        name, number = parse(path)
        if name != "page":
            return LEAVES[name].trouble
        troubles = self.site.troubles(number)
        return troubles[min(times, len(troubles) - 1)]


class Connection(asyncio.Protocol):
    """One connection: answers requests one after another, as they come."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received and not self._transport.is_closing():
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            host = next(line[6:] for line in lines if line.lower().startswith("host: "))
            self._answer(host, lines[0].split(" ")[1])

    def _answer(self, host: str, path: str) -> None:
        url = f"http://{host}{path}"
        times = self._server.asked[url]
        self._server.asked[url] += 1
        if path == "/robots.txt":
            self._send("200 OK", ROBOTS, "text/plain")
            return
        trouble = self._server.trouble(path, times)
        delay = self._server.delay
        if trouble is Trouble.SLOW:
            delay, trouble = delay + LATE, Trouble.NONE
        if delay:
            asyncio.get_running_loop().call_later(delay, self._give, path, trouble)
        else:
            self._give(path, trouble)

    def _give(self, path: str, trouble: Trouble) -> None:
        if self._transport.is_closing():
            return
        site, media_type = self._server.site, TYPES.get(parse(path)[0], "text/html; charset=utf-8")
        match trouble:
            case Trouble.RESET:
                self._reset()
            case Trouble.NO_HTTP:
                self._transport.write(b"220 mail.example ESMTP\r\n")
                self._transport.close()
            case Trouble.LARGE:
                self._send("200 OK", bytes(9_000), media_type, f"Content-Length: {MAX_BODY + 1}\r\n")
            case Trouble.CUT:
                body = site.body(path)
                self._send("200 OK", body[: len(body) // 2], media_type, f"Content-Length: {len(body)}\r\n")
                self._transport.close()
            case Trouble.BAD_GZIP:
                self._send("200 OK", b"\x1f\x8b\x08" + bytes(50), media_type, "Content-Encoding: gzip\r\n")
            case Trouble.GZIP:
                self._send("200 OK", gzip.compress(site.body(path), 1), media_type, "Content-Encoding: gzip\r\n")
            case Trouble.CHUNKED:
                self._send_chunks(site.body(path), media_type)
            case Trouble.MOVED:
                self._send(STATUS[trouble], b"moved", media_type, f"Location: {site.target(path)}\r\n")
            case Trouble.BUSY | Trouble.MANY:
                again = AGAIN[(parse(path)[1] // 6) % len(AGAIN)]
                self._send(STATUS[trouble], b"busy", media_type, f"Retry-After: {again}\r\n")
            case Trouble.ERROR | Trouble.GONE:
                self._send(STATUS[trouble], b"not now", media_type)
            case _:
                self._send("200 OK", site.body(path), media_type)

    def _send(self, status: str, body: bytes, media_type: str, fields: str = "") -> None:
        if "Content-Length" not in fields:
            fields += f"Content-Length: {len(body)}\r\n"
        self._transport.write(f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n{fields}\r\n".encode() + body)

    def _send_chunks(self, body: bytes, media_type: str) -> None:
        fields = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        size = max(1, len(body) // 3)
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        self._transport.write(fields + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n")

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)  # a lingering time of zero makes RST of the close
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()


async def serve(pages: int, delay: float) -> None:
    """Serve until standard input ends."""
    with socket.create_server((HOSTS[0], 0)) as first:
        port: int = first.getsockname()[1]
    server = Server(Site(pages, port), delay)
    loop = asyncio.get_running_loop()
    listening = [await loop.create_server(lambda: Connection(server), host, port, backlog=1024) for host in HOSTS]
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for one in listening:
        one.close()
    sys.stdout.write("".join(f"{times} {url}\n" for url, times in server.asked.items()))


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
