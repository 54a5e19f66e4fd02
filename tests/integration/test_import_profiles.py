"""Areas, languages and attributes of a list: who has which profile, beside a plain dictionary that says who should."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from broadcast.audience import attributes, subscribers
from broadcast.audience.attributes import Kind
from broadcast.audience.cells import Unclear
from broadcast.audience.importer import ImportResult, import_file
from broadcast.audience.profiles import all_profiles
from broadcast.config import Config

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
