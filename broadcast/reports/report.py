"""The report: what became of an alert, at one moment.

Counts per carrier and state come from the tallies, reasons and times from the campaign's books. The report holds no
MSISDN; `recipients` streams them for who asks for the list.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from broadcast.audience.subscribers import PastImport, past_imports
from broadcast.campaign.campaigns import Campaign, CampaignEvent, events
from broadcast.errors import InputError
from broadcast.languages import _, term
from broadcast.ledger.books import TICK_US, Books, Doubt, Ends, Exclusion, Outcomes
from broadcast.ledger.replies import ReplyCount, counts
from broadcast.ledger.states import RecipientState
from broadcast.reports.foreseen import Compared, compared, kept_of
from broadcast.reports.pauses import Steadiness, paused_spans, steadiness
from broadcast.reports.progress import CarrierProgress, Progress, joined, progress
from broadcast.reports.received import Misfit, Oddity
from broadcast.store.purpose import purpose
from broadcast.store.queries import sql
from broadcast.store.types import Connection

LONGEST_DELAY_S = 86_400
_STEPS = 100
_IMPORTS = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """Recipients of a state for the same reason: a receipt's `err`, or `status:<command_status>`."""

    carrier: str
    state: str
    reason: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Times:
    """When things happened. step_s: the width of a step of `sent`, counted from the launch.

    sent: carrier -> step -> recipients whose last segment was accepted then (only those at their end).
    delays: carrier -> seconds from that to the final receipt, up to LONGEST_DELAY_S -> recipients.
    """

    step_s: float
    sent: Mapping[str, Mapping[int, int]]
    delays: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is said about one campaign. took_s: from launch to its end, or to now. imports: that made its
    subscribers, the newest. steadiness: of the carriers of which it can be said. training: the database is there for
    that. foreseen: what was, beside what came."""

    campaign: Campaign
    took_s: float
    progress: Progress
    exclusions: tuple[Reason, ...]
    failures: tuple[Reason, ...]
    doubts: tuple[Doubt, ...]
    oddities: tuple[Oddity, ...]
    imports: tuple[PastImport, ...]
    events: tuple[CampaignEvent, ...]
    times: Times
    replies: tuple[ReplyCount, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    steadiness: Mapping[str, Steadiness] = field(default_factory=dict)
    training: bool = False
    foreseen: tuple[Compared, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What one ledger, or all of them together, say of a campaign."""

    progress: Progress
    ends: Ends
    exclusions: Sequence[Exclusion]
    doubts: Sequence[Doubt]
    oddities: Sequence[Oddity]
    misfits: Sequence[Misfit]
    replies: Sequence[ReplyCount]


async def read(connection: Connection, campaign: Campaign, books: Books) -> Read:
    """One ledger's, within the snapshot of its books. Raises InputError when the campaign was never launched."""
    number = campaign.campaign_id
    return Read(
        progress=await progress(connection, number),
        ends=await books.ends(_launched_at(campaign), LONGEST_DELAY_S),
        exclusions=await books.exclusions(),
        doubts=await books.doubts(),
        oddities=[Oddity(**row) for row in await connection.fetch(sql("report_oddities"), number)],
        misfits=[Misfit(**row) for row in await connection.fetch(sql("report_misfits"), number)],
        replies=await counts(connection, number),
    )


def together(home: Progress, reads: Sequence[Read]) -> Read:
    """Those of all ledgers, carrier by carrier. Pure."""
    sent: dict[str, Counter[int]] = {}
    for each in reads:
        for carrier, ticks in each.ends.sent.items():
            sent.setdefault(carrier, Counter()).update(ticks)
    there: dict[str, Counter[int]] = {}
    for each in reads:
        for carrier, ticks in each.ends.delivered.items():
            there.setdefault(carrier, Counter()).update(ticks)
    outcomes = [outcome for each in reads for outcome in each.ends.outcomes]
    exclusions = Counter[tuple[str, str]]()
    doubts = Counter[tuple[str, str, str | None]]()
    for each in reads:
        exclusions.update({(one.carrier, one.reason): one.recipients for one in each.exclusions})
        doubts.update({(one.carrier, one.reason, one.ended_as): one.recipients for one in each.doubts})
    return Read(
        progress=joined(home, [each.progress for each in reads]),
        ends=Ends(outcomes, sent, there),
        exclusions=[Exclusion(*key, count) for key, count in exclusions.items()],
        doubts=[Doubt(*key, count) for key, count in doubts.items()],
        oddities=[one for each in reads for one in each.oddities],
        misfits=[one for each in reads for one in each.misfits],
        replies=[one for each in reads for one in each.replies],
    )


async def report(home: Connection, campaign: Campaign, found: Read) -> Report:
    """found: of all its ledgers. Raises InputError when the campaign was never launched."""
    launched_at, now, ends = _launched_at(campaign), found.progress, found.ends
    imports = await past_imports(home, _IMPORTS, launched_at)
    what_happened = await events(home, campaign.campaign_id)
    kept = kept_of(what_happened)
    took_s = ((campaign.finished_at or now.at) - launched_at).total_seconds()
    paused = paused_spans([(each.at, each.event) for each in what_happened], launched_at, took_s)
    return Report(
        campaign=campaign,
        took_s=took_s,
        progress=now,
        exclusions=tuple(
            Reason(each.carrier, "excluded", each.reason, each.recipients) for each in found.exclusions
        ),
        failures=_failures(ends.outcomes),
        doubts=tuple(found.doubts),
        oddities=tuple(found.oddities),
        imports=tuple(imports),
        events=tuple(what_happened),
        times=_times(ends, max(1.0, took_s / _STEPS)),
        replies=tuple(found.replies),
        misfits=tuple(found.misfits),
        steadiness=_steadiness(ends, campaign.segments or 1, paused, now.carriers),
        training=await purpose(home) == "training",
        foreseen=() if kept is None else tuple(compared(kept, launched_at, ends, now)),
    )


def _launched_at(campaign: Campaign) -> datetime:
    if campaign.launched_at is None:
        raise InputError(
            _(
                "campaign {name} is {state}: it was never launched, so there is nothing to report",
                name=campaign.name,
                state=term(campaign.state),
            )
        )
    return campaign.launched_at


def share_within(delays: Mapping[int, int], share: float) -> int | None:
    """Seconds within which that share (0 to 1) of the receipts came; None when there were none."""
    total = sum(delays.values())
    seen = 0
    for delay in sorted(delays):
        seen += delays[delay]
        if seen >= share * total:
            return delay
    return None


def _failures(outcomes: Sequence[Outcomes]) -> tuple[Reason, ...]:
    """Final states other than delivered, by reason, the most frequent first within a carrier and state."""
    counts: Counter[tuple[str, int, str]] = Counter()
    for each in outcomes:
        if each.state != RecipientState.DELIVERED:
            counts[each.carrier, each.state, each.err] += each.recipients
    ordered = sorted(counts.items(), key=lambda item: (item[0][0], item[0][1], -item[1], item[0][2]))
    return tuple(
        Reason(carrier, RecipientState(state).column, err, count) for (carrier, state, err), count in ordered
    )


def _times(ends: Ends, step_s: float) -> Times:
    sent: dict[str, Counter[int]] = {carrier: Counter() for carrier in ends.sent}
    delays: dict[str, Counter[int]] = {}
    for carrier, ticks in ends.sent.items():
        for tick, recipients in ticks.items():
            sent[carrier][max(0, int(tick * TICK_US / 1e6 / step_s))] += recipients
    for each in ends.outcomes:
        if each.sent:
            delays.setdefault(each.carrier, Counter())[max(0, each.delay_s)] += each.recipients
    return Times(step_s, sent, delays)


def _steadiness(
    ends: Ends, segments: int, paused: Sequence[tuple[float, float]], carriers: Sequence[CarrierProgress]
) -> dict[str, Steadiness]:
    found = {
        line.carrier: steadiness(ends.sent.get(line.carrier, {}), segments, line.tps, paused)
        for line in carriers
        if line.tps
    }
    return {carrier: each for carrier, each in found.items() if each is not None}
