"""Which images are kept: by their heads, their first bytes while they come, and the whole once it is there."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from struct import pack

import pytest

from crawler.errors import CrawldbError, LimitError, StoreError, UnwantedError, WorkError
from crawler.imaging import Check, Develop, Imaging, Limited, probe_response
from crawler.interfaces import Accept
from crawler.model import URL, Kind, Link, Outcome, Partial, Saved, Verdict, Visit
from crawler.settings import Settings
from crawler.web.probe import MAX_PROBE, PROBE_SIZE, Probe
from tests.fakes import FakeResponse, FakeStore
from tests.toysite import image

LINK = Link(URL("http://a.example/i.png"), Kind.IMAGE)
VISIT = Visit(LINK, 1, 1)
PNG = image(30, 20).body


def jpeg(width: int, height: int, metadata: int = 0, *, whole: bool = True) -> bytes:
    """The markers of a JPEG (ISO/IEC 10918-1 annex B), with so many segments of metadata before its frame."""
    segment = b"\xff\xe2" + pack(">H", 65000) + bytes(64998)
    frame = b"\xff\xc0" + pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    scan = b"\xff\xda" + pack(">HB", 8, 1) + b"\1\0\0\x3f\0" + b"\x12" * 100
    return b"\xff\xd8" + segment * metadata + frame + scan + (b"\xff\xd9" if whole else b"")


def settings(noai: bool = True, **images: object) -> Settings:
    plain = Settings()
    return replace(plain, images=replace(plain.images, **images), politeness=replace(plain.politeness, noai=noai))


class Deduplicating(FakeStore):
    """Has everything already."""

    async def save(self, visit: Visit, response: FakeResponse, accept: Accept | None = None) -> Saved:
        return replace(await super().save(visit, response, accept), path="images/first.png", is_duplicate=True)


async def outcome(
    response: FakeResponse, wishes: Settings, store: FakeStore | None = None, visit: Visit = VISIT, **more: Develop
) -> Outcome:
    return await Imaging(wishes, store or FakeStore(), **more).answer(visit, response, "image/png")


async def test_what_is_wanted_is_kept_with_its_pixels() -> None:
    store = FakeStore()
    kept = await outcome(FakeResponse(PNG), settings(), store)
    assert kept.verdict is Verdict.SAVED
    assert kept.saved is not None
    assert (kept.saved.width, kept.saved.height) == (30, 20)
    assert store.saved == {"http://a.example/i.png": PNG}


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({"min_width": 31}, "too-small"),
        ({"min_height": 21}, "too-small"),
        ({"min_size": len(PNG) + 1}, "too-small"),
        ({"max_width": 29}, "too-large"),
        ({"max_height": 19}, "too-large"),
        ({"max_size": len(PNG) - 1}, "too-large"),
        ({"max_aspect": 1.49}, "aspect"),
        ({"types": ("jpeg", "webp")}, "type"),
    ],
)
async def test_what_is_not_wanted_is_rejected_with_the_word(wishes: dict[str, object], word: str) -> None:
    store = FakeStore()
    lost = await outcome(FakeResponse(PNG), settings(**wishes), store)
    assert (lost.verdict, lost.error) == (Verdict.REJECTED, word)
    assert store.saved == {}


@pytest.mark.parametrize(
    "wishes",
    [
        {"min_width": 30, "min_height": 20, "max_width": 30, "max_height": 20},
        {"min_size": len(PNG), "max_size": len(PNG)},
        {"max_aspect": 1.5},
        {"types": ("webp", "png")},
    ],
)
async def test_bounds_belong_to_what_is_wanted(wishes: dict[str, object]) -> None:
    assert (await outcome(FakeResponse(PNG), settings(**wishes))).verdict is Verdict.SAVED


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("jpg", jpeg(1, 1)),
        ("psd", b"8BPS\0\1" + bytes(8) + pack(">II", 9, 9) + bytes(20)),
        ("heif", pack(">I", 24) + b"ftypheic" + bytes(12)),
        ("tif", b"II*\0" + pack("<I", 8) + bytes(20)),
        ("ico", b"\0\0\1\0\1\0" + b"\x10\x10" + bytes(14)),
        ("apng", PNG),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
    ],
)
async def test_types_are_called_as_people_call_them(name: str, body: bytes) -> None:
    response = FakeResponse(body, content_type="image/svg+xml" if name == "svg" else "image/png")
    assert (await outcome(response, settings(types=(name,)))).verdict is Verdict.SAVED
    assert (await outcome(response, settings(types=("webp",)))).error == "type"


class FirstAlone(FakeResponse):
    """All but its first bytes never comes."""

    async def peek(self, size: int) -> bytes:
        assert size <= PROBE_SIZE
        return self.body[:size]

    async def chunks(self) -> AsyncIterator[bytes]:
        raise AssertionError("the body was asked for")
        yield b""


async def test_the_first_bytes_and_the_declared_size_are_enough_to_reject() -> None:
    big = FirstAlone(PNG + bytes(10_000), content_length="5000000")
    for wishes, word in (({"max_size": 4_999_999}, "too-large"), ({"types": ("gif",)}, "type")):
        lost = await outcome(big, settings(**wishes))
        assert (lost.verdict, lost.error) == (Verdict.REJECTED, word)


async def test_a_coded_length_says_nothing_of_the_size() -> None:
    """Content-Length counts what is sent (RFC 9110 section 8.6); an image that gzip made smaller is not too small."""
    small = FakeResponse(PNG, content_length="10", content_encoding="gzip")
    assert (await outcome(small, settings(min_size=50))).verdict is Verdict.SAVED


@pytest.mark.parametrize("text", ["noai", "noimageai", "max-snippet:5, noai", "crawler: noimageai"])
async def test_who_asks_for_no_ai_is_left_alone(text: str) -> None:
    store = FakeStore()
    asks = FakeResponse(PNG, x_robots_tag=text)
    assert (await outcome(asks, settings(), store)).error == "noai"
    assert store.saved == {}
    assert (await outcome(asks, settings(noai=False), store)).verdict is Verdict.SAVED


async def test_but_not_who_asks_somebody_else() -> None:
    assert (await outcome(FakeResponse(PNG, x_robots_tag="other: noai"), settings())).verdict is Verdict.SAVED


@pytest.mark.parametrize("body", [b"", PNG[:-12], PNG[:40], jpeg(9, 9, whole=False)])
async def test_what_has_no_end_is_damaged(body: bytes) -> None:
    store = FakeStore()
    lost = await outcome(FakeResponse(body), settings(), store)
    assert (lost.verdict, lost.error) == (Verdict.REJECTED, "damaged")
    assert store.saved == {}
    assert (await outcome(FakeResponse(body), settings(damaged="keep"))).verdict is Verdict.SAVED


async def test_content_that_is_kept_already_is_a_duplicate_and_not_worked_on() -> None:
    async def develop(saved: Saved) -> Saved:
        raise AssertionError

    lost = await outcome(FakeResponse(PNG), settings(), Deduplicating(), develop=develop)
    assert (lost.verdict, lost.error) == (Verdict.REJECTED, "duplicate")
    assert lost.saved is not None
    assert lost.saved.path == "images/first.png"
    assert "images/first.png" in (lost.detail or "")


class TestTheRest:
    """A 206 that goes on with what an earlier attempt got."""

    BEGUN = Visit(LINK, 2, 1, Partial("x.part", 1000, '"v"'))

    async def test_counts_with_what_is_there(self) -> None:
        rest = FakeResponse(PNG, status=206)
        fits = settings(max_size=1000 + len(PNG))
        assert (await outcome(rest, fits, visit=self.BEGUN)).verdict is Verdict.SAVED
        assert (await outcome(rest, settings(max_size=999 + len(PNG)), visit=self.BEGUN)).error == "too-large"
        assert (await outcome(rest, settings(max_size=500), visit=self.BEGUN)).error == "too-large"

    async def test_says_nothing_of_what_the_whole_is(self) -> None:
        """Its first bytes are not the document's: only the store knows those."""
        rest = FakeResponse(jpeg(9, 9), status=206)
        kept = await outcome(rest, settings(types=("jpeg",)), visit=self.BEGUN)
        assert kept.verdict is Verdict.SAVED
        assert kept.saved is not None
        assert (kept.saved.width, kept.saved.height) == (9, 9)

    async def test_is_not_decided_by_its_own_beginning_and_length(self) -> None:
        """They are those of the rest: here one that begins as a PNG does, and is shorter than an image may be."""

        class Finishing(FakeStore):
            async def save(self, visit: Visit, response: FakeResponse, accept: Accept | None = None) -> Saved:
                assert accept is not None
                accept(whole, whole, len(whole))
                return Saved("images/i.jpg", "image/jpeg", len(whole), "00" * 32)

        whole = jpeg(9, 9, metadata=1)
        rest = FakeResponse(PNG, status=206, content_length=str(len(PNG)))
        wishes = settings(types=("jpeg",), min_size=1000, max_width=9)
        assert (await outcome(rest, wishes, Finishing(), self.BEGUN)).verdict is Verdict.SAVED

    async def test_a_whole_answer_counts_alone(self) -> None:
        whole = FakeResponse(PNG, status=200)
        assert (await outcome(whole, settings(max_size=len(PNG)), visit=self.BEGUN)).verdict is Verdict.SAVED


def test_the_type_is_that_of_the_first_bytes_of_the_whole() -> None:
    check = Check(settings(types=("png",)), Probe("image/png"))
    with pytest.raises(UnwantedError, match="image/jpeg"):
        check(jpeg(9, 9), jpeg(9, 9), 200)


class TestWork:
    async def test_what_comes_of_its_pixels_is_in_the_outcome(self) -> None:
        async def develop(saved: Saved) -> Saved:
            assert (saved.width, saved.height) == (30, 20)
            return replace(saved, likeness=b"x" * 16)

        kept = await outcome(FakeResponse(PNG), settings(), develop=develop)
        assert kept.saved is not None
        assert kept.saved.likeness == b"x" * 16

    @pytest.mark.parametrize("error", [LimitError("too long"), WorkError("it died"), ZeroDivisionError("a bug")])
    async def test_that_fails_leaves_the_image_kept_and_says_so(
        self, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def develop(saved: Saved) -> Saved:
            raise error

        with caplog.at_level(logging.ERROR):
            kept = await outcome(FakeResponse(PNG), settings(), develop=develop)
        assert kept.verdict is Verdict.SAVED
        assert kept.saved is not None
        assert str(error) in (kept.saved.work_error or "")
        assert bool(caplog.records) == isinstance(error, ZeroDivisionError), "a bug has its traceback in the log"

    @pytest.mark.parametrize("error", [StoreError("disk full"), CrawldbError("gone")])
    async def test_a_full_disk_is_no_matter_of_one_image(self, error: Exception) -> None:
        async def develop(saved: Saved) -> Saved:
            raise error

        with pytest.raises(type(error)):
            await outcome(FakeResponse(PNG), settings(), develop=develop)


class TestLimited:
    async def test_gives_all_up_to_the_limit(self) -> None:
        body = bytes(5000)
        response = FakeResponse(body, etag="x")
        limited = Limited(response, 5000)
        assert (limited.head, limited.contact) == (response.head, response.contact)
        assert await limited.peek(100) == body[:100]
        assert await limited.peek(1 << 30) == body
        assert await limited.read() == body
        assert b"".join([chunk async for chunk in limited.chunks()]) == body

    @pytest.mark.parametrize("limit", [4999, 1000, 0, -5])
    async def test_refuses_what_is_beyond(self, limit: int) -> None:
        limited = Limited(FakeResponse(bytes(5000)), limit)
        for ask in (limited.peek(5000), limited.read(), limited.read(10_000)):
            with pytest.raises(UnwantedError, match=r"images\.max_size") as raised:
                await ask
            assert raised.value.word == "too-large"

    async def test_stops_while_it_comes(self) -> None:
        chunks = Limited(FakeResponse(bytes(1_000_000)), 2500).chunks()
        assert len(await anext(chunks)) + len(await anext(chunks)) == 2000
        with pytest.raises(UnwantedError):
            await anext(chunks)


class Counting(FakeResponse):
    """Notes how much was asked for."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.asked: list[int] = []

    async def peek(self, size: int) -> bytes:
        self.asked.append(size)
        return await super().peek(size)


class TestProbing:
    async def test_takes_no_more_than_needed(self) -> None:
        response = Counting(PNG + bytes(100_000))
        probe = await probe_response(response)
        assert probe == Probe("image/png", 30, 20)
        assert response.asked == [PROBE_SIZE]

    async def test_goes_on_behind_long_metadata(self) -> None:
        response = Counting(jpeg(640, 480, metadata=2))
        assert await probe_response(response) == Probe("image/jpeg", 640, 480)
        assert max(response.asked) <= MAX_PROBE
        assert len(response.asked) < 8

    @pytest.mark.parametrize("body", [jpeg(640, 480, metadata=2)[:80_000], jpeg(640, 480, metadata=6)])
    async def test_ends_where_nothing_more_comes_or_would_help(self, body: bytes) -> None:
        probe = await probe_response(Counting(body))
        assert probe is not None
        assert (probe.media_type, probe.width) == ("image/jpeg", None)

    async def test_no_picture(self) -> None:
        assert await probe_response(Counting(b"<html>")) is None
