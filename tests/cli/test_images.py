import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.crawl import settings_of
from crawler.cli.flags import FLAGS, IMAGE_FLAGS, keys, overrides
from crawler.cli.images import BASE, images
from crawler.errors import SettingsError
from crawler.settings import load

Crawler = Callable[..., Any]

PROMISED = """--list --list-format --url-column --caption-column --any-host/--scope-hosts --sources --candidates --types
--min-width --min-height --max-width --max-height --min-size --max-size --max-aspect --noai/--no-noai --dedupe --name
--thumbnails --convert --sidecar"""

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "COUNT": ("7", 7), "SIZE": ("1MB", 1_000_000), "DURATION": ("2m", 120.0), "FOLDER": ("d", "d"), "FILE": ("f", "f"),
    "TEXT": ("x", "x"), "PATTERN": (["a", "re:b"], ("a", "re:b")), "NAME": ("n", "n"), "PIXELS": ("256", 256),
    "URL": (["x"], ("x",)), "NUMBER": ("2.5", 2.5), "WORDS": ("png, jpeg", ("png", "jpeg")),
    "TEMPLATE": ("{stem}", "{stem}"),
}  # fmt: skip
WORDS = {
    "scope.scope": "host", "images.list_format": "csv", "images.sources": "all", "images.candidates": "largest",
    "images.dedupe": "near", "images.convert": "webp", "images.sidecar": "parquet",
}  # fmt: skip


def options() -> dict[str, set[str]]:
    """The flags of each option of `images`, as its signature has them."""
    declared = {one.name: one.default.param_decls or () for one in inspect.signature(images).parameters.values()}
    return {name: {part for text in texts for part in text.split("/")} for name, texts in declared.items() if texts}


def test_its_flags_are_those_that_were_promised_and_those_of_crawl() -> None:
    of_crawl = {part for flag in FLAGS for name in flag.names for part in name.split("/")}
    promised = of_crawl - {"--images", "--no-images"} | set(re.split(r"[\s/]+", PROMISED))
    assert set().union(*options().values()) == promised | {"--config", "-c", "--preset"}


def test_every_flag_of_it_but_config_and_preset_is_in_the_table() -> None:
    own = options()
    del own["config"], own["preset"]
    assert own == {flag.parameter: {part for name in flag.names for part in name.split("/")} for flag in IMAGE_FLAGS}
    assert {flag.key for flag in IMAGE_FLAGS} <= keys()


@pytest.mark.parametrize("flag", IMAGE_FLAGS, ids=lambda flag: flag.parameter)
def test_each_flag_sets_its_key_and_no_other(flag: Any) -> None:
    if flag.value is not None:
        given, expected = True, flag.value
    elif flag.kind == (bool | None):
        given, expected = False, False
    elif flag.key in WORDS:
        given = expected = WORDS[flag.key]
    else:
        given, expected = EXAMPLES[flag.metavar]
    settings, sources = load(overrides=overrides(IMAGE_FLAGS, {flag.parameter: given}))
    section, _, name = flag.key.partition(".")
    assert getattr(getattr(settings, section), name) == expected
    assert sources == {flag.key: "flag"}


def test_what_it_has_for_defaults_gives_way_to_all_that_is_said(tmp_path: Path) -> None:
    plain = settings_of(["http://a/"], None, None, {}, BASE)
    assert plain.crawl.keep == "images"
    said = plain.images
    assert (said.any_host, said.sources, said.candidates, said.dedupe, said.sidecar) == (
        True, "all", "largest", "exact", "jsonl",
    )  # fmt: skip
    config = tmp_path / "my.toml"
    config.write_text('[images]\nany_host = false\ndedupe = "off"\nsources = "shown"\n')
    flags = overrides(IMAGE_FLAGS, {"dedupe": "report", "sidecar": "off", "candidates": "all"})
    said = settings_of(["http://a/"], config, None, flags, BASE).images
    assert (said.any_host, said.sources, said.candidates, said.dedupe, said.sidecar) == (
        False, "shown", "all", "report", "off",
    )  # fmt: skip


def test_the_help_shows_the_defaults_that_it_has(crawler: Crawler) -> None:
    said = re.sub(r"[│\s]+", " ", crawler("images", "--help").out)
    assert "crawler images" in said
    assert "Examples" in said
    for flag, default in (("--dedupe", "exact"), ("--any-host", "yes"), ("--sidecar", "jsonl"), ("--sources", "all")):
        assert re.search(rf"{flag} .*? Default: (\w+)\.", said)[1] == default, flag  # type: ignore[index]


def test_a_wrong_value_names_the_flag(crawler: Crawler, complains: Callable[..., None], tmp_path: Path) -> None:
    for flag, value, takes in (
        ("--types", "jpeg,exe", "png"),
        ("--name", "{nothing}.{ext}", "takes"),
        ("--min-width", "0", "takes"),
        ("--thumbnails", "9", "takes"),
        ("--dedupe", "maybe", "near"),
    ):
        said = crawler("images", "http://127.0.0.1:1/", "-o", tmp_path / "out", flag, value)
        assert said.status == 2
        complains(said, flag, takes)
    assert not (tmp_path / "out").exists()


def test_what_cannot_begin_is_said_before_anything_is_written(
    crawler: Crawler, complains: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "table.csv").write_text("address,caption\nhttp://127.0.0.1:1/i.png,x\n")
    out = tmp_path / "out"
    for arguments, words in (
        (("-o", out), ("start",)),
        (("--list", tmp_path / "none.txt", "-o", out), ("none.txt", "cannot be read")),
        (("--list", tmp_path / "table.csv", "-o", out), ("table.csv", "'url'", "'address'")),
        (("--list", tmp_path / "table.csv", "--url-column", "address"), ("store.output",)),
    ):
        said = crawler("images", *arguments)
        assert said.status == 2
        complains(said, *words)
    assert not out.exists()


def test_the_images_of_a_site_are_kept_and_its_pages_are_read(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("images", site, "-o", tmp_path / "out")
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert re.fullmatch(r"saved 8: 0 pages, 8 images, \S+ kB", lines[1])
    assert re.fullmatch(r"read for links \d+", lines[2])
    assert not (tmp_path / "out" / "pages").exists()
    rows = [json.loads(line) for line in (tmp_path / "out" / "images.jsonl").read_text().splitlines()]
    kept = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out" / "images").rglob("*.png")}
    assert {row["path"] for row in rows if row["state"] == "saved"} == kept
    assert all((tmp_path / "out" / row["path"]).stat().st_size == row["bytes"] for row in rows if row["path"])


def test_no_sidecar_where_none_is_wanted(crawler: Crawler, site: str, tmp_path: Path) -> None:
    crawler("images", site, "-o", tmp_path / "out", "--sidecar", "off", "--max-depth", 0)
    assert not list((tmp_path / "out").glob("images.*"))
    crawler("images", site, "-o", tmp_path / "out", "--sidecar", "parquet", "--max-depth", 0)
    assert [path.name for path in (tmp_path / "out").glob("images.*")] == ["images.parquet"]


def test_names_are_not_changed_within_one_folder(
    crawler: Crawler, complains: Callable[..., None], site: str, tmp_path: Path
) -> None:
    """A name by a template may be another's by its URL: the later file would take the earlier one's place."""
    crawler("images", site, "-o", tmp_path / "out", "--max-depth", 0)
    said = crawler("images", site, "-o", tmp_path / "out", "--name", "{stem}.{ext}")
    assert said.status == 2
    complains(said, "images.name")


def test_the_table_of_flags_refuses_a_list_of_types_with_a_wrong_one() -> None:
    with pytest.raises(SettingsError, match=r"^--types: 'exe' is not accepted"):
        overrides(IMAGE_FLAGS, {"types": "png,exe"})
