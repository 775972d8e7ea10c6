"""Large documents that break off, and servers that lie about the rest (RFC 9110 sections 13.1.5, 14 and 15.3.7)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.hostile.case import BAD, SAVED, TRUNCATED, Case, bad
from tests.hostile.crawled import Theme
from tests.toysite import Asked, Reply

SIZE: Final = 300_000
OLD: Final = b"".join(b"old %07d\n" % n for n in range(SIZE // 12))
NEW: Final = b"".join(b"new %07d\n" % n for n in range(SIZE // 12))
CUT: Final = SIZE // 2
ETAG: Final = '"one"'
PLAIN: Final = {"Content-Type": "text/plain"}

Rest = Callable[[int], Reply]
"""What answers a request for what is behind so many bytes."""


def part(body: bytes, start: int, said: str | None = None, **fields: str) -> Reply:
    """The rest of a body from `start` on, and what is said of it."""
    content_range = f"bytes {start}-{len(body) - 1}/{len(body)}" if said is None else said
    headers = {**PLAIN, "ETag": ETAG, **({"Content-Range": content_range} if content_range else {})}
    return Reply(206, body[start:], {**headers, **{name.replace("_", "-"): value for name, value in fields.items()}})


def breaking(first: Mapping[str, str], rest: Rest, later: bytes) -> Callable[[Asked], Reply]:
    """The first answer breaks off in the middle; the rest is asked for or not; later the whole is `later`."""

    def answer(asked: Asked) -> Reply:
        if "range" in asked.headers:
            start = asked.headers["range"].removeprefix("bytes=").removesuffix("-")
            return rest(int(start))
        if asked.times == 1:
            return Reply(body=OLD, headers={**PLAIN, **first}, cut=CUT)
        return Reply(body=later, headers={**PLAIN, "ETag": ETAG if later is OLD else '"two"'})

    return answer


def momentary() -> Rest:
    """A reset in place of the rest, once; then the rest."""
    seen: list[int] = []

    def rest(start: int) -> Reply:
        seen.append(start)
        return Reply(reset=True) if len(seen) == 1 else part(OLD, start)

    return rest


def resumed(name: str, why: str, rest: Rest, later: bytes = OLD) -> Case:
    """Whatever the rest is said to be, what is kept is one document and whole."""
    return bad(name, why, breaking({"ETag": ETAG}, rest, later), SAVED, contents={BAD: later})


def restarted(name: str, why: str, later: bytes = NEW, **fields: str) -> Case:
    """Nothing proves the rest to be of the same: the whole is asked for."""
    first = {name.replace("_", "-"): value for name, value in fields.items()}
    return bad(
        name,
        why,
        breaking(first, lambda start: part(NEW, start), later),
        SAVED,
        contents={BAD: later},
        objects=ranged,
    )


def ranged(asked: Sequence[Asked]) -> list[str]:
    return [one.headers["range"] for one in asked if "range" in one.headers]


CASES: Final = (
    resumed("the rest", "RFC 9110 15.3.7", lambda start: part(OLD, start)),
    resumed(
        "the rest of an unknown whole",
        "RFC 9110 14.4: *",
        lambda start: part(OLD, start, f"bytes {start}-{SIZE - 1}/*"),
    ),
    resumed(
        "the whole of another", "RFC 9110 13.1.5: If-Range failed", lambda start: Reply(body=NEW, headers=PLAIN), NEW
    ),
    restarted("nothing to tell it by", "RFC 9110 13.1.5"),
    restarted("a weak ETag", "RFC 9110 13.1.5: never weak", ETag='W/"one"'),
    restarted("an ETag that is none", "RFC 9110 8.8.3: quotes", ETag="one"),
    restarted("an ETag with controls", "RFC 9110 8.8.3: none; and never a line of a request", ETag='"a\x01\x1bb"'),
    restarted("an ETag with quotes inside", "RFC 9110 8.8.3", ETag='"a"b"'),
    restarted("an ETag of blanks", "RFC 9110 8.8.3", ETag='"a b\tc"'),
    restarted(
        "a date just now",
        "RFC 9110 8.8.2.2: weak",
        Last_Modified="Fri, 20 Nov 2026 12:00:00 GMT",
        Date="Fri, 20 Nov 2026 12:00:01 GMT",
    ),
    restarted(
        "a date with controls",
        "never a line of a request",
        Last_Modified="Fri, 20 Nov 2020 12:00:00 \x01GMT",
        Date="Fri, 20 Nov 2026 12:00:01 GMT",
    ),
    restarted("a date of rubbish", "RFC 9110 8.8.2", Last_Modified="yesterday", Date="today"),
    restarted("an ETag of 100 KB", "a limit on what is sent", ETag=f'"{"x" * 100_000}"'),
)

RESTS: Final = (
    resumed(
        "the rest of another", "RFC 9110 15.3.7.3: another validator", lambda start: part(NEW, start, ETag='"two"'), NEW
    ),
    resumed("the rest of a longer one", "another length", lambda start: part(NEW + NEW, start), NEW),
    resumed("the rest from elsewhere", "RFC 9110 15.3.7", lambda start: part(NEW, start - 12), NEW),
    resumed("the rest from the beginning", "RFC 9110 15.3.7", lambda start: part(NEW, 0), NEW),
    resumed("the rest without a word of where", "RFC 9110 15.3.7: a MUST", lambda start: part(NEW, start, ""), NEW),
    resumed(
        "a part of the rest", "it is not whole", lambda start: part(OLD, start, f"bytes {start}-{start + 9}/{SIZE}")
    ),
    resumed(
        "the rest in lines", "another unit", lambda start: part(NEW, start, f"lines {start}-{SIZE - 1}/{SIZE}"), NEW
    ),
    resumed(
        "the rest backwards",
        "RFC 9110 14.4: invalid",
        lambda start: part(NEW, start, f"bytes {SIZE}-{start}/{SIZE}"),
        NEW,
    ),
    resumed(
        "the rest beyond the whole",
        "RFC 9110 14.4: invalid",
        lambda start: part(NEW, start, f"bytes {start}-{SIZE}/9"),
        NEW,
    ),
    resumed(
        "the rest by 5,000 digits",
        "int() raises",
        lambda start: part(NEW, start, f"bytes {'9' * 5000}-{'9' * 5000}/*"),
        NEW,
    ),
    resumed(
        "the rest with a plus",
        "int() takes it",
        lambda start: part(NEW, start, f"bytes +{start}-{SIZE - 1}/{SIZE}"),
        NEW,
    ),
    resumed(
        "more than was said",
        "another length",
        lambda start: part(NEW + NEW, start, f"bytes {start}-{SIZE - 1}/{SIZE}"),
        NEW,
    ),
    resumed(
        "less than was said",
        "another length",
        lambda start: part(NEW[:-99], start, f"bytes {start}-{SIZE - 1}/{SIZE}"),
        NEW,
    ),
    resumed(
        "parts within parts",
        "RFC 9110 15.3.7.2: one range was asked for",
        lambda start: Reply(206, b"--x\r\n\r\n" + NEW, {"Content-Type": "multipart/byteranges; boundary=x"}),
        NEW,
    ),
    resumed("no such range", "RFC 9110 15.5.17", lambda start: Reply(416, b"", {"Content-Range": "bytes */9"}), NEW),
    resumed("not there any more", "an answer", lambda start: Reply(500, b""), NEW),
    bad(
        "breaks off for ever",
        "RFC 9112 8: incomplete, and nothing of it is left",
        Reply(body=OLD, headers={**PLAIN, "ETag": ETAG}, cut=CUT),
        TRUNCATED,
    ),
    resumed("unreachable for a moment", "what came is not lost by it", momentary()),
)

SETTINGS: Final = {"store": {"min_partial": 1000, "memory": 1024}, "fetch": {"max_retries": 3}}
THEME: Final = Theme("ranges", CASES, SETTINGS)
REST_THEME: Final = Theme("rests", RESTS, SETTINGS)
