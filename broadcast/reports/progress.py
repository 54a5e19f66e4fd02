"""How far a campaign is, from its tallies: cheap enough to ask every second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from broadcast.errors import InputError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.ledger.states import RecipientState
from broadcast.reports import withdrawals
from broadcast.reports.withdrawals import Withdrawal
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_ENDS = (
    RecipientState.DELIVERED,
    RecipientState.UNDELIVERABLE,
    RecipientState.REJECTED,
    RecipientState.EXPIRED,
    RecipientState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class CarrierProgress:
    """One carrier's recipients by state. tps: its segments per second, None when it is not connected.

    links: bound now, over all campaigns. segments: accepted by its SMSC, all copies.
    """

    carrier: str
    tps: int | None
    links: int
    segments: int
    states: Mapping[str, int]

    @property
    def audience(self) -> int:
        return sum(self.states.values())

    @property
    def to_send(self) -> int:
        """The audience without those who were left out."""
        return self.audience - self.states["excluded"]

    @property
    def sent(self) -> int:
        """Left us, or never will: everything but waiting and excluded."""
        return self.to_send - self.states["waiting"]

    @property
    def failed(self) -> int:
        """At an end other than delivered."""
        return self.ended - self.states["delivered"]

    @property
    def ended(self) -> int:
        """Recipients at their end."""
        return sum(self.states[state.column] for state in _ENDS)


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign at one moment. segments: of one message, known once launched. workers: alive now. away: ledgers that
    cannot be reached, whose carriers are as they were last seen; lost: those that have nothing of it any more.
    withdrawals: of a cancelled one. arrives_at: when 90 percent of those who will have it do, where that was asked."""

    at: datetime
    state: str
    launched: bool
    finished: bool
    segments: int | None
    workers: int
    carriers: tuple[CarrierProgress, ...]
    away: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    status: str = "actual"
    withdrawals: tuple[Withdrawal, ...] = ()
    launched_at: datetime | None = None
    arrives_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Nothing more will move, or nothing more is sent, nor asked back."""
        asks = self.workers > 0 and any(each.to_ask for each in self.withdrawals)
        return self.finished or self.state == "finished" or (self.state == "cancelled" and not asks)

    @property
    def total(self) -> CarrierProgress:
        """All carriers together, under the name `all`."""
        return together("all", self.carriers)


def together(name: str, lines: Sequence[CarrierProgress]) -> CarrierProgress:
    """Their sums, under this name."""
    states = {state.column: sum(line.states[state.column] for line in lines) for state in RecipientState}
    tps, links = sum(line.tps or 0 for line in lines) or None, sum(line.links for line in lines)
    return CarrierProgress(name, tps, links, sum(line.segments for line in lines), states)


def joined(
    home: Progress, ledgers: Sequence[Progress], away: Sequence[str] = (), lost: Sequence[str] = ()
) -> Progress:
    """Home's word on the campaign, and the people of its ledgers. Pure."""
    by_carrier: dict[str, list[CarrierProgress]] = {}
    for ledger in ledgers:
        for line in ledger.carriers:
            by_carrier.setdefault(line.carrier, []).append(line)
    return replace(
        home,
        workers=sum(each.workers for each in ledgers),
        carriers=tuple(together(name, lines) for name, lines in by_carrier.items()),
        away=tuple(away),
        lost=tuple(lost),
        withdrawals=withdrawals.joined([one for each in ledgers for one in each.withdrawals]),
    )


async def progress(connection: Connection, campaign_id: CampaignId) -> Progress:
    """Where the campaign is now. Raises InputError when there is none of that number."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(sql("progress_campaign"), campaign_id)
        if row is None:
            raise InputError(_("there is no such campaign any more"))
        lines = await connection.fetch(sql("progress_tallies"), campaign_id)
        back = await withdrawals.withdrawals(connection, campaign_id) if row["state"] == "cancelled" else ()
    return Progress(
        at=row["at"],
        state=row["state"],
        status=row["status"],
        launched=row["launched_at"] is not None,
        finished=row["finished_at"] is not None,
        segments=row["segments"],
        workers=row["workers"],
        carriers=tuple(
            CarrierProgress(
                carrier=line["carrier"],
                tps=line["tps"],
                links=line["links"],
                segments=line["segments"],
                states={state.column: line[state.column] for state in RecipientState},
            )
            for line in lines
        ),
        withdrawals=back,
        launched_at=row["launched_at"],
    )
