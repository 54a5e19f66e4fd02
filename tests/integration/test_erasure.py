"""Who asks to be erased is found by nothing afterwards, and the books of old alerts balance and say what they said."""

import asyncio
import csv
import io
import json
import os
import random
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pyarrow.parquet as pq
import pytest
from acting import acting
from click.testing import CliRunner, Result
from integration.archive_world import LAUNCH, make_campaign
from integration.everywhere import forms, found, found_each
from integration.nation_world import CARRIERS, TWO, NationWorld
from integration.nation_world import FIRST as NATION_FIRST
from integration.packed_rows import Person, us, write_slice
from integration.replies_world import FIRST, balanced, came, quiet_rig, read, sent
from integration.reported import report
from integration.rig import Rig
from integration.steps import by

from broadcast.actions import erasure
from broadcast.actions import launch as launching
from broadcast.actions.erasure import Due
from broadcast.actions.numbers import numbers_in
from broadcast.actions.session import Session
from broadcast.archive.move import archive
from broadcast.archive.place import place_of
from broadcast.archive.read import load, load_at
from broadcast.audience import erased, lists
from broadcast.audience.importer import import_file
from broadcast.cli.main import broadcast
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.received import Received, pack_parked, pack_received
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import audit
from broadcast.reports.everything import everything
from broadcast.reports.files import RECIPIENTS, write_recipients
from broadcast.sheets import sheet
from broadcast.store.queries import sql
from broadcast.words import utc

RUNS = int(os.environ.get("ERASURE_RUNS", "2"))  # random lives of a database; 300 took six minutes
# of archive_world: delivered; sent twice after a doubt; in doubt to the end; left out; not connected; never sent
SOME = (84320000000, 84320000005, 84810000002, 84320000008, 84590000001, 84320000006)
OTHER = 84320000001


async def erase(session: Session, numbers: Collection[int]) -> None:
    async with acting(session.connection, "an"):
        await erasure.erase(session, numbers)


async def due(session: Session) -> Due:
    """As the timer does it, by a worker's login."""
    async with acting(session.connection, "w"):
        return await erasure.erase_due(session)


async def days_pass(conn: asyncpg.Connection) -> None:
    await conn.execute("UPDATE erasure SET asked_at = asked_at - interval '21 hours'")


async def live(conn: asyncpg.Connection, numbers: Collection[int], rng: random.Random) -> None:
    """On the list, and what came of these and of others, everywhere where something may come to lie."""
    columns = "(msisdn, hash_bucket, carrier_no, import_no, opted_out_at)"
    for each in numbers:
        await conn.execute(
            f"INSERT INTO subscriber {columns} VALUES ($1::bigint, $1::bigint % 64, 1, 1, now())", each
        )
        await conn.execute("INSERT INTO opt_out (msisdn) VALUES ($1), ($1)", each)
        await conn.execute("INSERT INTO do_not_call (msisdn) VALUES ($1)", each)
        await conn.execute(
            "INSERT INTO consent (msisdn, at, given, source) VALUES ($1, now(), true, 'form 1'),"
            " ($1, now() - interval '1 day', false, 'by phone')",
            each,
        )
        national = f"0{str(each)[2:]}"
        spaced = f"{national[:4]} {national[4:7]}.{national[7:]}"
        for source, payload, state in (
            (f"+{each}", b"STOP", "read"), (national, b"leave me alone", "repeated"),
            (str(each), b"again", "set_aside"),
            ("84970000000", f"call {spaced} for help".encode(), "read"),
            ("84970000000", f"gọi {national} nhé".encode("utf-16-be"), "read"),
        ):  # fmt: skip
            await conn.execute(
                """INSERT INTO inbound (carrier_no, destination, esm_class, data_coding, payload, source, msisdn, state)
                   VALUES (1, '1900', 0, 0, $1, $2, $3, $4)""",
                payload, source, each if source.endswith(str(each)) else None, state,
            )  # fmt: skip
        for msisdn, text in ((each, "I am well"), (84970000000, f"his is {spaced}!"), (each, "")):
            await conn.execute(
                """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind,
                                      keyword, effect, parts, missing, text)
                   SELECT coalesce(max(reply_no), 0) + 1, 1, 1, $1, now(), '1900', '', '', 'none', 1, 0, $2
                     FROM reply""",
                msisdn, text,
            )  # fmt: skip
        pdu = b"\0\0\0\x40\0\0\0\5\0\0\0\0\0\0\0\1" + b"\1\1" + str(each).encode() + b"\0" + rng.randbytes(9)
        await conn.execute(
            """INSERT INTO quarantine (carrier_no, digest, pdu, reason)
               VALUES (1, sha256(overlay($1::bytea PLACING ''::bytea FROM 13 FOR 4)), $1, 'x')""",
            pdu,
        )
        await conn.execute("INSERT INTO oddity VALUES (1, 'receipt_state', $1, now(), now(), 1)", f"AT{each}")
    await receipts(conn, [*numbers, 84970000000, 0], 1)


async def receipts(conn: asyncpg.Connection, numbers: Collection[int], no: int) -> None:
    """That fit nothing, and that nobody resolved yet."""
    n = len(numbers)
    times, states = np.arange(1, n + 1), np.full(n, 8, np.uint8)
    ids, errs = Ids.of([f"id-{each}" for each in range(n)]), Errs.of(["000"] * n)
    came = Received(times, states, np.array(list(numbers), np.int64), ids, errs)
    await conn.execute(
        "INSERT INTO parked (carrier_no, no, received_at, receipts, packed) VALUES (1, $1, now(), $2, $3)",
        no, n, pack_parked(came, [0] * n),
    )  # fmt: skip
    runs = [(n, 1)]
    packed = pack_received(runs, states, came.msisdns, ids, errs)
    await conn.execute("INSERT INTO received VALUES (1, 3, $1, $2, $3)", no, n, packed)


async def said(conn: asyncpg.Connection, number: int) -> dict[str, Any]:
    """What is told of a campaign, but numbers and when it was read."""
    balance = await audit(conn, CampaignId(number))
    assert balance.balanced, balance.problems
    whole = await report(conn, "typhoon")
    parts = {each.name: getattr(whole, each.name) for each in fields(whole)}
    parts |= {"events": (), "progress": (whole.progress.carriers, whole.progress.total)}
    return {"audit": balance, "list": await listed(conn, number, reveal=False), **parts}


async def listed(conn: asyncpg.Connection, number: int, *, reveal: bool) -> list[tuple[str, ...]]:
    """Of the list of recipients all but numbers, in no order; revealed: numbers alone."""
    file = io.StringIO()
    with sheet(file, Path("list.csv"), "recipients", RECIPIENTS, utc) as rows:
        await write_recipients(rows, conn, CampaignId(number), reveal=reveal)
    lines = csv.DictReader(io.StringIO(file.getvalue()))
    columns = ("msisdn",) if reveal else ("carrier", "state", "submitted_at", "settled_at", "err", "smsc_ids")
    return sorted(tuple(line[each] for each in columns) for line in lines)


async def test_an_erased_number_is_found_by_nothing(session: Session, conn: asyncpg.Connection) -> None:
    number = await make_campaign(conn)
    await live(conn, SOME, random.Random(1))
    await conn.execute(sql("make_spans"))
    await conn.execute("ANALYZE")
    before, whole = await said(conn, number), await listed(conn, number, reveal=True)
    assert await found(conn, SOME[1]) >= {
        "slice.msisdns", "in_doubt.msisdn", "slice_span.span", "subscriber.msisdn", "opt_out.msisdn",
        "do_not_call.msisdn", "consent.msisdn", "inbound.msisdn",
        "inbound.source", "inbound.payload", "reply.msisdn", "reply.text", "quarantine.pdu", "oddity.value",
        "parked.packed", "received.packed",
    }  # fmt: skip
    assert await found(conn, SOME[3]) >= {"exclusion.msisdns", "subscriber.msisdn"}
    others = await found(conn, OTHER)

    await erase(session, SOME)
    assert await conn.fetchval("SELECT count(*) FROM subscriber") == 0
    assert await due(session) == Due(len(SOME), 0, None, 0)

    assert not any((await found_each(conn, SOME)).values())
    assert await found(conn, OTHER) == others
    assert await said(conn, number) == before
    after = await listed(conn, number, reveal=True)
    assert [line for line in after if line != ("erased",)] == [
        line for line in whole if int(line[0]) not in SOME
    ]
    assert len(after) == len(whole)
    texts = [row["text"] for row in await conn.fetch("SELECT text FROM reply ORDER BY reply_no")]
    assert texts[:3] == ["", "his is 0xxx xxx.xxx!", ""]
    (senders,) = await conn.fetchrow("SELECT count(DISTINCT msisdn) FROM reply")
    assert senders == len(SOME) + 1
    assert await due(session) == Due(0, 0, None, 0)


def people(rng: random.Random, first: int) -> list[Person]:
    """A slice's, in every state that ends one."""
    at, made = us(LAUNCH), list[Person]()
    for place in range(rng.randint(1, 9)):
        ids = (f"{first + place:x}",)
        made.append(
            rng.choice(
                [
                    Person(first + place, RecipientState.DELIVERED, ids, "000", at, at + 1),
                    Person(first + place, RecipientState.UNDELIVERABLE, ids, "012", at, at + 9),
                    Person(first + place, RecipientState.REJECTED, err="status:11", settled_at=at),
                    Person(first + place, RecipientState.UNKNOWN, ids, submitted_at=at),
                    Person(first + place, RecipientState.UNKNOWN, settled_at=at, doubt="closed"),
                    Person(first + place, RecipientState.DELIVERED, ids, "000", at, at + 1, doubt="receipt"),
                    Person(0, RecipientState.WAITING),
                ]
            )
        )
    return made


async def random_campaign(conn: asyncpg.Connection, rng: random.Random) -> int:
    """`typhoon`, of slices as they come, some people sent to twice, tallies as the rows have it."""
    number = await make_campaign(conn)
    await conn.execute("DELETE FROM tally")
    for each in ("sent", "result", "in_doubt", "exclusion", "slice"):
        await conn.execute(f"DELETE FROM {each}")
    first, numbers = 84970000000, set[int]()
    for _ in range(rng.randint(1, 5)):
        those = people(rng, first)
        await write_slice(conn, number, rng.randint(1, 3), those, logs=rng.randint(1, 2))
        numbers |= {each.msisdn for each in those} - {0}
        first += len(those)
    out = [first + place for place in range(rng.randint(1, 5))]
    await conn.execute("INSERT INTO exclusion VALUES ($1, 1, 'opted_out', $2)", number, out)
    for line in (await audit(conn, CampaignId(number))).lines:
        await conn.execute(
            f"""INSERT INTO tally (campaign_id, carrier_no, shard, {line.state})
                SELECT $1, carrier_no, 0, $3 FROM carrier WHERE name = $2
                ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE SET {line.state} = excluded.{line.state}""",
            number, line.carrier, line.counted,
        )  # fmt: skip
    total = await conn.fetchval(
        "UPDATE campaign SET audience = (SELECT sum(unknown + rejected + undeliverable + delivered + excluded)"
        " FROM tally) RETURNING audience"
    )
    assert total
    return number


@pytest.mark.parametrize("seed", range(RUNS))
@pytest.mark.parametrize("files", [False, True])
async def test_whoever_it_is(
    session: Session, conn: asyncpg.Connection, tmp_path: Path, seed: int, files: bool
) -> None:
    """Of random campaigns, be they rows or files, some people of each kind."""
    rng = random.Random(seed)
    number = await random_campaign(conn, rng)
    rows = await conn.fetch(
        "SELECT unnest(msisdns) AS m FROM slice UNION SELECT unnest(msisdns) FROM exclusion"
    )
    everybody = sorted(row["m"] for row in rows if row["m"])
    those = rng.sample(everybody, rng.randint(1, len(everybody)))
    rest = sorted(set(everybody) - set(those))
    await live(conn, rng.sample(those, min(3, len(those))), rng)
    if files:
        await archive(conn, CampaignId(number), tmp_path, drop=True)
    before = await said(conn, number)
    await erase(session, those)
    assert await due(session) == Due(len(those), 0, None, int(files))
    assert not any((await found_each(conn, those)).values())
    for each in those:
        assert_not_in_files(tmp_path, each)
    assert await said(conn, number) == before
    kept = {int(line[0]) for line in await listed(conn, number, reveal=True) if line != ("erased",)}
    assert kept == set(rest)


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def assert_not_in_files(folder: Path, msisdn: int) -> None:
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            for line in pq.read_table(path).to_pylist():
                assert line.get("msisdn") != msisdn and str(msisdn)[2:] not in str(line)
        elif path.is_file():
            assert not any(form in path.read_bytes() for form in forms(msisdn))


STEPS = {
    "while it is written": "_write_doubts",
    "before it is proved": "_prove",
    "before the database knows": "replace",
    "amid the change of places": "sync_folder",
    "before the old one is gone": "shutil.rmtree",
}


class KilledError(BaseException):
    """The process ended there."""


def cut(*given: Any, **how: Any) -> Any:
    raise KilledError


@pytest.mark.parametrize("when", STEPS)
async def test_a_kill_at_any_moment_is_repeated(
    session: Session, conn: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    number = CampaignId(await make_campaign(conn))
    await archive(conn, number, tmp_path, drop=True)
    before = await said(conn, number)
    await erase(session, SOME)
    with monkeypatch.context() as patched:
        patched.setattr(f"broadcast.archive.erase.{STEPS[when]}", cut)
        with pytest.raises(KilledError):
            await due(session)
    await conn.execute("SELECT pg_advisory_unlock_all()")
    assert await conn.fetchval("SELECT count(*) FROM erasure WHERE done_at IS NULL") == len(SOME)
    assert (await due(session)).erased == len(SOME)
    assert names_in(tmp_path) == ["typhoon.archive"]
    for each in SOME:
        assert_not_in_files(tmp_path, each)
    assert await said(conn, number) == before
    place = await place_of(conn, number)
    assert place is not None and load_at(place).problems() == []


async def test_an_archive_that_is_not_there_keeps_it_open(
    session: Session, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    number = CampaignId(await make_campaign(conn))
    await archive(conn, number, tmp_path, drop=True)
    await erase(session, SOME)
    (tmp_path / "typhoon.archive").rename(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="is not there"):
        await due(session)
    assert await conn.fetchval("SELECT count(*) FROM erasure WHERE done_at IS NULL") == len(SOME)
    (tmp_path / "elsewhere").rename(tmp_path / "typhoon.archive")
    assert (await due(session)).erased == len(SOME)
    assert load(tmp_path / "typhoon.archive").problems() == []


async def test_nobody_archives_meanwhile(
    session: Session, conn: asyncpg.Connection, database_url: str, tmp_path: Path
) -> None:
    number = CampaignId(await make_campaign(conn))
    other = await asyncpg.connect(database_url)
    await other.fetchval(sql("erasure_lock"))
    with pytest.raises(RefusedError, match="being erased just now"):
        await archive(conn, number, tmp_path, drop=True)
    with pytest.raises(RefusedError, match="somebody erases just now"):
        await due(session)
    await other.close()
    await archive(conn, number, tmp_path, drop=True)


async def test_late_receipts_bring_nobody_back(session: Session, conn: asyncpg.Connection) -> None:
    await make_campaign(conn)
    await erase(session, SOME)
    await due(session)
    await receipts(conn, SOME, 2)
    assert await found(conn, SOME[0])
    await due(session)
    assert not any((await found_each(conn, SOME)).values())
    assert await conn.fetchval("SELECT count(*) FROM parked") == 1


@pytest.fixture
async def quiet(tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config) -> Any:
    async with quiet_rig(tmp_path, database_url, conn, config) as made:
        yield made


@pytest.mark.parametrize("category", ["health", "emergency"])
async def test_what_runs_lets_them_go_first(quiet: Rig, category: str) -> None:
    """Who waits is left out; who was sent to is needed, but not for longer than a day."""
    rig = quiet
    session = Session(rig.conn, rig.config)
    campaign = await rig.launch(category=category)
    await sent(rig, campaign, mark=3)
    asked = [FIRST + 1, FIRST + 5]
    await erase(session, asked)
    first = await due(session)
    assert (first.erased, first.waiting) == (0, 2)
    await read(rig)
    assert await balanced(rig, campaign) == {"waiting": 6, "in_doubt": 3, "excluded": 1}
    again = await due(session)
    assert (again.erased, again.waiting) == (1, 1)
    assert await found(rig.conn, asked[1]) == set()
    assert "erased" in [row["reason"] for row in await rig.conn.fetch("SELECT reason FROM exclusion")]
    await days_pass(rig.conn)
    assert (await due(session)).waiting == 1  # it may be on the wire
    await rig.conn.execute("UPDATE slice SET answered = '\\x0200', retry = '\\x0000'")
    assert (await due(session)).erased == 1
    assert await found(rig.conn, asked[0]) == set()


async def test_what_they_write_meanwhile(quiet: Rig) -> None:
    """A message that nobody read yet is read first."""
    rig = quiet
    session = Session(rig.conn, rig.config)
    await erase(session, [FIRST])
    await came(rig, b"STOP")
    assert (await due(session)).waiting == 1
    assert [row["effect"] for row in await read(rig)] == ["no_subscriber"]
    assert (await due(session)).erased == 1
    assert await found(rig.conn, FIRST) == set()


async def test_no_import_brings_them_back(quiet: Rig, tmp_path: Path) -> None:
    rig = quiet
    session = Session(rig.conn, rig.config)
    await erase(session, [FIRST])
    await due(session)
    people = tmp_path / "people.csv"
    people.write_text(f"msisdn\n+{FIRST}\n0{str(FIRST + 1)[2:]}\n")
    done = await import_file(rig.conn, rig.config, people, tmp_path / "refused.csv")
    assert (dict(done.refused), done.lines) == ({"erased": 1}, 2)
    assert (
        str(FIRST) in (tmp_path / "refused.csv").read_text()
    )  # the operator's own file, which they may mend
    async with acting(rig.conn, "an"):
        assert await erasure.may_return(session, [FIRST]) == 1
    done = await import_file(rig.conn, rig.config, people, tmp_path / "refused.csv")
    assert (dict(done.refused), done.imported) == ({}, 1)


async def test_no_list_of_numbers_has_them(session: Session, conn: asyncpg.Connection) -> None:
    async with acting(conn, "an"):
        await lists.replace(conn, "hospital", None, np.array([*SOME, OTHER]), "a.csv")
        await lists.replace(conn, "ward", None, np.array(SOME[:1]), "b.csv")
    assert "list_member.msisdns" in await found(conn, SOME[0])
    await erase(session, SOME)
    assert (await lists.members(conn, "hospital")).tolist() == [OTHER]
    assert (await lists.members(conn, "ward")).tolist() == []
    assert (await due(session)).erased == len(SOME)
    async with acting(conn, "an"):
        await lists.add(conn, "ward", None, np.array([SOME[1], OTHER]), "c.csv")
    assert (await lists.members(conn, "ward")).tolist() == [OTHER]
    assert not any((await found_each(conn, SOME)).values())


async def test_an_import_that_began_before(quiet: Rig, database_url: str) -> None:
    """It may have read the number already: the list is looked through again when it has ended."""
    rig = quiet
    session = Session(rig.conn, rig.config)
    other = await asyncpg.connect(database_url)
    await other.fetchval(sql("import_lock_session"))
    await erase(session, [FIRST])
    await rig.subscribers("viettel", 1, FIRST)
    assert (await due(session)).waiting == 1
    await rig.subscribers("viettel", 1, FIRST)
    await other.close()
    assert (await due(session)).erased == 1
    assert await found(rig.conn, FIRST) == set()


async def test_not_a_nation_in_a_day(session: Session, conn: asyncpg.Connection) -> None:
    with pytest.raises(RefusedError, match="not more than 1000 numbers"):
        await erase(session, range(FIRST, FIRST + 1001))
    assert await conn.fetchval("SELECT count(*) FROM erasure") == 0
    await erase(session, range(FIRST, FIRST + 1000))
    with pytest.raises(RefusedError):
        await erase(session, [FIRST + 2000])
    await erase(session, [FIRST])  # asked for already
    async with acting(conn, "lan"):
        with pytest.raises(RefusedError):
            await erasure.erase(session, [FIRST + 5])


async def test_the_chain_says_how_many(session: Session, conn: asyncpg.Connection) -> None:
    await make_campaign(conn)
    await erase(session, SOME)
    await due(session)
    acts = await conn.fetch("SELECT who, what, details::text AS details FROM act ORDER BY act_no")
    assert [(row["who"], row["what"], row["details"]) for row in acts[-2:]] == [
        ("an", "erasure asked for", '{"numbers": 6}'), ("w", "erased", '{"numbers": 6}'),
    ]  # fmt: skip


async def test_what_is_known_of_one(session: Session, conn: asyncpg.Connection, tmp_path: Path) -> None:
    number = CampaignId(await make_campaign(conn))
    await live(conn, SOME[:1], random.Random(1))
    async with acting(conn, "lan"):
        told = await erasure.export(session, SOME[0])
    assert told["subscriber"]["opted_out_at"] is not None
    assert [each["text"] for each in told["replies"]] == ["I am well", ""]
    (campaign,) = told["campaigns"]
    assert campaign["campaign"] == "typhoon"
    assert campaign["history"][-1]["state"] == "delivered"
    await archive(conn, number, tmp_path, drop=True)
    async with acting(conn, "lan"):
        (campaign,) = (await erasure.export(session, SOME[0]))["campaigns"]
    assert (campaign["state"], campaign["smsc_ids"]) == ("delivered", "10 11")
    acts = await conn.fetch("SELECT who, what, details::text AS details FROM act")
    assert [tuple(row) for row in acts if row["what"] == "numbers read"] == [
        ("lan", "numbers read", '{"read": "export", "numbers": 1}')
    ] * 2


async def test_digests_say_nothing_without_the_key(session: Session, conn: asyncpg.Connection) -> None:
    await erase(session, SOME)
    await due(session)
    key = await erased.key(conn)
    row = await conn.fetchrow("SELECT * FROM erasure ORDER BY erasure_no LIMIT 1")
    assert row["msisdn"] is None and row["done_at"] is not None
    assert row["digest"] == erased.digest(key, SOME[0]) != erased.digest(bytes(32), SOME[0])
    assert len(key) == 32


def test_a_file_of_numbers(tmp_path: Path, config: Config) -> None:
    file = tmp_path / "those.csv"
    file.write_text("msisdn,why\n0912 345 678,asked\n+84912345678,again\n\n0320000001\n")
    assert numbers_in(config.country, file) == [84912345678, 84320000001]
    file.write_text("0912345678\n12\n")
    with pytest.raises(InputError, match="line 2: too short"):
        numbers_in(config.country, file)
    file.write_text("msisdn\n")
    with pytest.raises(InputError, match="no number"):
        numbers_in(config.country, file)


# every column that may hold numbers of people, packed or not, and where it is seen to
SEEN_TO = {
    "subscriber.msisdn", "slice.msisdns", "exclusion.msisdns", "in_doubt.msisdn", "import_staging.msisdn",
    "opt_out.msisdn", "inbound.msisdn", "inbound.payload", "reply.msisdn", "quarantine.pdu", "received.packed",
    "parked.packed", "erasure.msisdn", "list_member.msisdns",
    "do_not_call.msisdn", "consent.msisdn", "port.msisdn", "set_aside.msisdn", "failing.packed",
}  # fmt: skip
NO_NUMBERS = {  # ids of segments, places, bitmaps, hashes, keys; what authorities wrote
    "sent.packed", "result.packed", "withdrawn.packed", "slice.answered", "slice.retry", "parked.taken", "act.hash",
    "act.before", "approval.hash", "campaign.approved_hash", "campaign_version.hash", "quarantine.digest",
    "erasure.digest", "erasure_key.key", "alert_message.octets", "schema_migration.checksum",
    "unfinished_import.file_digest", "in_doubt.first_ids", "area.geometry",
}  # fmt: skip


async def test_each_column_is_thought_of(conn: asyncpg.Connection) -> None:
    """Of a new one that may hold numbers: see to it in ledger/erasure.py or actions/erasure.py, and name it here."""
    rows = await conn.fetch(
        """SELECT c.relname || '.' || a.attname AS place
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
              AND NOT a.attisdropped
              AND (format_type(a.atttypid, NULL) IN ('bigint[]', 'bytea', 'bytea[]')
                   OR a.attname ~ '(msisdn|number)')"""
    )
    assert {row["place"] for row in rows} - NO_NUMBERS == SEEN_TO


async def test_of_several_ledgers(nation: NationWorld) -> None:
    """Each has its rows and its archive; home the list and who opted out."""
    await nation.simulate(*CARRIERS, people=40)
    await nation.begin(TWO)
    for each in TWO:
        nation.work(each)
    name = (await nation.rig.approved(CARRIERS)).name
    await nation.finish(await by("an", launching.launch, nation.session, name))
    those = [NATION_FIRST + 3, NATION_FIRST + 1_000_005]
    conns = [nation.rig.conn, *nation.conns.values()]
    home, *ledgers = [await found_each(conn, those) for conn in conns]
    assert all(home.values())
    assert all(any(each[number] for each in ledgers) for number in those)
    await erase(nation.session, those)
    assert (await due(nation.session)).erased == 2
    for conn in conns:
        assert not any((await found_each(conn, those)).values())
    assert (await everything(nation.rig.conn, name, nation.rig.config)).audit.balanced


@pytest.fixture
def typed(database_env: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the database and Vietnam."""
    monkeypatch.setenv("BROADCAST_CONFIG", "config/vietnam.toml")


async def test_a_visitor_is_exported_and_erased_too(
    conn: asyncpg.Connection, typed: None, tmp_path: Path
) -> None:
    visitor = 8613800138000
    async with acting(conn, "an"):
        await lists.replace(conn, "visitors", "viettel", np.array([visitor], np.int64), "file")

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, broadcast, ["subscriber", *words])

    done = await run("export", f"+{visitor}", "--as", "an", "--file", f"{tmp_path}/answer.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "answer.json").read_text())["lists"] == ["visitors"]
    (tmp_path / "those.csv").write_text(f"msisdn\n+{visitor}\n")
    done = await run("erase", "--file", f"{tmp_path}/those.csv", "--as", "an")
    assert done.exit_code == 0, done.output
    assert len(await lists.members(conn, "visitors")) == 0


async def test_each_read_is_an_act(conn: asyncpg.Connection, typed: None, tmp_path: Path) -> None:
    """Of whole numbers, and of who is on the list."""
    await make_campaign(conn)
    await live(conn, SOME[:1], random.Random(1))
    for words in (
        ["subscriber", "show", f"{SOME[0]}"],
        ["subscriber", "export", f"{SOME[0]}", "--file", f"{tmp_path}/answer.json"],
        ["campaign", "doubts", "typhoon", "--reveal"],
        ["campaign", "report", "typhoon", "--recipients", f"{tmp_path}/all.csv", "--reveal"],
        ["campaign", "replies", "typhoon", "--reveal"],
        ["campaign", "audit", "typhoon", "--differences", f"{tmp_path}/differences.csv"],
        ["campaign", "doubts", "typhoon"],
        ["campaign", "replies", "typhoon"],
    ):
        done = await asyncio.to_thread(CliRunner().invoke, broadcast, words)
        assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "answer.json").read_text())["msisdn"] == str(SOME[0])
    acts = await conn.fetch("SELECT what, details FROM act ORDER BY act_no")
    assert [json.loads(row["details"]) for row in acts if row["what"] == "numbers read"] == [
        {"read": "subscriber", "numbers": 1},
        {"read": "export", "numbers": 1},
        {"read": "doubts", "numbers": 2, "campaign": 1},
        {"read": "recipients", "numbers": 17, "campaign": 1},
        {"read": "replies", "numbers": 3, "campaign": 1},
        {"read": "differences", "numbers": 0, "campaign": 1},
    ]
    assert not any(f"{SOME[0]}"[2:] in row["details"] for row in acts)


async def test_as_an_operator_types_it(conn: asyncpg.Connection, typed: None, tmp_path: Path) -> None:
    await make_campaign(conn)
    await live(conn, SOME[:2], random.Random(1))
    those = tmp_path / "those.csv"

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, broadcast, ["subscriber", *words])

    for words, wrong in (
        ([], "give a NUMBER"),
        (["0320000000", "--due"], "give a NUMBER"),
        (["12"], "too short"),
    ):
        done = await run("erase", *words)
        assert done.exit_code and wrong in f"{done.output} {done.exception}", done.output
    done = await run("erase", "0320 000 000", "--as", "an")
    assert "1 to be erased, 1 of them anew; 1 were on the list" in done.output, done.output
    those.write_text(f"{SOME[1]}\n")
    done = await run("erase", "--file", str(those), "--json", "--as", "an")
    assert json.loads(done.output) == {"numbers": 1, "asked": 1, "subscribers": 1}
    done = await run("erase", "--due", "--as", "w")
    assert "erased everywhere: 2" in done.output, done.output
    done = await run("erase", "0320000000", "--undo", "--as", "an")
    assert "1 may be imported again" in done.output, done.output
