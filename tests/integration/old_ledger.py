"""A database as the ledger before packed rows left it: campaigns under way, over and archived, made by hand.

Everybody's fate is drawn at random, so that each kind of row stands beside each other one.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from broadcast.store import migrations

LAST_OF_BEFORE = 13
NAMES = ("viettel", "mobifone")
AT = datetime(2026, 5, 28, 12, 0, tzinfo=UTC)
PEOPLE = """
    SELECT s.slice_id, (u.ordinal - 1)::integer AS ordinal, u.msisdn,
           coalesce(f.state, o.state, j.state, CASE WHEN d.slice_id IS NOT NULL THEN 2 END,
                    CASE WHEN u.ordinal <= s.mark AND get_bit(s.retry || decode(repeat('00', s.total / 8 + 1), 'hex'),
                                                              u.ordinal::integer - 1) = 0 THEN 2
                         WHEN s.state = 'expired' THEN 5 WHEN s.state = 'cancelled' THEN 9
                         ELSE 1 END)::integer AS state,
           coalesce(f.submitted_at, o.submitted_at, j.submitted_at) AS submitted_at, f.settled_at,
           coalesce(f.err, '') AS err, coalesce(f.smsc_ids, o.smsc_ids, j.smsc_ids, '') AS smsc_ids
      FROM slice AS s
     CROSS JOIN LATERAL unnest(s.msisdns) WITH ORDINALITY AS u (msisdn, ordinal)
      LEFT JOIN outcome AS f ON f.campaign_id = $1 AND f.slice_id = s.slice_id AND f.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids,
                        CASE WHEN bool_or(closed) THEN 4 ELSE 3 END AS state
                   FROM open_submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS o
             ON o.slice_id = s.slice_id AND o.ordinal = u.ordinal - 1
      LEFT JOIN (SELECT slice_id, ordinal, max(submitted_at) AS submitted_at,
                        string_agg(smsc_id, ' ' ORDER BY segment) AS smsc_ids, 3 AS state
                   FROM submission WHERE campaign_id = $1 AND segments > 0 GROUP BY slice_id, ordinal) AS j
             ON j.slice_id = s.slice_id AND j.ordinal = u.ordinal - 1
      LEFT JOIN in_doubt AS d ON d.slice_id = s.slice_id AND d.ordinal = u.ordinal - 1
     WHERE s.campaign_id = $1 AND u.msisdn IS NOT NULL AND d.ended_as IS DISTINCT FROM 'resent'"""

_STATES = (
    "waiting",
    "in_doubt",
    "accepted",
    "unknown",
    "expired",
    "rejected",
    "undeliverable",
    "delivered",
    "excluded",
)
_NUMBERS = iter(range(84_320_000_000, 84_399_999_999))
_FATES = (
    "waiting", "retry", "in flight", "doubt", "resent", "open", "open", "partly", "ring", "ring", "final", "refused",
    "taken out",
)  # fmt: skip


async def make_schema(connection: asyncpg.Connection, last: int = LAST_OF_BEFORE) -> None:
    """The schema of before, or up to some migration, in an empty database."""
    await connection.execute(
        "CREATE TABLE schema_migration (version integer PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )
    for each in migrations.files()[:last]:
        await connection.execute(each.text)
        await connection.execute(
            "INSERT INTO schema_migration VALUES ($1, $2, $3)", each.version, each.name, each.checksum
        )


@dataclass
class OldLedger:
    """seed: of the fates. The rest: what was written, to look for afterwards; unmet: receipts without a submission."""

    conn: asyncpg.Connection
    seed: int
    carriers: list[int] = field(default_factory=list)
    partly: dict[tuple[int, int, int], tuple[int, datetime, str]] = field(default_factory=dict)
    strays: set[tuple[int, int, int, str]] = field(default_factory=set)
    unmet: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.ids = self._ids()

    async def make_carriers(self) -> None:
        for name in NAMES:
            self.carriers.append(
                await self.conn.fetchval(
                    "INSERT INTO carrier (name, tps) VALUES ($1, 1000) RETURNING carrier_no", name
                )
            )
        await self.conn.execute("UPDATE ledger_ring SET bucket = 7, oldest = 5")

    async def campaign(
        self, name: str, segments: int, *, closed: bool = False, finished: bool = False
    ) -> int:
        """Two slices at each carrier, a person of each fate or so. closed: it waits no longer for receipts."""
        launched, state = AT - timedelta(hours=1), "finished" if finished else "running"
        number: int = await self.conn.fetchval(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy,
                                     grace_s, expires_at, state, drafted_by, launched_at, segments, finished_at)
               VALUES ($1, 'emergency', 9, 'BOYTE', 'x', 'gsm0338', '{viettel,mobifone}', 'resend', 0, $2, $3, 'an',
                       $4, $5, $6) RETURNING campaign_id""",
            name, AT + timedelta(hours=4), state, launched, segments, AT if finished else None,
        )  # fmt: skip
        for carrier_no in self.carriers:
            for _ in range(2):
                await self._slice(number, carrier_no, segments, closed=closed, finished=finished)
        await self._tally(number)
        return number

    async def _slice(
        self, campaign_id: int, carrier_no: int, segments: int, *, closed: bool, finished: bool
    ) -> None:
        fates = [self.random.choice(_FATES) for _ in range(40)]
        if closed:
            over = ("open", "partly", "final", "refused")
            fates = [each if each in over else self.random.choice(over) for each in fates]
        fates.sort(key=lambda fate: fate == "waiting")  # those lie above the mark
        mark = len(fates) - fates.count("waiting")
        msisdns = [None if fate == "taken out" else next(_NUMBERS) for fate in fates]
        slice_id = await self.conn.fetchval(
            """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, retry, msisdns)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING slice_id""",
            campaign_id, carrier_no, len(fates), mark, "done" if finished else "ready", segments,
            _bitmap(fate not in ("waiting", "retry", "in flight") for fate in fates),
            _bitmap(fate == "retry" for fate in fates), msisdns,
        )  # fmt: skip
        place = (campaign_id, slice_id, carrier_no)
        for ordinal, fate in enumerate(fates):
            await self._fate(fate, place, ordinal, segments, msisdns[ordinal], closed)

    async def _fate(
        self,
        fate: str,
        place: tuple[int, int, int],
        ordinal: int,
        segments: int,
        msisdn: int | None,
        closed: bool,
    ) -> None:
        match fate:
            case "open" | "partly":
                await self._open(place, ordinal, segments, closed, partly=fate == "partly")
            case "ring":
                await self._ring(place, ordinal, segments, msisdn)
            case "final":
                await self._outcome(place, ordinal, segments, self.random.choice((5, 7, 8)), "000")
            case "refused":
                await self._outcome(place, ordinal, segments, 6, "status:69")
                if segments > 1:
                    await self._stray(place, ordinal, segments)
            case "doubt" | "resent":
                await self.conn.execute(
                    """INSERT INTO in_doubt (campaign_id, slice_id, carrier_no, ordinal, segments, msisdn, reason,
                                             ended_at, ended_as)
                       VALUES ($1, $2, $3, $4, $5, $6, 'link_lost', $7, $8)""",
                    *place, ordinal, segments, msisdn, AT if fate == "resent" else None,
                    "resent" if fate == "resent" else None,
                )  # fmt: skip

    async def _open(
        self, place: tuple[int, int, int], ordinal: int, segments: int, closed: bool, *, partly: bool
    ) -> None:
        at, told = self._moment(), self.random.randrange(1, segments + 1) if partly and segments > 1 else None
        for segment in range(1, segments + 1):
            known: tuple[Any, ...] = (None, None, None)
            if told is not None and (segment == told or (segment % 2 and segments > 2 and segment != 1)):
                known = (
                    self.random.choice((7, 8)),
                    at + self._while(),
                    self.random.choice(("000", "21b", "")),
                )
                self.partly[place[1], ordinal, segment] = known
            await self.conn.execute(
                "INSERT INTO open_submission VALUES ($1, $3, $2, $5, $6, $7, $4, $9, $8, $10, $11, $12)",
                at, *place, ordinal, segment, segments, closed, *known, next(self.ids),
            )  # fmt: skip

    async def _ring(
        self, place: tuple[int, int, int], ordinal: int, segments: int, msisdn: int | None
    ) -> None:
        """Kept, closed and open buckets; here and there with receipts that were not settled yet."""
        at, bucket = self._moment(), self.random.choice((1, 4, 5, 7))
        for segment in range(1, segments + 1):
            smsc_id = next(self.ids)
            await self.conn.execute(
                """INSERT INTO submission (bucket, submitted_at, campaign_id, slice_id, carrier_no, ordinal, segment,
                                           segments, smsc_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
                bucket, at, *place, ordinal, segment, segments, smsc_id,
            )  # fmt: skip
            if self.random.random() < 0.3:
                await self._receipt(
                    self.random.choice((5, 7)), place[2], at + self._while(), msisdn, 8, "000", smsc_id
                )

    async def _receipt(self, bucket: int, *receipt: Any) -> None:
        """receipt: carrier_no, received_at, msisdn, state, err, smsc_id."""
        await self.conn.execute(
            """INSERT INTO receipt (bucket, carrier_no, received_at, msisdn, state, err, smsc_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            bucket, *receipt,
        )  # fmt: skip
        self.unmet.append(receipt)

    async def park(self, count: int) -> None:
        for number in range(count):
            receipt = (
                self.random.choice(self.carriers), self._moment(), None if number % 5 == 0 else 84_900_000_000 + number,
                self.random.choice((5, 6, 7, 8)), self.random.choice(("000", "001", "é")), next(self.ids),
            )  # fmt: skip
            await self.conn.execute(
                """INSERT INTO unmatched_receipt (carrier_no, received_at, msisdn, state, err, smsc_id)
                   VALUES ($1, $2, $3, $4, $5, $6)""",
                *receipt,
            )
            self.unmet.append(receipt)

    async def _outcome(
        self, place: tuple[int, int, int], ordinal: int, segments: int, state: int, err: str
    ) -> None:
        await self.conn.execute(
            """INSERT INTO outcome (submitted_at, settled_at, campaign_id, slice_id, carrier_no, ordinal, state,
                                    segments, err, smsc_ids) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
            None if state == 6 else self._moment(), AT, *place, ordinal, state, segments, err,
            "" if state == 6 else " ".join(next(self.ids) for _ in range(segments)),
        )  # fmt: skip

    async def _stray(self, place: tuple[int, int, int], ordinal: int, segments: int) -> None:
        segment, smsc_id = self.random.randrange(1, segments), next(self.ids)
        await self.conn.execute(
            "INSERT INTO open_submission VALUES ($1, $3, $2, $5, $6, 0, $4, NULL, false, NULL, NULL, $7)",
            self._moment(), *place, ordinal, segment, smsc_id,
        )  # fmt: skip
        self.strays.add((place[1], ordinal, segment, smsc_id))

    async def _tally(self, campaign_id: int) -> None:
        """As its people are, at shard 0."""
        states = ", ".join(f"count(*) FILTER (WHERE p.state = {at})" for at in range(1, 10))
        await self.conn.execute(
            f"""INSERT INTO tally (campaign_id, carrier_no, shard, {", ".join(_STATES)})
                SELECT $1, slice.carrier_no, 0, {states} FROM ({PEOPLE}) AS p JOIN slice USING (slice_id)
                 GROUP BY slice.carrier_no""",
            campaign_id,
        )
        await self.conn.execute(
            "UPDATE campaign SET audience = (SELECT count(*) FROM ("
            + PEOPLE
            + ") AS p) WHERE campaign_id = $1",
            campaign_id,
        )

    def _moment(self) -> datetime:
        """Few, so that several people share one."""
        return AT + timedelta(seconds=self.random.randrange(6), microseconds=7)

    def _while(self) -> timedelta:
        return timedelta(milliseconds=self.random.randrange(3 * 86_400_000))

    def _ids(self) -> Iterator[str]:
        """Of every kind, none twice."""
        number = 0
        while True:
            number += 1
            yield self.random.choice((str(number), f"{number:032x}", f"é-{number}/a|x", f"{number:064}"))


def _bitmap(bits: Any) -> bytes:
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes(-(-number.bit_length() // 8), "little")
