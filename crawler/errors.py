"""Every failure the crawler expects, and the word each one leaves in the record.

::

    CrawlError                    `.kind` is its word in records
    +- SettingsError              the user's: exit status 2, names the key and what it takes
    +- InvalidURLError            a text that is no URL
    +- LimitError                 one document would cost more work than it may
    +- WorkError                  a job in a child process failed, or died of its document
    +- UnwantedError              a document that turned out not to be wanted: becomes an Outcome
    +- FetchError                 the network's or the peer's: becomes an Outcome; `.retryable`
    |  +- DNSError *              the name is unknown, or no resolver answered
    |  +- ConnectError *          refused, unreachable, no descriptor left
    |  +- FetchTimeoutError *     one of the named times ran out
    |  +- TLSError                no trust, or no agreement
    |  +- ProxyError *            the proxy, not the host
    |  +- TooLargeError           a limit in bytes was passed
    |  +- DecodingError           a content coding that is broken or unknown
    |  +- RedirectError           a redirect that cannot be followed
    |  +- PrivateAddressError     a name that leads into a network where the crawl may not go
    |  +- ProtocolError           the answer is not HTTP/1.x; says which rule it broke
    |     +- TruncatedError *     it ended before its end
    |     +- ConnectionLostError * the connection died before an answer began
    +- CrawldbError               ours: the database; ends the crawl
    |  +- NoCrawlError            the user's: the folder holds no crawl to read, or one that is not to be touched now
    +- StoreError                 ours: the disk; ends the crawl
                                                        (* retryable)

Anything else that is raised is a bug, and keeps its traceback. `OSError` is translated into these in `net/dial.py`,
`store/`, `crawldb/` and `work/` only.
"""

from typing import ClassVar


class CrawlError(Exception):
    """A failure the crawler expects; its text is one line for a person."""

    kind: ClassVar[str] = "error"


class SettingsError(CrawlError):
    """A setting that is unknown, of the wrong type or out of range; names the key and what it takes."""

    kind = "settings"


class InvalidURLError(CrawlError):
    """A text that the WHATWG URL standard does not take as a URL, or not one the crawler can fetch."""

    kind = "url"


class LimitError(CrawlError):
    """A document would cost more work than one may; says which bound it passed."""

    kind = "limit"


class WorkError(CrawlError):
    """A job in a child process failed or died; says which, and of what. Its notes keep the traceback."""

    kind = "crash"


class UnwantedError(CrawlError):
    """A document came, and is not one to keep; `word` is that of its record (type, too-small, damaged ...)."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word


class FetchError(CrawlError):
    """The network or the peer failed; becomes the Outcome of one visit.

    `asked_at` is when the request began, by the loop's clock; None when nothing was asked.
    """

    retryable: ClassVar[bool] = False
    asked_at: float | None = None


class DNSError(FetchError):
    """The host name has no address, or the resolver failed."""

    kind = "dns"
    retryable = True


class ConnectError(FetchError):
    """No connection: refused, unreachable, or no descriptor left for a socket."""

    kind = "connect"
    retryable = True


class FetchTimeoutError(FetchError):
    """One of the named times (connect, TLS, head, between bytes, whole request) ran out."""

    kind = "timeout"
    retryable = True


class TLSError(FetchError):
    """The TLS handshake failed: no trust in the certificate, or no common version."""

    kind = "tls"


class ProxyError(FetchError):
    """The proxy refused or failed; nothing is known of the host behind it."""

    kind = "proxy"
    retryable = True


class TooLargeError(FetchError):
    """A body, head or chunk passed its limit in bytes."""

    kind = "too-large"


class DecodingError(FetchError):
    """A content coding that is unknown, corrupt or cut short."""

    kind = "decode"


class RedirectError(FetchError):
    """A redirect that cannot be followed: a loop, too many, no usable Location."""

    kind = "redirect"


class PrivateAddressError(FetchError):
    """A host's address lies in a private, loopback or link-local network, where this crawl may not go."""

    kind = "scope"


class ProtocolError(FetchError):
    """The peer's bytes are not HTTP/1.x (RFC 9112); the text says which rule they broke."""

    kind = "protocol"


class TruncatedError(ProtocolError):
    """The connection ended inside an answer."""

    kind = "truncated"
    retryable = True


class ConnectionLostError(ProtocolError):
    """The connection was reset, or closed before the first byte of an answer."""

    kind = "reset"
    retryable = True


class CrawldbError(CrawlError):
    """The crawl database cannot be opened, read or written."""

    kind = "crawldb"


class NoCrawlError(CrawldbError):
    """The folder holds no crawl, one of a newer crawler, or one that another process works on."""


class StoreError(CrawlError):
    """A file cannot be kept: disk full, no permission."""

    kind = "store"
