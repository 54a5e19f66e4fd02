"""What one database says of the nation at one moment: few queries, none of which reads a table whole."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from broadcast.diagnosis.reading import FRESH_S
from broadcast.forecast.delays import Delays
from broadcast.ids import CampaignId
from broadcast.reports import link_tests
from broadcast.reports.link_tests import LinkTest
from broadcast.reports.nation import Audited, LinkTried, States, states_of
from broadcast.store import plans
from broadcast.store.queries import sql
from broadcast.store.types import Connection

HANDSET_S: Final = 300.0
AT_ONCE: Final = 1000  # rows
LOOKS: Final = 20_000  # in which receipts fitted nothing: a carrier's, over three days, are hardly more


@dataclass(frozen=True, slots=True)
class CarrierPart:
    """A carrier in one database; as CarrierNow."""

    tps: int
    granted_tps: int
    used_tps: float
    links: int
    links_wanted: int
    unresolved_s: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """One database. states, segments: by campaign and carrier; segments: accepted. disk: free and all,
    as workers see it that are on its machine. tried, handset: by
    carrier; handset: of who was delivered to within the last HANDSET_S."""

    workers: int = 0
    leases: int = 0
    disk: tuple[int | None, int | None] = (None, None)
    states: Mapping[CampaignId, Mapping[str, States]] = field(default_factory=dict)
    segments: Mapping[CampaignId, Mapping[str, int]] = field(default_factory=dict)
    audits: Mapping[CampaignId, Audited] = field(default_factory=dict)
    carriers: Mapping[str, CarrierPart] = field(default_factory=dict)
    tried: Mapping[str, tuple[LinkTried, ...]] = field(default_factory=dict)
    handset: Mapping[str, Delays] = field(default_factory=dict)


async def part(connection: Connection, campaigns: Sequence[CampaignId]) -> Part:
    """Of one snapshot. Raises what asyncpg does."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(plans.LOOK_UP)
        workers = await connection.fetchrow(sql("nation_workers"), FRESH_S)
        tallies = await connection.fetch(sql("nation_tallies"), campaigns)
        audits = await connection.fetch(sql("nation_audits"), campaigns)
        carriers = await connection.fetch(sql("nation_carriers"), FRESH_S)
        tried = await link_tests.last(connection)
        minutes = await connection.fetch(sql("handset_minutes"), HANDSET_S)
    assert workers is not None  # an aggregate
    states: dict[CampaignId, dict[str, States]] = {}
    segments: dict[CampaignId, dict[str, int]] = {}
    for number, row in enumerate(tallies):
        if number % AT_ONCE == 0:  # others have their turn
            await asyncio.sleep(0)
        states.setdefault(row["campaign_id"], {})[row["carrier"]] = states_of(row)
        segments.setdefault(row["campaign_id"], {})[row["carrier"]] = row["segments"]
    return Part(
        workers["workers"],
        workers["leases"],
        (workers["disk_free"], workers["disk_size"]),
        states,
        segments,
        {row["campaign_id"]: Audited(row["differences"], row["at"]) for row in audits},
        {row["name"]: _carrier(row) for row in carriers},
        _tried(tried),
        _handset(minutes),
    )


async def unmatched(connection: Connection) -> dict[str, int]:
    """Receipts that fit no message, by carrier; for every few seconds."""
    async with connection.transaction(readonly=True):
        await connection.execute(plans.LOOK_UP)
        rows = await connection.fetch(sql("nation_unmatched"), LOOKS)
    return {row["name"]: row["receipts"] for row in rows}


def _handset(minutes: Sequence[asyncpg.Record]) -> dict[str, Delays]:
    found: dict[str, Counter[int]] = {}
    for row in minutes:
        found.setdefault(row["carrier"], Counter()).update(Delays.read(0, json.loads(row["within"])).within)
    return {carrier: Delays(within.total(), within) for carrier, within in found.items()}


def _carrier(row: asyncpg.Record) -> CarrierPart:
    return CarrierPart(
        row["tps"],
        row["granted_tps"],
        row["used_tps"],
        row["links"],
        row["links_wanted"],
        row["unresolved_s"],
    )


def _tried(tests: Sequence[LinkTest]) -> dict[str, tuple[LinkTried, ...]]:
    """A bind is open where one of its addresses is: links go there."""
    binds: dict[tuple[str, int], list[LinkTest]] = {}
    for each in tests:
        binds.setdefault((each.carrier, each.bind), []).append(each)
    found: dict[str, tuple[LinkTried, ...]] = {}
    for (carrier, bind), own in sorted(binds.items()):
        ok = any(each.state != "shut" for each in own)
        found[carrier] = (*found.get(carrier, ()), LinkTried(bind, ok, max(each.at for each in own)))
    return found
