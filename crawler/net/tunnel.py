"""A tunnel through an HTTP proxy, by CONNECT (RFC 9110 section 9.3.6), over streams that lead to the proxy.

It opens none, has no time-out of its own, and does not know what will travel inside.
"""

import asyncio
from typing import Final

from crawler.errors import ProtocolError, ProxyError, TooLargeError
from crawler.http1.events import ResponseHead
from crawler.http1.parser import ResponseParser
from crawler.http1.request import write_request
from crawler.net.proxy import Proxy
from crawler.net.wire import arrived

HEAD_END: Final = b"\n\r\n"


async def open_tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, proxy: Proxy, user_agent: str
) -> None:
    """From here on the streams lead to `target`; `ProxyError` where the proxy does not connect to it."""
    fields = [("Host", target), ("User-Agent", user_agent)]
    if proxy.authorization is not None:
        fields.append(("Proxy-Authorization", proxy.authorization))
    writer.write(write_request("CONNECT", target, fields))
    try:
        head = await _answer(reader)
    except (ProtocolError, TooLargeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ProxyError(f"the proxy {proxy} gave no answer to CONNECT {target}: {error}") from error
    if not 200 <= head.status < 300:
        raise refused(head, proxy)
    if arrived(reader) is not None:
        # Taken for what came through the tunnel, it would be believed as if TLS had protected it.
        raise ProxyError(f"the proxy {proxy} said more than its answer to CONNECT {target}")


async def _answer(reader: asyncio.StreamReader) -> ResponseHead:
    """The head of the proxy's answer; not a byte behind it is read."""
    parser = ResponseParser("CONNECT")
    while (event := parser.next_event()) is None:
        parser.feed(await reader.readuntil(HEAD_END))
    assert isinstance(event, ResponseHead)
    return event


def refused(head: ResponseHead, proxy: Proxy) -> ProxyError:
    """What it means that the proxy itself gave this answer."""
    said = f"{head.status} {head.reason}".rstrip()
    if head.status == 407:
        takes = "asks for a user and password" if proxy.user is None else "does not take this user and password"
        return ProxyError(f"the proxy {proxy} {takes}: {said}")
    return ProxyError(f"the proxy {proxy} refused to connect: {said}")
