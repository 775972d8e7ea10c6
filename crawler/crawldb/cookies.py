"""The crawl's cookies: what answers set, kept in a jar for the next requests and in rows for the next run.

What a cookie is and who gets it, `web.cookies` knows.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple
from typing import Final

from crawler.web.cookies import Cookie, Jar

_KEEP: Final = (
    "INSERT INTO cookies (name, value, domain, host_only, path, expires_at, secure, http_only, created_at, from_secure)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (domain, name, path, host_only) DO UPDATE SET"
    " value = excluded.value, expires_at = excluded.expires_at, secure = excluded.secure,"
    " http_only = excluded.http_only, created_at = excluded.created_at, from_secure = excluded.from_secure"
)
_DROP: Final = "DELETE FROM cookies WHERE domain = ? AND name = ? AND path = ? AND host_only = ?"


class CookieRows:
    """The table `cookies` behind a jar; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, jar: Jar, now: float) -> None:
        self._sql = sql
        self._jar = jar
        sql.execute("DELETE FROM cookies WHERE expires_at <= ?", (now,))
        columns = "name, value, domain, host_only, path, expires_at, secure, http_only, created_at, from_secure"
        for row in sql.execute(f"SELECT {columns} FROM cookies ORDER BY id").fetchall():
            name, value, domain, host_only, path, expires_at, secure, http_only, created_at, from_secure = row
            flags = bool(secure), bool(http_only), created_at, bool(from_secure)
            jar.store(Cookie(name, value, domain, bool(host_only), path, expires_at, *flags), now)

    def keep(self, cookies: Iterable[Cookie], now: float) -> bool:
        """Store what an answer set, or delete what it took back; whether that changed anything."""
        changes = [change for cookie in cookies for change in self._jar.store(cookie, now)]
        for change in changes:
            if change.is_expired(now):
                self._sql.execute(_DROP, (change.domain, change.name, change.path, change.host_only))
            else:
                self._sql.execute(_KEEP, astuple(change))
        return bool(changes)
