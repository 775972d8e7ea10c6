import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from crawler.errors import SettingsError
from crawler.settings import (
    VERSION,
    HostSettings,
    Settings,
    effective,
    fixed_keys,
    load,
    presets,
    read_preset,
)

ROOT = Path(__file__).parent.parent


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(table: dict[str, object]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(overrides=table)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def value_of(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def test_the_defaults_are_those_that_were_promised() -> None:
    settings, sources = load()
    assert sources == {}
    promised = {
        "concurrency.total": 32, "concurrency.per_host": 4,
        "politeness.delay": 0, "politeness.robots": True, "politeness.max_crawl_delay": 30,
        "politeness.max_retry_after": 300, "politeness.give_up_after": 300,
        "fetch.connect_timeout": 10, "fetch.read_timeout": 30, "fetch.total_timeout": 300, "fetch.max_retries": 3,
        "fetch.max_redirects": 20, "fetch.max_body": 2_000_000_000, "fetch.max_html": 16_000_000,
        "crawl.max_depth": None, "crawl.max_pages": None, "crawl.max_bytes": None, "crawl.max_time": None,
        "scope.scope": "path", "images.enabled": True, "store.durability": "process", "store.min_free": 200_000_000,
    }  # fmt: skip
    assert {key: value_of(settings, key) for key in promised} == promised


def test_default_toml_equals_the_defaults_and_has_every_key() -> None:
    table = tomllib.loads((ROOT / "config" / "default.toml").read_text(encoding="utf-8"))
    assert Settings.of(table) == Settings()
    assert {section: set(keys) for section, keys in table.items()} == {
        section.name: {item.name for item in fields(section.default)}
        for section in fields(Settings)
        if is_dataclass(section.default)
    }


def test_every_key_of_default_toml_has_a_comment() -> None:
    lines = (ROOT / "config" / "default.toml").read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if re.match(r"[a-z_]+ = ", line) and not re.search(r"\S +# \S", line)]
    assert bare == []


def test_default_toml_shows_every_key_of_a_host() -> None:
    text = (ROOT / "config" / "default.toml").read_text(encoding="utf-8")
    example = "\n".join(line[2:] for line in text.splitlines() if re.match(r"# (\[hosts|[a-z_]+ = )", line))
    hosts = tomllib.loads(example)["hosts"]
    assert set(hosts["example.org"]) == {item.name for item in fields(HostSettings)}
    Settings.of({"hosts": hosts})


@pytest.mark.parametrize("name", presets())
def test_each_preset_loads(name: str) -> None:
    settings, sources = load(preset=name)
    assert set(sources.values()) == {f"preset {name}"}
    assert (settings == Settings()) == (name == "default")


def test_the_presets_are_the_files_of_the_config_folder() -> None:
    assert presets() == sorted(path.stem for path in (ROOT / "config").glob("*.toml"))
    assert {"default", "polite", "images"} <= set(presets())


def test_presets_lie_inside_an_installed_package(tmp_path: Path) -> None:
    """A wheel has them at crawler/config: built here by hand, in a folder that is not the checkout."""
    package = tmp_path / "crawler"
    package.mkdir()
    for name in ("errors.py", "units.py", "values.py", "sections.py", "settings.py"):
        shutil.copy(ROOT / "crawler" / name, package / name)
    (package / "__init__.py").touch()
    (package / "config").mkdir()
    (package / "config" / "only.toml").write_text("[concurrency]\ntotal = 7\n")
    code = "from crawler.settings import load, presets; print(presets(), load(preset='only')[0].concurrency.total)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['only'] 7"


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"unknown preset: polit \(did you mean polite\?\); there are: .*images"):
        read_preset("polit")
    with pytest.raises(SettingsError, match=r"unknown preset: \.\./config/polite; there are"):
        load(preset="../config/polite")


def test_defaults_preset_file_and_flags_add_up_in_this_order(tmp_path: Path) -> None:
    path = toml(tmp_path, '[concurrency]\ntotal = 5\n[politeness]\ndelay = "3s"\n')
    settings, sources = load(path, {"politeness": {"delay": "4s"}}, "polite")
    assert settings.concurrency.per_host == 1
    assert settings.concurrency.total == 5
    assert settings.politeness.delay == 4.0
    assert settings.politeness.robots is True
    assert sources["concurrency.per_host"] == "preset polite"
    assert sources["concurrency.total"] == str(path)
    assert sources["politeness.delay"] == "flag"
    assert "politeness.robots" not in sources


def test_sections_of_a_host_add_up_key_by_key(tmp_path: Path) -> None:
    path = toml(
        tmp_path, '[hosts."example.org"]\ndelay = "2s"\nper_host = 2\n[hosts."[::1]:8080"]\nper_host = "none"\n'
    )
    settings, sources = load(path, {"hosts": {"example.org": {"delay": 1, "user": "none", "password": "p"}}})
    assert settings.hosts["example.org"] == HostSettings(1.0, 2, "none", "p")
    assert settings.hosts["[::1]:8080"] == HostSettings()
    assert sources['hosts."example.org".delay'] == "flag"
    assert sources['hosts."example.org".per_host'] == str(path)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"fetch": {"conect_timeout": 1}}, "unknown key: fetch.conect_timeout (did you mean fetch.connect_timeout?)"),
        ({"fetsh": {}}, "unknown key: fetsh (did you mean fetch?)"),
        ({"delay": 1}, "unknown key: delay (did you mean politeness.delay?)"),
        ({"fetch": {"delay": 1}}, "unknown key: fetch.delay (did you mean politeness.delay?)"),
        ({"concurrency": {"totl": 1}}, "unknown key: concurrency.totl (did you mean concurrency.total?)"),
        ({"hosts": {"a.b": {"dely": 1}}}, 'unknown key: hosts."a.b".dely (did you mean hosts."a.b".delay?)'),
        ({"zzz": 1}, "unknown key: zzz"),
        ({"crawl": {"xyzzy": 1}}, "unknown key: crawl.xyzzy"),
        ({"fetch": 5}, "fetch: is a section, written [fetch]"),
        ({"hosts": 5}, 'hosts: takes sections such as [hosts."example.org"]'),
        ({"hosts": {"a.example": 5}}, 'hosts."a.example": is a section, written [hosts."a.example"]'),
        ({"hosts": {"A.example": {}}}, 'hosts."A.example": write it as [hosts."a.example"]'),
        ({"hosts": {"a.example:80": {}}}, 'hosts."a.example:80": write it as [hosts."a.example"]'),
        ({"hosts": {"a.example:443": {}}}, 'hosts."a.example:443": write it as [hosts."a.example"]'),
        ({"hosts": {"https://a.example/x": {}}}, 'hosts."https://a.example/x": write it as [hosts."https://a.example"]'),
        ({"hosts": {"a b": {}}}, 'hosts."a b": is no host, such as example.org or 127.0.0.1:8000'),
    ],
)  # fmt: skip
def test_a_key_that_does_not_exist_is_named_in_full(table: dict[str, object], words: str) -> None:
    assert refusal(table) == words


SIZE = "takes a size such as 500, 256KiB or 32MB"
DURATION = "takes a duration such as 0.5s, 30s, 5m or 2h"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("concurrency.total", 0, "takes a whole number, 1 to 10000"),
        ("concurrency.total", 10_001, "takes a whole number, 1 to 10000"),
        ("concurrency.total", True, "takes a whole number"),
        ("concurrency.total", 1.5, "takes a whole number"),
        ("concurrency.total", [1], "takes a whole number"),
        ("concurrency.total", "none", "takes a whole number"),
        ("concurrency.total", None, "takes a whole number"),
        ("crawl.max_pages", 0, 'takes a whole number, at least 1 or "none"'),
        ("crawl.max_pages", 10**16, "takes a whole number"),
        ("crawl.max_depth", "-1", 'takes a whole number or "none"'),
        ("crawl.max_bytes", "lots", SIZE),
        ("crawl.max_bytes", 1e30, SIZE),
        ("crawl.max_bytes", "999999999999999999TB", SIZE),
        ("crawl.max_time", "forever", DURATION),
        ("politeness.delay", -1, DURATION),
        ("politeness.delay", float("nan"), DURATION),
        ("politeness.delay", float("inf"), DURATION),
        ("politeness.delay", 10**400, DURATION),
        ("politeness.delay", "5x", DURATION),
        ("politeness.robots", "yes", "takes true or false"),
        ("politeness.robots", 1, "takes true or false"),
        ("fetch.connect_timeout", 0, "takes a duration such as 0.5s, 30s, 5m or 2h, at least 0.001"),
        ("fetch.user_agent", "a\r\nb: c", "takes a text of ASCII characters"),
        ("fetch.user_agent", "k\u00e4fer", "takes a text of ASCII characters"),
        ("fetch.user_agent", 5, "takes a text of ASCII characters"),
        ("store.output", "a\x00b", "takes a text without control characters"),
        ("scope.scope", "hots", "takes one of page, path, host, subdomains, domain, any"),
        ("scope.scope", ["host"], "takes one of page, path"),
        ("scope.include", 5, "takes a text without control characters, or a list of such"),
        ("scope.include", [5], "takes a text without control characters, or a list of such"),
        ("scope.exclude", ["a\nb"], "takes a text without control characters, or a list of such"),
        ("scope.exclude", ["*/x/*", "re:(unclosed"], "is no regular expression: missing )"),
        ("store.max_name", 256, "takes a whole number, 64 to 255"),
        ("log.level", "loud", "takes one of debug, info, warning, error"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_with_its_key_and_what_it_takes(key: str, value: object, words: str) -> None:
    section, _, name = key.partition(".")
    text = refusal({section: {name: value}})
    assert text.startswith(f"{key}: ")
    assert words in text
    assert len(text) < 250


@pytest.mark.parametrize(
    "text", ["+5", "1_0", "\uff15", "\u0665", " 5", "5 ", "0x10", "5.0", "", "9" * 5000, "1e3", "-0"]
)
def test_python_s_own_ideas_of_a_number_are_not_ours(text: str) -> None:
    assert "takes a whole number" in refusal({"concurrency": {"total": text}})
    if text.strip() not in ("5", "5.0"):
        assert DURATION in refusal({"politeness": {"delay": text}})
        assert SIZE in refusal({"store": {"min_free": text}})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("concurrency.total", 1, 1),
        ("concurrency.total", "10000", 10_000),
        ("crawl.max_depth", 0, 0),
        ("crawl.max_depth", "none", None),
        ("crawl.max_depth", None, None),
        ("crawl.max_bytes", "32MB", 32_000_000),
        ("crawl.max_bytes", "256KiB", 262_144),
        ("crawl.max_bytes", "1.5 GB", 1_500_000_000),
        ("crawl.max_time", "2m", 120.0),
        ("politeness.delay", "500ms", 0.5),
        ("politeness.delay", "0.5s", 0.5),
        ("politeness.delay", 0.25, 0.25),
        ("politeness.delay", 3, 3.0),
        ("politeness.delay", "2h", 7200.0),
        ("politeness.robots", False, False),
        ("scope.scope", "any", "any"),
        ("scope.include", "*/docs/*", ("*/docs/*",)),
        ("scope.include", ["re:^https", "*"], ("re:^https", "*")),
        ("fetch.user_agent", "Mozilla/5.0 (compatible)", "Mozilla/5.0 (compatible)"),
        ("store.output", "B\u00fccher", "B\u00fccher"),
    ],
)  # fmt: skip
def test_values_take_units_and_lists(key: str, value: object, expected: object) -> None:
    section, _, name = key.partition(".")
    settings, _ = load(overrides={section: {name: value}})
    assert value_of(settings, key) == expected
    assert type(value_of(settings, key)) is type(expected)


def test_header_fields_of_a_host_add_up_name_by_name(tmp_path: Path) -> None:
    path = toml(tmp_path, '[hosts."example.org".headers]\nX-A = "1"\nX-B = "2"\n')
    settings, sources = load(path, {"hosts": {"example.org": {"headers": {"X-B": "3"}}}})
    assert settings.hosts["example.org"].headers == (("X-A", "1"), ("X-B", "3"))
    assert sources['hosts."example.org".headers'] == "flag"


def test_header_fields_of_a_host_are_a_table_of_texts() -> None:
    where = 'hosts."example.org".headers'
    assert refusal({"hosts": {"example.org": {"headers": ["X-A: 1"]}}}) == f"{where}: is a section, written [{where}]"
    words = refusal({"hosts": {"example.org": {"headers": {"X-A": "hunter2\r\nX-B: 1"}}}})
    assert words.startswith(f"{where}.X-A: the value is not accepted")
    assert "hunter2" not in words


def test_a_host_may_be_an_origin() -> None:
    assert list(load(overrides={"hosts": {"https://a.example:8443": {"user": "me"}}})[0].hosts) == [
        "https://a.example:8443"
    ]


def test_no_secret_is_shown_in_a_refusal() -> None:
    assert "hunter2" not in refusal({"hosts": {"a.example": {"password": "hunter2\n"}}})
    assert "hunter2" not in refusal({"crawl": {"start": ["http://me:hunter2@a.example/\n"]}})
    assert "hunter2" not in refusal({"crawl": {"start": {"http://me:hunter2@a.example/": 1}}})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[fetch\n", "not TOML: "),
        (b"a = \xff\n", "is not UTF-8 text"),
        (b"[concurrency]\ntotal = " + b"9" * 5000, "not TOML: "),
        (b"a = " + b"[" * 100_000, "not TOML: "),
    ],
)
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {words}")


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"cannot be read: Is a directory"):
        load(tmp_path)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert load(toml(tmp_path, "\ufeff[crawl]\nmax_depth = 2\n"))[0].crawl.max_depth == 2


def test_a_wrong_value_is_found_in_its_own_layer_though_a_later_one_hides_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"concurrency\.total: 0 is not accepted"):
        load(toml(tmp_path, "[concurrency]\ntotal = 0\n"), {"concurrency": {"total": 4}})


def test_effective_lists_every_key_once_with_its_source() -> None:
    hosts = {"a.example": {"password": "p"}}
    table = {"hosts": hosts, "fetch": {"proxy": "http://me:p@proxy.test"}}
    settings, sources = load(overrides=table, preset="polite")
    rows = list(effective(settings, sources))
    keys = [row.key for row in rows]
    assert len(keys) == len(set(keys))
    assert keys[0] == "crawl.start"
    assert keys[-4:] == [f'hosts."a.example".{name}' for name in ("headers", "proxy", "max_rate", "legacy_tls")]
    by_key = {row.key: row for row in rows}
    assert by_key["concurrency.per_host"].source == "preset polite"
    assert by_key["concurrency.per_host"].value == 1
    assert by_key["fetch.insecure"].source == "default"
    assert not {row.key: row for row in effective(Settings(), {})}["fetch.proxy"].secret
    settings, _ = load(overrides={"hosts": {"a.example": {"headers": {"X-Key": "k"}}}})
    assert {row.key: row for row in effective(settings, {})}['hosts."a.example".headers'].secret
    assert [row.key for row in rows if row.secret] == [
        "fetch.proxy",
        *(f'hosts."a.example".{name}' for name in ("user", "password", "token", "proxy")),
    ]


def test_what_shapes_the_store_is_fixed() -> None:
    assert list(fixed_keys()) == ["images.name", "store.max_name"]


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().fetch.insecure = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        Settings().hosts["a"] = HostSettings()  # type: ignore[index]


def test_the_version_is_that_of_the_user_agent() -> None:
    assert Settings().fetch.user_agent == f"crawler/{VERSION}"
