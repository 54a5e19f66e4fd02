"""The submits of a link that have no answer yet: their tokens by sequence number. Pure.

One dictionary entry per message is all there is; times of sending are kept per run of submits.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from broadcast.channel.link import Token
from broadcast.smpp.pdu import MAX_SEQUENCE

MISSING: Final = object()  # a token may be anything, None too
_MARKS_PER_TIMEOUT: Final = 64
_LATE_PER_PLACE: Final = 4
_LATE_AT_LEAST: Final = 1000
OPEN_FIRST: Final = 10  # places of a new link


class Window:
    """At most `size` unanswered submits, by what `room` says. Times in seconds of one clock.

    It opens as answers come, by a place for each: twice as wide with every round trip. So an SMSC that dies with every
    session, or takes binds and answers nothing, puts a few recipients in doubt and not a window of them each time; one
    that has answered nothing for a whole timeout gets a single submit at a time until it does.

    Every token leaves it exactly once: by `pending.pop`, `expire` or `drain`; an expired one may come back
    once, by `late.pop`. Submits added in the order in which their sequence numbers were reserved.
    beside: other requests without an answer, each with when it left; they take places too, and open none.
    """

    def __init__(self, size: int, response_timeout_s: float) -> None:
        self.size = size
        self._open = min(size, OPEN_FIRST)
        self._answered_at = 0.0
        self.pending: dict[int, Token] = {}  # the link's hot path pops from it
        # expired ones, each with a time before which it had not left; the oldest are forgotten first
        self.late: dict[int, tuple[Token, float]] = {}
        self.beside: dict[int, tuple[Token, float]] = {}
        self._late_size = max(_LATE_AT_LEAST, _LATE_PER_PLACE * size)
        self._timeout_s = response_timeout_s
        self._mark_s = response_timeout_s / _MARKS_PER_TIMEOUT
        self._marks: deque[tuple[float, int]] = deque()  # (time, first sequence number sent then)
        self._timed: tuple[float, int] | None = None  # as a mark: one submit whose round trip is measured
        self._next = 1

    @property
    def room(self) -> int:
        """Free places."""
        return max(0, self._open - len(self.pending) - len(self.beside))

    def reserve(self, count: int) -> int:
        """The first of `count` contiguous sequence numbers; a run that would pass 0x7FFFFFFF starts at 1."""
        first = self._next
        if first + count - 1 > MAX_SEQUENCE:
            first = 1
        self._next = first + count if first + count <= MAX_SEQUENCE else 1
        return first

    def awaits(self, numbers: Sequence[int]) -> bool:
        """Whether one of them is of a request whose answer would be taken, late ones of submits too."""
        return not all(each.keys().isdisjoint(numbers) for each in (self.pending, self.late, self.beside))

    def add_beside(self, first_sequence: int, tokens: Sequence[Token], now: float) -> None:
        """Requests that are no submits, before the write."""
        self.beside.update((number, (token, now)) for number, token in enumerate(tokens, first_sequence))

    def add(self, first_sequence: int, tokens: Sequence[Token], now: float) -> None:
        """Before the write: an answer may come before the write returns."""
        self.pending.update(zip(range(first_sequence, first_sequence + len(tokens)), tokens, strict=True))
        if not self._marks or now - self._marks[-1][0] >= self._mark_s:
            self._marks.append((now, first_sequence))
        if self._timed is None:
            self._timed = (now, first_sequence)

    def answered(self, count: int, now: float) -> None:
        """So many of the pending were answered: it opens by as much."""
        self._answered_at = now
        if self._open < self.size:
            self._open = min(self.size, self._open + count)

    def take_round_trip(self, now: float) -> float | None:
        """How long the newest submit took that was timed and is answered since the last call."""
        if self._timed is None or self._timed[1] in self.pending:
            return None
        sent_at, self._timed = self._timed[0], None
        return now - sent_at

    def left_at(self, numbers: Sequence[int]) -> float:
        """A time before which none of these submits had left, and at most 1/64 of the timeout before the first of them
        did. numbers: not of `late` ones; at least one."""
        oldest = min(numbers)
        if max(numbers) - oldest > MAX_SEQUENCE // 2:  # they go round
            oldest = min(number for number in numbers if number > MAX_SEQUENCE // 2)
        for sent_at, first in reversed(self._marks):
            if not _before(oldest, first):
                return sent_at
        return 0.0  # no submit of ours

    def expire(self, now: float) -> tuple[list[Token], float]:
        """The tokens whose answer is overdue (by up to 1/64 of the timeout more), moved to `late`, and `left_at`."""
        limit = now - self._timeout_s - self._mark_s
        if not self._marks or self._marks[0][0] > limit:
            return [], now
        kept = deque(mark for mark in self._marks if mark[0] > limit)
        overdue = [number for number in self.pending if not kept or _before(number, kept[0][1])]
        left_at = self.left_at(overdue) if overdue else now
        self._marks = kept
        expired = {number: self.pending.pop(number) for number in overdue}
        if self._timed is not None and self._timed[1] in expired:
            self._timed = None
        if expired and self._answered_at <= limit:
            self._open = 1
        self.late.update({number: (token, left_at) for number, token in expired.items()})
        for number in list(islice(self.late, max(0, len(self.late) - self._late_size))):
            del self.late[number]
        return list(expired.values()), left_at

    def expire_beside(self, now: float) -> list[Token]:
        """The tokens of the others whose answer is overdue: none will be taken any more."""
        limit = now - self._timeout_s
        overdue = [number for number, (_, sent_at) in self.beside.items() if sent_at < limit]
        return [self.beside.pop(number)[0] for number in overdue]

    def drain_beside(self) -> list[Token]:
        """All of them; the link has ended."""
        tokens = [token for token, _ in self.beside.values()]
        self.beside.clear()
        return tokens

    def drain(self) -> tuple[list[Token], float]:
        """All tokens that still wait for an answer, and `left_at`; the link has ended."""
        left_at = self.left_at(list(self.pending)) if self.pending else 0.0
        tokens = list(self.pending.values())
        self.pending.clear()
        self.late.clear()
        self._marks.clear()
        return tokens, left_at


def _before(number: int, boundary: int) -> bool:
    """Was it reserved before the boundary? The numbers go round; a window is far less than half of them."""
    return 0 < (boundary - number) % MAX_SEQUENCE < MAX_SEQUENCE // 2
