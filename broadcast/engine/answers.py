"""What an answer to a submit means for its recipient: accepted, rejected, once more, or in doubt.

A message ends when all its segments are answered: accepted if all were taken; rejected as soon as one was refused
for good or too often; otherwise only what was refused for the moment goes again.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from weakref import ReferenceType, ref

from broadcast.channel.outcome import STATUS, Meaning, Outcome
from broadcast.channel.receipt import Receipt
from broadcast.config import Carrier
from broadcast.engine.work import RECEIPT_AFTER_REFUSAL, Parts, Work
from broadcast.ledger.journal import Journal, LateAnswer

# A full queue may be that of one destination (quirk 25): only when it is many is it the carrier that is too slow.
FULL_SHARE: Final = 0.05
MEMORY: Final = 1000  # answers that shares are taken over, about
REFUSED_MOST: Final = 10_000  # recipients refused for the moment whose receipts are looked for
LATELY_MOST: Final = 2000  # receipts that are remembered for a refusal that comes after them
LATELY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Read:
    """When the answers of one read came, and since when their submits had left at the earliest: microseconds of Unix
    time. now: monotonic, when they came."""

    left_at: int
    at: int
    now: float


class Answers:
    """Decides for one carrier. outcome: what a status means there.

    piece(work, ordinal, segment, due): send one segment again.

    slow_down(share): so many of the late answers said that it was too fast.

    refused: MSISDN -> who waits again after a refusal, as far as is known; see `reported`. Weakly: a slice that is
    through goes with its thousands of MSISDNs, whatever is remembered of one.
    """

    def __init__(
        self,
        carrier: Carrier,
        outcome: Callable[[int], Outcome],
        journal: Journal,
        piece: Callable[[Work, int, int, float], None],
        slow_down: Callable[[float], None],
    ) -> None:
        self._carrier = carrier
        self._outcome = outcome
        self._journal = journal
        self._piece = piece
        self._slow_down = slow_down
        self._answers = 0.0  # of late, and how many of these said throttled or queue full
        self._throttled = 0.0
        self._full = 0.0
        self.refused: dict[int, tuple[ReferenceType[Work], int]] = {}
        self._lately: deque[tuple[float, list[Receipt]]] = deque()  # (when, one read's receipts)
        self._lately_count = 0
        self._lately_who: set[int | None] | None = None

    def heed(self, statuses: Mapping[int, int]) -> int:
        """Slow down if a batch of answers (status -> how many) says so. How many were refused as too fast."""
        throttled = full = 0
        for answer, count in statuses.items():
            meaning = Meaning.OK if answer == 0 else self._outcome(answer).meaning
            throttled += count if meaning is Meaning.THROTTLED else 0
            full += count if meaning is Meaning.QUEUE_FULL else 0
        self._answers += sum(statuses.values())
        self._throttled += throttled
        self._full += full
        if throttled or (full and self._full > FULL_SHARE * self._answers):
            self._slow_down((self._throttled + self._full) / self._answers)
        if self._answers > MEMORY:
            fading = MEMORY / self._answers
            self._answers, self._throttled, self._full = MEMORY, self._throttled * fading, self._full * fading
        return throttled + full

    def reported(self, receipts: list[Receipt]) -> bool:
        """Final receipts for recipients that wait again: the SMSC may have taken what it refused (quirk 26).

        Such a recipient is in doubt and no second copy goes out: if the receipt's id is none of ours it settles the
        recipient by its number, and otherwise it was of another message and the recipient is sent again after a while
        (close.sql, resend_doubts). Was there any? They are remembered for a moment, for the refusal may come second.
        """
        self._note(receipts)
        if not self.refused:
            return False
        found = False
        for receipt in receipts:
            if receipt.state and receipt.msisdn in self.refused:
                held, ordinal = self.refused.pop(receipt.msisdn)
                work = _waiting(held, ordinal)
                if work is not None:
                    work.attempts.pop(ordinal, None)
                    work.recall(ordinal)
                    found = True
        return found

    def _note(self, receipts: list[Receipt]) -> None:
        """Whole reads are kept, for this is done with every one; who is in them is asked when somebody is refused."""
        now = time.monotonic()
        lately = self._lately
        lately.append((now, receipts))
        self._lately_count += len(receipts)
        while len(lately) > 1 and (self._lately_count > LATELY_MOST or lately[0][0] < now - LATELY_S):
            self._lately_count -= len(lately.popleft()[1])
        self._lately_who = None

    def _lately_reported(self) -> set[int | None]:
        """MSISDNs of the final receipts of a moment ago."""
        if self._lately_who is None:
            since = time.monotonic() - LATELY_S
            self._lately_who = {
                each.msisdn for at, receipts in self._lately if at >= since for each in receipts if each.state
            }
        return self._lately_who

    def segment(self, work: Work, ordinal: int, segment: int, answer: int, smsc_id: str, read: Read) -> None:
        """One answered segment of a message that is not in doubt."""
        parts = work.parts_of(ordinal, read.left_at)
        parts.open -= 1
        if answer == 0:
            parts.ids[segment - 1] = smsc_id
        else:
            self._refused(parts, segment, answer)
        if parts.open == 0:
            self._ended(work, ordinal, parts, read)

    def late(self, work: Work, ordinal: int, segment: int, answer: int, smsc_id: str, read: Read) -> None:
        """A segment of a recipient in doubt was answered after all: with the last one the doubt ends.

        A temporary refusal tells nothing that the campaign's policy does not handle: the doubt stays.
        """
        parts = work.parts_of(ordinal, read.left_at)
        if answer == 0:
            parts.ids[segment - 1] = smsc_id
            accepted = parts.accepted()
            if len(accepted) == work.segments:
                awaited, unawaited = _awaited(work, accepted)
                self._end_doubt(work, ordinal, tuple(each for _, each in awaited), "", read, unawaited)
        elif not self._outcome(answer).retryable and not parts.accepted():
            self._end_doubt(work, ordinal, (), self._err(answer), read)

    def _end_doubt(
        self,
        work: Work,
        ordinal: int,
        smsc_ids: tuple[str, ...],
        err: str,
        read: Read,
        unawaited: int = 0,
    ) -> None:
        left_at = work.parts.pop(ordinal).left_at
        self._journal.late(
            LateAnswer(work.slice.slice_id, ordinal, smsc_ids, err, left_at, read.at, unawaited)
        )

    def _refused(self, parts: Parts, segment: int, answer: int) -> None:
        if self._outcome(answer).retryable:
            parts.temporary.append(segment)
            parts.why = answer
        else:
            parts.refused = answer

    def _ended(self, work: Work, ordinal: int, parts: Parts, read: Read) -> None:
        awaited, unawaited = _awaited(work, parts.accepted())
        if parts.refused < 0 and not parts.temporary:
            ids = [smsc_id for _, smsc_id in awaited]
            work.slice.accept_parts(ordinal, ids, parts.left_at, read.at, unawaited)
        elif parts.refused >= 0:
            work.slice.reject(ordinal, self._err(parts.refused), awaited, read.at, unawaited)
        else:
            self._once_more(work, ordinal, parts, read)
            return
        del work.parts[ordinal]
        work.attempts.pop(ordinal, None)

    def _once_more(self, work: Work, ordinal: int, parts: Parts, read: Read) -> None:
        """Refused for the moment: again after a while, within bounds."""
        attempts = work.attempts[ordinal] = work.attempts.get(ordinal, 0) + 1
        if attempts > self._carrier.retry_limit:
            awaited, unawaited = _awaited(work, parts.accepted())
            err = f"{self._err(parts.why)} after {self._carrier.retry_limit} retries"
            work.slice.reject(ordinal, err, awaited, read.at, unawaited)
            del work.parts[ordinal], work.attempts[ordinal]
            return
        due = read.now + self._carrier.retry_delay_s * attempts
        if not parts.accepted():
            del work.parts[ordinal]
            if work.slice.msisdns[ordinal] in self._lately_reported():
                del work.attempts[ordinal]
                work.doubt(ordinal, RECEIPT_AFTER_REFUSAL, work.since)
                return
            work.again(ordinal, due)
            self._remember(work, ordinal)
            return
        segments, parts.temporary = parts.temporary, []
        parts.open = len(segments)
        for segment in segments:
            self._piece(work, ordinal, segment, due)

    def _remember(self, work: Work, ordinal: int) -> None:
        """Who no longer waits is forgotten when there are too many, and then everybody."""
        if len(self.refused) >= REFUSED_MOST:
            kept = {msisdn: each for msisdn, each in self.refused.items() if _waiting(*each)}
            self.refused = kept if len(kept) < REFUSED_MOST // 2 else {}
        self.refused[work.slice.msisdns[ordinal]] = (ref(work), ordinal)

    def _err(self, answer: int) -> str:
        return f"{STATUS}{self._outcome(answer).code}"


def _waiting(held: ReferenceType[Work], ordinal: int) -> Work | None:
    """Where that recipient waits again; None: they do not any more."""
    work = held()
    return work if work is not None and work.waits_again(ordinal) else None


def _awaited(work: Work, accepted: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], int]:
    """Those of the accepted (segment, id) whose receipts are awaited, and how many others there are."""
    others = work.campaign.renderer.unawaited
    awaited = [each for each in accepted if each[0] not in others] if others else accepted
    return awaited, len(accepted) - len(awaited)
