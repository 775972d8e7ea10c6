"""Names by template: what they look like, what is refused, and what holds of all of them whatever an image says."""

import re
import unicodedata
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.web import names
from crawler.web.names import Named, Template, folded, marked
from crawler.web.paths import EXTENSIONS, MAX_PATH
from crawler.web.url import URL

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
NAMED = Named(
    URL("https://cdn.example.org/2024/IMG_7.jpeg?v=2"),
    URL("https://example.org/spring/tour.html"),
    3,
    "image/jpeg",
    640,
    480,
    DIGEST,
)
FIELDS = [
    "host", "path", "name", "stem", "query", "url_hash", "page_host", "page_path", "page_slug", "index", "width",
    "height", "type", "ext", "sha256",
]  # fmt: skip
DEVICES = {
    *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
    *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)),
}


def of(url: str, page: str | None = None, media_type: str = "image/jpeg") -> Named:
    return replace(NAMED, url=URL(url), page=URL(page) if page else None, media_type=media_type)


def fold(text: str) -> str:
    """What the most forgetful file system makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def check_path(text: str, max_name: int = 255) -> None:
    """What must hold of any one path."""
    assert text.startswith("images/")
    assert len(text.encode()) <= MAX_PATH
    for name in text.split("/"):
        assert re.fullmatch(r"[\x21-\x7e]+", name)
        assert len(name) <= max_name
        assert not set(name) & set('\\:*?"<>|')
        assert not name.startswith((".", "-"))
        assert not name.endswith(".")
        assert name.partition(".")[0].upper() not in DEVICES


DOCUMENTED = [
    re.fullmatch(r" {4}(\S.*\S) {2,}(images/\S+)", line)
    for line in (names.__doc__ or "").splitlines()
    if "  images/" in line
]


@pytest.mark.parametrize("example", DOCUMENTED)
def test_the_table_of_examples_is_true(example: re.Match[str]) -> None:
    assert Template.parse(example[1]).path(NAMED) == example[2]


def test_there_is_a_table_of_examples_and_of_all_fields() -> None:
    assert len(DOCUMENTED) >= 6
    assert re.findall(r"(?m)^ {4}([a-z]\w+) {2,}\S", names.__doc__ or "") == FIELDS


@pytest.mark.parametrize(
    ("template", "url", "expected"),
    [
        ("{host}", "https://e.org/a.jpg", "images/e.org#.jpg"),
        ("{host}/{name}", "http://127.0.0.1:8000/a.jpg", "images/127.0.0.1/a.jpg"),
        ("{host}/{name}", "https://[2001:db8::1]/a.jpg", "images/[2001-db8--1]/a.jpg"),
        ("{host}/{name}", "https://e.org./a.jpg", "images/e.org.#/a.jpg"),
        ("{host}/{name}", "https://con.example/aux.jpg", "images/{63}on.example/{61}ux.jpg"),
        ("{path}/{name}", "https://e.org/a/B/c.jpg", "images/a/B/c.jpg"),
        ("{path}/{name}", "https://e.org/c.jpg", "images/c.jpg"),
        ("{path}/{name}", "https://e.org/", "images/index.jpg"),
        ("{path}/{name}", "https://e.org/a//b/c.jpg", "images/a/b/c.jpg"),
        ("{path}/{name}", "https://e.org/.git/a.png/-x/c.jpg", "images/{2e}git/a.png#/{2d}x/c.jpg"),
        ("x-{path}-y/{name}", "https://e.org/a/b/c.jpg", "images/x-a/b-y/c.jpg"),
        ("{path}", "https://e.org/a/b/c.jpg", "images/a/b#.jpg"),
        ("{path:.3}/{name}", "https://e.org/abc/def/g.jpg", "images/abc/g.jpg"),
        ("{path:.5}/{name}", "https://e.org/abc/def/g.jpg", "images/abc/d/g.jpg"),
        ("{name}", "https://e.org/photo.php?id=5", "images/photo.php#.jpg"),
        ("{name}", "https://e.org/IMG.JPG", "images/IMG.JPG"),
        ("{name}", "https://e.org/photo.jfif", "images/photo.jfif"),
        ("{name}", "https://e.org/photo.png", "images/photo.png#.jpg"),
        ("{name}", "https://e.org/pic/", "images/index.jpg"),
        ("{name}", "https://e.org/..%2f..%2fetc%2fpasswd", "images/{2e}.%2f..%2fetc%2fpasswd#.jpg"),
        ("{stem}.{ext}", "https://e.org/pic/", "images/index.jpg"),
        ("{stem}.{ext}", "https://e.org/a.tar.jpg", "images/a.tar.jpg"),
        ("{stem}.{ext}", "https://e.org/photo", "images/photo.jpg"),
        ("{stem}.{ext}", "https://e.org/photo.", "images/photo.jpg"),
        ("{stem}.{ext}", "https://e.org/.jpg", "images/{2e}jpg.jpg"),
        ("{stem}.{ext}", "https://e.org/%E6%9D%B1.jpg", "images/%E6%9D%B1.jpg"),
        ("{stem}.{ext}", "https://e.org/a:b*c|d.jpg", "images/a{3a}b{2a}c{7c}d.jpg"),
        ("{stem}.{ext}", "https://e.org/nul.jpg", "images/{6e}ul.jpg"),
        ("{stem}{index:01}", "https://e.org/com.jpg", "images/{63}om3#.jpg"),
        ("{stem:.2}.{ext}", "https://e.org/abc.jpg", "images/ab.jpg"),
        ("{stem:.255}.{ext}", "https://e.org/abc.jpg", "images/abc.jpg"),
        ("{stem}", "https://e.org/a", "images/a#.jpg"),
        ("{stem}.jpeg", "https://e.org/a.png", "images/a.jpeg"),
        ("{stem}.png", "https://e.org/a.png", "images/a.png#.jpg"),
        ("{query}.{ext}", "https://e.org/a?b=c/d?e", "images/b=c{2f}d^e.jpg"),
        ("{query}.{ext}", "https://e.org/a", "images/index.jpg"),
        ("{query}", "https://e.org/a", "images/index.jpg"),
        ("{query}/{query}/{name}", "https://e.org/a.jpg", "images/a.jpg"),
        ("{query}/{name}", "https://e.org/a.jpg?../../b", "images/{2e}.{2f}..{2f}b/a.jpg"),
        ("{stem}/{name}", "https://e.org/b.jpg.jpg", "images/b.jpg#/b.jpg.jpg"),
        ("{stem}/{name}", "https://e.org/b.JPG.jpg", "images/b.JPG#/b.JPG.jpg"),
        ("{index:020}", "https://e.org/", "images/00000000000000000003#.jpg"),
        ("{index:010}", "https://e.org/", "images/0000000003#.jpg"),
        ("{index}-{width}x{height}.{ext}", "https://e.org/", "images/3-640x480.jpg"),
        ("{sha256:.2}/{sha256}.{ext}", "https://e.org/", f"images/e3/{DIGEST}.jpg"),
        ("{type}.{ext}", "https://e.org/", "images/jpeg.jpg"),
        ("all", "https://e.org/", "images/all#.jpg"),
        ("a#b^c/Ä ö.jpg", "https://e.org/", "images/a{23}b{5e}c/%C3%84%20%C3%B6.jpg"),
        ("{{}}{{stem}}.jpg", "https://e.org/", "images/{7b}{7d}{7b}stem{7d}.jpg"),
        (".{stem}/-{stem}..{ext}", "https://e.org/a", "images/{2e}a/{2d}a..jpg"),
    ],
)
def test_names_of_jpegs(template: str, url: str, expected: str) -> None:
    assert Template.parse(template).path(of(url)) == expected


@pytest.mark.parametrize(
    ("template", "page", "expected"),
    [
        ("{page_host}/{page_path}/{page_slug}.jpg", None, "images/index.jpg"),
        ("{page_host}/{page_path}/{page_slug}-1.jpg", None, "images/{2d}1.jpg"),
        ("{page_host}.jpg", "http://e.org:81/", "images/e.org.jpg"),
        ("{page_host}.jpg", "https://[::1]/", "images/[--1].jpg"),
        ("{page_path}/{page_slug}.jpg", "https://e.org/", "images/index.jpg"),
        ("{page_path}/{page_slug}.jpg", "https://e.org/?a=/b", "images/index.jpg"),
        ("{page_path}/{page_slug}.jpg", "https://e.org/index.html", "images/index/index.jpg"),
        ("{page_path}/x.jpg", "https://e.org/gallery/p.1.php?a=/b", "images/gallery/p.1/x.jpg"),
        ("{page_slug}.jpg", "https://e.org/gallery/p.1.php?a=/b", "images/p.1.jpg"),
        ("{page_path}/x.jpg", "https://e.org/gallery/v1.2/", "images/gallery/v1.2/x.jpg"),
        ("{page_slug}.jpg", "https://e.org/gallery/v1.2/", "images/v1.2.jpg"),
        ("{page_slug}.jpg", "https://e.org/gallery/v1.2//", "images/v1.2.jpg"),
        ("{page_slug}.jpg", "https://e.org/..%5c..%5ca.html", "images/{2e}.%5c..%5ca.jpg"),
    ],
)
def test_names_from_pages(template: str, page: str | None, expected: str) -> None:
    assert Template.parse(template).path(of("https://e.org/", page)) == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("image/svg+xml", "images/svg+xml/a.svg"),
        ("image/vnd.microsoft.icon", "images/vnd.microsoft.icon/a.ico"),
        ("image/x-odd", "images/x-odd/a.bin"),
        ("", "images/a.bin"),
        ("image/../../x", "images/{2e}.{2f}..{2f}x/a.bin"),
    ],
)
def test_names_of_other_types(media_type: str, expected: str) -> None:
    named = of("https://e.org/a.jpg", media_type=media_type)
    assert Template.parse("{type}/{stem}.{ext}").path(named) == expected


def test_what_is_not_known_is_nought_or_left_out() -> None:
    named = replace(NAMED, width=None, height=None, page=None, digest="")
    assert Template.parse("{sha256}/{width:04}x{height}.{ext}").path(named) == "images/0000x0.jpg"


def test_the_digest_of_a_url_tells_urls_apart() -> None:
    template = Template.parse("{url_hash}.{ext}")
    one, other = (template.path(of(f"https://e.org/a.jpg?{query}")) for query in "ab")
    assert re.fullmatch(r"images/[0-9a-f]{32}\.jpg", one)
    assert one != other


def test_needs_are_the_fields() -> None:
    assert Template.parse("a/{stem}-{width:04}{{index}}").needs == {"stem", "width"}
    assert Template.parse("a").needs == frozenset()
    for field in FIELDS:
        assert Template.parse(f"{{{field}}}").needs == {field}


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("", "is empty: takes a path such as {host}/{stem}.{ext}"),
        ("a" * (MAX_PATH + 1), "is longer than 768 characters"),
        ("/{stem}", "takes no absolute path"),
        ("C:/{stem}", "takes no absolute path"),
        ("c:{stem}", "takes no absolute path"),
        ("a//{stem}", "takes no empty name"),
        ("{stem}/", "takes no empty name"),
        ("..", "takes no name . or .."),
        ("../{stem}", "takes no name . or .."),
        ("a/./{stem}", "takes no name . or .."),
        ("{stem}/..", "takes no name . or .."),
        ("a\\{stem}", "takes no control characters and no backslash"),
        ("a\0{stem}", "takes no control characters and no backslash"),
        ("a\n{stem}", "takes no control characters and no backslash"),
        ("a\x9b{stem}", "takes no control characters and no backslash"),
        ("a\u202e{stem}", "takes no control characters and no backslash"),
        ("a\ud800{stem}", "takes no control characters and no backslash"),
        ("{slug}", f"'slug' is no field: takes {', '.join(FIELDS)}"),
        ("{Host}", "'Host' is no field: takes host, "),
        ("{}", "'' is no field: takes host, "),
        ("{0}", "'0' is no field: takes host, "),
        ("{ stem}", "' stem' is no field: takes host, "),
        ("{stem!r}", "'stem!r' is no field: takes host, "),
        ("{stem[0]}", "'stem[0]' is no field: takes host, "),
        ("{stem.__class__}", "'stem.__class__' is no field: takes host, "),
        ("{url.host}", "'url.host' is no field: takes host, "),
        ("{", "has a brace without its other: takes {field}, and {{ or }} for a brace"),
        ("a}b", "has a brace without its other"),
        ("{{{", "has a brace without its other"),
        ("{stem}}", "has a brace without its other"),
        ("{index:{width}}", "has a brace without its other"),
        ("{index:4}", "{index:4}: a number takes :01 to :020"),
        ("{index:}", "{index:}: a number takes :01 to :020"),
        ("{index:0}", "{index:0}: a number takes :01 to :020"),
        ("{index:00}", "{index:00}: a number takes :01 to :020"),
        ("{index:021}", "{index:021}: a number takes :01 to :020"),
        ("{index:04d}", "{index:04d}: a number takes :01 to :020"),
        ("{index:0٤}", "{index:0٤}: a number takes :01 to :020"),
        ("{width:.2}", "{width:.2}: a number takes :01 to :020"),
        ("{stem:04}", "{stem:04}: a text takes :.1 to :.255"),
        ("{stem:}", "{stem:}: a text takes :.1 to :.255"),
        ("{stem:.0}", "{stem:.0}: a text takes :.1 to :.255"),
        ("{stem:.256}", "{stem:.256}: a text takes :.1 to :.255"),
        ("{stem:.1000}", "{stem:.1000}: a text takes :.1 to :.255"),
        ("{stem:>99}", "{stem:>99}: a text takes :.1 to :.255"),
        ("{sha256:.8s}", "{sha256:.8s}: a text takes :.1 to :.255"),
        ("{stem:a:b}", "{stem:a:b}: a text takes :.1 to :.255"),
    ],
)
def test_what_is_no_template_is_said_in_a_line(template: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Template.parse(template)
    message = str(caught.value)
    assert message.startswith(f"name template {template[:100]!r}: {complaint}")
    assert message.isprintable()


@pytest.mark.parametrize("width", range(1, 21))
def test_every_width_of_a_number(width: int) -> None:
    assert Template.parse(f"{{index:0{width}}}").path(NAMED) == f"images/{'3'.zfill(width)}#.jpg"


@pytest.mark.parametrize("size", [1, 9, 10, 99, 100, 199, 200, 249, 250, 255])
def test_every_cut_of_a_text(size: int) -> None:
    named = of(f"https://e.org/{'a' * 400}")
    assert Template.parse(f"{{name:.{size}}}/b.jpg").path(named) == f"images/{'a' * size}/b.jpg"


def test_long_names_keep_their_beginning_and_extension() -> None:
    named = of(f"https://e.org/{'A' * 300}.png")
    template = Template.parse("{stem}/{index:04}-{stem}.{ext}")
    assert re.fullmatch(r"images/A{221}#h[0-9a-f]{32}/0003-A{212}#h[0-9a-f]{32}\.jpg", template.path(named))
    assert re.fullmatch(r"images/A{30}#h[0-9a-f]{32}/0003-A{21}#h[0-9a-f]{32}\.jpg", template.path(named, 64))


def test_long_paths_keep_the_folders_that_fit() -> None:
    text = Template.parse("{path}/{name}").path(of("https://e.org/" + "abc/" * 1000 + "d.jpg"))
    assert re.fullmatch(r"images(/abc)+/#h[0-9a-f]{32}\.jpg", text)
    assert MAX_PATH - 4 < len(text) <= MAX_PATH


MARK = "#m[0-9a-f]{32}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images/e.org/0001-a.jpg", rf"images/e\.org/0001-a{MARK}\.jpg"),
        ("images/a.php#.jpg", rf"images/a\.php#{MARK}\.jpg"),
        ("images/a.b/c.tar.gz", rf"images/a\.b/c\.tar{MARK}\.gz"),
        (f"images/{'a' * 251}.jpg", rf"images/a{{217}}{MARK}\.jpg"),
        (f"images/{'a' * 218}.jpg", rf"images/a{{217}}{MARK}\.jpg"),
        (f"images/{'a' * 217}.jpg", rf"images/a{{217}}{MARK}\.jpg"),
    ],
)
def test_a_mark_stands_before_the_extension(path: str, expected: str) -> None:
    text = marked(path, NAMED.url)
    assert re.fullmatch(expected, text)
    assert marked(path, NAMED.url) == text


def test_a_mark_finds_room_in_short_names_and_in_long_paths() -> None:
    assert re.fullmatch(rf"images/a{{26}}{MARK}\.jpg", marked(f"images/{'a' * 60}.jpg", NAMED.url, 64))
    folders = "images" + "/" + "f" * 200 + "/" + "g" * 200 + "/" + "h" * 200
    text = marked(f"{folders}/{'a' * 150}.jpg", NAMED.url)
    assert re.fullmatch(rf"{folders}/a+{MARK}\.jpg", text)
    assert len(text) == MAX_PATH


@pytest.mark.parametrize("length", range(725, MAX_PATH - len("/a.jpg") + 1))
def test_a_mark_takes_the_last_folder_where_a_path_is_full(length: int) -> None:
    whole = "images" + "/abc" * 178
    folders = f"{whole}/{'d' * (length - len(whole) - 1)}"
    assert len(folders) == length
    kept = folders if length + len("/#m.jpg") + 32 <= MAX_PATH else whole
    assert re.fullmatch(rf"{kept}/a?{MARK}\.jpg", marked(f"{folders}/a.jpg", NAMED.url))
    assert len(marked(f"{folders}/a.jpg", NAMED.url)) <= MAX_PATH


def test_no_name_says_by_itself_that_it_is_marked() -> None:
    template = Template.parse("{name}")
    taken = marked(template.path(NAMED), NAMED.url).removeprefix("images/")
    escaped = taken.replace("#", "%23")
    forged = [of(f"https://e.org/{escaped}"), replace(NAMED, url=URL.known(f"https://e.org/{taken}"))]
    forged += [replace(NAMED, url=URL.known(f"https://e.org/{taken.removesuffix('.jpg')}"))]
    assert not {template.path(named) for named in forged} & {f"images/{taken}"}
    assert Template.parse(taken).path(NAMED) != f"images/{taken}"


def test_folded_paths_are_equal_where_disks_find_them_so() -> None:
    assert folded("images/E.org/IMG_1%C3.JPG") == folded("images/e.org/img_1%c3.jpg")
    assert folded("images/a.jpg") != folded("images/b.jpg")


PIECES = [
    "", ".", "..", "a", "A", "a.jpg", "A.JPG", "a.jpg.jpg", "a.png", "a#.jpg", "a%23.jpg", "#", "index", "index.jpg",
    ".jpg", "a.", "a..", "a%20", "%2e%2e", "%2F", "%5C", "%00", "con", "CON.jpg", "Aux", "nul.", "com", "conin$", "-rf",
    "~a", "a:b", "{3a}", "a^b", "é", "İ", "ﬁ", "e\u0301", "\u202e", "\n", "\x1b[0m", " ", "x" * 300, "X" * 300,
    "x" * 251 + ".jpg",
]  # fmt: skip
LITERALS = ["a", "A", ".jpg", ".JPG", ".", "-", "con", "#", "#m", "{{", "}}", "^", " ", "é", ":", "x" * 100, "é" * 50]
HOSTS = ["https://e.org", "https://E.org.", "http://con:81", "https://[::1]", "https://" + "h" * 300]

parts = st.one_of(st.sampled_from(PIECES), st.text(st.characters(codec="utf-8"), max_size=12))
texts = st.builds(
    lambda host, path, query: f"{host}/{'/'.join(path)}{query}",
    st.sampled_from(HOSTS),
    st.lists(parts, max_size=8) | st.integers(90, 400).map(lambda count: ["abc"] * count),
    st.just("") | parts.map(lambda query: f"?{query}"),
)
urls = texts.map(URL) | texts.map(URL.known) | st.text(st.characters(codec="utf-8")).map(URL.known)
images = st.builds(
    Named,
    urls,
    st.none() | urls,
    st.integers(-1, 10**30),
    st.sampled_from([*sorted(EXTENSIONS), "image/x-odd", "image/../..", "", "image/\0"]),
    st.none() | st.integers(0, 2**32),
    st.none() | st.integers(0, 2**32),
    st.sampled_from([DIGEST, "", "../../etc"]),
)
fields = st.sampled_from([*(f"{{{field}}}" for field in FIELDS), "{index:04}", "{path:.5}", "{name:.3}", "{sha256:.8}"])
templates = st.lists(
    st.lists(fields | st.sampled_from(LITERALS), min_size=1, max_size=4).map("".join), min_size=1, max_size=6
).map("/".join)


def parse(text: str) -> Template:
    """The template of a made-up text; one that happens to be refused is no example."""
    try:
        return Template.parse(text)
    except SettingsError:
        assume(False)
        raise


@settings(deadline=None, max_examples=300)
@given(templates, images, st.sampled_from([64, 100, 255]))
def test_any_name_is_safe(text: str, named: Named, max_name: int) -> None:
    path = parse(text).path(named, max_name)
    again = marked(path, named.url, max_name)
    for one in (path, again):
        check_path(one, max_name)
        assert folded(one) == fold(one)
        if named.media_type in EXTENSIONS:
            assert one.rpartition(".")[2].lower() in EXTENSIONS[named.media_type]
    assert "#m" in again.rpartition("/")[2]
    assert "#m" not in folded(path)
    assert path == Template.parse(text).path(named, max_name)
    assert again == marked(path, named.url, max_name)


@settings(deadline=None)
@given(templates, images)
def test_fields_make_no_folders(text: str, named: Named) -> None:
    template = parse(text)
    assume(not template.needs & {"path", "page_path"})
    assert len(template.path(named).split("/")) <= len(text.split("/")) + 1


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(templates, images), min_size=2, max_size=6), st.sampled_from([64, 255]))
def test_no_file_is_where_a_folder_is(several: list[tuple[str, Named]], max_name: int) -> None:
    rendered = [(parse(text).path(named, max_name), named.url) for text, named in several]
    files = [path for path, _ in rendered] + [marked(path, url, max_name) for path, url in rendered]
    folders = {fold(str(folder)) for path in files for folder in PurePosixPath(path).parents}
    assert not folders & {fold(path) for path in files}


EVERY = [f"{one}/{other}" for one in PIECES for other in PIECES]


@pytest.mark.parametrize("text", ["{path}/{name}", "{stem}/{name}", "{name}/{stem}", "{path}", "{path}.jpg/{stem}.jpg"])
def test_no_file_is_where_a_folder_is_of_all_pairs(text: str) -> None:
    template = Template.parse(text)
    files = {template.path(replace(NAMED, url=URL.known(f"https://e.org/{pair}"))) for pair in EVERY}
    folders = {fold(str(folder)) for path in files for folder in PurePosixPath(path).parents}
    assert not folders & {fold(path) for path in files}


@settings(deadline=None)
@given(templates, st.lists(images, min_size=2, max_size=4), st.sampled_from([64, 255]))
def test_marks_lie_apart(text: str, several: list[Named], max_name: int) -> None:
    template = parse(text)
    plain = {fold(template.path(named, max_name)) for named in several}
    first = template.path(several[0], max_name)
    by_mark: dict[str, URL] = {}
    for url in dict.fromkeys(named.url for named in several):
        for path in (first, *(template.path(named, max_name) for named in several)):
            assert by_mark.setdefault(fold(marked(path, url, max_name)), url) == url
    assert not plain & by_mark.keys()
