"""Jobs for child processes, good and bad; this module imports nothing of the crawler before one of them needs it."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


def add(one: int, other: int) -> int:
    return one + other


def pid() -> int:
    return os.getpid()


def pid_after_work() -> int:
    """The same, but not so soon that the answer is there before its caller has waited for it."""
    sum(range(1_000_000))
    return os.getpid()


def session() -> int:
    return os.getsid(0)


def modules() -> list[str]:
    return sorted(sys.modules)


def limits() -> tuple[tuple[int, int], tuple[int, int]]:
    return resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CORE)


def spin(started: str) -> None:
    """Tell so, in a pipe that somebody reads, then never end."""
    Path(started).write_text(str(os.getpid()))
    while True:
        pass


def spawn(started: str) -> None:
    """Start another process, tell which, then never end."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        Path(started).write_text(str(process.pid))


def kill_self(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(1000)


def survive(*numbers: int) -> str:
    for number in numbers:
        os.kill(os.getpid(), number)
    return "alive"


def exit_with(status: int) -> None:
    os._exit(status)


def leave() -> None:
    sys.exit("I have had enough")


def eat() -> None:
    food = []
    while True:
        food.append(bytearray(1 << 20))


def eat_in_one_bite(size: int) -> int:
    return len(bytes(size))


def chatter() -> str:
    """Write where a program usually does, read where it usually does."""
    print("noise " * 10_000, flush=True)
    print("noise " * 10_000, file=sys.stderr, flush=True)
    for descriptor in (1, 2):
        os.write(descriptor, b"noise")
    return sys.stdin.read()


def echo(value: Any) -> Any:
    return value


def big(size: int) -> str:
    return size * " "


def fail(text: str) -> None:
    raise ValueError(text)


def fail_as_expected(text: str) -> None:
    from crawler.errors import StoreError

    raise StoreError(text)


def fail_as_odd() -> None:
    from crawler.errors import CrawlError

    class OddError(CrawlError):
        pass

    raise OddError("a class that nobody else can find")


def unsendable() -> Callable[[], int]:
    return lambda: 1


def say(message: bytes) -> None:
    """Answer in place of the program that runs the job, as a document that has taken the process over would."""
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(one.readlink()).startswith("socket:"):
                os.write(int(one.name), len(message).to_bytes(8, "big") + message)
    time.sleep(1000)


def leave_a_thread_behind() -> None:
    import threading

    threading.Thread(target=time.sleep, args=(1000,)).start()


def alarm_in() -> float:
    return signal.getitimer(signal.ITIMER_REAL)[0]
