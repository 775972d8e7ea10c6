"""Crawls hostile cases, each on its own loopback address, and says what came out wrong."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.command import Ended, Row, files_of, rows, run, settings
from tests.hostile.case import ABSENT, Case, filled
from tests.toysite import Asked, ToySite

PATIENCE: Final = 60.0
SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "fetch": {
        "connect_timeout": "2s",
        "read_timeout": "1s",
        "total_timeout": "3s",
        "max_retries": 1,
        "retry_wait": "0.05s",
        "max_retry_wait": "0.2s",
        "max_body": 4_000_000,
        "max_redirects": 6,
    },
    "politeness": {"max_crawl_delay": "0.1s", "max_retry_after": "0.3s", "give_up_after": "10s"},
    "concurrency": {"total": 64, "per_host": 1},
}
"""Short times; one request at a time to a host, so that what spoils a connection meets the page behind it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Cases that one crawl meets together."""

    name: str
    cases: tuple[Case, ...]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl of cases came to; `hosts` are their addresses, `asked` what came to each."""

    folder: Path
    ended: Ended
    elapsed: float
    port: int
    hosts: Mapping[str, str]
    rows: Mapping[str, Row]
    asked: Mapping[str, Sequence[Asked]]
    elsewhere: Sequence[str]


def crawl(theme: Theme, folder: Path) -> Crawled:
    """One crawl from the start pages of all cases, by the command, to its end."""
    return asyncio.run(_crawl(theme, folder))


async def _crawl(theme: Theme, folder: Path) -> Crawled:
    assert len({case.name for case in theme.cases}) == len(theme.cases)
    hosts = {case.name: f"127.9.{n // 250}.{n % 250 + 1}" for n, case in enumerate(theme.cases)}
    greetings = {hosts[case.name]: case.greeting for case in theme.cases if case.greeting}
    async with ToySite(addresses=list(hosts.values()), greetings=greetings) as site, ToySite() as elsewhere:
        for case in theme.cases:
            host = hosts[case.name]
            words = {"ELSEWHERE": f"127.0.0.1:{elsewhere.port}", "HERE": f"{host}:{site.port}"}
            site.pages |= {f"{host}{path}": filled(answer, words) for path, answer in case.site().items()}
        chosen = {
            name: {**SETTINGS.get(name, {}), **theme.settings.get(name, {})} for name in SETTINGS | theme.settings
        }
        starts = [site.at("/", host) for host in hosts.values()]
        began = time.monotonic()
        ended = await run(
            *("crawl", *starts, "--output", folder / "out", *settings(folder, **chosen)), patience=PATIENCE
        )
        elapsed = time.monotonic() - began
        asked = {
            name: [one for one in site.requests if one.host == f"{host}:{site.port}"] for name, host in hosts.items()
        }
        strangers = [one.host + one.target for one in site.requests if one.host.partition(":")[0] not in hosts.values()]
        found = {row["url"]: row for row in await rows(folder / "out")}
        return Crawled(folder, ended, elapsed, site.port, hosts, found, asked, strangers + elsewhere.targets())


def wrong_with(case: Case, crawled: Crawled) -> list[str]:
    """What is not as the case says it must be."""
    origin = f"http://{crawled.hosts[case.name]}:{crawled.port}"
    known = {url.removeprefix(origin): row for url, row in crawled.rows.items() if url.startswith(f"{origin}/")}
    asked = crawled.asked[case.name]
    return [
        *_wrong_ends(case, {**crawled.rows, **known}),
        *_wrong_files(case, known, crawled.folder),
        *_wrong_requests(case, asked),
    ]


def _wrong_ends(case: Case, known: Mapping[str, Row]) -> Iterator[str]:
    for path, ends in case.ends.items():
        if (end := _end(known.get(path))) not in ends:
            yield f"{path} is {end!r} ({known.get(path, {}).get('detail')}), not {' or '.join(ends)}"


def _wrong_files(case: Case, known: Mapping[str, Row], folder: Path) -> Iterator[str]:
    for path, content in case.kept().items():
        yield from _wrong_file(path, known.get(path), content, folder)
    if case.echo:
        for path, row in known.items():
            if row["kind"] != "robots" and path not in ("/", *case.ends, *case.kept()):
                yield from _wrong_file(path, row, path.encode(), folder)
    kept = sum(row["state"] == "saved" for row in known.values())
    if kept < case.saved:
        yield f"{kept} pages are saved, not {case.saved}"
    queued = [path for path, row in known.items() if row["state"] not in _OVER]
    if queued:
        yield f"not over: {queued}"


_OVER: Final = frozenset({"saved", "read", "redirected", "rejected", "refused", "skipped", "failed"})


def _wrong_file(path: str, row: Row | None, content: bytes, folder: Path) -> Iterator[str]:
    if _end(row) != "saved" or row is None:
        yield f"{path} is {_end(row)!r}, not saved"
    elif (held := (folder / "out" / row["path"]).read_bytes()) != content:
        yield f"{path} holds {held[:60]!r} ({len(held)} bytes), not {content[:60]!r} ({len(content)})"


def _wrong_requests(case: Case, asked: Sequence[Asked]) -> Iterator[str]:
    for one in asked:
        if one.target.startswith(case.never) and case.never:
            yield f"{one.target} was asked for"
        if not _is_sound(one):
            yield f"not a request that may be sent: {one}"
    for target, times in Counter(one.target for one in asked).items():
        if times > case.most:
            yield f"{target} was asked for {times} times, more than {case.most}"
    if case.total is not None and len(asked) > case.total:
        yield f"{len(asked)} requests, more than {case.total}"
    if case.objects is not None and (objection := case.objects(asked)):
        yield f"the requests: {objection}"


def _is_sound(asked: Asked) -> bool:
    """Whether nothing of a page came into the request as it stood: blanks, controls, bytes beyond ASCII."""
    texts = (asked.target, *asked.headers, *asked.headers.values())
    return "#" not in asked.target and all(text.isascii() and text.isprintable() for text in texts)


def _end(row: Row | None) -> str:
    return ABSENT if row is None else f"{row['state']} {row['error'] or ''}".rstrip()


def wrong_with_all(crawled: Crawled) -> list[str]:
    """What no case may do to the crawl as a whole."""
    return [*_wrong_end(crawled), *_wrong_folder(crawled)]


def _wrong_end(crawled: Crawled) -> Iterator[str]:
    path = crawled.folder / "out" / "crawl.log"
    if not path.exists():
        yield f"it did not begin: {crawled.ended.said}"
        return
    log = path.read_text(encoding="utf-8", errors="surrogateescape")
    has_kept = any(row["state"] == "saved" and row["kind"] != "robots" for row in crawled.rows.values())
    if crawled.ended.status != (0 if has_kept else 1):
        yield f"the exit status is {crawled.ended.status}"
    for where, said in (("what was said", crawled.ended.out + crawled.ended.err), ("crawl.log", log)):
        if "Traceback" in said:
            yield f"a traceback in {where}: {said[said.index('Traceback') :][-600:]}"
        if controls := {letter for letter in said if letter != "\n" and not letter.isprintable()}:
            yield f"in {where}: {controls}"
    if crashed := [url for url, row in crawled.rows.items() if row["error"] == "crash"]:
        yield f"crashed: {crashed}"
    if crawled.elsewhere:
        yield f"asked elsewhere: {crawled.elsewhere}"


def _wrong_folder(crawled: Crawled) -> Iterator[str]:
    out = crawled.folder / "out"
    with closing(sqlite3.connect(out / "crawl.sqlite")) as database:
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            yield "the database is damaged"
    saved = [row for row in crawled.rows.values() if row["state"] == "saved"]
    for row in saved:
        content = (out / row["path"]).read_bytes()
        if (len(content), sha256(content).hexdigest()) != (row["bytes"], row["sha256"]):
            yield f"the file is not what its record says: {row}"
    if files_of(out) != {row["path"] for row in saved}:
        yield f"files and records differ: {files_of(out) ^ {row['path'] for row in saved}}"
    if beside := {entry.name for entry in crawled.folder.iterdir()} - {"out", "settings.toml"}:
        yield f"outside of the folder: {beside}"
    if left := [str(entry) for entry in out.rglob("*") if entry.is_symlink() or entry.parent.name == ".tmp"]:
        yield f"left over: {left}"
