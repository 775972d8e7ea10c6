"""The same work for Scrapy: every page below the start URL, each written to a file. Run by a Python that has Scrapy.

python scrapy_spider.py URL FOLDER IN_FLIGHT
"""

import hashlib
import re
import sys
from pathlib import Path

from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

URL, FOLDER, IN_FLIGHT = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])


class Site(CrawlSpider):
    """Follows all links below the start URL, as the documentation of CrawlSpider shows."""

    name = "site"
    start_urls = [URL]  # noqa: RUF012 - as Scrapy has it
    rules = (Rule(LinkExtractor(allow=re.escape(URL), deny_extensions=[]), callback="save", follow=True),)

    def parse_start_url(self, response):
        return self.save(response)

    def save(self, response):
        (FOLDER / hashlib.sha256(response.url.encode()).hexdigest()).write_bytes(response.body)


FOLDER.mkdir(parents=True, exist_ok=True)
process = CrawlerProcess(
    {
        "CONCURRENT_REQUESTS": IN_FLIGHT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": IN_FLIGHT,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Site)
process.start()
