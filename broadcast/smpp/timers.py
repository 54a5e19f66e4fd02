"""When a link must act by itself: bind timeout, enquire_link, read deadlines. Pure; seconds of one clock."""

import math
from enum import Enum
from typing import Final

PDU_OCTETS_PER_S: Final = (
    500  # of a PDU that takes longer than a response may: half of what a modem of 9,600 baud does
)
PARTING_S: Final = 10.0  # for what is on its way when the SMSC unbinds


class Due(Enum):
    """What the owner of the timers has to do now."""

    NOTHING = "nothing"
    ENQUIRE = "enquire"  # send an enquire_link, then call `enquired`
    BIND_TIMEOUT = "no answer to the bind"
    SILENCE = "no sign of life"
    SLOW = "a PDU that does not end"
    PART = "unbound by the SMSC"  # its unbind has waited for long enough


class Timers:
    """sent_at: set by the owner, once per write.

    A link that is silent in either direction for `enquire_link_s` asks: so the SMSC's idle cut-off does not
    meet us, and any whole PDU from it is a sign of life (quirks 34, 35). A PDU that has begun is to be there within
    the response timeout; a long one on a slow line has more time as its octets come, and silence is no matter until it
    is there (quirk 54).
    """

    def __init__(
        self, bind_timeout_s: float, enquire_link_s: float, response_timeout_s: float, now: float
    ) -> None:
        self.sent_at = now
        self._received_at = now
        self._begun_at: float | None = None
        self._begun = 0
        self._part_at: float | None = None
        self._bind_deadline: float | None = now + bind_timeout_s
        self._enquire_link_s = enquire_link_s
        self._response_timeout_s = response_timeout_s
        self._enquired_at: float | None = None
        self._enquiring_at: float | None = None  # not answered yet
        self._enquiry_s: float | None = None
        shortest = min(bind_timeout_s, enquire_link_s, response_timeout_s)
        self.tick_s = min(1.0, max(0.01, shortest / 4))  # how often `due` should be asked

    def bound(self) -> None:
        """The bind was accepted: its deadline is off."""
        self._bind_deadline = None

    def read(self, pdus: int, begun: int, now: float) -> None:
        """One read brought so many whole PDUs, and there are so many octets of the next."""
        if pdus:
            self._received_at = now
        if not begun:
            self._begun_at = None
        elif pdus or self._begun_at is None:
            self._begun_at = now
        self._begun = begun

    def unread(self, now: float) -> None:
        """Nothing has been read until now: what is missing may be waiting for that."""
        self._received_at = now
        if self._begun_at is not None:
            self._begun_at = now

    def parting(self, now: float) -> None:
        """The SMSC has unbound."""
        if self._part_at is None:
            self._part_at = now + PARTING_S

    def enquired(self, now: float) -> None:
        """An enquire_link went out; nothing received for the response timeout from here is SILENCE."""
        self._enquired_at = self._enquiring_at = now

    def answered(self, now: float) -> None:
        """The enquire_link was."""
        if self._enquiring_at is not None:
            self._enquiry_s, self._enquiring_at = now - self._enquiring_at, None

    def take_enquiry(self) -> float | None:
        """Seconds that the last answer took, since the last call; None: none came."""
        took_s, self._enquiry_s = self._enquiry_s, None
        return took_s

    def due(self, now: float) -> Due:
        """The one thing to do now."""
        if self._bind_deadline is not None:
            return Due.BIND_TIMEOUT if now >= self._bind_deadline else Due.NOTHING
        if self._part_at is not None and now >= self._part_at:
            return Due.PART
        if self._begun_at is not None:
            allowed_s = self._response_timeout_s + self._begun / PDU_OCTETS_PER_S
            if now - self._begun_at >= allowed_s:
                return Due.SLOW
        return self._due_by_silence(now)

    def _due_by_silence(self, now: float) -> Due:
        asked_at = self._enquired_at if self._enquired_at is not None else -math.inf
        asked = asked_at > self._received_at
        if asked and self._begun_at is None:
            return Due.SILENCE if now - asked_at >= self._response_timeout_s else Due.NOTHING
        idle_s = now - (self.sent_at if asked else min(self._received_at, self.sent_at))
        return Due.ENQUIRE if idle_s >= self._enquire_link_s else Due.NOTHING
