"""`python python_server.py PORT FOLDER`: Python's http.server with what it leaves to others.

These are ranges, codings and chunks; live/port is the port of the client, live/chunked a text in chunks, live/cut
chunks that break off, live/gone no answer at all.
"""

import functools
import gzip
import http.server
import os
import re
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress}


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        coding = self.headers.get("Accept-Encoding", "").split(",")[0].strip()
        if self.path.startswith("/live/"):
            getattr(self, f"serve_{file.name}")()
        elif file.suffix == ".txt" and coding in PACKERS and file.is_file():
            self.serve(PACKERS[coding](file.read_bytes()), ("Content-Encoding", coding))
        elif "Range" in self.headers:
            self.serve_range(file.read_bytes())
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        self.serve_chunked() if self.path.startswith("/live/") else super().do_HEAD()

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        size = os.fstat(source.fileno()).st_size
        super().copyfile(source, outputfile)
        self.close_connection |= source.tell() < size

    def serve(self, body: bytes, *fields: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in (*fields, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def serve_range(self, body: bytes) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"])
        assert match
        first, last = int(match[1]), min(int(match[2] or len(body)), len(body) - 1)
        if first >= len(body):
            self.serve(b"", ("Content-Range", f"bytes */{len(body)}"), status=416)
        else:
            self.serve(body[first : last + 1], ("Content-Range", f"bytes {first}-{last}/{len(body)}"), status=206)

    def serve_port(self) -> None:
        self.serve(str(self.client_address[1]).encode())

    def begin_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def serve_chunked(self) -> None:
        self.begin_chunks()
        if self.command == "GET":
            text = Path(self.directory, "text.txt").read_bytes()
            for start in range(0, len(text), 1000):
                self.send_chunk(text[start : start + 1000])
            self.send_chunk(b"")

    def serve_cut(self) -> None:
        self.begin_chunks()
        self.send_chunk(bytes(100_000))
        self.close_connection = True

    def serve_gone(self) -> None:
        self.close_connection = True


if __name__ == "__main__":
    address = ("127.0.0.1", int(sys.argv[1]))
    with http.server.ThreadingHTTPServer(address, functools.partial(Handler, directory=sys.argv[2])) as server:
        server.serve_forever()
