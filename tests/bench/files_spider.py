"""The same work for Scrapy: every URL of a list, through its FilesPipeline. Run by a Python that has Scrapy.

python files_spider.py LIST FOLDER IN_FLIGHT
"""

import sys
from pathlib import Path

from scrapy import Spider
from scrapy.crawler import CrawlerProcess

LIST, FOLDER, IN_FLIGHT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Files(Spider):
    """An item for each URL; the pipeline fetches and keeps what it names, as the documentation shows."""

    name = "files"

    async def start(self):
        for url in LIST.read_text(encoding="utf-8").split():
            yield {"file_urls": [url]}


process = CrawlerProcess(
    {
        "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
        "FILES_STORE": FOLDER,
        "CONCURRENT_REQUESTS": IN_FLIGHT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": IN_FLIGHT,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Files)
process.start()
