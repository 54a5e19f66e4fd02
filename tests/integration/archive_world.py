"""A finished campaign with every kind of recipient that an archive must hold, its rows written by hand."""

from datetime import UTC, datetime, timedelta

import asyncpg

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
                  (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy, grace_s,
                   expires_at, state, drafted_by, drafted_at, approved_by, approved_at, launched_by,
                   launched_at, finished_at, audience, segments)
           VALUES ('typhoon', 'health', 5, 'BOYTE', 'x', 'ucs2', '{viettel}', 'resend', 30,
                   $1::timestamptz + interval '1 hour', 'finished', 'an', $1, 'binh', $1, 'binh', $1,
                   $1::timestamptz + interval '333 seconds', 17, 2)
           RETURNING campaign_id""",
        LAUNCH,
    )
    await _viettel(conn, number)
    await _vinaphone(conn, number)
    third = await _slice(conn, number, 3, [84900000000], "done", mark=1, answered=b"\x01")
    await _outcome(conn, number, third, 0, 3, 8, "000", "é-7/A|x")
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
    first = await _slice(conn, number, 1, numbers, "expired", mark=6, answered=b"\x3f")
    again = await _slice(conn, number, 1, [numbers[5]], "done", mark=1, answered=b"\x01")
    for ordinal, (state, err, ids) in enumerate(
        [(8, "000", "10 11"), (8, "000", "0 999999999999999999"), (7, "012", "14 15"), (6, "status:11", "")]
    ):
        await _outcome(conn, number, first, ordinal, 1, state, err, ids)
    for segment, smsc_id in ((1, "20"), (2, "21")):
        await conn.execute(
            """INSERT INTO open_submission (submitted_at, slice_id, campaign_id, ordinal, segment, segments, carrier_no,
                                            closed, smsc_id)
               VALUES ($1, $2, $3, 4, $4, 2, 1, true, $5)""",
            LAUNCH, first, number, segment, smsc_id,
        )  # fmt: skip
    await _doubt(conn, number, 1, first, 5, numbers[5], "resent")
    await _outcome(conn, number, again, 0, 1, 8, "000", "30 31")


async def _vinaphone(conn: asyncpg.Connection, number: int) -> None:
    numbers = [84810000000 + n for n in range(4)]
    only = await _slice(conn, number, 2, numbers, "cancelled", mark=3, answered=b"\x07")
    await _outcome(conn, number, only, 0, 2, 8, "000", " ".join(UUIDS))
    await _outcome(conn, number, only, 1, 2, 8, "000", UUIDS[0])
    await _outcome(conn, number, only, 2, 2, 4, "in_doubt", "")
    await _doubt(conn, number, 2, only, 2, numbers[2], "closed")


async def _slice(
    conn: asyncpg.Connection, campaign_id: int, carrier_no: int, msisdns: list[int], state: str, *, mark: int,
    answered: bytes,
) -> int:  # fmt: skip
    number: int = await conn.fetchval(
        """INSERT INTO slice (campaign_id, carrier_no, total, mark, state, segments, answered, msisdns)
           VALUES ($1, $2, $3, $4, $5, 1, $6, $7) RETURNING slice_id""",
        campaign_id, carrier_no, len(msisdns), mark, state, answered, msisdns,
    )  # fmt: skip
    return number


async def _outcome(
    conn: asyncpg.Connection, campaign_id: int, slice_id: int, ordinal: int, carrier_no: int, state: int, err: str,
    smsc_ids: str,
) -> None:  # fmt: skip
    submitted_at = LAUNCH + timedelta(seconds=ordinal * 17.3, microseconds=ordinal) if smsc_ids else None
    settled_at = (submitted_at or LAUNCH) + timedelta(seconds=state * 1.7)
    await conn.execute(
        "INSERT INTO outcome VALUES ($1, $2, $3, $4, $5, $6, $7, 2, $8, $9)",
        submitted_at, settled_at, campaign_id, slice_id, ordinal, carrier_no, state, err, smsc_ids,
    )  # fmt: skip


async def _doubt(
    conn: asyncpg.Connection,
    campaign_id: int,
    carrier_no: int,
    slice_id: int,
    ordinal: int,
    msisdn: int,
    ended: str,
) -> None:
    await conn.execute(
        """INSERT INTO in_doubt (campaign_id, carrier_no, slice_id, ordinal, segments, msisdn, reason, since, ended_at,
                                 ended_as)
           VALUES ($1, $2, $3, $4, 2, $5, 'link_lost', $6, $6, $7)""",
        campaign_id, carrier_no, slice_id, ordinal, msisdn, LAUNCH, ended,
    )  # fmt: skip
