"""A frontier over a database in a temporary folder, with a clock that only the test moves."""

import hashlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.crawldb.remote import RemoteFrontier, take_call
from crawler.crawldb.requeue import Begun
from crawler.crawldb.serve import Line, Switchboard
from crawler.crawldb.wire import Wire
from crawler.errors import StoreError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.interfaces import Frontier
from crawler.model import URL, Event, Found, Kind, Link, Outcome, Reference, Saved, Verdict, Visit
from crawler.settings import Settings
from crawler.web.cookies import Jar


class Far:
    """The same frontier as a worker process sees it; what a worker may not ask is asked directly."""

    def __init__(self, near: SqliteFrontier, remote: RemoteFrontier) -> None:
        self._near = near
        self._remote = remote

    def __getattr__(self, name: str) -> Any:
        return getattr(self._remote if hasattr(Frontier, name) or name == "claim" else self._near, name)


class NoCrawl:
    """A crawl that hears what the parent tells."""

    def __init__(self) -> None:
        self.roots: list[URL] = []
        self.reasons: list[str] = []

    def stop(self, reason: str, detail: str | None = None) -> None:
        self.reasons.append(reason)

    def widen(self, url: URL) -> None:
        self.roots.append(url)


def fail_to_clean(begun: Begun) -> None:
    """Stands for a kill at this moment, too: what the transaction has changed is undone."""
    raise StoreError("no room")


class Desk:
    """A frontier as a test sees it: opened, crashed and opened again at will."""

    def __init__(self, folder: Path, *, is_far: bool = False) -> None:
        self.folder = folder
        self.is_far = is_far
        self.stopped: list[str] = []
        self.cleared: list[tuple[str, list[URL], list[str]]] = []
        self.now = 1_000_000.0
        self.events: list[Event] = []
        self.jar = Jar()
        self.discarded: list[str] = []
        self.begun = Begun(0, [], [], [])
        self.clean_with: Callable[[Begun], None] | None = None
        self.discard_with: Callable[[Sequence[str]], Awaitable[None]] | None = None
        self._open: list[tuple[SqliteFrontier, Database]] = []
        self._wires: list[Wire] = []

    async def open(self, **sections: dict[str, Any]) -> SqliteFrontier:
        sections.setdefault("politeness", {}).setdefault("robots", False)
        settings = Settings()
        for name, values in sections.items():
            if name != "hosts":
                settings = replace(settings, **{name: replace(getattr(settings, name), **values)})
        database = Database(self.folder)
        pace = Pace(
            settings.concurrency,
            settings.politeness,
            settings.fetch,
            settings.scope,
            sections.get("hosts", {}),
            lambda: 1.0,
        )
        try:
            frontier = SqliteFrontier(
                database, pace, settings, self.jar, lambda: self.now, self.events.append, self.discard, self.clean
            )
        except BaseException:
            database.close()
            raise
        self._open.append((frontier, database))
        if not self.is_far:
            return frontier
        self.board = Switchboard(frontier, self.jar, lambda event: None, lambda name, alone: b"", self.clear)
        return cast(SqliteFrontier, Far(frontier, (await self.dial())[1]))

    async def dial(self, *, alone: bool = False) -> tuple[Line, RemoteFrontier, Jar, NoCrawl]:
        """A worker process's line to the frontier, both ends in this one."""
        ours, theirs = socket.socketpair()
        line = await self.board.connect(ours, lambda word, detail: self.stopped.append(word), alone)
        jar, crawl = Jar(), NoCrawl()
        wire, _ = await take_call(theirs, lambda: None)
        self._wires.append(wire)
        remote = RemoteFrontier(wire, jar, lambda: self.now)
        remote.attend(crawl)
        return line, remote, jar, crawl

    async def clear(self, name: str, urls: Sequence[URL], names: Sequence[str]) -> None:
        self.cleared.append((name, list(urls), list(names)))

    def trace(self, tell: Callable[[str], None]) -> None:
        """Tell of each statement from now on, in the thread that runs it."""
        self._open[-1][1].sql.set_trace_callback(tell)

    def clean(self, begun: Begun) -> None:
        self.begun = begun
        if self.clean_with is not None:
            self.clean_with(begun)

    async def discard(self, paths: Sequence[str]) -> None:
        self.discarded += paths
        if self.discard_with is not None:
            await self.discard_with(paths)

    async def close(self) -> None:
        while self._wires:
            await self._wires.pop().close()
        while self._open:
            frontier, database = self._open.pop()
            await frontier.close()
            database.close()

    def break_it(self) -> None:
        """The database file is gone from under the frontier."""
        self._open[-1][1].sql.close()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """What another reader of the database sees."""
        return self._open[-1][1].sql.execute(statement).fetchall()

    def execute(self, *statements: str) -> None:
        """Change the database from under the frontier."""
        for statement in statements:
            self._open[-1][1].sql.execute(statement)

    async def pass_time(self, frontier: SqliteFrontier, seconds: float) -> None:
        """Move the clock, and let the frontier notice."""
        self.now += seconds
        await frontier.add([])


def link(text: str, kind: Kind = Kind.PAGE, depth: int = 0, parent: str | None = None) -> Link:
    return Link(URL(text), kind, depth, 0, URL(parent) if parent else None)


def found(visit: Visit, *texts: str, kind: Kind = Kind.PAGE, refused: str | None = None) -> list[Found]:
    """References of a visited page."""
    references = [Reference(URL(text), kind, "a", "href", {"href": text}, text) for text in texts]
    return [Found(reference, visit.link.child(reference), refused) for reference in references]


def head(status: int = 200) -> ResponseHead:
    return ResponseHead((1, 1), status, "", Headers([]), b"HTTP/1.1 200 OK\r\n\r\n")


def saved(visit: Visit, desk: Desk, *links: Found, size: int = 10) -> Outcome:
    kept = Saved(f"pages{visit.link.url.path}", "text/html", size, "00" * 32)
    return Outcome(Verdict.SAVED, head=head(), saved=kept, found=links, asked_at=desk.now)


def picture(
    visit: Visit, content: str, desk: Desk, path: str = "", *, size: int = 10, pixels: int = 1, **more: Any
) -> Outcome:
    """An image is kept at its own path, or at this one; `content` stands for its bytes."""
    kept = Saved(path or own_path(visit), "image/png", size, sha256(content), width=pixels, height=1, **more)
    return Outcome(Verdict.SAVED, head=head(), saved=kept, asked_at=desk.now, size=size)


def duplicate(visit: Visit, content: str, path: str, desk: Desk, *, size: int = 10) -> Outcome:
    """An image is kept already, at this path."""
    kept = Saved(path, "image/png", size, sha256(content), is_duplicate=True)
    return Outcome(Verdict.REJECTED, error="duplicate", head=head(), saved=kept, asked_at=desk.now, size=size)


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def own_path(visit: Visit) -> str:
    return f"images/{visit.link.url.host}{visit.link.url.path}"


def failed(word: str, desk: Desk, *, asked: bool = False, retry_in: float | None = None) -> Outcome:
    return Outcome(Verdict.FAILED, error=word, detail=word, asked_at=desk.now if asked else None, retry_in=retry_in)


def rejected(status: int, desk: Desk, **more: Any) -> Outcome:
    return Outcome(Verdict.REJECTED, error="status", head=head(status), asked_at=desk.now, **more)
