"""The figures that a diagnosis is made of: plain values, wherever they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broadcast.diagnosis.reading import LaneReading


@dataclass(frozen=True, slots=True)
class CarrierFigures:
    """One carrier, in a campaign or in all that run. Recipients by state unless a unit says otherwise.

    misfit_receipts: final receipts since the launch that fit no submission, but not those that may yet fit; counted up
    to `misfits_counted_to`; misfit_ago_s: since the newest of them came; clash_share: of
    these, how many name no number though several people have their id. unknown_states: what receipts named as their
    state and the profile does not know; a reading says how often. usual_*: from what the carrier settled before, None
    when that is not known. refusals: command_status -> recipients refused for good; empty where nobody read them.
    unresolved_s: for how long receipts may lie here unresolved; receipts_wait: some do now; resolver: one that lives
    has the carrier. readings: of the living workers. cannot_send: why a campaign cannot go through it. gives_way_to:
    the name of the campaign that has the TPS in its place.
    """

    carrier: str
    tps: int | None = None
    slots: int = 0
    held: int = 0
    bound: int = 0
    granted_tps: int = 0
    waiting: int = 0
    in_doubt: int = 0
    accepted: int = 0
    unknown: int = 0
    rejected: int = 0
    undeliverable: int = 0
    delivered: int = 0
    misfit_receipts: int = 0
    misfit_ago_s: float | None = None
    misfits_counted_to: int = 20_000
    clash_share: float = 0.0
    unknown_states: tuple[str, ...] = ()
    usual_receipt_s: float | None = None
    usual_refused_share: float | None = None
    unresolved_s: float = 0.0
    receipts_wait: bool = False
    resolver: bool = True
    refusals: Mapping[int, int] = field(default_factory=dict)
    readings: tuple[LaneReading, ...] = ()
    cannot_send: str = ""
    gives_way_to: str = ""

    @property
    def told(self) -> int:
        """Recipients of whom a receipt told the end."""
        return self.delivered + self.undeliverable


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign at one moment, or all that run or are paused (campaign is then empty). overridden_by: who approved it
    alone, by override.

    first_share: what became of it, as its event, where others are held behind it still; first_share_why: in words;
    behind_first_share: how many are held; unheard: ledgers that do not say how it goes there.
    sending: it is to be sent now. quiet_until: it waits for the end of its quiet hours, in its country's time; law: by
    which. held_until: whoever waits is held by a cap or a pace, the first until then; held_by: by which.
    segments: of a message. launched_for_s: since the newest launch among them.
    left_s: in which it may still be sent, by its expiry and its quiet hours; None: of no one campaign.
    workers: alive; workers_for_s: the age of the oldest. lost_workers: that ended of late without a word and have no
    successor.
    """

    campaign: str = ""
    overridden_by: str = ""
    sending: bool = False
    first_share: str = ""
    first_share_why: str = ""
    behind_first_share: int = 0
    unheard: tuple[str, ...] = ()
    quiet_until: datetime | None = None
    law: str = ""
    held_until: datetime | None = None
    held_by: str = ""
    paused: bool = False
    finished: bool = False
    segments: int = 1
    launched_for_s: float = 0.0
    left_s: float | None = None
    workers: int = 0
    workers_for_s: float = 0.0
    lost_workers: int = 0
    carriers: tuple[CarrierFigures, ...] = ()
