"""CarrierBook against the reference: any traffic, restarts and evictions in between, ids that come again, hashes that
are equal."""

from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from unit.ledger.resolver.reference import Look, Message, Receipt, Reference
from unit.ledger.resolver.rows_of import PEOPLE, T0, facts, received, sent, written

from broadcast.ledger.packing.columns import U64
from broadcast.ledger.packing.ids import IdProfile, Ids
from broadcast.ledger.packing.received import REASONS, Parked, pack_parked, unpack_parked
from broadcast.ledger.packing.result import Result
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.resolver.book import CarrierBook, Limits
from broadcast.ledger.resolver.met import Met

LONG_AFTER = T0 + 10**15
UUID = "0188e9c3-0000-7abc-8def-00000000abcd"
IDS = [
    "", "a", "A", "7", "07", UUID, UUID.upper(), bytes.fromhex(UUID.replace("-", "")).decode("latin-1"),
    "SAR-0000-1234-5678-2-1", "SAR-0000-1234-5678-2-2", "SAR-0000-1234-5678-2-10", "x" * 255,
]  # fmt: skip
SLICES = {1: (1, 1), 2: (1, 3), 3: (2, 2)}  # slice_id: campaign_id, segments
PLACES = 60
WALK = 10_000  # more than there are segments here

_WALKS = ("cold", "generation", "parked")


@pytest.fixture(autouse=True)
def to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that are alike on purpose make more segments look like one id than a receipt looks at, who is in no order;
    the reference knows no such bound. Its own tests are in test_book.py."""
    for name in _WALKS:
        monkeypatch.setattr(f"broadcast.ledger.resolver.{name}.STEPS", WALK)


ids = st.sampled_from(IDS)
times = st.integers(0, 8).map(lambda ticks: T0 + 100_000 * ticks)
numbers = st.sampled_from([0, PEOPLE + 1, PEOPLE + 2, PEOPLE + 3])


def repeated(times: int, smsc_id: str) -> list[str]:
    return [smsc_id] * times


def low_bits(ids: Ids, seed: int) -> U64:
    return (ids.hashes(seed) & np.uint64(7)) + np.uint64(1)


def high_bits(ids: Ids, seed: int) -> U64:
    return ids.hashes(seed) & np.uint64(3 << 62) | np.uint64(1)


class Machine(RuleBasedStateMachine):
    @initialize(
        hashes=st.sampled_from([Ids.hashes, low_bits, high_bits]),
        fold=st.booleans(),
        generation=st.sampled_from([4, 16, 48]),
        cold=st.sampled_from([1, 8, 1000]),
        people=st.lists(numbers, min_size=PLACES, max_size=PLACES),
    )
    def begin(self, hashes: object, fold: bool, generation: int, cold: int, people: list[int]) -> None:
        self.profile = IdProfile(id_case="fold" if fold else "keep")
        self.limits = Limits(generation=generation, cold=cold)
        self.hashes = hashes
        self.no = 0
        self.receipts = 0
        self.slices = {no: facts(no, people, campaign) for no, (campaign, _) in SLICES.items()}
        self.sent: dict[int, list[Sent]] = {no: [] for no in SLICES}
        self.results: dict[int, list[Result]] = {no: [] for no in SLICES}
        self.ordinals = dict.fromkeys(SLICES, 0)
        self.parked: dict[int, Parked] = {}
        self.book = self.new_book()

        def spell(smsc_id: str) -> str:
            return smsc_id.lower() if fold else smsc_id

        self.reference = Reference(spell, lambda smsc_id: int(hashes(Ids.of([smsc_id]), 9)[0]))

    def new_book(self) -> CarrierBook:
        return CarrierBook(self.profile, 9, self.limits, self.hashes)

    @rule(data=st.data(), slices=st.lists(st.sampled_from(list(SLICES)), min_size=1, max_size=3))
    def learn(self, data: st.DataObject, slices: list[int]) -> None:
        rows = []
        for slice_id in slices:
            campaign_id, segments = SLICES[slice_id]
            messages, strays = [], []
            for _ in range(data.draw(st.integers(1, 3))):
                if (ordinal := self.ordinals[slice_id]) == PLACES:
                    break
                self.ordinals[slice_id] += 1
                msisdn = int(self.slices[slice_id].msisdns[ordinal])
                if data.draw(st.integers(0, 9)) == 9:
                    strays.append((ordinal, 2, data.draw(ids)))
                    own = [self.reference.spell(strays[-1][2])]
                    self.reference.learn(Message(slice_id, campaign_id, ordinal, msisdn, T0, own, stray=2))
                    continue
                own = data.draw(
                    st.lists(ids, min_size=segments, max_size=segments) | ids.map(partial(repeated, segments))
                )
                messages.append((ordinal, own, data.draw(times)))
                spelt = [self.reference.spell(each) for each in own]
                self.reference.learn(Message(slice_id, campaign_id, ordinal, msisdn, messages[-1][2], spelt))
            row = sent(*messages, strays=strays, segments=segments)
            self.sent[slice_id].append(row)
            rows.append((self.slices[slice_id], row))
        self.book.learn(rows)
        self.agree()

    @rule(several=st.lists(st.tuples(ids, numbers, times, st.integers(5, 8)), max_size=8))
    def meet(self, several: list[tuple[str, int, int, int]]) -> None:
        self.no += 1
        came = [Receipt(*each, f"e{self.receipts + n}") for n, each in enumerate(several)]
        self.receipts += len(came)
        due = self.reference.due()
        met = self.book.meet(
            received(*((r.smsc_id, r.number, r.received_at, r.state, r.err) for r in came)), self.no
        )
        look = self.reference.meet(due + came)
        self.same_results(met, look)
        taken = {self.reference.parked.pop(key).err for key in met.taken}
        self.same_outcomes(met, look, came, due, taken)
        self.take(met.taken)
        if met.parked is not None:
            packed = pack_parked(met.parked.receipts, met.parked.reasons)
            self.parked[self.no] = unpack_parked(packed)
        for result in met.results:
            self.results[result.slice_id].append(written(result))
        self.agree()

    def same_results(self, met: Met, look: Look) -> None:
        found = [
            (result.slice_id, *columns)
            for result in met.results
            for columns in zip(
                result.ordinals.tolist(), result.segments.tolist(), result.states.tolist(),
                result.received_at.tolist(), result.errs.all(), strict=True,
            )
        ]  # fmt: skip
        assert found == sorted(look.results, key=lambda each: each[:3])
        assert met.ended == look.ended

    def same_outcomes(
        self, met: Met, look: Look, came: list[Receipt], due: list[Receipt], taken: set[str]
    ) -> None:
        parked: dict[str, str] = {}
        if met.parked is not None:
            errs = met.parked.receipts.errs.all()
            parked = dict(zip(errs, (REASONS[reason] for reason in met.parked.reasons), strict=True))
            by_err = {receipt.err: receipt for receipt in came}
            for place, err in enumerate(errs):
                self.reference.parked[self.no, place] = by_err[err]
        for receipt in came:
            allowed = look.outcomes[receipt.err]
            assert parked[receipt.err] in allowed if receipt.err in parked else allowed - set(REASONS)
        for receipt in due:
            allowed = look.outcomes[receipt.err]
            assert allowed - set(REASONS) if receipt.err in taken else allowed & set(REASONS)
        assert not taken - {receipt.err for receipt in due}
        dealt = [
            look.outcomes[r.err] for r in due + came if r.err in taken or (r in came and r.err not in parked)
        ]
        matched = sum(outcomes <= {"settled", "stray"} for outcomes in dealt)
        assert (met.matched, met.duplicate) == (matched, len(dealt) - matched)
        assert met.misfits == {reason: list(parked.values()).count(reason) for reason in parked.values()}

    @rule()
    def evict(self) -> None:
        self.book.evict(LONG_AFTER)
        self.reference.densify()
        assert self.book.hot_segments == 0
        self.agree()

    @rule(random=st.randoms(use_true_random=False))
    def restart(self, random: object) -> None:
        """Each slice's rows in any order; parked ones in theirs."""
        before = self.book.snapshot()
        self.book = self.new_book()
        rows = [
            (
                self.slices[slice_id],
                random.sample(self.sent[slice_id], len(self.sent[slice_id])),
                random.sample(self.results[slice_id], len(self.results[slice_id])),
            )
            for slice_id in SLICES
        ]
        random.shuffle(rows)
        self.book.restore(rows[:1])
        self.book.restore(rows[1:])
        for no, row in self.parked.items():
            self.book.restore_parked(no, row)
        self.reference.restart(
            {
                (no, place)
                for no, row in self.parked.items()
                for place in np.nonzero(row.reasons == REASONS.index("clash"))[0].tolist()
            }
        )
        assert self.book.snapshot() == before
        self.agree()

    @precondition(lambda self: self.reference.parked)
    @rule(data=st.data())
    def take_some(self, data: st.DataObject) -> None:
        keys = data.draw(st.lists(st.sampled_from(sorted(self.reference.parked)), unique=True))
        assert self.book.take([*keys, (10**6, 0)]) == len(keys)
        self.take(keys)
        for key in keys:
            del self.reference.parked[key]
        self.agree()

    def take(self, keys: list[tuple[int, int]]) -> None:
        for no, place in keys:
            self.parked[no].left[place] = False

    def agree(self) -> None:
        snapshot = self.book.snapshot()
        assert snapshot.waiting == self.reference.waiting()
        assert snapshot.parked == [
            (*key, self.reference.spell(r.smsc_id), r.number, r.received_at, r.state, r.err)
            for key, r in sorted(self.reference.parked.items())
        ]
        awaited = sum(
            0 if message.stray or not message.msisdn else
            sum(state is None and bool(own) for state, own in zip(message.states, message.ids, strict=True))
            for message in self.reference.messages
        )  # fmt: skip
        assert self.book.open_segments == awaited
        assert self.book.parked == len(self.reference.parked)


Machine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take longer than a test may
)
TestMachine = Machine.TestCase
