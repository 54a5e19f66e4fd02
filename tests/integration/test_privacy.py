"""No number of a person and no word of theirs, or of the alert, in logs, metrics, error outputs and what `ps` shows."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from integration.board_world import Browser, browsing, serving
from integration.leaks import Secrets, pages, processes
from integration.rig import Rig
from integration.test_binding import BIND_OK, Smsc, read_pdu
from unit.smpp.wire import deliver_sm, pdu, receipt_text, tlv
from waiting import PATIENCE_S, until

from broadcast.config import Carrier
from broadcast.monitor.levels import LIBRARIES
from broadcast.store.embedded import Server
from broadcast.web import accounts

FIRST: Final = 84327614000  # viettel's, and nothing else here has these digits
TEXT: Final = "Zebrajuk crossingweg dichtgemaakt: volg quaggamir overbrug"
SAID: Final = ["STOP", "walruskin, thank you", "Call me at 0327614123, I am at homestead"]
SECRETS: Final = Secrets("327614", [TEXT, *SAID[1:]])
PROFILE: Final = {"temporary_statuses": (0x401, 0x55F), "throttled_statuses": (0x402,), "retry_delay_s": 0.5}
NUMBER: Final = b"84327614001"


def hostile_pdus() -> list[bytes]:
    """Receipts, texts and PDUs of no kind, with a number or the text in every place that has any room."""
    text = TEXT.encode()
    fields = [
        (NUMBER, b"DELIVRD", b"000"),
        (b"a1", NUMBER, b"000"),
        (b"a2", b"DELIVRD", NUMBER),
        (text[:40], text[:40], text[:40]),
    ]
    return [
        *(deliver_sm(0, receipt_text(*each), source=NUMBER) for each in fields),
        deliver_sm(0, receipt_text(NUMBER) + b" " + text, tlv(0x1400, NUMBER) + tlv(0x0427, NUMBER)),
        deliver_sm(0, NUMBER + b" " + text, tlv(0x001E, text + NUMBER), source=text, destination=NUMBER * 20),
        deliver_sm(0, text, esm_class=0, data_coding=9, source=b"+" + NUMBER, destination=text),
        deliver_sm(
            0, "".join(SAID).encode("utf-16-be"), esm_class=0, data_coding=8, source=b"0" + NUMBER[2:]
        ),
        deliver_sm(0, b"", tlv(0x0424, (text + NUMBER) * 900), esm_class=0, source=NUMBER * 30),
        pdu(0x05, 0, text + NUMBER),  # a deliver_sm that ends amid a field
        pdu(0x7777, 0, NUMBER + text),
        pdu(0x80000004, 99, NUMBER * 30 + b"\0"),  # an answer that nobody waits for
    ]


async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    """The first connection is refused, with the number as its system_id; others take what comes, and answer by turns
    that they know no such number, and with the number as the id."""
    await read_pdu(reader)
    if number == 0:
        writer.write(pdu(0x80000009, 1, NUMBER + b"\0", 0x0D))
        return
    writer.write(BIND_OK)
    for sequence, each in enumerate(hostile_pdus(), 1):
        writer.write(each[:12] + sequence.to_bytes(4, "big") + each[16:])
    while True:
        try:
            command, _, sequence, _ = await read_pdu(reader)
        except asyncio.IncompleteReadError:  # it was killed, or told to stop
            return
        if command == 0x04 and sequence % 2:
            writer.write(pdu(0x80000004, sequence, b"", 0x0B))
        elif command == 0x04:
            writer.write(pdu(0x80000004, sequence, NUMBER + b"%d\0" % sequence))
        elif not command & 0x80000000:
            writer.write(pdu(command | 0x80000000, sequence))


async def settled(rig: Rig) -> bool:
    """Nobody waits, and people were opted out."""
    row = await rig.conn.fetchrow(
        """SELECT (SELECT sum(waiting + in_doubt) FROM tally) AS open,
                  (SELECT count(*) FROM reply WHERE effect = 'opted_out') AS out"""
    )
    return row is not None and row["open"] == 0 and row["out"] > 20


def failing_commands(rig: Rig) -> str:
    """What commands print that meet numbers and texts in files which they must refuse, or part of them."""
    people, text = rig.folder / "people.csv", rig.folder / "text.txt"
    people.write_text(
        "msisdn\n0327614001\n0327614xx9\n03276140\n+84 327 614 002\n0327614001;0327614003\n\0\n"
    )
    text.write_text(f"{TEXT} {{0327614001}} \x07 " * 40)
    environment = {**os.environ, "BROADCAST_DATABASE_URL": rig.url, "BROADCAST_CONFIG": rig.configuration()}
    told = []
    for words in (
        ["subscriber", "import", str(people)],
        ["campaign", "draft", "a", "--text-file", str(text), "--category", "health", "--expires", "6h"],
        ["campaign", "draft", "b", "--text-file", str(people), "--sender", "0", "--expires", "6h"],
    ):
        line = [sys.executable, "-m", "broadcast", *words]
        done = subprocess.run(line, env=environment, cwd=rig.folder, capture_output=True, check=False)
        told.append(f"{words[:2]} {done.returncode}: {done.stdout + done.stderr!r}")
    return "\n".join(told)


async def on_the_board(rig: Rig) -> dict[str, str]:
    """What it shows to an auditor, by path."""
    async with serving(rig.url, rig.config) as (base, _), browsing(base) as browser:
        assert (await browser.log_in("nobody-known")).status == 403
        assert (await browser.log_in("lan")).status == 303
        shown = {f"board {path}": (await browser.get(path))[1] for path in ("/", "/document.json")}
        return {**shown, "board /events": await first_event(browser)}


async def asks(*_: object) -> bool:
    """As if this server, which lets everybody in, asked for passwords."""
    return True


async def first_event(browser: Browser) -> str:
    """With everything."""
    async with browser.client.get(f"{browser.base}/events") as stream:
        async for line in stream.content:
            if line.startswith(b"data: {"):
                return line.decode()
    pytest.fail("no event came")


@pytest.mark.long
async def test_logs_metrics_errors_and_ps_name_nobody(
    rig: Rig, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Replies, opt-outs, refusals, doubts after a killed worker, unreadable PDUs, states that nobody knows, a hostile
    SMSC; at debug, libraries too, as JSON and for people."""
    monkeypatch.setenv(
        "BROADCAST_LOG_LEVEL", ",".join(["debug", *(f"{each}=debug" for each in sorted(LIBRARIES))])
    )
    replies = {"inbound.share": 0.2, "inbound.texts": SAID, "inbound.delay_s": 0.1}
    await rig.smsc("viettel", like="worst", tps=2_000, **replies)
    rig.connect(
        "viettel", 2_000, sessions=2, window=100, response_timeout_s=2.0, response_id="hex", **PROFILE
    )
    await rig.subscribers("viettel", 900, FIRST)
    async with Smsc(hostile) as smsc:
        odd = Carrier(tps=100, binds=(smsc.bind(),))
        rig.config = replace(rig.config, carriers={**rig.config.carriers, "mobifone": odd})
        await rig.subscribers("mobifone", 90, FIRST + 900)
        monkeypatch.setenv("BROADCAST_LOG", "json")
        killed = await rig.worker_process()
        campaign = await rig.launch(text=TEXT, category="health", in_doubt_policy="resend", grace_s=1)
        await rig.reached(campaign, 200, "delivered", "accepted", "undeliverable", "rejected")
        killed.kill()
        await killed.wait()
        monkeypatch.setenv("BROADCAST_LOG", "human")
        await rig.command("up", "--workers", 1, config=rig.configuration())
        await until(lambda: settled(rig), "nobody waits, some are opted out", 2 * PATIENCE_S)
        await rig.command("exporter", config=rig.configuration())
        monkeypatch.setattr(accounts, "_asked_for_password", asks)
        with caplog.at_level("DEBUG"):
            board = await on_the_board(rig)
        assert "board_logged_in" in caplog.text
        shown = processes(each.pid for each in rig.processes)
        errors = await asyncio.to_thread(failing_commands, rig)
        log = "\n".join(
            path.read_text("utf-8", "replace") for path in sorted(rig.folder.glob("process-*.log"))
        )
        served = await asyncio.to_thread(pages, log)
    counts = await rig.conn.fetchrow(
        """SELECT (SELECT count(*) FROM in_doubt) AS doubts, (SELECT count(*) FROM quarantine) AS unreadable,
                  (SELECT sum(rejected) FROM tally) AS rejected, (SELECT count(*) FROM oddity) AS oddities"""
    )
    assert counts is not None and all(counts.values()), counts
    assert_is_searched(log, served, shown, errors)
    assert all(campaign.name in each for each in board.values())
    told = await asyncio.to_thread(Path(server.log).read_text, "utf-8", "replace")
    searched = {
        "logs": log,
        "ps": shown,
        "errors": errors,
        "database": told,
        **served,
        **board,
        "board": caplog.text,
    }
    found = {name: SECRETS.found(words) for name, words in searched.items()}
    assert {name: each[:5] for name, each in found.items() if each} == {}


def assert_is_searched(log: str, served: dict[str, str], shown: str, errors: str) -> None:
    """Both forms, debug and libraries, what meets the most; of who lives all three pages."""
    for event in (
        "slice_leased",
        "group_written",
        "receipts_looked",
        "link_refused",
        "oddity",
    ):
        assert f'"event": "{event}"' in log or f" {event} " in log, event
    assert '"event": "slice_leased"' in log and " slice_leased " in log
    assert {url.rpartition("/")[2] for url in served} == {"metrics", "healthz", "readyz"}
    for series in ("broadcast_receipts_total{", "broadcast_campaign_info{"):  # a worker's, the exporter's
        assert any(series in each for each in served.values()), series
    assert "BROADCAST_DATABASE_URL=" in shown and "resolver" in shown and "--place" in shown
    assert errors.count("broadcast: ") >= 2


@pytest.mark.parametrize(
    "said",
    [
        "to 84327614555", "to +84 327 614 555", "0327614555", "327.614.555", "half 327614", "msisdn=84327614001",
        "333237363134", "g quaggamir", "ZEBRAJUK ", "at homest", "005a0065006200720061006a0075006b",
    ],
)  # fmt: skip
def test_what_is_searched_for_is_found(said: str) -> None:
    assert SECRETS.found(f"2026-11-30 INFO {said} x")


@pytest.mark.parametrize("said", ["84327***555", "0.327614", "1.79e+9327614", "quagga", "-crossin-"])
def test_what_tells_nobody_is_not(said: str) -> None:
    assert not SECRETS.found(f"2026-11-30 INFO {said} x")
