"""What an alert would take and whom it would reach, as things are now: looked at before somebody approves it, and once
more at its launch, which may be refused."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from broadcast.actions import clock
from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.notices import AgainstForecast
from broadcast.actions.outlook import Outlook, outlook, zone
from broadcast.actions.session import Session
from broadcast.campaign import campaigns, choosing
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.capped import Capped
from broadcast.campaign.capped import capped as whom_caps_hold
from broadcast.campaign.precedence import claim
from broadcast.campaign.ruled import reasons_for
from broadcast.campaign.sent_to import Counts, Held
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

_NOBODY: Final[Held] = {}
_MOMENTS_MOST: Final = 24  # of one message at one carrier: those between are as late as the next one


@dataclass(frozen=True, slots=True)
class Foreseen:
    """variants: as it is, and in the other alphabet. excluded: who would not be reached, by reason. verdict: what
    speaks against its launch. budget: as it stands before it; None: there is none. reach: of its areas. capped: who
    would wait, or be left out, by how often people may be told."""

    campaign: Campaign
    variants: Sequence[Forecast]
    excluded: Mapping[str, int]
    verdict: Verdict = field(default_factory=Verdict)
    budget: Standing | None = None
    reach: Reach | None = None
    capped: Capped = field(default_factory=Capped)


async def foresee(session: Session, name: str) -> Foreseen:
    """Changes nothing. Raises InputError when there is no such campaign."""
    connection, config = session.connection, session.config
    found = await campaigns.by_name(connection, name)
    await tell_of_unfinished(session)
    await clock.now(session)
    counts = await choosing.counted(connection, config, found.content)
    reasons = reasons_for(config, found.content)
    seen = await outlook(session, found.campaign_id)
    capped = await _capped(session, found, seen.at)
    reached = {(each.carrier, each.variant): each.heard(reasons) for each in counts}
    reached = {key: max(0, people - capped.left_out.get(key, 0)) for key, people in reached.items()}
    changes = await campaigns.plain_changes(connection, found.campaign_id)
    question, held = (
        _asked(config, found, seen, reached, each).with_changes(changes) for each in (_NOBODY, capped.held)
    )
    verdict = judge(question, question.drafted(), found.name, zone(config))
    excluded = Counter(choosing.excluded(config, reasons, counts))
    excluded.update({"capped": capped.people_left_out} if capped.left_out else {})
    return Foreseen(found, (held.drafted(), held.other()), dict(excluded), verdict, question.budget,
                    await reach(connection, found.content), capped)  # fmt: skip


async def _capped(session: Session, found: Campaign, at: datetime) -> Capped:
    """Of the databases that are reached."""
    async with session.all_parts() as parts:
        connections = [part.connection for part in parts.reached]
        return await whom_caps_hold(session.connection, connections, session.config, found, at)


async def at_launch(session: Session, found: Campaign) -> Callable[[Counts, Held], dict[str, Any]]:
    """What is asked within the launch's transaction, once it is known who hears it; gives what is kept of it.

    It raises RefusedError where the alert would end past its expiry, or past the budget. An emergency is never refused,
    nor one's own phones, nor a correction: who launches it is told.
    """
    seen = await outlook(session, found.campaign_id)
    changes = await campaigns.plain_changes(session.connection, found.campaign_id)

    def foreseen(counts: Counts, held: Held) -> dict[str, Any]:
        question = _asked(session.config, found, seen, counts).with_changes(changes)
        drafted = question.drafted()
        verdict = judge(question, drafted, found.name, zone(session.config))
        if verdict.problems and found.category != "emergency" and found.hearers == "everybody":
            raise RefusedError(str(verdict))
        if verdict.problems:
            session.tell(AgainstForecast(str(verdict)))
        if held:  # who is held is late by the rule, and no reason to refuse it
            drafted = _asked(session.config, found, seen, counts, held).drafted()
        return Kept.of(seen.at, drafted).document()

    return foreseen


def _asked(config: Config, found: Campaign, seen: Outlook, counts: Counts, held: Held = _NOBODY) -> Question:
    content = found.content
    whole = content.variants[0]
    asked = Asked(
        whole.text,
        whole.alphabet,
        _loads(config, found, seen, counts, held),
        seen.at,
        found.expires_at,
        around=seen.around,
        pace=_pace(config, found, seen.at),
    )
    return Question(asked, seen.budget)


def _pace(config: Config, found: Campaign, at: datetime) -> Pace:
    """By its plan, and the rule that it would be launched under, but for its caps."""
    plan = found.content.plan
    hourly = None
    if plan.callers_per_hour is not None and found.category != "emergency":
        hourly = people_per_hour(plan.callers_per_hour, config.rules.callers_share)
    limits = limits_of(config.rules.of(found.category), config.country.time_zone, hourly)
    canary = None if plan.canary is None else Canary(plan.canary.share, plan.canary.wait_s)
    place = claim(found.category, found.status, found.priority, plan)
    return Pace(place, quiet_spans(limits.hours, at), limits.people_per_hour, canary)


def _loads(config: Config, found: Campaign, seen: Outlook, counts: Counts, held: Held) -> list[CarrierLoad]:
    """Of the connected carriers; where each hears their own language, a load a language."""
    variants = found.content.variants
    people = Counter[tuple[str, Variant]]()
    later = defaultdict[tuple[str, Variant], Counter[float]](Counter)
    for (name, number), count in counts.items():
        people[name, variants[number]] += count
        later[name, variants[number]].update(held.get((name, number), {}))
    own = found.content.plan.own_language
    return [
        CarrierLoad(
            name,
            people[name, each],
            seen.tps[name],
            carrier.smpp.concatenation,
            carrier.smpp.default_alphabet,
            carrier.smpp.national_shift,
            later=_later(later[name, each], people[name, each], seen.at.timestamp()),
            **({"language": each.language, "text": each.text, "alphabet": each.alphabet} if own else {}),  # type: ignore[arg-type]
        )
        for name, carrier in sorted(config.carriers.items())
        if name in found.carriers
        for each in [each for each in dict.fromkeys(variants) if people[name, each]] or variants[:1]
    ]


def _later(held: Mapping[float, int], people: int, at: float) -> tuple[tuple[float, float], ...]:
    """Seconds from the start, and shares of these people: some of many moments are taken together, as the last of
    them."""
    moments = sorted(held)
    if not people or not moments:
        return ()
    apart = max(1.0, (moments[-1] - moments[0]) / (_MOMENTS_MOST - 1))
    bins: dict[int, tuple[float, int]] = {}
    for moment in moments:
        number = int((moment - moments[0]) / apart)
        bins[number] = moment, bins.get(number, (0.0, 0))[1] + held[moment]
    return tuple((max(0.0, moment - at), min(1.0, count / people)) for moment, count in bins.values())
