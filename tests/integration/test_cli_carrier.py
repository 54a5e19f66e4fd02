"""`broadcast carrier`: what it says of carriers and binds, and the simulated one as a process with its book."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from integration.simulated import bound, connected, simulated
from waiting import PATIENCE_S

from broadcast.audience.carriers import sync_carriers
from broadcast.cli.main import broadcast
from broadcast.config import Bind, Carrier, Config
from broadcast.errors import BroadcastError, ConfigError
from broadcast.simulator.book_server import PATHS, BookServer

REPOSITORY = Path(__file__).parents[2]
PERSONALITY = REPOSITORY / "config" / "simulator" / "viettel.toml"


def command(*words: str, config: bool = True) -> Result:
    files = ("vietnam.toml", "carriers.example.toml") if config else ()
    options = [word for file in files for word in ("--config", str(REPOSITORY / "config" / file))]
    return CliRunner().invoke(broadcast, [*options, *words])


# ------------------------------------------------------------------ list and show


@pytest.fixture
async def viettel_is_bound(conn: asyncpg.Connection, config: Config) -> None:
    """Four slots as in the example file; a living worker holds two of them, one bound; a dead one holds one."""
    bind = Bind(host="127.0.0.1", port=2775, system_id="x", sessions=4)
    config.carriers["viettel"] = Carrier(tps=500, binds=(bind,))  # type: ignore[index]
    number = (await sync_carriers(conn, config))["viettel"]
    workers = [
        await conn.fetchval(
            """INSERT INTO worker (host, pid, expires_at) VALUES ('here', $1, now() + $2 * interval '1 s')
               RETURNING worker_no""",
            pid,
            seconds,
        )
        for pid, seconds in ((11, 60), (12, -60))
    ]
    held = "UPDATE bind_slot SET worker_no = $1, granted_tps = $2, bound = $3 WHERE carrier_no = $4 AND slot_no = $5"
    await conn.execute(held, workers[0], 300, True, number, 0)
    await conn.execute(held, workers[0], 0, False, number, 1)
    await conn.execute(held, workers[1], 200, True, number, 2)


@pytest.mark.usefixtures("viettel_is_bound")
def test_list(database_env: str) -> None:
    lines = {line["name"]: line for line in json.loads(command("carrier", "list", "--json").stdout)}
    assert list(lines) == ["gmobile", "mobifone", "vietnamobile", "viettel", "vinaphone"]
    assert lines["viettel"] == {
        "name": "viettel",
        "prefixes": ["32", "33", "34", "35", "36", "37", "38", "39", "86", "96", "97", "98"],
        "connected": True, "hosts": ["smsc.viettel.example:2775"], "tls": "none",
        "tps": 500, "slots": 4, "window": 400, "held": 2, "bound": 1, "granted_tps": 300, "findings": [],
    }  # fmt: skip
    assert lines["gmobile"]["connected"] is False
    assert lines["gmobile"]["tps"] is lines["gmobile"]["slots"] is None
    assert "viettel" in command("carrier", "list").stdout


@pytest.mark.usefixtures("viettel_is_bound")
def test_show(database_env: str) -> None:
    shown = command("carrier", "show", "viettel").stdout
    assert "smsc.viettel.example:2775" in shown
    tls = command("carrier", "show", "vinaphone").stdout
    assert "1.2+, client certificate" in " ".join(tls.split())
    assert "1 (here, 11)" in shown
    assert "hex" in shown
    said = json.loads(command("carrier", "show", "viettel", "--json").stdout)
    assert (
        said["settings"]["binds"][0]["password_file"] == "/etc/broadcast/secrets/viettel"
    )  # where, not what
    other = json.loads(command("carrier", "show", "vinaphone", "--json").stdout)
    assert other["settings"]["binds"][0]["password_env"] == "(not set)"  # or it might be the password
    assert [(slot["worker"], slot["granted_tps"], slot["bound"]) for slot in said["slots"]] == [
        ("1 (here, 11)", 300, True), ("1 (here, 11)", 0, False), (None, 0, False), (None, 0, False),
    ]  # fmt: skip


def test_a_carrier_without_link_and_one_that_nobody_knows(database_env: str) -> None:
    shown = command("carrier", "show", "gmobile")
    assert "59, 99" in shown.stdout
    assert "no [carriers.gmobile] in the configuration" in shown.stderr
    unknown = command("carrier", "show", "vietel")
    assert isinstance(unknown.exception, ConfigError)
    assert "did you mean viettel?" in str(unknown.exception)


def test_without_a_database_the_configuration_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    listed = command("carrier", "list", "--json")
    assert listed.exit_code == 0
    assert "how the binds stand is not known: the database at 127.0.0.1:1 does not answer" in listed.stderr
    (viettel,) = [line for line in json.loads(listed.stdout) if line["name"] == "viettel"]
    assert (viettel["slots"], viettel["held"], viettel["bound"]) == (4, None, None)
    assert json.loads(command("carrier", "show", "viettel", "--json").stdout)["slots"] is None


# ------------------------------------------------------------------ the book


async def get(port: int, request: str) -> tuple[int, Any]:
    """Status and JSON of an HTTP request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{request} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await asyncio.wait_for(reader.read(), PATIENCE_S)).partition(b"\r\n\r\n")
    writer.close()
    assert f"Content-Length: {len(body)}".encode() in head
    return int(head.split(b" ")[1]), json.loads(body)


async def test_the_book_over_http() -> None:
    async with simulated() as (smsc, port), bound(port, 2) as esme:
        server = BookServer(smsc.exchange)
        book = await server.start("127.0.0.1")
        esme.submit([b"84900000001", b"84900000001", b"84900000002"])
        await esme.statuses(3)
        status, said = await get(book, "GET /book")
        assert (status, said["messages"], said["recipients"], said["name"]) == (200, 3, 2, "carrier")
        assert said == json.loads(json.dumps(smsc.summary()))
        assert await get(book, "GET /book/copies?x=1") == (200, {"84900000001": 2})
        assert await get(book, "GET /") == (404, {"error": f"known are {', '.join(PATHS)}"})
        assert await get(book, "POST /book") == (405, {"error": "GET only"})
        async with connected(book) as other:  # neither speaks HTTP nor goes away at once
            other.send(b"x" * 10_000 + b"\r\n\r\n")
            assert await other.reader.read() == b""
        with pytest.raises(BroadcastError, match=f"cannot serve the book on 127.0.0.1 port {book} "):
            await BookServer(smsc.exchange).start("127.0.0.1", book)
        await server.stop()
        await server.stop()


# ------------------------------------------------------------------ the process


def simulate(*words: str | Path) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "broadcast", "carrier", "simulate", *map(str, words)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY
    )


@pytest.fixture
def running(tmp_path: Path) -> "Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]":
    """The process, and what its ready file says."""
    ready = tmp_path / "ready.json"
    process = simulate(
        "--personality", PERSONALITY, "--ready-file", ready, "--set", "password=geheim", "--json"
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield process, json.loads(ready.read_text(encoding="utf-8"))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def _use(port: int) -> None:
    async with connected(port) as esme:
        assert await esme.bind(9, b"broadcast", b"geheim") == 0
        esme.submit([b"849%08d" % number for number in range(100)])
        await esme.statuses(100)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(
    running: "tuple[subprocess.Popen[str], dict[str, Any]]", told: signal.Signals
) -> None:
    process, ready = running
    assert ready["book"] == f"http://127.0.0.1:{ready['book_port']}/book"
    assert (ready["name"], ready["pid"]) == ("viettel", process.pid)
    asyncio.run(_use(ready["port"]))
    taken = simulate("--personality", PERSONALITY, "--port", str(ready["port"]))
    out, err = taken.communicate(timeout=PATIENCE_S)
    assert (taken.returncode, out) == (1, "")
    assert err == (
        f"broadcast: cannot listen on 127.0.0.1 port {ready['port']} (address already in use): "
        "give another --port, or 0 for a free one\n"
    )
    process.send_signal(told)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    first, last = map(json.loads, out.splitlines())
    assert first == ready
    assert (last["tps"], last["binds"]) == (12000, 1)
    # some are refused for good, some for now
    assert last["recipients"] + last["rejected"] + last["temporary"] == 100


def test_for_people() -> None:
    process = simulate("--personality", PERSONALITY, "--set", "name=rehearsal")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("rehearsal listens on 127.0.0.1 port ")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "fates.delivered" in out
    assert "max_per_second" in out


def test_a_wrong_personality() -> None:
    process = simulate("--personality", PERSONALITY, "--set", "tsp=1")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (2, "")
    assert "unknown key tsp: did you mean tps?" in err
    assert err.count("\n") == 1
