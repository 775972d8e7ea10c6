"""Pictures that Pillow makes, good ones and bad ones, and what becomes of them."""

import random
import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat, features

from crawler.errors import StoreError, WorkError
from crawler.work.children import Children
from crawler.work.pictures import MAX_ANSWER, Copy, Derived, Made, Wish, derive, derive_elsewhere, dhash

SIZE = (400, 300)


def photo(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Something like a photograph: light from one side, things, clouds, and the grain of a film."""
    chance = random.Random(seed)
    width, height = size

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    light = Image.linear_gradient("L").rotate(chance.choice([0, 90, 180, 270])).resize(size)
    picture = Image.composite(Image.new("RGB", size, colour()), Image.new("RGB", size, colour()), light)
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randrange(4, 12)):
        x, y, reach = chance.randrange(width), chance.randrange(height), chance.randrange(20, width // 3)
        shape = chance.choice([draw.ellipse, draw.rectangle])
        shape((x - reach, y - reach // 2, x + reach, y + reach // 2), fill=colour())
    clouds = Image.frombytes("L", (16, 12), chance.randbytes(16 * 12)).resize(size, Image.Resampling.BICUBIC)
    grain = Image.frombytes("L", size, chance.randbytes(width * height)).convert("RGB")
    picture = Image.blend(picture, clouds.convert("RGB"), 0.25).filter(ImageFilter.GaussianBlur(1))
    return Image.blend(picture, grain, 0.06)


def saved(picture: Image.Image, path: Path, **options: Any) -> str:
    picture.save(path, **options)
    return str(path)


def wish(folder: Path, *copies: Copy, **more: Any) -> Wish:
    return Wish(str(folder / "temporary"), copies, **more)


def differing(one: bytes | None, other: bytes | None) -> int:
    assert one is not None
    assert other is not None
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def is_like(path: str, expected: Image.Image, most: float) -> bool:
    """Whether a file shows this picture, its levels no further off than `most` in the mean."""
    with Image.open(path) as found:
        assert found.size == expected.size
        apart = ImageChops.difference(found.convert("RGB"), expected.convert("RGB"))
    return max(ImageStat.Stat(apart).mean) <= most


class TestLikeness:
    @pytest.mark.parametrize("seed", range(12))
    def test_a_smaller_or_poorer_copy_is_near_and_another_picture_far(self, tmp_path: Path, seed: int) -> None:
        picture = photo(seed)
        hash = derive(saved(picture, tmp_path / "a.png"), wish(tmp_path)).hash
        for share in (1.0, 0.5, 0.25):
            smaller = picture.resize((round(400 * share), round(300 * share)), Image.Resampling.LANCZOS)
            for quality in (95, 40):
                copy = derive(saved(smaller, tmp_path / "b.jpg", quality=quality), wish(tmp_path)).hash
                assert differing(hash, copy) <= 7
        other = derive(saved(photo(seed + 1000), tmp_path / "c.png"), wish(tmp_path)).hash
        assert differing(hash, other) > 20

    def test_the_first_half_says_where_it_grows_lighter_to_the_right(self) -> None:
        grid = Image.new("L", (9, 9))
        grid.putdata([80 if (x + y) % 2 else 0 for y in range(9) for x in range(9)])
        picture = grid.resize((720, 720), Image.Resampling.NEAREST)
        hash = dhash(picture)
        mirrored = dhash(picture.transpose(Image.Transpose.TRANSPOSE))
        assert hash is not None
        assert mirrored is not None
        assert hash[:8] == hash[8:] == mirrored[:8]
        assert int.from_bytes(hash[:8]).bit_count() == 32
        columns = Image.new("L", (9, 9))
        columns.putdata([80 if x % 2 else 0 for _ in range(9) for x in range(9)])
        hash = dhash(columns.resize((720, 720), Image.Resampling.NEAREST))
        assert hash is not None
        assert (int.from_bytes(hash[:8]).bit_count(), hash[8:]) == (32, bytes(8))

    @pytest.mark.parametrize("turns", range(4))
    def test_what_is_blank_or_only_grows_lighter_has_none(self, turns: int) -> None:
        light = Image.linear_gradient("L").rotate(90 * turns)
        noise = Image.effect_noise((300, 300), 10)
        for picture in (Image.new("L", SIZE, 64 * turns), light, light.convert("RGB"), noise):
            assert dhash(picture) is None

    def test_what_is_transparent_lies_on_white(self, tmp_path: Path) -> None:
        picture = photo(3).convert("RGBA")
        mask = Image.new("L", SIZE)
        ImageDraw.Draw(mask).ellipse((50, 50, 350, 250), fill=255)
        picture.putalpha(mask)
        white = Image.new("RGB", SIZE, "white")
        white.paste(picture, mask=mask)
        one = derive(saved(picture, tmp_path / "a.png"), wish(tmp_path))
        other = derive(saved(white, tmp_path / "b.png"), wish(tmp_path))
        assert differing(one.hash, other.hash) <= 1

    def test_none_is_made_where_none_is_wished(self, tmp_path: Path) -> None:
        assert derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path, hash=False)) == Derived()


class TestCopies:
    @pytest.mark.parametrize("type", ["jpeg", "webp", "png", "avif"])
    def test_a_thumbnail_fits_and_shows_the_picture(self, tmp_path: Path, type: Any) -> None:
        if type == "avif" and not features.check("avif"):
            pytest.skip("this Pillow writes no AVIF")
        picture = photo(5, (1200, 800))
        path = str(tmp_path / "thumbnails" / "deep" / "a")
        derived = derive(saved(picture, tmp_path / "a.jpg", quality=95), wish(tmp_path, Copy(path, type, 256)))
        assert derived.error is None
        assert derived.copies == (Made(path, 256, 171, Path(path).stat().st_size),)
        with Image.open(path) as found:
            assert found.format == type.upper()
        assert is_like(path, picture.resize((256, 171), Image.Resampling.LANCZOS), 6)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jpg", "thumbnails"]

    def test_a_small_picture_is_not_made_larger(self, tmp_path: Path) -> None:
        (made,) = derive(
            saved(photo(5, (96, 64)), tmp_path / "a.png"), wish(tmp_path, Copy(str(tmp_path / "t"), "webp", 256))
        ).copies
        assert (made.width, made.height) == (96, 64)

    @pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 2000)])
    def test_the_thinnest_picture_has_a_thumbnail(self, tmp_path: Path, size: tuple[int, int]) -> None:
        for name in ("a.png", "a.jpg"):
            copy = Copy(str(tmp_path / "t"), "jpeg", 64)
            derived = derive(saved(Image.new("RGB", size, "red"), tmp_path / name), wish(tmp_path, copy))
            assert derived.error is None
            assert derived.hash is None
            assert max(derived.copies[0].width, derived.copies[0].height) == min(64, max(size))

    def test_all_is_made_from_one_decoding(self, tmp_path: Path) -> None:
        picture = photo(6)
        copies = [
            Copy(str(tmp_path / "small.webp"), "webp", 64),
            Copy(str(tmp_path / "whole.png"), "png"),
            Copy(str(tmp_path / "middle.jpeg"), "jpeg", 200),
        ]
        derived = derive(saved(picture, tmp_path / "a.jpg", quality=95), wish(tmp_path, *copies))
        assert [(made.width, made.height) for made in derived.copies] == [(64, 48), (400, 300), (200, 150)]
        with Image.open(tmp_path / "a.jpg") as decoded:
            assert is_like(copies[1].path, decoded, 0)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_turned_as_a_camera_asks(self, tmp_path: Path, orientation: int) -> None:
        upright = photo(7)
        turned = {
            1: upright,
            2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            3: upright.transpose(Image.Transpose.ROTATE_180),
            4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
            5: upright.transpose(Image.Transpose.TRANSPOSE),
            6: upright.transpose(Image.Transpose.ROTATE_90),
            7: upright.transpose(Image.Transpose.TRANSVERSE),
            8: upright.transpose(Image.Transpose.ROTATE_270),
        }[orientation]
        exif = Image.Exif()
        exif[0x0112] = orientation
        for name in ("a.jpg", "a.png", "a.webp", "a.tiff"):
            path = str(tmp_path / "t")
            source = saved(turned, tmp_path / name, exif=exif, quality=95)
            derived = derive(source, wish(tmp_path, Copy(path, "png"), Copy(path + "s", "webp", 100)))
            assert is_like(path, upright, 4)
            assert is_like(path + "s", upright.resize((100, 75), Image.Resampling.LANCZOS), 8)
            assert differing(derived.hash, dhash(upright)) <= 4
            with Image.open(path) as found:
                assert found.getexif().get(0x0112) is None

    @pytest.mark.parametrize("entries", [b"\xff\xff\x01\x12\0\x03", b"\0\x01\x01\x12\0\x02\0\0\0\x02x\0\0\0\0\0\0\0"])
    def test_broken_exif_data_turns_nothing(self, tmp_path: Path, entries: bytes) -> None:
        picture = photo(8)
        source = saved(picture, tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08" + entries, quality=95)
        derived = derive(source, wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
        assert derived.error is None
        assert is_like(str(tmp_path / "t"), picture, 4)

    @pytest.mark.parametrize(
        ("type", "side", "colour"),
        [
            ("png", None, (255, 0, 0, 0)),
            ("webp", None, None),
            ("jpeg", None, (255, 255, 255, 255)),
            ("png", 20, (255, 255, 255, 255)),
        ],
    )
    def test_where_it_is_transparent(self, tmp_path: Path, type: Any, side: int | None, colour: Any) -> None:
        copy = Copy(str(tmp_path / "t"), type, side)
        derive(saved(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), tmp_path / "a.png"), wish(tmp_path, copy))
        with Image.open(copy.path) as found:
            pixel: Any = found.convert("RGBA").getpixel((9, 9))
        assert pixel == colour if colour else pixel[3] == 0

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
    def test_every_mode_becomes_the_same_picture(self, tmp_path: Path, mode: str) -> None:
        grey = Image.linear_gradient("L").resize((64, 64))
        picture = grey.convert(mode) if mode not in ("I;16", "I") else grey.convert("I").point(lambda v: v * 257)
        picture = picture.convert("I;16") if mode == "I;16" else picture
        name = {"PA": "a.png", "F": "a.tiff", "CMYK": "a.jpg", "YCbCr": "a.jpg", "I": "a.tiff"}.get(mode, "a.png")
        picture = picture.convert("P") if mode == "PA" else picture
        derived = derive(saved(picture, tmp_path / name), wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
        assert derived.error is None
        assert is_like(str(tmp_path / "t"), grey, 3 if mode != "1" else 128)

    def test_a_transparent_colour_is_transparent(self, tmp_path: Path) -> None:
        picture = Image.new("P", (32, 32), 0)
        picture.putpalette([255, 0, 0, 0, 0, 255])
        ImageDraw.Draw(picture).rectangle((0, 0, 15, 31), fill=1)
        for name in ("a.gif", "a.png"):
            source = saved(picture, tmp_path / name, transparency=0)
            derive(source, wish(tmp_path, Copy(str(tmp_path / "t"), "jpeg")))
            with Image.open(tmp_path / "t") as found:
                right: Any = found.getpixel((28, 16))
                left: Any = found.getpixel((4, 16))
            assert min(right) > 240
            assert left[2] > 200 > left[0]

    def test_of_what_moves_the_first_frame_counts(self, tmp_path: Path) -> None:
        frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
        for name in ("a.gif", "a.webp", "a.png", "a.tiff"):
            source = saved(frames[0], tmp_path / name, save_all=True, append_images=frames[1:], duration=50)
            with Image.open(source) as found:
                assert getattr(found, "n_frames", 1) == 3
            derive(source, wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
            assert is_like(str(tmp_path / "t"), frames[0], 3)
            with Image.open(tmp_path / "t") as found:
                assert getattr(found, "n_frames", 1) == 1

    def test_a_colour_profile_is_kept_where_it_fits(self, tmp_path: Path) -> None:
        def profile_of_copy(mode: str, name: str, profile: bytes) -> bytes | None:
            source = saved(Image.new(mode, (32, 32)), tmp_path / name, icc_profile=profile)
            derive(source, wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
            with Image.open(tmp_path / "t") as found:
                found.load()
                return found.info.get("icc_profile")

        assert profile_of_copy("RGB", "a.jpg", b"a profile" * 20) == b"a profile" * 20
        assert profile_of_copy("CMYK", "b.jpg", b"a profile" * 20) is None
        assert profile_of_copy("RGB", "c.png", bytes(100_000)) is None

    def test_what_cannot_be_written_is_said_and_the_rest_is_there(self, tmp_path: Path) -> None:
        copies = Copy(str(tmp_path / "t.png"), "png", 64), Copy(str(tmp_path / "t.webp"), "webp")
        derived = derive(saved(Image.new("L", (17_000, 4)), tmp_path / "a.png"), wish(tmp_path, *copies))
        assert [made.path for made in derived.copies] == [copies[0].path]
        assert derived.error is not None
        assert derived.error.startswith("no webp can be made of it: ")
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "t.png"]

    def test_a_pillow_without_a_type_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(features, "check", lambda name: False)
        derived = derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path, Copy(str(tmp_path / "t"), "avif")))
        assert derived.error == "this Pillow writes no avif"
        assert derived.hash is not None

    def test_a_file_in_the_way_is_replaced_and_never_half(self, tmp_path: Path) -> None:
        (tmp_path / "t").write_text("old")
        derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
        assert is_like(str(tmp_path / "t"), photo(1), 0)

    def test_a_folder_that_cannot_be_written_is_our_error(self, tmp_path: Path) -> None:
        (tmp_path / "thumbnails").write_text("in the way")
        copy = Copy(str(tmp_path / "thumbnails" / "t"), "png")
        with pytest.raises(StoreError, match="thumbnails"):
            derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path, copy))

    def test_no_link_is_followed_and_nothing_left_where_writing_fails(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").write_text("precious")
        (tmp_path / "temporary.0").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="File exists"):
            derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path, Copy(str(tmp_path / "t"), "png")))
        assert (tmp_path / "elsewhere").read_text() == "precious"
        assert not (tmp_path / "t").exists()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says to have so many grey pixels; the first 200 rows of 5,000 are there."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + min(width, 5000))) for _ in range(min(height, 200))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_bytes() -> bytes:
    body = BytesIO()
    photo(1).save(body, "JPEG")
    return body.getvalue()


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
ICON_BOMB = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(bomb(20_000, 20_000)), 22) + bomb(
    20_000, 20_000
)


class TestBadPictures:
    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b"", "it is no picture of a type that can be decoded"),
            (b"<!doctype html><p>404", "it is no picture of a type that can be decoded"),
            (SVG, "it is no picture of a type that can be decoded"),
            (EPS, "it is no picture of a type that can be decoded"),
            (b"\x89PNG\r\n\x1a\n", "it is no picture of a type that can be decoded"),
            (jpeg_bytes()[:-2000], "image file is truncated"),
            (bomb(50_000, 50_000), "it has more than 100,000,000 pixels"),
            (bomb(2**31 - 1, 2**31 - 1), "it has more than 100,000,000 pixels"),
            (ICON_BOMB, "it has more than 100,000,000 pixels"),
            (bomb(5000, 5000)[:-30], "image file is truncated"),
        ],
    )
    def test_each_has_its_line(self, tmp_path: Path, body: bytes, error: str) -> None:
        (tmp_path / "a.jpg").write_bytes(body)
        tracemalloc.start()
        derived = derive(str(tmp_path / "a.jpg"), wish(tmp_path, Copy(str(tmp_path / "t"), "png", 64)))
        tracemalloc.stop()
        assert derived.error is not None
        assert derived.error.startswith(error)
        assert derived == Derived(error=derived.error)
        assert [file.name for file in tmp_path.iterdir()] == ["a.jpg"]

    def test_a_source_that_is_gone_is_said(self, tmp_path: Path) -> None:
        derived = derive(str(tmp_path / "a.jpg"), wish(tmp_path))
        assert derived.error is not None
        assert "No such file" in derived.error

    @pytest.mark.parametrize(("limit", "is_taken"), [(119_999, False), (120_000, True), (120_001, True)])
    def test_the_limit_is_exact(self, tmp_path: Path, limit: int, is_taken: bool) -> None:
        for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.bmp"):
            derived = derive(saved(photo(1), tmp_path / name), wish(tmp_path, max_pixels=limit))
            assert (derived.error is None) is is_taken

    @pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.webp", "a.bmp", "a.ico", "a.tiff", "a.avif"])
    def test_no_damage_raises_or_warns(self, tmp_path: Path, name: str) -> None:
        if name == "a.avif" and not features.check("avif"):
            pytest.skip("this Pillow writes no AVIF")
        chance = random.Random(name)
        body = Path(saved(photo(2, (96, 64)), tmp_path / name)).read_bytes()
        for _ in range(60):
            damaged = bytearray(body[: chance.randrange(len(body))] if chance.random() < 0.5 else body)
            for _ in range(chance.randrange(1, 20)):
                if damaged:
                    place = chance.randrange(min(len(damaged), chance.choice([64, 512, 1 << 20])))
                    damaged[place] = chance.randrange(256)
            (tmp_path / name).write_bytes(damaged)
            copy = Copy(str(tmp_path / "t"), "webp", 32)
            derived = derive(str(tmp_path / name), wish(tmp_path, copy, max_pixels=1_000_000))
            assert derived.error is None or (derived.error and "\n" not in derived.error)

    def test_want_of_memory_is_no_picture_s_fault(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def want(*_: object, **__: object) -> None:
            raise MemoryError

        monkeypatch.setattr(Image.Image, "resize", want)
        with pytest.raises(MemoryError):
            derive(saved(photo(1), tmp_path / "a.png"), wish(tmp_path))


async def test_in_a_child_it_is_the_same(tmp_path: Path) -> None:
    source = saved(photo(9), tmp_path / "a.jpg")
    copy = Copy(str(tmp_path / "t"), "webp", 128)
    other = str(tmp_path / "nothing.jpg")
    async with Children(1, max_answer=MAX_ANSWER) as children:
        derived = await derive_elsewhere(children, source, wish(tmp_path, copy), 60)
        broken = await derive_elsewhere(children, other, wish(tmp_path), 60)
    assert derived == derive(source, wish(tmp_path, copy))
    assert derived.error is None
    assert broken == derive(other, wish(tmp_path))


class Astray:
    """A process that says this of any picture."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    async def run(self, *_: object, timeout: float) -> Any:
        return self._answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "abc",
        [None, []],
        [None, [], None, None],
        ["00", [], None],
        ["0" * 31 + "x", [], None],
        [0, [], None],
        [None, None, None],
        [None, {}, None],
        [None, ["abcd"], None],
        [None, [["a", 1, 2]], None],
        [None, [["a", 1, 2, "3"]], None],
        [None, [], ["an error"]],
    ],
)
async def test_what_no_child_says_is_not_taken(tmp_path: Path, answer: object) -> None:
    with pytest.raises(WorkError, match="cannot be read"):
        await derive_elsewhere(Astray(answer), "a.png", wish(tmp_path), 60)


async def test_what_a_child_says_is_bounded(tmp_path: Path) -> None:
    answer = ["ab" * 16, [["a", 1, 2, 3]], "two\nlines \udc80" + "x" * 9_000]
    derived = await derive_elsewhere(Astray(answer), "a.png", wish(tmp_path), 60)
    assert derived == Derived(bytes([0xAB]) * 16, (Made("a", 1, 2, 3),), "two lines ?" + "x" * 189)
