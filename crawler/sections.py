"""The sections of settings, as frozen values: each key's name, type, default and range; it knows no file and no flag.

Durations are seconds and sizes bytes.
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from crawler.values import HIGHEST

VERSION: Final = "0.1.0"
PRODUCT: Final = "crawler"
"""The product token that robots.txt rules are looked up by, whatever the user agent says (RFC 9309 section 2.2.1)."""

IMAGE_TYPES: Final = (
    "apng", "avif", "bmp", "gif", "heic", "heif", "ico", "jp2", "jpeg", "jpg", "jxl", "png", "psd", "svg", "tif",
    "tiff", "webp",
)  # fmt: skip

Pairs = tuple[tuple[str, str], ...]
"""A table of texts, frozen."""


def _duration(default: float | None, low: float = 0.0) -> Any:
    return field(default=default, metadata={"unit": "duration", "low": low, "high": 1e9})


def _size(default: int | None, low: int = 0) -> Any:
    return field(default=default, metadata={"unit": "size", "low": low, "high": HIGHEST})


def _count(default: int | None, low: int = 0, high: int = HIGHEST) -> Any:
    return field(default=default, metadata={"unit": "count", "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class CrawlSettings:
    """What is crawled, and how much of it."""

    start: tuple[str, ...] = field(default=(), metadata={"url": True})
    max_depth: int | None = _count(None)
    max_pages: int | None = _count(None, 1)
    max_bytes: int | None = _size(None, 1)
    max_time: float | None = _duration(None)
    sitemap: tuple[str, ...] = field(default=(), metadata={"url": True})
    sitemaps: bool = True
    max_sitemaps: int = _count(1_000)
    max_links: int = _count(100_000, 1, 150_000)
    keep: Literal["all", "images"] = "all"
    extractors: tuple[str, ...] = ()
    extractor_timeout: float = _duration(2.0, 0.01)
    extractor_memory: int = _size(1_000_000_000, 100_000_000)


@dataclass(frozen=True, slots=True)
class ConcurrencySettings:
    """How much is done at once: requests in flight, and processes that work on images and on large pages."""

    total: int = _count(32, 1, 10_000)
    per_host: int = _count(4, 1, 1_000)
    work: int = _count(2, 1, 256)
    processes: int | Literal["auto"] = field(
        default="auto", metadata={"unit": "count", "low": 1, "high": 64, "word": "auto"}
    )
    hang_timeout: float = _duration(60.0, 1.0)
    stall_timeout: float = _duration(900.0, 0.01)


@dataclass(frozen=True, slots=True)
class PolitenessSettings:
    """How hosts are treated."""

    delay: float = _duration(0.0)
    robots: bool = True
    nofollow: bool = True
    noai: bool = True
    adaptive: bool = True
    slow_answer: float = _duration(0.5)
    max_crawl_delay: float = _duration(30.0)
    max_retry_after: float = _duration(300.0)
    give_up_after: float = _duration(300.0)


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """Which links are followed."""

    scope: Literal["page", "path", "host", "subdomains", "domain", "any"] = "path"
    include: tuple[str, ...] = field(default=(), metadata={"pattern": True})
    exclude: tuple[str, ...] = field(default=(), metadata={"pattern": True})
    max_url: int = _size(8192, 64)
    private_networks: Literal["start-only", "allow", "refuse"] = "start-only"


@dataclass(frozen=True, slots=True)
class TrapSettings:
    """What ends a site without end."""

    max_like: int = _count(500, 1)
    max_same: int = _count(1_000, 1)
    like_distance: int = _count(3, 0, 64)
    max_repeats: int = _count(4)
    max_segments: int = _count(32, 1)
    max_parameters: int = _count(32)
    max_host_urls: int = _count(10_000_000, 1)
    max_hosts: int = _count(1_000, 1)
    one_session: bool = True


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How one document is asked for, and the limits on its answer."""

    user_agent: str = field(default=f"{PRODUCT}/{VERSION}", metadata={"ascii": True})
    connect_timeout: float = _duration(10.0, 0.001)
    read_timeout: float = _duration(30.0, 0.001)
    total_timeout: float = _duration(300.0, 0.001)
    max_retries: int = _count(3)
    retry_wait: float = _duration(1.0)
    max_retry_wait: float = _duration(60.0)
    max_redirects: int = _count(20)
    cookies: bool = True
    cookie_file: str = ""
    max_body: int = _size(2_000_000_000, 1)
    max_html: int = _size(16_000_000, 1)
    max_head: int = _size(256 * 1024, 1024)
    max_header_line: int = _size(128 * 1024, 256)
    max_headers: int = _count(10_000, 1)
    html_memory: int = _size(128_000_000, 1)
    idle_timeout: float = _duration(15.0)
    insecure: bool = False
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    min_tls: Literal["1.2", "1.3"] = "1.2"
    dns_ttl: float = _duration(300.0)
    dns_negative_ttl: float = _duration(10.0)
    proxy: str = field(default="", metadata={"secret": True})
    no_proxy: tuple[str, ...] = ()
    proxy_from_env: bool = False
    netrc: str = ""
    max_rate: int | None = _size(None, 1)


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """Which images are fetched."""

    enabled: bool = True
    any_host: bool = False
    sources: Literal["shown", "all"] = "shown"
    types: tuple[str, ...] = field(default=(), metadata={"among": IMAGE_TYPES})
    min_width: int | None = _count(None, 1)
    min_height: int | None = _count(None, 1)
    max_width: int | None = _count(None, 1)
    max_height: int | None = _count(None, 1)
    min_size: int | None = _size(None, 1)
    max_size: int | None = _size(None, 1)
    max_aspect: float | None = field(default=None, metadata={"unit": "ratio", "low": 1.0, "high": 1e6})
    candidates: Literal["all", "largest"] = "all"
    damaged: Literal["reject", "keep"] = "reject"
    dedupe: Literal["off", "exact", "report", "near"] = "off"
    max_distance: int = _count(5, 0, 7)
    name: str = field(default="", metadata={"fixed": True})
    thumbnails: int | None = _count(None, 16, 4096)
    convert: Literal["off", "jpeg", "png", "webp"] = "off"
    max_pixels: int = _count(100_000_000, 1)
    work_timeout: float = _duration(30.0, 0.1)
    sidecar: Literal["off", "jsonl", "parquet"] = "off"
    list: str = ""
    list_format: Literal["auto", "text", "csv", "tsv", "jsonl"] = "auto"
    url_column: str = "url"
    caption_column: str = "caption"

    @property
    def needs_pixels(self) -> bool:
        """Whether anything is asked for that takes decoding an image."""
        return self.dedupe in ("report", "near") or self.thumbnails is not None or self.convert != "off"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where and how documents are kept."""

    output: str = ""
    durability: Literal["process", "power"] = "process"
    min_free: int = _size(200_000_000)
    max_name: int = field(default=255, metadata={"unit": "count", "low": 64, "high": 255, "fixed": True})
    memory: int = _size(256 * 1024, 1024)
    min_partial: int = _size(1_000_000)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is shown, and what is written into crawl.log."""

    show: Literal["normal", "quiet", "verbose"] = "normal"
    json_log: bool = False
    level: Literal["debug", "info", "warning", "error"] = "info"
    max_size: int = _size(10_000_000, 1000)
    keep: int = _count(3)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What one host has of its own; None: as for every host."""

    delay: float | None = _duration(None)
    per_host: int | None = _count(None, 1, 1_000)
    user: str | None = field(default=None, metadata={"secret": True})
    password: str | None = field(default=None, metadata={"secret": True})
    token: str | None = field(default=None, metadata={"secret": True})
    auth: Literal["auto", "basic", "digest"] = "auto"
    headers: Pairs = field(default=(), metadata={"secret": True})
    proxy: str | None = field(default=None, metadata={"secret": True})
    max_rate: int | None = _size(None, 1)
    legacy_tls: bool = False
