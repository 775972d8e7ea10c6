"""The one table of flags that stand for a setting: of `crawl`, and the part of them that other commands share.

The options of a command are made from it, and what was given becomes a nested table for `settings.load`; ranges and
units are checked there. It knows nothing of what a setting does.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import typer

from crawler.errors import SettingsError
from crawler.settings import Settings
from crawler.units import spell_duration, spell_size


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag and the key it sets: with its argument, with yes and no, or, where `value` is given, with that.

    With a `separator` the argument is several values.
    """

    names: tuple[str, ...]
    key: str
    help: str
    metavar: str = "TEXT"
    value: object = None
    panel: str = "What is crawled"
    separator: str | None = None

    @property
    def parameter(self) -> str:
        """The Python name of the option."""
        return self.names[0].partition("/")[0].removeprefix("--").replace("-", "_")

    @property
    def kind(self) -> Any:
        """The type of what the option takes; texts are checked by the settings."""
        default = default_of(self.key)
        if self.value is not None:
            return bool
        is_list = default == () and self.separator is None
        return bool | None if isinstance(default, bool) else list[str] | None if is_list else str | None


LIMITS, PACE, FETCH, SEEN = "Limits", "Pace and manners", "Each request", "What is seen"

FLAGS: Final = (
    Flag(("--output", "-o"), "store.output", "The folder to keep it in. Default: one named after the host.", "FOLDER"),
    Flag(("--scope",), "scope.scope", "What is followed: page, path, host, subdomains, domain, any.", "WORD"),
    Flag(("--include",), "scope.include", "Only URLs like this: a glob, or a regular expression after re:.", "PATTERN"),
    Flag(("--exclude",), "scope.exclude", "No URLs like this. Both may be given several times.", "PATTERN"),
    Flag(("--images/--no-images",), "images.enabled", "Fetch the images that pages show."),
    Flag(("--sitemap",), "crawl.sitemap", "A sitemap or feed to begin with, beside start URLs or instead.", "URL"),
    Flag(("--sitemaps/--no-sitemaps",), "crawl.sitemaps", "Follow the sitemaps that robots.txt names."),
    Flag(("--max-depth",), "crawl.max_depth", "Links from a start URL.", "COUNT", panel=LIMITS),
    Flag(("--max-pages",), "crawl.max_pages", "Pages kept; images are not counted.", "COUNT", panel=LIMITS),
    Flag(("--max-bytes",), "crawl.max_bytes", "Bytes kept.", "SIZE", panel=LIMITS),
    Flag(("--max-time",), "crawl.max_time", "How long this run may take.", "DURATION", panel=LIMITS),
    Flag(("--concurrency",), "concurrency.total", "Requests in flight.", "COUNT", panel=PACE),
    Flag(("--per-host",), "concurrency.per_host", "Requests in flight for one host.", "COUNT", panel=PACE),
    Flag(("--processes",), "concurrency.processes", "That crawl; auto: more than one where that is worth it.", "COUNT",
         panel=PACE),
    Flag(("--delay",), "politeness.delay", "Between the beginnings of two requests to a host.", "DURATION", panel=PACE),
    Flag(("--robots/--no-robots",), "politeness.robots", "Obey robots.txt.", panel=PACE),
    Flag(("--user-agent",), "fetch.user_agent", "What the crawler calls itself.", panel=PACE),
    Flag(("--connect-timeout",), "fetch.connect_timeout", "For a connection, TLS included.", "DURATION", panel=FETCH),
    Flag(("--read-timeout",), "fetch.read_timeout", "Between two pieces of an answer.", "DURATION", panel=FETCH),
    Flag(("--total-timeout",), "fetch.total_timeout", "For a request as a whole.", "DURATION", panel=FETCH),
    Flag(("--max-retries",), "fetch.max_retries", "Attempts after a failure that may pass.", "COUNT", panel=FETCH),
    Flag(("--max-redirects",), "fetch.max_redirects", "Redirects in a row.", "COUNT", panel=FETCH),
    Flag(("--max-body",), "fetch.max_body", "The largest document.", "SIZE", panel=FETCH),
    Flag(
        ("--insecure",),
        "fetch.insecure",
        "Take any certificate: anybody on the way can then read and change everything, unseen.",
        value=True,
        panel=FETCH,
    ),
    Flag(("--ca-file",), "fetch.ca_file", "Trust these certificates, not the system's.", "FILE", panel=FETCH),
    Flag(("--quiet", "-q"), "log.show", "Show errors alone.", value="quiet", panel=SEEN),
    Flag(("--verbose", "-v"), "log.show", "Show each document.", value="verbose", panel=SEEN),
    Flag(
        ("--json-log",),
        "log.json_log",
        "Write what happens as JSON lines to standard output.",
        value=True,
        panel=SEEN,
    ),
)  # fmt: skip
"""Every flag of `crawl` but `--config` and `--preset`."""

LISTS, WISHES, DONE = "A list of images", "Which images are kept", "How they are kept"

IMAGE_FLAGS: Final = (
    *(flag for flag in FLAGS if flag.key != "images.enabled"),
    Flag(("--list",), "images.list", "Image URLs from a file: text, CSV or JSON lines; - is standard input.", "FILE",
         panel=LISTS),
    Flag(("--list-format",), "images.list_format", "text, csv, tsv, jsonl.", "WORD", panel=LISTS),
    Flag(("--url-column",), "images.url_column", "The column of URLs.", "NAME", panel=LISTS),
    Flag(("--caption-column",), "images.caption_column", "The column of captions.", "NAME", panel=LISTS),
    Flag(("--any-host/--scope-hosts",), "images.any_host", "Images from any host, or from hosts in scope.",
         panel=WISHES),
    Flag(("--sources",), "images.sources", "shown: what pages show; all: also CSS, metadata, JSON-LD.", "WORD",
         panel=WISHES),
    Flag(("--candidates",), "images.candidates", "Of a picture's sizes: all, or the largest.", "WORD", panel=WISHES),
    Flag(("--types",), "images.types", "Such as jpeg,png,webp, by what they are.", "WORDS", panel=WISHES,
         separator=","),
    Flag(("--min-width",), "images.min_width", "Pixels.", "COUNT", panel=WISHES),
    Flag(("--min-height",), "images.min_height", "Pixels.", "COUNT", panel=WISHES),
    Flag(("--max-width",), "images.max_width", "Pixels.", "COUNT", panel=WISHES),
    Flag(("--max-height",), "images.max_height", "Pixels.", "COUNT", panel=WISHES),
    Flag(("--min-size",), "images.min_size", "Bytes.", "SIZE", panel=WISHES),
    Flag(("--max-size",), "images.max_size", "Bytes.", "SIZE", panel=WISHES),
    Flag(("--max-aspect",), "images.max_aspect", "How many times as long as wide, or as wide as long.", "NUMBER",
         panel=WISHES),
    Flag(("--noai/--no-noai",), "politeness.noai", "Obey noai and noimageai.", panel=PACE),
    Flag(("--dedupe",), "images.dedupe", "exact: equal ones once; report: near ones are noted; near: the largest of "
         "near ones; off.", "WORD", panel=DONE),
    Flag(("--name",), "images.name", "A template, such as {host}/{page_slug}/{index:04}-{stem}.{ext}.", "TEMPLATE",
         panel=DONE),
    Flag(("--thumbnails",), "images.thumbnails", "Beside each, one whose longer side has so many pixels.", "PIXELS",
         panel=DONE),
    Flag(("--convert",), "images.convert", "Beside each, the same as jpeg, png or webp.", "WORD", panel=DONE),
    Flag(("--sidecar",), "images.sidecar", "What is known of each: jsonl, parquet, off.", "WORD", panel=DONE),
)  # fmt: skip
"""Every flag of `images` but `--config` and `--preset`."""

FETCH_FLAGS: Final = (
    *(flag for flag in FLAGS if flag.key.startswith("fetch.") and flag.key != "fetch.max_retries"),
    Flag(
        ("--proxy",), "fetch.proxy", "Ask through it: http://, https://, socks5:// or socks5h://.", "URL", panel=FETCH
    ),
    Flag(("--limit-rate",), "fetch.max_rate", "Bytes received in a second, such as 100KB.", "SIZE", panel=FETCH),
)
"""The flags of commands that fetch documents for a person."""


def default_of(key: str) -> Any:
    """The default of a key."""
    section, _, name = key.partition(".")
    return getattr(getattr(Settings(), section), name)


def with_flags(
    flags: Sequence[Flag], base: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Gives a command the options of these flags; it gets them as `**given`. `base` is what it has for defaults."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        options = [_option(flag, base) for flag in flags]
        command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        return command

    return decorate


def config_option() -> Any:
    """`--config`, a file of settings."""
    return typer.Option(None, "--config", "-c", metavar="FILE", help="A TOML file of settings; flags win over it.")


def preset_option() -> Any:
    """`--preset`, settings that come with the crawler."""
    return typer.Option(None, "--preset", metavar="NAME", help="polite, fast, images, archive; a file wins over it.")


def _option(flag: Flag, base: Mapping[str, Mapping[str, Any]]) -> inspect.Parameter:
    section, _, name = flag.key.partition(".")
    default = base.get(section, {}).get(name, default_of(flag.key))
    is_plain = flag.value is not None
    option = typer.Option(
        False if is_plain else None,
        *flag.names,
        metavar=None if bool in (flag.kind, *getattr(flag.kind, "__args__", ())) else flag.metavar,
        help=flag.help + ("" if is_plain else _spelled(flag, default)),
        rich_help_panel=flag.panel,
        show_default=False,
    )
    return inspect.Parameter(flag.parameter, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=flag.kind)


def _spelled(flag: Flag, default: Any) -> str:
    """The default as help shows it."""
    if default in ((), "", None):
        return ""
    if isinstance(default, bool):
        text = "yes" if default else "no"
    elif flag.metavar == "SIZE":
        text = spell_size(default)
    else:
        text = spell_duration(default) if flag.metavar == "DURATION" else str(default)
    return f" Default: {text}."


def overrides(flags: Iterable[Flag], given: Mapping[str, Any]) -> dict[str, Any]:
    """The nested table of the flags that were given; `SettingsError` names the flag whose value does not fit."""
    table: dict[str, dict[str, Any]] = {}
    for flag in flags:
        value = given.get(flag.parameter)
        if value is None or (flag.value is not None and not value):
            continue
        section, _, name = flag.key.partition(".")
        if flag.separator is not None:
            value = [part.strip() for part in value.split(flag.separator)]
        layer = {section: {name: value if flag.value is None else flag.value}}
        try:
            Settings.of(layer)
        except SettingsError as error:
            raise SettingsError(f"{flag.names[0]}: {str(error).removeprefix(flag.key + ': ')}") from error
        table.setdefault(section, {}).update(layer[section])
    return table


def keys() -> set[str]:
    """Every key there is, by its full name."""
    sections = [section for section in fields(Settings) if section.name != "hosts"]
    return {f"{section.name}.{item.name}" for section in sections for item in fields(getattr(Settings(), section.name))}


def path_or_none(path: str | None) -> Path | None:
    """The path that an option gave."""
    return Path(path) if path is not None else None
