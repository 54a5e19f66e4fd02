"""Accounts, roles and rules: by the chain, and as they are."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from unit.acts.chains import entry, linked

from broadcast.acts.people import People, compare_people, replay_people

STEPS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("account begun", "chi", {"kinds": ["admin"]}),
    ("account begun", "dung", {"kinds": ["admin"]}),
    ("account proposed", "an", {"kinds": ["author"], "proposal": 1}),
    ("account confirmed", "an", {"kinds": ["author"], "proposal": 1, "proposed_by": "chi"}),
    ("role confirmed", "an", {"kind": "operator", "proposal": 2, "proposed_by": "chi"}),
    ("role confirmed", "an", {"kind": "auditor", "proposal": 3, "proposed_by": "chi"}),
    ("role taken", "an", {"kind": "auditor"}),
    ("account confirmed", "old", {"kinds": ["author"], "proposal": 4, "proposed_by": "chi"}),
    ("account disabled", "old", {"kinds": ["author"]}),
    ("rule confirmed", "typed_from", {"value": 500, "proposal": 5, "proposed_by": "chi"}),
    ("rule declined", "training", {"value": 1, "proposal": 6, "proposed_by": "chi"}),
)


def told() -> People:
    entries = linked([entry(what, subject, json.dumps(said), who="dung") for what, subject, said in STEPS])
    found, differences = replay_people(entries)
    assert differences == []
    return found


def test_what_the_chain_says() -> None:
    found = told()
    assert found.accounts == {"chi": True, "dung": True, "an": True, "old": False}
    assert found.roles == {"chi": {"admin"}, "dung": {"admin"}, "an": {"author", "operator"}}
    assert found.rules == {"typed_from": 500}
    assert compare_people(found, deepcopy(found)) == []


def test_who_confirms_what_he_proposed() -> None:
    alone = entry("role confirmed", "eve", '{"kind": "admin", "proposed_by": "eve"}', who="eve")
    _, [found] = replay_people(linked([alone]))
    assert str(found) == "act 1: eve confirms what eve proposed"


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda at: at.roles.update(eve={"operator"}),
            "account eve: it has the role operator, and no act gave it",
        ),
        (
            lambda at: at.roles["an"].add("approver"),
            "account an: it has the role approver, and no act gave it",
        ),
        (
            lambda at: at.roles["an"].remove("author"),
            "account an: it has the role author by the chain, and not here",
        ),
        (lambda at: at.accounts.update(old=True), "account old: it is enabled, and by the chain disabled"),
        (lambda at: at.accounts.pop("an"), "account an: it is not there, and by the chain enabled"),
        (lambda at: at.accounts.update(eve=True), "account eve: it is enabled, and by the chain not there"),
        (lambda at: at.rules.update(training=1), "rule training: it is 1, and by the chain unset"),
        (lambda at: at.rules.clear(), "rule typed_from: it is unset, and by the chain 500"),
    ],
)
def test_what_was_changed_by_hand(change: Any, said: str) -> None:
    found = deepcopy(told())
    change(found)
    assert [str(each) for each in compare_people(told(), found)] == [said]


def test_what_no_function_of_ours_wrote() -> None:
    _, [found] = replay_people(linked([entry("account begun", "eve", "[]")]))
    assert str(found) == "act 1: what it says is not what such an act says"
