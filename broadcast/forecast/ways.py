"""What a campaign will cost in segments and time, before anybody approves it. Pure.

The time is the least possible: every carrier at its TPS from start to end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.plain import PlainLetter, plain_text
from broadcast.campaign.text import compose
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift
from broadcast.errors import InputError


@dataclass(frozen=True, slots=True)
class CarrierLoad:
    """Who is to be reached at one carrier. tps: segments per second."""

    carrier: str
    recipients: int
    tps: int
    concatenation: Concatenation
    default_alphabet: DefaultAlphabet
    national_shift: NationalShift = "none"


@dataclass(frozen=True, slots=True)
class CarrierForecast:
    """segments: `submit_sm` of a message; air_segments: what a handset receives; in_time: before expiry.

    alphabet, shift: what the text goes in here. problem: why it cannot go here; the counts are then 0.
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


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one variant costs. units: septets or UCS-2 units; seconds: until the last carrier is done.

    changes: which characters are written plainly in it, and how often. problem: why it cannot be written
    so at all; the rest is then empty.
    """

    alphabet: Alphabet
    without_diacritics: bool
    units: int
    total_segments: int
    seconds: float
    in_time: bool
    carriers: tuple[CarrierForecast, ...]
    changes: tuple[PlainLetter, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who is reached when; the text is told apart."""

    loads: Sequence[CarrierLoad]
    starts_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Variant:
    """The text in one alphabet. changes: that were made to it for that."""

    text: str
    alphabet: Alphabet
    without_diacritics: bool = False
    changes: tuple[PlainLetter, ...] = ()


def forecast(
    text: str,
    alphabet: Alphabet,
    loads: Sequence[CarrierLoad],
    starts_at: datetime,
    expires_at: datetime,
    changes: tuple[PlainLetter, ...] = (),
) -> tuple[Forecast, Forecast]:
    """The campaign as it is, and beside it what the other alphabet would cost.

    That of UCS-2 is GSM 03.38 without diacritics; that of GSM 03.38 is the same text in UCS-2. changes: those
    that the text has behind it.
    """
    plan = _Plan(loads, starts_at, expires_at)
    drafted = _forecast(_Variant(text, alphabet, bool(changes), changes), plan)
    if alphabet == "gsm0338":
        return drafted, _forecast(_Variant(text, "ucs2"), plan)
    try:
        plain = plain_text(text)
    except InputError as error:
        return drafted, _impossible(_Variant(text, "gsm0338", True), error)
    return drafted, _forecast(_Variant(plain.text, "gsm0338", bool(plain.changes), plain.changes), plan)


def _forecast(variant: _Variant, plan: _Plan) -> Forecast:
    try:
        units = compose(variant.text, variant.alphabet, "udh8", "gsm0338", 0).units
    except InputError as error:
        return _impossible(variant, error)
    lines = tuple(_carrier(variant, load, plan) for load in plan.loads)
    return Forecast(
        alphabet=variant.alphabet,
        without_diacritics=variant.without_diacritics,
        units=units,
        total_segments=sum(line.total_segments for line in lines),
        seconds=max((line.seconds for line in lines), default=0.0),
        in_time=all(line.in_time for line in lines),
        carriers=lines,
        changes=variant.changes,
    )


def _impossible(variant: _Variant, error: InputError) -> Forecast:
    return Forecast(
        variant.alphabet,
        variant.without_diacritics,
        0,
        0,
        0.0,
        False,
        (),
        changes=variant.changes,
        problem=str(error),
    )


def _carrier(variant: _Variant, load: CarrierLoad, plan: _Plan) -> CarrierForecast:
    try:
        message = compose(
            variant.text, variant.alphabet, load.concatenation, load.default_alphabet, 0, load.national_shift
        )
    except InputError as error:
        return CarrierForecast(
            load.carrier,
            load.recipients,
            variant.alphabet,
            "none",
            0,
            0,
            0,
            0.0,
            plan.starts_at,
            False,
            str(error),
        )
    total = load.recipients * len(message.segments)
    seconds = total / load.tps
    # more than a millennium is no date: whatever the TPS, it is not in time
    ends_at = plan.starts_at + timedelta(seconds=min(seconds, 3e10))
    return CarrierForecast(
        carrier=load.carrier,
        recipients=load.recipients,
        alphabet=message.alphabet,
        shift=message.shift,
        segments=len(message.segments),
        air_segments=message.air_segments,
        total_segments=total,
        seconds=seconds,
        ends_at=ends_at,
        in_time=ends_at <= plan.expires_at,
    )
