"""A short and a long message tried on an SMSC; where one is refused, with other settings until it is taken."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from broadcast.campaign.text import compose
from broadcast.channel.outcome import Meaning
from broadcast.clock import DayTime
from broadcast.config import Carrier, Concatenation, ValidityFormat
from broadcast.probe.findings import Findings
from broadcast.probe.traffic import Sent, Traffic
from broadcast.smpp import advice
from broadcast.smpp import status as statuses
from broadcast.smpp.rendering import RECEIPT_WANTED, submit_fields
from broadcast.smpp.tap import TappedLink
from broadcast.smpp.template import SubmitFields

MARKS: Final = "@$_"  # of the short message: what is shown of them tells the alphabet of data_coding 0
SHORT: Final = f"{MARKS} broadcast check: a test, please ignore"
LONG: Final = (
    "broadcast check, long message: a test, please ignore. It must arrive in one piece and end with the word END. "
    "If it comes in several parts, or with odd characters in front, the setting concatenation is wrong. END"
)
LIFETIME: Final = timedelta(hours=1)
AGAIN_MOST: Final = 3  # tries of what was refused for the moment

_SOURCES: Final = ((5, 0), (1, 1), (0, 0), (3, 0), (5, 1), (0, 1))
_DESTINATIONS: Final = ((1, 1), (0, 1), (2, 1), (0, 0))


@dataclass(frozen=True, slots=True)
class Tried:
    """How a message ended. carrier: the settings that worked, or the last that were tried."""

    carrier: Carrier
    sent: tuple[Sent, ...]
    accepted: bool


class Messages:
    """Sends them on one link. sender: where the carrier has none of its own. day_time: what validity counts by."""

    def __init__(
        self,
        traffic: Traffic,
        findings: Findings,
        link: TappedLink,
        sender: str,
        answer_s: float,
        day_time: DayTime,
    ) -> None:
        self._traffic = traffic
        self._findings = findings
        self._link = link
        self._sender = sender
        self._answer_s = answer_s
        self._day_time = day_time

    def fields(self, text: str, carrier: Carrier) -> list[SubmitFields]:
        """Receipts are asked for all segments, whatever the profile says: the check wants to see."""
        message = compose(
            text, "gsm0338", carrier.smpp.concatenation, carrier.smpp.default_alphabet, self._reference()
        )
        now = self._day_time.now()
        expires_at = datetime.fromtimestamp(now, UTC) + LIFETIME
        return [
            replace(each, registered_delivery=RECEIPT_WANTED)
            for each in submit_fields(message, carrier, self._sender, expires_at, now)
        ]

    def _reference(self) -> int:
        return len(self._traffic.sent) + 1

    async def send(self, label: str, text: str, carrier: Carrier) -> Tried:
        """Send it; refused for good, send it with other settings. What was found is told."""
        tried = await self._try(label, text, carrier)
        first = refusal(tried.sent)
        if tried.accepted:
            self._findings.ok(f"{label} message", f"taken, {len(tried.sent)} segment(s)")
            return tried
        if first is None:
            self._unanswered(label, tried.sent)
            return tried
        for changes in variants(first, carrier, label == "long"):
            other = await self._try(label, text, carrier.having(**changes))
            if other.accepted:
                self._works_with(label, first, changes)
                return other
            if refusal(other.sent) is None:
                self._unanswered(label, other.sent)
                return other
        advised = advice.of_submit(first)
        self._findings.failed(
            f"{label} message", f"refused with {statuses.name(first)}: {advised.why}", advised.setting
        )
        return tried

    async def _try(self, label: str, text: str, carrier: Carrier) -> Tried:
        """With these settings; again after a while when refused for the moment."""
        for attempt in range(1, AGAIN_MOST + 1):
            sent = self._traffic.submit(self._link, label, self.fields(text, carrier))
            await self._traffic.all_answered(sent, self._answer_s)
            if all(each.accepted for each in sent):
                return Tried(carrier, tuple(sent), True)
            meaning = statuses.meaning(refusal(sent) or 0, carrier)
            if meaning in (Meaning.OK, Meaning.PERMANENT) or attempt == AGAIN_MOST:
                break
            await asyncio.sleep(carrier.retry_delay_s * attempt)
        return Tried(carrier, tuple(sent), False)

    def _works_with(self, label: str, first: int, changes: dict[str, Any]) -> None:
        advised = advice.of_submit(first)
        told = ", ".join(f"{key} = {value!r}".replace("'", '"') for key, value in changes.items())
        for key, value in changes.items():
            self._findings.recommend(key, value)
        self._findings.failed(
            f"{label} message",
            f"refused with {statuses.name(first)} ({advised.why}), and taken with {told}",
            next(iter(changes)),
        )

    def _unanswered(self, label: str, sent: tuple[Sent, ...]) -> None:
        if any(each.lost for each in sent):
            said = "the SMSC closed the link when it was sent: ask the carrier what it found wrong"
        else:
            said = f"no answer within {self._answer_s:g} s: it may or may not have been taken"
        self._findings.failed(f"{label} message", said)


def refusal(sent: tuple[Sent, ...] | list[Sent]) -> int | None:
    """The first command_status that is not ROK; None when all that were answered were taken."""
    return next((each.status for each in sent if each.status), None)


def variants(status: int, carrier: Carrier, long: bool) -> Iterator[dict[str, Any]]:
    """Settings that may be what an SMSC wants that refused with this status, the likeliest first.

    long: a short message was taken with the same settings.
    """
    if long:
        for way in get_args(Concatenation):
            if way != carrier.smpp.concatenation:
                yield {"concatenation": way}
    elif status == 0x62:
        for form in get_args(ValidityFormat):
            if form != carrier.smpp.validity:
                yield {"validity": form}
    elif status in (0x0A, 0x48, 0x49):
        for ton, npi in _SOURCES:
            if (ton, npi) != (carrier.smpp.source_ton, carrier.smpp.source_npi):
                yield {"source_ton": ton, "source_npi": npi}
    elif status in (0x0B, 0x50, 0x51):
        for ton, npi in _DESTINATIONS:
            if (ton, npi) != (carrier.smpp.dest_ton, carrier.smpp.dest_npi):
                yield {"dest_ton": ton, "dest_npi": npi}
