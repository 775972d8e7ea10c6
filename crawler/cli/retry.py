"""`crawler retry`: what a crawl in a folder lost is asked for again, with the settings of its last run."""

import json
import re
from pathlib import Path
from typing import Any, Final

import typer

from crawler import policy
from crawler.cli.crawl import run, settings_of
from crawler.cli.flags import IMAGE_FLAGS, LISTS, config_option, overrides, path_or_none, preset_option, with_flags
from crawler.errors import SettingsError

WORDS: Final = (
    "aspect", "connect", "crash", "damaged", "decode", "dns", "noai", "protocol", "proxy", "redirect", "reset",
    "scheme", "scope", "timeout", "tls", "too-large", "too-small", "truncated", "type",
)  # fmt: skip
PASSING: Final = ",".join([*sorted(policy.PASSING_ERRORS), *map(str, sorted(policy.PASSING))])
FLAGS: Final = tuple(flag for flag in IMAGE_FLAGS if flag.key != "store.output" and flag.panel != LISTS)


@with_flags(FLAGS)
def retry(
    folder: str = typer.Argument(..., metavar="FOLDER", show_default=False),
    classes: str = typer.Option(
        PASSING,
        "--class",
        metavar="WORDS",
        help="Reasons, statuses, classes of them: timeout,dns,404,5xx.",
        show_default=False,
    ),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Ask again for what failed, and for nothing else.

    Without --class that is what a moment later may well succeed: timeouts, lost connections, 5xx. It has the settings
    of the folder's last run, but for users, passwords and tokens, which are not written down; flags win over them.

    \b
    Examples
      crawler retry pictures
      crawler retry pictures --class timeout,5xx --read-timeout 2m
      crawler retry pictures --class damaged,too-small --min-width 100
    """
    from crawler.crawldb.records import Records

    words = [word.strip() for word in classes.split(",") if word.strip()]
    for word in words:
        if word not in WORDS and not re.fullmatch("[1-5](xx|[0-9][0-9])", word):
            raise SettingsError(f"--class: {word!r} is not accepted: takes a status, 4xx, 5xx, {', '.join(WORDS)}")
    with Records(Path(folder)) as records:
        remembered = json.loads(records.fact("settings") or "{}")
    if remembered.get("images", {}).get("list") == "-":
        del remembered["images"]["list"]
    start = remembered.get("crawl", {}).pop("start", ())
    table = overrides(FLAGS, given)
    table.setdefault("store", {})["output"] = folder
    return run(settings_of(start, path_or_none(config), preset, table, remembered), words)
