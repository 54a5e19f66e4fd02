"""What an alert would take and whom it would reach, as things are now: looked at before somebody approves it, and once
more at its launch, which may be refused."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from broadcast.actions import clock
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.notices import AgainstForecast
from broadcast.actions.outlook import Outlook, outlook, zone
from broadcast.actions.session import Session
from broadcast.campaign import campaigns, choosing
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.precedence import claim
from broadcast.campaign.ruled import reasons_for
from broadcast.campaign.variants import Variant
from broadcast.config import Config
from broadcast.errors import RefusedError
from broadcast.forecast.budget import Standing
from broadcast.forecast.hours import quiet_spans
from broadcast.forecast.kept import Kept
from broadcast.forecast.moments import Canary
from broadcast.forecast.question import Question
from broadcast.forecast.reach import Reach, reach
from broadcast.forecast.verdict import Verdict, judge
from broadcast.forecast.ways import Asked, CarrierLoad, Forecast, Pace
from broadcast.rules.limits import limits_of
from broadcast.rules.pace import people_per_hour

Counts = Mapping[tuple[str, int], int]  # by carrier and number of the message (`slice.variant`)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """variants: as it is, and in the other alphabet. excluded: who would not be reached, by reason. verdict: what
    speaks against its launch. budget: as it stands before it; None: there is none. reach: of its areas."""

    campaign: Campaign
    variants: Sequence[Forecast]
    excluded: Mapping[str, int]
    verdict: Verdict = field(default_factory=Verdict)
    budget: Standing | None = None
    reach: Reach | None = None


async def foresee(session: Session, name: str) -> Foreseen:
    """Changes nothing. Raises InputError when there is no such campaign."""
    connection, config = session.connection, session.config
    found = await campaigns.by_name(connection, name)
    await tell_of_unfinished(session)
    await clock.now(session)
    counts = await choosing.counted(connection, config, found.content)
    reasons = reasons_for(config, found.content)
    reached = {(each.carrier, each.variant): each.heard(reasons) for each in counts}
    question = await _question(session, found, reached)
    drafted = question.drafted()
    verdict = judge(question, drafted, found.name, zone(config))
    excluded = choosing.excluded(config, reasons, counts)
    return Foreseen(found, (drafted, question.other()), excluded, verdict, question.budget,
                    await reach(connection, found.content))  # fmt: skip


async def at_launch(session: Session, found: Campaign) -> Callable[[Counts], dict[str, Any]]:
    """What is asked within the launch's transaction, once it is known who hears it; gives what is kept of it.

    It raises RefusedError where the alert would end past its expiry, or past the budget. An emergency is never refused,
    nor one's own phones, nor a correction: who launches it is told.
    """
    seen = await outlook(session, found.campaign_id)
    changes = await campaigns.plain_changes(session.connection, found.campaign_id)

    def foreseen(counts: Counts) -> dict[str, Any]:
        question = _asked(session.config, found, seen, counts).with_changes(changes)
        drafted = question.drafted()
        verdict = judge(question, drafted, found.name, zone(session.config))
        if verdict.problems and found.category != "emergency" and found.hearers == "everybody":
            raise RefusedError(str(verdict))
        if verdict.problems:
            session.tell(AgainstForecast(str(verdict)))
        return Kept.of(seen.at, drafted).document()

    return foreseen


async def _question(session: Session, found: Campaign, counts: Counts) -> Question:
    seen = await outlook(session, found.campaign_id)
    changes = await campaigns.plain_changes(session.connection, found.campaign_id)
    return _asked(session.config, found, seen, counts).with_changes(changes)


def _asked(config: Config, found: Campaign, seen: Outlook, counts: Counts) -> Question:
    content = found.content
    whole = content.variants[0]
    asked = Asked(
        whole.text,
        whole.alphabet,
        _loads(config, found, counts, seen.tps),
        seen.at,
        found.expires_at,
        around=seen.around,
        pace=_pace(config, found, seen.at),
    )
    return Question(asked, seen.budget)


def _pace(config: Config, found: Campaign, at: datetime) -> Pace:
    """By its plan, and the rule that it would be launched under. Who waits for their cap is not foreseen."""
    plan = found.content.plan
    hourly = None
    if plan.callers_per_hour is not None and found.category != "emergency":
        hourly = people_per_hour(plan.callers_per_hour, config.rules.callers_share)
    limits = limits_of(config.rules.of(found.category), config.country.time_zone, hourly)
    canary = None if plan.canary is None else Canary(plan.canary.share, plan.canary.wait_s)
    place = claim(found.category, found.status, found.priority, plan)
    return Pace(place, quiet_spans(limits.hours, at), limits.people_per_hour, canary)


def _loads(config: Config, found: Campaign, counts: Counts, tps: Mapping[str, int]) -> list[CarrierLoad]:
    """Of the connected carriers; where each hears their own language, a load a language. tps: what holds, by
    carrier."""
    variants = found.content.variants
    people = Counter[tuple[str, Variant]]()
    for (name, number), count in counts.items():
        people[name, variants[number]] += count
    own = found.content.plan.own_language
    return [
        CarrierLoad(
            name,
            people[name, each],
            tps[name],
            carrier.smpp.concatenation,
            carrier.smpp.default_alphabet,
            carrier.smpp.national_shift,
            *((each.language, each.text, each.alphabet) if own else ()),
        )
        for name, carrier in sorted(config.carriers.items())
        if name in found.carriers
        for each in [each for each in dict.fromkeys(variants) if people[name, each]] or variants[:1]
    ]
