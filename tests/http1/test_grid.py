"""Plain answers with one byte inserted, removed, or cut off there: judged as curl, Chromium and Firefox judge them.

`DECIDED` holds an example of each kind of such answers on which curl 7.88, Chromium 156 and Firefox ESR 153 agree;
`UNSAFE` those where they agree and ours refuses all the same. Where a curl is installed, the grid is asked of it: each
difference must be of a named kind.

`python -m tests.http1.test_grid` does the same and prints how often each kind occurs.
"""

import asyncio
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crawler.errors import CrawlError
from crawler.http1.events import Data, ResponseHead
from crawler.http1.parser import ResponseParser

CURL = shutil.which("curl")
BATCH = 300

LENGTH = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 5\r\nETag: b\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: a\r\n\r\n"
    b"5\r\nhello\r\n10;a=b\r\n world, 012345\r\n\r\n0\r\nC: d\r\n\r\n"
)
CLOSE = b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\nhello"
INSERTED = [bytes([byte]) for byte in b'\0\x01\t\n\x0b\x0c\r ,"-/019:;AxZ_\x7f\x80\xff']

Verdict = tuple[int, bytes] | None
"""Status and body of what is whole, None where it is refused."""

HELLO: Verdict = (200, b"hello")
WORLD: Verdict = (200, b"hello world, 012345\r\n")
GONE: Verdict = (404, b"hello")


def changed(base: bytes, old: bytes, new: bytes) -> bytes:
    assert base.count(old) == 1
    return base.replace(old, new)


DECIDED: dict[str, tuple[bytes, Verdict]] = {
    "nothing changed, length": (LENGTH, HELLO),
    "nothing changed, chunked": (CHUNKED, WORLD),
    "nothing changed, until close": (CLOSE, GONE),
    "two blanks behind the version": (changed(LENGTH, b"1.1 ", b"1.1  "), HELLO),
    "CR in front of the code": (changed(LENGTH, b"1.1 ", b"1.1 \r"), HELLO),
    "tab in the version": (changed(LENGTH, b"1.1", b"1.\t1"), HELLO),
    "VT in the version": (changed(CLOSE, b"1.0", b"1.\x0b0"), GONE),
    "FF in the version": (changed(CLOSE, b"1.0", b"1.\x0c0"), GONE),
    "CR in the version": (changed(LENGTH, b"1.1", b"1.\r1"), HELLO),
    "no reason and no blank": (changed(LENGTH, b" OK", b""), HELLO),
    "letter in the reason": (changed(LENGTH, b"OK", b"OxK"), HELLO),
    "byte beyond ASCII in the reason": (changed(LENGTH, b"OK", b"O\xffK"), HELLO),
    "LF alone behind the status line": (changed(LENGTH, b"OK\r\n", b"OK\n"), HELLO),
    "LF alone behind a field": (changed(LENGTH, b"a\r\n", b"a\n"), HELLO),
    "two CR behind a field": (changed(LENGTH, b"a\r\n", b"a\r\r\n"), HELLO),
    "LF alone as the empty line": (changed(LENGTH, b"\r\n\r\n", b"\r\n\n"), HELLO),
    "control in a name": (changed(LENGTH, b"Server", b"Ser\x01ver"), HELLO),
    "blank in a name": (changed(LENGTH, b"Server", b"Ser ver"), HELLO),
    "blank behind a name": (changed(LENGTH, b"Server", b"Server "), HELLO),
    "no name": (changed(LENGTH, b"Server", b""), HELLO),
    "control in a value": (changed(LENGTH, b" a\r", b" a\x01\r"), HELLO),
    "no blank behind the colon": (changed(LENGTH, b"Length: ", b"Length:"), HELLO),
    "folded": (changed(LENGTH, b": a", b":\n a"), HELLO),
    "no such framing field": (changed(LENGTH, b"Content-Length", b"Conten-Length"), HELLO),
    "more bytes than the length": (changed(LENGTH, b": 5", b": 4"), (200, b"hell")),
    **{
        f"{byte!r} behind the length": (changed(LENGTH, b": 5", b": 5" + byte), HELLO)
        for byte in INSERTED
        if byte not in b"\0\t\n\r ,019"
    },
    "CR for the line end behind the length": (changed(LENGTH, b"5\r\nETag", b"5\rETag"), HELLO),
    "line folded to the length": (changed(LENGTH, b"5\r\nETag", b"5\r\n ETag"), HELLO),
    "blank behind the coding": (changed(CHUNKED, b"chunked", b"chunked "), WORLD),
    "zero in front of a size": (changed(CHUNKED, b"10;", b"010;"), WORLD),
    "control in an extension": (changed(CHUNKED, b";a=b", b";a\x01=b"), WORLD),
    "blank behind a size": (changed(CHUNKED, b"10;", b"10 ;"), WORLD),
    "byte in a trailer's value": (changed(CHUNKED, b"C: d", b"C: \xffd"), WORLD),
    "NUL in a value": (changed(LENGTH, b" a\r", b" \0a\r"), None),
    "fewer bytes than the length": (changed(LENGTH, b"hello", b"hllo"), None),
    "length a digit longer": (changed(LENGTH, b": 5", b": 51"), None),
    "body cut": (LENGTH[:-1], None),
    "nothing": (b"", None),
    "cut in the protocol's name": (b"HTT", None),
    "letter in front of a size": (changed(CHUNKED, b"\r\n5\r\n", b"\r\nx5\r\n"), None),
    "no size": (changed(CHUNKED, b"\r\n5\r\n", b"\r\n\r\n"), None),
    "size a digit longer": (changed(CHUNKED, b"\r\n5\r\n", b"\r\n51\r\n"), None),
    "byte more in a chunk": (changed(CHUNKED, b"hello", b"hexllo"), None),
    "byte less in a chunk, its CR taken for it": (
        changed(CHUNKED, b"hello", b"hllo"),
        (200, b"hllo\r world, 012345\r\n"),
    ),
    "cut in a chunk": (CHUNKED[: CHUNKED.index(b"llo")], None),
    "cut behind a chunk": (CHUNKED[: CHUNKED.index(b"10;")], None),
}
"""One answer for each kind on which the three agree, and what they make of it."""

UNSAFE: dict[str, bytes] = {
    "status line cut": b"HTTP/1.1 200 OK\r\n",
    "field cut in its name": LENGTH[: LENGTH.index(b"rver")],
    "field cut in its value": CHUNKED[: CHUNKED.index(b"nked")],
    "cut in the length": changed(LENGTH, b": 5", b": 51")[: LENGTH.index(b": 5") + 2],
    "cut in the empty line": CLOSE[: CLOSE.index(b"\nhello")],
    "empty line that is none: a blank": changed(CLOSE, b"\r\n\r\n", b"\r\n \r\n"),
    "empty line that is none: a colon": changed(CLOSE, b"\r\n\r\n", b"\r\n:\r\n"),
    "empty line that is none: CR": changed(CLOSE, b"\r\n\r\n", b"\r\n\r"),
    "digits behind the length": changed(LENGTH, b": 5", b":5 5"),
    "digits behind a CR behind the length": changed(LENGTH, b": 5\r\n", b": 5\r9\n"),
}
"""What the three take and ours does not: a head without its end, and a length that may be another."""


def verdict_of(message: bytes) -> Verdict:
    parser = ResponseParser("GET")
    status, body = 0, b""
    try:
        for piece in (message, b"") if message else (b"",):
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                if isinstance(event, ResponseHead):
                    status = event.status
                elif isinstance(event, Data):
                    body += event.data
                else:
                    return status, body
    except CrawlError:
        return None
    raise AssertionError("the end of the stream was no end")


@pytest.mark.parametrize(("message", "expected"), DECIDED.values(), ids=DECIDED.keys())
def test_where_the_three_agree(message: bytes, expected: Verdict) -> None:
    assert verdict_of(message) == expected


@pytest.mark.parametrize("message", UNSAFE.values(), ids=UNSAFE.keys())
def test_what_is_refused_all_the_same(message: bytes) -> None:
    assert verdict_of(message) is None


def grid() -> Iterator[bytes]:
    for base in (LENGTH, CHUNKED, CLOSE):
        for at in range(len(base) + 1):
            yield base[:at]
            yield base[:at] + base[at + 1 :]
            for byte in INSERTED:
                yield base[:at] + byte + base[at:]


CURL_REFUSES: dict[str, bytes] = {
    "empty lines in front": rb"\A[\r\n]",
    "another byte than a blank behind the version": rb"\AHTTP/1\.[01][\t\r]",
    "a blank in front of the first field": rb"\A[^\n]*\n[ \t]",
    "a line without a colon": rb"\n[^:\r\n]+\r?\n",
    "a CR in a field's name or in front of its value": rb"\n[^:\n]*\r[^\n]|\n[^:\n]+:[ \t]*\r[^\n]",
}
"""What ours takes and curl does not, by how the message shows it."""

CURL_TAKES: dict[str, bytes] = {
    "a head without its end": rb"(?s)\A(?!.*\n\r?\n)",
    "any byte in front of a digit of the version": rb"\AHTTP/(?:[^1]|1\.[^01])",
    "any byte behind the code": rb"\AHTTP/1\.[01] [0-9]{3}[^ \r]",
    "a NUL in front of a field or of the empty line's LF, which is the end of the head": rb"\n\r?\0",
    "a comma or more digits behind the length": rb"\nContent-Length:[ \t]*[0-9]+(?:[ \t\r]*,|[ \t\r]+[0-9])",
    "any byte or a folded line behind the coding": rb"\nTransfer-Encoding: chunked(?:[^\r,]|\r[^\n]|\r\n[ \t])",
    "any byte behind a chunk's size": rb"\n(?:5|10|0)(?:[^\r;]|\r[^\n])",
    "two CR behind a chunk's data": rb"(?:hello|\n)\r\r\n",
    "the last LF of the trailers cut off": rb"\r\n\r\Z",
}
"""What ours refuses and curl does not."""

CURL_READS: dict[str, bytes] = {
    "a line that begins with CR, which is the end of the head": rb"\n\r[^\n]",
    "a blank or a fold beside the colon of Transfer-Encoding": rb"\nTransfer-Encoding(?:[ \t]:|:\n )",
}
"""What both take, with another status or body."""


@asynccontextmanager
async def served(messages: Sequence[bytes]) -> AsyncIterator[str]:
    """A server that answers a request for `/7` with the seventh message, and closes; its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            writer.write(messages[int(request.split(b" ", 2)[1][1:])])
            await writer.drain()
            writer.write_eof()
            await reader.read()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def of_curl(messages: Sequence[bytes]) -> list[Verdict]:
    assert CURL is not None
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory() as folder:
        async with served(messages) as url:
            # Some errors end the whole run of curl: the next one goes on behind it.
            while len(verdicts) < len(messages):
                first = len(verdicts)
                numbers = range(first, min(first + BATCH, len(messages)))
                config = "".join(f'url = "{url}{number}"\noutput = "{folder}/{number}"\n' for number in numbers)
                process = await asyncio.create_subprocess_exec(
                    CURL, "-q", "-s", "--http1.1", "--noproxy", "*", "--max-time", "5", "-K", "-",
                    "-w", "%{exitcode} %{response_code}\n",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                output, _ = await process.communicate(config.encode())
                lines = output.decode().splitlines()
                assert lines
                for number, line in zip(numbers, lines, strict=False):
                    code, status = map(int, line.split())
                    body = Path(folder, str(number))
                    verdicts.append(None if code else (status, body.read_bytes() if body.exists() else b""))
    return verdicts


def explained(message: bytes, ours: Verdict, theirs: Verdict) -> list[str]:
    """The kinds of difference that the message shows."""
    table = CURL_REFUSES if theirs is None else CURL_TAKES if ours is None else CURL_READS
    return [name for name, shown in table.items() if re.search(shown, message)]


@pytest.mark.skipif(CURL is None, reason="no curl installed")
async def test_curl_judges_alike_but_for_the_named_kinds() -> None:
    messages = sorted(set(grid()))
    for message, theirs in zip(messages, await of_curl(messages), strict=True):
        ours = verdict_of(message)
        assert ours == theirs or explained(message, ours, theirs), (ours, theirs, message)


async def main() -> None:
    messages = sorted(set(grid()))
    kinds: Counter[str] = Counter()
    for message, theirs in zip(messages, await of_curl(messages), strict=True):
        if (ours := verdict_of(message)) != theirs:
            kinds[(explained(message, ours, theirs) or ["no named kind"])[0]] += 1
    alike = 100 * (1 - kinds.total() / len(messages))
    print(f"{len(messages)} answers, {alike:.1f} % judged as curl does\n\n| difference | answers |\n|---|---|")
    for name, count in kinds.most_common():
        print(f"| {name} | {count} |")


if __name__ == "__main__":
    asyncio.run(main())
