"""The states of a recipient only ever advance, and whatever speaks of them speaks of the same ones."""

from collections.abc import Callable

import pytest

from broadcast.channel.receipt import ReceiptState
from broadcast.ids import CampaignId, CarrierNo, SliceId
from broadcast.ledger.journal import DELTA_SIZE, SEGMENTS, Journal
from broadcast.ledger.leased import LeasedSlice
from broadcast.ledger.states import ENDS, MOVES, RecipientState

S = RecipientState
PEOPLE = 4


def test_receipt_states_have_the_numbers_of_recipient_states() -> None:
    assert {state.name: state.value for state in ReceiptState if state} == {
        state.name: state.value for state in ENDS
    }
    assert ReceiptState.INTERMEDIATE == 0


def test_final_states_lead_nowhere_and_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(S)
    assert all(not MOVES[state] for state in (*ENDS, S.EXCLUDED))


def test_a_state_never_goes_back_but_to_waiting() -> None:
    back = {(state, after) for state, moves in MOVES.items() for after in moves if after < state}
    assert back == {(S.IN_DOUBT, S.WAITING)}
    for state in (S.IN_DOUBT, S.ACCEPTED, S.UNKNOWN):
        assert set(ENDS) <= MOVES[state]  # a receipt counts, however late


def _intended(leased: LeasedSlice) -> LeasedSlice:
    leased.intend_next(PEOPLE)
    return leased


def _waits_again(leased: LeasedSlice) -> LeasedSlice:
    _intended(leased).take_back([1])
    return leased


def _fresh(leased: LeasedSlice) -> LeasedSlice:
    return leased


def _accept_parts(ids: list[str]) -> Callable[[LeasedSlice], None]:
    return lambda leased: leased.accept_parts(0, ids, 1, 2, unawaited=2 - len(ids))


@pytest.mark.parametrize(
    ("before", "act", "origin", "target"),
    [
        (_fresh, lambda leased: leased.intend_next(1), S.WAITING, S.IN_DOUBT),
        (_waits_again, lambda leased: leased.intend_again([1]), S.WAITING, S.IN_DOUBT),
        (_intended, lambda leased: leased.take_back([1]), S.IN_DOUBT, S.WAITING),
        (_intended, lambda leased: leased.accept(0, "id", 1, 2), S.IN_DOUBT, S.ACCEPTED),
        (_intended, _accept_parts(["a", "b"]), S.IN_DOUBT, S.ACCEPTED),
        (_intended, _accept_parts([]), S.IN_DOUBT, S.UNKNOWN),
        (_intended, lambda leased: leased.reject(0, "status:11", [], 2), S.IN_DOUBT, S.REJECTED),
        (_intended, lambda leased: leased.doubt(0, "link_lost", 1), None, None),
        (_fresh, lambda leased: leased.let_go(), None, None),
    ],
)
def test_a_slice_moves_people_as_is_allowed(
    before: Callable[[LeasedSlice], LeasedSlice],
    act: Callable[[LeasedSlice], object],
    origin: RecipientState | None,
    target: RecipientState | None,
) -> None:
    """Of each method the change of its tally: one person from `origin` to `target`."""
    journal, campaign_id, carrier_no = Journal(lambda: None), CampaignId(1), CarrierNo(2)
    leased = before(
        LeasedSlice(
            journal, slice_id=SliceId(3), campaign_id=campaign_id, carrier_no=carrier_no, token=1, awaited=1,
            mark=0, answered=b"", retry=b"", msisdns=list(range(84_320_000_000, 84_320_000_000 + PEOPLE)),
        )
    )  # fmt: skip
    journal.take()
    act(leased)
    delta = journal.take().tallies.get((campaign_id, carrier_no), [0] * DELTA_SIZE)
    delta[SEGMENTS] = 0
    changes = {S(number): count for number, count in enumerate(delta) if count}
    if origin is None or target is None:
        assert changes == {}
    else:
        assert changes == {origin: -1, target: 1}
        assert target in MOVES[origin]
