"""Lists by name: what is on them, who may drop them, and that an alert reads one moment of them."""

import csv
import json
from pathlib import Path

import asyncpg
import numpy as np
import pytest
from acting import acting
from integration import steps

from broadcast.actions import lists as actions
from broadcast.actions.lists import ListImport
from broadcast.actions.session import Session
from broadcast.audience import lists
from broadcast.errors import InputError, RefusedError
from broadcast.store.pool import connect


class Desk:
    """An operator's, with files of numbers."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder

    async def give(
        self, name: str, content: str, *, add: bool = False, carrier: str | None = None
    ) -> ListImport:
        path = self.folder / "numbers.csv"
        path.write_text(content)
        plan = actions.list_file(name, path, None, add=add, carrier=carrier)
        return await steps.by("an", actions.import_list, self.session, plan)

    async def on(self, name: str) -> list[int]:
        return [int(each) for each in await lists.members(self.session.connection, name)]

    def refused(self) -> list[list[str]]:
        with (self.folder / "numbers.refused.csv").open(encoding="utf-8-sig", newline="") as source:
            return list(csv.reader(source, delimiter=";"))[1:]


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    return Desk(session, tmp_path)


async def test_a_file_becomes_a_list_and_every_line_is_accounted_for(desk: Desk) -> None:
    done = await desk.give(
        "hospital",
        "name;msisdn\nAn;0912 345 678\nBình;+84912345678\nChi;0321234567\nx;nobody\ny;+33612345678\nz\n",
    )
    assert (done.lines, done.numbers, done.repeated, done.new, done.members) == (6, 2, 1, 2, 2)
    assert done.refused == {"garbage": 1, "foreign": 1, "empty": 1}
    assert done.lines == done.numbers + done.repeated + sum(done.refused.values())
    assert await desk.on("hospital") == [84321234567, 84912345678]
    assert desk.refused() == [
        ["5", "garbage", "nobody"],
        ["6", "foreign", "'+33612345678"],
        ["7", "empty", ""],
    ]
    assert (desk.folder / "numbers.refused.csv").stat().st_mode & 0o777 == 0o600


async def test_a_list_is_replaced_or_added_to(desk: Desk) -> None:
    await desk.give("roaming", "msisdn\n0912345678\n+33612345678\n", carrier="viettel")
    done = await desk.give("roaming", "msisdn\n33612345678\n+8613812345678\n", add=True)  # its carrier stays
    assert (done.new, done.members) == (1, 3)
    assert await desk.on("roaming") == [33612345678, 84912345678, 8613812345678]
    done = await desk.give("roaming", "msisdn\n0912345678\n0912345679\n")
    assert (done.new, done.members) == (1, 2)
    (shown,) = await actions.known_lists(desk.session, "roaming")
    assert (shown.carrier, shown.members, shown.changed_by) == ("viettel", 2, "an")


async def test_nothing_changes_where_something_is_wrong(desk: Desk) -> None:
    await desk.give("hospital", "msisdn\n0912345678\n")
    for content, message in (
        ("msisdn\nnobody\n", "no number"),
        ("number\n0912345678\n", "msisdn"),
        ('msisdn\n0912345679\n"0912', "quote"),
    ):
        with pytest.raises(InputError, match=message):
            await desk.give("hospital", content)
    with pytest.raises(InputError, match="mobifone"):
        await desk.give("hospital", "msisdn\n0912345679\n", carrier="mobiphone")
    for name in ("84912345678", "", "a b", "x" * 65, "a\u202eb"):
        with pytest.raises(InputError, match="begins with a letter"):
            await desk.give(name, "msisdn\n0912345679\n")
    with pytest.raises(InputError, match="where no number may"):
        await desk.give("visitors-84912345678", "msisdn\n0912345679\n")
    with pytest.raises(InputError, match="did you mean hospital"):
        await desk.on("hospitals")
    assert await desk.on("hospital") == [84912345678]


async def test_a_name_is_the_same_however_a_keyboard_writes_its_letters(desk: Desk) -> None:
    await desk.give("te\u0302n", "msisdn\n0912345678\n")
    for name in ("tên", "te\u0302n"):
        (shown,) = await actions.known_lists(desk.session, name)
        assert (shown.name, shown.members) == ("tên", 1)
    await steps.by("an", actions.drop_list, desk.session, "te\u0302n")
    assert await actions.known_lists(desk.session, None) == []


async def test_millions_are_read_as_one_moment_while_the_list_is_replaced(
    desk: Desk, database_url: str
) -> None:
    conn = desk.session.connection
    first, second = (84320000000 + np.arange(n, n + 100_000, dtype=np.int64) for n in (0, 50_000))
    async with acting(conn, "an"):
        assert await lists.replace(conn, "Đà-Nẵng", None, first, "a.csv") == 100_000
    reader: asyncpg.Connection = await connect(database_url)
    try:
        async with reader.transaction(isolation="repeatable_read"):
            await reader.fetchval("SELECT 1")
            async with acting(conn, "an"):
                assert await lists.replace(conn, "Đà-Nẵng", None, second, "b.csv") == 50_000
            assert np.array_equal(await lists.members(reader, "Đà-Nẵng"), first)
        assert np.array_equal(await lists.members(reader, "Đà-Nẵng"), second)
    finally:
        await reader.close()


async def test_who_may_see_no_numbers_is_told_who_may(desk: Desk) -> None:
    await desk.give("hospital", "msisdn\n0912345678\n")
    conn = desk.session.connection
    async with acting(conn, "lan"):
        assert len(await lists.members(conn, "hospital")) == 1
    async with acting(conn, "chi"):
        with pytest.raises(RefusedError, match="the list hospital only operators and auditors may see"):
            await lists.members(conn, "hospital")
        (shown,) = await lists.all_lists(conn, "hospital")
        assert shown.members == 1


async def test_what_was_done_stands_in_the_chain_without_a_number(desk: Desk) -> None:
    await desk.give("hospital", "msisdn\n0912345678\nnobody\n")
    await steps.by("an", actions.drop_list, desk.session, "hospital")
    acts = await desk.session.connection.fetch(
        "SELECT who, what, subject, details::text FROM act ORDER BY act_no"
    )
    assert [tuple(row) for row in acts if row["subject"].startswith("list")] == [
        ("an", "list imported", "list hospital", '{"new": 1, "lines": 2, "refused": 1}'),
        ("an", "list dropped", "list hospital", "{}"),
    ]
    with pytest.raises(InputError, match="none was imported"):
        await desk.on("hospital")


@pytest.mark.parametrize("plan", [{"lists": ("staff",)}, {"where": 'area under "x" and not IN LIST "staff"'}])
async def test_what_an_alert_names_is_not_dropped(desk: Desk, plan: dict[str, object]) -> None:
    await desk.give("staff", "msisdn\n0912345678\n")
    await desk.session.connection.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by, plan)
           VALUES ('typhoon', 'emergency', 9, 'BOYTE', 'x', 'gsm0338', '{viettel}', true, 'resend', 0,
                   now() + interval '1 hour', 'approved', 'an', $1::text::jsonb)""",
        json.dumps(plan),
    )
    with pytest.raises(RefusedError, match="typhoon names this list"):
        await steps.by("an", actions.drop_list, desk.session, "staff")
    assert await desk.on("staff") == [84912345678]
    await desk.session.connection.execute("UPDATE campaign SET state = 'draft'")
    await steps.by("an", actions.drop_list, desk.session, "staff")
