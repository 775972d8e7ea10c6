"""What a hostile case is: a small site of its own, on an address of its own, with one thing wrong in it.

The start page links a good page, the bad thing, and another good page. The expectations come from the standards and
from what other programs fell for; no case knows how the crawler works. In links, bodies, fields and raw bytes `HERE`
stands for the case's own host and port, `ELSEWHERE` for those of a server that nobody may ever ask for anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.toysite import Answer, Asked, Reply, page

BAD: Final = "/bad"
BEFORE: Final = "/before"
AFTER: Final = "/after"

SAVED: Final = "saved"
REDIRECTED: Final = "redirected"
STATUS: Final = "rejected status"
TYPE: Final = "rejected type"
PROTOCOL: Final = "failed protocol"
TRUNCATED: Final = "failed truncated"
TOO_LARGE: Final = "failed too-large"
TIMEOUT: Final = "failed timeout"
RESET: Final = "failed reset"
DNS: Final = "failed dns"
CONNECT: Final = "failed connect"
DECODE: Final = "failed decode"
REDIRECT: Final = "failed redirect"
SCHEME: Final = "failed scheme"
SCOPE: Final = "failed scope"
TLS: Final = "failed tls"
ROBOTS: Final = "refused robots"
ABSENT: Final = "absent"
"""The record's state and word; absent: there is no record, as it was no link at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`ends` are the records that paths, or URLs of other hosts, may have, `contents` what files must hold to the byte.

    `good` pages are linked by the bad one alone, and are saved. No request may begin with one of `never`, and none may
    make `objects` true. `most` bounds the requests for one path, `total` those for the whole host, of whose pages at
    least `saved` are kept. `echo`: every path of the site answers with its
    own name, and each one linked must be kept apart. Where a rule keeps the whole host from being asked, or it cannot
    be, there are no `neighbours`.
    """

    name: str
    why: str
    pages: Mapping[str, Answer] = field(default_factory=dict)
    links: tuple[str, ...] = (BAD,)
    ends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
    good: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    objects: Callable[[Sequence[Asked]], object] | None = None
    most: int = 4
    total: int | None = None
    saved: int = 0
    neighbours: bool = True
    echo: bool = False
    greeting: bytes = b""

    def site(self) -> dict[str, Answer]:
        """Every page of the case's host."""
        good = {path: good_page(self.name, path) for path in (*self.good, *self.never)}
        echo: dict[str, Answer] = {"/*": echoed, "/robots.txt": Reply(404)} if self.echo else {}
        around: dict[str, Answer] = {
            BEFORE: good_page(self.name, BEFORE),
            AFTER: in_chunks(good_page(self.name, AFTER)),
            "/": page(BEFORE, *self.links, AFTER),
        }
        return {**echo, **around, **good, **self.pages}

    def kept(self) -> dict[str, bytes]:
        """The paths that must be saved, with what their files must hold."""
        paths = (*((BEFORE, AFTER) if self.neighbours else ()), *self.good)
        return {**{path: good_page(self.name, path).body for path in paths}, **self.contents}


def bad(name: str, why: str, answer: Answer, *ends: str, **more: object) -> Case:
    """A case whose bad page answers so, and may end so."""
    pages = {BAD: answer, **more.pop("pages", {})}  # type: ignore[dict-item]
    return Case(name=name, why=why, pages=pages, ends={BAD: ends, **more.pop("ends", {})}, **more)  # type: ignore[arg-type, dict-item]


def whole(name: str, why: str, answer: Answer, body: bytes, **more: object) -> Case:
    """A case whose bad page looks odd and is sound: it must be saved, with this content."""
    return bad(name, why, answer, SAVED, contents={BAD: body}, **more)


def good_page(name: str, path: str) -> Reply:
    """A page that nobody can take for another one's; it links nothing."""
    return Reply(body=f"good: {path} of {name}\n".encode() * 50, headers={"Content-Type": "text/plain"})


def in_chunks(reply: Reply) -> Reply:
    """The same in three chunks."""
    third = len(reply.body) // 3
    return replace(reply, chunks=[reply.body[:third], reply.body[third : 2 * third], reply.body[2 * third :]])


def echoed(asked: Asked) -> Reply:
    """Its own name and nothing else."""
    return Reply(body=asked.target.encode(), headers={"Content-Type": "text/plain"})


def raw(head: bytes, body: bytes = b"", *, keep: bool = True) -> Reply:
    """An answer as bytes: status line and fields without their empty line, and the body."""
    return Reply(raw=head + b"\r\n\r\n" + body, keep=keep)


def html(body: str | bytes, content_type: str = "text/html; charset=utf-8", **fields: str) -> Reply:
    """A page of this HTML."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Reply(body=content, headers={"Content-Type": content_type, **named})


def filled(answer: Answer, words: Mapping[str, str]) -> Answer:
    """The answer with `HERE` and `ELSEWHERE` in their places."""
    if not isinstance(answer, Reply):
        return lambda asked: _filled(answer(asked), words)
    return _filled(answer, words)


def _filled(reply: Reply, words: Mapping[str, str]) -> Reply:
    headers = dict(reply.headers)
    for word, meant in words.items():
        headers = {name: value.replace(word, meant) for name, value in headers.items()}
        content, sent = reply.body.replace(word.encode(), meant.encode()), reply.raw
        reply = replace(reply, body=content, raw=sent.replace(word.encode(), meant.encode()) if sent else sent)
    return replace(reply, headers=headers)
