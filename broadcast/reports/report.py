"""The report: what became of an alert, at one moment.

Counts per carrier and state come from the tallies, reasons and times from the campaign's books. The report holds no
MSISDN; `recipients` streams them for who asks for the list.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from broadcast.audience.subscribers import PastImport, past_imports
from broadcast.campaign.campaigns import Campaign, CampaignEvent, events
from broadcast.errors import InputError
from broadcast.ledger.books import TICK_US, Books, Doubt, Ends, Outcomes
from broadcast.ledger.replies import ReplyCount, counts
from broadcast.ledger.states import RecipientState
from broadcast.reports.pauses import Steadiness, paused_spans, steadiness
from broadcast.reports.progress import CarrierProgress, Progress, progress
from broadcast.reports.received import Misfit, Oddity
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
    subscribers, the newest. steadiness: of the carriers of which it can be said."""

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


async def report(connection: Connection, campaign: Campaign, books: Books) -> Report:
    """Read it all, within the snapshot of its books. Raises InputError when it was never launched."""
    number, launched_at = campaign.campaign_id, campaign.launched_at
    if launched_at is None:
        raise InputError(
            f"campaign {campaign.name} is {campaign.state}: it was never launched, so there is nothing to report"
        )
    ends = await books.ends(launched_at, LONGEST_DELAY_S)
    exclusions, doubts = await books.exclusions(), await books.doubts()
    oddities = await connection.fetch(sql("report_oddities"), number)
    misfits = await connection.fetch(sql("report_misfits"), number)
    imports = await past_imports(connection, _IMPORTS, launched_at)
    what_happened = await events(connection, number)
    now = await progress(connection, number)
    took_s = ((campaign.finished_at or now.at) - launched_at).total_seconds()
    paused = paused_spans([(each.at, each.event) for each in what_happened], launched_at, took_s)
    return Report(
        campaign=campaign,
        took_s=took_s,
        progress=now,
        exclusions=tuple(
            Reason(each.carrier, "excluded", each.reason, each.recipients) for each in exclusions
        ),
        failures=_failures(ends.outcomes),
        doubts=tuple(doubts),
        oddities=tuple(Oddity(**row) for row in oddities),
        imports=tuple(imports),
        events=tuple(what_happened),
        times=_times(ends, max(1.0, took_s / _STEPS)),
        replies=tuple(await counts(connection, number)),
        misfits=tuple(Misfit(**row) for row in misfits),
        steadiness=_steadiness(ends, campaign.segments or 1, paused, now.carriers),
    )


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
