"""The table of a campaign's states."""

import pytest

from broadcast.campaign.lifecycle import ENDS, MOVES, CampaignState, check_move
from broadcast.errors import RefusedError

ALLOWED = {
    "draft": "draft approved cancelled",
    "approved": "draft running cancelled",
    "running": "paused cancelled finished",
    "paused": "running cancelled finished",
    "cancelled": "",
    "finished": "",
}


def test_the_table() -> None:
    assert {state.value: set(moves) for state, moves in MOVES.items()} == {
        state: {CampaignState(each) for each in moves.split()} for state, moves in ALLOWED.items()
    }
    assert {CampaignState.CANCELLED, CampaignState.FINISHED} == ENDS


@pytest.mark.parametrize("origin", CampaignState)
@pytest.mark.parametrize("target", CampaignState)
def test_check_move(origin: CampaignState, target: CampaignState) -> None:
    if target in ALLOWED[origin].split():
        check_move(origin, target)
    else:
        with pytest.raises(
            RefusedError, match=f"the campaign is {origin}( already|, it cannot become {target}):"
        ):
            check_move(origin, target)


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(RefusedError, match="running already: pause or cancel it"):
        check_move(CampaignState.RUNNING, CampaignState.RUNNING)
    with pytest.raises(RefusedError, match="cannot become running: a second person must approve it"):
        check_move(CampaignState.DRAFT, CampaignState.RUNNING)
    with pytest.raises(RefusedError, match="draft another campaign"):
        check_move(CampaignState.CANCELLED, CampaignState.RUNNING)
