"""A slice that this worker holds: who of it was sent, who was answered, and how. Hot: one object a slice."""

from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.journal import NO_RECEIPTS, SEGMENTS, Doubt, Group, Journal, SliceProgress
from broadcast.ledger.packing.sent import Answered
from broadcast.ledger.states import RecipientState

_WAITING, _IN_DOUBT, _ACCEPTED, _UNKNOWN, _REJECTED = (
    int(RecipientState.WAITING),
    int(RecipientState.IN_DOUBT),
    int(RecipientState.ACCEPTED),
    int(RecipientState.UNKNOWN),
    int(RecipientState.REJECTED),
)


class LeasedSlice:
    """With the state of each of its recipients.

    variant: the number of the campaign's message that they hear. awaited: segments of that message whose receipts are
    awaited: all of them at most carriers (quirk 21). What the ledger knows as the segments of a message are these; the
    others count in the tallies only.
    Ordinals index `msisdns`. Every move of a recipient goes through a method here, which touches bitmap, entry and
    tally together (law 1); the caller decides, this records. Answers of one read share `at`.
    """

    __slots__ = (
        "_accepted",
        "_at",
        "_delta",
        "_journal",
        "_left_at",
        "_sent",
        "answered",
        "awaited",
        "campaign_id",
        "carrier_no",
        "mark",
        "msisdns",
        "retry",
        "slice_id",
        "state",
        "token",
        "total",
        "unanswered",
        "variant",
        "waiting_again",
    )

    def __init__(
        self,
        journal: Journal,
        *,
        slice_id: SliceId,
        campaign_id: CampaignId,
        carrier_no: CarrierNo,
        token: int,
        awaited: int,
        mark: int,
        answered: bytes,
        retry: bytes,
        msisdns: list[int],
        variant: int = 0,
    ) -> None:
        octets = (len(msisdns) + 7) // 8
        self._journal = journal
        self._delta = journal.delta(campaign_id, carrier_no)
        self._sent = Answered(awaited)
        self._accepted = 0  # messages in it
        self._at = -1
        self._left_at = 0
        self.slice_id = slice_id
        self.campaign_id = campaign_id
        self.carrier_no = carrier_no
        self.token = token
        self.variant = variant
        self.awaited = awaited
        self.msisdns = msisdns
        self.total = len(msisdns)
        self.mark = mark
        self.answered = bytearray(answered.ljust(octets, b"\0"))
        self.retry = bytearray(retry.ljust(octets, b"\0"))
        self.waiting_again = int.from_bytes(self.retry, "little").bit_count()
        self.unanswered = self.total - int.from_bytes(self.answered, "little").bit_count()
        self.state = "leased"

    @property
    def waiting(self) -> int:
        """Recipients that may still be sent: never intended, or waiting again."""
        return self.total - self.mark + self.waiting_again

    def retries(self) -> list[int]:
        """Ordinals that wait again, ascending."""
        if not self.waiting_again:
            return []
        return [ordinal for ordinal in range(self.mark) if self.retry[ordinal >> 3] >> (ordinal & 7) & 1]

    def intend_next(self, count: int) -> range:
        """Up to `count` recipients above the mark become in doubt; they may be sent once this group commits."""
        first = self.mark
        self.mark = min(self.total, first + count)
        self._move(self.mark - first, _WAITING, _IN_DOUBT)
        return range(first, self.mark)

    def intend_again(self, ordinals: list[int]) -> None:
        """Recipients that waited again become in doubt; they may be sent once this group commits."""
        for ordinal in ordinals:
            self.retry[ordinal >> 3] &= ~(1 << (ordinal & 7)) & 0xFF
        self.waiting_again -= len(ordinals)
        self._move(len(ordinals), _WAITING, _IN_DOUBT)

    def take_back(self, ordinals: list[int]) -> None:
        """In doubt, yet surely not sent or surely not accepted: these wait again."""
        for ordinal in ordinals:
            self.retry[ordinal >> 3] |= 1 << (ordinal & 7)
        self.waiting_again += len(ordinals)
        self._move(len(ordinals), _IN_DOUBT, _WAITING)

    def accept(self, ordinal: int, smsc_id: str, left_at: int, at: int) -> None:
        """The only segment of a message was accepted."""
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        if at != self._at or left_at < self._left_at:
            self._read(left_at, at)
        self._sent.accept(ordinal, smsc_id)
        self._accepted += 1

    def accept_parts(
        self, ordinal: int, smsc_ids: list[str], left_at: int, at: int, unawaited: int = 0
    ) -> None:
        """Every segment of a message was accepted. smsc_ids: in order, of those whose receipts are awaited.

        unawaited: how many others there are. When no receipt is awaited at all the recipient ends as unknown.
        """
        self._delta[SEGMENTS] += unawaited
        if not smsc_ids:
            self._end(ordinal, _UNKNOWN, NO_RECEIPTS, at)
            return
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        if at != self._at or left_at < self._left_at:
            self._read(left_at, at)
        self._sent.accept_parts(ordinal, smsc_ids)
        self._accepted += 1

    def reject(
        self, ordinal: int, err: str, accepted: list[tuple[int, str]], at: int, unawaited: int = 0
    ) -> None:
        """A segment was refused for good. accepted: the (segment, id) that were taken before; unawaited: as above."""
        self._delta[SEGMENTS] += unawaited + len(accepted)
        for segment, smsc_id in accepted:
            self._sent.stray(ordinal, segment, smsc_id)
        self._end(ordinal, _REJECTED, err, at)

    def doubt(self, ordinal: int, reason: str, sent_after: int) -> None:
        """No answer will come: from now on the in_doubt table speaks for this recipient."""
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        self._touch()
        self._journal.group.doubts.append(
            Doubt(
                self.campaign_id,
                self.carrier_no,
                self.slice_id,
                ordinal,
                self.awaited,
                self.msisdns[ordinal],
                reason,
                sent_after,
            )
        )

    def let_go(self) -> None:
        """Back to whoever leases it next; nothing of it may be in flight. Done, when nothing is left."""
        self.state = "done" if not self.unanswered else "ready"
        self._touch()

    def write(self, group: Group) -> None:
        """Into this group: how it stands, and what was answered since the last one."""
        group.slices.append(
            SliceProgress(
                self.slice_id, self.token, self.mark, bytes(self.answered), bytes(self.retry), self.state
            )
        )
        if not self._sent:
            return
        self._sent.read(self._left_at, self._at)
        group.sent[self.slice_id] = (self.carrier_no, self._sent)
        delta = self._delta
        delta[_IN_DOUBT] -= self._accepted
        delta[_ACCEPTED] += self._accepted
        delta[SEGMENTS] += self._accepted * self.awaited
        self._sent, self._accepted, self._at = Answered(self.awaited), 0, -1

    def _read(self, left_at: int, at: int) -> None:
        """What is accepted from now on was answered at `at`; of the same read, left_at may still sink."""
        if at != self._at:
            self._sent.read(self._left_at, self._at)
            self._at = at
            self._touch()
        self._left_at = left_at

    def _touch(self) -> None:
        self._journal.touched[self.slice_id] = self

    def _move(self, count: int, origin: int, target: int) -> None:
        self._delta[origin] -= count
        self._delta[target] += count
        self._touch()

    def _end(self, ordinal: int, state: int, err: str, at: int) -> None:
        self.answered[ordinal >> 3] |= 1 << (ordinal & 7)
        self.unanswered -= 1
        self._move(1, _IN_DOUBT, state)
        self._sent.end(ordinal, state, err, at)
