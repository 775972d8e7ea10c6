"""The entry point: from the command line to an exit status, with every expected failure as one line.

It knows the errors and no command; the commands are imported when one is asked for.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from crawler.errors import CrawlError, InvalidURLError, NoCrawlError, SettingsError
from crawler.settings import VERSION

if TYPE_CHECKING:
    import typer

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
"""What a shell reports of a command whose reader went away."""


def main() -> NoReturn:
    """Run the command that the process was started with; interrupted at any moment, it ends without a traceback."""
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = INTERRUPTED
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it is over: an exit status is not changed any more
    if status == INTERRUPTED:
        leave(status)
    sys.exit(status)


def leave(status: int) -> NoReturn:
    """End now: where an interrupt hit a thread that was just being started, Python would wait for that for ever."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run a command; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _version() if list(arguments) in (["--version"], ["-V"]) else _command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        return BROKEN_PIPE
    return status


def _version() -> int:
    print(f"crawler {VERSION}")  # without the libraries of the command line: it is asked often, by other programs
    return 0


def _command(arguments: Sequence[str]) -> int:
    import typer  # heavy

    from crawler.cli.app import app
    from crawler.cli.terminal import complain

    try:
        return app(list(arguments), prog_name="crawler", standalone_mode=False) or 0
    except typer.TyperException as error:
        if error.format_message():  # else the help was shown
            complain(_usage(error))
        return error.exit_code
    except SystemExit:
        return BROKEN_PIPE  # the one occasion on which typer itself leaves here
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (SettingsError, InvalidURLError, NoCrawlError) as error:
        complain(str(error))
        return USAGE
    except CrawlError as error:
        complain(str(error))
        return FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        return FAILED


def _usage(error: "typer.TyperException") -> str:
    """What is wrong with the command line, and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "crawler"
    text = error.format_message().rstrip(".")
    return f"{text[:1].lower()}{text[1:]} ({command} --help tells more)"
