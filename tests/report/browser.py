"""A real headless Chromium, spoken to over a pipe by its DevTools protocol: JSON messages, each ended by a zero byte.

It is ended by its own process id, and reaches no host but this one. Where it is not installed, tests skip on a person's
machine and fail in CI.
"""

import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import program

PATIENCE = 30.0
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-extensions", "--mute-audio", "--window-size=1000,800", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class Browser:
    """The browser's end of the pipe, and all that it has told so far."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number = 0
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str | None = None, /, **values: Any) -> Any:
        """The result of a command; an error of the protocol fails the test."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": values}
        if session is not None:
            message["sessionId"] = session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            told = self._next(until)
            if told is None:
                raise AssertionError(f"no answer to {method} within {PATIENCE} s")
            if told.get("id") == self._number:
                assert "error" not in told, told["error"]
                return told["result"]
            self.events.append(told)

    def _next(self, until: float) -> dict[str, Any] | None:
        while b"\0" not in self._rest:
            if not select.select([self._reading], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            piece = os.read(self._reading, 1 << 20)
            assert piece, "the browser is gone"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told


class Tab:
    """One page in the browser, and what it did."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.ask("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self._since = len(browser.events)

    def ask(self, method: str, /, **values: Any) -> Any:
        """A command to this page."""
        return self._browser.ask(method, self._session, **values)

    def open(self, file: Path) -> None:
        """Load a file; returns once it is there with all it needs."""
        self.ask("Page.navigate", url=file.as_uri())
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def run(self, script: str) -> Any:
        """The value of an expression; one that throws fails the test."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, script: str) -> None:
        """Returns as soon as an expression is true."""
        until = time.monotonic() + PATIENCE
        while not self.run(f"!!({script})"):
            assert time.monotonic() < until, f"never true: {script}"

    def press(self, key: str, code: int, text: str = "") -> None:
        """A key as a person presses it."""
        values = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = "keyDown" if text else "rawKeyDown"
        self.ask("Input.dispatchKeyEvent", type=down, **({"text": text} if text else {}), **values)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **values)

    def write(self, text: str) -> None:
        """What a person types into what has the focus."""
        self.ask("Input.insertText", text=text)

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """The events of these kinds since the page was opened."""
        self.run("0")  # what was told before the answer has come
        mine = (event for event in self._browser.events[self._since :] if event.get("sessionId") == self._session)
        return [event["params"] for event in mine if event["method"] in methods]

    def requests(self) -> list[str]:
        """The addresses of all that was asked for, but for those that hold their contents themselves."""
        urls = [event["request"]["url"] for event in self.told("Network.requestWillBeSent")]
        return [url for url in urls if not url.startswith("data:")]

    def complaints(self) -> list[Any]:
        """Errors and warnings of scripts, of the policy, of the network."""
        said = [*self.told("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")]
        return [*said, *self.told("Page.javascriptDialogOpening")]

    def close(self) -> None:
        self._browser.ask("Target.closeTarget", targetId=self._target)


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in `folder`."""
    command = [program("chromium", "chromium-browser", "google-chrome"), *FLAGS, f"--user-data-dir={folder}"]
    hears, commands = _pipe()  # what the browser hears on its descriptor 3
    answers, tells = _pipe()  # what it tells on 4
    log = os.open(folder / "chromium.log", os.O_WRONLY | os.O_CREAT, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    actions = [(null, 0), (log, 1), (log, 2), (hears, 3), (tells, 4)]
    pid = os.posix_spawn(
        command[0],
        command,
        {**os.environ, "HOME": str(folder)},
        file_actions=[(os.POSIX_SPAWN_DUP2, old, new) for old, new in actions],
        setpgroup=0,
    )
    for descriptor in (hears, tells, log, null):
        os.close(descriptor)
    try:
        yield Browser(answers, commands)
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(answers)
        os.close(commands)


def _pipe() -> tuple[int, int]:
    """A pipe's reading and writing end, clear of the numbers that the browser wants them to have."""
    low = os.pipe()
    reading, writing = (fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10) for descriptor in low)
    for descriptor in low:
        os.close(descriptor)
    return reading, writing
