"""A frontier over a database in a temporary folder, with a clock that only the test moves."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Event, Found, Kind, Link, Outcome, Reference, Saved, Verdict, Visit
from crawler.settings import Settings
from crawler.web.cookies import Jar


class Desk:
    """A frontier as a test sees it: opened, crashed and opened again at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.events: list[Event] = []
        self.jar = Jar()
        self.discarded: list[str] = []
        self._open: list[tuple[SqliteFrontier, Database]] = []

    async def open(self, **sections: dict[str, Any]) -> SqliteFrontier:
        sections.setdefault("politeness", {}).setdefault("robots", False)
        settings = Settings()
        for name, values in sections.items():
            if name != "hosts":
                settings = replace(settings, **{name: replace(getattr(settings, name), **values)})
        database = Database(self.folder)
        pace = Pace(settings.concurrency, settings.politeness, settings.fetch, settings.scope, sections.get("hosts", {}), lambda: 1.0)
        frontier = SqliteFrontier(
            database, pace, settings, self.jar, lambda: self.now, self.events.append, self.discard
        )
        self._open.append((frontier, database))
        return frontier

    async def discard(self, paths: Sequence[str]) -> None:
        self.discarded += paths

    async def close(self) -> None:
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


def failed(word: str, desk: Desk, *, asked: bool = False, retry_in: float | None = None) -> Outcome:
    return Outcome(Verdict.FAILED, error=word, detail=word, asked_at=desk.now if asked else None, retry_in=retry_in)


def rejected(status: int, desk: Desk, **more: Any) -> Outcome:
    return Outcome(Verdict.REJECTED, error="status", head=head(status), asked_at=desk.now, **more)
