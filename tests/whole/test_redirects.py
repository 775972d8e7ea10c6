"""Redirects of whole crawls: a start that lives elsewhere, chains, loops, and what leads out of scope."""

import ssl
from pathlib import Path

import pytest
import trustme

from tests.command import by_path, crawl, known, run
from tests.toysite import Answer, Reply, ToySite, page, redirect


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_start_url_that_redirects_to_another_host_name(tmp_path: Path, status: int) -> None:
    async with ToySite({"localhost/new/": page("a", "/outside"), "localhost/new/a": page()}) as site:
        site.pages["127.0.0.1/"] = redirect(site.at("/new/", "localhost"), status)
        ended = await crawl(site.url, tmp_path / "out")
        assert set(site.targets("localhost")) == {"/robots.txt", "/new/", "/new/a"}
        assert "localhost" in ended.said, "the display says that the start moved"
        found = await known(tmp_path / "out")
        assert found[site.url]["state"] == "redirected"
        assert found[site.url]["redirect"] == site.at("/new/", "localhost")
        assert found[site.at("/new/a", "localhost")]["state"] == "saved"
        assert found[site.at("/new/", "localhost")]["depth"] == 0


async def test_a_start_url_that_redirects_to_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with ToySite({"/": page("a"), "/a": page()}, tls=context) as secure, ToySite() as plain:
        plain.pages["/"] = redirect(secure.at("/", "localhost"), 301)
        await crawl(plain.at("/", "localhost"), tmp_path / "out", "--ca-file", tmp_path / "ca.pem")
        assert secure.targets() == ["/robots.txt", "/", "/a"]
        states = {url: row["state"] for url, row in (await known(tmp_path / "out")).items()}
        assert states == {
            plain.at("/", "localhost"): "redirected",
            secure.at("/", "localhost"): "saved",
            secure.at("/a", "localhost"): "saved",
        }


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with ToySite({"/": page()}, tls=context) as site:
        url = site.at("/", "localhost")
        ended = await run("crawl", url, "-o", tmp_path / "out")
        assert ended.status == 1, ended.said
        assert (await known(tmp_path / "out"))[url]["error"] == "tls"
        assert site.targets() == []
        await crawl(url, tmp_path / "unsafe", "--insecure")
        assert (await known(tmp_path / "unsafe"))[url]["state"] == "saved"


async def test_what_redirects_within_the_site(tmp_path: Path) -> None:
    pages: dict[str, Answer] = {
        "/": page("/one", "/loop", "/out", "/nowhere", "/mail", "/self", "/long/0", "/relative/x", "/shared"),
        "/one": redirect("/two", 301), "/two": redirect("/three"), "/three": page(),
        "/loop": redirect("/loop2"), "/loop2": redirect("/loop"),
        "/self": redirect("/self"),
        "/nowhere": Reply(302),
        "/mail": redirect("mailto:a@b.c"),
        "/long/*": lambda asked: redirect(f"/long/{int(asked.target[6:]) + 1}"),
        "/relative/x": redirect("../three"),
        "/shared": redirect("/three"),
    }  # fmt: skip
    async with ToySite(pages) as site:
        site.pages["/out"] = redirect(site.at("/", "localhost"))
        await crawl(site.url, tmp_path / "out", "--max-redirects", 5)
        found = by_path(await known(tmp_path / "out"))
        assert site.targets().count("/three") == 1
        assert site.targets("localhost") == []
        assert sum(target.startswith("/long/") for target in site.targets()) == 6
    words = {path: (row["state"], row["error"]) for path, row in found.items()}
    assert words["/one"] == words["/two"] == words["/relative/x"] == words["/shared"] == ("redirected", None)
    assert words["/three"] == ("saved", None)
    assert {words["/loop"], words["/loop2"]} <= {("redirected", None), ("failed", "redirect")}
    assert words["/self"] == words["/nowhere"] == words["/long/5"] == ("failed", "redirect")
    assert words["/out"] == ("failed", "scope")
    assert words["/mail"] == ("failed", "scheme")
    assert found["/three"]["depth"] == 1, "a redirect is no step deeper"
