"""`crawler images`: the images of a site, or of a list; its pages are read for their links and not kept."""

from collections.abc import Mapping
from typing import Any, Final

import typer

from crawler.cli.crawl import run, settings_of
from crawler.cli.flags import IMAGE_FLAGS, config_option, overrides, path_or_none, preset_option, with_flags

BASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "crawl": {"keep": "images"},
    "images": {
        "any_host": True,
        "sources": "all",
        "candidates": "largest",
        "dedupe": "exact",
        "sidecar": "jsonl",
    },
}
"""The settings that differ for this command, where nothing else is said."""


@with_flags(IMAGE_FLAGS, BASE)
def images(
    start: list[str] | None = typer.Argument(None, metavar="URL", help="The pages where to start; several add up."),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Download images: those of a site's pages, or those of a list.

    Originals are kept byte for byte, equal ones once; images.jsonl says where each was seen, and what was said of it.

    Ctrl-C stops in good order, and the same command goes on where it stopped.

    \b
    Examples
      crawler images https://example.org/gallery/ -o pictures
      crawler images https://example.org/ --min-width 300 --types jpeg,png -o pictures
      crawler images --list urls.csv -o pictures
      zcat urls.jsonl.gz | crawler images --list - -o pictures
    """
    return run(settings_of(start or (), path_or_none(config), preset, overrides(IMAGE_FLAGS, given), BASE))
