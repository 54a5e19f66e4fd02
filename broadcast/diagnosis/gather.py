"""The figures of a diagnosis, read from Postgres: no table is read whole, so that it can be asked for every second."""

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from broadcast.campaign import canary
from broadcast.campaign.precedence import rank
from broadcast.campaign.ruled import in_words
from broadcast.diagnosis.diagnose import diagnose
from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.reading import FRESH_S, LaneReading
from broadcast.diagnosis.usual import Sample, Samples
from broadcast.ids import CampaignId, CarrierNo
from broadcast.ledger.packing.received import REASONS
from broadcast.rules import limits
from broadcast.store import plans, pool
from broadcast.store.queries import sql
from broadcast.store.types import Connection

SETTLING_S: Final = 15.0  # a receipt may be parked for so long before its submission's answer is here
COUNT_MOST: Final = 20_000
HELD_S: Final = 60.0  # whose moment has come is looked at within seconds; longer than that, and nobody looks
UNHEARD_S: Final = 10.0  # a ledger tells home of a first share each second
HOME_S: Final = 2.0  # to answer a ledger's question
LOST_S: Final = 600.0  # a worker that was lost is told of for so long, or until there is another in its place
_NO_MISFITS: tuple[int, float | None, float] = (0, None, 0.0)
_STATES = ("waiting", "in_doubt", "accepted", "unknown", "rejected", "undeliverable", "delivered")


@dataclass(slots=True)
class Diagnosis:
    """Of one campaign, or (None) of all that run or are paused. Keeps what changes slowly between calls.

    home: where `connection` is to a ledger that is not home: what home alone knows of the campaign. samples: shared by
    all that ask the same database."""

    connection: Connection
    campaign_id: CampaignId | None = None
    home: Connection | None = None
    samples: Samples = field(default_factory=Samples)
    _sample: Sample = field(default_factory=Sample)

    async def findings(
        self, refusals: Mapping[str, Mapping[int, int]] | None = None, *, why: bool = False
    ) -> tuple[Finding, ...]:
        """What is wrong now, in order. refusals: carrier -> command_status -> recipients, where known. why: as
        `diagnose`."""
        return diagnose(await self.figures(refusals or {}), why=why)

    async def figures(self, refusals: Mapping[str, Mapping[int, int]]) -> Figures:
        """What is to be judged."""
        self._sample = await self.samples.newest(self.connection)
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            await self.connection.execute(plans.LOOK_UP)
            campaigns = await self.connection.fetchrow(sql("diagnosed_campaigns"), self.campaign_id)
            workers = await self.connection.fetchrow(sql("diagnosed_workers"), LOST_S)
            assert campaigns is not None and workers is not None  # aggregates: one row each
            carriers = await self._carriers(campaigns, refusals)
            held = await self._held(campaigns)
        share, held_by_home = await self._first_share()
        quiet = _quiet(campaigns)
        return Figures(
            campaign=(campaigns["name"] or "") if self.campaign_id is not None else "",
            overridden_by=campaigns["overridden_by"] or "",
            sending=campaigns["sending"] and not held,
            **quiet,
            **held,
            **share,
            paused=(campaigns["paused"] or held_by_home) and self.campaign_id is not None,
            finished=campaigns["finished"],
            segments=campaigns["segments"],
            launched_for_s=campaigns["launched_for_s"] or 0.0,
            left_s=_left_s(campaigns, quiet.get("quiet_until")) if self.campaign_id is not None else None,
            workers=workers["workers"],
            workers_for_s=workers["for_s"],
            lost_workers=workers["lost"],
            carriers=carriers,
        )

    async def _carriers(
        self, campaigns: asyncpg.Record, refusals: Mapping[str, Mapping[int, int]]
    ) -> tuple[CarrierFigures, ...]:
        rows = await self.connection.fetch(sql("diagnosed_carriers"), campaigns["campaigns"])
        if self.campaign_id is not None:  # the other carriers are not its concern
            rows = [row for row in rows if any(row[state] for state in _STATES)]
        readings = await self._readings()
        ahead = await self._ahead(readings)
        states = await self._states(campaigns)
        misfits = await self._misfits(campaigns, [row["carrier_no"] for row in rows])
        usual = {
            row["carrier_no"]: self._sample.usual(row["carrier_no"], campaigns["campaigns"]) for row in rows
        }
        return tuple(
            CarrierFigures(
                carrier=row["name"],
                misfit_receipts=misfits.get(row["carrier_no"], _NO_MISFITS)[0],
                misfit_ago_s=misfits.get(row["carrier_no"], _NO_MISFITS)[1],
                misfits_counted_to=COUNT_MOST,
                clash_share=misfits.get(row["carrier_no"], _NO_MISFITS)[2],
                unknown_states=tuple(states.get(row["carrier_no"], ())),
                usual_receipt_s=usual[row["carrier_no"]].receipt_s,
                usual_refused_share=usual[row["carrier_no"]].refused_share,
                refusals=refusals.get(row["name"], {}),
                readings=tuple(readings.get(row["carrier_no"], ())),
                cannot_send=_cannot(readings.get(row["carrier_no"], ()), campaigns["campaigns"]),
                gives_way_to=ahead.get(row["carrier_no"], ""),
                **{name: value for name, value in row.items() if name not in ("carrier_no", "name")},
            )
            for row in rows
        )

    async def _held(self, campaigns: asyncpg.Record) -> dict[str, Any]:
        """Until when the first are held of one campaign, and by which law, where nobody else waits; else empty."""
        if self.campaign_id is None or not campaigns["sending"]:
            return {}
        found = limits.read(campaigns["rules"][0])
        if found == limits.NO_LIMITS:
            return {}
        until = await self.connection.fetchval(sql("diagnosed_held"), self.campaign_id, HELD_S)
        if until is None:
            return {}
        return {"held_until": until.astimezone(ZoneInfo(found.zone)), "held_by": found.law or in_words(found)}

    async def _first_share(self) -> tuple[dict[str, Any], bool]:
        """Of one campaign others of which are held behind it; whether it is paused, which a ledger may not know yet."""
        if self.campaign_id is None:
            return {}, False
        where = self.home or self.connection
        with pool.within(where, HOME_S) if self.home else nullcontext():  # the ledger's time is another's
            row = await where.fetchrow(sql("diagnosed_first_share"), self.campaign_id, UNHEARD_S)
        if row is None:
            return {}, False
        why = canary.in_words(json.loads(row["details"] or "{}"))
        found = {
            "first_share": row["event"] or "",
            "first_share_why": why,
            "behind_first_share": row["held"],
            "unheard": tuple(row["unheard"] or ()),
        }
        return found, row["paused"]

    async def _ahead(self, readings: Mapping[CarrierNo, list[LaneReading]]) -> dict[CarrierNo, str]:
        """Carriers at which others have the TPS: who goes first there, where this campaign has none of it."""
        if self.campaign_id is None:
            return {}
        others = {
            number: [each.sharing[0] for each in found if each.sharing]
            for number, found in readings.items()
            if all(self.campaign_id not in each.sharing for each in found)
        }
        numbers = [self.campaign_id, *(each for found in others.values() for each in found)]
        rows = {
            row["campaign_id"]: row for row in await self.connection.fetch(sql("diagnosed_ranks"), numbers)
        }
        ranks = {each: rank(row["category"], row["status"], row["priority"]) for each, row in rows.items()}
        firsts = {
            number: min(found, key=lambda each: ranks[each]) for number, found in others.items() if found
        }
        mine = ranks[self.campaign_id]
        return {number: rows[first]["name"] for number, first in firsts.items() if ranks[first] < mine}

    async def _misfits(
        self, campaigns: asyncpg.Record, carriers: list[CarrierNo]
    ) -> dict[CarrierNo, tuple[int, float | None, float]]:
        """How many receipts fit nothing, how long ago the newest came, and the share of clashes among the newest."""
        if campaigns["since"] is None:
            return {}
        since, until = campaigns["since"], campaigns["until"]
        found = {}
        for carrier in carriers:
            row = await self.connection.fetchrow(
                sql("diagnosed_misfits"), carrier, since, until, SETTLING_S, COUNT_MOST
            )
            assert row is not None  # an aggregate
            clashes = await self._clash_share(carrier, since) if row["receipts"] else 0.0
            found[carrier] = row["receipts"], row["ago_s"], clashes
        return found

    async def _clash_share(self, carrier: CarrierNo, since: datetime) -> float:
        """Of the newest that fit nothing."""
        rows = await self.connection.fetch(sql("diagnosed_reasons"), carrier, since)
        reasons = b"".join(row["reasons"] for row in rows)
        return reasons.count(REASONS.index("clash")) / max(1, len(reasons))

    async def _states(self, campaigns: asyncpg.Record) -> dict[CarrierNo, list[str]]:
        states: dict[CarrierNo, list[str]] = {}
        if campaigns["since"] is not None:
            since, until = campaigns["since"], campaigns["until"]
            for row in await self.connection.fetch(sql("diagnosed_states"), since, until):
                states.setdefault(row["carrier_no"], []).append(row["value"])
        return states

    async def _readings(self) -> dict[CarrierNo, list[LaneReading]]:
        readings: dict[CarrierNo, list[LaneReading]] = {}
        for row in await self.connection.fetch(sql("diagnosed_readings"), FRESH_S):
            read = _older(LaneReading.from_json(row["reading"]), row["age_s"])
            readings.setdefault(row["carrier_no"], []).append(read)
        return readings


def _quiet(campaigns: asyncpg.Record) -> dict[str, Any]:
    """Until when all that run wait, and by which law; empty while one may be sent."""
    found = [limits.read(rules) for rules in campaigns["rules"] or ()]
    now = campaigns["now"].timestamp()
    opens = [(each.hours.opening(now).opens, each) for each in found]
    if not opens or any(at <= now for at, _ in opens):
        return {}
    at, first = min(opens, key=lambda each: each[0])
    return {"quiet_until": datetime.fromtimestamp(at, ZoneInfo(first.zone)), "law": first.law}


def _left_s(campaigns: asyncpg.Record, quiet_until: datetime | None) -> float | None:
    """In which a campaign may still be sent; below 0 when it has expired, None before its launch."""
    if campaigns["expires_at"] is None:
        return None
    left: timedelta = campaigns["expires_at"] - max(campaigns["now"], quiet_until or campaigns["now"])
    return left.total_seconds()


def _cannot(readings: Iterable[LaneReading], campaigns: list[CampaignId]) -> str:
    """Why one of these campaigns cannot go through a carrier; empty when they can."""
    whys = (reading.cannot_send.get(campaign, "") for reading in readings for campaign in campaigns)
    return next(filter(None, whys), "")


def _older(reading: LaneReading, by_s: float) -> LaneReading:
    """Its ages as they are now."""
    ages = ("short_for_s", "accepted_for_s", "accepted_ago_s", "receipt_ago_s")
    known = {name: value + by_s for name in ages if (value := getattr(reading, name)) is not None}
    return replace(reading, **known)
