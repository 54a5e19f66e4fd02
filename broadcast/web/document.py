"""What the board shows, as one plain document: the nation's figures, and what only the board knows beside them. Pure.

Codes and figures, no words but the names of things and the sentences of findings, those in every language. Times are
ISO 8601 in UTC. Nothing in it is a number of a person, or what a message says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from broadcast.config import Contact
from broadcast.diagnosis.finding import Finding
from broadcast.ids import CampaignId
from broadcast.languages import chosen
from broadcast.reports.nation import CampaignNow, CarrierNow, LedgerNow, Nation

CURVE_MOST: Final = 240  # points


@dataclass(frozen=True, slots=True)
class Point:
    """People sent to, and those who have it, at one moment."""

    at: datetime
    sent: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Pause:
    """until: None: it lasts. carrier: '' where all stood. reason: a code of a finding, or `paused`, `first_share`."""

    since: datetime
    until: datetime | None
    reason: str
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class AreaReached:
    """people: sent to who live there, or were seen there last; reached: of them, who has it."""

    code: str
    name: str
    people: int
    reached: int


@dataclass(frozen=True, slots=True)
class Failure:
    """reason: as of a report's: a receipt's `err`, or `status:<command_status>`."""

    state: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Details:
    """Of one campaign, beside the nation's figures. asked: people whom areas and failures are told of; 0: nobody was
    asked yet. whole: these are all, so that the figures are exact; else they are made as many as all are, but for the
    people of a ledger that is away. nameless: this board's login may not read who lives where."""

    curve: tuple[Point, ...] = ()
    pauses: tuple[Pause, ...] = ()
    areas: tuple[AreaReached, ...] = ()
    failures: tuple[Failure, ...] = ()
    asked: int = 0
    whole: bool = False
    nameless: bool = False
    away: bool = False


NO_DETAILS: Final = Details()


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert that waits for approval or launch."""

    campaign_id: CampaignId
    name: str
    state: str
    status: str
    category: str
    drafted_by: str
    drafted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Beside:
    """What is not of the nation's figures."""

    country: str = ""
    training: bool = False
    drafts: Sequence[Draft] = ()
    contacts: Sequence[Contact] = ()
    details: Mapping[CampaignId, Details] = field(default_factory=dict)


def document(nation: Nation, beside: Beside) -> dict[str, Any]:
    """All of it."""
    return {
        "at": _time(nation.at),
        "country": beside.country,
        "training": beside.training,
        "campaigns": [
            _campaign(each, beside.details.get(each.campaign_id, NO_DETAILS)) for each in nation.campaigns
        ],
        "drafts": [_draft(each) for each in beside.drafts],
        "carriers": [_carrier(each) for each in nation.carriers],
        "findings": [_finding(each) for each in nation.findings],
        "contacts": [{"who": each.name, "how": each.how, "carrier": each.carrier or None} for each in beside.contacts],
        "workers": nation.workers,
        "databases": [_database(each) for each in nation.ledgers],
    }  # fmt: skip


def _campaign(now: CampaignNow, beside: Details) -> dict[str, Any]:
    audited = now.audited
    return {
        "id": now.campaign_id,
        "name": now.name,
        "state": now.state,
        "status": now.status,
        "category": now.category,
        "priority": now.priority,
        "launched_at": _time(now.launched_at),
        "expires_at": _time(now.expires_at),
        "finished_at": _time(now.finished_at),
        "forecast_end_at": _time(now.forecast_end_at),
        "audience": now.audience,
        "to_send": now.to_send,
        "sent": now.sent,
        "states": dict(now.states),
        "segments": now.segments,
        "segments_per_s": round(now.segments_per_s, 1),
        "carriers": [{"carrier": name, "states": dict(states)} for name, states in now.carriers.items()],
        "balance": audited and {"differences": audited.differences, "at": _time(audited.at)},
        "findings": [_finding(each) for each in now.findings],
        **_details(beside),
    }


def _details(beside: Details) -> dict[str, Any]:
    return {
        "curve": [{"at": _time(each.at), "sent": each.sent, "delivered": each.delivered} for each in beside.curve],
        "pauses": [
            {"from": _time(each.since), "to": _time(each.until), "reason": each.reason, "carrier": each.carrier or None}
            for each in beside.pauses
        ],
        "areas": [
            {"code": each.code, "name": each.name, "people": each.people, "reached": each.reached}
            for each in beside.areas
        ],
        "failures": [
            {"state": each.state, "reason": each.reason, "count": each.people} for each in beside.failures
        ],
        "asked": {
            "people": beside.asked, "whole": beside.whole, "nameless": beside.nameless, "away": beside.away,
        },
    }  # fmt: skip


def _carrier(now: CarrierNow) -> dict[str, Any]:
    return {
        "carrier": now.name,
        "states": dict(now.states),
        "tps": now.tps,
        "granted": now.granted_tps,
        "used": round(now.used_tps, 1),
        "links": {"bound": now.links, "wanted": now.links_wanted},
        "handset": _quantiles(now.handset_s),
        "usual": _quantiles(now.usual_handset_s),
        "unmatched": now.unmatched,
        "unresolved_s": None if now.unresolved_s is None else round(now.unresolved_s, 1),
        "tried": [{"bind": each.bind, "ok": each.ok, "at": _time(each.at)} for each in now.links_tried],
        "findings": [_finding(each) for each in now.findings],
    }


def _database(now: LedgerNow) -> dict[str, Any]:
    """Octets; None where they cannot be known."""
    told = now.database
    return {
        "name": now.name,
        "up": now.up,
        "workers": now.workers,
        "leases": now.leases,
        "size": told and told.size,
        "disk_free": told and told.disk_free,
        "disk_size": told and told.disk_size,
    }


def _draft(each: Draft) -> dict[str, Any]:
    return {
        "id": each.campaign_id,
        "name": each.name,
        "state": each.state,
        "status": each.status,
        "category": each.category,
        "drafted_by": each.drafted_by,
        "drafted_at": _time(each.drafted_at),
        "expires_at": _time(each.expires_at),
    }


def _finding(each: Finding) -> dict[str, Any]:
    """Its line is made of these by who shows it."""
    return {
        "code": each.code.value,
        "carrier": each.carrier or None,
        "grave": each.grave,
        "sentence": dict(each.sentences) or {chosen(): each.sentence},
        "run": each.command or None,
    }


def _quantiles(found: Mapping[float, float]) -> dict[str, float]:
    """p50: seconds."""
    return {f"p{share * 100:g}": round(seconds, 1) for share, seconds in found.items()}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
