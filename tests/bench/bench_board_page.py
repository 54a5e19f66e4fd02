"""How soon the board is seen, and how large it is: median first paint in Chromium. Not a test; by hand:

    PYTHONPATH=.:tests python tests/bench/bench_board_page.py [TIMES]

Of a server without a database (tests/integration/shown_board.py): of the page of an alert with a map of 34 provinces,
and of three alerts in trouble; each time in a profile of its own, so that nothing is cached. Told are milliseconds from
the request to the first contentful paint, and the octets of the page.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from integration.browser import browsing
from integration.shown_board import showing

PAINT = """new Promise((done) => new PerformanceObserver((list) => {
    const found = list.getEntriesByName('first-contentful-paint')
    if (found.length) done(found[0].startTime)
}).observe({ type: 'paint', buffered: true }))"""


async def main(times: int) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with showing() as (_board, base), browsing(Path(folder)) as chrome:
            for name in ("running", "sick"):
                paints = []
                for _ in range(times):
                    page = await chrome.page()
                    await page.size(1920, 1080)
                    await page.goto(f"{base}/page/{name}?lang=vi")
                    paints.append(await page.js(PAINT))
                    octets = await page.js("performance.getEntriesByType('navigation')[0].decodedBodySize")
                    await page.close()
                print(
                    f"{name}: first paint {statistics.median(paints):.0f} ms (median of {times}, "
                    f"{min(paints):.0f} to {max(paints):.0f}), page {octets:,} octets"
                )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 11))
