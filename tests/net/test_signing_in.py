"""Whole exchanges with origins that want to know who is asking: nginx, Apache httpd, and servers that misbehave."""

import asyncio
import hashlib
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.model import URL, Request
from crawler.net.auth import basic
from crawler.net.challenge import parse_parameters
from crawler.net.fetcher import HttpFetcher
from crawler.net.follow import FollowingFetcher
from crawler.policy import next_hop
from crawler.settings import HostSettings
from tests.net.wires import OK, Play, Side, always, fetching, get, serving, settings
from tests.servers import APACHE_MODULES, Server, _modules, apache, missing, nginx, public_folder

HASHED = "{SHA}" + b64encode(hashlib.sha1("Jäsøn:x".encode()).digest()).decode()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with public_folder() as folder:
        for name in ("basic", "digest", "nc"):
            (folder / name).mkdir()
            (folder / name / "index.html").write_bytes(b"<p>within")
        (folder / "users").write_text(f"me:{HASHED}\n")
        secret = hashlib.md5("me:here:Jäsøn:x".encode()).hexdigest()
        (folder / "digests").write_text(f"me:here:{secret}\n")
        yield folder


def by_nginx(folder: Path) -> str:
    return f'location /basic/ {{ auth_basic "here"; auth_basic_user_file "{folder}/users"; }}'


def by_apache(folder: Path) -> str:
    modules = _modules(APACHE_MODULES)
    names = ["auth_basic", "auth_digest", "authn_core", "authn_file", "authz_user"]
    if not all((modules / f"mod_{name}.so").exists() for name in names):
        missing("a module of Apache httpd for authentication is not installed")
    loads = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
    within = "AuthName here\nRequire valid-user\n"
    return loads + (
        f'<Location "/basic/">\nAuthType Basic\nAuthUserFile "{folder}/users"\n{within}</Location>\n'
        f'<Location "/digest/">\nAuthType Digest\nAuthUserFile "{folder}/digests"\n{within}</Location>\n'
        f'<Location "/nc/">\nAuthType Digest\nAuthUserFile "{folder}/digests"\nAuthDigestNonceLifetime 1\n'
        f"{within}</Location>\n"
    )


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Server]:
    with apache(folder, by_apache(folder)) as server:
        for _ in range(250):  # it listens before it has its log
            if server.log.exists():
                break
            time.sleep(0.02)
        yield server


def host_of(url: str, **own: object) -> dict[str, HostSettings]:
    return {URL(url).site: HostSettings(**{"user": "me", "password": "Jäsøn:x", **own})}  # type: ignore[arg-type]


async def statuses(fetcher: HttpFetcher, url: str, count: int = 1) -> list[int]:
    found = []
    for _ in range(count):
        async with fetcher.fetch(Request(URL(url))) as response:
            assert response.head.status == 401 or await response.read() == b"<p>within"
            found.append(response.head.status)
    return found


@pytest.mark.parametrize("server", [nginx, apache], ids=["nginx", "apache"])
async def test_basic(folder: Path, server: object) -> None:
    extra = by_nginx(folder) if server is nginx else by_apache(folder)
    with server(folder, extra) as running:  # type: ignore[operator]
        url = running.url + "basic/"
        async with fetching() as fetcher:
            assert await statuses(fetcher, url) == [401]
        async with fetching(hosts=host_of(url)) as fetcher:
            assert await statuses(fetcher, url, 3) == [200] * 3
        async with fetching(hosts=host_of(url, password="wrong")) as fetcher:
            assert await statuses(fetcher, url) == [401]
        async with fetching(hosts=host_of(url, auth="digest")) as fetcher:
            assert await statuses(fetcher, url) == [401]
        await asyncio.sleep(0.1)
        assert [hit.status for hit in running.hits()] == [401, 200, 200, 200, 401, 401]


async def test_digest(running: Server) -> None:
    url = running.url + "digest/"
    for scheme in ("auto", "digest"):
        before = len(running.hits())
        async with fetching(hosts=host_of(url, auth=scheme)) as fetcher:
            assert await statuses(fetcher, url + "?a=b&c", 5) == [200] * 5
        await asyncio.sleep(0.1)
        assert [hit.status for hit in running.hits()[before:]] == [401] + [200] * 5, "one challenge is enough"


async def test_digest_with_the_wrong_password(running: Server) -> None:
    url = running.url + "digest/"
    before = len(running.hits())
    async with fetching(hosts=host_of(url, password="wrong")) as fetcher:
        assert await statuses(fetcher, url, 3) == [401] * 3
    await asyncio.sleep(0.1)
    assert len(running.hits()) - before == 4
    async with fetching(hosts=host_of(url, auth="basic")) as fetcher:
        assert await statuses(fetcher, url) == [401]


async def test_a_nonce_that_grows_old(running: Server) -> None:
    url = running.url + "nc/"
    async with fetching(hosts=host_of(url)) as fetcher:
        assert await statuses(fetcher, url) == [200]
        await asyncio.sleep(2.1)
        assert await statuses(fetcher, url, 2) == [200, 200]
    await asyncio.sleep(0.1)
    assert [hit.status for hit in running.hits() if hit.target == "/nc/"] == [401, 200, 401, 200, 200]


async def test_many_at_once(running: Server) -> None:
    url = running.url + "digest/"
    async with fetching(hosts=host_of(url)) as fetcher:
        assert await asyncio.gather(*(get(fetcher, url) for _ in range(30))) == [b"<p>within"] * 30


def challenging(*challenges: str, body: bytes = b"who?") -> Play:
    """Answers 200 to whoever sends a Digest, and a challenge to all others, the next of those given each time."""

    async def play(side: Side) -> None:
        asked = 0
        while head := await side.request():
            if b"\r\nAuthorization: Digest " in head:
                await side.send(OK)
                continue
            challenge = challenges[min(asked, len(challenges) - 1)]
            asked += 1
            await side.send(
                b"HTTP/1.1 401 Who\r\nWWW-Authenticate: %s\r\nContent-Length: %d\r\n\r\n%s"
                % (challenge.encode(), len(body), body)
            )

    return play


def sent(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")
    return parse_parameters(next(line for line in lines if line.startswith("Authorization: Digest "))[22:])


async def test_the_challenge_is_answered_on_the_same_connection() -> None:
    play = challenging('Digest realm="r", nonce="n", qop="auth"')
    async with serving(play) as server, fetching(hosts=host_of(server.url)) as fetcher:
        assert await get(fetcher, server.url + "/a?b", method="POST", body=b"body") == b"ok"
        assert server.requests[0].startswith(b"POST")
        assert basic("me", "Jäsøn:x").encode() in server.requests[0]
        assert sent(server.requests[1])["uri"] == "/a?b"
        assert server.requests[1].count(b"Authorization:") == 1


async def test_the_next_nonce_is_used() -> None:
    answer = OK.replace(b"\r\n\r\n", b'\r\nAuthentication-Info: nextnonce="second"\r\n\r\n', 1)

    async def play(side: Side) -> None:
        await side.request()
        await side.send(b'HTTP/1.1 401 \r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 0\r\n\r\n')
        while await side.request():
            await side.send(answer)

    async with serving(play) as server, fetching(hosts=host_of(server.url)) as fetcher:
        for _ in range(2):
            assert await get(fetcher, server.url) == b"ok"
        assert [sent(head)["nonce"] for head in server.requests[1:]] == ["n", "second"]


async def test_a_401_without_a_credential_is_an_answer() -> None:
    play = challenging('Digest realm="r", nonce="n"')
    async with serving(play) as server, fetching() as fetcher:
        assert await get(fetcher, server.url) == b"who?"
        assert len(server.requests) == 1


async def test_a_server_that_challenges_without_end_is_asked_twice() -> None:
    challenge = (
        b'HTTP/1.1 401 \r\nWWW-Authenticate: Digest realm="r", nonce="n", stale=true\r\nContent-Length: 0\r\n\r\n'
    )
    async with serving(always(challenge)) as server, fetching(hosts=host_of(server.url)) as fetcher:
        assert await get(fetcher, server.url) == b""
        assert len(server.requests) == 2


async def test_a_request_s_own_word_goes_first() -> None:
    play = challenging('Digest realm="r", nonce="n"')
    async with serving(play) as server, fetching(hosts=host_of(server.url)) as fetcher:
        assert await get(fetcher, server.url, headers=(("authorization", "Own word"),)) == b"who?"
        assert [b"Own word" in head for head in server.requests] == [True]


async def test_a_token() -> None:
    async with serving(always(OK)) as server:
        async with fetching(hosts={URL(server.url).site: HostSettings(token="t0ken")}) as fetcher:
            await get(fetcher, server.url)
        assert b"\r\nAuthorization: Bearer t0ken\r\n" in server.requests[0]


async def test_redirects_leave_every_secret_behind() -> None:
    async with serving(always(OK)) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        moved = f"HTTP/1.1 302 \r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(always(moved)) as server:
            own = HostSettings(user="me", password="x", headers=(("X-Key", "hunter2"),))
            async with fetching(hosts={URL(server.url).site: own}) as fetcher:
                following = FollowingFetcher(fetcher, next_hop, 5)
                async with following.fetch(Request(URL(server.url))) as response:
                    assert await response.read() == b"ok"
                    assert response.contact.url == URL(target)
            assert b"X-Key: hunter2" in server.requests[0]
            assert b"Authorization: Basic" in server.requests[0]
            assert not any(word in other.requests[0] for word in (b"hunter2", b"Basic", b"Authorization"))


async def test_a_netrc_file_counts_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password x\ndefault login you password y\n")
    async with serving(always(OK)) as server:
        async with fetching(settings(netrc=str(file))) as fetcher:
            await get(fetcher, server.url)
            await get(fetcher, server.url.replace("127.0.0.1", "localhost"))
        async with fetching() as fetcher:
            await get(fetcher, server.url)
        assert [basic("me", "x").encode() in head for head in server.requests] == [True, False, False]
        assert [b"Authorization" in head for head in server.requests] == [True, False, False]
