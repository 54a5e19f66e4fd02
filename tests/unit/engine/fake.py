"""A lane with a journal that commits when told, and links that answer when told: no socket, no database."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from broadcast.campaign.precedence import Claim
from broadcast.channel.link import Submission
from broadcast.clock import DayTime
from broadcast.config import Bind, Carrier
from broadcast.engine.carrier_campaign import CarrierCampaign
from broadcast.engine.lane import Lane
from broadcast.engine.pacing import GRANT_WAIT_S
from broadcast.engine.work import Work
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.journal import Group, Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.packing.sent import Sent, unpack_sent
from broadcast.monitor.metrics import Metrics
from broadcast.smpp.channel import SmppChannel

CARRIER = Carrier(tps=100_000, binds=(Bind("127.0.0.1", 2775, "esme"),), retry_limit=2, retry_delay_s=5.0)


SINCE = 1_000_000  # when a work begins, in microseconds


def sent(group: Group) -> list[Sent]:
    """What was answered in a group, by slice."""
    return [unpack_sent(answered.pack()) for _, answered in group.sent.values()]


def ends(group: Group) -> list[str]:
    """Why recipients ended without a receipt."""
    return [err for each in sent(group) for err in each.ended_errs.all()]


class FakeTemplate:
    """Stamps what the test can read back: one line a segment."""

    def __init__(self, segments: int, unawaited: frozenset[int] = frozenset()) -> None:
        self.segments = segments
        self.unawaited = unawaited

    def stamp(self, first_sequence: int, msisdns: Sequence[int]) -> bytes:
        return b"".join(b"%d/%d;" % (each, number + 1) for each in msisdns for number in range(self.segments))

    def stamp_segment(self, sequence: int, msisdn: int, segment: int) -> bytes:
        return b"%d/%d;" % (msisdn, segment)


class FakeLink:
    """A bound link with a window; remembers what was written and the tokens that wait."""

    def __init__(self, window: int = 1000) -> None:
        self.name = "viettel-0"
        self.window = window
        self.can_submit = True
        self.too_late = False
        self.pending: dict[int, Any] = {}
        self.wire: list[str] = []
        self.acked: list[bytes] = []
        self.asked: list[bytes] = []  # of `withdraw`
        self.unknown_states: Counter[str] = Counter()
        self.ended = "lost"
        self.peer_ends_at: float | None = None
        self.enquiry_s: float | None = None
        self._next = 1

    @property
    def room(self) -> int:
        return self.window - len(self.pending)

    @property
    def in_flight(self) -> int:
        return len(self.pending)

    def take_unknown_states(self) -> Counter[str]:
        unknown, self.unknown_states = self.unknown_states, Counter()
        return unknown

    def take_long_ids(self) -> int:
        return 0

    def reserve(self, count: int) -> int:
        self._next += count
        return self._next - count

    def take_enquiry(self) -> float | None:
        took_s, self.enquiry_s = self.enquiry_s, None
        return took_s

    def take_round_trip(self, now: float) -> float | None:
        return None

    def submit(self, submission: Submission, now: float, before: float) -> bool:
        if self.too_late:
            return False
        first, tokens, data = submission
        sent = data.decode().split(";")[:-1]
        assert len(sent) == len(tokens)
        self.wire += sent
        self.pending.update(zip(range(first, first + len(tokens)), tokens, strict=True))
        assert len(self.pending) <= self.window
        return True

    def withdraw(self, submission: Submission, now: float, before: float) -> bool:
        if self.too_late:
            return False
        first, tokens, data = submission
        self.asked.append(data)
        self.pending.update(zip(range(first, first + len(tokens)), tokens, strict=True))
        assert len(self.pending) <= self.window
        return True

    def ack(self, acks: list[bytes]) -> None:
        self.acked += acks

    def take(self, count: int) -> list[Any]:
        """The oldest tokens that wait."""
        chosen = list(self.pending)[:count]
        return [self.pending.pop(number) for number in chosen]


class Bench:
    """A lane with everything around it."""

    def __init__(self, carrier: Carrier = CARRIER, *links: FakeLink) -> None:
        self.journal = Journal(lambda: None)
        self.hungry = 0
        self.lane = Lane(
            CarrierNo(1),
            "viettel",
            carrier,
            SmppChannel(carrier),
            self.journal,
            Metrics(),
            self._hungry,
            lambda: None,
            DayTime.of_this_machine(),
        )
        self.lane.valid_until = float("inf")
        self.links = links or (FakeLink(),)
        self.groups: list[Group] = []
        for link in self.links:
            self.lane.bound(link)

    def _hungry(self) -> None:
        self.hungry += 1

    def grant(self, tps: int) -> None:
        """A grant, in force since long."""
        self.lane.pacer.set_grant(tps, -2 * GRANT_WAIT_S)

    def work(
        self,
        count: int,
        segments: int = 1,
        campaign: int = 1,
        expires_at: float = 4e9,
        claim: Claim = Claim((0, 0)),  # noqa: B008  frozen
        unawaited: frozenset[int] = frozenset(),
    ) -> Work:
        leased = LeasedSlice(
            self.journal, slice_id=SliceId(campaign * 100 + len(self.lane.stock.works)),
            campaign_id=CampaignId(campaign), carrier_no=CarrierNo(1), token=1,
            awaited=segments - len(unawaited), mark=0, answered=b"", retry=b"",
            msisdns=[84320000000 + number for number in range(count)],
        )  # fmt: skip
        work = Work(
            leased,
            CarrierCampaign(CampaignId(campaign), claim, FakeTemplate(segments, unawaited), expires_at),
            SINCE,
        )
        self.lane.add(work)
        return work

    def commit(self) -> Group:
        """Take the group and tell everybody that it is durable."""
        group = self.journal.take()
        self.groups.append(group)
        for callback in group.committed:
            callback()
        self.lane.pump()
        return group

    def answer(self, link: FakeLink, count: int, status: int = 0) -> None:
        tokens = link.take(count)
        answers = [(token, status, "" if status else f"id-{token[1]}-{token[2]}") for token in tokens]
        if answers:  # a link never tells of none
            self.lane.answered(link, answers, time.monotonic() - 0.1)

    def moves(self) -> dict[int, int]:
        """Sum of the tally changes of all groups: state -> recipients."""
        total: dict[int, int] = {}
        for group in self.groups:
            for delta in group.tallies.values():
                for state, change in enumerate(delta):
                    total[state] = total.get(state, 0) + change
        return {state: change for state, change in total.items() if change}
