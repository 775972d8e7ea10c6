import asyncio
import io
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cli import target
from crawler.cli.target import Turn, file_name, whole_file
from crawler.errors import InvalidURLError, SettingsError
from crawler.model import URL


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/a/", "index.html"),
        ("/cover.jpg", "cover.jpg"),
        ("/a/Cover.JPG?x=/y", "Cover.JPG"),
        ("/a%2fb", "a%2fb"),
        ("/..%2f..%2fetc%2fpasswd", "_..%2f..%2fetc%2fpasswd"),
        ("/.bashrc", "_.bashrc"),
        ("/-rf", "_-rf"),
        ("/con", "_con"),
        ("/NUL.txt", "_NUL.txt"),
        ("/console", "console"),
        ("/a:b*c", "a_b_c"),
        ("/ä", "%C3%A4"),
        ("/a%00", "a%00"),
        ("/a.", "a"),
        ("/" + "x" * 300 + ".jpeg", "x" * 195 + ".jpeg"),
        ("/" + "x" * 300, "x" * 200),
        ("/x." + "y" * 300, "x." + "y" * 198),
    ],
)
def test_the_name_of_a_file_is_its_urls(path: str, name: str) -> None:
    assert file_name(URL(f"http://a.example{path}")) == name


@given(st.text())
def test_no_name_leads_elsewhere(path: str) -> None:
    try:
        url = URL(f"http://a.example/{path}")
    except InvalidURLError:
        return
    name = file_name(url)
    assert name
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>| ')
    assert name[0] not in ".-"
    assert len(name) <= 201


def test_a_file_is_made_with_the_rights_of_any_other(tmp_path: Path) -> None:
    with whole_file(tmp_path / "x") as write:
        write(b"1")
    (tmp_path / "y").touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "y").stat().st_mode
    assert stat.S_ISREG((tmp_path / "x").stat().st_mode)


def test_a_file_that_was_not_finished_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")

    def write_half() -> None:
        with whole_file(tmp_path / "x") as write:
            write(b"new")
            assert (tmp_path / "x").read_text() == "old"
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        write_half()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_two_files_of_one_folder_at_the_same_time(tmp_path: Path) -> None:
    with whole_file(tmp_path / "x") as one, whole_file(tmp_path / "y") as other:
        one(b"1")
        other(b"2")
    assert (tmp_path / "x").read_bytes() + (tmp_path / "y").read_bytes() == b"12"


def test_a_device_is_written_and_not_replaced() -> None:
    with whole_file(Path("/dev/null")) as write:
        write(b"1")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no folder .*none"), whole_file(tmp_path / "none" / "x"):
        pass


async def test_each_is_written_in_its_turn_and_the_first_at_once() -> None:
    stream = io.BytesIO()
    first = Turn(stream)
    second = Turn(stream, first)
    third = Turn(stream, second)
    write_all = asyncio.Event()

    async def later(turn: Turn, data: bytes, more: bytes) -> None:
        async with turn as write:
            write(data)
            await write_all.wait()
            write(more)

    tasks = [asyncio.create_task(later(third, b"5", b"6")), asyncio.create_task(later(second, b"3", b"4"))]
    async with first as write:
        write(b"1")
        await asyncio.sleep(0)
        assert stream.getvalue() == b"1"
        write(b"2")
    write_all.set()
    await asyncio.gather(*tasks)
    assert stream.getvalue() == b"123456"


async def test_a_large_document_waits_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "IN_MEMORY", 10)
    stream = io.BytesIO()
    first = Turn(stream)
    async with first:
        second = Turn(stream, first)
        second.write(bytes(range(95)))
    async with second:
        pass
    assert stream.getvalue() == bytes(range(95))


async def test_a_turn_that_fails_is_over_too() -> None:
    stream = io.BytesIO()
    first = Turn(stream)
    second = Turn(stream, first)
    second.write(b"kept aside")
    with pytest.raises(ValueError, match="broke"):
        async with first:
            raise ValueError("broke")
    stream.close()
    with pytest.raises(ValueError, match="closed file"):
        async with second:
            pass
    assert second.over.is_set()


async def test_a_turn_given_up_before_it_came_leaves_nothing_open() -> None:
    first = Turn(io.BytesIO())
    second = Turn(io.BytesIO(), first)

    async def wait() -> None:
        async with second as write:
            write(b"x")

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert second.over.is_set()
