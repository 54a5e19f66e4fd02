"""Archiving by name: the event it leaves, what it refuses, and files that were moved since."""

from pathlib import Path

import pytest
from integration.archive_world import make_campaign
from integration.steps import by

from broadcast.actions.archive import archive
from broadcast.actions.session import Session
from broadcast.archive.read import ArchiveError
from broadcast.errors import InputError, RefusedError


async def archived(session: Session) -> list[str]:
    rows = await session.connection.fetch("SELECT actor FROM campaign_event WHERE event = 'archived'")
    return [row["actor"] for row in rows]


async def test_the_rows_go_with_an_event(session: Session, tmp_path: Path) -> None:
    await make_campaign(session.connection)
    kept = await by("w", archive, session, "typhoon", tmp_path, drop=False)
    assert (kept.place, kept.recipients, kept.dropped) == (tmp_path / "typhoon.archive", 17, False)
    assert await archived(session) == []
    assert (await by("w", archive, session, "typhoon", tmp_path, drop=True)).dropped
    assert await archived(session) == ["w"]
    with pytest.raises(RefusedError, match="is archived already"):
        await by("w", archive, session, "typhoon", tmp_path, drop=True)


async def test_files_that_were_moved(session: Session, tmp_path: Path) -> None:
    await make_campaign(session.connection)
    await by("w", archive, session, "typhoon", tmp_path, drop=True)
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises(ArchiveError):
        await by("w", archive, session, "typhoon", there, drop=False)
    (tmp_path / "typhoon.archive").rename(there / "typhoon.archive")
    found = await by("w", archive, session, "typhoon", there, drop=False)
    assert (found.place, found.dropped) == (there / "typhoon.archive", True)
    assert await archived(session) == ["w"]


async def test_what_is_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no campaign typhoon"):
        await by("w", archive, session, "typhoon", tmp_path, drop=False)
    await make_campaign(session.connection)
    with pytest.raises(InputError, match="did you mean typhoon"):
        await by("w", archive, session, "typhon", tmp_path, drop=False)
    await session.connection.execute("UPDATE campaign SET state = 'running', finished_at = NULL")
    with pytest.raises(RefusedError, match="only a finished campaign"):
        await by("w", archive, session, "typhoon", tmp_path, drop=True)
    assert not (tmp_path / "typhoon.archive").exists()
