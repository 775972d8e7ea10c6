"""Real web servers, serving a folder on a free loopback port, and what their access logs say.

Each is started in the foreground with a configuration of its own and ended by its process id; nothing of the
machine's own configuration is read. What is not installed skips the test on a person's machine and fails it in CI.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hits import Hit

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"
APACHE_MODULES = ("/usr/lib/apache2/modules", "/usr/libexec/apache2", "/opt/homebrew/lib/httpd/modules")
LIGHTTPD_MODULES = ("/usr/lib/lighttpd", "/opt/homebrew/lib/lighttpd")

APACHE_FIELDS = r"%{end:sec}t.%{end:usec_frac}t\t%D\t%r\t%{Host}i\t%>s\t%B\t%a:%{remote}p"
"""The fields of a hit as Apache httpd and lighttpd spell them; nginx has names of its own."""

TYPES = {
    "html": "text/html", "htm": "text/html", "css": "text/css", "js": "text/javascript", "txt": "text/plain",
    "xml": "text/xml", "json": "application/json", "pdf": "application/pdf",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml",
    "webp": "image/webp", "avif": "image/avif", "ico": "image/x-icon",
}  # fmt: skip
"""What all three servers call a file by its suffix; anything else is application/octet-stream."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: `url` is its root, `log` its access log, `second` the unit of the log's durations."""

    url: str
    pid: int
    log: Path
    second: float

    def hits(self) -> list[Hit]:
        """Every request answered so far, in the order in which they ended (lighttpd's log is up to 5 s late)."""
        hits = []
        for line in self.log.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            ended, took, request, host, status, size, connection = line.split("\t")
            method, target, _ = request.split(" ")
            began = float(ended) - float(took) / self.second
            sent = 0 if size == "-" else int(size)
            hits.append(Hit(method, host, target, int(status), sent, connection, began, float(ended)))
        return hits


def program(*names: str) -> str:
    """The path of the first of these programs that is installed."""
    folders = f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}"
    for name in names:
        if found := shutil.which(name, path=folders):
            return found
    missing(f"{names[0]} is not installed")
    raise AssertionError


def package_folder(package: str, marker: str) -> Path:
    """The folder in which an installed Debian package keeps the file `marker` (the shallowest of several)."""
    if shutil.which("dpkg"):
        listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
        folders = [Path(line).parent for line in listed.stdout.splitlines() if line.endswith(f"/{marker}")]
        if folders:
            return min(folders, key=lambda folder: len(folder.parts))
    missing(f"the package {package} is not installed")
    raise AssertionError


def missing(what: str) -> None:
    """Skip the test that needs this; in CI, where everything must be there, fail it."""
    import pytest  # here: the benchmarks use these servers without it

    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI must have it")
    pytest.skip(what)


@contextmanager
def public_folder() -> Iterator[Path]:
    """A temporary folder that every server may read, whatever user it becomes (a test's own tmp_path is private)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


def nginx(folder: Path, extra: str = "") -> AbstractContextManager[Server]:
    """nginx; `extra` goes into its server block."""

    def configure(work: Path, port: int) -> list[str]:
        types = "".join(f"{media} {suffix};" for suffix, media in TYPES.items())
        spare = "".join(f"{name}_temp_path {work};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        fields = r"$msec\t$request_time\t$request\t$http_host\t$status\t$body_bytes_sent\t$connection"
        (work / "conf").write_text(f"""
            daemon off; master_process off; pid {work}/pid; error_log {work}/errors warn;
            events {{ worker_connections 2048; }}
            http {{
                types {{ {types} }} default_type application/octet-stream; {spare}
                log_format hits "{fields}"; access_log {work}/hits hits;
                sendfile on; tcp_nopush on; keepalive_timeout 60s; keepalive_requests 100000;
                server {{ listen 127.0.0.1:{port} backlog=1024; root "{folder}"; index index.html; {extra} }}
            }}""")
        return [program("nginx"), "-p", str(work), "-e", f"{work}/errors", "-c", f"{work}/conf"]

    return _running(configure, second=1.0)


def apache(folder: Path, extra: str = "") -> AbstractContextManager[Server]:
    """Apache httpd with its event workers; `extra` goes at the end of its configuration."""

    def configure(work: Path, port: int) -> list[str]:
        binary = program("apache2", "httpd")
        modules = _modules(APACHE_MODULES)
        wanted = ["mpm_event", "authz_core", "dir", "mime", "log_config", "filter", "headers", "unixd", "alias", "cgi"]
        wanted += ["deflate", "brotli"]
        loads = "".join(
            f"LoadModule {name}_module {modules}/mod_{name}.so\n"
            for name in wanted
            if (modules / f"mod_{name}.so").exists()
        )
        types = "".join(f"AddType {media} .{suffix}\n" for suffix, media in TYPES.items())
        nobody = pwd.getpwnam("nobody")
        user = f"User nobody\nGroup #{nobody.pw_gid}\n" if os.geteuid() == 0 else ""
        (work / "types").touch()
        (work / "conf").write_text(
            f"{loads}{types}{user}ServerRoot {work}\nServerName localhost\nListen 127.0.0.1:{port}\n"
            f"DefaultRuntimeDir {work}\nPidFile {work}/pid\nErrorLog {work}/errors\nTypesConfig {work}/types\n"
            f'LogFormat "{APACHE_FIELDS}" hits\nCustomLog {work}/hits hits\n'
            f'DocumentRoot "{folder}"\nDirectoryIndex index.html\nKeepAlive On\nMaxKeepAliveRequests 0\n'
            f'<Directory "{folder}">\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n{extra}\n'
        )
        return [binary, "-DFOREGROUND", "-f", f"{work}/conf"]

    return _running(configure, second=1e6)


def lighttpd(folder: Path, extra: str = "") -> AbstractContextManager[Server]:
    """lighttpd; `extra` goes at the end of its configuration."""

    def configure(work: Path, port: int) -> list[str]:
        types = ", ".join(f'".{suffix}" => "{media}"' for suffix, media in TYPES.items())
        (work / "conf").write_text(
            f'server.document-root = "{folder}"\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
            f'server.modules = ("mod_accesslog")\nserver.errorlog = "{work}/errors"\n'
            f'index-file.names = ("index.html")\nmimetype.assign = ({types}, "" => "application/octet-stream")\n'
            f'accesslog.filename = "{work}/hits"\naccesslog.format = "{APACHE_FIELDS}"\n{extra}\n'
        )
        return [program("lighttpd"), "-D", "-f", f"{work}/conf", "-m", str(_modules(LIGHTTPD_MODULES))]

    return _running(configure, second=1e6)


def python_server(folder: Path) -> AbstractContextManager[Server]:
    """Python's own http.server, which closes the connection behind every answer; its log is not read."""

    def configure(_: Path, port: int) -> list[str]:
        return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]

    return _running(configure, second=1.0)


def scripted_server(interpreter: str, script: Path, folder: Path) -> AbstractContextManager[Server]:
    """The server that a script is: started with its port and the folder to serve; it has no log."""

    def configure(_: Path, port: int) -> list[str]:
        return [interpreter, str(script), str(port), str(folder)]

    return _running(configure, second=1.0)


def require_module(server: str, file: str, folders: Iterable[str]) -> None:
    """Skip, or in CI fail, where a server lacks one of its modules."""
    if not (_modules(folders) / file).exists():
        missing(f"{server} lacks {file}")


def _modules(folders: Iterable[str]) -> Path:
    return next((Path(folder) for folder in folders if Path(folder).is_dir()), Path("/nowhere"))


@contextmanager
def _running(configure: Callable[[Path, int], list[str]], second: float) -> Iterator[Server]:
    """The server that `configure(work folder, port)` is the command of, from its first answer to its end."""
    with public_folder() as work:
        port = _free_port()
        command = configure(work, port)
        with (work / "output").open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            _wait_for(process, port, work)
            yield Server(f"http://127.0.0.1:{port}/", process.pid, work / "hits", second)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(process: "subprocess.Popen[bytes]", port: int, work: Path) -> None:
    patience = time.monotonic() + 10
    while time.monotonic() < patience and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    said = "".join(file.read_text(errors="replace") for file in (work / "output", work / "errors") if file.exists())
    raise RuntimeError(f"{process.args!r} does not serve: {said}")
