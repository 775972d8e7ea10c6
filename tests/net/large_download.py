"""`python -m tests.net.large_download URL`: streams a body and says, as JSON, its digest and the memory it took.

In a process of its own, because a peak belongs to a whole process.
"""

import asyncio
import hashlib
import json
import re
import resource
import sys
from pathlib import Path

from crawler.model import URL, Request
from tests.net.wires import fetching, settings


def memory(field: str) -> int:
    """Bytes in use now (VmRSS) or at the most since the program began (VmHWM); without /proc the peak for both."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(rf"^{field}:\s+(\d+) kB$", status.read_text(), re.MULTILINE)):
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS, which has no /proc


async def download(url: str) -> dict[str, object]:
    digest = hashlib.sha256()
    size = 0
    async with fetching(settings(total_timeout=60.0)) as fetcher:
        idle = memory("VmRSS")
        async with fetcher.fetch(Request(URL(url))) as response:
            async for piece in response.chunks():
                digest.update(piece)
                size += len(piece)
    return {"sha256": digest.hexdigest(), "size": size, "memory": memory("VmHWM") - idle}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(download(sys.argv[1]))))
