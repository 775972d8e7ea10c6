"""What is made of a picture's pixels: a perceptual hash, and copies of it, smaller or of another type.

It decides nothing: not whether a picture is kept, nor what is alike. It takes the time and memory that a hostile file
likes to have, and so is a job for a child process. Pillow is imported here alone, and not before it is needed.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from crawler.errors import StoreError, WorkError

if TYPE_CHECKING:
    from PIL.Image import Image

    from crawler.interfaces import Workers

Type = Literal["avif", "jpeg", "png", "webp"]

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "ICO", "TIFF")
"""What is decoded. Pillow knows more: some of it starts other programs (EPS), all of it is more code to attack."""

WRITING: Final[dict[Type, dict[str, int]]] = {
    "avif": {"quality": 65, "speed": 8},
    "jpeg": {"quality": 85},
    "png": {},
    "webp": {"quality": 82},
}
"""How a copy of each type is written."""

MAX_PROFILE: Final = 64 * 1024
"""Bytes of a colour profile that copies keep."""

MAX_ANSWER: Final = 64 * 1024
"""Bytes of what a child says of one picture: enough for some copies, or an error and its traceback."""

MAX_ERROR: Final = 200
"""Characters of what is wrong with a picture."""

HASH: Final = re.compile("[0-9a-f]{32}")
"""A hash as a child says it."""

GRID: Final = 9
"""Greys across and down, between which lie the gradients of the hash."""

SHRUNK: Final = 8 * GRID
"""Greys across and down from which the grid is made: fine enough not to be rounded off."""

STEP: Final = 3.0
"""Levels of grey by which a neighbour is lighter, and does not only look so since it was encoded anew."""

MIN_TURNS: Final = 4
"""Gradients that go against the rest of their half; with fewer a picture is blank, or one that only grows lighter."""

ORIENTATION: Final = 0x0112
"""The Exif tag that says how a picture is to be turned."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file to be made of a picture: where, of which type, and fitted into a square of `max_side` pixels.

    It is never larger than the picture. What is made to fit, or cannot be transparent, stands on white.
    """

    path: str
    type: Type
    max_side: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made of a picture of at most `max_pixels`.

    `temporary` is a path on the copies' file system; names that begin so are the job's alone.
    """

    temporary: str
    copies: tuple[Copy, ...] = ()
    hash: bool = True
    max_pixels: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that is there now, with its pixels and bytes."""

    path: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made; `error` is the one line that says why the rest was not.

    The hash is 128 bits: in the first 64 where the picture grows lighter to the right, in the others downwards; None
    for a picture that is nearly blank.
    """

    hash: bytes | None = None
    copies: tuple[Made, ...] = ()
    error: str | None = None


def derive(source: str, wish: Wish) -> Derived:
    """Make of the picture in the file `source` what is wished, decoding it once and only its first frame.

    Whatever is wrong with the picture is an `error`; `StoreError` where a copy cannot be written. `MemoryError` is left
    to end the process.
    """
    made: list[Made] = []
    hash = None
    try:
        with _opened(source, wish.max_pixels) as picture:
            _draft(picture, wish)
            picture.load()
            upright = _upright(_plain(picture))
            hash = dhash(upright) if wish.hash else None
            profile = _profile(picture)
            for number, copy in enumerate(wish.copies):
                made.append(_write(upright, copy, f"{wish.temporary}.{number}", profile))
    except (MemoryError, StoreError):
        raise
    except Exception as error:  # decoders raise nearly everything: ValueError, KeyError, struct.error, zlib.error ...
        return Derived(hash, tuple(made), _line(f"{error}") or type(error).__name__)
    return Derived(hash, tuple(made))


async def derive_elsewhere(workers: "Workers", source: str, wish: Wish, timeout: float) -> Derived:
    """What `derive` gives, by a process of `workers`; `WorkError` where that process has gone astray."""
    return _derived(await workers.run(derive_plain, source, wish, timeout=timeout))


def derive_plain(source: str, wish: Wish) -> tuple[str | None, list[tuple[object, ...]], str | None]:
    """In a child: what `derive` gives, as plain values."""
    derived = derive(source, wish)
    hash = derived.hash.hex() if derived.hash is not None else None
    return hash, [astuple(made) for made in derived.copies], derived.error


def _derived(plain: object) -> Derived:
    """The same again; `WorkError` where it is nothing of the kind."""
    match plain:
        case [None | str() as hash, [*copies], None | str() as error] if hash is None or HASH.fullmatch(hash):
            made = tuple(map(_made, copies))
            return Derived(bytes.fromhex(hash) if hash else None, made, _line(error) if error else None)
    raise WorkError("what was said of a picture cannot be read")


def _line(text: str) -> str:
    return " ".join(text.encode(errors="replace").decode().split())[:MAX_ERROR]


def _made(plain: object) -> Made:
    match plain:
        case [str() as path, int() as width, int() as height, int() as size]:
            return Made(path, width, height, size)
    raise WorkError("what was said of a copy of a picture cannot be read")


def dhash(picture: "Image") -> bytes | None:
    """The perceptual hash of an upright picture in one of the modes L, RGB and RGBA.

    Its bits are in an order in which each third of a half stands for places all over the picture: a part of it that is
    blank, as in many pictures, is a part of each third.
    """
    from PIL.Image import Resampling

    small = _on_white(picture.resize((SHRUNK, SHRUNK), Resampling.BILINEAR)).convert("L").convert("F")
    grid = small.resize((GRID, GRID), Resampling.BILINEAR)
    greys = [[_grey(grid, x, y) for x in range(GRID)] for y in range(GRID)]
    across = [greys[y][x + 1] - greys[y][x] for x, y in _places()]
    down = [greys[y + 1][x] - greys[y][x] for x, y in _places()]
    if _turns(across) + _turns(down) < MIN_TURNS:
        return None
    bits = "".join("1" if step > STEP else "0" for step in across + down)
    return int(bits, 2).to_bytes(16, "big")


def _turns(steps: list[float]) -> int:
    """How many steps go up, or how many down, whichever are fewer."""
    return min(sum(step > STEP for step in steps), sum(step < -STEP for step in steps))


def _places() -> list[tuple[int, int]]:
    """The places of the gradients, in the order of their bits."""
    places = [(x, y) for y in range(GRID - 1) for x in range(GRID - 1)]
    return sorted(places, key=lambda place: (place[0] - place[1]) % 3)


def _grey(grid: "Image", x: int, y: int) -> float:
    value = grid.getpixel((x, y))
    assert isinstance(value, int | float)
    return value


@contextmanager
def _opened(source: str, max_pixels: int) -> Iterator["Image"]:
    """The picture, its head read and its pixels not; `ValueError` where it has more than `max_pixels`."""
    from PIL import Image, UnidentifiedImageError

    _know_formats()
    # Pillow warns beyond its limit and refuses beyond twice that, also for what is packed inside (an icon's pictures).
    Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2
    too_many = f"it has more than {max_pixels:,} pixels"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Path(source).open("rb") as file, Image.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > max_pixels:
                    raise ValueError(too_many)
                yield picture
        except Image.DecompressionBombError as error:
            raise ValueError(too_many) from error
        except UnidentifiedImageError as error:
            raise ValueError("it is no picture of a type that can be decoded") from error


def _know_formats() -> None:
    """Have Pillow know the formats that count here: asked for one that it does not know yet, it imports all it has."""
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        IcoImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )


def _draft(picture: "Image", wish: Wish) -> None:
    """Have a JPEG decoded no larger than the wish takes; a picture of another type stays as it is."""
    width, height = picture.size
    parts = [min(width, height) // (2 * SHRUNK)] if wish.hash else []
    parts += [max(width, height) // (2 * copy.max_side) if copy.max_side else 1 for copy in wish.copies]
    part = max(1, min(parts, default=1))
    picture.draft("RGB" if wish.copies else "L", (max(1, width // part), max(1, height // part)))


def _plain(picture: "Image") -> "Image":
    """The picture in one of the modes L, RGB and RGBA."""
    if picture.mode.startswith("I"):
        # 16 bits of grey; `convert` alone would cut all above 255 off.
        return picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode == "L" else picture.convert("RGB")


def _upright(picture: "Image") -> "Image":
    """The picture turned as its Exif data asks."""
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(_orientation(picture))
    return picture.transpose(turn) if turn is not None else picture


def _orientation(picture: "Image") -> int:
    """What the Exif data says, 1 where it is broken."""
    with suppress(Exception):
        return int(picture.getexif().get(ORIENTATION, 1))
    return 1


def _on_white(picture: "Image") -> "Image":
    from PIL import Image

    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _profile(picture: "Image") -> bytes:
    """The colour profile of an RGB picture, empty where there is none; that of another mode fits no copy."""
    profile = picture.info.get("icc_profile")
    fits = isinstance(profile, bytes) and len(profile) <= MAX_PROFILE and picture.mode in ("RGB", "RGBA")
    return profile if fits and profile is not None else b""


def _write(picture: "Image", copy: Copy, temporary: str, profile: bytes) -> Made:
    """Make a copy; it has its name when it is whole."""
    from PIL import features
    from PIL.Image import Resampling

    if copy.type in ("avif", "webp") and not features.check(copy.type):
        raise ValueError(f"this Pillow writes no {copy.type}")
    if copy.max_side is not None:
        share = min(1.0, copy.max_side / max(picture.size))
        size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        picture = _on_white(picture.resize(size, Resampling.LANCZOS, reducing_gap=2.0))
    elif copy.type == "jpeg":
        picture = _on_white(picture)
    body = BytesIO()
    try:
        picture.save(body, copy.type, icc_profile=profile, exif=b"", **WRITING[copy.type])
    except (ValueError, OSError) as error:
        raise ValueError(f"no {copy.type} can be made of it: {error}") from error
    _keep(body.getbuffer(), Path(temporary), Path(copy.path))
    return Made(copy.path, *picture.size, body.tell())


def _keep(body: memoryview, temporary: Path, final: Path) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(body)
        temporary.replace(final)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(f"{error.filename or final}: {error.strerror or error}") from error
