"""Proxies on loopback for tests: a real squid, and a SOCKS5 server of a page's length (RFC 1928, RFC 1929)."""

import asyncio
import os
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import program, public_folder

PASSWORD_HELPERS = ("/usr/lib/squid/basic_ncsa_auth", "/usr/lib64/squid/basic_ncsa_auth")


@dataclass(frozen=True)
class Squid:
    """A running squid: the address it listens on, and its access log."""

    host: str
    log: Path

    def lines(self) -> list[str]:
        """What it did, a line for each request: method, target, status."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@contextmanager
def squid(users: str = "", certificate: Path | None = None) -> Iterator[Squid]:
    """Squid in the foreground, with nothing of the machine's own configuration; `users` is an htpasswd file's text."""
    binary = program("squid")
    with public_folder() as work, socket.socket() as free:
        work.chmod(0o777)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        auth = ""
        if users:
            (work / "users").write_text(users)
            helper = next(path for path in PASSWORD_HELPERS if Path(path).exists())
            auth = f"auth_param basic program {helper} {work}/users\nauth_param basic realm squid\n"
        listening = (
            f"https_port 127.0.0.1:{port} tls-cert={certificate}" if certificate else f"http_port 127.0.0.1:{port}"
        )
        allowed = "acl known proxy_auth REQUIRED\nhttp_access allow known" if users else "http_access allow all"
        (work / "conf").write_text(
            f"{listening}\n{auth}{allowed}\nhttp_access deny all\ncache deny all\ncache_mem 1 MB\npid_filename none\n"
            f"cache_log {work}/cache.log\nlogformat short %rm %ru %>Hs\naccess_log stdio:{work}/hits short\n"
            f"coredump_dir {work}\nshutdown_lifetime 0 seconds\nvisible_hostname squid.test\nbuffered_logs off\n"
            "via off\nforwarded_for delete\nmemory_pools off\nnetdb_filename none\nworkers 1\n"
        )
        environ = {**os.environ, "TMPDIR": str(work)}
        with (work / "output").open("wb") as output:
            command = [binary, "-N", "-f", f"{work}/conf", "-n", f"t{port}"]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environ)
        try:
            _wait_for(process, port, work)
            yield Squid(f"127.0.0.1:{port}", work / "hits")
        finally:
            process.kill()  # it keeps nothing, and takes its time about an orderly end
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, work: Path) -> None:
    patience = time.monotonic() + 20
    while time.monotonic() < patience and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    said = "".join(file.read_text(errors="replace") for file in (work / "output", work / "cache.log") if file.exists())
    raise RuntimeError(f"squid does not serve: {said}")


@dataclass
class Socks:
    """A SOCKS5 server: what it was asked to connect to, as (address type, address, port)."""

    host: str = ""
    asked: list[tuple[int, str, int]] = field(default_factory=list)
    users: list[tuple[str, str]] = field(default_factory=list)


@asynccontextmanager
async def socks(credential: tuple[str, str] | None = None, reply: int = 0) -> AsyncIterator[Socks]:
    """A SOCKS5 server that leads every name to 127.0.0.1; `reply` other than 0 refuses."""
    server = Socks()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _converse(server, reader, writer, credential, reply)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            tasks.discard(task)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.host = "{}:{}".format(*listener.sockets[0].getsockname())
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def _converse(
    server: Socks,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    credential: tuple[str, str] | None,
    reply: int,
) -> None:
    _, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    chosen = 0 if credential is None else 2
    if chosen not in methods:
        writer.write(b"\x05\xff")
        return
    writer.write(bytes([5, chosen]))
    if credential is not None:
        _, length = await reader.readexactly(2)
        user = await reader.readexactly(length)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        server.users.append((user.decode(), password.decode()))
        writer.write(bytes([1, 0 if server.users[-1] == credential else 1]))
        if server.users[-1] != credential:
            return
    _, _, _, kind = await reader.readexactly(4)
    length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
    raw = await reader.readexactly(length)
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    name = raw.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
    server.asked.append((kind, name, port))
    writer.write(bytes([5, reply, 0, 1, 127, 0, 0, 1, 0, 80]))
    if reply:
        await writer.drain()
        return
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    finally:
        inner_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    if not isinstance(writer.get_extra_info("ssl_object"), ssl.SSLObject):
        writer.write_eof()
