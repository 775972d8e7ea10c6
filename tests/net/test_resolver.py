"""Addresses of names: remembered for a while, asked once at a time, by a few threads that hold nothing up."""

import asyncio
import errno
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest

import crawler.net.resolver
from crawler.net.resolver import MAX_NAMES, THREADS, Address, Resolver, interleaved, is_unknown, look_up_addresses

HERE = Address("127.0.0.1")


class Names:
    """A name system in a mapping, and what was asked of it; `gate` holds its answers back."""

    def __init__(self, **names: "list[Address] | Exception") -> None:
        self.names = names
        self.asked: list[str] = []
        self.now = 100.0
        self.gate = threading.Event()
        self.gate.set()
        self.inside = 0
        self.most = 0
        self.lock = threading.Lock()

    def __call__(self, host: str) -> Iterable[Address]:
        with self.lock:
            self.asked.append(host)
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.gate.wait(20)
        with self.lock:
            self.inside -= 1
        found = self.names.get(host, [HERE])
        if isinstance(found, Exception):
            raise found
        return found

    def resolver(self, ttl: float = 60.0, negative_ttl: float = 10.0) -> Resolver:
        return Resolver(ttl, negative_ttl, self, lambda: self.now)


@pytest.fixture
def closed() -> Iterator[Callable[..., Names]]:
    """Names whose answers are held back until the test says otherwise, or ends."""
    made: list[Names] = []

    def make(**names: list[Address] | Exception) -> Names:
        made.append(Names(**names))
        made[-1].gate.clear()
        return made[-1]

    yield make
    for names in made:
        names.gate.set()


async def test_an_answer_is_believed_for_its_time() -> None:
    names = Names(a=[HERE, Address("127.0.0.2")])
    resolver = names.resolver(ttl=60.0)
    for _ in range(3):
        assert await resolver.resolve("a") == (HERE, Address("127.0.0.2"))
    names.now += 59.9
    await resolver.resolve("a")
    assert names.asked == ["a"]
    names.now += 0.1
    names.names["a"] = [Address("127.0.0.3")]
    assert await resolver.resolve("a") == (Address("127.0.0.3"),)
    assert names.asked == ["a", "a"]


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label too long")])
async def test_that_there_is_no_address_is_believed_for_a_while(error: OSError | UnicodeError) -> None:
    names = Names(a=error)
    resolver = names.resolver(negative_ttl=10.0)
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            await resolver.resolve("a")
        assert caught.value.args == error.args
        assert caught.value is not error, "one error raised by many would gather their tracebacks"
    assert names.asked == ["a"]
    names.now += 10.0
    names.names["a"] = [HERE]
    assert await resolver.resolve("a") == (HERE,)


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "later"), OSError(errno.EMFILE, "no file")])
async def test_what_may_pass_is_asked_again_at_once(error: OSError) -> None:
    names = Names(a=error)
    resolver = names.resolver()
    with pytest.raises(type(error)):
        await resolver.resolve("a")
    names.names["a"] = [HERE]
    assert await resolver.resolve("a") == (HERE,)


async def test_no_time_to_live_no_memory() -> None:
    names = Names()
    resolver = names.resolver(ttl=0.0)
    await resolver.resolve("a")
    await resolver.resolve("a")
    assert names.asked == ["a", "a"]


async def test_equal_look_ups_are_one(closed: Callable[..., Names]) -> None:
    names = closed()
    resolver = names.resolver()
    waiting = [asyncio.create_task(resolver.resolve("a")) for _ in range(20)]
    await asyncio.sleep(0.05)
    names.gate.set()
    assert await asyncio.gather(*waiting) == [(HERE,)] * 20
    assert names.asked == ["a"]


async def test_who_is_cancelled_leaves_the_others_waiting(closed: Callable[..., Names]) -> None:
    names = closed()
    resolver = names.resolver()
    first, second = (asyncio.create_task(resolver.resolve("a")) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0)
    names.gate.set()
    assert await second == (HERE,)
    assert first.cancelled()


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise(closed: Callable[..., Names]) -> None:
    names = closed(a=socket.gaierror(socket.EAI_NONAME, "unknown"))
    resolver = names.resolver()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolver.resolve("a")
    names.gate.set()
    with pytest.raises(socket.gaierror):
        await resolver.resolve("a")
    assert names.asked == ["a"]


async def test_few_look_ups_at_a_time_and_none_forgotten(closed: Callable[..., Names]) -> None:
    names = closed()
    resolver = names.resolver()
    waiting = [asyncio.create_task(resolver.resolve(f"host{number}")) for number in range(3 * THREADS)]
    await asyncio.sleep(0.1)
    assert len(names.asked) == THREADS
    names.gate.set()
    await asyncio.gather(*waiting)
    assert names.most == THREADS
    assert sorted(names.asked) == sorted(f"host{number}" for number in range(3 * THREADS))


async def test_without_a_thread_there_is_no_answer_and_later_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread:
        def __init__(self, **_: object) -> None: ...

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    names = Names()
    resolver = names.resolver()
    with monkeypatch.context() as patched:
        patched.setattr(crawler.net.resolver, "Thread", NoThread)
        asking = (resolver.resolve(f"host{number}") for number in range(3000))
        for error in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(error, OSError)
            assert error.errno == errno.EAGAIN
    assert await resolver.resolve("host0") == (HERE,)


async def test_the_loop_goes_on_while_the_resolver_hangs(closed: Callable[..., Names]) -> None:
    resolver = closed().resolver()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await resolver.resolve("a")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::1"])
async def test_an_address_is_looked_up_nowhere(host: str) -> None:
    names = Names()
    assert await names.resolver().resolve(host) == (Address(host),)
    assert names.asked == []


@pytest.mark.parametrize("host", ["host1", "1.example2"])
async def test_a_name_that_ends_like_an_address_is_none(host: str) -> None:
    names = Names()
    await names.resolver().resolve(host)
    assert names.asked == [host]


async def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten() -> None:
    names = Names()
    resolver = names.resolver()
    for number in range(MAX_NAMES + 5):
        resolver._busy += 1
        resolver._pending[f"host{number}"] = asyncio.get_running_loop().create_future()
        resolver._settle(f"host{number}", (HERE,))
    assert len(resolver._known) == MAX_NAMES
    await resolver.resolve("host5")
    assert names.asked == []
    await resolver.resolve("host4")
    assert names.asked == ["host4"]


def test_a_thread_that_answers_behind_the_end_of_the_loop_is_no_error() -> None:
    names = Names()
    names.gate.clear()

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await names.resolver().resolve("a")

    asyncio.run(leave())
    thread = next(thread for thread in threading.enumerate() if thread.name == "resolver of a")
    names.gate.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_resolver_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    code = (
        "import asyncio, time\n"
        "from crawler.net.resolver import Resolver\n"
        "async def main():\n"
        "    resolver = Resolver(1, 1, lambda host: time.sleep(60))\n"
        "    try:\n"
        "        async with asyncio.timeout(0.1): await resolver.resolve('a')\n"
        "    except TimeoutError: print('late')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert (done.stdout, done.stderr) == ("late\n", "")


def test_the_families_take_turns() -> None:
    """RFC 8305 section 4."""
    six, four = [Address(f"2001:db8::{n}") for n in (1, 2, 3)], [Address(f"192.0.2.{n}") for n in (1, 2)]
    assert list(interleaved([*six, *four])) == [six[0], four[0], six[1], four[1], six[2]]
    assert list(interleaved([four[0], *six, four[0]])) == [four[0], *six]
    assert list(interleaved([])) == []


def test_an_address_as_sockets_take_it() -> None:
    assert HERE.at(80) == ("127.0.0.1", 80)
    assert HERE.family == socket.AF_INET
    assert Address("fe80::1", 3).at(80) == ("fe80::1", 80, 0, 3)
    assert Address("fe80::1", 3).family == socket.AF_INET6


def test_the_machine_s_resolver_knows_this_machine() -> None:
    assert HERE in look_up_addresses("localhost")
    with pytest.raises(socket.gaierror) as caught:
        look_up_addresses("nosuchhost.invalid")
    assert isinstance(caught.value, OSError)
    with pytest.raises(UnicodeError) as odd:
        look_up_addresses("x" * 64 + ".test")
    assert is_unknown(odd.value)


def test_without_a_descriptor_nothing_is_known_of_a_name() -> None:
    """glibc says of any name that it does not exist; that must not be believed."""
    with pytest.raises(socket.gaierror):
        look_up_addresses("nosuchhost.invalid")  # what is loaded for the first look-up is here
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        with pytest.raises(OSError, match="file") as caught:
            look_up_addresses("nosuchhost.invalid")
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.errno == errno.EMFILE
