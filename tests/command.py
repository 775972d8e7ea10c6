"""The crawler as a person runs it: `python -m crawler ...` in a process of its own, and what it leaves behind."""

import asyncio
import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent
PATIENCE = 60.0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit status (negative: the signal that ended it) and all it said."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, for the message of a failed test."""
        return f"status {self.status}\n{self.out}\n{self.err}"


async def start(*arguments: object) -> asyncio.subprocess.Process:
    """A command under way."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "crawler", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
    )


async def end(process: asyncio.subprocess.Process, patience: float = PATIENCE) -> Ended:
    """The command at its end; one that does not end within `patience` seconds is killed, and fails the test."""
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"not over after {patience} s:\n{out.decode()}\n{err.decode()}") from None
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def run(*arguments: object, patience: float = PATIENCE) -> Ended:
    """A command from its start to its end."""
    return await end(await start(*arguments), patience)


async def crawl(url: str, folder: Path, *flags: object, patience: float = PATIENCE) -> Ended:
    """`crawler crawl URL -o FOLDER`, which is to end with status 0."""
    ended = await run("crawl", url, "--output", folder, *flags, patience=patience)
    assert ended.status == 0, ended.said
    assert "Traceback" not in ended.said
    return ended


async def rows(folder: Path, *flags: object) -> list[Row]:
    """What `crawler export --format jsonl` says."""
    ended = await run("export", folder, "--format", "jsonl", *flags)
    assert ended.status == 0, ended.said
    return [json.loads(line) for line in ended.out.splitlines()]


async def known(folder: Path) -> dict[str, Row]:
    """Every known URL with its row; robots.txt left out."""
    return {row["url"]: row for row in await rows(folder) if row["kind"] != "robots"}


def by_path(known_rows: Mapping[str, Row]) -> dict[str, Row]:
    """The same by path and query alone, for a site of one host."""
    return {"/" + url.split("/", 3)[3]: row for url, row in known_rows.items()}


async def check_folder(folder: Path) -> None:
    """What holds of a crawl that is not running: whole database, a file for every saved row, a row for every file."""
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    saved = [row for row in await rows(folder) if row["state"] == "saved"]
    for row in saved:
        content = (folder / row["path"]).read_bytes()
        assert len(content) == row["bytes"], row
        assert hashlib.sha256(content).hexdigest() == row["sha256"], row
    assert files_of(folder) == {row["path"] for row in saved}


def files_of(folder: Path) -> set[str]:
    """The documents kept, relative to the output folder."""
    kept = [file for kind in ("pages", "images") for file in (folder / kind).rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)) for file in kept}


def settings(folder: Path, **sections: Mapping[str, object]) -> list[object]:
    """The flags that hand these settings over in a TOML file: `settings(tmp, fetch={"max_retries": 0})`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "settings.toml"
    lines = []
    for section, keys in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    file.write_text("\n".join(lines), encoding="utf-8")
    return ["--config", file]
