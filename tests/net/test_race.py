"""Several addresses, one connection: whichever answers first, and nothing left of the others."""

import asyncio
import errno
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from crawler.net.race import HEAD_START, _connect, _give_up, _weight, connect
from crawler.net.resolver import Address
from tests.net.wires import always, open_descriptors, serving

HERE, SILENT = Address("127.0.0.1"), Address("127.0.0.2")


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    sockets, tasks = open_descriptors(), len(asyncio.all_tasks())
    yield
    await asyncio.sleep(0.01)
    assert open_descriptors() == sockets
    assert len(asyncio.all_tasks()) == tasks


@contextmanager
def silent(port: int) -> Iterator[None]:
    """An address at which nobody answers: its backlog is full."""
    with socket.socket() as full:
        full.bind((SILENT.ip, port))
        full.listen(0)
        clients = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            clients.append(client)
        yield
        for client in clients:
            client.close()


async def test_one_address() -> None:
    async with serving(always(b"")) as server:
        with await connect([HERE], server.port) as one:
            assert one.getpeername() == ("127.0.0.1", server.port)


async def test_the_first_one_has_a_head_start() -> None:
    async with serving(always(b"")) as server:
        for _ in range(10):
            with await connect([HERE, SILENT], server.port) as one:
                assert one.getpeername()[0] == HERE.ip
        assert server.connections == 10


async def test_one_that_is_silent_is_overtaken() -> None:
    async with serving(always(b"")) as server:
        with silent(server.port):
            began = time.monotonic()
            with await connect([SILENT, HERE], server.port) as one:
                assert one.getpeername()[0] == HERE.ip
            assert HEAD_START * 0.9 < time.monotonic() - began < 2


async def test_one_that_refuses_is_passed_over_at_once() -> None:
    async with serving(always(b"")) as server:
        began = time.monotonic()
        with await connect([Address("127.0.0.3"), Address("127.0.0.4"), HERE], server.port) as one:
            assert one.getpeername()[0] == HERE.ip
        assert time.monotonic() - began < HEAD_START * 0.9


async def test_all_refuse() -> None:
    async with serving(always(b"")) as server:
        pass
    for addresses in ([HERE], [HERE, SILENT]):
        with pytest.raises(ConnectionRefusedError):
            await connect(addresses, server.port)


async def test_who_gives_up_leaves_nothing() -> None:
    async with serving(always(b"")) as server:
        with silent(server.port):
            for addresses in ([SILENT], [SILENT, SILENT], [SILENT, Address("127.0.0.3")]):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(HEAD_START * 1.5):
                        await connect(addresses, server.port)


async def test_a_connection_that_came_too_late_is_closed() -> None:
    async with serving(always(b"")) as server:
        late, refused = (asyncio.create_task(_connect(address, server.port)) for address in (HERE, SILENT))
        await asyncio.wait([late, refused])
        for runner in (late, refused):
            _give_up(runner)
        assert late.result().fileno() == -1


async def test_what_is_no_failure_of_the_network_is_not_taken_for_one() -> None:
    with pytest.raises(OverflowError):
        await connect([HERE, SILENT], 70_000)


def test_our_own_shortage_says_more_than_a_refusal_and_that_more_than_silence() -> None:
    errors = [OSError(number, "x") for number in (errno.ENETUNREACH, errno.ECONNREFUSED, errno.EMFILE)]
    assert max(errors, key=_weight).errno == errno.EMFILE
    assert max(errors[:2], key=_weight).errno == errno.ECONNREFUSED
