"""Whom receipts are for, once more: one receipt and one segment at a time, as the rules are told.

CarrierBook must agree. Where it may decide either way, as what was settled and made dense since may be forgotten, each
way is an outcome.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from broadcast.ledger.packing.received import REASONS

CLOCKS_US = 200_000


@dataclass(slots=True)
class Message:
    """States: None while it waits. remembered: True, False, or None where nobody can say."""

    slice_id: int
    campaign_id: int
    ordinal: int
    msisdn: int
    left_at: int
    ids: list[str]  # in their one spelling
    stray: int = 0  # its only segment, of a stray
    states: list[int | None] = field(default_factory=list)
    remembered: list[bool | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = [None] * len(self.ids)
        self.remembered = [True] * len(self.ids)

    @property
    def whole(self) -> bool:
        return len(self.ids) > 1 and bool(self.ids[0]) and len(set(self.ids)) == 1

    def entries(self) -> Iterator[int]:
        """Of what a receipt may be for: places of segments, one for a whole message."""
        for place, smsc_id in enumerate(self.ids):
            if smsc_id and not (self.whole and place):
                yield place

    def rank(self, place: int) -> tuple[int, ...]:
        return self.left_at // 1000, self.slice_id, self.ordinal, place


@dataclass(frozen=True, slots=True)
class Receipt:
    smsc_id: str  # as it came
    number: int
    received_at: int
    state: int
    err: str  # tells it from all others


Entry = tuple[Message, int]


@dataclass(slots=True)
class Weighed:
    """What one receipt meets: an open entry, or the outcomes that are right."""

    entry: Entry | None
    outcomes: set[str]  # stray, duplicate, or a reason


@dataclass(slots=True)
class Look:
    """results: (slice_id, ordinal, segment, state, received_at, err); outcomes: of each receipt, by its err, as of
    Weighed, or `settled`."""

    results: list[tuple[int, int, int, int, int, str]] = field(default_factory=list)
    ended: Counter[tuple[int, int]] = field(default_factory=Counter)
    outcomes: dict[str, set[str]] = field(default_factory=dict)


class Reference:
    """spell: an id as its carrier means it; alike: what a book takes for one id until it looks."""

    def __init__(self, spell: Callable[[str], str], alike: Callable[[str], int]) -> None:
        self.spell = spell
        self.alike = alike
        self.messages: list[Message] = []
        self.parked: dict[tuple[int, int], Receipt] = {}
        self._learnt: set[tuple[int, int]] = set()
        self._restored: set[tuple[int, int]] = set()

    def learn(self, message: Message) -> None:
        self.messages.append(message)
        for place in message.entries():
            of = self.alike(message.ids[place])
            self._learnt |= {(of, message.msisdn), (of, 0)}

    def due(self) -> list[Receipt]:
        """Parked receipts that a look tries again, in order."""
        learnt, self._learnt = self._learnt, set()
        restored, self._restored = self._restored, set()
        return [
            receipt
            for key, receipt in sorted(self.parked.items())
            if key in restored or (self.alike(self.spell(receipt.smsc_id)), receipt.number) in learnt
        ]

    def meet(self, receipts: list[Receipt]) -> Look:
        """The due ones first. Parks nothing and takes nothing: the book's word decides what may go either way."""
        look, left = Look(), receipts
        while left:
            weighed = [(receipt, self._weigh(receipt)) for receipt in left]
            left, best = [], dict[tuple[int, int], Receipt]()
            for receipt, found in weighed:
                if found.entry is None:
                    look.outcomes[receipt.err] = found.outcomes
                    continue
                key = (id(found.entry[0]), found.entry[1])
                if key not in best or receipt.state > best[key].state:
                    best[key] = receipt
            for receipt, found in weighed:
                if found.entry is None:
                    continue
                if best[id(found.entry[0]), found.entry[1]] is receipt:
                    look.outcomes[receipt.err] = {"settled"}
                    self._settle(*found.entry, receipt, look)
                else:
                    left.append(receipt)
        return look

    def densify(self) -> None:
        """Nobody can say any more whether what was settled is remembered."""
        for message in self.messages:
            message.remembered = [
                None if state is not None and known else known
                for state, known in zip(message.states, message.remembered, strict=True)
            ]

    def restart(self, clashes: set[tuple[int, int]]) -> None:
        """What was settled is forgotten. clashes: what was parked as one; everything else is tried again."""
        self._learnt = set()
        self._restored = self.parked.keys() - clashes
        for message in self.messages:
            message.remembered = [state is None for state in message.states]

    def waiting(self) -> list[tuple[int, int, int, str, int, int, int, int]]:
        """As Snapshot.waiting."""
        found = []
        for message in self.messages:
            done = [state for state in message.states if state is not None]
            worst = min(done, default=15) if not message.stray and message.msisdn else 1
            worst |= 0x80 * message.whole
            for place in message.entries():
                if message.states[place] is None:
                    segment = message.stray or place + 1
                    left = len(message.ids) - len(done)
                    found.append(
                        (
                            message.slice_id,
                            message.ordinal,
                            segment,
                            message.ids[place],
                            message.msisdn,
                            0 if message.stray else message.left_at // 1000,
                            left,
                            worst,
                        )
                    )
        return sorted(found)

    def _weigh(self, receipt: Receipt) -> Weighed:
        smsc_id = self.spell(receipt.smsc_id)
        named: list[Entry] = []
        other: list[bool | None] = []
        older: list[bool | None] = []
        for message in self.messages:
            for place in message.entries():
                if message.ids[place] != smsc_id:
                    continue
                known = message.remembered[place]
                if receipt.number and message.msisdn and receipt.number != message.msisdn:
                    other.append(known)
                elif (
                    not message.stray and receipt.received_at // 1000 < (message.left_at - CLOCKS_US) // 1000
                ):
                    older.append(known)
                else:
                    named.append((message, place))
        return self._decide(receipt, named, other, older)

    def _decide(
        self, receipt: Receipt, fits: list[Entry], other: list[bool | None], older: list[bool | None]
    ) -> Weighed:
        strays = [entry for entry in fits if entry[0].stray or not entry[0].msisdn]
        opened = [entry for entry in fits if entry not in strays and entry[0].states[entry[1]] is None]
        if not receipt.number and len({message.msisdn for message, _ in opened}) > 1:
            return Weighed(None, {"clash"})
        if opened:
            return Weighed(max(opened, key=lambda entry: entry[0].rank(entry[1])), set())
        if strays:
            return Weighed(None, {"stray"})
        known = [message.remembered[place] for message, place in fits]
        if True in known:
            return Weighed(None, {"duplicate"})
        outcomes = {"duplicate"} if None in known else set()
        for forgetful in (False, True):
            of_older = [each for each in older if each or (each is None and not forgetful)]
            of_other = [each for each in other if each or (each is None and not forgetful)]
            outcomes.add("older" if of_older else "other_number" if of_other else "unknown")
        if None in older and None in other:
            outcomes.add("other_number")
        assert outcomes - {"duplicate"} <= set(REASONS)
        return Weighed(None, outcomes)

    def _settle(self, message: Message, place: int, receipt: Receipt, look: Look) -> None:
        places = range(len(message.ids)) if message.whole else [place]
        for each in places:
            message.states[each] = receipt.state
            look.results.append(
                (message.slice_id, message.ordinal, each + 1, receipt.state, receipt.received_at, receipt.err)
            )
        states = [state for state in message.states if state is not None]
        if len(states) == len(message.ids):
            look.ended[message.campaign_id, min(states)] += 1
