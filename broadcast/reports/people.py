"""Our ledger beside an SMSC's own account, person by person: sums may balance while people are exchanged. Pure.

Theirs comes as lines (`GET /book/people` of a simulated SMSC, which served nothing else) and is held packed; ours comes
in any order and is not held. What may differ, and what may not, is a `Verdict` each.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final

from broadcast.languages import N_
from broadcast.ledger.states import RecipientState

_LINE: Final = re.compile(rb"\d+ (taken|refused)((?: \d+[DUERW-][DUER.-]\d+)*)\s*")
_SEGMENT: Final = re.compile(rb" (\d+)(.)(.)(\d+)")
_STATES: Final = {
    b"D": RecipientState.DELIVERED,
    b"U": RecipientState.UNDELIVERABLE,
    b"E": RecipientState.EXPIRED,
    b"R": RecipientState.REJECTED,
    b"W": RecipientState.UNDELIVERABLE,  # taken back
}
_DIGITS_MOST: Final = 18  # three more than any number has, and they fit into 64 bits


class Verdict(Enum):
    """What a comparison says of one person. Those in ALLOWED are no fault; MEANS says what the others may be."""

    SAME = N_("as the SMSC told")
    OPEN = N_("open: a receipt never came, is due, or was not acked")
    SENT_AGAIN = N_("sent again, and named so")
    UNSENT = N_("expired unsent")
    NOT_SENT = N_("not sent")

    OTHER_END = N_("have another end than the SMSC told")
    UNTOLD = N_("have an end that the SMSC did not tell")
    RECEIPT_LOST = N_("are open, though every receipt was acked")
    NOT_TAKEN = N_("count as sent, and the SMSC took nothing")
    NOT_OURS = N_("were taken by the SMSC, and the ledger has not sent to them")
    COPIES = N_("have more copies than the ledger names")
    TWICE = N_("are in the ledger twice")


ALLOWED: Final = frozenset({Verdict.SAME, Verdict.OPEN, Verdict.SENT_AGAIN, Verdict.UNSENT, Verdict.NOT_SENT})

MEANS: Final = {
    Verdict.OTHER_END: N_(
        "a receipt ended the wait of somebody whom it was not for, or its state was misread"
    ),
    Verdict.UNTOLD: N_(
        "a receipt that was for somebody else ended their wait; or receipts still come: try again when "
        "they have stopped"
    ),
    Verdict.RECEIPT_LOST: N_(
        "a receipt was acked and not committed (law 3), ended the wait of somebody else, or is not "
        "settled yet: try again in a minute"
    ),
    Verdict.NOT_TAKEN: N_(
        "an answer was taken for another message's; or the simulator was started anew (its book is in "
        "memory), or this is the book of another carrier"
    ),
    Verdict.NOT_OURS: N_(
        "something was sent that the ledger never intended (law 2), or the simulator served another "
        "campaign too"
    ),
    Verdict.COPIES: N_("somebody got the message twice and no row says so (law 2)"),
    Verdict.TWICE: N_("two rows speak for one person (law 1)"),
}


@dataclass(frozen=True, slots=True)
class Theirs:
    """What an SMSC did with one person's message.

    copies: complete ones; begun: it took a segment at least. refused: at submit_sm, for good. decided: what becomes of
    it; told: what final receipts told, None until they told of every segment that one was asked for. acked: all of
    these receipts, of all copies.
    """

    copies: int = 0
    begun: bool = False
    refused: bool = False
    decided: RecipientState | None = None
    told: RecipientState | None = None
    acked: bool = False


NOTHING: Final = Theirs()


@dataclass(frozen=True, slots=True)
class Difference:
    """One person. ours: the state, None: the ledger does not know them."""

    carrier: str
    msisdn: int
    verdict: Verdict
    ours: str | None
    theirs: Theirs


def verdict(state: RecipientState, sent: bool, resends: int, theirs: Theirs) -> Verdict:
    """Of one person. sent: of who expired, whether anything was. resends: how often it was again, by the ledger."""
    if theirs.copies > 1 + resends:
        return Verdict.COPIES
    unsent = state is RecipientState.EXPIRED and not sent
    if unsent or state in (RecipientState.WAITING, RecipientState.EXCLUDED):
        if theirs.copies:
            return Verdict.SENT_AGAIN if resends else Verdict.NOT_OURS
        return Verdict.UNSENT if unsent else Verdict.NOT_SENT
    if state is RecipientState.ACCEPTED and not theirs.copies:
        return Verdict.NOT_TAKEN
    if state in (RecipientState.ACCEPTED, RecipientState.IN_DOUBT, RecipientState.UNKNOWN):
        return Verdict.RECEIPT_LOST if theirs.acked else Verdict.OPEN
    return _ended(state, resends, theirs)


def _ended(state: RecipientState, resends: int, theirs: Theirs) -> Verdict:
    refused = theirs.refused and state is RecipientState.REJECTED
    if not refused and theirs.told is not state:
        if theirs.told is not None or theirs.refused:
            return Verdict.OTHER_END
        return Verdict.UNTOLD if theirs.begun else Verdict.NOT_TAKEN
    return Verdict.SENT_AGAIN if resends else Verdict.SAME


@dataclass(slots=True)
class Account:
    """One SMSC's people, by number: 13 octets each. What many have in common is held once."""

    _msisdns: "array[int]" = field(default_factory=partial(array, "q"))
    _kinds: "array[int]" = field(default_factory=partial(array, "I"))
    _seen: bytearray = field(default_factory=bytearray)
    _theirs: list[Theirs] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._msisdns)

    def find(self, msisdn: int) -> tuple[Theirs, bool]:
        """NOTHING for whom it does not know. And whether this one was asked for before."""
        place = bisect_left(self._msisdns, msisdn)
        if place == len(self._msisdns) or self._msisdns[place] != msisdn:
            return NOTHING, False
        before = bool(self._seen[place])
        self._seen[place] = 1
        return self._theirs[self._kinds[place]], before

    def unseen(self) -> Iterator[tuple[int, Theirs]]:
        """Whom nobody asked for."""
        for place, seen in enumerate(self._seen):
            if not seen:
                yield self._msisdns[place], self._theirs[self._kinds[place]]


def read(lines: Iterable[bytes]) -> Account:
    """lines: as the simulator's book_server.py says, by number. Raises ValueError for others."""
    account = Account()
    msisdns, kinds, theirs = account._msisdns, account._kinds, account._theirs
    numbers: dict[Theirs, int] = {}
    known: dict[bytes, int] = {}
    last = -1
    for line in lines:
        digits, _, rest = line.partition(b" ")
        kind = known.get(rest)
        if kind is None:
            kind = known[rest] = _kind(parse(rest), numbers, theirs)
        if not digits.isdigit() or len(digits) > _DIGITS_MOST:
            raise ValueError("an MSISDN that is none")
        msisdn = int(digits)
        if msisdn > last:
            msisdns.append(msisdn)
            kinds.append(kind)
        elif msisdn == last:
            kinds[-1] = _kind(_both(theirs[kinds[-1]], theirs[kind]), numbers, theirs)
        else:
            raise ValueError("the lines are not in the order of their numbers")
        last = msisdn
    account._seen = bytearray(len(msisdns))
    return account


def _kind(one: Theirs, numbers: dict[Theirs, int], theirs: list[Theirs]) -> int:
    number = numbers.setdefault(one, len(theirs))
    if number == len(theirs):
        theirs.append(one)
    return number


def parse(rest: bytes) -> Theirs:
    """A line without its MSISDN. Raises ValueError."""
    matched = _LINE.fullmatch(rest)
    if matched is None:
        raise ValueError("a line that tells nothing of a person")
    refused = matched[1] == b"refused"
    # of each segment: copies, decided, told, acked
    segments = _SEGMENT.findall(matched[2])
    asked = [
        (int(copies), _STATES.get(told), int(acked)) for copies, _, told, acked in segments if told != b"."
    ]
    counts = [int(copies) for copies, *_ in segments]
    copies = min(counts, default=0)
    decided = [_STATES[letter] for _, letter, _, _ in segments if letter != b"-"]
    return Theirs(
        copies=copies,
        begun=any(counts),
        refused=refused,
        decided=min(decided, default=RecipientState.REJECTED if refused else None),
        told=_end(told for _, told, _ in asked),
        acked=copies > 0 and bool(asked) and all(acked >= taken for taken, _, acked in asked),
    )


def _end(told: Iterable[RecipientState | None]) -> RecipientState | None:
    """Of a message whose segments were told of so: delivered if all are, else why not."""
    ends = list(told)
    return None if None in ends else min((each for each in ends if each is not None), default=None)


def _both(one: Theirs, other: Theirs) -> Theirs:
    """Of two messages to one person."""
    return Theirs(
        copies=one.copies + other.copies,
        begun=one.begun or other.begun,
        refused=one.refused or other.refused,
        decided=_end(each.decided for each in (one, other) if each.decided),
        told=_end(each.told for each in (one, other) if each.begun),
        acked=(one.begun or other.begun) and all(each.acked for each in (one, other) if each.begun),
    )


@dataclass(slots=True)
class Comparison:
    """One carrier: `look` at everybody of ours, then at the `rest` of theirs. resends: MSISDN -> how often sent again.

    counts: people by verdict.
    """

    carrier: str
    account: Account
    resends: Mapping[int, int]
    counts: Counter[Verdict] = field(default_factory=Counter)

    def look(self, msisdn: int, state: RecipientState, sent: bool) -> Difference | None:
        """sent: as in `verdict`."""
        theirs, before = self.account.find(msisdn)
        found = Verdict.TWICE if before else verdict(state, sent, self.resends.get(msisdn, 0), theirs)
        self.counts[found] += 1
        if found in ALLOWED:
            return None
        return Difference(self.carrier, msisdn, found, state.column, theirs)

    def rest(self) -> Iterator[Difference]:
        """Whom the SMSC knows and the ledger does not."""
        for msisdn, theirs in self.account.unseen():
            self.counts[Verdict.NOT_OURS] += 1
            yield Difference(self.carrier, msisdn, Verdict.NOT_OURS, None, theirs)

    @property
    def people(self) -> int:
        """So many were compared."""
        return self.counts.total()

    @property
    def differing(self) -> dict[Verdict, int]:
        """By verdict."""
        return {each: count for each, count in self.counts.items() if each not in ALLOWED}
