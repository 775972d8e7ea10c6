"""A large document that breaks off is finished from where it was, and only if it is still the same."""

import os
from pathlib import Path

import crawler
from tests.toysite import Asked, Reply, ToySite, page

BODY = os.urandom(3_000_000)


def breaking(etag_of: list[str]) -> object:
    """Cut off in the middle at the first attempt; afterwards ranges are served, under the ETag of each attempt."""

    def answer(asked: Asked) -> Reply:
        etag = etag_of[min(asked.times, len(etag_of)) - 1]
        headers = {"ETag": etag, "Content-Type": "application/octet-stream"}
        if asked.times == 1:
            return Reply(body=BODY, headers=headers, cut=2_000_000)
        if asked.headers.get("range") and asked.headers.get("if-range") == etag:
            start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
            return Reply(206, body=BODY[start:], headers=headers)
        return Reply(body=BODY, headers=headers)

    return answer


async def crawl(folder: Path, etags: list[str]) -> tuple[ToySite, bytes]:
    settings = {"fetch": {"retry_wait": "10ms"}, "politeness": {"robots": False}}
    async with ToySite({"/": page("/big.bin"), "/big.bin": breaking(etags)}) as site:  # type: ignore[dict-item]
        await crawler.crawl(site.url, output=str(folder), settings=settings)
    (saved,) = folder.rglob("big*.bin")
    return site, saved.read_bytes()


async def test_only_the_rest_is_asked_for(tmp_path: Path) -> None:
    site, body = await crawl(tmp_path, ['"v1"'])
    assert body == BODY
    first, second = [asked for asked in site.requests if asked.target == "/big.bin"]
    assert "range" not in first.headers
    assert 1_000_000 <= int(second.headers["range"].removeprefix("bytes=").removesuffix("-")) <= 2_000_000


async def test_another_version_is_fetched_whole(tmp_path: Path) -> None:
    site, body = await crawl(tmp_path, ['"v1"', '"v2"'])
    assert body == BODY
    assert len([asked for asked in site.requests if asked.target == "/big.bin"]) == 2
    assert list((tmp_path / ".tmp").iterdir()) == []
