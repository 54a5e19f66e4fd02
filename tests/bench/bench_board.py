"""What a board costs beside a run, with so many viewers, and how far behind the ledger they see it.

    python tests/bench/bench_board.py [viewers] [lines]

One demo on a server of its own, a board beside it as its auditor, and viewers that take gzip as browsers do, of whom
the first few look at what they get: two hundred browsers have more than this machine's cores. Prints, from the launch
to the report: CPU seconds of the run (workers, resolver, exporter, PostgreSQL; no simulator), those of the board (its
process and its PostgreSQL sessions), their ratio; and how old figures were when a viewer had them.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from datetime import datetime
from html import unescape
from pathlib import Path

import aiohttp
import asyncpg
import psutil

from broadcast.store.embedded import Server
from broadcast.store.scratch import scratch_home
from broadcast.web.stream import MOST_EACH

PORT = 18_443
DRAFT, LAUNCH, REPORT = "campaign draft", "campaign launch", "campaign report"


def cpu_s(processes: dict[int, float], pids: set[int]) -> None:
    """The CPU seconds of these, as they are now: of those that ended, as they were last."""
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        processes[pid] = times.user + times.system


async def sessions(url: str, login: str) -> set[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE usename = $1", login)
    await connection.close()
    return {row["pid"] for row in rows}


def below(pid: int, *, but: str = "") -> set[int]:
    """A process and all below it, but those with this in their command line."""
    found = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {each.pid for each in found if each.is_running() and not (but and but in " ".join(_words(each)))}


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def log_in(client: aiohttp.ClientSession, name: str, password: str) -> None:
    base = f"http://localhost:{PORT}"
    page = await (await client.get(f"{base}/login", headers={"Accept-Encoding": "identity"})).text()
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf": unescape(token[1]), "name": name, "password": password}
    answer = await client.post(f"{base}/login", data=form, headers={"Origin": base}, allow_redirects=False)
    assert answer.status == 303, answer.status


def browser(looks: bool) -> aiohttp.ClientSession:
    """One login's: with so many streams as it may have."""
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(cookie_jar=jar, connector=connector, auto_decompress=looks)


async def watch(client: aiohttp.ClientSession, ages: list[float], octets: list[int]) -> None:
    """One viewer, until it is cancelled. ages: of figures that changed, when they were here. octets: packed."""
    async with client.get(
        f"http://localhost:{PORT}/events", timeout=aiohttp.ClientTimeout(total=None)
    ) as stream:
        assert stream.status == 200, stream.status
        if not client.auto_decompress:
            async for piece in stream.content.iter_any():
                octets[0] += len(piece)
        async for line in stream.content:
            if line.startswith(b"data: {") and (said := json.loads(line[6:])).get("parts"):
                ages.append(time.time() - datetime.fromisoformat(said["at"]).timestamp())


def start(words: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, env={**os.environ, **environment})


async def measure(
    url: str, postmaster: int, folder: Path, demo: "subprocess.Popen[bytes]", viewers: int
) -> None:
    log = folder / "demo.log"

    async def reached(mark: str) -> None:
        while mark not in log.read_text():
            assert demo.poll() is None, log.read_text()[-2000:]
            await asyncio.sleep(0.1)

    await reached(DRAFT)
    (out,) = (folder / "out").iterdir()
    login = {
        line.split(":")[3].split("-")[0]: line.strip().split(":")[3:5] for line in (out / "passfile").open()
    }
    environment = {"BROADCAST_DATABASE_URL": url, "PGPASSFILE": str(out / "passfile")}
    words = [sys.executable, "-m", "broadcast", "board", "--as", login["lan"][0], "--port", str(PORT)]
    board = start(words, environment)
    run, own = defaultdict[int, float](float), defaultdict[int, float](float)
    ages, octets, tasks = list[float](), [0], list["asyncio.Task[None]"]()
    try:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(browser(looks=at == 0))
                for at in range(-(-viewers // MOST_EACH))
            ]
            while True:
                try:
                    for each in clients:
                        await log_in(each, *login["binh"])
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.2)
            for number in range(viewers):
                client = clients[number // MOST_EACH]
                tasks.append(asyncio.create_task(watch(client, ages, octets)))
            await reached(LAUNCH)
            ages.clear()
            began = time.monotonic()
            first: dict[int, float] = {}
            while REPORT not in log.read_text() and demo.poll() is None:
                mine = await sessions(url, login["lan"][0])
                cpu_s(own, {board.pid} | mine)
                cpu_s(run, (below(demo.pid, but="simulate") | below(postmaster)) - mine)
                first = first or {**run, **own}
                await asyncio.sleep(0.5)
            seconds = time.monotonic() - began
    finally:
        for each in tasks:
            each.cancel()
        failed = [
            each
            for each in await asyncio.gather(*tasks, return_exceptions=True)
            if isinstance(each, Exception)
        ]
        board.terminate()
        board.wait()
    whole = sum(run.values()) - sum(first.get(pid, 0.0) for pid in run)
    board_s = sum(own.values()) - sum(first.get(pid, 0.0) for pid in own)
    print(
        f"{viewers} viewers, {len(failed)} lost, {seconds:.0f} s: run {whole:.1f} s of CPU, board {board_s:.2f} s"
    )
    print(
        f"the board's share of the run: {100 * board_s / whole:.1f} %; "
        f"{octets[0] / max(1, viewers - MOST_EACH) / seconds / 1000:.2f} kB/s each, packed"
    )
    print(f"figures were {statistics.median(ages):.2f} s old when they came, {max(ages):.2f} s at most")


async def create(server: Server) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute("CREATE DATABASE demo")
    await connection.close()


def main() -> None:
    viewers, lines = [int(each) for each in [*sys.argv[1:], *("200", "100000")[len(sys.argv) - 1 :]]][:2]
    with scratch_home("bench-board") as home:
        server = Server(home)
        server.start()
        asyncio.run(create(server))
        url = server.url("demo").split("&passfile")[0]
        words = ["demo", "--lines", str(lines), "--out", str(home / "out"), "--database-url", url]
        with (home / "demo.log").open("wb") as log:
            demo = subprocess.Popen([sys.executable, "-m", "broadcast", *words], stdout=log, stderr=log)
            try:
                pid = server.pid()
                assert pid is not None
                asyncio.run(measure(url, pid, home, demo, viewers))
                demo.wait()
            finally:
                demo.terminate()
                demo.wait()


if __name__ == "__main__":
    main()
