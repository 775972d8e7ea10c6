"""The program of a child process: takes jobs from the socket that is its standard input, and answers there.

It knows nothing of what the jobs do. It is run by its path and imports nothing of the crawler, so that a child costs no
more than an interpreter until a job needs more. Each message is its length in eight bytes, then an order as a pickle,
or an answer as JSON: whatever a job has made of this process, all that its parent takes from it is plain values.
"""

import json
import os
import pickle
import resource
import signal
import sys
from contextlib import suppress
from typing import BinaryIO, Final

HEAD: Final = 8
"""Bytes of a message's length."""

OUT_OF_MEMORY: Final = 13
"""The exit status of a child whose job wanted more memory than it may have."""

GRACE: Final = 5.0
"""Seconds beyond its time limit after which a job ends without its parent, which would have ended it in time."""

MAX_TEXT: Final = 5_000
MAX_TRACE: Final = 20_000
"""Characters of what is told of a failure, and of its traceback."""

ERRORS: Final = "crawler.errors"
"""The module whose errors are expected ones."""


def main() -> None:  # pragma: no cover - in a process of its own
    """Serve until the parent hangs up; the argument is how many bytes of address space the process may have."""
    line = _take_line()
    _die_with_parent()
    _limit(resource.RLIMIT_AS, int(sys.argv[1]))
    _limit(resource.RLIMIT_CORE, 0)
    # The parent decides when a child ends: Ctrl-C, or a signal to all that runs here, lets it finish its job.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    status = 1
    try:
        # Left open: it has to be the end of the process, with its status known, that closes the socket.
        orders = os.fdopen(line, "rb", closefd=False)
        sys.path[:] = pickle.loads(_read(orders) or b"")
        _write(line, _packed("returned", None))
        serve(orders, line)
        status = 0
    except MemoryError:
        status = OUT_OF_MEMORY
    finally:
        os._exit(status)  # a thread that a job has left behind holds nothing up


def serve(orders: BinaryIO, answers: int) -> None:
    """Do jobs until there are no more; `MemoryError` where one wanted too much memory."""
    while (order := _read(orders)) is not None:
        _write(answers, answer(order))


def answer(order: bytes) -> bytes:
    """What a job came to, packed: what it "returned"; or the name, text and trace of what it "raised".

    Where that is an error that nobody expects, it has "failed".
    """
    try:
        timeout, job, arguments = pickle.loads(order)
        signal.setitimer(signal.ITIMER_REAL, timeout + GRACE)
        return _packed("returned", job(*arguments))
    except MemoryError:
        raise
    except BaseException as error:
        return _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _failure(error: BaseException) -> bytes:
    import traceback

    kind = type(error)
    text = str(error)[:MAX_TEXT]
    trace = "".join(traceback.format_exception(error))[-MAX_TRACE:]
    return _packed("raised" if kind.__module__ == ERRORS else "failed", (kind.__name__, text, trace))


def _packed(word: str, value: object) -> bytes:
    return json.dumps((word, value)).encode()


def _read(orders: BinaryIO) -> bytes | None:
    """The next message, None where there is none, or not the whole of it."""
    head = orders.read(HEAD)
    if len(head) < HEAD:
        return None
    message = orders.read(size := int.from_bytes(head, "big"))
    return message if len(message) == size else None


def _write(answers: int, message: bytes) -> None:
    left = memoryview(len(message).to_bytes(HEAD, "big") + message)
    while left:
        left = left[os.write(answers, left) :]


def _take_line() -> int:  # pragma: no cover - in a process of its own
    """The socket, out of reach of a job that reads its standard input."""
    line = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return line


def _limit(what: int, most: int) -> None:  # pragma: no cover - in a process of its own
    """Lower a limit of this process, also for what may raise it; some systems know not all."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (most, most))


def _die_with_parent() -> None:  # pragma: no cover - in a process of its own
    """Have the kernel kill this process when its parent dies, in the middle of a job as well.

    Where it cannot, the job ends after its time limit, and the process with it.
    """
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


if __name__ == "__main__":  # pragma: no cover - in a process of its own
    main()
