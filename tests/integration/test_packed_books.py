"""Books of packed rows against a plain description of everybody in them: person by person, counted, summed."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from integration.archive_world import make_campaign
from integration.packed_rows import (
    ACCEPTED,
    DELIVERED,
    EXCLUDED,
    EXPIRED,
    IN_DOUBT,
    REJECTED,
    UNDELIVERABLE,
    UNKNOWN,
    WAITING,
    Person,
    us,
    write_slice,
)

from broadcast.archive.books import live_books
from broadcast.ledger import recount
from broadcast.ledger.books import TICK_US, Exclusion, IdKind, Outcomes, Row, sums
from broadcast.ledger.states import RecipientState
from broadcast.store import plans

LAUNCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LONGEST_S = 40
FINAL = (EXPIRED, REJECTED, UNDELIVERABLE, DELIVERED)
UNSENT = {"expired": EXPIRED, "cancelled": EXCLUDED}
NAMES = ("viettel", "vinaphone", "mobifone")
KINDS: tuple[IdKind, ...] = ("decimal", "uuid", "text")


@dataclass
class Described:
    """A campaign whose everybody is known. rows: by carrier_no, in the order of an archive."""

    campaign_id: int
    rows: dict[int, list[Row]] = field(default_factory=dict)
    unsent: Counter[tuple[int, str]] = field(default_factory=Counter)  # by carrier_no and state of the slice
    logs: Counter[int] = field(default_factory=Counter)


def smsc_id(rng: random.Random, kind: IdKind) -> str:
    if kind == "decimal":
        return str(rng.randrange(10 ** rng.randint(1, 18)))
    if kind == "uuid":
        return str(UUID(int=rng.getrandbits(128)))
    return rng.choice(["q1A", "q1a", "0007", str(UUID(int=rng.getrandbits(128))), "é\xff", "x" * 255])


def somebody(
    rng: random.Random, msisdn: int, state: str, kind: IdKind, segments: int, closed: bool
) -> Person:
    """Whoever may stand in a slice of that state."""
    at = us(LAUNCH) + rng.randrange(1_500) * 20_000
    end = rng.choice(["final", "final", "final", "open", "refused", "unawaited", "doubt", "unsent", "gone"])
    ids = tuple(smsc_id(rng, kind) for _ in range(segments))
    if end == "final":
        told = tuple(
            (part, int(rng.choice(FINAL)), rng.choice(["000", "012", ""]), at + rng.randrange(30_000_000))
            for part in range(1, segments + 1)
        )
        worst = min(told, key=lambda receipt: (receipt[1], receipt[0]))
        return Person(msisdn, worst[1], ids, worst[2], at, max(each[3] for each in told), told)
    if end == "open":
        told = tuple((part, int(DELIVERED), "000", at + 5_000_000) for part in range(2, segments + 1))
        return Person(msisdn, UNKNOWN if closed else ACCEPTED, ids, "", at, 0, told)
    if end == "refused":
        return Person(msisdn, REJECTED, err="status:11", settled_at=at)
    if end == "unawaited":
        return Person(msisdn, UNKNOWN, err="no_receipts", settled_at=at)
    if end == "doubt":
        doubt = rng.choice(["", "resent", "closed"])
        return Person(msisdn, UNKNOWN if doubt == "closed" else IN_DOUBT, settled_at=at, doubt=doubt)
    if end == "gone":
        return Person(0, WAITING)
    return Person(msisdn, UNSENT.get(state, WAITING))


def row(slice_id: int, ordinal: int, each: Person, segments: int) -> Row:
    err = "in_doubt" if each.doubt == "closed" else each.err
    settled_at = each.settled_at if each.doubt in (None, "closed") else 0
    known = bool(each.ids) or each.ended or each.doubt == "closed"
    return (
        slice_id, ordinal, each.msisdn, int(each.state), segments if known else 0, each.submitted_at or None,
        settled_at or None, err, " ".join(each.ids),
    )  # fmt: skip


async def describe(conn: asyncpg.Connection, seed: int, closed: bool) -> Described:
    rng = random.Random(seed)
    made = Described(await make_campaign(conn))
    await conn.execute("DELETE FROM slice; DELETE FROM sent; DELETE FROM result; DELETE FROM in_doubt")
    await conn.execute("DELETE FROM exclusion")
    await conn.execute("UPDATE campaign SET closed_at = NULL WHERE NOT $1", closed)
    for carrier_no, kind in enumerate(KINDS, 1):
        rows = made.rows.setdefault(carrier_no, [])
        for place in range(4):
            state = rng.choice(["ready", "done", "expired", "cancelled"])
            segments = rng.randint(1, 4)
            first = 84_000_000_000 + carrier_no * 10_000_000 + place * 10_000
            people = [
                somebody(rng, first + n, state, kind, segments, closed) for n in range(rng.randint(1, 60))
            ]
            logs = rng.randint(1, 3)
            slice_id = await write_slice(
                conn, made.campaign_id, carrier_no, people, state, segments=segments, logs=logs
            )
            rows += [
                row(slice_id, ordinal, each, segments)
                for ordinal, each in enumerate(people)
                if each.msisdn and each.doubt != "resent"
            ]
            made.unsent[carrier_no, state] += sum(1 for each in people if not each.intended)
        left_out = [(84_900_000_000 + n, rng.choice(["opted_out", "not_connected"])) for n in range(20)]
        for reason in ("not_connected", "opted_out"):
            await conn.execute(
                "INSERT INTO exclusion VALUES ($1, $2, $3, $4)",
                made.campaign_id, carrier_no, reason, [number for number, why in left_out if why == reason][::-1],
            )  # fmt: skip
        rows += [(None, None, number, 9, 0, None, None, why, "") for number, why in left_out]
    return made


def as_described(found: Sequence[Row], described: Sequence[Row]) -> list[Row]:
    """Times of receipts are kept to a millisecond, never too early: as they were described, where that is all."""
    return [
        (*ours[:6], theirs[6], *ours[7:])
        if ours[6] and theirs[6] and 0 <= ours[6] - theirs[6] <= 1000
        else ours
        for ours, theirs in zip(found, described, strict=True)
    ]


def histograms(rows: dict[int, list[Row]]) -> tuple[Counter[Outcomes], dict[str, Counter[int]]]:
    """Of rows as they are read: outcomes, and ticks."""
    found: Counter[tuple[str, int, str, bool, int]] = Counter()
    ticks: dict[str, Counter[int]] = {}
    for carrier_no, some in rows.items():
        for _, _, _, state, _, submitted_at, settled_at, err, _ in some:
            if settled_at is not None:
                carrier, late = NAMES[carrier_no - 1], LONGEST_S
                if submitted_at is not None:
                    late = min((settled_at - submitted_at) // 1_000_000, LONGEST_S)
                    ticks.setdefault(carrier, Counter())[(submitted_at - us(LAUNCH)) // TICK_US] += 1
                found[carrier, state, err, submitted_at is not None, late] += 1
    return Counter({Outcomes(*key, count): 1 for key, count in found.items()}), ticks


@pytest.mark.parametrize(("seed", "closed"), [(1, True), (2, False), (3, True), (4, False)])
async def test_everybody_is_what_was_described(
    conn: asyncpg.Connection, seed: int, closed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "PAGE", 70)  # a slice or two at a time
    made = await describe(conn, seed, closed)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute(plans.SETS)
        books = live_books(conn, made.campaign_id)
        read: dict[int, list[Row]] = {}
        order: list[tuple[int, str]] = []
        async for people in books.people():
            read.setdefault(people.carrier_no, []).extend(people.rows())
            order.append((people.carrier_no, people.carrier))
        counted = await books.counted()
        summed = await books.sums()
        ends = await books.ends(LAUNCH, LONGEST_S)
        exclusions, never_sent = await books.exclusions(), await books.never_sent()
    assert order == sorted(order)
    assert {(number, NAMES[number - 1]) for number in made.rows} == set(order)
    for carrier_no, rows in made.rows.items():
        assert as_described(read[carrier_no], rows) == rows
    assert counted.recipients == Counter(
        (carrier_no, RecipientState(each[3])) for carrier_no, rows in made.rows.items() for each in rows
    )
    assert {each.what for each in counted.contradictions} <= {
        "a row is about somebody who is not in the slice"
    }
    assert [(each.carrier_no, each.carrier, each.shape.kind, each.sums) for each in summed] == [
        (carrier_no, NAMES[carrier_no - 1], KINDS[carrier_no - 1], sums(rows))
        for carrier_no, rows in read.items()
    ]
    assert [each.shape.parts for each in summed] == [
        1 if kind == "text" else max(each[8].count(" ") + 1 for each in made.rows[carrier_no])
        for carrier_no, kind in enumerate(KINDS, 1)
    ]
    assert (Counter(ends.outcomes), ends.sent) == histograms(read)
    assert never_sent == {
        NAMES[carrier_no - 1]: count
        for (carrier_no, state), count in made.unsent.items()
        if state == "expired"
    }
    assert exclusions == left_out(made)


def left_out(made: Described) -> list[Exclusion]:
    counts: Counter[tuple[int, str]] = Counter(
        (carrier_no, each[7]) for carrier_no, rows in made.rows.items() for each in rows if each[0] is None
    )
    for (carrier_no, state), count in made.unsent.items():
        if state == "cancelled":
            counts[carrier_no, state] += count
    return [
        Exclusion(NAMES[carrier_no - 1], why, count)
        for (carrier_no, why), count in sorted(counts.items())
        if count
    ]


async def test_what_the_ledger_before_wrote_counts_as_ever(conn: asyncpg.Connection) -> None:
    """Final rows of a campaign that began in it, beside packed rows of those that ended since."""
    campaign_id = await make_campaign(conn)
    before = await everybody(conn, campaign_id)
    finals = [each for each in before if each[0] == 1 and each[1] is not None and each[1] < 3]
    assert len(finals) == 3
    # the first slice's receipted people become final rows, the rest of its rows stays
    await conn.execute("DELETE FROM result WHERE slice_id = 1; DELETE FROM sent WHERE slice_id = 1")
    await write_old(conn, campaign_id, finals)
    rest = Person(84320000004, UNKNOWN, ("20", "21"), submitted_at=us(LAUNCH))
    await copied(conn, rest, Person(84320000003, REJECTED, err="status:11", settled_at=us(LAUNCH)))
    assert await everybody(conn, campaign_id) == before


async def write_old(conn: asyncpg.Connection, campaign_id: int, rows: Sequence[Row]) -> None:
    for slice_id, ordinal, _, state, segments, submitted_at, settled_at, err, ids in rows:
        await conn.execute(
            "INSERT INTO outcome VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)",
            at(submitted_at), at(settled_at), campaign_id, slice_id, ordinal, state, segments, err, ids,
        )  # fmt: skip


async def copied(conn: asyncpg.Connection, accepted: Person, refused: Person) -> None:
    """Of slice 1, at 4 and 3, by way of another slice's rows."""
    other = [Person(0, WAITING)] * 3 + [refused, accepted]
    number = await write_slice(conn, 1, 1, other, segments=2)
    await conn.execute("UPDATE sent SET slice_id = 1 WHERE slice_id = $1", number)
    await conn.execute("DELETE FROM slice WHERE slice_id = $1", number)


def at(microseconds: int | None) -> datetime | None:
    return (
        None
        if microseconds is None
        else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    )


async def everybody(conn: asyncpg.Connection, campaign_id: int) -> list[Row]:
    async with conn.transaction():
        books = live_books(conn, campaign_id)
        return [each async for people in books.people() for each in people.rows()]
