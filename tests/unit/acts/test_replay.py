"""Told by the chain, found in the tables."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from unit.acts.chains import entry, linked

from broadcast.acts.compare import Found, compare, older
from broadcast.acts.entry import Entry
from broadcast.acts.replay import Signed, Told, replay

WHOLE = "aa" * 32
OTHER = "bb" * 32
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "drafted": {"hash": WHOLE},
    "edited": {"hash": OTHER, "approval_voided": True, "changed": ["text"]},
    "approved": {"hash": WHOLE, "approval": 7, "missing": 0},
    "launched": {"hash": WHOLE, "audience": 300, "segments": 2, "parts": []},
    "copied": {"audience": 200},
    "obeyed": {"order": 1, "state": "running"},
}
WHO = {"approved": "minh", "launched": "duty", "finished": "w1"}


def story(*steps: str, **changed: Mapping[str, Any]) -> list[Entry]:
    return linked(
        [
            entry(
                each,
                details=json.dumps({**GIVEN.get(each, {}), **changed.get(each, {})}),
                who=WHO.get(each, "lan"),
            )
            for each in steps
        ]
    )


def told(*steps: str, home: bool = True, **changed: Mapping[str, Any]) -> Told:
    found, differences = replay(story(*steps, **changed), home=home)
    assert differences == []
    return found[1]


LAUNCHED = ("drafted", "approved", "launched")


def as_told(*steps: str, **changed: Any) -> Found:
    """The rows that these steps leave."""
    said = told(*steps)
    assert said.states is not None and said.hash is not None
    values: dict[str, Any] = {
        "name": "flood", "state": next(iter(said.states)).value, "hash": said.hash, "launched_by": said.launched_by,
        "audience": said.audience, "finished": said.finished, "old": False, "archived": said.archived,
        "approvals": dict(said.approvals), "events": Counter(said.events),
    }  # fmt: skip
    return Found(**{**values, **changed})


@pytest.mark.parametrize(
    "steps, state, finished",
    [
        (("drafted",), "draft", False),
        (("drafted", "approved"), "approved", False),
        (("drafted", "approved", "edited"), "draft", False),
        (("drafted", "approved", "returned"), "draft", False),
        (LAUNCHED, "running", False),
        ((*LAUNCHED, "paused", "resumed"), "running", False),
        ((*LAUNCHED, "first share passed"), "running", False),
        ((*LAUNCHED, "first share failed"), "paused", False),
        ((*LAUNCHED, "first share asks", "resumed", "the rest follows"), "running", False),
        ((*LAUNCHED, "paused", "finished"), "finished", True),
        ((*LAUNCHED, "cancelled"), "cancelled", False),
        ((*LAUNCHED, "cancelled", "finished", "archived"), "cancelled", True),
        (("drafted", "cancelled"), "cancelled", True),
        ((*LAUNCHED, "paused in a ledger", "audited"), "running", False),
    ],
)
def test_a_campaign_at_home(steps: tuple[str, ...], state: str, finished: bool) -> None:
    found = told(*steps)
    assert (found.states, found.finished) == ({state}, finished)
    assert compare({1: found}, {1: as_told(*steps)}) == []


def test_an_approval_holds_until_it_is_void() -> None:
    assert told("drafted", "approved").approvals == {7: Signed("minh", "approved", WHOLE)}
    assert told("drafted", "approved", "edited").approvals == {}


def test_of_two_approvals_one_is_withdrawn() -> None:
    first = entry("approved", details=json.dumps({"hash": WHOLE, "approval": 8, "missing": 1}), who="hoa")
    second = entry("approved", details=json.dumps({"hash": WHOLE, "approval": 9, "missing": 0}), who="minh")
    back = entry("withdrawn", details=json.dumps({"hash": WHOLE}), who="hoa")
    found, differences = replay(linked([*story("drafted"), first, second, back]), home=True)
    assert (differences, set(found[1].approvals), found[1].states) == ([], {9}, {"draft", "approved"})


@pytest.mark.parametrize(
    "steps, changed, said",
    [
        (("drafted", "launched"), {}, "the campaign is launched, and it was draft"),
        (("drafted", "drafted"), {}, "drafted a second time"),
        ((*LAUNCHED, "cancelled", "resumed"), {}, "it was cancelled"),
        (("drafted", "approved"), {"approved": {"hash": OTHER}}, "what is approved is not what was written"),
        (LAUNCHED, {"launched": {"hash": OTHER}}, "what is launched is not what was written"),
        (LAUNCHED, {"launched": {"hash": OTHER}}, "what is launched nobody approved"),
    ],
)
def test_what_no_rule_allows(steps: tuple[str, ...], changed: dict[str, dict[str, Any]], said: str) -> None:
    _, differences = replay(story(*steps, **changed), home=True)
    assert any(said in str(each) for each in differences)


@pytest.mark.parametrize("details", ["{}", "[]", '"x"'])
@pytest.mark.parametrize("what", ["drafted", "approved", "launched"])
def test_what_no_function_of_ours_wrote(what: str, details: str) -> None:
    _, differences = replay(linked([entry(what, details=details)]), home=True)
    assert str(differences[-1]) == "act 1: what it says is not what such an act says"


def test_who_approves_what_he_drafted() -> None:
    own = entry("approved", details=json.dumps(GIVEN["approved"]), who="lan")
    _, [found] = replay(linked([*story("drafted"), own]), home=True)
    assert str(found) == "act 2: lan approves what lan drafted"


# ---------------------------------------------------------------- a ledger's copies


@pytest.mark.parametrize(
    "steps, state",
    [
        (("copied",), "paused"),
        (("copied", "obeyed"), "running"),
        (("copied", "obeyed", "cancelled in a ledger", "obeyed"), "cancelled"),
        (("copied", "obeyed", "finished"), "finished"),
    ],
)
def test_a_copy(steps: tuple[str, ...], state: str) -> None:
    assert told(*steps, home=False).states == {state}


def test_a_copy_that_never_ran_may_be_gone() -> None:
    assert compare({1: told("copied", home=False)}, {}) == []
    [gone] = compare({1: told("copied", "obeyed", home=False)}, {})
    assert str(gone) == "campaign 1: the chain has it, and it is gone"


# ---------------------------------------------------------------- what a superuser did


def approvals(**more: Signed) -> dict[int, Signed]:
    return {7: Signed("minh", "approved", WHOLE), **{int(number[1:]): each for number, each in more.items()}}


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"state": "approved"}, "its state is approved, and by the chain running"),
        ({"hash": OTHER}, "its content has the hash bbbbbbbb, and by the chain aaaaaaaa"),
        ({"launched_by": None}, "nobody launched it, and by the chain duty"),
        ({"launched_by": "minh"}, "minh launched it, and by the chain duty"),
        ({"audience": 299}, "its audience is 299, and by the chain 300"),
        ({"finished": True}, "it is over, and by the chain it is not"),
        ({"archived": True}, "it is archived, and by the chain it is not"),
        ({"approvals": {}}, "approval 7 by minh holds by the chain, and it is gone or void"),
        (
            {"approvals": approvals(n8=Signed("eve", "approved", WHOLE))},
            "approval 8 by eve holds, and no act made it",
        ),
        ({"approvals": {7: Signed("eve", "approved", WHOLE)}}, "approval 7 is not as minh gave it"),
        (
            {"events": Counter(drafted=1, approved=1)},
            'its events have "launched" 0 times, and the chain 1 times',
        ),
    ],
)
def test_a_row_that_was_changed_by_hand(changed: dict[str, Any], said: str) -> None:
    assert [str(each) for each in compare({1: told(*LAUNCHED)}, {1: as_told(*LAUNCHED, **changed)})] == [
        f"campaign flood: {said}"
    ]


def test_an_entry_of_another_kind_may_leave_an_event() -> None:
    steps = (*LAUNCHED, "sent a carrier pigeon")
    assert compare({1: told(*steps)}, {1: as_told(*LAUNCHED)}) == []
    events = Counter({**told(*LAUNCHED).events, "sent a carrier pigeon": 1})
    assert compare({1: told(*steps)}, {1: as_told(*LAUNCHED, events=events)}) == []
    [said] = compare({1: told(*LAUNCHED)}, {1: as_told(*LAUNCHED, events=events)})
    assert "1 times, and the chain 0 times" in str(said)


def test_one_that_was_deleted_and_one_that_nobody_made() -> None:
    assert str(compare({1: told("drafted")}, {})[0]) == "campaign 1: the chain has it, and it is gone"
    assert str(compare({}, {1: as_told("drafted")})[0]) == "campaign flood: it is there, and no act made it"


def test_from_before_the_chain() -> None:
    old = as_told("drafted", old=True)
    assert (compare({}, {1: old}), older({}, {1: old})) == ([], 1)
    since = told("paused")
    assert (
        compare({1: since}, {1: as_told("drafted", old=True, state="paused", events=Counter(paused=1))}) == []
    )
