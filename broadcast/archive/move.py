"""A finished campaign's recipients moved into Parquet files, proved by reading them back before rows go.

Law 1 holds all the way: what the files hold is counted and summed in Postgres and from the files, and compared
with the tallies; the rows go in one transaction, and only if the tallies still say the same.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from broadcast.archive.books import live_books, snapshot
from broadcast.archive.place import place_of
from broadcast.archive.read import Archive, ArchiveError, load
from broadcast.archive.write import write
from broadcast.errors import AuditError, InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger.books import CarrierSums, LiveBooks
from broadcast.ledger.tallies import by_state, tallies
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Archived:
    """What was done. octets: of the recipients' files."""

    place: Path
    recipients: int
    octets: int
    dropped: bool


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A campaign at the moment of its archive."""

    campaign: Mapping[str, Any]
    tallies: frozenset[asyncpg.Record]
    carriers: Sequence[CarrierSums]


async def archive(connection: Connection, campaign_id: CampaignId, folder: Path, *, drop: bool) -> Archived:
    """Write `folder`/NAME.archive, or take the one that is there; check it; with `drop`, remove the rows.

    folder: absolute, for the database remembers it.

    Raises RefusedError: not finished, or archived already. AuditError: books, rows and files do not agree.
    InputError, ArchiveError, BroadcastError: the folder, the files, the disk. Nothing is dropped then.
    """
    async with _nobody_erases(connection):
        return await _archive(connection, campaign_id, folder, drop=drop)


async def _archive(connection: Connection, campaign_id: CampaignId, folder: Path, *, drop: bool) -> Archived:
    async with snapshot(connection):
        books = live_books(connection, campaign_id)
        now = await _snapshot(connection, campaign_id, books)
        place = folder / f"{now.campaign['name']}.archive"
        if not place.exists():
            await write(connection, books, now.campaign, now.carriers, place)
    found = load(place)
    _compare(now, found)
    if drop:
        await _drop(connection, books, now, found)
    return Archived(place, found.recipients, found.octets, drop)


@asynccontextmanager
async def _nobody_erases(connection: Connection) -> AsyncIterator[None]:
    """What is read and what is dropped are then the same. Raises RefusedError while somebody is at it."""
    if not await connection.fetchval(sql("erasure_hold_off")):
        raise RefusedError(_("people are being erased just now: archive it when that is done"))
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(sql("erasure_let_go"))


async def moved(connection: Connection, campaign_id: CampaignId, folder: Path) -> Archived | None:
    """The files of an archived campaign are in `folder` now; None: it is not archived, or they were there.

    Raises ArchiveError: the files are not there, damaged, or another campaign's.
    """
    known = await place_of(connection, campaign_id)
    campaign = await connection.fetchrow(sql("campaign_by_id"), campaign_id)
    if known is None or campaign is None:
        return None
    place = folder / f"{campaign['name']}.archive"
    if place == known.folder:
        return None
    found = load(place)
    if found.problems() or not found.is_at(known):
        raise ArchiveError(
            _(
                "the archive {place} is not the one that was made of {name}",
                place=place,
                name=campaign["name"],
            )
        )
    await connection.execute(sql("archive_move"), campaign_id, str(place))
    return Archived(place, found.recipients, found.octets, True)


async def there(connection: Connection, campaign_id: CampaignId, folder: Path) -> Archived | None:
    """What an archive in `folder` has, if the database knows it by that place; None: it does not."""
    known = await place_of(connection, campaign_id)
    if known is None or known.folder.parent != folder:
        return None
    found = load(known.folder)
    return Archived(known.folder, found.recipients, found.octets, True)


async def _snapshot(connection: Connection, campaign_id: CampaignId, books: LiveBooks) -> _Snapshot:
    campaign = await connection.fetchrow(sql("campaign_by_id"), campaign_id)
    if campaign is None:
        raise InputError(_("there is no such campaign any more"))
    await _check_not_archived(connection, campaign_id, campaign["name"])
    if campaign["finished_at"] is None:
        raise RefusedError(
            _(
                "{name} is {state}: only a finished campaign is archived",
                name=campaign["name"],
                state=campaign["state"],
            )
        )
    here = {**campaign, "audience": await connection.fetchval(sql("audience_here"), campaign_id)}
    now = _Snapshot(here, frozenset(await tallies(connection, campaign_id)), await books.sums())
    _balance(now)
    return now


async def _check_not_archived(connection: Connection, campaign_id: CampaignId, name: str) -> None:
    place = await place_of(connection, campaign_id)
    if place is not None:
        raise RefusedError(_("{name} is archived already, in {folder}", name=name, folder=place.folder))


def _balance(now: _Snapshot) -> None:
    """Rows against tallies. Raises AuditError."""
    counted = {
        (each.carrier_no, state): total.recipients
        for each in now.carriers
        for state, total in each.sums.items()
    }
    if counted != by_state(now.tallies) or sum(counted.values()) != now.campaign["audience"]:
        raise AuditError(
            _(
                "the books of {name} do not balance, so it is not archived: "
                "see `broadcast campaign audit {name}`",
                name=now.campaign["name"],
            )
        )


def _compare(now: _Snapshot, found: Archive) -> None:
    """The database's sums against the files' manifest, and the manifest against every row of the files."""
    ours = {each.carrier: each.sums for each in now.carriers}
    theirs = {part.carrier: dict(part.sums) for part in found.parts}
    wrong = [] if ours == theirs else [_("its counts and sums are not the database's")]
    wrong += found.problems()
    if wrong:
        raise ArchiveError(
            _(
                "the archive {place} is not this campaign as it is now, nothing was dropped: {wrong}; "
                "move it away and archive again",
                place=found.place,
                wrong=wrong[0],
            )
        )


async def _drop(connection: Connection, books: LiveBooks, now: _Snapshot, found: Archive) -> None:
    campaign_id, name = now.campaign["campaign_id"], now.campaign["name"]
    async with connection.transaction():
        await connection.execute(sql("archive_claim"))
        await _check_not_archived(connection, campaign_id, name)
        if frozenset(await tallies(connection, campaign_id)) != now.tallies:
            raise RefusedError(
                _("a receipt for {name} came meanwhile, nothing was dropped: archive it anew", name=name)
            )
        if await books.drop() != sum(each.rows for each in now.carriers):
            raise AuditError(
                _("the rows of {name} are not those of its archive: nothing was dropped", name=name)
            )
        mark = (str(found.place), found.recipients, Decimal(found.checksum))
        await connection.execute(sql("archive_mark"), campaign_id, *mark)
