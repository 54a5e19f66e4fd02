"""Which binds an SMSC lets in: its account, how many sessions at once, ghosts of old ones, bans. Pure.

Source: quirks 31, 32 and 38; the switches are those of habits.SessionHabits.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from broadcast.simulator.habits import BindKind
from broadcast.simulator.personality import Personality
from broadcast.smpp import pdu as smpp

ALREADY_BOUND: Final = 0x05
BIND_FAILED: Final = 0x0D
INVALID_PASSWORD: Final = 0x0E
INVALID_SYSTEM_ID: Final = 0x0F

KINDS: Final[dict[int, BindKind]] = {
    smpp.BIND_TRANSMITTER: "transmitter",
    smpp.BIND_RECEIVER: "receiver",
    smpp.BIND_TRANSCEIVER: "transceiver",
}


class Admission:
    """One SMSC's: `admit` for every bind, `left` for every session that ended. Times of one clock."""

    def __init__(self, personality: Personality) -> None:
        self._personality = personality
        self._habits = personality.session
        self._refusals = deque(personality.session.bind_statuses)
        self._attempts: deque[float] = deque()
        self._banned_until = float("-inf")
        self._ghosts: list[float] = []  # until when

    def admit(self, command: int, body: bytes, bound: Sequence[BindKind], now: float) -> int | None:
        """command_status for a bind with this body; None: the connection is closed without an answer.

        bound: the kinds of the sessions that are bound.
        """
        if self._is_banned(now):
            return self._habits.ban_status or None
        if self._refusals:
            return self._refusals.popleft()
        system_id, _, rest = body.partition(b"\0")
        password = rest.partition(b"\0")[0]
        if system_id != self._personality.system_id.encode():
            return INVALID_SYSTEM_ID
        if password != self._personality.password.encode():
            return INVALID_PASSWORD
        kind = KINDS[command]
        if kind not in self._habits.bind_kinds:
            return BIND_FAILED
        return self._room(kind, bound, now)

    def left(self, orderly: bool, now: float) -> None:
        """A bound session ended; orderly: with an unbind."""
        if not orderly and self._habits.ghost_s:
            self._ghosts.append(now + self._habits.ghost_s)

    def _room(self, kind: BindKind, bound: Sequence[BindKind], now: float) -> int:
        limits = {"transmitter": self._habits.transmitters, "receiver": self._habits.receivers}
        limit = limits.get(kind, 0)
        if len(bound) >= self._personality.sessions or (limit and bound.count(kind) >= limit):
            return self._habits.full_status
        self._ghosts = [until for until in self._ghosts if until > now]
        if len(bound) + len(self._ghosts) >= self._personality.sessions:
            return ALREADY_BOUND
        return 0

    def _is_banned(self, now: float) -> bool:
        """Counts this attempt too; one while banned makes the ban no longer."""
        limit, within = self._habits.ban_after, self._habits.ban_within_s
        if not limit:
            return False
        if now < self._banned_until:
            return True
        self._attempts.append(now)
        while self._attempts[0] <= now - within:
            self._attempts.popleft()
        if len(self._attempts) <= limit:
            return False
        self._attempts.clear()
        self._banned_until = now + self._habits.ban_s
        return True
