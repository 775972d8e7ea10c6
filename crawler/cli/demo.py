"""`crawler demo`: a small example site on loopback, to be crawled without internet."""

import asyncio
import errno
import signal

import typer

from crawler.cli.terminal import show
from crawler.errors import SettingsError


def demo(
    port: int | None = typer.Option(
        None, "--port", metavar="NUMBER", min=0, max=65535, help="Default: 8765, or any free one."
    ),
    crawl: bool = typer.Option(False, "--crawl", help="Crawl it too, and stop then."),
    output: str = typer.Option("demo-site", "--output", "-o", metavar="FOLDER", help="Where that crawl is kept."),
) -> int:
    """Serve a small example site, to try the crawler on.

    It is served on loopback: no internet is needed.

    It has pages, pictures, a long text, a page that takes its time, one that moved, one that is gone, and one that
    robots.txt asks to leave alone.

    \b
    Examples
      crawler demo                                   # then, elsewhere: crawler crawl http://127.0.0.1:8765/
      crawler demo --crawl -o demo-site              # both at once
    """
    try:
        return asyncio.run(_crawled(port, output) if crawl else _served(port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise SettingsError(f"--port: {port} cannot be had: {error.strerror}") from error


async def _served(port: int | None) -> int:
    from crawler.demo.server import serve
    from crawler.demo.site import example_site

    async with serve(example_site(), port) as url:
        show(f"the example site is at {url}\ncrawl it with: crawler crawl {url} -o demo-site\nCtrl-C ends it")
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
    return 0


async def _crawled(port: int | None, output: str) -> int:
    from crawler.cli.crawl import run_crawl
    from crawler.demo.server import serve
    from crawler.demo.site import example_site
    from crawler.settings import load

    async with serve(example_site(), port) as url:
        return await run_crawl(load(overrides={"crawl": {"start": [url]}, "store": {"output": output}})[0])
