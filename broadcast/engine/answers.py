"""What an answer to a submit means for its recipient: accepted, rejected, once more, or in doubt.

A message ends when all its segments are answered: accepted if all were taken; rejected as soon as one was refused
for good or too often; otherwise only what was refused for the moment goes again.
"""

from collections.abc import Callable

from broadcast.config import Carrier
from broadcast.engine.work import Parts, Work
from broadcast.ledger.journal import Journal, LateAnswer
from broadcast.smpp import status
from broadcast.smpp.status import Meaning

_SLOW_DOWN = (Meaning.THROTTLED, Meaning.QUEUE_FULL)


class Answers:
    """Decides for one carrier. piece(work, ordinal, segment, due): send one segment again; slow_down(): throttled."""

    def __init__(
        self,
        carrier: Carrier,
        journal: Journal,
        piece: Callable[[Work, int, int, float], None],
        slow_down: Callable[[], None],
    ) -> None:
        self._carrier = carrier
        self._journal = journal
        self._piece = piece
        self._slow_down = slow_down

    def segment(
        self, work: Work, ordinal: int, segment: int, answer: int, smsc_id: str, at: int, now: float
    ) -> None:
        """One answered segment of a message that is not in doubt. at: from rows.copy_time; now: monotonic."""
        parts = work.parts_of(ordinal)
        parts.open -= 1
        if answer == 0:
            parts.ids[segment - 1] = smsc_id
        else:
            self._refused(parts, segment, answer)
        if parts.open == 0:
            self._ended(work, ordinal, parts, at, now)

    def late(self, work: Work, ordinal: int, segment: int, answer: int, smsc_id: str) -> None:
        """A segment of a recipient in doubt was answered after all: with the last one the doubt ends.

        A temporary refusal tells nothing that the campaign's policy does not handle: the doubt stays.
        """
        parts = work.parts_of(ordinal)
        if answer == 0:
            parts.ids[segment - 1] = smsc_id
            accepted = parts.accepted()
            if len(accepted) == work.segments:
                self._end_doubt(work, ordinal, tuple(each for _, each in accepted), "")
        elif self._meaning(answer) is Meaning.PERMANENT and not parts.accepted():
            self._end_doubt(work, ordinal, (), _err(answer))

    def _end_doubt(self, work: Work, ordinal: int, smsc_ids: tuple[str, ...], err: str) -> None:
        work.parts.pop(ordinal, None)
        self._journal.late(LateAnswer(work.slice.slice_id, ordinal, smsc_ids, err))

    def _refused(self, parts: Parts, segment: int, answer: int) -> None:
        meaning = self._meaning(answer)
        if meaning in _SLOW_DOWN:
            self._slow_down()
        if meaning is Meaning.PERMANENT:
            parts.refused = answer
        else:
            parts.temporary.append(segment)

    def _ended(self, work: Work, ordinal: int, parts: Parts, at: int, now: float) -> None:
        if parts.refused < 0 and not parts.temporary:
            work.slice.accept_parts(ordinal, [smsc_id for _, smsc_id in parts.accepted()], at)
        elif parts.refused >= 0:
            work.slice.reject(ordinal, _err(parts.refused), parts.accepted(), at)
        else:
            self._once_more(work, ordinal, parts, at, now)
            return
        del work.parts[ordinal]
        work.attempts.pop(ordinal, None)

    def _once_more(self, work: Work, ordinal: int, parts: Parts, at: int, now: float) -> None:
        """Refused for the moment: again after a while, within bounds."""
        attempts = work.attempts[ordinal] = work.attempts.get(ordinal, 0) + 1
        if attempts > self._carrier.retry_limit:
            work.slice.reject(ordinal, "status:retries", parts.accepted(), at)
            del work.parts[ordinal], work.attempts[ordinal]
            return
        due = now + self._carrier.retry_delay_s * attempts
        if not parts.accepted():
            del work.parts[ordinal]
            work.again(ordinal, due)
            return
        segments, parts.temporary = parts.temporary, []
        parts.open = len(segments)
        for segment in segments:
            self._piece(work, ordinal, segment, due)

    def _meaning(self, answer: int) -> Meaning:
        return status.meaning(answer, self._carrier.temporary_statuses, self._carrier.permanent_statuses)


def _err(answer: int) -> str:
    return f"status:{status.name(answer)}"
