"""The names of files: what they look like, and what must hold of all of them whatever a URL says."""

import itertools
import re
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.web import paths
from crawler.web.paths import EXTENSIONS, MAX_PATH, candidates, file, fitting_extensions, folder, joined, path
from crawler.web.url import URL

TYPES = ["text/html", "text/plain", "image/png", "image/jpeg", "application/octet-stream", "text/x-c", "image/x-odd"]

PIECES = [
    "", "a", "A", "a.html", "A.html", "a.HTML", "a.htm", "a.png", "a#.html", "a%23.html", "a#", "a%23", "a.html%23",
    "index", "index.html", "Index.html", "index%230.html", "index.png", "index.txt", ".html", "html", "a.", "a%20",
    "a..",
    "..a", "%2e%2ea", "%2F", "%2f", "%5C", "%5c", "%00", "%7F", "a^b", "a{5e}b", "a%7B5e%7Db", "a:b", "{3a}", "a|b",
    "a*b",
    "con", "CON", "con.txt", "Con.txt", "con.tar.gz", "nul.png", "lpt1", "com1.html", "conin$", "console", "-rf", "~a",
    "%c3%a9", "%C3%A9", "%C3%a9", "e%CC%81", "\u00e9", "a+http", "a#1", "a%231.html", "a.bin", "a.exe", "a.bin#.bin",
    "x" * 300, "X" * 300, "x" * 299 + "X", "x" * 300 + ".html", "x" * 221, "%E6%9D%B1" * 30,
]  # fmt: skip
QUERIES = ["", "?", "?a", "?A", "?a.html", "??", "?/", "?^", "?{3f}", "?%3F", "?../../a", "?a=b&c=d", "?\\", "?a|b:c*"]
HOSTS = [
    "https://e.org", "http://e.org", "https://e.org.", "https://e.org:80", "http://e.org:443", "http://e.org:8000",
    "https://e.org:8000", "https://e.org+http", "https://e.org+8000", "http://127.0.0.1:8000", "https://[::1]",
    "https://[::1]:8000", "https://[1::1]", "https://--1", "https://con", "https://.e", "https://" + "h" * 300,
    "https://" + "h" * 301, "http://" + "h" * 300, "https://" + "h" * 300 + ":8000", "https://e.zip",
]  # fmt: skip
DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    "CONIN$",
    "CONOUT$",
    *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)),
}


def fold(text: str) -> str:
    """What the most forgetful file system makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def check_name(name: str, max_name: int) -> None:
    assert name
    assert len(name.encode()) <= max_name
    assert re.fullmatch(r"[\x21-\x7e]+", name)
    assert not set(name) & set('/\\:*?"<>|')
    assert not name.startswith((".", "-"))
    assert not name.endswith(".")
    assert name.partition(".")[0].upper() not in DEVICES


def check_path(text: str, max_name: int = 255) -> None:
    """What must hold of any one path."""
    names = text.split("/")
    assert names[0] in ("pages", "images")
    assert len(names) >= 3
    assert len(text.encode()) <= MAX_PATH
    for name in names:
        check_name(name, max_name)


def check_apart(urls: list[URL], max_name: int = 255) -> None:
    """What must hold among the paths of several URLs, each of any type: no two alike, none within another."""
    files: dict[str, URL] = {}
    folders: set[str] = set()
    for url, media_type in itertools.product(dict.fromkeys(urls), TYPES):
        text = path(url, media_type, max_name)
        check_path(text, max_name)
        assert files.setdefault(fold(text), url) == url
        folders.update(fold(str(parent)) for parent in PurePosixPath(text).parents)
    assert not folders & files.keys()


DOCUMENTED = [line.split() for line in (paths.__doc__ or "").splitlines() if line.startswith("    http")]


@pytest.mark.parametrize(("url", "media_type", "expected"), DOCUMENTED)
def test_the_table_of_examples_is_true(url: str, media_type: str, expected: str) -> None:
    assert path(URL(url), media_type) == expected


def test_there_is_a_table_of_examples() -> None:
    assert len(DOCUMENTED) >= 12


@pytest.mark.parametrize(
    ("url", "media_type", "expected"),
    [
        ("https://e.org/feed/", "text/xml", "pages/e.org/feed/index.xml"),
        ("https://e.org/feed/index.xml", "text/xml", "pages/e.org/feed/index#0.xml"),
        ("https://e.org/pic/", "image/png", "images/e.org/pic/index.png"),
        ("https://e.org/photo.jpeg", "image/jpeg", "images/e.org/photo.jpeg"),
        ("https://e.org/api/String.html", "text/html", "pages/e.org/api/String#1.html"),
        ("https://e.org/API/string.html", "text/html", "pages/e.org/API#7/string.html"),
        ("https://e.org/Makefile", "text/plain", "pages/e.org/Makefile#1#.txt"),
        ("https://e.org/a.HTML", "text/html", "pages/e.org/a#3c.HTML"),
        ("https://e.org/%E6%9D%B1.html", "text/html", "pages/e.org/%E6%9D%B1.html"),
        ("https://e.org/%e4.html", "text/html", "pages/e.org/%e4#2.html"),
        ("https://e.org/a b.html", "text/html", "pages/e.org/a%20b.html"),
        ("https://e.org/%2e%2e/%2e/a.html", "text/html", "pages/e.org/a.html"),
        ("https://e.org/..%2fa.html", "text/html", "pages/e.org/{2e}.%2fa#10.html"),
        ("https://e.org/a?next=/b/../c", "text/html", "pages/e.org/a^next={2f}b{2f}..{2f}c#.html"),
        ("https://e.org/?page=2", "text/html", "pages/e.org/^page=2#.html"),
        ("https://e.org/v1.2/@me/~you/", "text/html", "pages/e.org/v1.2/@me/~you/index.html"),
        ("https://e.org/js/html/c/a.js", "text/javascript", "pages/e.org/js/html/c/a.js"),
        ("https://e.org/a.tar.gz", "application/gzip", "pages/e.org/a.tar.gz"),
        ("https://e.org/a.tar.gz", "application/octet-stream", "pages/e.org/a.tar.gz"),
        ("https://e.org/a.exe", "application/octet-stream", "pages/e.org/a.exe#.bin"),
        ("https://e.org/a.html", "application/octet-stream", "pages/e.org/a.html#.bin"),
        ("https://e.org/a.desktop", "application/x-desktop", "pages/e.org/a.desktop#.bin"),
        ("https://e.org/a.png", "image/x-odd", "images/e.org/a.png"),
        ("https://e.org/a.c", "text/x-c", "pages/e.org/a.c"),
        ("https://con.example/aux.txt", "text/plain", "pages/{63}on.example/{61}ux.txt"),
        ("http://e.org.:81/a.", "text/plain", "pages/e.org.+81/a.#.txt"),
        ("https://e.org./a./b.txt", "text/plain", "pages/e.org.#/a.#/b.txt"),
    ],
)
def test_names(url: str, media_type: str, expected: str) -> None:
    assert path(URL(url), media_type) == expected


def test_candidates_are_what_any_type_makes() -> None:
    found = set(candidates(URL("https://e.org/a.png")))
    expected = {"images/e.org/a.png", "pages/e.org/a.png", "pages/e.org/a.png#.html", "images/e.org/a.png#.jpg"}
    assert expected < found
    assert "pages/e.org/a.png#.exe" not in found


def test_long_names_are_cut_and_keep_their_beginning_and_extension() -> None:
    name = path(URL("https://e.org/" + "a" * 300 + ".jpeg"), "image/jpeg").rpartition("/")[2]
    assert re.fullmatch(r"a{215,}#h[0-9a-f]{32}\.jpeg", name)
    assert len(name) == 255
    folder = path(URL("https://e.org/" + "B" * 300 + "/c.html"), "text/html", 64).split("/")[2]
    assert re.fullmatch(r"B{30}#h[0-9a-f]{32}", folder)


def test_long_paths_keep_the_folders_that_fit() -> None:
    deep = path(URL("https://e.org/" + "abc/" * 1000 + "d.html"), "text/html")
    assert re.fullmatch(r"pages/e\.org(/abc)+/#h[0-9a-f]{32}\.html", deep)
    assert MAX_PATH - 4 < len(deep) <= MAX_PATH


def test_a_long_name_in_folders_that_fit_keeps_all_of_them() -> None:
    folders = "/".join(["f" * 70] * 9)
    text = path(URL(f"https://e.org/{folders}/{'n' * 200}.html"), "text/html")
    assert re.fullmatch(rf"pages/e\.org/{folders}/#h[0-9a-f]{{32}}\.html", text)


def test_long_paths_lie_apart() -> None:
    deep = "https://e.org/" + "abc/" * 1000
    check_apart([URL(f"{deep}{piece}") for piece in PIECES] + [URL(f"{deep}{query}") for query in QUERIES])


def test_every_pair_of_pieces_lies_apart() -> None:
    check_apart([URL(f"https://e.org/{one}/{other}") for one in PIECES for other in PIECES])


def test_every_piece_with_every_query_lies_apart() -> None:
    check_apart([URL(f"https://e.org/{piece}{query}") for piece in PIECES for query in QUERIES])


def test_every_host_lies_apart() -> None:
    check_apart([URL(f"{host}/{piece}") for host in HOSTS for piece in PIECES])


def test_short_names_lie_apart() -> None:
    check_apart([URL(f"https://e.org/{one}/{other}") for one in PIECES[::2] for other in PIECES[1::2]], 64)


def texts(alphabet: str, size: int) -> st.SearchStrategy[str]:
    return st.text(st.one_of(st.sampled_from(alphabet), st.characters(codec="utf-8")), max_size=size)


segments = st.one_of(st.sampled_from(PIECES), texts("aAbB.#^{}%25~+-/", 12))
urls = st.builds(
    lambda host, parts, query: URL(f"{host}/{'/'.join(parts)}{query}"),
    st.sampled_from(HOSTS),
    st.lists(segments, max_size=6),
    st.one_of(st.just(""), st.sampled_from(QUERIES), texts("aA.#^{}%?/", 12).map(lambda text: f"?{text}")),
)


@settings(deadline=None)
@given(st.lists(urls, max_size=5), st.sampled_from([64, 100, 255]))
def test_any_urls_lie_apart(several: list[URL], max_name: int) -> None:
    check_apart(several, max_name)


@settings(deadline=None)
@given(urls, st.data())
def test_case_alone_lies_apart(url: URL, data: st.DataObject) -> None:
    origin, target = url.origin, url.target
    flips = data.draw(st.lists(st.integers(0, len(target) - 1), max_size=5))
    other = "".join(letter.swapcase() if at in flips else letter for at, letter in enumerate(target))
    check_apart([url, URL(origin + other)])


@settings(deadline=None)
@given(urls, st.sampled_from([*EXTENSIONS, *TYPES, "", "x", "image/", "text/../../x"]), st.sampled_from([64, 255]))
def test_candidates_hold_the_path_of_any_type(url: URL, media_type: str, max_name: int) -> None:
    found = list(candidates(url, max_name))
    assert path(url, media_type, max_name) in found
    assert len(set(found)) == len(found)


@settings(deadline=None)
@given(urls, st.sampled_from(sorted(EXTENSIONS)))
def test_the_extension_fits_the_type(url: URL, media_type: str) -> None:
    text = path(url, media_type)
    assert text.rpartition(".")[2].lower() in EXTENSIONS[media_type]
    assert text.startswith("images/" if media_type.startswith("image/") else "pages/")


def test_a_url_of_a_broken_database_stays_inside() -> None:
    for text in (
        "https://e.org/../../etc/passwd",
        "https://e.org/./a",
        "https://../x",
        "https://e.org/a\\..\\b\n\x1b[0m",
    ):
        check_path(path(URL.known(text), "text/plain"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IMG_7.JPG", "IMG_7.JPG"),
        ("Index.jpg", "Index.jpg"),
        ("index.jpg", "index.jpg"),
        ("IMG.php", "IMG.php#.jpg"),
        ("", "index.jpg"),
        ("CON.jpg", "{43}ON.jpg"),
    ],
)
def test_a_file_that_need_not_lie_apart_keeps_its_letters_unmarked(text: str, expected: str) -> None:
    assert file(text, "image/jpeg", 255, apart=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Spring", "Spring"), ("v1.2", "v1.2"), ("A.JPG", "A.JPG#"), ("a.", "a.#"), ("", "#"), ("-A", "{2d}A")],
)
def test_a_folder_that_need_not_lie_apart_keeps_its_letters_unmarked(text: str, expected: str) -> None:
    assert folder(text, 255, apart=False) == expected


def test_a_joined_path_is_as_long_as_it_may_be() -> None:
    url = URL("https://e.org/a.jpg")
    folders = ["images", "f" * 255, "g" * 255]
    fits = "n" * (MAX_PATH - len("/".join(folders)) - 1)
    assert joined(folders, fits, url, "image/jpeg") == "/".join((*folders, fits))
    assert re.fullmatch(r"images/f{255}/g{255}/#h[0-9a-f]{32}\.jpg", joined(folders, f"{fits}n", url, "image/jpeg"))


def test_the_usual_extension_comes_first() -> None:
    assert fitting_extensions("image/jpeg")[0] == "jpg"
    assert fitting_extensions("text/x-c")[0] == "txt"
    assert fitting_extensions("image/x-odd")[0] == "bin"
    assert not {"html", "svg", "js"} & set(fitting_extensions("image/x-odd"))
