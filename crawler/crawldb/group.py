"""What is collected for one transaction of the frontier, and what comes of it; it does nothing itself."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from crawler.model import URL, Event
from crawler.web.cookies import Cookie


@dataclass(slots=True)
class Operation:
    """One call at the frontier, and the future its caller waits on."""

    name: str
    arguments: tuple[Any, ...]
    future: asyncio.Future[Any]


@dataclass(slots=True)
class Group:
    """What one transaction did: results to hand out, events to tell, and when to look again.

    `trash` are files to remove, `cookies` those that changed, `roots` where start URLs turned out to live.
    """

    results: list[tuple[asyncio.Future[Any], Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    trash: list[str] = field(default_factory=list)
    cookies: list[Cookie] = field(default_factory=list)
    roots: list[URL] = field(default_factory=list)
    next_due: float | None = None

    def look_at(self, moment: float | None) -> None:
        """Look again at that moment, where not before."""
        if moment is not None:
            self.next_due = moment if self.next_due is None else min(self.next_due, moment)
