"""The bytes of an answer, as they are written for a person: as they are, as text for a terminal, or as literals.

It knows no stream; a rendering is fed and gives bytes.
"""

from codecs import getincrementaldecoder
from typing import Final, Protocol

from crawler.watch.printable import printable_text

LONGEST: Final = 4096
"""Bytes in one literal; a longer line goes on in the next."""


class Rendering(Protocol):
    """How an answer is written."""

    def head(self, raw: bytes) -> bytes:
        """The head."""
        ...

    def feed(self, data: bytes) -> bytes:
        """A piece of the body, or of all that comes."""
        ...

    def finish(self) -> bytes:
        """What was held back."""
        ...


class AsItIs:
    """Every byte as it came."""

    def head(self, raw: bytes) -> bytes:
        """The head."""
        return raw

    def feed(self, data: bytes) -> bytes:
        """A piece."""
        return data

    def finish(self) -> bytes:
        """Nothing."""
        return b""


class AsText:
    """Text in the encoding of a terminal, with nothing in it that the terminal would act upon."""

    def __init__(self, codec: str, terminal: str) -> None:
        self._decoder = getincrementaldecoder(codec)("replace")
        self._terminal = terminal
        self._held = ""
        self._has_begun = False

    def head(self, raw: bytes) -> bytes:
        """The head, whose bytes are ISO-8859-1."""
        return self._encode(raw.decode("latin-1"))

    def feed(self, data: bytes, final: bool = False) -> bytes:
        """A piece."""
        text = self._held + self._decoder.decode(data, final)
        if not self._has_begun and text:
            self._has_begun = True
            text = text.removeprefix("\ufeff")
        # A CR at the end may be half of a line end.
        self._held = "\r" if text.endswith("\r") and not final else ""
        return self._encode(text[: len(text) - len(self._held)])

    def finish(self) -> bytes:
        """What was half a character or half a line end."""
        return self.feed(b"", final=True)

    def _encode(self, text: str) -> bytes:
        return printable_text(text).encode(self._terminal, "backslashreplace")


class AsLiterals:
    """A line of Python for each line, `b'like this\\r\\n'`: every byte can be seen, and none acts."""

    def __init__(self) -> None:
        self._held = b""

    def head(self, raw: bytes) -> bytes:
        """The head."""
        return self.feed(raw)

    def feed(self, data: bytes) -> bytes:
        """A piece."""
        *whole, self._held = (self._held + data).split(b"\n")
        written = [self._literals(line + b"\n") for line in whole]
        while len(self._held) >= LONGEST:
            written.append(self._literals(self._held[:LONGEST]))
            self._held = self._held[LONGEST:]
        return b"".join(written)

    def finish(self) -> bytes:
        """A last line that has no end."""
        held, self._held = self._held, b""
        return self._literals(held)

    def _literals(self, line: bytes) -> bytes:
        return b"".join(f"{line[at : at + LONGEST]!r}\n".encode() for at in range(0, len(line), LONGEST))
