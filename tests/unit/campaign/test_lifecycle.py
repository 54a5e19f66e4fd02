"""The table of a campaign's states."""

from broadcast.campaign.lifecycle import ENDS, MOVES, CampaignState, refused_move

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


def test_a_refusal_says_what_to_do() -> None:
    for origin, target, words in (
        (CampaignState.RUNNING, CampaignState.RUNNING, "running already: pause or cancel it"),
        (
            CampaignState.DRAFT,
            CampaignState.RUNNING,
            "cannot become running: a second person must approve it",
        ),
        (CampaignState.CANCELLED, CampaignState.RUNNING, "draft another campaign"),
    ):
        assert words in str(refused_move(origin, target))
