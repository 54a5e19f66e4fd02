"""Importing real files into a real database: what counts, what is refused, and that nothing is half done."""

import asyncio
import csv
import gzip
import io
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pyarrow
import pyarrow.parquet
import pytest

from broadcast.audience import subscribers
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.carriers import carrier_numbers, sync_carriers
from broadcast.audience.generator import Generator
from broadcast.audience.importer import ImportResult, import_file
from broadcast.config import Bind, Carrier, Config
from broadcast.errors import InputError, RefusedError
from broadcast.store.pool import connect


class Desk:
    """An operator's desk: writes a file, imports it, reads what was refused."""

    def __init__(self, conn: asyncpg.Connection, config: Config, folder: Path) -> None:
        self.conn, self.config, self.folder = conn, config, folder
        self.refused_file = folder / "refused.csv"

    async def give(self, content: str | bytes) -> ImportResult:
        path = self.folder / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return await import_file(self.conn, self.config, path, self.refused_file)

    def refused(self) -> list[list[str]]:
        with self.refused_file.open(encoding="utf-8-sig", newline="") as source:
            return list(csv.reader(source))[1:]

    async def known(self) -> dict[int, tuple[str, bool, bool]]:
        """Carrier, ported, opted out by MSISDN."""
        rows = await self.conn.fetch(
            "SELECT msisdn, hash_bucket, name, ported, opted_out_at"
            " FROM subscriber JOIN carrier USING (carrier_no)"
        )
        assert all(row["hash_bucket"] == row["msisdn"] % 64 for row in rows)
        return {row["msisdn"]: (row["name"], row["ported"], row["opted_out_at"] is not None) for row in rows}

    async def untouched(self) -> None:
        for table in ("subscriber", "subscriber_import", "import_staging"):
            assert await self.conn.fetchval(f"SELECT count(*) FROM {table}") == 0
        assert not self.refused_file.exists()
        assert not list(self.folder.glob("*.part"))


@pytest.fixture
def desk(conn: asyncpg.Connection, config: Config, tmp_path: Path) -> Desk:
    return Desk(conn, config, tmp_path)


async def test_a_dirty_file(desk: Desk) -> None:
    done = await desk.give(
        "name,msisdn,carrier,opted_out\r\n"
        "An,0912345678,,\r\n"
        "Bình,+84 33 123 4567,,no\r\n"
        "An again,0084912345678,,\r\n"
        "ported,0912345679,Viettel,\r\n"
        "out,0912345670,,YES\r\n"
        "landline,02438221234,,\r\n"
        '"quoted, with comma","0901234567",,\r\n'
        "short line,0901234568\r\n"
        "long line,0901234569,,,too long\r\n"
        "odd carrier,0901234569,acme,\r\n"
        "odd opt-out,0901234569,,perhaps\r\n"
        'x,0901234569,,"unmatched"x\r\n'
        "\r\n"
        "nul,09\x0012345671,,\r\n"
        f"{'x' * 5000},0901234569,,\r\n"
        "last,0921234567,,"
    )
    assert (done.lines, done.imported, done.updated, done.duplicate) == (16, 7, 0, 1)
    assert done.refused == {
        "empty": 1,
        "garbage": 1,
        "line_too_long": 1,
        "too_long": 1,
        "unclear_opted_out": 1,
        "unknown_carrier": 1,
        "unmatched_quote": 1,
        "wrong_columns": 1,
    }
    assert await desk.known() == {
        84912345678: ("vinaphone", False, False),
        84331234567: ("viettel", False, False),
        84912345679: ("viettel", True, False),
        84912345670: ("vinaphone", False, True),
        84901234567: ("mobifone", False, False),
        84901234568: ("mobifone", False, False),
        84921234567: ("vietnamobile", False, False),
    }
    lines = desk.refused()
    assert [(line[0], line[1]) for line in lines] == [
        ("7", "too_long"),
        ("10", "wrong_columns"),
        ("11", "unknown_carrier"),
        ("12", "unclear_opted_out"),
        ("13", "unmatched_quote"),
        ("14", "empty"),
        ("15", "garbage"),
        ("16", "line_too_long"),
    ]
    assert lines[0][2:] == ["landline", "02438221234", "", ""]
    assert stat.S_IMODE(desk.refused_file.stat().st_mode) == 0o600
    assert await desk.conn.fetchval("SELECT count(*) FROM import_staging") == 0


async def test_again(desk: Desk) -> None:
    await desk.give("msisdn,carrier,opted_out\n0912345678,,yes\n0912345679,,\n")
    first = (await subscribers.find(desk.conn, 84912345678)).opted_out_at
    done = await desk.give("msisdn,carrier\n0912345678,mobifone\n0912345671,\n0912345671,viettel\n")
    assert (done.lines, done.imported, done.updated, done.duplicate, done.refused) == (3, 1, 1, 1, {})
    assert await desk.known() == {
        84912345678: ("mobifone", True, True),  # an import never lifts an opt-out
        84912345679: ("vinaphone", False, False),
        84912345671: ("viettel", True, False),  # the last line counts
    }
    assert (await subscribers.find(desk.conn, 84912345678)).opted_out_at == first
    past = await subscribers.past_imports(desk.conn, 5)
    assert [(each.import_no, each.lines, each.updated) for each in past] == [(2, 3, 1), (1, 2, 0)]


async def test_an_opt_out_in_any_line_holds(desk: Desk) -> None:
    await desk.give("msisdn;opted_out\n0912345678;1\n0912345678;0\n")
    assert await desk.known() == {84912345678: ("vinaphone", False, True)}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_bom_and_delimiters(desk: Desk, bom: bytes, delimiter: str) -> None:
    done = await desk.give(bom + f"msisdn{delimiter}name\n0912345678{delimiter}Bình".encode())
    assert (done.lines, done.imported) == (1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"msisdn\n", "no lines"),
        ("msisdn\n0912345678\n".encode("utf-16"), "UTF-16"),
        ("msisdn\n0912345678\n".encode("utf-16-le"), "UTF-16"),
        (b"phone\n0912345678\n", "people.csv: .*must name the columns: msisdn"),
        (b"msisdn,opt-out\n0912345678,yes\n", "did you mean opted_out"),
        ("msisdn,name\n0912345678,An\n0912345679,B\xecnh\n".encode("latin-1"), "line 3.*not UTF-8"),
        (b"m\xff\xfesisdn\n1\n", "not UTF-8"),
        (b"msisdn\r0912345678\r0912345679\r", "carriage returns"),
        (b"x" * 10_000, "first line of more than 4096"),
        (
            b'msisdn,name\n0912345678,An\n0912345679,"B\n0912345670,C\n',
            "line 3.*a quote is opened and not closed",
        ),
        (b"msisdn\n" + b"0912345678\n" * 200_000 + b"\xff\n", "line 200002.*not UTF-8"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
async def test_files_that_cannot_be_used(desk: Desk, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        await desk.give(content)
    await desk.untouched()


async def test_missing_file_and_unwritable_place(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"cannot read .*No such file"):
        await import_file(desk.conn, desk.config, desk.folder / "none.csv", desk.refused_file)
    with pytest.raises(InputError, match="cannot read"):
        await import_file(desk.conn, desk.config, desk.folder, desk.refused_file)
    desk.refused_file = desk.folder / "nowhere" / "refused.csv"
    with pytest.raises(InputError, match="--refused FILE"):
        await desk.give("msisdn\n0912345678\n")
    await desk.untouched()


async def test_a_line_of_several_megabytes(desk: Desk) -> None:
    long = "ố".encode() * 1_500_000
    done = await desk.give(b"msisdn\n0912345678\nx" + long + b"\n0912345679\n" + long)
    assert (done.lines, done.imported, done.refused) == (4, 2, {"line_too_long": 2})
    assert [line[:2] for line in desk.refused()] == [["3", "line_too_long"], ["5", "line_too_long"]]
    assert all(len(line[2]) <= 200 for line in desk.refused())


async def test_one_import_at_a_time(desk: Desk, database_url: str) -> None:
    other = await connect(database_url)
    async with other.transaction():
        await other.fetchval("SELECT pg_advisory_xact_lock(7103)")
        with pytest.raises(RefusedError, match="another import is running"):
            await desk.give("msisdn\n0912345678\n")
    await other.close()
    await desk.untouched()


async def test_a_generated_list_is_accounted_for(desk: Desk) -> None:
    path = desk.folder / "people.csv"
    generator = Generator(desk.config.country, 20_000, seed=11)
    with path.open("w", encoding="utf-8", newline="") as sink:
        expected = generator.write(sink)
    done = await import_file(desk.conn, desk.config, path, desk.refused_file)
    assert (done.lines, done.imported, done.updated, done.duplicate) == (
        20_000,
        expected.imported,
        0,
        expected.duplicate,
    )
    assert done.refused == dict(expected.refused)
    assert len(desk.refused()) == sum(done.refused.values())
    counted = await subscribers.counts(desk.conn)
    assert {each.carrier: each.subscribers for each in counted} == dict(expected.subscribers)
    assert Counter({each.carrier: each.opted_out for each in counted}) == expected.opted_out
    again = await import_file(desk.conn, desk.config, path, desk.refused_file)
    assert (again.imported, again.updated, again.duplicate) == (0, done.imported, done.duplicate)


async def test_opting_out_and_in(desk: Desk) -> None:
    await desk.give("msisdn\n0912345678\n")
    out = await subscribers.set_opt_out(desk.conn, 84912345678, True)
    assert out.opted_out_at is not None
    assert (await subscribers.set_opt_out(desk.conn, 84912345678, True)).opted_out_at == out.opted_out_at
    assert (await subscribers.set_opt_out(desk.conn, 84912345678, False)).opted_out_at is None
    with pytest.raises(InputError, match="no subscriber"):
        await subscribers.set_opt_out(desk.conn, 84912345679, True)


async def test_carriers_follow_the_configuration(conn: asyncpg.Connection, config: Config) -> None:
    bind = Bind(host="h", port=1, system_id="s", sessions=3)
    more = Config(config.country, "BOYTE", {"viettel": Carrier(tps=50, binds=(bind,))})
    numbers = await sync_carriers(conn, config)
    assert set(numbers) == set(config.country.prefixes)
    assert await _slots(conn) == {"viettel": [0], "vinaphone": [0], "mobifone": [0]}
    assert await sync_carriers(conn, more) == numbers
    assert await _slots(conn) == {"viettel": [0, 1, 2]}
    tps = {row["name"]: row["tps"] for row in await conn.fetch("SELECT name, tps FROM carrier")}
    assert tps == dict.fromkeys(config.country.prefixes) | {"viettel": 50}
    assert await carrier_numbers(conn) == numbers


async def test_a_surplus_slot_stays_while_it_is_held(conn: asyncpg.Connection, config: Config) -> None:
    await sync_carriers(conn, config)
    worker_no = await conn.fetchval(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('h', 1, now()) RETURNING worker_no"
    )
    await conn.execute(
        "UPDATE bind_slot SET worker_no = $1 FROM carrier"
        " WHERE carrier.carrier_no = bind_slot.carrier_no AND name = $2",
        worker_no,
        "viettel",
    )
    nothing = Config(config.country, "BOYTE", {})
    await sync_carriers(conn, nothing)
    assert await _slots(conn) == {"viettel": [0]}
    await conn.execute("UPDATE bind_slot SET worker_no = NULL")
    await sync_carriers(conn, nothing)
    assert await _slots(conn) == {}


async def test_another_tps_is_warned_of(
    conn: asyncpg.Connection, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    await sync_carriers(conn, config)
    await sync_carriers(conn, config)
    assert not caplog.messages
    slower = {"viettel": replace(config.carriers["viettel"], tps=5), "mobifone": config.carriers["mobifone"]}
    await sync_carriers(conn, replace(config, carriers=slower))
    assert sorted(caplog.messages) == [
        "tps_changed carrier=viettel before=1000 after=5",
        "tps_changed carrier=vinaphone before=1000",
    ]


async def test_an_import_with_less_configuration_disconnects_nobody(desk: Desk) -> None:
    await sync_carriers(desk.conn, desk.config)
    desk.config = Config(desk.config.country, "BOYTE")
    await desk.give("msisdn\n0912345678\n")
    assert await desk.conn.fetchval("SELECT count(*) FROM carrier WHERE tps = 1000") == 3
    assert await _slots(desk.conn) == {"viettel": [0], "vinaphone": [0], "mobifone": [0]}


async def test_two_at_once_agree(database_url: str, config: Config) -> None:
    pair = [await connect(database_url) for _ in range(2)]
    first, second = await asyncio.gather(*(sync_carriers(each, config) for each in pair))
    assert first == second
    for each in pair:
        await each.close()


async def _slots(conn: asyncpg.Connection) -> dict[str, list[int]]:
    rows = await conn.fetch(
        "SELECT name, array_agg(slot_no ORDER BY slot_no) AS slots"
        " FROM bind_slot JOIN carrier USING (carrier_no) GROUP BY name"
    )
    return {row["name"]: row["slots"] for row in rows}


def _parquet(**columns: object) -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return sink.getvalue()


def _zstandard(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))


LIST = b"msisdn,carrier,opted_out\n0912345678,,yes\n+84 33 123 4567,mobifone,\n02438221234,,\n0912345678,,\n"
KNOWN = {84912345678: ("vinaphone", False, True), 84331234567: ("mobifone", True, False)}


@pytest.mark.parametrize("pack", [gzip.compress, _zstandard], ids=["gzip", "zstandard"])
async def test_compressed_files(desk: Desk, pack: Callable[[bytes], bytes]) -> None:
    done = await desk.give(pack(LIST))
    assert (done.lines, done.imported, done.duplicate, done.refused) == (4, 2, 1, {"too_long": 1})
    assert await desk.known() == KNOWN


@pytest.mark.parametrize("pack", [gzip.compress, _zstandard], ids=["gzip", "zstandard"])
async def test_a_compressed_file_that_is_cut_short_changes_nothing(
    desk: Desk, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(b"msisdn\n" + b"".join(b"0912%06d\n" % (n * 7919 % 1_000_000) for n in range(300_000)))
    with pytest.raises(InputError, match=r"people\.csv is damaged or cut short"):
        await desk.give(packed[: len(packed) // 2])
    await desk.untouched()


async def test_parquet(desk: Desk) -> None:
    done = await desk.give(
        _parquet(
            name=["An", None, "Bo", "Chi"],
            opted_out=[True, None, False, False],
            msisdn=["0912345678", "+84 33 123 4567", "02438221234", "0912345678"],
            carrier=pyarrow.array([None, "mobifone", None, None]).dictionary_encode(),
        )
    )
    assert (done.lines, done.imported, done.duplicate, done.refused) == (4, 2, 1, {"too_long": 1})
    assert await desk.known() == KNOWN
    assert desk.refused() == [["3", "too_long", "02438221234", "", "false"]]


async def test_parquet_with_whole_numbers(desk: Desk) -> None:
    assert (await desk.give(_parquet(msisdn=[84912345678, None, 331234567]))).refused == {"empty": 1}
    assert set(await desk.known()) == {84912345678, 84331234567}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_parquet(phone=["0912345678"]), "no column msisdn"),
        (_parquet(msisdn=[84912345678.0]), "column msisdn holds double"),
        (_parquet(msisdn=["1"], optedout=["1"]), "did you mean opted_out"),
        (_parquet(msisdn=["0912345678"])[:-20], "damaged Parquet"),
    ],
)
async def test_parquet_that_cannot_be_used(desk: Desk, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        await desk.give(content)
    await desk.untouched()


async def test_batches_add_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches: repeated numbers across them are duplicates, the last line counts, opt-outs hold."""
    monkeypatch.setattr(Reader.batches, "__defaults__", (1000,))
    await desk.give("msisdn\n0911000001\n")
    lines = [
        f"0911{n % 70_000:06},{'1' if n == 5 else ''},{'viettel' if n >= 140_000 else ''}"
        for n in range(150_000)
    ]
    path = desk.folder / "people.csv"
    path.write_text("\n".join(["msisdn,opted_out,carrier", *lines]))
    seen: list[Batch] = []
    done = await import_file(desk.conn, desk.config, path, desk.refused_file, seen.append)
    assert (done.lines, done.imported, done.updated, done.duplicate) == (150_000, 69_999, 1, 80_000)
    assert len(seen) > 2 and seen[-1].lines == 150_000
    assert seen[-1].done == seen[-1].total == path.stat().st_size
    known = await desk.known()
    assert known[84911000005] == ("viettel", True, True)
    assert sum(ported for _, ported, _ in known.values()) == 10_000


async def test_an_import_that_is_stopped_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader.batches, "__defaults__", (1000,))
    path = desk.folder / "people.csv"
    path.write_text("msisdn\n" + "".join(f"0911{n:06}\n" for n in range(300_000)))
    first = asyncio.Event()
    task = asyncio.create_task(
        import_file(desk.conn, desk.config, path, desk.refused_file, lambda _: first.set())
    )
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.untouched()
