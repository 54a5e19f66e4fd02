"""What one lane has to send: its slices, and of these the recipients whose intent is committed, so that they may leave.

    slice ─ intend ─▶ journal ─ commit ─▶ stock ─▶ taken for a link, and left; or given back

By alert: which of them sends, `turns` says. What is intended of one that has to give way is given back as soon as there
is something of the other to send; it waits again, and is in nobody's doubt if this worker ends.

Pure but for the journal; it works on runs of recipients. Ordinals are those of a work's slice.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence

from broadcast.campaign.precedence import Claim, shares
from broadcast.engine.claimant import Claimant, Run
from broadcast.engine.turns import Turns
from broadcast.engine.work import CUT_SHORT, Work
from broadcast.ids import CampaignId
from broadcast.ledger.journal import Journal

LATER_MOST_S = 3600.0


class Stock:
    """That of one lane. cleared(): there is more to send, since an intent was committed.

    works: leased slices, the most urgent campaign's first.
    """

    def __init__(self, journal: Journal, cleared: Callable[[], None]) -> None:
        self.works: list[Work] = []
        self._journal = journal
        self._heard = cleared
        self._claimants: dict[CampaignId, Claimant] = {}  # the most urgent first
        self._turns = Turns()

    def __bool__(self) -> bool:
        """Is there anybody who may be sent whole?"""
        return any(each.runs for each in self._claimants.values())

    # ------------------------------------------------------------ slices

    def add(self, work: Work) -> None:
        """A leased slice to send."""
        self._claimant(work).works.append(work)
        self.works = [each for one in self._claimants.values() for each in one.works]

    def _claimant(self, work: Work) -> Claimant:
        campaign_id, claim = work.campaign.campaign_id, work.campaign.claim
        found = self._claimants.get(campaign_id)
        if found is None:
            found = self._claimants[campaign_id] = Claimant(campaign_id, claim)
            order = sorted(self._claimants.values(), key=lambda each: (each.claim.rank, each.campaign_id))
            self._claimants = {each.campaign_id: each for each in order}
        return found

    def missing(self, campaign_id: CampaignId, claim: Claim, wanted: int) -> int:
        """How many recipients of this alert should be leased, for `wanted` to wait here; of one that gives way as many
        as are missing when those before it are through."""
        others = [
            each for each in self._claimants.values() if each.campaign_id != campaign_id and each.waiting
        ]
        mine = self._claimants.get(campaign_id)
        missing = wanted - (0 if mine is None else mine.waiting)
        *_, share = shares((*(each.claim for each in others), claim))
        if share:
            return missing
        return missing - sum(each.waiting for each in others if each.claim.rank < claim.rank)

    def hungry(self, wanted: int) -> bool:
        """Is less than `wanted` left of the most urgent alert, or its part of one that shares with it?"""
        claimants = [each for each in self._claimants.values() if each.waiting]
        having = shares(tuple(each.claim for each in claimants))
        less = any(each.waiting < wanted * share for each, share in zip(claimants, having, strict=True))
        return less or (bool(self.works) and not claimants)

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
        for work in self.works:
            if not work.releasing and not stays(work):
                work.releasing = True
        for each in self._claimants.values():
            self._unstock(each, lambda work: work.releasing)
        self.let_go()

    def let_go(self) -> None:
        """Slices that are through, or given back with nothing on its way."""
        over = [work for work in self.works if (not work.slice.unanswered or work.releasing) and work.idle]
        for work in over:
            work.slice.let_go()
            self.works.remove(work)
            self._drop(work)
            self._journal.wake()

    def _drop(self, work: Work) -> None:
        claimant = self._claimants[work.campaign.campaign_id]
        claimant.works.remove(work)
        if not claimant.works:
            del self._claimants[claimant.campaign_id]

    def _unstock(self, claimant: Claimant, goes: Callable[[Work], bool]) -> None:
        """What is not begun of these works is given back."""
        kept: deque[Run] = deque()
        for work, ordinals in claimant.runs:
            if goes(work):
                self.give_back(work, ordinals)
            else:
                kept.append((work, ordinals))
        claimant.runs = kept
        self._drop_pieces(claimant, goes)

    def _drop_pieces(self, claimant: Claimant, goes: Callable[[Work], bool]) -> None:
        """Of one that is withdrawn, what is begun is cut short; of one that gives way it stays as it is."""
        left = Counter((work, ordinal) for work, ordinal, _ in claimant.pieces.of(goes))
        whole = {key for key, pieces in left.items() if pieces == key[0].segments}
        over = {key for key in left if key in whole or key[0].releasing}
        claimant.pieces.drop(over)
        for work, ordinal in over:
            work.stocked -= left[work, ordinal]
            if (work, ordinal) in whole:
                work.unsend([ordinal])
            else:
                work.doubt(ordinal, CUT_SHORT, work.since)

    # ------------------------------------------------------------ intents

    def top_up(self, target: int, now: float, unix_now: float) -> float | None:
        """Intend more recipients when the stock runs low (law 2: they may be sent when that is committed).

        target: how many segments are to be here. now: monotonic. When the next recipient that waits again is due; None:
        not within LATER_MOST_S.
        """
        claimants = self._claimants.values()
        more = [each for each in claimants if each.more(now, unix_now)]
        having = dict(zip(more, shares(tuple(each.claim for each in more)), strict=True))
        next_retry = now + LATER_MOST_S
        ahead = 0  # segments of those that go first and have nobody left to intend
        for each in claimants:
            share = having.get(each)
            if share == 0:  # it gives way
                continue
            if share is None:
                ahead += each.held
            elif not ahead or target * share > ahead:
                self._intend_of(each, int(target * share) - ahead, now, unix_now)
            next_retry = min(next_retry, each.next_retry(now) or next_retry)
        return next_retry if next_retry < now + LATER_MOST_S else None

    def _intend_of(self, claimant: Claimant, target: int, now: float, unix_now: float) -> None:
        for work in claimant.works:
            if work.releasing or unix_now >= work.campaign.expires_at:
                continue
            most = max(1, target // work.segments)
            wanted = most - claimant.held // work.segments
            if wanted * 4 < most:
                return
            ordinals = work.intend(wanted, now)
            if ordinals:
                self._intend(claimant, work, ordinals)

    def _intend(self, claimant: Claimant, work: Work, ordinals: Sequence[int]) -> None:
        work.intending += len(ordinals)
        claimant.intending += len(ordinals) * work.segments
        self._journal.on_commit(lambda: self._cleared(claimant, work, ordinals))

    def _cleared(self, claimant: Claimant, work: Work, ordinals: Sequence[int]) -> None:
        """The intent is durable."""
        work.intending -= len(ordinals)
        claimant.intending -= len(ordinals) * work.segments
        if work.releasing:
            work.unsend(list(ordinals))
            self._journal.wake()
            self.let_go()
            return
        work.stocked += len(ordinals)
        claimant.stocked += len(ordinals) * work.segments
        claimant.runs.append((work, ordinals))
        self._heard()

    # ------------------------------------------------------------ whose turn it is

    def look(self, now: float, unix_now: float) -> None:
        """Before `next`: who has somebody to send to, and who gives way."""
        if len(self._claimants) < 2:
            return
        claimants = self._claimants.values()
        more = {each.campaign_id for each in claimants if each.more(now, unix_now)}
        self._turns.claim(
            {
                each.campaign_id: each.claim
                for each in claimants
                if each.campaign_id in more or each.held or each.sends(now)
            }
        )
        going = min(
            (each.claim.rank for each in claimants if each.runs and each.campaign_id in more), default=None
        )
        for each in claimants:
            if going is not None and going < each.claim.rank and not self._turns.share(each.campaign_id):
                self._give_way(each)

    def _give_way(self, claimant: Claimant) -> None:
        if claimant.runs or claimant.pieces:
            self._unstock(claimant, lambda _: True)
            self._journal.wake()

    @property
    def sharing(self) -> tuple[CampaignId, ...]:
        """Who has the TPS now, the most urgent first."""
        claimants = [each for each in self._claimants.values() if each.waiting or each.held]
        having = shares(tuple(each.claim for each in claimants))
        return tuple(each.campaign_id for each, share in zip(claimants, having, strict=True) if share)

    @property
    def shared(self) -> bool:
        """Is there more than one alert, so that nobody should send much at a time?"""
        return len(self._claimants) > 1

    def next(self, now: float) -> Claimant | None:
        """Who is to send; None: nobody who may."""
        if len(self._claimants) < 2:
            return next((each for each in self._claimants.values() if each.sends(now)), None)
        ready = {
            each.campaign_id: each.next_size(now) for each in self._claimants.values() if each.sends(now)
        }
        chosen = self._turns.next(ready)
        if chosen is None and not any(map(self._turns.share, ready)):
            chosen = next(iter(ready), None)  # until there is something of those before it
        return None if chosen is None else self._claimants[chosen]

    # ------------------------------------------------------------ sending

    def sent(self, work: Work, segments: int) -> None:
        """So many left at once."""
        if self.shared:
            self._turns.sent(work.campaign.campaign_id, segments)

    def left(self, work: Work, count: int) -> None:
        """So many that were taken are on their way."""
        work.stocked -= count
        self._claimants[work.campaign.campaign_id].stocked -= count * work.segments

    def give_back(self, work: Work, ordinals: Sequence[int]) -> None:
        """They were taken, and have surely not left: they wait again."""
        work.unsend(list(ordinals))
        self.left(work, len(ordinals))

    def split(self, claimant: Claimant) -> None:
        """Its next message does not fit whole: its segments go one by one."""
        work = claimant.runs[0][0]
        (ordinal,) = claimant.take(1)
        self.left(work, 1)
        for segment in range(1, work.segments + 1):
            self.add_piece(work, ordinal, segment, 0.0)

    def add_piece(self, work: Work, ordinal: int, segment: int, due: float) -> None:
        """One segment alone, at `due` or later (monotonic)."""
        work.stocked += 1
        self._claimants[work.campaign.campaign_id].pieces.add((work, ordinal, segment), due)

    def next_piece(self, now: float) -> float | None:
        """When the next segment that goes alone is due; None: none is to come."""
        found = [
            at for each in self._claimants.values() if (at := each.pieces.next_at) is not None and at > now
        ]
        return min(found, default=None)
