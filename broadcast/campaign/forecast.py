"""What a campaign will cost in segments and time, before anybody approves it. Pure.

The time is the least possible: every carrier at its TPS from start to end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from broadcast.campaign.text import Alphabet, UnencodableTextError, compose, without_diacritics
from broadcast.config import Concatenation, DefaultAlphabet


@dataclass(frozen=True, slots=True)
class CarrierLoad:
    """Who is to be reached at one carrier. tps: segments per second."""

    carrier: str
    recipients: int
    tps: int
    concatenation: Concatenation
    default_alphabet: DefaultAlphabet


@dataclass(frozen=True, slots=True)
class CarrierForecast:
    """segments: `submit_sm` of a message; air_segments: what a handset receives; in_time: before expiry."""

    carrier: str
    recipients: int
    segments: int
    air_segments: int
    total_segments: int
    seconds: float
    ends_at: datetime
    in_time: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """One way to write the campaign. units: septets or UCS-2 units; seconds: until the last carrier is done.

    problem: why this alphabet cannot write the text; the rest is then empty.
    """

    alphabet: Alphabet
    without_diacritics: bool
    units: int
    total_segments: int
    seconds: float
    in_time: bool
    carriers: tuple[CarrierForecast, ...]
    problem: str | None = None


def forecast(
    text: str, alphabet: Alphabet, loads: Sequence[CarrierLoad], starts_at: datetime, expires_at: datetime
) -> tuple[Forecast, Forecast]:
    """The campaign as it is, and beside it what the other alphabet would cost.

    That of UCS-2 is GSM 03.38 without diacritics; that of GSM 03.38 is the same text in UCS-2.
    """
    if alphabet == "ucs2":
        plain = without_diacritics(text)
        other = _way(plain, "gsm0338", plain != text, loads, starts_at, expires_at)
    else:
        other = _way(text, "ucs2", False, loads, starts_at, expires_at)
    return _way(text, alphabet, False, loads, starts_at, expires_at), other


def _way(
    text: str,
    alphabet: Alphabet,
    plain: bool,
    loads: Sequence[CarrierLoad],
    starts_at: datetime,
    expires_at: datetime,
) -> Forecast:
    try:
        units = compose(text, alphabet, "udh8", "gsm0338", 0).units
        lines = tuple(_carrier(text, alphabet, load, starts_at, expires_at) for load in loads)
    except UnencodableTextError as error:
        return Forecast(alphabet, plain, 0, 0, 0.0, False, (), str(error))
    return Forecast(
        alphabet=alphabet,
        without_diacritics=plain,
        units=units,
        total_segments=sum(line.total_segments for line in lines),
        seconds=max((line.seconds for line in lines), default=0.0),
        in_time=all(line.in_time for line in lines),
        carriers=lines,
    )


def _carrier(
    text: str, alphabet: Alphabet, load: CarrierLoad, starts_at: datetime, expires_at: datetime
) -> CarrierForecast:
    message = compose(text, alphabet, load.concatenation, load.default_alphabet, 0)
    total = load.recipients * len(message.segments)
    seconds = total / load.tps
    # more than a millennium is no date: whatever the TPS, it is not in time
    ends_at = starts_at + timedelta(seconds=min(seconds, 3e10))
    return CarrierForecast(
        carrier=load.carrier,
        recipients=load.recipients,
        segments=len(message.segments),
        air_segments=message.air_segments,
        total_segments=total,
        seconds=seconds,
        ends_at=ends_at,
        in_time=ends_at <= expires_at,
    )
