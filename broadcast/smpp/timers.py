"""When a link must act by itself: bind timeout, enquire_link, read deadline. Pure; seconds of one clock."""

from enum import Enum


class Due(Enum):
    """What the owner of the timers has to do now."""

    NOTHING = "nothing"
    ENQUIRE = "enquire"  # send an enquire_link, then call `enquired`
    BIND_TIMEOUT = "no answer to the bind"
    SILENCE = "no sign of life"


class Timers:
    """received_at, sent_at: set by the owner, once per read or write.

    A link that is silent in either direction for `enquire_link_s` asks: so the SMSC's idle cut-off does not
    meet us, and any octet from it is a sign of life (quirks 34, 35).
    """

    def __init__(
        self, bind_timeout_s: float, enquire_link_s: float, response_timeout_s: float, now: float
    ) -> None:
        self.received_at = now
        self.sent_at = now
        self._bind_deadline: float | None = now + bind_timeout_s
        self._enquire_link_s = enquire_link_s
        self._response_timeout_s = response_timeout_s
        self._enquired_at: float | None = None
        shortest = min(bind_timeout_s, enquire_link_s, response_timeout_s)
        self.tick_s = min(1.0, max(0.01, shortest / 4))  # how often `due` should be asked

    def bound(self) -> None:
        """The bind was accepted: its deadline is off."""
        self._bind_deadline = None

    def enquired(self, now: float) -> None:
        """An enquire_link went out; nothing received for the response timeout from here is SILENCE."""
        self._enquired_at = now

    def due(self, now: float) -> Due:
        """The one thing to do now."""
        if self._bind_deadline is not None:
            return Due.BIND_TIMEOUT if now >= self._bind_deadline else Due.NOTHING
        if self._enquired_at is not None and self._enquired_at > self.received_at:
            overdue = now - self._enquired_at >= self._response_timeout_s
            return Due.SILENCE if overdue else Due.NOTHING
        idle_s = now - min(self.received_at, self.sent_at)
        return Due.ENQUIRE if idle_s >= self._enquire_link_s else Due.NOTHING
