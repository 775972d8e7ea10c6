"""Sizes and durations as people write them: `32MB`, `256KiB`, `5s`, `2m`; pure text to number and back."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-z]*)", re.ASCII)
SIZES: Final = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1000,
    "kib": 1024,
    "m": 1000**2,
    "mb": 1000**2,
    "mib": 1024**2,
    "g": 1000**3,
    "gb": 1000**3,
    "gib": 1024**3,
    "t": 1000**4,
    "tb": 1000**4,
    "tib": 1024**4,
}
DURATIONS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SIZE_WORDS: Final = "a size such as 500, 256KiB or 32MB"
DURATION_WORDS: Final = "a duration such as 0.5s, 30s, 5m or 2h"


def parse_count(text: str) -> int:
    """A whole number in plain digits: `int` alone would take `+5`, `1_0` and other alphabets' digits."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def parse_size(text: str) -> int:
    """Bytes; `ValueError` where the text is no size."""
    number, factor = _split(text, SIZES)
    return round(number * factor)


def parse_duration(text: str) -> float:
    """Seconds; `ValueError` where the text is no duration."""
    number, factor = _split(text, DURATIONS)
    return number * factor


def _split(text: str, factors: dict[str, int] | dict[str, float]) -> tuple[float, float]:
    match = _NUMBER.fullmatch(text.strip(" "))
    if match is None or match[2].lower() not in factors:
        raise ValueError(text)
    return float(match[1]) if "." in match[1] else int(match[1]), factors[match[2].lower()]


def spell_size(size: int) -> str:
    """A size as `parse_size` reads it back, exactly: `256KiB`, `2GB`, `812`."""
    for unit in ("TB", "GB", "MB", "kB", "TiB", "GiB", "MiB", "KiB"):
        number, rest = divmod(size, SIZES[unit.lower()])
        if number and not rest:
            return f"{number}{unit}"
    return str(size)


def spell_duration(seconds: float) -> str:
    """A duration as `parse_duration` reads it back, exactly: `0.5s`, `30s`, `5m`, `2h`."""
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60)):
        number, rest = divmod(seconds, factor)
        if number and not rest:
            return f"{number:.0f}{unit}"
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{_decimal(seconds)}s"


def _decimal(number: float) -> str:
    """The shortest text of a number without an exponent."""
    text = repr(number)
    return text if "e" not in text else f"{number:.18f}".rstrip("0")


def format_size(size: float) -> str:
    """A size for a person, three digits at the most: `812 B`, `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def format_duration(seconds: float) -> str:
    """A duration for a person: `0.4 s`, `12 s`, `3m 20s`, `2h 05m`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m"
