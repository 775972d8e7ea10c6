"""Header fields as they came: order, case and duplicates; knows no field's meaning."""

from collections.abc import Iterable, Iterator

from crawler.http1.fields import Field, parse_fields


class Headers:
    """The fields of a head or of trailers, in order; never changes.

    Names compare without case. Values are ISO-8859-1, so that every byte has its character and `raw_items` gives the
    bytes back.
    """

    __slots__ = ("_at", "_parsed", "_raw")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._raw = b""
        self._at = 0
        self._parsed: list[Field] | None = [(name.lower(), name, value) for name, value in items]

    @classmethod
    def of(cls, raw: bytes, at: int) -> "Headers":
        """The headers that the lines of `raw` from `at` on are; they are parsed when first asked for."""
        headers = cls.__new__(cls)
        headers._raw = raw
        headers._at = at
        headers._parsed = None
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The field's value, its lines joined by `, ` as RFC 9110 section 5.3 does; for Set-Cookie use `get_all`."""
        values = self.get_all(name)
        if not values:
            return default
        return values[0] if len(values) == 1 else ", ".join(values)

    def get_all(self, name: str) -> list[str]:
        """The values of the field's lines, in order."""
        lower = name.lower()
        return [field[2] for field in self._fields() if field[0] == lower]

    def items(self) -> Iterator[tuple[str, str]]:
        """Name as it came and value, line by line."""
        return ((name, value) for _, name, value in self._fields())

    def raw_items(self) -> Iterator[tuple[bytes, bytes]]:
        """The same as bytes."""
        return ((name.encode("latin-1"), value.encode("latin-1")) for _, name, value in self._fields())

    def __contains__(self, name: object) -> bool:
        lower = name.lower() if isinstance(name, str) else name
        return any(field[0] == lower for field in self._fields())

    def __iter__(self) -> Iterator[str]:
        return (name for _, name, _ in self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(self._folded())

    def __repr__(self) -> str:
        return f"Headers({list(self.items())!r})"

    def _fields(self) -> list[Field]:
        if self._parsed is None:
            self._parsed = parse_fields(self._raw[self._at :])
            self._raw = b""
        return self._parsed

    def _folded(self) -> tuple[tuple[str, str], ...]:
        return tuple((lower, value) for lower, _, value in self._fields())
