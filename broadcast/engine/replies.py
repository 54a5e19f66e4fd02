"""What people answer, from raw messages to counted replies: rounds of one worker at a time. opt_outs.py does the rest.

Apart from the links and the ledger's groups, and bounded: a flood of messages waits in Postgres, not in a lane.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import asyncpg

from broadcast.audience.msisdn import Normalizer
from broadcast.campaign.keywords import OPT_IN, OPT_OUT, Keywords
from broadcast.campaign.parts import Part, read_part
from broadcast.campaign.reading import read_parts
from broadcast.channel.address import msisdn_of
from broadcast.config import Config, DefaultAlphabet
from broadcast.engine.apart import Apart, Turns
from broadcast.ids import CarrierNo
from broadcast.ledger import replies
from broadcast.ledger.assembly import Assembled, StoredPart, assemble
from broadcast.ledger.replies import NewReply, Thread
from broadcast.monitor.metrics import Metrics
from broadcast.store import pool

ROUND_MOST = 500  # messages: some 10 ms of the event loop
ROUND_S = 60.0
PAUSE_S = 0.25
BUSY_PAUSE_S = 0.05
OVERDUE_EVERY = 20  # rounds


class Replies:
    """Reads for all carriers. names: carrier_no -> name, also of those that this worker is not configured for.

    Raises ConfigError for keywords that contradict each other.
    """

    def __init__(self, config: Config, metrics: Metrics, names: Mapping[CarrierNo, str]) -> None:
        self._config = config
        self._metrics = metrics
        self._names = names
        self._keywords = Keywords(config.country.keywords, config.country.everyday_words)
        self._normalize = Normalizer(config.country).normalize
        self._rounds = 0
        self._texts = Apart("replies", metrics)

    async def read_replies(self, connection: asyncpg.Connection) -> None:
        """Until cancelled."""
        while True:
            with pool.within(connection, ROUND_S):
                busy = await self.round(connection)
            await asyncio.sleep(BUSY_PAUSE_S if busy else PAUSE_S)

    async def round(self, connection: asyncpg.Connection) -> bool:
        """Read what came. Whether there is more to do."""
        self._rounds += 1
        overdue = self._rounds % OVERDUE_EVERY == 1
        if not overdue and not await replies.to_do(connection):
            return False
        turns = Turns()
        read = await turns.tried(self._read_all(connection))
        if overdue:
            await turns.tried(self._give_up_overdue(connection))
        turns.over()
        return read >= ROUND_MOST

    async def _read_all(self, connection: asyncpg.Connection) -> int:
        return await self._texts.run(
            lambda: self._read(connection, ROUND_MOST),
            lambda: replies.unread_numbers(connection, ROUND_MOST),
            lambda number: self._read(connection, 1, number),
            lambda number, why: replies.set_aside(connection, number, why),
        )

    async def _give_up_overdue(self, connection: asyncpg.Connection) -> int:
        over = await replies.overdue(connection, self._config.engine.parts_wait_s, ROUND_MOST)

        async def named() -> Sequence[Thread]:
            return over

        if not over:
            return 0
        return await self._texts.run(
            lambda: self._give_up(connection, over),
            named,
            lambda thread: self._give_up(connection, [thread]),
            lambda thread, why: replies.set_thread_aside(connection, thread, why),
        )

    async def _give_up(self, connection: asyncpg.Connection, over: Sequence[Thread]) -> int:
        """Texts of which nothing more is waited for."""
        async with connection.transaction():
            if not await replies.claim(connection):
                return 0
            made = _Made()
            self._join(await replies.waiting(connection, over), set(over), made)
            await replies.keep(connection, made.replies, made.repeated)
        self._count(made.replies)
        return len(over)

    async def _read(self, connection: asyncpg.Connection, most: int, number: int | None = None) -> int:
        """Raw messages become replies; number: this one alone. How many were looked at."""
        async with connection.transaction():
            if not await replies.claim(connection):
                return 0
            rows = await replies.unread(connection, most, number)
            if not rows:
                return 0
            made = _Made()
            waiting: list[tuple[int, str, int]] = []
            threads: set[Thread] = set()
            for row in rows:
                part = _part(row)
                if row["again"]:
                    made.repeated.append(row["inbound_no"])
                elif part.thread:
                    waiting.append((row["inbound_no"], part.thread, part.number))
                    threads.add(Thread(row["carrier_no"], row["source"], row["destination"], part.thread))
                else:
                    made.replies.append(self._reply([row], [row]))
            await replies.mark_waiting(connection, waiting)
            self._join(await replies.waiting(connection, threads), frozenset(), made)
            await replies.keep(connection, made.replies, made.repeated)
        self._count(made.replies)
        return len(rows)

    def _join(
        self, stored: Mapping[Thread, Sequence[asyncpg.Record]], over: Set[Thread], made: "_Made"
    ) -> None:
        """over: what is not waited for any more."""
        for thread, rows in stored.items():
            by_number = {row["inbound_no"]: row for row in rows}
            parts = [StoredPart(row["inbound_no"], row["part"], row["payload"]) for row in rows]
            assembly = assemble(parts, int(thread.thread.rpartition(":")[2]), over=thread in over)
            made.repeated += [part.inbound_no for part in assembly.repeated]
            for text in assembly.texts:
                made.replies.append(self._reply(*_rows_of(text, by_number)))

    def _reply(self, arrived: Sequence[asyncpg.Record], parts: Sequence[asyncpg.Record | None]) -> NewReply:
        """arrived: its messages as they came; parts: in the order of the text, None for a lost one."""
        first = arrived[0]
        text = read_parts([_octets(row) for row in parts], self._alphabet(first["carrier_no"]))
        keyword = self._keywords.find(text, whole=None not in parts)
        msisdn = self._msisdn(first["source"])
        effect: str | None = "none"
        if keyword.kind in (OPT_OUT, OPT_IN):
            effect = None if msisdn is not None else "no_subscriber"
        return NewReply(
            tuple(row["inbound_no"] for row in arrived),
            first["carrier_no"],
            msisdn,
            first["received_at"],
            first["destination"],
            *keyword,
            effect,
            len(parts),
            sum(row is None for row in parts),
            text,
        )

    def _msisdn(self, source: str) -> int | None:
        """Of this country however it is written, else digits as they are."""
        found = self._normalize(source)
        if isinstance(found, int):
            return found
        return msisdn_of(source.encode("latin-1", "replace"))

    def _alphabet(self, carrier_no: CarrierNo) -> DefaultAlphabet:
        carrier = self._config.carriers.get(self._names.get(carrier_no, ""))
        return carrier.smpp.default_alphabet if carrier else "gsm0338"

    def _count(self, made: Iterable[NewReply]) -> None:
        counts = Counter((self._names.get(each.carrier_no, "unknown"), each.kind) for each in made)
        for (carrier, kind), count in counts.items():
            self._metrics.count_replies(carrier, kind, count)


@dataclass(slots=True)
class _Made:
    """What a round found out. repeated: inbound_nos."""

    replies: list[NewReply] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)


def _part(row: asyncpg.Record) -> Part:
    return read_part(row["esm_class"], row["payload"], row["sar"])


def _octets(row: asyncpg.Record | None) -> tuple[bytes, int, int] | None:
    """As `read_parts` wants a part."""
    if row is None:
        return None
    part = _part(row)
    return part.octets, row["data_coding"], part.language


def _rows_of(
    text: Assembled, by_number: Mapping[int, asyncpg.Record]
) -> tuple[list[asyncpg.Record], list[asyncpg.Record | None]]:
    arrived = [by_number[part.inbound_no] for part in text.arrived]
    return arrived, [by_number[part.inbound_no] if part else None for part in text.parts]
