"""The real servers serve, log what they were asked, and are gone afterwards."""

import http.client
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers import Server, apache, lighttpd, nginx, package_folder, program, public_folder, python_server

Serve = Callable[[Path], AbstractContextManager[Server]]


def ask(server: Server, *targets: str) -> list[int]:
    client = http.client.HTTPConnection(urlsplit(server.url).netloc)
    statuses = []
    for target in targets:
        client.request("GET", target)
        answer = client.getresponse()
        answer.read()
        statuses.append(answer.status)
    client.close()
    return statuses


@pytest.mark.parametrize("serve", [nginx, apache, lighttpd, python_server])
def test_a_folder_is_served_until_the_end(serve: Serve) -> None:
    with public_folder() as folder:
        (folder / "index.html").write_text("hello")
        with serve(folder) as server:
            assert ask(server, "/", "/nowhere") == [200, 404]
            os.kill(server.pid, 0)
        with pytest.raises(ConnectionRefusedError):
            ask(server, "/")


@pytest.mark.parametrize("serve", [nginx, apache])
def test_the_access_log_is_read(serve: Serve) -> None:
    with public_folder() as folder:
        (folder / "index.html").write_text("hello")
        (folder / "sub").mkdir()
        began = time.time()
        with serve(folder) as server:
            assert ask(server, "/", "/?a=%20b", "/sub", "/nowhere") == [200, 200, 301, 404]
            time.sleep(0.05)
            hits = server.hits()
        assert [(hit.method, hit.target, hit.status) for hit in hits] == [
            ("GET", "/", 200),
            ("GET", "/?a=%20b", 200),
            ("GET", "/sub", 301),
            ("GET", "/nowhere", 404),
        ]
        assert hits[0].size == 5
        assert {hit.host for hit in hits} == {urlsplit(server.url).netloc}
        assert len({hit.connection for hit in hits}) == 1, "one connection was kept alive"
        assert all(began - 0.01 <= hit.began_at <= hit.ended_at <= time.time() + 0.01 for hit in hits)


def test_a_server_that_cannot_start_says_why() -> None:
    with (
        public_folder() as folder,
        pytest.raises(RuntimeError, match="no_such_directive"),
        nginx(folder, "no_such_directive on;"),
    ):
        pass


def test_what_is_missing_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        program("no-such-program")
    with pytest.raises(pytest.skip.Exception, match="no-such-package"):
        package_folder("no-such-package", "index.html")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must have it"):
        program("no-such-program")
