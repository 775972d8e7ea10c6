"""Documents on a real disk: whole or not at all, under the name that is theirs."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.errors import CrawldbError, StoreError, TruncatedError, UnwantedError
from crawler.model import URL, Kind, Link, Partial, Place, Saved, Visit
from crawler.settings import StoreSettings
from crawler.store.files import TEMPORARY, FileStore
from crawler.web.names import Template
from crawler.web.paths import candidates
from crawler.web.probe import TAIL_SIZE
from tests.fakes import FakeResponse
from tests.toysite import image as png_image

PAGE = Link(URL("http://a.example/x.html"))
HTML = {"content_type": "text/html"}


def visit(link: Link, partial: Partial | None = None) -> Visit:
    return Visit(link, 1, 1, partial)


def opened(folder: Path, **changes: object) -> FileStore:
    store = FileStore(folder, replace(StoreSettings(min_free=0), **changes))
    store.open()
    return store


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 50_000])
async def test_what_is_saved_is_what_was_served(tmp_path: Path, size: int) -> None:
    store = opened(tmp_path, memory=1024)
    body = (b"<html>" + os.urandom(size))[:size]
    saved = await store.save(visit(PAGE), FakeResponse(body, **HTML))
    assert (tmp_path / saved.path).read_bytes() == body
    assert (saved.size, saved.digest) == (size, hashlib.sha256(body).hexdigest())
    assert files(tmp_path) == {saved.path}


async def test_images_and_pages_lie_apart_by_their_true_type(tmp_path: Path) -> None:
    store = opened(tmp_path)
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    image = await store.save(visit(Link(URL("http://a.example/i.png"))), FakeResponse(png, content_type="text/html"))
    page = await store.save(visit(PAGE), FakeResponse(b"<!doctype html><p>", **HTML))
    assert (image.path.split("/")[0], image.media_type) == ("images", "image/png")
    assert (page.path.split("/")[0], page.media_type) == ("pages", "text/html")


async def test_the_server_s_last_modified_becomes_the_file_s(tmp_path: Path) -> None:
    store = opened(tmp_path)
    fields = {**HTML, "last_modified": "Tue, 14 Nov 2023 22:13:20 GMT"}
    saved = await store.save(visit(PAGE), FakeResponse(b"<p>", **fields))
    assert (tmp_path / saved.path).stat().st_mtime == 1_700_000_000


@pytest.mark.parametrize("text", ["", "yesterday", "Tue, 14 Nov 9999 22:13:20 GMT", "Tue, 14 Nov 1900 22:13:20 GMT"])
async def test_a_last_modified_that_says_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    saved = await opened(tmp_path).save(visit(PAGE), FakeResponse(b"<p>", **HTML, last_modified=text))
    assert (tmp_path / saved.path).read_bytes() == b"<p>"


class Broken(FakeResponse):
    """Ends before its end."""

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.body[:2000]
        raise TruncatedError("cut off")


async def test_a_body_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path, memory=1024)
    with pytest.raises(TruncatedError):
        await store.save(visit(PAGE), Broken(bytes(5000)))
    assert files(tmp_path) == set()


@pytest.mark.parametrize("memory", [1024, 100_000])
async def test_no_room_is_said_before_anything_is_written(tmp_path: Path, memory: int) -> None:
    store = opened(tmp_path, min_free=1 << 62, memory=memory)
    with pytest.raises(StoreError, match=r"store\.min_free"):
        await store.save(visit(PAGE), FakeResponse(bytes(50_000), **HTML))
    assert files(tmp_path) == set()


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / "pages").write_text("in the way")
    with pytest.raises(StoreError, match="pages"):
        await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    assert files(tmp_path) == {"pages"}


async def test_many_at_once_each_get_their_own(tmp_path: Path) -> None:
    store = opened(tmp_path)
    links = [Link(URL(f"http://a.example/{n}.html")) for n in range(100)]
    saved = await asyncio.gather(
        *(store.save(visit(link), FakeResponse(b"<p>%d" % n, **HTML)) for n, link in enumerate(links))
    )
    assert [(tmp_path / one.path).read_bytes() for one in saved] == [b"<p>%d" % n for n in range(100)]


async def test_one_failure_in_a_batch_is_its_own(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / "images").write_text("in the way")
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    good, bad = await asyncio.gather(
        store.save(visit(PAGE), FakeResponse(b"<p>", **HTML)),
        store.save(visit(Link(URL("http://a.example/i.png"))), FakeResponse(png)),
        return_exceptions=True,
    )
    assert isinstance(bad, StoreError)
    assert not isinstance(good, BaseException)


async def test_at_the_start_temporary_files_go_and_files_that_were_not_recorded(tmp_path: Path) -> None:
    store = opened(tmp_path)
    kept = await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    orphan = await store.save(visit(Link(URL("http://a.example/orphan"))), FakeResponse(b"<p>", **HTML))
    (tmp_path / TEMPORARY / "77").write_bytes(b"half")
    FileStore(tmp_path, StoreSettings()).open([URL("http://a.example/orphan"), URL("http://a.example/never/was")])
    assert files(tmp_path) == {kept.path}
    assert orphan.path != kept.path


async def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    saved = await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    shutil.rmtree(tmp_path / "pages")
    again = await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    assert (tmp_path / again.path).read_bytes() == b"<p>"
    assert again.path == saved.path


async def test_what_is_kept_can_be_read_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert await store.load(await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))) == b"<p>"


async def test_power_durability_writes_the_same(tmp_path: Path) -> None:
    saved = await opened(tmp_path, durability="power").save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    assert files(tmp_path) == {saved.path}


async def test_a_second_answer_for_a_url_takes_the_place_of_the_first(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.save(visit(PAGE), FakeResponse(b"<p>old", **HTML))
    saved = await store.save(visit(PAGE), FakeResponse(b"<p>new", **HTML))
    assert (tmp_path / saved.path).read_bytes() == b"<p>new"


class TestBrokenOff:
    BODY = os.urandom(9000)
    LINK = Link(URL("http://a.example/big.bin"))

    def broken(self, **fields: str) -> FakeResponse:
        return Broken(self.BODY, **fields)

    async def begin(self, store: FileStore, **fields: str) -> Partial | None:
        with pytest.raises(TruncatedError):
            await store.save(visit(self.LINK), self.broken(**fields))
        return store.partial(visit(self.LINK))

    async def test_what_came_is_kept_and_finished_later_also_by_another_run(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"')
        assert partial is not None
        assert (partial.size, partial.validator) == (2000, '"v"')
        assert store.partial(visit(self.LINK)) is None
        store = FileStore(tmp_path, StoreSettings(min_free=0))
        store.open([], [partial.name])
        saved = await store.save(visit(self.LINK, partial), FakeResponse(self.BODY[2000:], status=206))
        assert (tmp_path / saved.path).read_bytes() == self.BODY
        assert (saved.size, saved.digest) == (9000, hashlib.sha256(self.BODY).hexdigest())
        assert files(tmp_path) == {saved.path}

    @pytest.mark.parametrize(
        "fields", [{}, {"etag": 'W/"v"'}, {"etag": '"v"', "content_encoding": "gzip"}], ids=["none", "weak", "coded"]
    )
    async def test_not_where_nothing_could_tell_whether_it_is_the_same(
        self, tmp_path: Path, fields: dict[str, str]
    ) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        assert await self.begin(store, **fields) is None
        assert files(tmp_path) == set()

    async def test_not_where_it_is_too_little(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=2001)
        assert await self.begin(store, etag='"v"') is None

    async def test_it_may_break_off_again(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"')
        with pytest.raises(TruncatedError):
            await store.save(visit(self.LINK, partial), Broken(self.BODY[2000:], status=206))
        again = store.partial(visit(self.LINK, partial))
        assert again is not None
        assert (again.size, again.validator) == (4000, '"v"')
        saved = await store.save(visit(self.LINK, again), FakeResponse(self.BODY[4000:], status=206))
        assert (tmp_path / saved.path).read_bytes() == self.BODY

    @pytest.mark.parametrize("error", [asyncio.CancelledError(), StoreError("no room"), CrawldbError("no room")])
    async def test_a_run_that_ends_meanwhile_leaves_the_beginning_to_the_next(
        self, tmp_path: Path, error: BaseException
    ) -> None:
        class Ended(FakeResponse):
            async def chunks(self) -> AsyncIterator[bytes]:
                yield self.body[:500]
                raise error

        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"')
        assert partial is not None
        with pytest.raises(type(error)):
            await store.save(visit(self.LINK, partial), Ended(self.BODY[2000:], status=206))
        store = FileStore(tmp_path, StoreSettings(min_free=0))
        store.open([self.LINK.url], [partial.name])
        saved = await store.save(visit(self.LINK, partial), FakeResponse(self.BODY[2000:], status=206))
        assert (tmp_path / saved.path).read_bytes() == self.BODY

    async def test_a_beginning_that_is_gone_makes_the_document_one_to_fetch_anew(self, tmp_path: Path) -> None:
        with pytest.raises(TruncatedError, match=r"gone\.part"):
            await opened(tmp_path).save(
                visit(self.LINK, Partial("gone.part", 10, '"v"')), FakeResponse(b"x", status=206)
            )

    async def test_so_does_one_that_has_become_shorter(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"')
        assert partial is not None
        os.truncate(tmp_path / TEMPORARY / partial.name, 1999)
        begun = visit(self.LINK, partial)
        with pytest.raises(TruncatedError, match="shorter"):
            await store.save(begun, FakeResponse(self.BODY[2000:], status=206))
        assert (store.partial(begun), files(tmp_path)) == (None, set())

    async def test_an_attempt_that_got_nothing_leaves_it_for_the_next(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000, durability="power")
        partial = await self.begin(store, etag='"v"')
        assert partial is not None
        assert store.partial(visit(self.LINK, partial)) == partial
        (tmp_path / TEMPORARY / partial.name).unlink()
        assert store.partial(visit(self.LINK, partial)) is None

    async def test_how_much_is_to_come_is_what_the_first_answer_said(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"', content_length="9000")
        assert partial is not None
        assert partial.total == 9000
        assert await self.begin(store, etag='"v"', content_length="2000") is None  # more came than was said

    @pytest.mark.parametrize("fields", [{}, {"content_range": "bytes 2000-8999/*"}])
    @pytest.mark.parametrize("end", [8999, 9001], ids=["less", "more"])
    async def test_a_rest_of_another_length_is_none(self, tmp_path: Path, end: int, fields: dict[str, str]) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"', **({} if fields else {"content_length": "9000"}))
        body = (self.BODY + b"xx")[2000:end]
        with pytest.raises(TruncatedError, match="that were said"):
            await store.save(visit(self.LINK, partial), FakeResponse(body, status=206, **fields))
        assert (store.partial(visit(self.LINK, partial)), files(tmp_path)) == (None, set())


PNG = png_image(30, 20).body
IMAGE = Link(URL("http://a.example/dir/i.png"), Kind.IMAGE, parent=URL("http://a.example/page.html"), place=7)


class Claiming:
    """`Claims` that say what they are told to, and note what they were asked."""

    def __init__(self, answer: Place | Exception | None = None) -> None:
        self.answer = answer
        self.asked: list[tuple[Visit, str, str]] = []

    async def claim(self, visit: Visit, digest: str, path: str) -> Place:
        self.asked.append((visit, digest, path))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Place(path)


def claimed(folder: Path, claims: Claiming, template: str = "", **changes: object) -> FileStore:
    named = Template.parse(template) if template else None
    store = FileStore(folder, replace(StoreSettings(min_free=0), **changes), named)
    store.open()
    store.share(claims)
    return store


def no(first: bytes, last: bytes, size: int) -> None:
    raise UnwantedError("type", "not that")


@pytest.mark.parametrize("memory", [1024, 1_000_000])
class TestAccept:
    """Asked once the whole is there, of a small document and of one that went to the disk."""

    async def test_it_is_told_the_first_and_last_bytes_and_the_size(self, tmp_path: Path, memory: int) -> None:
        told: list[tuple[bytes, bytes, int]] = []
        body = PNG + os.urandom(50_000)
        store = opened(tmp_path, memory=memory)
        await store.save(visit(IMAGE), FakeResponse(body), lambda *what: told.append(what))
        ((first, last, size),) = told
        assert body.startswith(first)
        assert len(first) >= 1024
        assert last == body[-TAIL_SIZE:]
        assert size == len(body)

    async def test_what_it_refuses_leaves_nothing_and_claims_nothing(self, tmp_path: Path, memory: int) -> None:
        claims = Claiming()
        store = claimed(tmp_path, claims, memory=memory)
        with pytest.raises(UnwantedError):
            await store.save(visit(IMAGE), FakeResponse(PNG + bytes(50_000)), no)
        assert files(tmp_path) == set()
        assert claims.asked == []

    async def test_a_duplicate_is_not_written(self, tmp_path: Path, memory: int) -> None:
        claims = Claiming(Place("images/first.png", is_duplicate=True))
        body = PNG + bytes(50_000)
        saved = await claimed(tmp_path, claims, memory=memory).save(visit(IMAGE), FakeResponse(body))
        assert saved == Saved(
            "images/first.png", "image/png", len(body), hashlib.sha256(body).hexdigest(), is_duplicate=True
        )
        assert files(tmp_path) == set()

    async def test_it_lies_where_it_is_told(self, tmp_path: Path, memory: int) -> None:
        body = PNG + bytes(50_000)
        claims = Claiming(Place("images/elsewhere/x.png"))
        saved = await claimed(tmp_path, claims, memory=memory).save(visit(IMAGE), FakeResponse(body))
        assert files(tmp_path) == {saved.path} == {"images/elsewhere/x.png"}
        assert (tmp_path / saved.path).read_bytes() == body
        asked = (visit(IMAGE), hashlib.sha256(body).hexdigest(), "images/a.example+http/dir/i.png")
        assert claims.asked == [asked]

    async def test_a_claim_that_fails_leaves_nothing(self, tmp_path: Path, memory: int) -> None:
        store = claimed(tmp_path, Claiming(CrawldbError("gone")), memory=memory)
        with pytest.raises(CrawldbError):
            await store.save(visit(IMAGE), FakeResponse(PNG + bytes(50_000)))
        assert files(tmp_path) == set()

    async def test_what_is_no_image_is_not_asked_for(self, tmp_path: Path, memory: int) -> None:
        claims = Claiming(Place("images/first.png", is_duplicate=True))
        store = claimed(tmp_path, claims, "{stem}.{ext}", memory=memory)
        saved = await store.save(visit(PAGE), FakeResponse(b"<p>" + bytes(50_000), **HTML))
        assert claims.asked == []
        assert files(tmp_path) == {saved.path} == {"pages/a.example+http/x.html"}

    async def test_a_template_names_images_by_what_is_known_of_them(self, tmp_path: Path, memory: int) -> None:
        body = PNG + bytes(50_000)
        template = "{host}/{page_slug}/{index:03}-{width}x{height}-{stem}-{sha256:.8}.{ext}"
        saved = await claimed(tmp_path, Claiming(), template, memory=memory).save(visit(IMAGE), FakeResponse(body))
        digest = hashlib.sha256(body).hexdigest()
        assert saved.path == f"images/a.example/page/007-30x20-i-{digest[:8]}.png"
        assert files(tmp_path) == {saved.path}


async def test_a_template_without_claims_names_too(tmp_path: Path) -> None:
    store = FileStore(tmp_path, StoreSettings(min_free=0), Template.parse("{width}/{stem}.{ext}"))
    store.open()
    svg = FakeResponse(b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
    saved = await store.save(visit(IMAGE), svg)
    assert saved.path == "images/0/i.svg"


async def test_the_rest_of_an_image_is_accepted_and_claimed_as_a_whole(tmp_path: Path) -> None:
    body = PNG + os.urandom(9000)
    begun = opened(tmp_path, memory=1024, min_partial=1000)
    with pytest.raises(TruncatedError):
        await begun.save(visit(IMAGE), Broken(body, etag='"v"'))
    partial = begun.partial(visit(IMAGE))
    assert partial is not None
    claims = Claiming()
    store = FileStore(tmp_path, StoreSettings(min_free=0, memory=1024), Template.parse("{width}-{sha256}.{ext}"))
    store.open([], [partial.name])
    store.share(claims)
    told: list[tuple[bytes, bytes, int]] = []
    saved = await store.save(
        visit(IMAGE, partial), FakeResponse(body[partial.size :], status=206), lambda *what: told.append(what)
    )
    digest = hashlib.sha256(body).hexdigest()
    assert told == [(body[:1024], body[-TAIL_SIZE:], len(body))]
    assert (saved.path, saved.digest) == (f"images/30-{digest}.png", digest)
    assert (tmp_path / saved.path).read_bytes() == body


async def test_the_last_bytes_are_those_of_the_whole_however_it_comes(tmp_path: Path) -> None:
    """In pieces that are smaller than what is wanted of the end, after a beginning of an earlier attempt too."""
    body = PNG + os.urandom(TAIL_SIZE + 3210)
    told: list[bytes] = []
    store = opened(tmp_path, memory=1024)
    await store.save(visit(IMAGE), FakeResponse(body), lambda first, last, size: told.append(last))
    assert told == [body[-TAIL_SIZE:]]


class TestDiscard:
    async def test_what_no_record_has_goes_and_what_is_gone_is_no_error(self, tmp_path: Path) -> None:
        store = opened(tmp_path)
        saved = await store.save(visit(IMAGE), FakeResponse(PNG))
        other = await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
        await store.discard([saved.path, "images/none/x.png", f"{other.path}/below.png"])
        assert files(tmp_path) == {other.path}

    async def test_so_does_what_there_is_of_a_document_and_nothing_of_our_own(self, tmp_path: Path) -> None:
        store = opened(tmp_path)
        (tmp_path / TEMPORARY / "x.part").touch()
        (tmp_path / "crawl.sqlite").touch()
        await store.discard(["x.part", "crawl.sqlite"])
        assert files(tmp_path) == {"crawl.sqlite"}

    async def test_what_cannot_go_is_said(self, tmp_path: Path) -> None:
        store = opened(tmp_path)
        (tmp_path / "images/folder").mkdir(parents=True)
        with pytest.raises(StoreError, match="folder"):
            await store.discard(["images/folder"])

    async def test_leftovers_go_at_the_start(self, tmp_path: Path) -> None:
        saved = await opened(tmp_path).save(visit(IMAGE), FakeResponse(PNG))
        FileStore(tmp_path, StoreSettings()).open([], (), [saved.path, "images/none.png"])
        assert files(tmp_path) == set()


async def test_a_file_that_a_template_named_is_not_taken_for_that_of_an_interrupted_url(tmp_path: Path) -> None:
    """`{host}+http/{stem}.{ext}` of one URL may be what another's path is without a template."""
    template = Template.parse("{host}+http/{stem}.{ext}")
    store = FileStore(tmp_path, StoreSettings(min_free=0), template)
    store.open()
    saved = await store.save(visit(IMAGE), FakeResponse(PNG))
    page = await store.save(visit(PAGE), FakeResponse(b"<p>", **HTML))
    interrupted = URL("http://a.example/i.png")
    assert saved.path in candidates(interrupted)
    FileStore(tmp_path, StoreSettings(), template).open([interrupted, PAGE.url])
    assert files(tmp_path) == {saved.path}
    assert page.path not in files(tmp_path)
