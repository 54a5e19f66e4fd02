"""A simulated SMSC as a process that can be made to fail: `python -m chaos.smsc`.

The product's own simulator and book, and beside them what a test needs of it: a crash that takes every session and
the port but not what was taken (real ones keep messages on disk), resets and half-open sessions on command, several
accounts (accounts.py), messages of anybody who answers STOP, its traffic twenty times a second, the id of every receipt
that was sent and acked, and everybody's end as it was decided from the beginning.

Commands come as lines on stdin; at the end (stdin closes) everything is written to a file, as `Account`.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from chaos.accounts import AccountsExchange
from chaos.nation import SEGMENTS

from broadcast.cli.collector import collect_seldom
from broadcast.cli.runner import run
from broadcast.simulator.book_server import BookServer
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.peer import Peer
from broadcast.simulator.personality import Personality, load
from broadcast.simulator.receipts import Receipts, Stage
from broadcast.simulator.server import Smsc
from broadcast.simulator.session import Session

SAMPLE_S: Final = 0.05
_STATES: Final = {
    Fate.REFUSED: "rejected",
    Fate.TEMPORARY: "delivered",
    Fate.UNDELIVERABLE: "undeliverable",
    Fate.EXPIRED: "expired",
    Fate.REJECTED: "rejected",
    Fate.UNREPORTED: "delivered",
    Fate.DELIVERED: "delivered",
}


@dataclass(slots=True)
class Account:
    """What the SMSC knows at the end. samples: (monotonic time, segments taken so far). copies: of recipients with
    more than one. decided: MSISDN -> state, of everybody whose message is here, whole. acked, sent: receipts by id,
    repeats and redeliveries counted. stops: how many times STOP was acked. most: by account, where there are several,
    the most segments in a second."""

    book: dict[str, Any] = field(default_factory=dict)
    copies: dict[str, int] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[float, int]] = field(default_factory=list)
    stops: int = 0
    most: dict[str, int] = field(default_factory=dict)


class CountingExchange(AccountsExchange):
    """Counts the receipts by id."""

    def __init__(self, personality: Personality, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(personality, loop)
        self.acked_ids: Counter[str] = Counter()
        self.sent_ids: Counter[str] = Counter()

    def sent(self, peer: Peer, batch: Receipts) -> None:
        self.sent_ids.update(_ids(batch))
        super().sent(peer, batch)

    def acked(self, peer: Peer, batches: list[Receipts]) -> None:
        for batch in batches:
            self.acked_ids.update(_ids(batch))
        super().acked(peer, batches)


class FailingSmsc(Smsc):
    """The product's, with ways to fail."""

    exchange: CountingExchange

    def __init__(self, personality: Personality, accounts: Sequence[str] = ()) -> None:
        super().__init__(personality, CountingExchange)
        self.exchange.tell_apart(accounts)

    async def crash(self, port: int, host: str, seconds: float) -> None:
        """All connections are reset and the port is closed for so long."""
        assert self._server is not None
        self._server.close()
        self.cut(len(self.exchange.peers))
        await asyncio.sleep(seconds)
        await self.start(host, port)

    def cut(self, count: int) -> None:
        """So many sessions are reset."""
        for session in self._some(count):
            session.abort()

    def mute(self, count: int, seconds: float) -> None:
        """So many sessions neither read nor write for so long; their connections stay open."""
        for session in self._some(count):
            transport = session._transport
            if transport is None:
                continue
            transport.pause_reading()
            session._writable = False
            self.exchange.later(seconds, lambda muted=session: self._unmute(muted))  # type: ignore[misc]

    def _unmute(self, session: Session) -> None:
        """By now the other side has given it up: what it had sent is read, and answered to nobody."""
        if session._transport is not None:
            session._writable = True
            session._transport.resume_reading()
            session.pump()

    def _some(self, count: int) -> list[Session]:
        bound = sorted(
            (each for each in self.exchange.peers if each.is_bound), key=lambda each: each.account.number
        )
        return self.exchange.chance.sample(bound, min(count, len(bound)))

    def account(self, samples: list[tuple[float, int]]) -> Account:
        acked, sent = dict(self.exchange.acked_ids), dict(self.exchange.sent_ids)
        stops, most = self.book.oddities["reply_acked"], self.exchange.most()
        return Account(self.summary(), self.book.copies(), self._decided(), acked, sent, samples, stops, most)

    def _decided(self) -> dict[str, str]:
        """By MSISDN and seed alone, whatever the book says; but of who came too late."""
        people, fates = self.book.people, Fates(self.personality)
        people.laid_out()
        taken = {each for message in people.messages() for each, copies, _ in message if copies}
        known = list(taken)
        places = fates.places(known)
        segments = [fates.column(places, number) for number in range(1, SEGMENTS + 1)]
        worst = map(min, *segments)
        ends = {msisdn.decode(): _STATES[Fate(fate)] for msisdn, fate in zip(known, worst, strict=True)}
        return ends | {msisdn.decode(): "rejected" for msisdn in people.refused() - taken}


def _ids(batch: Receipts) -> list[str]:
    if batch.stage not in (Stage.FINAL, Stage.REPEAT):
        return []
    width, ids = batch.id_width, batch.ids.decode("latin-1")
    return [ids[start : start + width] for start in range(0, len(ids), width)]


async def _serve(options: argparse.Namespace) -> None:
    smsc = FailingSmsc(load(options.personality), options.account)
    book = BookServer(smsc.exchange)
    collect_seldom()
    port = await smsc.start(options.host)
    told = {"port": port, "book_port": await book.start(options.host), "pid": os.getpid()}
    _tell(options.ready_file, told)
    samples: list[tuple[float, int]] = []
    sampling = asyncio.create_task(_sample(smsc, samples), name="samples")
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    crashes = []
    while line := await reader.readline():
        command, *words = line.decode().split()
        if command == "crash":
            crashes.append(asyncio.create_task(smsc.crash(port, options.host, float(words[0])), name="crash"))
        elif command == "cut":
            smsc.cut(int(words[0]))
        elif command == "mute":
            smsc.mute(int(words[0]), float(words[1]))
        elif command == "stop":
            smsc.exchange.answer_stop(words)
        elif command == "account":
            _tell(Path(words[0]), asdict(smsc.account(samples)))
    sampling.cancel()
    await asyncio.gather(*crashes)
    await book.stop()
    await smsc.stop()


def _tell(path: Path, value: object) -> None:
    """Whoever waits for the file finds it whole."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(value))
    beside.replace(path)


async def _sample(smsc: Smsc, samples: list[tuple[float, int]]) -> None:
    while True:
        samples.append((time.monotonic(), smsc.book.segments))
        await asyncio.sleep(SAMPLE_S)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chaos.smsc")
    parser.add_argument("--personality", type=Path, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--account", action="append", default=[], help="system_ids, where it has several")
    run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
