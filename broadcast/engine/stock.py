"""What one lane has to send: its slices, and of these the recipients whose intent is committed, so that they may leave.

    slice ─ intend ─▶ journal ─ commit ─▶ stock ─▶ taken for a link, and left; or given back

Pure but for the journal; it works on runs of recipients. Ordinals are those of a work's slice.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence

from broadcast.engine.pieces import Pieces
from broadcast.engine.work import CUT_SHORT, Work
from broadcast.ledger.journal import Journal

LATER_MOST_S = 3600.0

Run = tuple[Work, Sequence[int]]


class Stock:
    """That of one lane. cleared(): there is more to send, since an intent was committed.

    works: leased slices, the most urgent campaign's first. pieces: segments that leave one by one.
    """

    def __init__(self, journal: Journal, cleared: Callable[[], None]) -> None:
        self.works: list[Work] = []
        self.pieces = Pieces()
        self._journal = journal
        self._heard = cleared
        self._runs: deque[Run] = deque()
        self._stocked = 0  # recipients in `_runs`
        self._intending = 0  # recipients whose intent is not committed yet

    def __bool__(self) -> bool:
        """Is there anybody who may be sent whole?"""
        return bool(self._runs)

    # ------------------------------------------------------------ slices

    def add(self, work: Work) -> None:
        """A leased slice to send."""
        self.works.append(work)
        self.works.sort(key=lambda each: each.campaign.rank)

    def backlog(self, rank: tuple[int, int]) -> int:
        """Recipients that wait here in campaigns at least as urgent as `rank`."""
        return sum(
            work.slice.waiting for work in self.works if work.campaign.rank <= rank and not work.releasing
        )

    @property
    def empty(self) -> bool:
        """Nothing is held any more."""
        return not self.works

    @property
    def spent(self) -> bool:
        """Nobody is left to send to; answers may be awaited."""
        return self.remaining == 0

    @property
    def remaining(self) -> int:
        """Segments that are left to send, as far as it is known before they are tried."""
        return sum(
            (work.slice.waiting + work.intending + work.stocked) * work.segments for work in self.works
        )

    def withdraw(self, stays: Callable[[Work], bool]) -> None:
        """Stop sending every work but those that stay (law 7): what was not sent waits again, the slice is let go."""
        going = {id(work) for work in self.works if not stays(work) and not work.releasing}
        for work in self.works:
            if id(work) in going:
                work.releasing = True
        self._unstock()
        self._drop_pieces()
        self.let_go()

    def let_go(self) -> None:
        """Slices that are through, or given back with nothing on its way."""
        for work in [
            work for work in self.works if not work.slice.unanswered or (work.releasing and work.idle)
        ]:
            if work.idle:
                work.slice.let_go()
                self.works.remove(work)
                self._journal.wake()

    def _unstock(self) -> None:
        kept: deque[Run] = deque()
        for work, ordinals in self._runs:
            if work.releasing:
                self.give_back(work, ordinals)
            else:
                kept.append((work, ordinals))
        self._runs = kept

    def _drop_pieces(self) -> None:
        left = Counter((work, ordinal) for work, ordinal, _ in self.pieces.withdraw())
        for (work, ordinal), pieces in left.items():
            work.stocked -= pieces
            if pieces == work.segments:
                work.unsend([ordinal])
            else:
                work.doubt(ordinal, CUT_SHORT, work.since)

    # ------------------------------------------------------------ intents

    def top_up(self, target: Callable[[int], int], now: float, unix_now: float) -> float | None:
        """Intend more recipients when the stock runs low (law 2: they may be sent when that is committed).

        target(segments): how many recipients with so many segments are to be here. now: monotonic. When the next
        recipient that waits again is due; None: not within LATER_MOST_S.
        """
        next_retry = now + LATER_MOST_S
        for work in self.works:
            if work.releasing or unix_now >= work.campaign.expires_at:
                continue
            most = target(work.segments)
            wanted = most - self._stocked - self._intending
            if wanted * 4 < most:
                break
            ordinals = work.intend(wanted, now)
            if ordinals:
                self._intend(work, ordinals)
            due = work.next_retry()
            if due is not None:
                next_retry = min(next_retry, due)
        return next_retry if next_retry < now + LATER_MOST_S else None

    def _intend(self, work: Work, ordinals: Sequence[int]) -> None:
        work.intending += len(ordinals)
        self._intending += len(ordinals)
        self._journal.on_commit(lambda: self._cleared(work, ordinals))

    def _cleared(self, work: Work, ordinals: Sequence[int]) -> None:
        """The intent is durable."""
        work.intending -= len(ordinals)
        self._intending -= len(ordinals)
        if work.releasing:
            work.unsend(list(ordinals))
            self._journal.wake()
            self.let_go()
            return
        work.stocked += len(ordinals)
        self._stocked += len(ordinals)
        self._runs.append((work, ordinals))
        self._heard()

    # ------------------------------------------------------------ sending

    @property
    def head(self) -> Run:
        """The run to send next; there is one."""
        return self._runs[0]

    def take(self, count: int) -> Sequence[int]:
        """The first so many of the head, no longer in the stock's runs: `left` or `give_back` follows."""
        work, ordinals = self._runs[0]
        if count < len(ordinals):
            self._runs[0] = (work, ordinals[count:])
            return ordinals[:count]
        self._runs.popleft()
        return ordinals

    def left(self, work: Work, count: int) -> None:
        """So many that were taken are on their way."""
        work.stocked -= count
        self._stocked -= count

    def give_back(self, work: Work, ordinals: Sequence[int]) -> None:
        """They were taken, and have surely not left: they wait again."""
        work.unsend(list(ordinals))
        self.left(work, len(ordinals))

    def split(self) -> None:
        """The next message does not fit whole: its segments go one by one."""
        work = self._runs[0][0]
        (ordinal,) = self.take(1)
        self.left(work, 1)
        for segment in range(1, work.segments + 1):
            self.add_piece(work, ordinal, segment, 0.0)

    def add_piece(self, work: Work, ordinal: int, segment: int, due: float) -> None:
        """One segment alone, at `due` or later (monotonic)."""
        work.stocked += 1
        self.pieces.add((work, ordinal, segment), due)
