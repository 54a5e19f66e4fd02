"""The national figures of one moment: what the exporter and the board show. `nation_reading.read` reads them.

Nothing here holds a number of a person or a text. Shares are of who is to be sent to; None where nobody is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from broadcast.diagnosis.finding import Finding
from broadcast.ids import CampaignId
from broadcast.ledger.states import RecipientState
from broadcast.store.databases import DatabaseFigures

STATES: Final = tuple(state.column for state in RecipientState)
NOBODY: Final[Mapping[str, int]] = dict.fromkeys(STATES, 0)
QUANTILES: Final = (0.5, 0.9, 0.99)
_IN_ORDER: Final = itemgetter(*STATES)

States = Mapping[str, int]
"""Recipients by state: each of STATES is there."""


@dataclass(frozen=True, slots=True)
class Audited:
    """What recounts found last, in all ledgers. at: when the oldest of them was recounted."""

    differences: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CampaignNow:
    """One alert. carriers: by name; forecast_end_at: when the last is sent at the pace of now, None while nothing moves
    or the pace is not known yet; segments_per_s: accepted, of late. audited: None: never in all its ledgers. whole: all
    its databases have been heard of; else people are missing in what is counted here."""

    campaign_id: CampaignId
    name: str
    state: str
    status: str
    category: str
    priority: int
    audience: int
    carriers: Mapping[str, States]
    launched_at: datetime
    expires_at: datetime
    finished_at: datetime | None = None
    segments: int = 0
    segments_per_s: float = 0.0
    forecast_end_at: datetime | None = None
    audited: Audited | None = None
    findings: tuple[Finding, ...] = ()
    whole: bool = True
    states: States = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", added(self.carriers.values()))

    @property
    def to_send(self) -> int:
        """The audience without those who were left out."""
        return sum(self.states.values()) - self.states["excluded"]

    @property
    def sent(self) -> int:
        """Left us, or never will."""
        return self.to_send - self.states["waiting"]

    @property
    def sent_share(self) -> float | None:
        return self.sent / self.to_send if self.to_send else None

    @property
    def delivered_share(self) -> float | None:
        return self.states["delivered"] / self.to_send if self.to_send else None


@dataclass(frozen=True, slots=True)
class LinkTried:
    """One bind of a carrier, by its place in the configuration, when a worker tried it last. ok: some address of it is
    open, or bound."""

    bind: int
    ok: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CarrierNow:
    """One connected carrier, in all its ledgers. states: of the campaigns that are shown. tps: configured, granted
    to workers that live, and used of late, in segments. links: bound, and wanted. unresolved_s: for how long receipts
    may lie unresolved, at most; None: no resolver ever had it. unmatched: receipts that fit no message.

    handset_s: seconds from the acceptance to the receipt, by QUANTILES, of who was delivered to in the last minutes;
    usual_handset_s: the same of the newest campaigns. Empty where nobody knows."""

    name: str
    states: States
    tps: int = 0
    granted_tps: int = 0
    used_tps: float = 0.0
    links: int = 0
    links_wanted: int = 0
    unresolved_s: float | None = None
    unmatched: int = 0
    handset_s: Mapping[float, float] = field(default_factory=dict)
    usual_handset_s: Mapping[float, float] = field(default_factory=dict)
    links_tried: tuple[LinkTried, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerNow:
    """One database with a part of the nation; home, where that is no ledger, is called `home`. up: it answered this
    time; what it said before stands where it did not. workers: alive; leases: slices that they hold. ledger: people of
    campaigns are there."""

    name: str
    up: bool
    home: bool
    workers: int = 0
    leases: int = 0
    database: DatabaseFigures | None = None
    ledger: bool = True


@dataclass(frozen=True, slots=True)
class Nation:
    """One moment. campaigns: that run, are paused, or ended within the last hour, the newest first. findings: of no one
    campaign, carrier by carrier: what is wrong with all that run. took_s: how long the reading took."""

    at: datetime
    campaigns: tuple[CampaignNow, ...] = ()
    carriers: tuple[CarrierNow, ...] = ()
    ledgers: tuple[LedgerNow, ...] = ()
    findings: tuple[Finding, ...] = ()
    took_s: float = 0.0

    @property
    def workers(self) -> int:
        return sum(each.workers for each in self.ledgers)

    @property
    def away(self) -> tuple[str, ...]:
        """Ledgers that do not answer; their people are as they were last seen."""
        return tuple(each.name for each in self.ledgers if not each.up)

    def campaign(self, name: str) -> CampaignNow | None:
        return next((each for each in self.campaigns if each.name == name), None)

    def carrier(self, name: str) -> CarrierNow | None:
        return next((each for each in self.carriers if each.name == name), None)


def added(each: Iterable[States]) -> States:
    """Their sums, state by state."""
    found = [_IN_ORDER(states) for states in each]
    return dict(zip(STATES, map(sum, zip(*found, strict=True)), strict=True)) if found else NOBODY


def states_of(row: Any) -> States:
    """Of a row that has them among other things."""
    return dict(zip(STATES, _IN_ORDER(row), strict=True))


def audited(parts: Sequence[Audited | None]) -> Audited | None:
    """Of all ledgers. Where one was never recounted nobody can say that all is well, only that something is not."""
    known = [each for each in parts if each is not None]
    differences = sum(each.differences for each in known)
    if not known or (len(known) < len(parts) and not differences):
        return None
    return Audited(differences, min(each.at for each in known))
