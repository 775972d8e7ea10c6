"""Documents on a real disk: whole or not at all, under the name that is theirs."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.errors import StoreError, TruncatedError
from crawler.model import URL, Link, Partial, Visit
from crawler.settings import StoreSettings
from crawler.store.files import TEMPORARY, FileStore
from tests.fakes import FakeResponse

PAGE = Link(URL("http://a.example/x.html"))
HTML = {"content_type": "text/html"}


def visit(link: Link, partial: Partial | None = None) -> Visit:
    return Visit(link, 1, 1, partial)


def opened(folder: Path, **changes: object) -> FileStore:
    store = FileStore(folder, replace(StoreSettings(min_free=0), **changes))
    store.open([])
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
        return store.partial(self.LINK)

    async def test_what_came_is_kept_and_finished_later_also_by_another_run(self, tmp_path: Path) -> None:
        store = opened(tmp_path, memory=1024, min_partial=1000)
        partial = await self.begin(store, etag='"v"')
        assert partial is not None
        assert (partial.size, partial.validator) == (2000, '"v"')
        assert store.partial(self.LINK) is None
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
            await store.save(visit(self.LINK, partial), Broken(self.BODY[2000:], status=206, etag='"v"'))
        again = store.partial(self.LINK)
        assert again is not None
        assert again.size == 4000
        saved = await store.save(visit(self.LINK, again), FakeResponse(self.BODY[4000:], status=206))
        assert (tmp_path / saved.path).read_bytes() == self.BODY

    async def test_a_beginning_that_is_gone_makes_the_document_one_to_fetch_anew(self, tmp_path: Path) -> None:
        with pytest.raises(TruncatedError, match=r"gone\.part"):
            await opened(tmp_path).save(
                visit(self.LINK, Partial("gone.part", 10, '"v"')), FakeResponse(b"x", status=206)
            )
