"""What metrics cost: the series of a large nation, a scrape of each process, a reading of the exporter. By hand:

    PYTHONPATH=.:tests python tests/bench/bench_metrics.py URL [CAMPAIGNS] [CARRIERS] [SCRAPES]

URL: of a migrated, empty database on this machine, by its owner; it is filled, and not emptied. Scrapes go over HTTP
to this process; told are medians of their wall time and of the CPU that the serving took (the asking is another's),
for an exporter that leads and for a worker with every label of every series; and CPU seconds of a reading, of this
process and of its server process. How many series there are at most a test holds: tests/unit/exporter.
"""

import asyncio
import sys
import time
from pathlib import Path
from statistics import median

import asyncpg
from series import count, full
from waiting import until

from broadcast.cli.runner import run
from broadcast.exporter.exporter import Exporter
from broadcast.exporter.series import of_nation, text
from broadcast.monitor.health import Exposed, HealthServer
from broadcast.reports.nation_reading import NationReading
from broadcast.store.pool import connect

SHARDS = 8  # workers that ever wrote

ASK = """
import sys, time, urllib.request
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    octets = len(urllib.request.urlopen(sys.argv[1]).read())
    print(time.perf_counter() - began, octets, flush=True)
    time.sleep(0.05)
"""


async def fill(conn: asyncpg.Connection, campaigns: int, carriers: int) -> None:
    await conn.execute(
        "INSERT INTO carrier (name, tps) SELECT 'carrier-' || n, 1000 FROM generate_series(1, $1::integer) AS n",
        carriers,
    )
    await conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, drafted_by, state, launched_at, audience)
           SELECT 'alert-' || n, 'health', 5, 'BOYTE', 'a', 'gsm0338', '{}', false, 'hold', 60,
                  now() + interval '1 day', 'an', 'running', now() - n * interval '1 second', 1000000
             FROM generate_series(1, $1::integer) AS n""",
        campaigns,
    )
    await conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, waiting, delivered, accepted, segments)
           SELECT campaign_id, carrier_no, shard, 1000, 40000, 9000, 245000
             FROM campaign, carrier, generate_series(1, $1::integer) AS shard""",
        SHARDS,
    )


async def scraped(what: Exposed, scrapes: int) -> None:
    server = HealthServer(what, {})
    url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}/metrics"
    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, url, str(scrapes), stdout=asyncio.subprocess.PIPE
    )
    assert asking.stdout is not None
    took, spent, octets = [], [], 0
    began = time.process_time()
    async for line in asking.stdout:
        seconds, size = line.split()
        took.append(float(seconds))
        spent.append(time.process_time() - began)
        octets, began = int(size), time.process_time()
    await asking.wait()
    await server.stop()
    series = count(what.exposition("")[1].decode())
    wall, longest, cpu, most = (1000 * each for each in (median(took), max(took), median(spent), max(spent)))
    print(
        f"{series:,} series, {octets:,} octets: {wall:.1f} ms (longest {longest:.1f}), CPU {cpu:.1f} (most {most:.1f})"
    )


def seconds_of(pid: int) -> float:
    """Of CPU, of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def read(conn: asyncpg.Connection, readings: int) -> None:
    reading = NationReading(conn)
    await reading.read()
    mine, theirs = time.process_time(), seconds_of(conn.get_server_pid())
    for _ in range(readings):
        text(of_nation(await reading.read()))
    mine, theirs = time.process_time() - mine, seconds_of(conn.get_server_pid()) - theirs
    reading.close()
    each_ms = f"{1000 * mine / readings:.0f} ms here, {1000 * theirs / readings:.0f} ms of PostgreSQL"
    print(f"a reading, made text: CPU {each_ms}")


async def main(url: str, campaigns: int = 500, carriers: int = 20, scrapes: int = 200) -> None:
    conn = await connect(url)
    await fill(conn, campaigns, carriers)
    await read(conn, 20)
    await conn.close()
    exporter = Exporter(None, url)
    running = asyncio.create_task(exporter.run(), name="exporter")
    await until(lambda: b"campaign_info" in exporter.exposition("")[1], "it leads")
    print("exporter, while it reads every two seconds:")
    await scraped(exporter, scrapes)
    exporter.stop()
    await running
    print("worker:")
    await scraped(full("worker", carriers), scrapes)
    print("resolver:")
    await scraped(full("resolver", carriers), scrapes)


if __name__ == "__main__":
    run(main(sys.argv[1], *map(int, sys.argv[2:])))
