"""How fast is a simulated SMSC, and what does it cost: submits, responses, receipts, acknowledgements.

    python tests/bench/bench_simulator.py [messages] [segments] [key=value ...]

The SMSC is a process of its own (keys as in its personality, tps=12000 or receipts.between_s=[2,30] say); the sender
here does as little as can be. Prints messages per second of the two together, and CPU seconds per million of each.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import cast

import uvloop

from broadcast.campaign.text import compose
from broadcast.config import Concatenation
from broadcast.simulator.stamping import column, run_at
from broadcast.smpp import pdu as smpp
from broadcast.smpp.adapter import bind_pdu
from broadcast.smpp.pdu import HEADER, receipt_responses
from broadcast.smpp.template import SubmitFields, Template

CONCATENATION: Concatenation = "udh8"
RUN = 200
WINDOW = 4000


class Sender(asyncio.Protocol):
    """Keeps a window of submits in flight, acknowledges receipts at once, looks at nothing."""

    def __init__(self, template: Template, messages: int) -> None:
        self.template, self.messages = template, messages
        self.sent = self.responses = self.receipts = self.errors = 0
        self.rest = b""
        self.bound = False
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        transport.write(bind_pdu("transceiver", "bench", "", "", 1))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        position, acks = 0, []
        while len(data) - position >= 16:
            length, command, status, _ = HEADER.unpack_from(data, position)
            if position + length > len(data):
                break
            count = run_at(data, position, data[position : position + length], ((12, length - 12),)) or 1
            run = data[position : position + count * length]
            if command == smpp.SUBMIT_SM_RESP:
                self.responses += count
                self.errors += count if status else 0
            elif command == smpp.DELIVER_SM:
                self.receipts += count
                octets = column(run, length, 12, 4)
                acks += [octets[index : index + 4] for index in range(0, len(octets), 4)]
            else:
                self.bound = True
            position += len(run)
        self.rest = data[position:]
        if acks:
            self.transport.write(receipt_responses(acks))
        self.send()

    def send(self) -> None:
        segments = self.template.segments
        out = []
        while self.sent < self.messages and self.sent * segments - self.responses <= WINDOW - RUN * segments:
            first = 84_900_000_000 + self.sent
            out.append(self.template.stamp(1 + self.sent * segments, range(first, first + RUN)))
            self.sent += RUN
        if out:
            self.transport.write(b"".join(out))
        if self.responses == self.receipts + self.errors == self.messages * segments:
            self.done.set()


def cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def start(folder: Path, settings: list[str]) -> tuple[subprocess.Popen[bytes], dict[str, int]]:
    personality, ready = folder / "bench.toml", folder / "ready.json"
    personality.write_text(
        'name = "bench"\nsystem_id = "bench"\nwindow = 100000\nreceipt_window = 100000\n'
        "receipt_delay_s = 0.5\nreceipt_jitter_s = 0.3\nundeliverable_share = 0.02\nexpired_share = 0.01\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "broadcast", "carrier", "simulate", "--personality", str(personality)]
    words += ["--ready-file", str(ready)] + [word for each in settings for word in ("--set", each)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    while not ready.exists():
        if process.poll() is not None:
            raise SystemExit("the simulator did not start")
        time.sleep(0.02)
    return process, json.loads(ready.read_text(encoding="utf-8"))


def template(segments: int) -> Template:
    text = "x" * (150 if segments == 1 else 153 * segments)
    message = compose(text, "gsm0338", CONCATENATION, "gsm0338", 7)
    return Template(
        [
            SubmitFields("BOYTE", 5, 0, 1, 1, "", 0x40 if part.udhi else 0, 0, 1, "", part.short_message)
            for part in message.segments
        ]
    )


async def run(port: int, made: Template, messages: int) -> float:
    sender = Sender(made, messages)
    started = time.perf_counter()
    await asyncio.get_running_loop().create_connection(lambda: sender, "127.0.0.1", port)
    await asyncio.wait_for(sender.done.wait(), 120)
    return time.perf_counter() - started


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    messages = (numbers or [500_000])[0] // RUN * RUN
    segments = (numbers[1:] or [1])[0]
    with tempfile.TemporaryDirectory() as folder:
        process, ready = start(Path(folder), [word for word in sys.argv[1:] if "=" in word])
        try:
            before, mine = cpu_s(process.pid), time.process_time()
            took = uvloop.run(run(ready["port"], template(segments), messages))
            cost, mine = cpu_s(process.pid) - before, time.process_time() - mine
            with urllib.request.urlopen(f"http://127.0.0.1:{ready['book_port']}/book", timeout=60) as answer:
                book = json.load(answer)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert book["recipients"] + book["rejected"] == messages and book["duplicates"] == 0
    total = messages * segments
    print(f"{total:,} submit_sm and receipts in {took:.1f} s: {total / took:,.0f}/s")
    print(f"CPU seconds per million: simulator {cost / total * 1e6:.2f}, sender {mine / total * 1e6:.2f}")


if __name__ == "__main__":
    main()
