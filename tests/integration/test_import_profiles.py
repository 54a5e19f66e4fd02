"""Areas, languages and attributes of a list: who has which profile, beside a plain dictionary that says who should."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.actions import attribute as actions
from broadcast.actions.session import Session
from broadcast.audience import attributes, combining, subscribers, unfinished
from broadcast.audience.attributes import Kind
from broadcast.audience.batches import Batch, Reader
from broadcast.audience.cells import Unclear
from broadcast.audience.coverage import coverage
from broadcast.audience.generator import Facts, Generator
from broadcast.audience.importer import ImportResult, import_file
from broadcast.audience.merging import Merging
from broadcast.audience.profiles import all_profiles
from broadcast.audience.resumable import import_resumably
from broadcast.audience.staging import CARRIER_SHIFT, COMBINATION_SHIFT, collected, key
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError

FIRST = 84912345000
PLACES = ("area", "seen", "language")

Known = dict[int, dict[str, Any]]


class Desk:
    """Imports, and reads who has which profile."""

    def __init__(self, conn: asyncpg.Connection, config: Config, folder: Path) -> None:
        self.conn, self.config, self.folder = conn, config, folder

    async def give(self, content: str | bytes, **wanted: Kind) -> ImportResult:
        path = self.folder / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return await import_file(self.conn, self.config, path, self.folder / "refused.csv", wanted=wanted)

    async def known(self) -> Known:
        """What is known of each, without what is not."""
        profiles = {each.profile_no: each for each in await all_profiles(self.conn)}
        assert len(profiles) == len(
            {(p.area, p.seen, p.language, str(p.attributes)) for p in profiles.values()}
        )
        found: Known = {}
        for row in await self.conn.fetch("SELECT msisdn, profile_no FROM subscriber"):
            of = profiles[row["profile_no"]]
            said = {"area": of.area, "seen": of.seen, "language": of.language, **of.attributes}
            found[row["msisdn"]] = {name: value for name, value in said.items() if value is not None}
        return found


@pytest.fixture
def desk(conn: asyncpg.Connection, config: Config, tmp_path: Path) -> Desk:
    return Desk(conn, config, tmp_path)


async def areas(conn: asyncpg.Connection) -> None:
    await conn.execute(
        """INSERT INTO area (code, name, parent, kind, source, as_of)
           VALUES ('49', 'Tỉnh Quảng Nam', NULL, 'province', 'test', '2025-07-01'),
                  ('20695', 'Xã Trà My', '49', 'commune', 'test', '2025-07-01'),
                  ('48', 'Tỉnh Bình Định', NULL, 'province', 'test', '2025-07-01'),
                  ('21000', 'Xã Trà My', '48', 'commune', 'test', '2025-07-01')"""
    )


async def test_what_cells_say(desk: Desk) -> None:
    await areas(desk.conn)
    done = await desk.give(
        "msisdn,area,seen,language,age_band,institution,urban\n"
        "0912345000,49,Quang Nam,VI,3,Bệnh viện A,yes\n"
        "0912345001,tỉnh quảng nam,,en-us,3.5,,no\n"
        "0912345002,Nowhere,Trà My,a tongue,3;4,x,perhaps\n"
        "0912345003,'48,\"Trà My, Quảng Nam\",,-1e2,' =x,\n"
        "0912345004,,,,,,\n"
        "02438221234,Nowhere,,,,,\n",
        age_band="number", institution="text", urban="boolean",
    )  # fmt: skip
    assert (done.lines, done.imported, done.refused) == (6, 5, {"too_long": 1})
    assert await desk.known() == {
        FIRST: {"area": "49", "seen": "49", "language": "vi", "age_band": 3, "institution": "Bệnh viện A",
                "urban": True},
        FIRST + 1: {"area": "49", "language": "en-US", "age_band": 3.5, "urban": False},
        FIRST + 2: {"institution": "x"},
        FIRST + 3: {"seen": "20695", "age_band": -100, "institution": "' =x"},
        FIRST + 4: {},
    }  # fmt: skip
    assert done.unclear == {
        "area": Unclear(2, 4), "seen": Unclear(1, 4), "language": Unclear(1, 4), "age_band": Unclear(1, 4),
        "urban": Unclear(1, 4),
    }  # fmt: skip
    assert (await subscribers.past_imports(desk.conn, 1))[0].unclear == done.unclear
    assert await attributes.registered(desk.conn) == {
        "age_band": "number",
        "institution": "text",
        "urban": "boolean",
    }


async def test_without_areas_what_stands_there_is_a_code(desk: Desk) -> None:
    await desk.give("msisdn,area\n0912345000,Quảng Nam\n0912345001, VN-27 \n")
    assert await desk.known() == {FIRST: {"area": "Quảng Nam"}, FIRST + 1: {"area": "VN-27"}}


async def test_columns_that_a_list_has_not_stay(desk: Desk) -> None:
    await desk.give(
        "msisdn,area,language,band\n0912345000,1,vi,3\n0912345001,2,en,4\n0912345002,1,,\n", band="number"
    )
    ported = await desk.give("msisdn,carrier,note\n0912345000,viettel,x\n0912345003,,\n")
    assert (ported.columns, list(ported.aside)) == ((), ["note"])
    assert await desk.known() == {
        FIRST: {"area": "1", "language": "vi", "band": 3},
        FIRST + 1: {"area": "2", "language": "en", "band": 4},
        FIRST + 2: {"area": "1"},
        FIRST + 3: {},
    }
    await desk.give("seen,msisdn,language\n7,0912345000,en\n,0912345001,\n8,0912345004,\n")
    assert await desk.known() == {
        FIRST: {"area": "1", "language": "en", "band": 3, "seen": "7"},
        FIRST + 1: {"area": "2", "band": 4},
        FIRST + 2: {"area": "1"},
        FIRST + 3: {},
        FIRST + 4: {"seen": "8"},
    }


async def test_the_last_line_of_a_number_counts(desk: Desk) -> None:
    done = await desk.give("msisdn,area\n0912345000,1\n0912345000,2\n0912345000,\n")
    assert (done.imported, done.duplicate) == (1, 2)
    assert await desk.known() == {FIRST: {}}


KINDS: dict[str, Kind] = {"band": "number", "place": "text", "urban": "boolean"}
# What a cell of each column may be, and what is known by it.
CELLS: dict[str, dict[str, Any]] = {
    "area": {"": None, "48": "48", " 49": "49", "a\u00f4": "aô", "ao\u0302": "aô", "x" * 65: None},
    "seen": {"": None, "48": "48", "7": "7"},
    "language": {"": None, "VI": "vi", "vi": "vi", "zh-hant-tw": "zh-Hant-TW", "?": None},
    "band": {"": None, "1": 1, "1.0": 1, "+1e0": 1, "0.5": 0.5, "1,5": None, "nan": None},
    "place": {"": None, "school": "school", "1": "1", "true": "true"},
    "urban": {"": None, "yes": True, "0": False, "1": True, "maybe": None},
}

List = tuple[list[str], list[tuple[int, dict[str, str]]]]


@st.composite
def lists(draw: st.DrawFn) -> List:
    """Columns in some order, and lines: a number and its cells."""
    columns = draw(st.permutations(sorted(CELLS)))[: draw(st.integers(0, len(CELLS)))]
    cells = {name: st.sampled_from(sorted(CELLS[name])) for name in columns}
    lines = draw(st.lists(st.tuples(st.integers(0, 5), st.fixed_dictionaries(cells)), min_size=1, max_size=8))
    places = draw(st.permutations([*columns, "msisdn", "carrier", "note"]))
    return list(places), lines


def as_csv(places: list[str], lines: list[tuple[int, dict[str, str]]]) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(places)
    for number, cells in lines:
        said = {"msisdn": f"{FIRST + number}", "note": 'a "note", of others', **cells}
        writer.writerow([said.get(name, "") for name in places])
    return sink.getvalue().encode()


def as_parquet(places: list[str], lines: list[tuple[int, dict[str, str]]]) -> bytes:
    said = [{"msisdn": f"{FIRST + number}", **cells} for number, cells in lines]
    sink = io.BytesIO()
    pyarrow.parquet.write_table(
        pyarrow.table({name: [each.get(name) for each in said] for name in places}), sink
    )
    return sink.getvalue()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(lists(), st.sampled_from([as_csv, as_parquet])), min_size=1, max_size=4))
async def test_after_several_lists_each_has_what_a_dictionary_says(
    desk: Desk, given_: list[tuple[List, Any]]
) -> None:
    await desk.conn.execute(
        "TRUNCATE subscriber; DELETE FROM profile WHERE profile_no > 0; DELETE FROM attribute"
    )
    await attributes.register(desk.conn, KINDS)
    expected: Known = {}
    for (places, lines), pack in given_:
        done = await desk.give(pack(places, lines))
        assert (done.lines, done.refused) == (len(lines), {})
        assert set(done.columns) == set(places) & CELLS.keys()
        for number, cells in lines:
            person = expected.setdefault(FIRST + number, {})
            person.update({name: CELLS[name][cell] for name, cell in cells.items()})
        unclear = {
            name: sum(bool(cells[name].strip()) and CELLS[name][cells[name]] is None for _, cells in lines)
            for name in done.columns
        }
        assert {name: each.lines for name, each in done.unclear.items()} == {
            k: v for k, v in unclear.items() if v
        }
        assert await desk.known() == {
            number: {name: value for name, value in person.items() if value is not None}
            for number, person in expected.items()
        }


class Watching:
    """stop_after: cancels its import after so many batches."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after, self.batches = stop_after, 0

    def continuing(self, line: int) -> None:
        """Nothing is shown."""

    def skipped(self, reached: Batch) -> None:
        """Nothing is shown."""

    def merged(self, batch: Batch) -> None:
        self.batches += 1
        if self.batches == self.stop_after:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


async def test_stopped_and_continued(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing had happened, by the columns that it began with; what was unclear is counted once."""
    monkeypatch.setattr(Reader.batches, "__defaults__", (1000,))
    path, refused = desk.folder / "people.csv", desk.folder / "refused.csv"
    pad = "x" * 100
    path.write_text(
        "msisdn,area,band,later,note\n"
        + "".join(f"0911{n:06},{n % 7},{n % 5 or '?'},{n % 3},{pad}\n" for n in range(30_000))
    )
    wanted: dict[str, Kind] = {"band": "number"}
    give = import_resumably(desk.conn, desk.config, path, refused, Watching(1), wanted=wanted)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(give)
    left = await unfinished.find(desk.conn)
    assert left is not None and 0 < left.lines < 30_000
    assert (left.columns, left.unclear) == (["area", "band"], {"band": Unclear(-(-left.lines // 5), 2)})
    session = Session(desk.conn, desk.config)
    with pytest.raises(RefusedError, match=r"import of people\.csv is unfinished and reads band"):
        await actions.drop(session, "band", forget=True)
    await actions.add(session, "later", "number")
    done = await import_resumably(desk.conn, desk.config, path, refused, Watching(), wanted=wanted)
    assert (done.lines, done.imported, done.columns) == (30_000, 30_000, ("area", "band"))
    assert done.unclear == {"band": Unclear(6000, 2)}
    known = await desk.known()
    assert len(known) == 30_000
    for n in range(30_000):
        band = {"band": n % 5} if n % 5 else {}
        assert known[84911000000 + n] == {"area": f"{n % 7}", **band}


async def test_a_column_that_is_to_be_registered_and_is_not_there(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"people\.csv has no column band, which --attribute names"):
        await desk.give("msisdn\n0912345000\n", band="number")
    await desk.give("msisdn,band\n0912345000,1\n", band="number")
    with pytest.raises(RefusedError, match="band is registered as number already"):
        await desk.give("msisdn,band\n0912345000,1\n", band="text")
    assert await attributes.registered(desk.conn) == {"band": "number"}


async def test_too_many_combinations_change_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadcast.audience.cells.MOST_PROFILES", 50)
    with pytest.raises(RefusedError, match=r"more than 50 combinations of birthday: .* coarser"):
        await desk.give(
            "msisdn,birthday\n" + "".join(f"09123450{n:02},{n}\n" for n in range(60)), birthday="number"
        )
    assert (await attributes.registered(desk.conn), await desk.known()) == ({}, {})
    assert await desk.conn.fetchval("SELECT count(*) FROM profile") == 1


async def test_combinations_that_nobody_has_any_more_make_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that somebody has stay; their numbers never pass the most that there may be."""
    monkeypatch.setattr(combining, "MOST_PROFILES", 40)
    for area in range(0, 90, 15):
        lines = "".join(f"09123450{n:02},{area + n}\n" for n in range(15))
        await desk.give(f"msisdn,area\n{lines}")
        assert await desk.known() == {FIRST + n: {"area": f"{area + n}"} for n in range(15)}
        assert await desk.conn.fetchval("SELECT max(profile_no) FROM profile") <= 40
    with pytest.raises(RefusedError, match="combinations of area, seen, language"):
        await desk.give("msisdn,area\n" + "".join(f"09123451{n:02},{n + 500}\n" for n in range(30)))
    assert await desk.known() == {FIRST + n: {"area": f"{75 + n}"} for n in range(15)}


async def test_room_is_made_amid_a_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that is used anew is no longer what an earlier batch took it for."""
    monkeypatch.setattr(combining, "MOST_PROFILES", 4)
    await desk.give("msisdn\n0912345999\n")
    expected: Known = {FIRST + 999: {}}
    async with desk.conn.transaction():
        made = combining.Combining(await combining.Profiles.load(desk.conn, ()), ("area",))
        seen: dict[str, int] = {}
        for said in ("AB", "CD", "AE", "EB", "FA", "BB"):
            new = [area for area in dict.fromkeys(said) if area not in seen]
            seen |= {area: len(seen) + place for place, area in enumerate(new)}
            facts = {
                key(FIRST + n): seen[area] << COMBINATION_SHIFT | 1 << CARRIER_SHIFT
                for n, area in enumerate(said)
            }
            batch = Batch(collected(facts), 2, 0, 0, 0, combinations=[(area,) for area in new])
            await Merging(desk.conn, 1, made).merge(batch)
            expected |= {FIRST + n: {"area": area} for n, area in enumerate(said)}
            assert await desk.known() == expected


async def test_attributes_are_registered_and_dropped(desk: Desk) -> None:
    session = Session(desk.conn, desk.config)
    with pytest.raises(InputError, match="is no name for an attribute"):
        await actions.add(session, "Age Band", "number")
    with pytest.raises(InputError, match="a word of filters"):
        await actions.add(session, "under", "number")
    for number in range(attributes.MOST):
        await actions.add(session, f"a{number}", "text")
    await actions.add(session, "a3", "text")
    with pytest.raises(RefusedError, match="there are 16 attributes, 16 at most"):
        await actions.add(session, "one_more", "text")
    await actions.drop(session, "a4", forget=False)
    await desk.give("msisdn,a0,area\n0912345000,x,1\n0912345001,,1\n0912345002,y,\n")
    with pytest.raises(RefusedError, match="a0 is known of some people: with --forget"):
        await actions.drop(session, "a0", forget=False)
    await actions.drop(session, "a0", forget=True)
    assert await desk.known() == {FIRST: {"area": "1"}, FIRST + 1: {"area": "1"}, FIRST + 2: {}}
    assert [each.name for each in await actions.registered(session)] == sorted(
        f"a{number}" for number in range(1, attributes.MOST) if number != 4
    )
    with pytest.raises(InputError, match="there is no attribute a0"):
        await actions.drop(session, "a0", forget=False)


async def test_a_generated_list(desk: Desk) -> None:
    facts = Facts({"48": 3, "49": 1}, {"vi": 5, "en": 1}, {"band": "number", "urban": "boolean"})
    generator = Generator(desk.config.country, 3000, seed=4, facts=facts)
    sink = io.StringIO()
    expected = generator.write(sink)
    done = await desk.give(sink.getvalue(), band="number", urban="boolean")
    assert (done.imported, done.duplicate, done.unclear) == (expected.imported, expected.duplicate, {})
    found = await coverage(desk.conn)
    assert found.subscribers == expected.imported
    assert found.known == {name: each.total() for name, each in expected.known.items()}
    assert found.languages == dict(expected.known["language"])
    assert 0.7 * expected.imported < found.known["area"] < expected.imported
