"""The beginnings of large documents whose transfers broke off: which are kept, and how one is read again.

It knows no request: whether what comes later is the rest is not decided here.
"""

import errno
import hashlib
import os
from pathlib import Path

from crawler import policy
from crawler.http1.coding import codings_of
from crawler.http1.validators import Validators
from crawler.model import URL, Link, Partial, ResponseHead
from crawler.web.probe import TAIL_SIZE


def partial_of(link: Link, head: ResponseHead, size: int, begun: Partial | None, least: int) -> Partial | None:
    """What is to be kept of a body of which `size` bytes came; None where that is not worth it, or would be of no use.

    It must be `least` bytes, fewer than the whole, and a later attempt must be able to tell whether it is still the
    same. What was `begun` under a validator goes on under it: a 206 need not repeat it (RFC 9110 section 15.3.7).
    """
    validator = begun.validator if begun is not None else Validators.of(head.headers).strong
    total = begun.total if begun is not None else policy.whole_size(head)
    if size < least or validator is None or codings_of(head.headers) or (total is not None and size >= total):
        return None
    return Partial(partial_name(link.url), size, validator, total)


def partial_name(url: URL) -> str:
    """The temporary name of what there is of a document."""
    return f"{hashlib.blake2b(str(url).encode(), digest_size=12).hexdigest()}.part"


def read_begun(temporary: Path, size: int, first_size: int) -> tuple[bytes, bytes, "hashlib._Hash"]:
    """The first and last bytes of a document that broke off, and the digest's state behind its `size` bytes."""
    hashed = hashlib.sha256()
    with temporary.open("r+b") as file:
        if os.fstat(file.fileno()).st_size < size:
            raise OSError(errno.ENODATA, "is shorter than it was")
        file.truncate(size)
        first = file.read(first_size)
        file.seek(0)
        while piece := file.read(1 << 20):
            hashed.update(piece)
        file.seek(max(0, size - TAIL_SIZE))
        return first, file.read(), hashed
