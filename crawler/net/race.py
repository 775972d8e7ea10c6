"""Connects to whichever of several addresses answers first (RFC 8305, Happy Eyeballs); it knows no names and no TLS."""

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Sequence
from typing import Final

from crawler.net.resolver import Address

HEAD_START: Final = 0.25
"""Seconds one address is tried alone before the next one runs beside it (RFC 8305 section 5)."""

NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})


async def connect(addresses: Sequence[Address], port: int, receive_buffer: int | None = None) -> socket.socket:
    """A socket connected to the first address that answers; `OSError` where none does.

    The others are given up at once, and nothing of them is left open. `receive_buffer` is what the system may hold
    of what comes, in bytes; None: what it thinks best.
    """
    if len(addresses) == 1:
        return await _connect(addresses[0], port, receive_buffer)
    waiting = deque(addresses)
    runners: set[asyncio.Task[socket.socket]] = set()
    errors: list[OSError] = []
    try:
        while waiting or runners:
            if waiting:
                runners.add(asyncio.create_task(_connect(waiting.popleft(), port, receive_buffer)))
            head_start = HEAD_START if waiting else None
            done, _ = await asyncio.wait(runners, timeout=head_start, return_when=asyncio.FIRST_COMPLETED)
            for runner in done:
                runners.discard(runner)  # those that arrived in the same moment stay, to be closed
                error = runner.exception()
                if error is None:
                    return runner.result()
                if not isinstance(error, OSError):
                    raise error
                errors.append(error)
    finally:
        for runner in runners:
            runner.cancel()
            runner.add_done_callback(_give_up)
    raise max(errors, key=_weight)


async def _connect(address: Address, port: int, receive_buffer: int | None = None) -> socket.socket:
    one = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        if receive_buffer is not None:  # before it is connected: the first window that the peer is told follows it
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.setblocking(False)
        await asyncio.get_running_loop().sock_connect(one, address.at(port))
    except BaseException:
        one.close()
        raise
    return one


def _give_up(runner: "asyncio.Task[socket.socket]") -> None:
    """Close what a runner has won that nobody waits for any more."""
    if not runner.cancelled() and runner.exception() is None:
        runner.result().close()


def _weight(error: OSError) -> tuple[bool, bool]:
    """Which of several errors says most: our own shortage first, then that somebody refused."""
    return error.errno in NO_DESCRIPTOR, error.errno == errno.ECONNREFUSED
