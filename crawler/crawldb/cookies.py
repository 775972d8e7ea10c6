"""The crawl's cookies: what answers set, kept in a jar for the next requests and in rows for the next run.

What a cookie is and who gets it, `web.cookies` knows.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any, Final

from crawler.web.cookies import Cookie, Jar
from crawler.web.url import URL

_COLUMNS: Final = "name, value, domain, host_only, path, expires_at, secure, http_only, created_at, from_secure"
SELECT: Final = f"SELECT {_COLUMNS} FROM cookies ORDER BY id"
_KEEP: Final = (
    f"INSERT INTO cookies ({_COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (domain, name, path, host_only) DO UPDATE SET"
    " value = excluded.value, expires_at = excluded.expires_at, secure = excluded.secure,"
    " http_only = excluded.http_only, created_at = excluded.created_at, from_secure = excluded.from_secure"
)
_DROP: Final = "DELETE FROM cookies WHERE domain = ? AND name = ? AND path = ? AND host_only = ?"


def cookie_of(row: tuple[Any, ...]) -> Cookie:
    """The cookie of a row that `SELECT` gave."""
    name, value, domain, host_only, path, expires_at, secure, http_only, created_at, from_secure = row
    flags = bool(secure), bool(http_only), created_at, bool(from_secure)
    return Cookie(name, value, domain, bool(host_only), path, expires_at, *flags)


class CookieRows:
    """The table `cookies` behind a jar; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, jar: Jar, now: float) -> None:
        self._sql = sql
        self._jar = jar
        self._news: list[Cookie] = []
        sql.execute("DELETE FROM cookies WHERE expires_at <= ?", (now,))
        for row in sql.execute(SELECT).fetchall():
            jar.store(cookie_of(row), now)

    def keep(self, cookies: Iterable[Cookie], now: float) -> bool:
        """Store what an answer set, or delete what it took back; whether that changed anything."""
        changes = [change for cookie in cookies for change in self._jar.store(cookie, now)]
        for change in changes:
            if change.is_expired(now):
                self._sql.execute(_DROP, (change.domain, change.name, change.path, change.host_only))
            else:
                self._sql.execute(_KEEP, astuple(change))
        self._news += changes
        return bool(changes)

    def go_to(self, url: URL, now: float) -> bool:
        """Whether a request for this URL has cookies."""
        return self._jar.header(url, now) is not None

    def news(self) -> list[Cookie]:
        """What has changed since this was last asked, as `Jar.store` tells it."""
        news, self._news = self._news, []
        return news
