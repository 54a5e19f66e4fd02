"""Bringing a list in, opting out and in again: what is kept of it, and what is refused."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.actions.subscriber import Import, import_subscribers, known, opt_in, opt_out
from broadcast.audience.batches import Batch
from broadcast.audience.unfinished import Unfinished
from broadcast.errors import ConfigError, InputError, RefusedError
from broadcast.store.pool import connect
from broadcast.store.queries import sql

NUMBER = 84960000001


@dataclass
class Seen:
    """What a watcher was told: the lines at the end of each batch."""

    merges: list[int] = field(default_factory=list)

    def continuing(self, line: int) -> None:
        """Nothing here is continued."""

    def skipped(self, reached: Batch) -> None:
        """Nothing here is continued."""

    def merged(self, batch: Batch) -> None:
        self.merges.append(batch.lines)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two numbers and a landline."""
    file = tmp_path / "people.csv"
    file.write_text("msisdn\n0960000001\n0960000002\n02438221234\n")
    return file


def plan(file: Path, *, resumable: bool = False) -> Import:
    return Import(file, file.with_suffix(".refused.csv"), resumable)


@pytest.mark.parametrize("resumable", [False, True])
async def test_an_import(session: Session, people: Path, resumable: bool) -> None:
    seen = Seen()
    done = await import_subscribers(session, plan(people, resumable=resumable), seen)
    assert (done.lines, done.imported, sum(done.refused.values()), seen.merges) == (3, 2, 1, [3])
    assert "02438221234" in done.refused_file.read_text()
    found = await known(session)
    assert [each.import_no for each in found.imports] == [done.import_no]
    assert {each.carrier: each.subscribers for each in found.carriers}["viettel"] == 2


@pytest.mark.parametrize("resumable", [False, True])
async def test_one_import_at_a_time(
    session: Session, people: Path, resumable: bool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadcast.audience.resumable._LOCK_WAIT_S", 0.0)
    other = await connect(database_url)
    try:
        async with other.transaction():
            assert await other.fetchval(sql("import_lock"))
            with pytest.raises(RefusedError, match="another import is running"):
                await import_subscribers(session, plan(people, resumable=resumable), Seen())
    finally:
        await other.close()
    found = await known(session)
    assert (found.imports, found.unfinished) == ([], None)


async def test_a_file_that_is_not_there(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        await import_subscribers(session, plan(tmp_path / "gone.csv"), Seen())
    with pytest.raises(ConfigError):
        await import_subscribers(replace(session, configuration=None), plan(tmp_path / "gone.csv"), Seen())


async def test_half_a_list_is_told(session: Session, told: list[Notice], people: Path) -> None:
    await import_subscribers(session, plan(people), Seen())
    assert told == []
    await session.connection.execute(
        """INSERT INTO unfinished_import (import_no, file_octets, file_digest, lines, place, imported, updated,
                                          duplicate, refused, refused_octets, refused_crc)
           SELECT import_no, 1, '', 3, 0, 3, 0, 0, '{}', 0, 0 FROM subscriber_import"""
    )
    found = await known(session)
    assert isinstance(found.unfinished, Unfinished)
    assert told == [found.unfinished]


async def test_opting_out_and_in(session: Session, people: Path) -> None:
    await import_subscribers(session, plan(people), Seen())
    bare = replace(session, configuration=None)
    out = await opt_out(bare, NUMBER)
    assert (out.msisdn, out.opted_out_at is not None) == (NUMBER, True)
    again = await opt_out(bare, NUMBER)
    assert again == out  # since the first time
    assert await session.connection.fetchval("SELECT count(*) FROM opt_out") == 1
    assert (await opt_in(bare, NUMBER)).opted_out_at is None


async def test_somebody_who_is_not_there(session: Session) -> None:
    for act in (opt_out, opt_in):
        with pytest.raises(InputError, match="no subscriber has this number") as refused:
            await act(session, NUMBER)
        assert str(NUMBER) not in str(refused.value)
