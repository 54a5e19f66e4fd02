"""A finished campaign with every kind of recipient that an archive must hold, its rows written by hand."""

from datetime import UTC, datetime, timedelta

import asyncpg
from integration.packed_rows import (
    DELIVERED,
    EXCLUDED,
    EXPIRED,
    REJECTED,
    UNDELIVERABLE,
    UNKNOWN,
    Person,
    us,
    write_slice,
)

LAUNCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
UUIDS = ("0b2f6f9e-5a8c-4f0e-9d5e-0a1b2c3d4e5f", "ffffffff-0000-4000-8000-000000000001")


async def make_campaign(conn: asyncpg.Connection) -> int:
    """`typhoon`, 17 recipients; ids are numbers at viettel, UUIDs at vinaphone, some other text at mobifone.

    viettel: 2 delivered, 1 undeliverable, 1 rejected, 1 unknown, 1 resent after doubt and delivered, 1 expired
    unsent, 2 opted out; vinaphone: 2 delivered, 1 unknown after doubt, 1 cancelled. mobifone: 1 delivered.
    gmobile: 3 not connected.
    """
    await conn.execute(
        "INSERT INTO carrier (name, tps) VALUES ('viettel', 9), ('vinaphone', 9), ('mobifone', 9), ('gmobile', NULL)"
    )
    number: int = await conn.fetchval(
        """INSERT INTO campaign
                  (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                   in_doubt_policy, grace_s, expires_at, state, drafted_by, drafted_at, approved_by, approved_at,
                   launched_by, launched_at, finished_at, closed_at, audience, segments)
           VALUES ('typhoon', 'health', 5, 'BOYTE', 'x', 'ucs2', '{viettel}', false, 'resend', 30,
                   $1::timestamptz + interval '1 hour', 'finished', 'an', $1, 'binh', $1, 'binh', $1,
                   $1::timestamptz + interval '333 seconds', $1, 17, 2)
           RETURNING campaign_id""",
        LAUNCH,
    )
    await _viettel(conn, number)
    await _vinaphone(conn, number)
    await write_slice(conn, number, 3, [_ended(0, 84900000000, DELIVERED, "000", "é-7/A|x")])
    await conn.execute(
        """INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns)
           VALUES ($1, 1, 'opted_out', '{84320000008,84320000009}'),
                  ($1, 4, 'not_connected', '{84590000000,84590000001,84590000002}')""",
        number,
    )
    await conn.execute(
        """INSERT INTO tally (campaign_id, carrier_no, shard, segments, unknown, expired, rejected, undeliverable,
                              delivered, excluded)
           VALUES ($1, 1, 0, 0, 0, 1, 0, 0, -1, 2), ($1, 1, 7, 10, 1, 0, 1, 1, 4, 0), ($1, 2, 7, 3, 1, 0, 0, 0, 2, 1),
                  ($1, 3, 7, 1, 0, 0, 0, 0, 1, 0), ($1, 4, 0, 0, 0, 0, 0, 0, 0, 3)""",
        number,
    )
    await conn.execute(
        "INSERT INTO campaign_event (campaign_id, at, actor, event) VALUES ($1, $2, 'an', 'drafted')",
        number,
        LAUNCH,
    )
    return number


async def _viettel(conn: asyncpg.Connection, number: int) -> None:
    numbers = [84320000000 + n for n in range(7)]
    people = [
        _ended(0, numbers[0], DELIVERED, "000", "10", "11"),
        _ended(1, numbers[1], DELIVERED, "000", "0", "999999999999999999"),
        _ended(2, numbers[2], UNDELIVERABLE, "012", "14", "15"),
        Person(numbers[3], REJECTED, err="status:11", settled_at=us(LAUNCH)),
        Person(numbers[4], UNKNOWN, ("20", "21"), submitted_at=us(LAUNCH)),
        Person(numbers[5], DELIVERED, settled_at=us(LAUNCH), doubt="resent"),
        Person(numbers[6], EXPIRED),
    ]
    await write_slice(conn, number, 1, people, "expired", segments=2)
    again = _ended(0, numbers[5], DELIVERED, "000", "30", "31")
    await write_slice(conn, number, 1, [again], segments=2)


async def _vinaphone(conn: asyncpg.Connection, number: int) -> None:
    numbers = [84810000000 + n for n in range(4)]
    people = [
        _ended(0, numbers[0], DELIVERED, "000", *UUIDS),
        _ended(1, numbers[1], DELIVERED, "000", UUIDS[0]),
        Person(numbers[2], UNKNOWN, settled_at=us(LAUNCH), doubt="closed"),
        Person(numbers[3], EXCLUDED),
    ]
    await write_slice(conn, number, 2, people, "cancelled", segments=2)


def _ended(ordinal: int, msisdn: int, state: int, err: str, *ids: str) -> Person:
    submitted_at = us(LAUNCH + timedelta(seconds=ordinal * 17.3, microseconds=ordinal))
    return Person(msisdn, state, ids, err, submitted_at, submitted_at + state * 1_700_000)
