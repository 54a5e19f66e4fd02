"""A plan as a document, and back."""

from broadcast.campaign.plan import NOTHING_SAID, Canary, Plan


def test_what_is_not_said_is_not_in_the_document() -> None:
    assert NOTHING_SAID.document() == {}
    assert Plan.read({}) == NOTHING_SAID
    assert Plan(weight=2).document() == {"weight": 2}


def test_all_of_it_comes_back() -> None:
    plan = Plan(("46",), "age_band = 60", ("visitors",), True, True, 100, 2, 10, Canary(1, 60, 95, 80, "ask"))
    assert Plan.read(plan.document()) == plan
    assert plan.document()["areas"] == ["46"]
