"""Lines for a person on standard error and standard output, cleaned of what a terminal would act upon."""

import sys
from typing import TextIO

from crawler.watch.printable import printable, printable_text


def complain(text: str) -> None:
    """One line about what went wrong, on standard error."""
    say(f"crawler: {text}")


def say(text: str) -> None:
    """One line for a person, on standard error."""
    print(printable(text), file=sys.stderr)


def show(text: str) -> None:
    """Lines that were asked for, on standard output."""
    print(printable_text(text))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at this stream."""
    return not stream.closed and stream.isatty()
