"""The states of a recipient only ever advance, and the receipt reader speaks of the same ones."""

import pytest

from broadcast.channel.receipt import ReceiptState
from broadcast.errors import BroadcastError
from broadcast.ledger.states import MOVES, RecipientState, check_move

S = RecipientState


def test_receipt_states_have_the_numbers_of_recipient_states() -> None:
    assert {state.name: state.value for state in ReceiptState if state} == {
        name: S[name].value for name in ("EXPIRED", "REJECTED", "UNDELIVERABLE", "DELIVERED")
    }
    assert ReceiptState.INTERMEDIATE == 0


def test_final_states_lead_nowhere_and_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(S)
    assert all(
        not MOVES[state] for state in (S.DELIVERED, S.UNDELIVERABLE, S.REJECTED, S.EXPIRED, S.EXCLUDED)
    )


@pytest.mark.parametrize(
    ("origin", "target", "allowed"),
    [
        (S.WAITING, S.IN_DOUBT, True),
        (S.WAITING, S.ACCEPTED, False),
        (S.IN_DOUBT, S.WAITING, True),
        (S.ACCEPTED, S.WAITING, False),
        (S.ACCEPTED, S.DELIVERED, True),
        (S.UNKNOWN, S.DELIVERED, True),
        (S.DELIVERED, S.UNDELIVERABLE, False),
    ],
)
def test_moves(origin: RecipientState, target: RecipientState, allowed: bool) -> None:
    if allowed:
        check_move(origin, target)
    else:
        with pytest.raises(BroadcastError, match=f"{origin.column} to {target.column}"):
            check_move(origin, target)
