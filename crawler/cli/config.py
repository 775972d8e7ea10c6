"""`crawler config show`: every setting in force and where it came from, written as TOML; secrets are masked."""

import json
from collections.abc import Iterable
from typing import Final

import typer

from crawler.cli.address import MASK, masked
from crawler.cli.flags import config_option, path_or_none, preset_option
from crawler.cli.terminal import show
from crawler.settings import Effective, effective, load
from crawler.units import spell_duration, spell_size

app: Final = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make `show` a command of its own, not the group itself."""


@app.command("show")
def show_settings(config: str | None = config_option(), preset: str | None = preset_option()) -> int:
    """Show every setting, its value, and where it came from.

    The output is TOML: what you want to change can go into a file of your own. Of a host, what it has of its own is
    shown. Passwords and their like are masked.

    \b
    Examples
      crawler config show
      crawler config show --preset polite
      crawler config show --config my.toml
    """
    settings, sources = load(path_or_none(config), preset=preset)
    rows = [
        row for row in effective(settings, sources) if not (row.key.startswith("hosts.") and row.source == "default")
    ]
    show("\n".join(as_toml(rows)))
    return 0


def as_toml(rows: Iterable[Effective]) -> Iterable[str]:
    """A line for each key: `fetch.read_timeout = "30s"  # default`."""
    for row in rows:
        yield f"{f'{row.key} = {_spelled(row)}':<44}  # {row.source}"


def _spelled(row: Effective) -> str:
    """The value as TOML, in units; a secret only says that it is there, a header field its name."""
    value = row.value
    if value is None:
        return '"none"'
    if row.secret and isinstance(value, tuple):
        return "{ " + ", ".join(f'{json.dumps(name)} = "{MASK}"' for name, _ in value) + " }"
    if row.secret:
        return f'"{MASK}"'
    if row.unit == "duration" and isinstance(value, float):
        return f'"{spell_duration(value)}"'
    if row.unit == "size" and isinstance(value, int):
        return f'"{spell_size(value)}"'
    if row.key == "crawl.start" and isinstance(value, tuple):
        value = [masked(text) for text in value]
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
