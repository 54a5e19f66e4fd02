"""What an auditor reads in psql is what the Python readers say, on rows made at random."""

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from integration.visited import counted, explained

from broadcast.ledger import replies
from broadcast.ledger.fold import NOBODY, DoubtRow, FinalRow, People, SliceRow, fold
from broadcast.ledger.packing.result import Result, pack_result, unpack_result
from broadcast.ledger.packing.sent import Answered, Sent, unpack_sent
from broadcast.ledger.states import RecipientState

AT = 1_780_000_000_123_457
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOTAL = 40


def when(us: int) -> datetime | None:
    return EPOCH + timedelta(microseconds=int(us)) if us else None


def an_id(rng: random.Random, kind: int) -> str:
    """kind 0: UUIDs alone; 1: one width; 2: any width; 3: all of these, empty ones, NULs, letters of all sorts."""
    if kind == 0 or (kind == 3 and rng.random() < 0.4):
        return str(uuid.UUID(int=rng.getrandbits(128)))
    if kind == 1:
        return f"{rng.randrange(10**9):012d}"
    if kind == 2:
        return f"{rng.randrange(10 ** rng.randrange(1, 20)):x}"
    return "".join(chr(rng.randrange(256)) for _ in range(rng.choice([0, 1, 7, 36, 255])))


def shown(smsc_id: str) -> str:
    """An id as psql has it: no text there holds a NUL."""
    if "\0" not in smsc_id:
        return smsc_id
    return "".join(
        "\\\\" if octet == 92 else f"\\{octet:03o}" if octet == 0 or octet > 127 else chr(octet)
        for octet in smsc_id.encode("latin-1")
    )


def some_sent(rng: random.Random, ordinals: Sequence[int], segments: int) -> Answered:
    """These recipients: most accepted, in one to three runs, some ended, some of these with a stray."""
    kind, some = rng.randrange(4), Answered(segments)
    for k, ordinal in enumerate(ordinals):
        how = rng.random()
        if how < 0.7:
            some.accept_parts(ordinal, [an_id(rng, kind) for _ in range(segments)])
            if rng.random() < 0.3:
                some.read(AT + k * 7_000, AT + k * 9_001)
        elif how < 0.9:
            some.end(ordinal, rng.choice([4, 6]), rng.choice(["", "status:11", "é"]), AT + k)
        else:
            some.end(ordinal, 6, "status:8", AT + k)
            some.stray(ordinal, rng.randint(1, segments), an_id(rng, kind))
    some.read(AT + 10**6, AT + 2 * 10**6)
    return some


def some_result(rng: random.Random, accepted: Sequence[tuple[int, int]]) -> bytes:
    """Final receipts of these (ordinal, segment)."""
    spread = rng.choice([10**6, 10**8, 10**11])
    return pack_result(
        [ordinal for ordinal, _ in accepted], [segment for _, segment in accepted],
        [rng.choice([8, 8, 8, 7, 5]) for _ in accepted], [AT + 3 * 10**6 + rng.randrange(spread) for _ in accepted],
        [rng.choice(["000", "000", "21b", ""]) for _ in accepted],
    )  # fmt: skip


class Campaign:
    """A launched campaign of one carrier, with slices of rows made at random."""

    def __init__(self, conn: asyncpg.Connection, rng: random.Random) -> None:
        self.conn, self.rng = conn, rng
        self.people: dict[int, People] = {}
        self.sent: dict[int, list[Sent]] = {}
        self.results: dict[int, list[Result]] = {}

    async def make(self, closed: bool) -> "Campaign":
        self.carrier_no = await self.conn.fetchval(
            "INSERT INTO carrier (name, tps) VALUES ('viettel', 1) RETURNING carrier_no"
        )
        self.campaign_id = await self.conn.fetchval(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                     in_doubt_policy, grace_s, expires_at, state, drafted_by, launched_at, closed_at)
               VALUES ('typhoon', 'emergency', 9, 'x', 'x', 'gsm0338', '{viettel}', true, 'hold', 0, now(),
                       'running', 'an', now(), CASE WHEN $1 THEN now() END) RETURNING campaign_id""", closed,
        )  # fmt: skip
        self.closed = closed
        return self

    async def slice(self, first: int, segments: int, state: str) -> int:
        rng = self.rng
        ordinals = rng.sample(range(TOTAL), TOTAL)
        answered, doubted, again, old = ordinals[:25], ordinals[25:29], ordinals[29:31], ordinals[31:33]
        msisdns: list[int | None] = [first + i for i in range(TOTAL)]
        msisdns[ordinals[33]] = None
        bits = sum(1 << ordinal for ordinal in ordinals[:34] if ordinal not in again)
        row = SliceRow(
            TOTAL - 3,
            state,
            bits.to_bytes(5, "little"),
            sum(1 << o for o in again).to_bytes(5, "little"),
            msisdns,
        )
        slice_id = await self.conn.fetchval(
            """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, retry, msisdns)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING slice_id""",
            self.campaign_id, self.carrier_no, TOTAL, row.mark, state, segments, row.answered, row.retry, msisdns,
        )  # fmt: skip
        sent = [some_sent(rng, part, segments) for part in (answered[:1], answered[1:12], answered[12:])]
        for batch, each in enumerate(sent):
            await self.conn.execute(
                "INSERT INTO sent VALUES ($1, 1, $2, $3, $4, $5, $6)",
                self.carrier_no,
                batch,
                slice_id,
                *each.ordinals(),
                each.pack(),
            )
        self.sent[slice_id] = [unpack_sent(each.pack()) for each in sent]
        parts = [
            (int(o), k) for each in self.sent[slice_id] for o in each.ordinals for k in range(1, segments + 1)
        ]
        rng.shuffle(parts)
        parts = parts[: len(parts) * 9 // 10]
        packed = [some_result(rng, part) for part in (parts[:3], parts[3:40], parts[40:]) if part]
        for no, each in enumerate(packed):
            await self.conn.execute("INSERT INTO result VALUES ($1, $2, $3)", slice_id, no, each)
        self.results[slice_id] = [unpack_result(each) for each in packed]
        doubts, finals = await self._doubts(slice_id, doubted, msisdns), await self._finals(slice_id, old)
        self.people[slice_id] = fold(
            row, self.sent[slice_id], self.results[slice_id], doubts, finals, closed=self.closed
        )
        return slice_id

    async def _doubts(
        self, slice_id: int, ordinals: Sequence[int], msisdns: Sequence[int | None]
    ) -> list[DoubtRow]:
        ends = [None, "resent", "closed", None]
        doubts = [DoubtRow(o, how, AT + o if how else 0) for o, how in zip(ordinals, ends, strict=True)]
        for doubt in doubts:
            await self.conn.execute(
                """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, ended_at,
                                         ended_as)
                   VALUES ($1, $2, $3, $4, 1, $5, 'link_lost', $7, $6)""",
                self.campaign_id, self.carrier_no, slice_id, doubt.ordinal, msisdns[doubt.ordinal], doubt.ended_as,
                when(doubt.ended_at),
            )  # fmt: skip
        return doubts

    async def _finals(self, slice_id: int, ordinals: Sequence[int]) -> list[FinalRow]:
        finals = [
            FinalRow(ordinals[0], 7, AT, AT + 5, 2, "21b", ("a", "b")),
            FinalRow(ordinals[1], 6, 0, AT, 2, "status:11"),
        ]
        for one in finals:
            await self.conn.execute(
                "INSERT INTO outcome VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", when(one.submitted_at),
                when(one.settled_at), self.campaign_id, slice_id, one.ordinal, self.carrier_no, one.state, one.segments,
                one.err, " ".join(one.smsc_ids),
            )  # fmt: skip
        return finals


@pytest.fixture(params=[1, 2, 3])
async def campaign(request: pytest.FixtureRequest, conn: asyncpg.Connection) -> Campaign:
    made = await Campaign(conn, random.Random(request.param)).make(closed=request.param == 2)
    for first, segments, state in (
        (84_900_000_000, 1, "leased"),
        (84_900_000_100, 5, "expired"),
        (84_900_000_200, 17, "cancelled"),
    ):
        await made.slice(first, segments, state)
    return made


async def test_rows_of_sent_are_what_python_reads(campaign: Campaign) -> None:
    for slice_id, rows in campaign.sent.items():
        found = await campaign.conn.fetch(
            "SELECT batch, u.* FROM sent CROSS JOIN LATERAL unpack_sent(packed) AS u WHERE slice_id = $1",
            slice_id,
        )
        expected: list[tuple[Any, ...]] = []
        for batch, row in enumerate(rows):
            places = [(k, segment) for k in range(len(row)) for segment in range(1, row.segments + 1)]
            for (k, segment), smsc_id in zip(places, row.ids.texts(), strict=True):
                times = when(row.left_at[k]), when(row.answered_at[k])
                expected.append(
                    (batch, "accepted", row.ordinals[k], segment, shown(smsc_id), *times, None, None)
                )
            ends = zip(row.ended_ordinals, row.ended_at, row.ended_states, row.ended_errs.all(), strict=True)
            expected += [
                (batch, "ended", o, None, None, None, when(at), state, err) for o, at, state, err in ends
            ]
            strays = zip(row.stray_ordinals, row.stray_segments, row.stray_ids.texts(), strict=True)
            expected += [(batch, "stray", o, k, shown(one), None, None, None, None) for o, k, one in strays]
        assert sorted(map(tuple, found), key=repr) == sorted(
            (
                tuple(each if isinstance(each, (str, datetime, type(None))) else int(each) for each in one)
                for one in expected
            ),
            key=repr,
        )


async def test_rows_of_result_are_what_python_reads(campaign: Campaign) -> None:
    for slice_id, rows in campaign.results.items():
        found = await campaign.conn.fetch(
            """SELECT no, u.* FROM result CROSS JOIN LATERAL unpack_result(packed) AS u
                WHERE slice_id = $1 ORDER BY 1, 2, 3""",
            slice_id,
        )
        assert list(map(tuple, found)) == [
            (no, o, segment, state, when(at), err)
            for no, row in enumerate(rows)
            for o, segment, state, at, err in zip(
                row.ordinals, row.segments, row.states, row.received_at, row.errs.all(), strict=True
            )
        ]


@pytest.mark.parametrize("table", ["sent", "result"])
async def test_one_ordinal_of_a_row_is_that_part_of_it(campaign: Campaign, table: str) -> None:
    different = await campaign.conn.fetchval(
        f"""SELECT count(*) FROM {table} CROSS JOIN generate_series(0, {TOTAL}) AS one
             WHERE ARRAY(SELECT u FROM unpack_{table}(packed) AS u WHERE ordinal = one)
                   IS DISTINCT FROM ARRAY(SELECT u FROM unpack_{table}(packed, one) AS u)"""
    )
    assert different == 0


async def test_every_segment_with_its_receipt(campaign: Campaign) -> None:
    expected = []
    for slice_id, people in campaign.people.items():
        told = {
            (int(o), int(segment)): (when(at), RecipientState(int(state)).column, err)
            for row in reversed(campaign.results[slice_id])
            for o, segment, state, at, err in zip(
                row.ordinals, row.segments, row.states, row.received_at, row.errs.all(), strict=True
            )
        }
        numbers = [int(number) or None for number in people.msisdn]
        for row in campaign.sent[slice_id]:
            ids = iter(row.ids.texts())
            for o, at in zip(row.ordinals.tolist(), row.answered_at, strict=True):
                for segment in range(1, row.segments + 1):
                    end = told.get((o, segment), (None, "accepted", ""))
                    expected.append((numbers[o], segment, shown(next(ids)), when(at), *end))
            ended = dict(zip(row.ended_ordinals.tolist(), row.ended_at, strict=True))
            for o, segment, one in zip(
                row.stray_ordinals.tolist(), row.stray_segments, row.stray_ids.texts(), strict=True
            ):
                expected.append((numbers[o], int(segment), shown(one), when(ended[o]), None, "accepted", ""))
        for final in people.finals:
            for segment, one in enumerate(final.smsc_ids, 1):
                state = RecipientState(final.state).column
                expected.append(
                    (numbers[final.ordinal], segment, one, when(AT), when(AT + 5), state, final.err)
                )
    found = await campaign.conn.fetch("SELECT * FROM receipts_of('typhoon')")
    assert sorted(map(tuple, found), key=repr) == sorted(expected, key=repr)


@pytest.mark.parametrize("with_spans", [False, True])
async def test_the_final_state_of_everyone_is_what_the_fold_says(
    campaign: Campaign, with_spans: bool
) -> None:
    if with_spans:
        await replies.make_spans(campaign.conn)
    for slice_id, people in campaign.people.items():
        for ordinal, number in enumerate(people.msisdn.tolist()):
            rows = await campaign.conn.fetch("SELECT * FROM recipient_history('typhoon', $1)", number)
            last = [row for row in rows if row["what"] == "final state"]
            state = int(people.state[ordinal])
            if state == NOBODY:
                assert not last
                continue
            expected = (RecipientState(state).column, people.errs.texts[people.errs.index[ordinal]])
            assert [(row["slice_id"], row["state"], row["err"]) for row in last] == [(slice_id, *expected)]
            assert rows[-1]["what"] == "final state"
            assert last[0]["at"] == when(people.settled_at[ordinal])
            times = [row["at"] for row in rows[:-1]]
            assert times == sorted(times)


@pytest.mark.parametrize("analysed", [False, True])
async def test_the_rows_of_one_person_are_found_among_everybodys(campaign: Campaign, analysed: bool) -> None:
    """Of the ledger before too, which has a row a recipient; whatever the planner believes of them."""
    await replies.make_spans(campaign.conn)
    await campaign.conn.execute(
        """INSERT INTO outcome SELECT NULL, now(), $1, 1000 + n / 1000, n % 1000, $2, 8, 1, '', ''
             FROM generate_series(0, 19999) AS n""",
        campaign.campaign_id, campaign.carrier_no,
    )  # fmt: skip
    if analysed:
        await campaign.conn.execute("ANALYZE")
    people = next(iter(campaign.people.values()))
    number = int(people.msisdn[people.finals[0].ordinal])
    await explained(campaign.conn)
    with counted(campaign.conn) as visited:
        rows = await campaign.conn.fetch("SELECT * FROM recipient_history('typhoon', $1)", number)
    assert [row["state"] for row in rows if row["what"] == "final state"] == ["undeliverable"]
    assert 0 < visited.total() < 2_000


async def test_one_person_step_by_step(campaign: Campaign) -> None:
    slice_id = await campaign.conn.fetchval(
        """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, msisdns)
           VALUES ($1, $2, 2, 2, 'done', 2, '\\x03', '{84911111111, 84911111112}') RETURNING slice_id""",
        campaign.campaign_id, campaign.carrier_no,
    )  # fmt: skip
    some = Answered(2)
    some.accept_parts(1, ["one", "two"])
    some.read(AT, AT + 1_000)
    some.end(0, 6, "status:11", AT + 2_000)
    some.stray(0, 1, "three")
    await campaign.conn.execute(
        "INSERT INTO sent VALUES ($1, 1, 99, $2, 0, 1, $3)", campaign.carrier_no, slice_id, some.pack()
    )
    for no, segment, state in ((1, 2, 8), (2, 1, 7)):
        packed = pack_result([1], [segment], [state], [AT + no * 10**6], ["21b" if state == 7 else "000"])
        await campaign.conn.execute("INSERT INTO result VALUES ($1, $2, $3)", slice_id, no, packed)
    await campaign.conn.execute(
        "INSERT INTO exclusion VALUES ($1, $2, 'opted_out', '{84911111113}')",
        campaign.campaign_id,
        campaign.carrier_no,
    )

    async def history(number: int) -> list[tuple[Any, ...]]:
        rows = await campaign.conn.fetch("SELECT * FROM recipient_history('typhoon', $1)", number)
        assert {row["carrier"] for row in rows} <= {"viettel"}
        return [tuple(row.values())[3:] for row in rows]

    assert await history(84911111112) == [
        ("sent", 1, "one", None, ""),
        ("sent", 2, "two", None, ""),
        ("accepted", 1, "one", "accepted", ""),
        ("accepted", 2, "two", "accepted", ""),
        ("receipt", 2, "two", "delivered", "000"),
        ("receipt", 1, "one", "undeliverable", "21b"),
        ("final state", None, None, "undeliverable", "21b"),
    ]
    assert await history(84911111111) == [
        ("accepted", 1, "three", "accepted", ""),
        ("refused", None, None, "rejected", "status:11"),
        ("final state", None, None, "rejected", "status:11"),
    ]
    assert await history(84911111113) == [("excluded", None, None, "excluded", "opted_out")]
    assert await history(84911111114) == []


async def test_a_row_of_another_version_is_refused(conn: asyncpg.Connection) -> None:
    for table in ("sent", "result"):
        with pytest.raises(asyncpg.RaiseError, match="version 2"):
            await conn.fetch(f"SELECT * FROM unpack_{table}(decode(rpad('02', 64, '0'), 'hex'))")


@pytest.mark.parametrize("call", ["receipts_of('typhon')", "recipient_history('typhon', 84900000000)"])
async def test_a_name_that_no_campaign_has_is_refused(campaign: Campaign, call: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="no campaign is called typhon"):
        await campaign.conn.fetch(f"SELECT * FROM {call}")
