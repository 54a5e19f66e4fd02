"""Archiving a campaign: nothing is lost on the way into the files, and nothing goes before they are proved."""

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from integration.archive_world import LAUNCH, UUIDS, make_campaign
from integration.reported import report
from integration.visited import counted, explained

from broadcast.archive import move as archiving
from broadcast.archive.books import books_of, live_books
from broadcast.archive.move import archive, moved
from broadcast.archive.place import Place, place_of
from broadcast.archive.read import ArchiveError, digest, load, load_at
from broadcast.cli.main import broadcast
from broadcast.errors import AuditError, BroadcastError, InputError, RefusedError
from broadcast.reports.audit import audit
from broadcast.reports.everything import everything
from broadcast.reports.recipients import recipients

TABLES = ("slice", "sent", "result", "outcome", "exclusion", "in_doubt")
FILE = "recipients-1.parquet"


@pytest.fixture
async def campaign_id(conn: asyncpg.Connection) -> int:
    return await make_campaign(conn)


def content(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def rows(conn: asyncpg.Connection) -> dict[str, int]:
    return {table: await conn.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def answers(conn: asyncpg.Connection, campaign_id: int) -> dict[str, Any]:
    """What the campaign's books say, whichever they are; who expired unsent at which carrier, if anybody did."""
    async with conn.transaction():
        books = await books_of(conn, campaign_id)
        ends = await books.ends(LAUNCH, 5)
        everybody = [
            (people.carrier_no, people.carrier, *row)
            async for people in books.people()
            for row in people.rows()
        ]
        return {
            "counted": await books.counted(),
            "problems": list(await books.problems()),
            "outcomes": Counter(ends.outcomes),
            "sent": ends.sent,
            "exclusions": list(await books.exclusions()),
            "never_sent": {name: count for name, count in (await books.never_sent()).items() if count},
            "doubts": Counter(await books.doubts()),
            "doubted": list(await books.doubted()),
            "resent": await books.resent(),
            "people": Counter(everybody),
        }


async def test_an_archive_says_what_the_rows_said(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    before = await report(conn, "typhoon")
    people = sorted([each async for each in recipients(conn, campaign_id)], key=lambda each: each.msisdn)
    ours = await answers(conn, campaign_id)
    balance = await audit(conn, campaign_id)
    assert balance.balanced, balance.problems

    done = await archive(conn, campaign_id, tmp_path, drop=True)

    assert (done.place, done.recipients, done.dropped) == (tmp_path / "typhoon.archive", 17, True)
    assert set((await rows(conn)).values()) == {0}
    after = await report(conn, "typhoon")
    assert [each.event for each in after.events] == ["drafted", "archived"]
    assert replace(after, events=before.events, progress=before.progress) == before
    assert after.progress.carriers == before.progress.carriers
    assert (
        sorted([each async for each in recipients(conn, campaign_id)], key=lambda each: each.msisdn) == people
    )
    assert len({each.msisdn for each in people}) == 17
    assert await audit(conn, campaign_id) == balance
    assert await answers(conn, campaign_id) == ours
    found = load(done.place)
    assert [each.shape.kind for each in found.parts] == ["decimal", "uuid", "text", "decimal"]


async def test_a_report_and_its_audit_read_the_books_once(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive(conn, campaign_id, tmp_path, drop=True)
    whole = await report(conn, "typhoon"), await audit(conn, campaign_id)
    read: list[Place] = []
    monkeypatch.setattr("broadcast.archive.read.load_at", lambda place: read.append(place) or load_at(place))
    found = await everything(conn, "typhoon")
    assert len(read) == 1
    assert (replace(found.report, progress=whole[0].progress), found.audit) == whole


async def test_the_files_stand_alone(conn: asyncpg.Connection, campaign_id: int, tmp_path: Path) -> None:
    place = (await archive(conn, campaign_id, tmp_path, drop=False)).place
    lines = pq.read_table(place / "recipients-2.parquet").to_pylist()
    assert [(each["ordinal"], each["carrier"], each["state"]) for each in lines] == [
        (0, "vinaphone", 8), (1, "vinaphone", 8), (2, "vinaphone", 4), (3, "vinaphone", 9),
    ]  # fmt: skip
    assert [lines[0][f"smsc_id_{n}"].hex() for n in (1, 2)] == [each.replace("-", "") for each in UUIDS]
    assert lines[1]["smsc_id_2"] is None
    (campaign,) = pq.read_table(place / "campaign.parquet").to_pylist()
    assert (campaign["name"], campaign["audience"], campaign["text"]) == ("typhoon", 17, "x")
    assert pq.read_table(place / "events.parquet").num_rows == 1
    assert pq.read_table(place / "tallies.parquet").num_rows == 4
    doubts = pq.read_table(place / "doubts.parquet").to_pylist()
    assert [(each["carrier"], each["msisdn"], each["ended_as"]) for each in doubts] == [
        ("viettel", 84320000005, "resent"),
        ("vinaphone", 84810000002, "closed"),
    ]


async def test_without_drop_everything_stays(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    before = await rows(conn)
    first = await archive(conn, campaign_id, tmp_path, drop=False)
    assert (await rows(conn), first.dropped) == (before, False)
    assert await place_of(conn, campaign_id) is None
    made = (first.place / "manifest.json").stat().st_mtime_ns
    assert (await archive(conn, campaign_id, tmp_path, drop=True)).dropped
    assert (first.place / "manifest.json").stat().st_mtime_ns == made
    with pytest.raises(RefusedError, match="archived already"):
        await archive(conn, campaign_id, tmp_path, drop=True)


async def test_another_campaign_keeps_its_rows(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    await conn.execute("UPDATE campaign SET name = 'other'")
    other = await conn.fetchval(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, drafted_by, launched_at, finished_at,
                                 state, audience)
           VALUES
             ('quiet', 'routine', 1, 'x', 'x', 'gsm0338', '{}', false, 'hold', 0, now(), 'an', now(), now(),
              'finished', 0)
           RETURNING campaign_id"""
    )
    before = await rows(conn)
    done = await archive(conn, other, tmp_path, drop=True)
    assert (done.recipients, await rows(conn)) == (0, before)
    assert (await audit(conn, other)).balanced
    assert (await report(conn, "quiet")).exclusions == ()


async def test_books_that_do_not_balance_are_not_archived(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    await conn.execute("DELETE FROM result WHERE slice_id = 1")
    with pytest.raises(AuditError, match="do not balance"):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert content(tmp_path) == []


async def test_rows_that_changed_since_are_not_dropped(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    await archive(conn, campaign_id, tmp_path, drop=False)
    await conn.execute(
        r"""UPDATE sent SET packed = overlay(packed placing '\x3136' from position('\x3135'::bytea in packed))
             WHERE position('\x3135'::bytea in packed) > 0"""  # an id is 16, no longer 15
    )
    before = await rows(conn)
    with pytest.raises(ArchiveError, match="not this campaign as it is now, nothing was dropped"):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert await rows(conn) == before


async def test_a_receipt_between_the_files_and_the_drop(
    conn: asyncpg.Connection,
    campaign_id: int,
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = await rows(conn)
    late = await asyncpg.connect(database_url)
    drop = archiving._drop

    async def drop_after_a_receipt(*arguments: object) -> None:
        await late.execute(
            "UPDATE tally SET unknown = unknown - 1, delivered = delivered + 1 WHERE carrier_no = 2"
        )
        await drop(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving, "_drop", drop_after_a_receipt)
    with pytest.raises(RefusedError, match="a receipt for typhoon came meanwhile, nothing was dropped"):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert await rows(conn) == before
    await late.close()


async def test_rows_that_appear_between(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tallies that say nothing of it: the number of dropped rows does."""
    drop = archiving._drop

    async def drop_after_a_row(connection: asyncpg.Connection, *arguments: object) -> None:
        await connection.execute("INSERT INTO result SELECT slice_id, no + 1, packed FROM result LIMIT 1")
        await drop(connection, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving, "_drop", drop_after_a_row)
    before = await rows(conn)
    with pytest.raises(AuditError, match="nothing was dropped"):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert await rows(conn) == {**before, "result": before["result"] + 1}


@pytest.mark.parametrize("analysed", [False, True])
async def test_rows_of_other_campaigns_are_not_read(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path, analysed: bool
) -> None:
    """Tables never analysed, and analysed while they were small."""
    if analysed:
        await conn.execute("ANALYZE")
    await conn.execute(
        "INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,"
        " in_doubt_policy, grace_s, expires_at, drafted_by)"
        " SELECT 'other', category, priority, sender, text, alphabet, carriers, hears_opted_out,"
        " in_doubt_policy, grace_s, expires_at, drafted_by FROM campaign"
    )
    await conn.execute(
        "INSERT INTO slice (campaign_id, carrier_no, total, msisdns)"
        " SELECT campaign_id, 1, 1, '{84320000001}' FROM campaign, generate_series(1, 3000) WHERE name = 'other'"
    )
    await conn.execute(
        "INSERT INTO sent SELECT 1, 9, slice_id, slice_id, 0, 0, '' FROM slice WHERE slice_id > 4"
    )
    await conn.execute("INSERT INTO result SELECT slice_id, 9, '' FROM slice WHERE slice_id > 4")
    await explained(conn)
    with counted(conn) as visits:
        assert (await archive(conn, campaign_id, tmp_path, drop=False)).recipients == 17
        async with conn.transaction():
            await live_books(conn, campaign_id).drop()
    assert visits["recount_sent"] > 0 < visits["packed_drop_sent"]
    assert sum(rows for name, rows in visits.items() if name.startswith(("recount_", "packed_"))) < 1000, (
        visits
    )


async def test_a_damaged_file_is_noticed(conn: asyncpg.Connection, campaign_id: int, tmp_path: Path) -> None:
    place = (await archive(conn, campaign_id, tmp_path, drop=False)).place
    whole = (place / FILE).read_bytes()
    (place / FILE).write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    before = await rows(conn)
    with pytest.raises(ArchiveError, match=rf"damaged: {FILE} is not what was written"):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert await rows(conn) == before
    (place / FILE).write_bytes(whole)
    await archive(conn, campaign_id, tmp_path, drop=True)
    (place / FILE).write_bytes(whole[:-1])
    with pytest.raises(ArchiveError, match="damaged"):
        await report(conn, "typhoon")
    (place / FILE).unlink()
    with pytest.raises(ArchiveError, match=f"is not there \\({FILE} is missing\\)"):
        await audit(conn, campaign_id)
    (place / "manifest.json").write_text("{}")
    with pytest.raises(ArchiveError, match=r"manifest.json cannot be read"):
        await audit(conn, campaign_id)


async def test_rows_that_are_not_what_the_manifest_sums(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path
) -> None:
    """A file that is whole and says something else: by its own digest it is right."""
    place = (await archive(conn, campaign_id, tmp_path, drop=True)).place
    table = pq.read_table(place / FILE)
    changed = table.set_column(3, "msisdn", [[number + 1 for number in table["msisdn"].to_pylist()]])
    pq.write_table(changed.cast(table.schema), place / FILE)
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["carriers"][0]["sha256"] = digest(place / FILE)
    (place / "manifest.json").write_text(json.dumps(manifest))
    found = await audit(conn, campaign_id)
    assert not found.balanced
    assert "viettel delivered: the archive's rows are not what was archived" in found.problems
    manifest["carriers"][0]["states"]["8"][1] += 1
    (place / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArchiveError, match="not the one that was made of this campaign"):
        await audit(conn, campaign_id)
    (place / FILE).write_bytes(b"PAR1")
    manifest["carriers"][0]["sha256"] = digest(place / FILE)
    (place / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArchiveError, match="no Parquet that can be read"):
        load(place).problems()


async def test_an_archive_that_moved(conn: asyncpg.Connection, campaign_id: int, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    assert await moved(conn, campaign_id, tmp_path / "one") is None
    done = await archive(conn, campaign_id, tmp_path / "one", drop=True)
    assert await moved(conn, campaign_id, tmp_path / "one") is None
    done.place.rename(tmp_path / "two" / done.place.name)
    with pytest.raises(ArchiveError, match="the folder is missing"):
        await report(conn, "typhoon")
    with pytest.raises(ArchiveError, match="the folder is missing"):
        await moved(conn, campaign_id, tmp_path)
    again = await moved(conn, campaign_id, tmp_path / "two")
    assert again == replace(done, place=tmp_path / "two" / "typhoon.archive")
    assert (await report(conn, "typhoon")).campaign.audience == 17


async def test_a_folder_that_is_not_there(conn: asyncpg.Connection, campaign_id: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        await archive(conn, campaign_id, tmp_path / "none", drop=True)
    assert (await rows(conn))["slice"] == 4


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process grows beyond 2000 octets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_is_full(
    conn: asyncpg.Connection, campaign_id: int, tmp_path: Path, small_disk: None
) -> None:
    before = await rows(conn)
    with pytest.raises(
        BroadcastError, match=r"cannot write the archive to .*, nothing was dropped: File too large"
    ):
        await archive(conn, campaign_id, tmp_path, drop=True)
    assert content(tmp_path) == []
    assert await rows(conn) == before


def command(*words: str) -> Result:
    return CliRunner().invoke(broadcast, ["campaign", *words], catch_exceptions=True)


def test_the_command(campaign_id: int, database_env: str, tmp_path: Path) -> None:
    archived_doubts = json.loads(command("doubts", "typhoon", "--reveal", "--json").stdout)
    first = command("archive", "typhoon", "--to", str(tmp_path), "--as", "an")
    assert first.exit_code == 0, first.output
    assert "typhoon is archived and proved: 17 recipients" in first.stdout
    assert "still in the database: --drop" in first.stdout
    done = json.loads(command("archive", "typhoon", "--to", str(tmp_path), "--drop", "--json").stdout)
    assert (done["recipients"], done["dropped"]) == (17, True)
    people = tmp_path / "people.csv"
    shown = command("report", "typhoon", "--json", "--recipients", str(people), "--reveal")
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["audit"] == {"balanced": True, "problems": []}
    assert "viettel,84320000001,delivered,2026-03-01T08:00:17.300001+00:00," in people.read_text()
    assert len(people.read_text().splitlines()) == 18
    assert "the books balance: 17 recipients" in command("audit", "typhoon").stdout
    assert archived_doubts == json.loads(command("doubts", "typhoon", "--reveal", "--json").stdout) != []
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "typhoon.archive").rename(tmp_path / "elsewhere" / "typhoon.archive")
    assert isinstance(command("report", "typhoon").exception, ArchiveError)
    assert command("archive", "typhoon", "--to", str(tmp_path / "elsewhere")).exit_code == 0
    assert command("report", "typhoon").exit_code == 0


def test_an_unfinished_campaign_is_refused(campaign_id: int, database_env: str, tmp_path: Path) -> None:
    async def reopen() -> None:
        connection = await asyncpg.connect(database_env)
        await connection.execute("UPDATE campaign SET state = 'running', finished_at = NULL")
        await connection.close()

    asyncio.run(reopen())
    refused = command("archive", "typhoon", "--to", str(tmp_path)).exception
    assert isinstance(refused, RefusedError)
    assert (refused.exit_code, "only a finished campaign is archived" in str(refused)) == (3, True)
    assert content(tmp_path) == []
