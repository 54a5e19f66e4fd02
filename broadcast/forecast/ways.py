"""What a campaign will cost in segments, time and money, before anybody approves it, in two ways to write it. Pure.

The times are those of every carrier at its TPS, beside what else is sent there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.plain import PlainLetter, plain_text
from broadcast.campaign.precedence import Claim
from broadcast.campaign.text import Message, compose
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift, Price
from broadcast.errors import InputError
from broadcast.forecast.delays import Delays
from broadcast.forecast.flow import ALONE as ALONE_THERE
from broadcast.forecast.flow import Flow, people_pace
from broadcast.forecast.moments import (
    NEVER,
    Canary,
    Lane,
    Moments,
    Seen,
    delivered_moments,
    later,
    look_ahead,
    sent_moments,
)


@dataclass(frozen=True, slots=True)
class CarrierLoad:
    """Who is to be reached at one carrier with the same message. tps: segments per second. language: of those who hear
    their own; '': the message of all. text, alphabet: of that message; None: the campaign's. later: who is held by a
    cap: seconds from the start, and their share of the recipients."""

    carrier: str
    recipients: int
    tps: int
    concatenation: Concatenation
    default_alphabet: DefaultAlphabet
    national_shift: NationalShift = "none"
    language: str = ""
    text: str | None = None
    alphabet: Alphabet | None = None
    later: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What there is at a carrier beside the campaign. others: alerts that run; delays: of its receipts; None: nobody
    knows yet."""

    others: tuple[Flow, ...] = ()
    delays: Delays | None = None
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How the campaign goes out. claim: beside others; quiet: seconds from its start in which it may not;
    people_per_hour: who are let go, so that a hotline can take their calls; None: everybody at once."""

    claim: Claim = ALONE_THERE
    quiet: tuple[tuple[float, float], ...] = ()
    people_per_hour: int | None = None
    canary: Canary | None = None


ALONE: Final = Around()
AT_ONCE: Final = Pace()
_NOTHING_AROUND: Final[Mapping[str, Around]] = {}


@dataclass(frozen=True, slots=True)
class CarrierForecast:
    """Of one carrier and language. segments: `submit_sm` of a message; air_segments: what a handset receives.

    seconds, ends_at, sent, delivered: of the carrier, all languages together; in_time: before expiry. reach: the share
    that will have it at all, None: nobody knows. alphabet, shift: what the text goes in here. cost: in `currency`;
    None: it has no price. problem: why it cannot go here; the counts are then 0.
    """

    carrier: str
    recipients: int
    alphabet: Alphabet
    shift: NationalShift
    segments: int
    air_segments: int
    total_segments: int
    seconds: float
    ends_at: datetime
    in_time: bool
    problem: str | None = None
    language: str = ""
    sent: Moments = NEVER
    delivered: Moments = NEVER
    reach: float | None = None
    cost: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one way to write it costs. units: septets or UCS-2 units; seconds: until the last carrier is done.

    sent: of everybody; delivered: of those who will have it, at the carriers of which that is known; unlearnt: the
    others, of which no campaign was ever finished. costs: by currency; unpriced: carriers without a price.
    changes: which characters are written plainly in it, and how often. problem: why it cannot be written
    so at all; the rest is then empty.
    """

    alphabet: Alphabet
    without_diacritics: bool
    units: int = 0
    total_segments: int = 0
    seconds: float = 0.0
    in_time: bool = False
    carriers: tuple[CarrierForecast, ...] = ()
    changes: tuple[PlainLetter, ...] = ()
    problem: str | None = None
    sent: Moments = NEVER
    delivered: Moments = NEVER
    unlearnt: tuple[str, ...] = ()
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()

    @property
    def recipients(self) -> int:
        return sum(line.recipients for line in self.carriers)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who is reached when; the text is told apart."""

    loads: Sequence[CarrierLoad]
    starts_at: datetime
    expires_at: datetime
    around: Mapping[str, Around]
    pace: Pace


@dataclass(frozen=True, slots=True)
class _Way:
    """The texts in one manner. texts: by language, '' that of all. changes: that were made to that for it."""

    texts: Mapping[str, tuple[str, Alphabet]]
    without_diacritics: bool = False
    changes: tuple[PlainLetter, ...] = ()

    @property
    def alphabet(self) -> Alphabet:
        return self.texts[""][1]


@dataclass(frozen=True, slots=True)
class _Line:
    """A load and its message, or why it has none."""

    load: CarrierLoad
    alphabet: Alphabet
    message: Message | None
    problem: str | None = None

    @property
    def segments(self) -> int:
        return self.load.recipients * len(self.message.segments) if self.message else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """As of `forecast`."""

    text: str
    alphabet: Alphabet
    loads: Sequence[CarrierLoad]
    starts_at: datetime
    expires_at: datetime
    changes: tuple[PlainLetter, ...] = ()
    around: Mapping[str, Around] = field(default_factory=dict)
    pace: Pace = AT_ONCE

    @property
    def plan(self) -> _Plan:
        return _Plan(self.loads, self.starts_at, self.expires_at, self.around, self.pace)

    @property
    def texts(self) -> dict[str, tuple[str, Alphabet]]:
        """By language, '' that of all, and their alphabets."""
        own = {
            load.language: (load.text, load.alphabet or self.alphabet)
            for load in self.loads
            if load.text is not None
        }
        return {"": (self.text, self.alphabet)} | own


def forecast(
    text: str,
    alphabet: Alphabet,
    loads: Sequence[CarrierLoad],
    starts_at: datetime,
    expires_at: datetime,
    changes: tuple[PlainLetter, ...] = (),
    around: Mapping[str, Around] = _NOTHING_AROUND,
    pace: Pace = AT_ONCE,
) -> tuple[Forecast, Forecast]:
    """The campaign as it is, and beside it what the other alphabet would cost.

    That of UCS-2 is GSM 03.38 without diacritics; that of GSM 03.38 is the same text in UCS-2. changes: those
    that the text has behind it. around: by carrier.
    """
    asked = Asked(text, alphabet, loads, starts_at, expires_at, changes, around, pace)
    return as_drafted(asked), otherwise(asked)


def as_drafted(asked: Asked) -> Forecast:
    """The campaign as it is."""
    return _forecast(_Way(asked.texts, bool(asked.changes), asked.changes), asked.plan)


def otherwise(asked: Asked) -> Forecast:
    """What the other alphabet would cost."""
    texts = asked.texts
    if all(each == "gsm0338" for _, each in texts.values()):
        return _forecast(
            _Way({language: (each, "ucs2") for language, (each, _) in texts.items()}), asked.plan
        )
    try:
        plain = {language: plain_text(each) for language, (each, _) in texts.items()}
    except InputError as error:
        return Forecast("gsm0338", True, problem=str(error))
    made = plain[""].changes
    way = _Way({language: (each.text, "gsm0338") for language, each in plain.items()}, bool(made), made)
    return _forecast(way, asked.plan)


def ends(asked: Asked) -> dict[str, datetime]:
    """When each carrier would be done with the campaign as it is, and no more than that: asked again and again."""
    lines = [_line(_Way(asked.texts), load) for load in asked.loads]
    seen = look_ahead(_lanes(lines, asked.plan), asked.pace.canary)
    return {carrier: later(asked.starts_at, each.sent.end_s) for carrier, each in seen.items()}


def _forecast(way: _Way, plan: _Plan) -> Forecast:
    try:
        units = compose(*way.texts[""], "udh8", "gsm0338", 0).units
    except InputError as error:
        return Forecast(way.alphabet, way.without_diacritics, changes=way.changes, problem=str(error))
    lines = [_line(way, load) for load in plan.loads]
    seen = look_ahead(_lanes(lines, plan), plan.pace.canary)
    told = tuple(_told(line, seen.get(line.load.carrier), plan) for line in lines)
    return Forecast(
        alphabet=way.alphabet,
        without_diacritics=way.without_diacritics,
        units=units,
        total_segments=sum(each.total_segments for each in told),
        seconds=max((each.seconds for each in told), default=0.0),
        in_time=all(each.in_time for each in told),
        carriers=told,
        changes=way.changes,
        sent=sent_moments(seen.values(), plan.starts_at),
        delivered=delivered_moments(seen.values(), plan.starts_at),
        unlearnt=tuple(sorted(name for name, each in seen.items() if each.arrivals is None)),
        costs=_costs(told),
        unpriced=tuple(sorted({each.carrier for each in told if each.total_segments and each.cost is None})),
    )


def _costs(lines: Sequence[CarrierForecast]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for each in lines:
        if each.cost is not None and each.currency is not None:
            found[each.currency] = found.get(each.currency, Decimal()) + each.cost
    return found


def _line(way: _Way, load: CarrierLoad) -> _Line:
    text, alphabet = way.texts[load.language if load.text is not None else ""]
    try:
        message = compose(text, alphabet, load.concatenation, load.default_alphabet, 0, load.national_shift)
    except InputError as error:
        return _Line(load, alphabet, None, str(error))
    return _Line(load, alphabet, message)


def _lanes(lines: Sequence[_Line], plan: _Plan) -> dict[str, Lane]:
    """By carrier, its languages together."""
    everybody = sum(line.load.recipients for line in lines if line.message)
    lanes = {}
    for name in dict.fromkeys(line.load.carrier for line in lines):
        mine = [line for line in lines if line.load.carrier == name and line.message]
        segments, around = sum(line.segments for line in mine), plan.around.get(name, ALONE)
        flow = Flow(
            segments,
            plan.pace.claim,
            most_per_s=people_pace(plan.pace.people_per_hour, segments, everybody),
            quiet=plan.pace.quiet,
        )
        recipients = sum(line.load.recipients for line in mine)
        tps = next(line.load.tps for line in lines if line.load.carrier == name)
        lanes[name] = Lane(recipients, tps, flow, around.others, around.delays, _later(mine, segments))
    return lanes


def _later(lines: Sequence[_Line], segments: int) -> tuple[tuple[float, float], ...]:
    """Of a carrier's segments."""
    found: dict[float, float] = {}
    for line in lines if segments else ():
        for at_s, share in line.load.later:
            found[at_s] = found.get(at_s, 0.0) + share * line.segments / segments
    return tuple(sorted(found.items()))


def _told(line: _Line, seen: Seen | None, plan: _Plan) -> CarrierForecast:
    load, around = line.load, plan.around.get(line.load.carrier, ALONE)
    if line.message is None:
        return CarrierForecast(
            load.carrier, load.recipients, line.alphabet, "none", 0, 0, 0, 0.0, plan.starts_at, False,
            problem=line.problem, language=load.language,
        )  # fmt: skip
    seconds = seen.sent.end_s if seen else 0.0
    ends_at = later(plan.starts_at, seconds)
    there = [seen] if seen else []
    return CarrierForecast(
        carrier=load.carrier,
        recipients=load.recipients,
        alphabet=line.message.alphabet,
        shift=line.message.shift,
        segments=len(line.message.segments),
        air_segments=line.message.air_segments,
        total_segments=line.segments,
        seconds=seconds,
        ends_at=ends_at,
        in_time=ends_at <= plan.expires_at,
        language=load.language,
        sent=sent_moments(there, plan.starts_at),
        delivered=delivered_moments(there, plan.starts_at),
        reach=around.delays.reach if around.delays else None,
        cost=around.price.of(line.message.alphabet) * line.segments if around.price else None,
        currency=around.price.currency if around.price else None,
    )
