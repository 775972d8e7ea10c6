"""The page as people have it: in a real browser, opened from a file, on images whose every word is hostile."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.cli.main import run
from crawler.model import Kind
from tests import command
from tests.report.album import SITE, Album
from tests.report.browser import Browser, Tab, open_browser

OTHER = "https://b.example:8443/"
MANY = 200
RUN = "window.owned = 1; alert(1)"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'.encode()
ALT = f'</script><script>{RUN}</script><img src="http://127.0.0.1:9/" onerror="{RUN}">'
NAME = f"x\u202egpj\x1b[2J'\"><img src=a onerror={RUN.replace(' ', '')}>.png"
LONG = "long " * 20_000


def fill(album: Album) -> None:
    """Ordinary pictures, twins, what cannot be decoded, what failed, and what nobody should believe."""
    for number in range(MANY):
        album.picture(f"p{number:03}.png", 20 + number, 10, host=OTHER if number % 4 == 3 else SITE, size=1000 * number)
    root = album.picture("root.png", 400, 300, (0, 0, 255), size=5000)
    album.picture("near.png", 300, 200, (0, 0, 250), near=root, size=4000)
    album.lost("equal.png", "rejected", "duplicate", original=root, size=5000, received=5000, media_type="image/png")
    album.kept("drawing.svg", SVG, "image/svg+xml")
    album.kept("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(99), width=50, height=50)
    album.lost("slow.png", "failed", "timeout", received=1234, detail="no byte for 30 s")
    album.lost("tiny.png", "rejected", "too-small")
    album.lost("small.png", "rejected", "too-small")
    hostile = album.picture("hostile.png", file="h.png", media_type=f"image/{ALT}", work_error=ALT, size=1)
    url = f"http://'\"><img src=a onerror={RUN}>/{NAME}"
    album.sql.execute("UPDATE urls SET url = ? WHERE id = ?", (url, hostile))
    evil = album.url(f"javascript:{RUN}", kind=Kind.PAGE, state="read")
    album.sql.execute("UPDATE urls SET parent = ? WHERE id = ?", (evil, hostile))
    album.sql.execute("INSERT INTO lists (id, name, fingerprint) VALUES (1, ?, 'x')", (ALT,))
    album.sql.execute("INSERT INTO rows (list, number, url, caption) VALUES (1, 1, ?, ?)", (hostile, ALT))
    script = album.lost("by-script", "failed", ALT, detail=LONG)
    album.sql.execute("UPDATE urls SET url = ? WHERE id = ?", (f"javascript:{RUN}//{NAME}", script))
    album.page("gallery", [(f"{SITE}p000.png", "the first"), (f"{SITE}root.png", ALT)], caption=LONG)
    album.page("again", [(f"{SITE}p000.png", "")])


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    with Album(folder) as album:
        fill(album)
    assert run(["report", str(folder)]) == 0
    return folder / "report.html"


@pytest.fixture
def tab(browser: Browser, page: Path) -> Iterator[Tab]:
    """The page in a tab; whatever a test does with it, nothing of the data runs, nothing is asked for, all is quiet."""
    tab = Tab(browser)
    tab.open(page)
    yield tab
    assert tab.run("window.owned") is None
    assert tab.requests() == [page.as_uri()]
    assert tab.complaints() == []
    tab.close()


ALL = MANY + 10
CARDS = ALL - 2
"""All images, and those that stand for themselves or their twins."""


def count(tab: Tab) -> str:
    return str(tab.run("document.getElementById('count').textContent"))


def choose(tab: Tab, name: str, value: str) -> None:
    """A field of the tools is set, as by a person."""
    tab.run(f"tools.elements[{name!r}].value = {value!r}; tools.elements[{name!r}].dispatchEvent(new Event('input',"
            "{bubbles: true})); new Promise(done => setTimeout(done, 200))")  # fmt: skip


def shown(tab: Tab) -> list[str]:
    """The names of all that is shown, as far down as it goes."""
    tab.wait("scrollTo(0, document.body.scrollHeight), made === cards.length")
    names = tab.run("[...document.querySelectorAll('#sheet > li')].map(li => li.querySelector('.name').textContent)")
    assert isinstance(names, list)
    return names


def test_only_what_is_near_is_made_and_decoded(tab: Tab) -> None:
    assert count(tab) == f"{ALL} of {ALL}"
    tab.wait("document.images.length > 0")
    assert tab.run("document.querySelectorAll('#sheet > li').length") < CARDS
    made = tab.run("document.images.length")
    assert made < CARDS / 3
    assert tab.run("document.querySelectorAll('script.thumbnails').length") > 0
    names = shown(tab)
    assert len(names) == CARDS
    assert names[: MANY + 1] == [*(f"p{number:03}.png" for number in range(MANY)), "root.png"]
    first_of_the_end = f"[...document.querySelectorAll('#sheet > li')][{MANY}]"
    tab.run(f"{first_of_the_end}.scrollIntoView()")
    tab.wait(f"{first_of_the_end}.querySelector('img')?.naturalWidth === 160")
    assert tab.run("document.images.length") < CARDS, "what was passed by quickly was decoded"


def test_a_thumbnail_is_a_small_copy_in_the_page_itself(tab: Tab) -> None:
    image = "document.querySelector('#sheet img')"
    tab.wait(f"{image}?.complete")
    assert tab.run(f"{image}.src").startswith("data:image/webp;base64,")
    assert tab.run(f"[{image}.naturalWidth, {image}.naturalHeight, {image}.alt]") == [20, 10, "the first"]


def test_a_card_says_what_is_known(tab: Tab) -> None:
    card = "document.querySelector('#sheet > li')"
    tab.wait(f"{card}.innerText !== ''")  # it has none before it is drawn
    text = tab.run(f"{card}.innerText")
    assert text.splitlines()[:4] == ["p000.png", "20 × 10 · png", "a.example", "the first"]
    assert "on a.example/gallery and 1 more" in text
    tab.run(f"{card}.querySelector(':scope > details > summary').click()")
    tab.wait(f"{card}.querySelector('dl')")
    terms = tab.run(f"[...{card}.querySelectorAll('dt')].map(dt => dt.textContent)")
    assert terms == ["image", "file", "alt", "caption", "received"]
    assert len(tab.run(f"{card}.querySelectorAll('dd')[3].textContent")) == 300


@pytest.mark.parametrize(("name", "value", "matches", "cards"), [
    ("text", "P19", 10, 10), ("text", "first gallery", 1, 1), ("text", "no such thing", 0, 0),
    ("type", "=svg", 1, 1), ("type", "=png", MANY + 4, MANY + 2), ("host", "=b.example:8443", MANY // 4, MANY // 4),
    ("width", "219", 4, 2), ("height", "11", 5, 3), ("size", "150.5", 49, 49), ("size", "", ALL, CARDS),
    ("state", "kept", MANY + 5, MANY + 4), ("state", "twins", 3, 1), ("state", "=failed: timeout", 1, 1),
    ("state", "=not wanted: too-small", 2, 2),
])  # fmt: skip
def test_filters(tab: Tab, name: str, value: str, matches: int, cards: int) -> None:
    choose(tab, name, value)
    assert count(tab) == f"{matches} of {ALL}"
    assert len(shown(tab)) == cards


def test_filters_add_up_and_are_reset(tab: Tab) -> None:
    choose(tab, "host", "=b.example:8443")
    choose(tab, "width", "200")
    assert shown(tab) == [f"p{number}.png" for number in (183, 187, 191, 195, 199)]
    tab.run("document.querySelector('#tools [type=reset]').click(); new Promise(done => setTimeout(done, 50))")
    assert count(tab) == f"{ALL} of {ALL}"


@pytest.mark.parametrize(("order", "first"), [
    ("", ["p000.png", "p001.png"]), ("pixels", ["root.png", "broken.png"]), ("bytes", ["p199.png", "p198.png"]),
    ("places", ["p000.png", "root.png"]), ("twins", ["root.png", "p000.png"]),
    ("name", ["broken.png", "drawing.svg"]),
])  # fmt: skip
def test_orders(tab: Tab, order: str, first: list[str]) -> None:
    choose(tab, "order", order)
    names = shown(tab)
    assert len(names) == CARDS
    assert names[:2] == first


def test_twins_are_behind_the_first_and_open_by_the_keyboard(tab: Tab) -> None:
    choose(tab, "text", "root.png")
    twins = "document.querySelector('#sheet .twins')"
    assert tab.run(f"{twins}.querySelector('summary').textContent") == "1 alike, 1 equal"
    assert tab.run(f"{twins}.querySelectorAll('li').length") == 0
    tab.run("document.querySelector('#sheet a').focus()")  # the page where it was seen stands before them
    tab.press("Tab", 9)
    assert tab.run(f"document.activeElement === {twins}.querySelector('summary')")
    tab.press("Enter", 13, "\r")
    tab.wait(f"{twins}.open && {twins}.querySelectorAll('img').length === 2")
    assert tab.run(f"[...{twins}.querySelectorAll('.name')].map(name => name.textContent)") == ["near.png", "equal.png"]
    whys = tab.run(f"[...{twins}.querySelectorAll('.why')].map(why => why.textContent)")
    assert whys == ["looks like the first", "not wanted: duplicate, cost 5.0 kB"]
    sizes = f"[...{twins}.querySelectorAll('img')].map(image => image.complete && image.naturalHeight)"
    tab.wait(f"{sizes}.join() === '107,120'")  # 300 x 200 and 400 x 300, made to fit into 160


def test_twins_may_stand_alone(tab: Tab) -> None:
    tab.run("tools.elements.fold.click(); new Promise(done => setTimeout(done, 100))")
    assert len(shown(tab)) == ALL
    assert tab.run("document.querySelectorAll('.twins').length") == 0


def test_what_cannot_be_decoded_is_drawn(tab: Tab) -> None:
    for text, word in (("drawing.svg", "svg"), ("broken.png", "png"), ("slow.png", "failed: timeout")):
        choose(tab, "text", text)
        tab.wait("document.querySelector('#sheet .drawn')")
        assert tab.run("document.querySelector('#sheet .drawn').textContent") == word
        assert tab.run("document.images.length") == 0


def test_why_something_is_not_kept_leads_to_it(tab: Tab) -> None:
    tab.run("document.querySelector('#reasons summary').click()")
    tab.run("[...document.querySelectorAll('#reasons button')].find(one => one.value === 'failed: timeout').click();"
            "new Promise(done => setTimeout(done, 100))")  # fmt: skip
    assert shown(tab) == ["slow.png"]
    assert tab.run("document.querySelector('#sheet .why').textContent") == "failed: timeout, cost 1.2 kB"


def test_hostile_words_are_words(tab: Tab) -> None:
    choose(tab, "text", "onerror")
    names = shown(tab)
    assert len(names) == 3
    assert any("\\u202e" in name for name in names)
    tab.run("for (const one of document.querySelectorAll('#sheet summary')) one.click()")
    tab.wait("[...document.querySelectorAll('#sheet details')].every(one => one.children.length > 1)")
    tab.run("for (const one of document.querySelectorAll('#sheet *, header *')) if (!one.href) one.click()")
    assert ALT.split("<img")[0] in tab.run("document.body.textContent")
    text = tab.run("document.body.textContent")
    assert not set(text) & {"\u202e", "\x1b", "\x00"}
    assert tab.run("document.querySelectorAll('#sheet img:not([src^=\"data:image/webp;base64,\"])').length") == 0
    assert tab.run("document.scripts.length - document.querySelectorAll('script.thumbnails').length") == 1


def test_links_lead_to_the_web_alone_and_tell_nothing(tab: Tab) -> None:
    shown(tab)
    tab.run("for (const one of document.querySelectorAll('#sheet summary')) one.click()")
    tab.wait("[...document.querySelectorAll('#sheet details')].every(one => one.children.length > 1)")
    links = tab.run("[...document.links].map(link => [link.protocol, link.rel, link.target])")
    assert len(links) > MANY
    assert {tuple(link) for link in links} == {
        ("http:", "noreferrer noopener", "_blank"),
        ("https:", "noreferrer noopener", "_blank"),
    }
    spelled = tab.run("[...document.querySelectorAll('dd span')].map(span => span.textContent)")
    assert any(text.startswith("javascript:") for text in spelled)


def test_on_paper_all_is_there(tab: Tab) -> None:
    printed = base64.b64decode(tab.ask("Page.printToPDF")["data"])
    assert printed.startswith(b"%PDF")
    assert tab.run("document.querySelectorAll('#sheet > li').length") == CARDS
    assert tab.run("document.querySelectorAll('.picture:empty').length") == 0
    different = tab.run("new Set([...document.images].map(image => image.src)).size")
    assert different > MANY / 2
    assert printed.count(b"/Subtype /Image") == different


def test_it_is_dark_where_that_is_wished(tab: Tab) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        tab.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        grounds.append(tab.run("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(250, 250, 250)", "rgb(22, 22, 24)"]


def test_the_policy_holds_should_all_else_fail(browser: Browser, page: Path) -> None:
    """Also that a test would hear of what it waits for in vain."""
    tab = Tab(browser)
    tab.open(page)
    tab.run("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))")
    for word, script in (
        ("TrustedHTML", "document.body.innerHTML = '<p>'"),
        ("TrustedScript", "document.body.setAttribute('onclick', 'window.owned = 1')"),
        ("TrustedScript", "document.createElement('script').text = 'window.owned = 1'"),
    ):
        with pytest.raises(AssertionError, match=word):
            tab.run(script)
    tab.run(
        "document.body.append(document.createElement('script')); document.body.lastChild.append('window.owned = 1')"
    )
    tab.run("location.href = 'javascript:window.owned = 1'")
    assert tab.run("window.owned") is None
    said = [entry["entry"]["text"] for entry in tab.told("Log.entryAdded")]
    assert len(said) >= 3, said
    assert any("img-src" in text for text in said)
    assert any("script-src" in text or "TrustedScript" in text for text in said)
    assert [event["blockedReason"] for event in tab.told("Network.loadingFailed")] == ["csp"]
    tab.close()


async def test_the_report_of_a_crawl(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for arguments in (["demo", "--port", "0", "--crawl", "-o", folder], ["report", folder]):
        ended = await command.run(*arguments)
        assert ended.status == 0, ended.said
    assert ended.out == f"{folder}/report.html: 10 images, {ended.out.split(', ')[1]}"
    tab = Tab(browser)
    tab.open(folder / "report.html")
    tab.wait("document.images.length >= 8 && [...document.images].every(image => image.naturalWidth > 0)")
    assert "lighthouse.png" in shown(tab)
    assert tab.run("[...document.querySelectorAll('.said')].length") > 0
    assert tab.requests() == [(folder / "report.html").as_uri()]
    assert tab.complaints() == []
    tab.close()
