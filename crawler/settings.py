"""Every setting: its name, type, default and range, and the one way in which defaults, presets, files and flags add up.

It knows TOML and plain dicts; it reads no environment and prints nothing. Sections are frozen; a part of the crawler
is handed its own section and never sees the whole. Durations are seconds and sizes bytes once they are in here.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_type_hints

from crawler.errors import InvalidURLError, SettingsError
from crawler.sections import (
    PRODUCT,
    VERSION,
    ConcurrencySettings,
    CrawlSettings,
    FetchSettings,
    HostSettings,
    ImageSettings,
    LogSettings,
    Pairs,
    PolitenessSettings,
    ScopeSettings,
    StoreSettings,
    TrapSettings,
)
from crawler.values import check

__all__ = [
    "PRODUCT",
    "VERSION",
    "ConcurrencySettings",
    "CrawlSettings",
    "Effective",
    "FetchSettings",
    "HostSettings",
    "ImageSettings",
    "LogSettings",
    "Pairs",
    "PolitenessSettings",
    "ScopeSettings",
    "Settings",
    "Sources",
    "StoreSettings",
    "TrapSettings",
    "effective",
    "fixed_keys",
    "load",
    "presets",
    "read_preset",
    "tabled",
]

T = TypeVar("T")
Sources = dict[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections; `hosts` maps a host name (with its port, where not the default) to what it has of its own."""

    crawl: CrawlSettings = field(default=CrawlSettings())
    concurrency: ConcurrencySettings = field(default=ConcurrencySettings())
    politeness: PolitenessSettings = field(default=PolitenessSettings())
    scope: ScopeSettings = field(default=ScopeSettings())
    traps: TrapSettings = field(default=TrapSettings())
    fetch: FetchSettings = field(default=FetchSettings())
    images: ImageSettings = field(default=ImageSettings())
    store: StoreSettings = field(default=StoreSettings())
    log: LogSettings = field(default=LogSettings())
    hosts: Mapping[str, HostSettings] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Settings":
        """Settings from a nested table, as TOML has it; `SettingsError` on the first key that does not fit."""
        hosts = table.get("hosts", {})
        if not isinstance(hosts, Mapping):
            raise SettingsError('hosts: takes sections such as [hosts."example.org"]')
        rest = {name: value for name, value in table.items() if name != "hosts"}
        settings = _build(cls, rest, "")
        _check_template(settings.images.name)
        for name in hosts:
            _check_host(name)
        own = {name: _build(HostSettings, section, f'hosts."{name}".') for name, section in hosts.items()}
        return cls(**{**_shallow(settings), "hosts": MappingProxyType(own)})


@dataclass(frozen=True, slots=True)
class Effective:
    """One key in force: its full name, value, where the value came from; its unit, and whether it is a secret."""

    key: str
    value: object
    source: str
    unit: str = ""
    secret: bool = False


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    preset: str | None = None,
    base: Mapping[str, Any] | None = None,
) -> tuple[Settings, Sources]:
    """Defaults < `base` < preset < TOML file < flags, and the source of each key that is not a default.

    `base` is what a command, or an earlier run, has for defaults. `SettingsError` names the unknown key, or the value
    and what is accepted.
    """
    layers: list[tuple[str, Mapping[str, Any]]] = [("command", base)] if base else []
    if preset is not None:
        layers.append((f"preset {preset}", read_preset(preset)))
    if path is not None:
        layers.append((str(path), _read_toml(path)))
    if overrides:
        layers.append(("flag", overrides))
    table: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in layers:
        Settings.of(layer)
        for key, value in _flatten(layer):
            _put(table, key, value)
            sources[_spell(key)] = source
    return Settings.of(table), sources


def tabled(settings: Settings) -> dict[str, Any]:
    """The nested table of what is not a default, without secrets: `Settings.of` makes it settings again."""
    table: dict[str, Any] = {}
    plain = {item.key: item.value for item in effective(Settings(), {})}
    for item in effective(settings, {}):
        if item.key == "crawl.extractors":
            continue  # a folder that somebody gave away names no code to be run
        if not item.secret and not item.key.startswith("hosts.") and item.value != plain[item.key]:
            section, _, name = item.key.partition(".")
            table.setdefault(section, {})[name] = list(item.value) if isinstance(item.value, tuple) else item.value
    for name, own in settings.hosts.items():
        kept = {item.name: getattr(own, item.name) for item in fields(own) if "secret" not in item.metadata}
        kept = {key: value for key, value in kept.items() if value != getattr(HostSettings(), key)}
        if kept:
            table.setdefault("hosts", {})[name] = kept
    return table


def effective(settings: Settings, sources: Mapping[str, str]) -> Iterator[Effective]:
    """Every key in force, in the order of the sections."""
    for section in fields(settings):
        value = getattr(settings, section.name)
        is_hosts = section.name == "hosts"
        named = {f'hosts."{name}"': own for name, own in value.items()} if is_hosts else {section.name: value}
        for prefix, one in named.items():
            for item in fields(one):
                key, about = f"{prefix}.{item.name}", item.metadata
                source = sources.get(key, "default")
                own = getattr(one, item.name)
                is_secret = "secret" in about and own not in ("", ())  # what is empty hides nothing
                yield Effective(key, own, source, about.get("unit", ""), is_secret)


def fixed_keys() -> Iterator[str]:
    """The keys that shape the store and may not change within one output folder."""
    return (f"{section}.{item.name}" for section, item in _items() if "fixed" in item.metadata)


def presets() -> list[str]:
    """The names of the presets that come with the crawler."""
    return sorted(name[:-5] for name in (entry.name for entry in _config_folder().iterdir()) if name.endswith(".toml"))


def read_preset(name: str) -> Mapping[str, Any]:
    """The table of a preset; `SettingsError` where there is none of that name."""
    if name not in presets():
        meant = _meant(name, {preset: preset for preset in presets()})
        raise SettingsError(f"unknown preset: {name}{meant}; there are: {', '.join(presets())}")
    return tomllib.loads((_config_folder() / f"{name}.toml").read_text(encoding="utf-8"))


def _config_folder() -> Any:
    """Presets lie in the wheel at crawler/config, and beside the package in a checkout."""
    inside = files("crawler") / "config"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "config"


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def _flatten(table: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, (*prefix, name))
        else:
            yield (*prefix, name), value


def _put(table: dict[str, Any], key: tuple[str, ...], value: Any) -> None:
    for name in key[:-1]:
        table = table.setdefault(name, {})
    table[key[-1]] = value


def _spell(key: tuple[str, ...]) -> str:
    return f'hosts."{key[1]}".{key[2]}' if key[0] == "hosts" and len(key) >= 3 else ".".join(key)


def _shallow(value: Any) -> dict[str, Any]:
    return {item.name: getattr(value, item.name) for item in fields(value)}


def _meant(name: str, names: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {names[close[0]]}?)" if close else ""


def _items() -> Iterator[tuple[str, Field[Any]]]:
    """Each key, with the section it stands in."""
    sections = (section for section in fields(Settings) if is_dataclass(section.default))
    return ((section.name, item) for section in sections for item in fields(cast(Any, section.default)))


def _check_host(name: str) -> None:
    """`SettingsError` where a section of `hosts` is not named as URLs name that host: it would never be found."""
    from crawler.web.url import URL  # heavy for those who only ask for the version

    try:
        url = URL(name if "://" in name else f"http://{name}/")
    except InvalidURLError as error:
        raise SettingsError(f'hosts."{name}": is no host, such as example.org or 127.0.0.1:8000') from error
    normal = url.origin if "://" in name else url.site.removesuffix(":443")
    if normal != name:
        raise SettingsError(f'hosts."{name}": write it as [hosts."{normal}"]')


def _build(cls: type[T], table: object, where: str) -> T:
    """A section, or the whole, from its table; every value checked."""
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where.rstrip('.')}: is a section, written [{where.rstrip('.')}]")
    hints = get_type_hints(cls)
    known = {item.name: item for item in fields(cast(Any, cls))}
    for name in table:
        if name not in known:
            everywhere = {item.name: f"{section}.{item.name}" for section, item in _items()}
            meant = _meant(name, everywhere | {own: f"{where}{own}" for own in known})
            raise SettingsError(f"unknown key: {where}{name}{meant}")
    values = {}
    for name, value in table.items():
        hint = hints[name]
        if is_dataclass(hint):
            values[name] = _build(cast(Any, hint), value, f"{where}{name}.")
        elif hint == Pairs:
            values[name] = _check_pairs(value, known[name].metadata, f"{where}{name}")
        else:
            values[name] = check(value, hint, known[name].metadata, f"{where}{name}")
    return cls(**values)


def _check_template(text: str) -> None:
    """Whether images can be named by this; empty: they are named by their URLs."""
    if not text:
        return
    from crawler.web.names import Template  # of no use to most

    try:
        Template.parse(text)
    except SettingsError as error:
        raise SettingsError(f"images.name: {error}") from error


def _check_pairs(value: object, metadata: Mapping[str, Any], key: str) -> Pairs:
    """The names and texts of a table."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{key}: is a section, written [{key}]")
    return tuple((name, cast(str, check(text, str, metadata, f"{key}.{name}"))) for name, text in value.items())
