"""Some messages at once, then at the carrier's pace: are `window` and `tps` what the SMSC allows?

Both are told by refusals, and some SMSCs use one status for both. So what was refused at once is sent again
slowly, with no more unanswered than the SMSC took before: refused again, it is the pace; taken, the window.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from broadcast.channel.outcome import SLOW_DOWN
from broadcast.config import Carrier
from broadcast.probe.findings import Findings
from broadcast.probe.messages import SHORT, Messages
from broadcast.probe.traffic import Sent, Traffic
from broadcast.smpp import status as statuses
from broadcast.smpp.tap import TappedLink

REST_S: Final = 1.2  # more than the second that an SMSC counts over


class Burst:
    """answer_s: how long to wait for answers; window: of the link's bind."""

    def __init__(
        self,
        traffic: Traffic,
        findings: Findings,
        messages: Messages,
        link: TappedLink,
        bind_number: int,
        answer_s: float,
    ) -> None:
        self._traffic = traffic
        self._findings = findings
        self._messages = messages
        self._link = link
        self._setting = f"binds.{bind_number}.window"
        self._answer_s = answer_s

    async def send(self, count: int, carrier: Carrier) -> None:
        """`count` messages at once (at most the window and a second's worth); as many again if some are refused."""
        await asyncio.sleep(REST_S)
        at_once = min(count, self._link.window, carrier.tps)
        first = await self._sent(at_once, carrier, at_once, 0.0)
        taken = _taken(first)
        if not self._refused(first, carrier):
            self._tell_lost(first)
            rest = await self._sent(count - at_once, carrier, self._link.window, 1 / carrier.tps)
            if self._refused(rest, carrier):
                self._too_fast(rest, carrier)
            else:
                self._findings.ok(
                    "burst", f"{taken} at once, {_taken(rest)} at {carrier.tps} a second: all taken"
                )
            return
        await asyncio.sleep(REST_S)
        again = await self._sent(at_once, carrier, max(1, taken), 1 / carrier.tps)
        if self._refused(again, carrier):
            self._too_fast(again, carrier)
        else:
            self._too_many(first, carrier)

    async def _sent(self, count: int, carrier: Carrier, in_flight: int, apart_s: float) -> list[Sent]:
        """So many, so far apart, with at most so many unanswered; and their answers."""
        sent: list[Sent] = []

        def room() -> bool:
            return sum(not each.answered for each in sent) < in_flight

        for _ in range(count):
            if not await self._traffic.until(room, self._answer_s):
                break
            sent += self._traffic.submit(self._link, "burst", self._messages.fields(SHORT, carrier))
            if apart_s:
                await asyncio.sleep(apart_s)
        await self._traffic.all_answered(sent, self._answer_s)
        return sent

    def _refused(self, sent: Sequence[Sent], carrier: Carrier) -> bool:
        return any(statuses.meaning(each.status or 0, carrier) in SLOW_DOWN for each in sent)

    def _tell_lost(self, sent: Sequence[Sent]) -> None:
        lost = sum(each.lost or each.status is None for each in sent)
        if lost:
            said = f"{lost} of {len(sent)} sent at once had no answer: the SMSC may want a smaller window"
            self._findings.failed("burst", said, self._setting)

    def _too_many(self, sent: Sequence[Sent], carrier: Carrier) -> None:
        allowed = max(1, _taken(sent))
        self._findings.recommend(self._setting, allowed)
        said = (
            f"of {len(sent)} at once {_taken(sent)} were taken, the others refused with {_names(sent)}, and none "
            "of as many sent slowly: the SMSC holds fewer unanswered submits"
        )
        self._findings.failed("burst", said, self._setting)

    def _too_fast(self, sent: Sequence[Sent], carrier: Carrier) -> None:
        took_s = max(1.0, sent[-1].at - sent[0].at)
        allowed = max(1, math.floor(_taken(sent) / took_s))
        self._findings.recommend("tps", allowed)
        said = (
            f"at {carrier.tps} a second {_taken(sent)} of {len(sent)} were taken, the others refused with "
            f"{_names(sent)}: the SMSC allows about {allowed} a second"
        )
        self._findings.failed("burst", said, "tps")


def _taken(sent: Sequence[Sent]) -> int:
    return sum(each.accepted for each in sent)


def _names(sent: Sequence[Sent]) -> str:
    return ", ".join(sorted({statuses.name(each.status) for each in sent if each.status}))
