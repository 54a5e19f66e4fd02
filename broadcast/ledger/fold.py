"""What the rows say of one slice's people: the one rule by which sent and result become a state for each. Pure.

A message is accepted with its row of sent. Once every awaited segment has its final receipt the smallest of their
states counts (delivered only if all are), with the reason of the first segment that has it. What is not answered is
told by the slice's own mark and bitmaps, and by in_doubt. Reports, archive and audit read it here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.languages import N_
from broadcast.ledger.packing.columns import I64, U8, Index, bits
from broadcast.ledger.packing.errs import Errs
from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.packing.result import Result
from broadcast.ledger.packing.sent import Sent
from broadcast.ledger.states import RecipientState

NOBODY: Final = 0  # state of a place whose recipient was taken out, or is sent again from another slice
RESENT: Final = "resent"
CLOSED: Final = "closed"
NOT_HELD: Final = "not_held"  # see withdrawn.py
IN_DOUBT: Final = "in_doubt"  # why somebody in doubt is unknown

_UNSENT: Final = {"expired": RecipientState.EXPIRED, "cancelled": RecipientState.EXCLUDED}
_NO_STATE: Final = 255  # greater than any


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A row of slice. msisdns: by ordinal, None for who was taken out. total: len(msisdns)."""

    mark: int
    state: str
    answered: bytes
    retry: bytes
    msisdns: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A row of in_doubt. ended_as: None while it lasts; ended_at: us, 0 while it lasts."""

    ordinal: int
    ended_as: str | None
    ended_at: int = 0


@dataclass(frozen=True, slots=True)
class FinalRow:
    """A row of outcome, where a campaign's first recipients ended in the ledger before this one. Times in us, 0 for
    none; smsc_ids: of its segments in order."""

    ordinal: int
    state: int
    submitted_at: int
    settled_at: int
    segments: int
    err: str
    smsc_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows that contradict one another. what: a key of PROBLEMS; ordinals: of whom, ascending, each once."""

    what: str
    ordinals: tuple[int, ...]


PROBLEMS: Final = {
    "twice": N_("more than one row says what became of them"),
    "settled_twice": N_("a segment has two results"),
    "no_submission": N_("a result of a segment that no row says was accepted"),
    "no_row": N_("answered by the slice's bitmap, and no row says what"),
    "no_answer": N_("a row says what became of them, but not the slice's bitmap"),
    "unintended": N_("a row says what became of them, and they are above the slice's mark"),
    "no_place": N_("a row is about somebody who is not in the slice"),
    NOT_HELD: N_("asked back, and no row says that it was accepted"),
}


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Columns over the ordinals of a slice. state: of RecipientState, NOBODY for none. submitted_at: when the SMSC
    accepted it, settled_at: the last final receipt, or when it ended without; us, 0 for none. segments: awaited ones
    that were accepted. errs: '' for none. Of who was accepted first_id is the place of its first segment in
    `accepted_ids`, of others -1; `finals` have theirs."""

    msisdn: I64
    state: U8
    segments: U8
    submitted_at: I64
    settled_at: I64
    errs: Errs
    problems: tuple[Problem, ...]
    accepted_ids: Ids
    first_id: Index
    finals: Sequence[FinalRow]

    def __len__(self) -> int:
        return len(self.state)

    def ids(self) -> list[tuple[str, ...]]:
        """For each the ids of its segments, in order; made when asked for."""
        texts = self.accepted_ids.texts()
        spans = zip(self.first_id.tolist(), self.segments.tolist(), strict=True)
        found = [tuple(texts[first : first + n]) if first >= 0 else () for first, n in spans]
        for row in self.finals:
            if row.ordinal < len(found):
                found[row.ordinal] = row.smsc_ids
        return found


def fold(
    row: SliceRow,
    sent: Sequence[Sent],
    results: Sequence[Result],
    doubts: Sequence[DoubtRow] = (),
    finals: Sequence[FinalRow] = (),
    *,
    closed: bool = False,
) -> People:
    """The people of one slice. results: in order of `no`, the first of a segment counts; closed: the campaign waits for
    receipts no longer. Rows that contradict one another are named in `problems`; what is sure is told even so."""
    folding = _Folding(row)
    folding.accept(sent, closed)
    folding.settle(results, sent)
    folding.end(sent)
    folding.end_before(finals)
    folding.doubt(doubts)
    folding.compare(row)
    return folding.people(finals)


class _Folding:
    """People in the making: each method lets rows of one kind speak. rows: how many say what became of each."""

    def __init__(self, row: SliceRow) -> None:
        total = self.total = len(row.msisdns)
        self.msisdn = np.array([number or 0 for number in row.msisdns], np.int64)
        self.state = _unanswered(row, total)
        self.segments = np.zeros(total, np.uint8)
        self.submitted_at, self.settled_at = np.zeros(total, np.int64), np.zeros(total, np.int64)
        self.errs = [Errs(("",), np.zeros(1, np.uint32))]
        self.err = np.zeros(total, np.intp)  # of each: its place in `errs`, one after the other
        self.accepted_ids = Ids.concat([])
        self.first_id = np.full(total, -1, np.intp)
        self.rows = np.zeros(total, np.intp)
        self.problems: dict[str, set[int]] = {}

    def accept(self, sent: Sequence[Sent], closed: bool) -> None:
        """Messages of which every segment was accepted."""
        ordinals = _joined(each.ordinals for each in sent)
        here, of = self._said(ordinals)
        segments = np.repeat(
            np.array([each.segments for each in sent], np.int64), [len(each) for each in sent]
        )
        self.state[here] = RecipientState.UNKNOWN if closed else RecipientState.ACCEPTED
        self.segments[here] = segments[of]
        self.submitted_at[here] = _joined(each.answered_at for each in sent)[of]
        self.accepted_ids = Ids.concat([each.ids for each in sent])
        self.first_id[here] = (np.cumsum(segments) - segments)[of]

    def settle(self, results: Sequence[Result], sent: Sequence[Sent]) -> None:
        """Final receipts of segments: who has them all is settled. A stray's settles nobody."""
        ordinals, segments = (
            _joined(each.ordinals for each in results),
            _joined(each.segments for each in results),
        )
        inside = ordinals < self.total
        known = inside & (segments > 0) & (segments <= self.segments[np.where(inside, ordinals, 0)])
        strays = _joined(each.stray_ordinals.astype(np.int64) << 8 | each.stray_segments for each in sent)
        self._note("no_submission", ordinals[~known & ~np.isin(ordinals << 8 | segments, strays)])
        width = max((each.segments for each in sent), default=0)
        report = np.nonzero(known)[0]
        cell = ordinals[report] * width + segments[report] - 1
        first = _first(cell, self.total * width)
        self._note("settled_twice", ordinals[report[first[cell] != np.arange(len(cell))]])
        # of each segment its report; -1 for none, which is the last of the columns below
        self._settle(np.append(report, -1)[first].reshape(self.total, width), results)

    def _settle(self, reports: Index, results: Sequence[Result]) -> None:
        whole = (self.segments > 0) & ((reports >= 0).sum(axis=1) == self.segments)
        if not whole.any():
            return
        reports = reports[whole]
        states = np.append(_joined(each.states for each in results), _NO_STATE)[reports]
        worst = states.argmin(axis=1)[:, None]  # the first segment with the smallest state
        self.state[whole] = np.take_along_axis(states, worst, 1)[:, 0]
        received_at = np.append(_joined(each.received_at for each in results), 0)
        self.settled_at[whole] = received_at[reports].max(axis=1)
        self.err[whole] = (
            self._more(each.errs for each in results) + np.take_along_axis(reports, worst, 1)[:, 0]
        )

    def end(self, sent: Sequence[Sent]) -> None:
        """Who ended without a receipt."""
        here, of = self._said(_joined(each.ended_ordinals for each in sent))
        self.state[here] = _joined(each.ended_states for each in sent)[of]
        self.segments[here] = self.submitted_at[here] = 0
        self.settled_at[here] = _joined(each.ended_at for each in sent)[of]
        self.err[here] = self._more(each.ended_errs for each in sent) + of
        self.first_id[here] = -1

    def end_before(self, finals: Sequence[FinalRow]) -> None:
        """Whom the ledger before this one had settled."""
        here, of = self._said(_joined([np.array([final.ordinal for final in finals], np.int64)]))
        self.state[here] = np.array([final.state for final in finals], np.uint8)[of]
        self.segments[here] = np.array([final.segments for final in finals], np.uint8)[of]
        self.submitted_at[here] = np.array([final.submitted_at for final in finals], np.int64)[of]
        self.settled_at[here] = np.array([final.settled_at for final in finals], np.int64)[of]
        self.err[here] = self._more([Errs.of([final.err for final in finals])]) + of
        self.first_id[here] = -1

    def doubt(self, doubts: Sequence[DoubtRow]) -> None:
        """Who is in doubt. A doubt that ended says nothing any more, unless as resent: that place is nobody's, or
        closed: what became of that one is unknown, unless a row says more."""
        for doubt in doubts:
            if doubt.ordinal >= self.total:
                self._note("no_place", [doubt.ordinal])
            elif doubt.ended_as in (None, RESENT):
                self.rows[doubt.ordinal] += 1
                if doubt.ended_as == RESENT or self.rows[doubt.ordinal] == 1:
                    self.state[doubt.ordinal] = (
                        NOBODY if doubt.ended_as == RESENT else RecipientState.IN_DOUBT
                    )
            elif not self.rows[doubt.ordinal]:
                self.state[doubt.ordinal] = RecipientState.IN_DOUBT
                if doubt.ended_as == CLOSED:
                    self._close(doubt)

    def _close(self, doubt: DoubtRow) -> None:
        self.rows[doubt.ordinal] = 1
        self.state[doubt.ordinal], self.settled_at[doubt.ordinal] = RecipientState.UNKNOWN, doubt.ended_at
        self.err[doubt.ordinal] = self._more([Errs.of([IN_DOUBT])])

    def compare(self, row: SliceRow) -> None:
        """Rows with one another, and with the slice's own mark and bitmaps."""
        ordinals, gone = np.arange(self.total), self.msisdn == 0
        answered, spoken = bits(row.answered, self.total), self.rows > 0
        self._note("twice", ordinals[self.rows > 1])
        self._note("no_row", ordinals[answered & ~spoken & ~gone])
        self._note("no_answer", ordinals[~answered & spoken])
        self._note("unintended", ordinals[spoken & (ordinals >= row.mark)])
        self._note("no_place", ordinals[spoken & gone])
        self.state[gone] = NOBODY

    def people(self, finals: Sequence[FinalRow]) -> People:
        """As they stand now."""
        return People(
            self.msisdn, self.state, self.segments, self.submitted_at, self.settled_at,
            Errs.concat(self.errs).take(self.err),
            tuple(Problem(what, tuple(sorted(self.problems[what]))) for what in PROBLEMS if what in self.problems),
            self.accepted_ids, self.first_id, finals,
        )  # fmt: skip

    def _said(self, ordinals: I64) -> tuple[Index, Index]:
        """Whom rows speak of, and the first row for each; counted."""
        inside = ordinals < self.total
        self._note("no_place", ordinals[~inside])
        self.rows += np.bincount(ordinals[inside], minlength=self.total)
        first = _first(ordinals, self.total)
        here = np.nonzero(first >= 0)[0]
        return here, first[here]

    def _more(self, errs: Iterable[Errs]) -> int:
        """Keep these too; where they begin."""
        start = sum(map(len, self.errs))
        self.errs.extend(errs)
        return start

    def _note(self, what: str, ordinals: Iterable[int]) -> None:
        found = {int(ordinal) for ordinal in ordinals}
        if found:
            self.problems.setdefault(what, set()).update(found)


def _unanswered(row: SliceRow, total: int) -> U8:
    """What the slice's own row says of each: not sent for good, waiting, or in doubt from the mark down."""
    intended = (np.arange(total) < row.mark) & ~bits(row.retry, total)
    return np.where(intended, RecipientState.IN_DOUBT, _UNSENT.get(row.state, RecipientState.WAITING)).astype(
        np.uint8
    )


def _first(numbers: I64, size: int) -> Index:
    """For 0 to size - 1 the place at which it first stands in `numbers`; -1: nowhere."""
    first = np.full(size, -1, np.intp)
    places = np.nonzero(numbers < size)[0][::-1]  # of equal ones the last to be written stays
    first[numbers[places]] = places
    return first


def _joined(columns: Iterable[NDArray[Any]]) -> I64:
    return np.concatenate([np.zeros(0, np.int64), *columns])
