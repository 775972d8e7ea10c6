"""The commands, put together; each is a file of its own, which imports what is heavy when it runs."""

from typing import Final

import typer

from crawler.cli import config, crawl, demo, export, fetch, images, links, report, retry, status

HELP: Final = {"help_option_names": ["-h", "--help"]}

app: Final = typer.Typer(
    name="crawler",
    help="Crawls a site and keeps its pages and images: politely, completely, and resumable at any moment.",
    epilog="To try it without internet: crawler demo --crawl -o demo-site",
    no_args_is_help=True,
    add_completion=False,
    context_settings=HELP,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", "-V", help="Show the version.", is_eager=True),
) -> None:
    """Reached with `--version` only where other words stand beside it."""
    if version:
        from crawler.settings import VERSION

        print(f"crawler {VERSION}")
        raise typer.Exit


for command in (
    crawl.crawl,
    images.images,
    fetch.fetch,
    links.links,
    retry.retry,
    status.status,
    export.export,
    report.report,
    demo.demo,
):
    app.command(context_settings=HELP)(command)
app.add_typer(config.app, name="config", context_settings=HELP)
