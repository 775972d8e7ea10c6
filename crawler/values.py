"""One value of a setting: whether its key takes it, and what it becomes; it knows no key by name.

The key's type and the metadata of its field say what it takes: `unit` (duration, size, count or ratio, with `low` and
`high`), `pattern`, `among`, `ascii`, `secret`, `url`.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin

from crawler.errors import SettingsError
from crawler.units import DURATION_WORDS, SIZE_WORDS, parse_count, parse_duration, parse_size

HIGHEST: Final = 10**15
"""No number is higher: beyond it neither a database nor a clock could hold what is computed with it."""


def check(value: object, hint: Any, metadata: Mapping[str, Any], key: str) -> object:
    """One value as its key has it; `SettingsError` says what the key takes."""
    if type(None) in get_args(hint) and (value is None or (value == "none" and str not in get_args(hint))):
        return None
    unit = metadata.get("unit")
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
    elif get_origin(hint) is tuple:
        return _check_list([value] if isinstance(value, str) else value, hint, metadata, key)
    elif hint is bool:
        if isinstance(value, bool):
            return value
    elif unit is not None:
        if value is not None and value == metadata.get("word"):
            return value
        number = _number(value, unit)
        if number is not None and metadata["low"] <= number <= metadata["high"]:
            return number
    elif isinstance(value, str) and _is_plain(value) and (value.isascii() or "ascii" not in metadata):
        return value
    raise _refusal(value, hint, metadata, key)


def _check_list(value: object, hint: Any, metadata: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts of a list; patterns that begin with `re:` are regular expressions."""
    if not isinstance(value, list | tuple):
        raise _refusal(value, hint, metadata, key)
    for item in value:
        if not isinstance(item, str) or not _is_plain(item):
            raise _refusal(item, hint, metadata, key)
        if item not in metadata.get("among", (item,)):
            raise _refusal(item, hint, metadata, key)
        if "pattern" in metadata and item.startswith("re:"):
            try:
                re.compile(item[3:])
            except (re.error, RecursionError, OverflowError) as error:
                raise SettingsError(f"{key}: {item[:80]!r} is no regular expression: {error}") from error
    return tuple(value)


def _refusal(value: object, hint: Any, metadata: Mapping[str, Any], key: str) -> SettingsError:
    """What is wrong, without showing a secret or a URL, which may hold one."""
    shown = "the value" if "secret" in metadata or "url" in metadata else repr(value)[:80]
    return SettingsError(f"{key}: {shown} is not accepted: takes {_words(hint, metadata)}")


def _is_plain(text: str) -> bool:
    return not re.search(r"[\x00-\x1f\x7f]", text)


def _number(value: object, unit: str) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        try:
            return {"duration": parse_duration, "size": parse_size, "count": parse_count, "ratio": _ratio}[unit](value)
        except ValueError:
            return None
    if unit in ("duration", "ratio"):
        return float(value) if abs(value) < HIGHEST else None
    return value if isinstance(value, int) else None


def _ratio(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(text)
    return float(text)


def _words(hint: Any, metadata: Mapping[str, Any]) -> str:
    """What a key takes, for a person."""
    unit = metadata.get("unit")
    word = f' or "{metadata["word"]}"' if "word" in metadata else ""
    none = ' or "none"' if type(None) in get_args(hint) and str not in get_args(hint) else ""
    if unit is not None:
        words = {"duration": DURATION_WORDS, "size": SIZE_WORDS, "count": "a whole number", "ratio": "a number"}[unit]
        low, high = metadata["low"], metadata["high"]
        if high < 1e9:
            return f"{words}, {low} to {high}{none}{word}"
        return f"{words}, at least {low}{none}" if low else f"{words}{none}"
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if "among" in metadata:
        return "some of " + ", ".join(metadata["among"])
    if get_origin(hint) is tuple:
        return "a text without control characters, or a list of such"
    if hint is bool:
        return "true or false"
    return "a text of ASCII characters" if "ascii" in metadata else "a text without control characters"
