"""The checks fail where the books are wrong."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaos import checks, evidence
from chaos.checks import Outcome, Receipts, doubts_most
from chaos.faults import Done
from chaos.nation import BY_NAME, CARRIERS, shares
from chaos.schedule import Fault, Habits, Kind, Order, Schedule, Stops, Word
from chaos.topology import one_database, two_ledgers

MESSAGES = 900
PLAIN = {carrier.name: Habits(0.0, 0.0, 0.0, 0.0) for carrier in CARRIERS}
PLAN = Schedule(1, "resend", one_database("r1"), "one", (), PLAIN)


def audit(problems: Sequence[str] = (), **people: int) -> dict[str, Any]:
    """Everybody was compared, unless said otherwise."""
    compared = [
        {"carrier": name, "people": people.get(name, count), "differ": 0}
        for name, count in shares(MESSAGES).items()
    ]
    return {"balanced": not problems, "problems": list(problems), "people": compared}


def account(name: str, **changes: Any) -> dict[str, Any]:
    book = {
        "receipts": {"pending": 0},
        "recipients": shares(MESSAGES)[name],
        "rejected": 0,
        "extra_copies": 0,
        "max_per_second": BY_NAME[name].tps,
        "throttled": 0,
    }
    plain = {
        "book": book,
        "copies": {},
        "decided": {str(BY_NAME[name].first): "delivered"},
        "acked": {"a": 1, "b": 1},
        "sent": {"a": 2, "b": 1},
        "samples": [],
        "stops": 0,
        "most": {},
    }
    return {**plain, **changes, "book": book | changes.get("book", {})}


def outcome(viettel: dict[str, Any] | None = None, **changes: Any) -> Outcome:
    accounts = {carrier.name: account(carrier.name) for carrier in CARRIERS}
    plain = Outcome(
        messages=MESSAGES,
        plan=PLAN,
        done=(),
        given=(),
        states={"delivered": MESSAGES},
        people={carrier.name: {str(carrier.first): "delivered"} for carrier in CARRIERS},
        finished=True,
        opted_out=frozenset(),
        audit=audit(),
        doubts={},
        given_up=0,
        resent={},
        receipts={name: Receipts(3, frozenset({"a", "b"})) for name in accounts},
        accounts=accounts | ({"viettel": account("viettel", **viettel)} if viettel else {}),
        recoveries=(),
        resolved=(),
        ended=(),
        tracebacks=(),
    )
    return replace(plain, **changes)


def test_books_that_agree() -> None:
    assert checks.problems(outcome()) == []


@pytest.mark.parametrize(
    ("viettel", "words"),
    [
        ({"copies": {"84320000001": 2}}, "1 second copies of whom"),
        ({"acked": {"a": 1, "b": 1, "c": 1}, "sent": {"a": 1, "b": 1, "c": 1}}, "1 receipts were acked that"),
        ({"sent": {"a": 3}, "acked": {"a": 1}}, "1 receipts that were never sent"),
        ({"sent": {"a": 1, "b": 1}, "acked": {"a": 1, "b": 1}}, "3 receipts in the ledger, 2 acked"),
        ({"sent": {"a": 4, "b": 1}, "acked": {"a": 3, "b": 1}}, "3 receipts in the ledger, 4 acked"),
        ({"book": {"receipts": {"pending": 1}}}, "1 receipts are not acked"),
        ({"book": {"max_per_second": 2001}}, "2001 segments in a second"),
        ({"book": {"throttled": 1}}, "1 segments were throttled"),
        ({"decided": {"84320000000": "expired"}}, "1 people have another end than was decided for them"),
        ({"decided": {}}, "1 people have another end than was decided for them"),
    ],
)
def test_a_book_that_differs(viettel: dict[str, Any], words: str) -> None:
    found = checks.problems(outcome(viettel))
    assert len(found) >= 1
    assert words in found[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"states": {"delivered": MESSAGES - 1}}, "899 recipients in all states"),
        ({"states": {"delivered": MESSAGES - 1, "waiting": 1}}, "1 recipients are waiting"),
        ({"states": {"delivered": MESSAGES - 1, "in_doubt": 1}}, "1 recipients stay in doubt"),
        ({"audit": audit(problems=["x"])}, "audit: x"),
        (
            {"audit": audit(viettel=399)},
            "viettel: 399 people were compared with the SMSC's account, and there are 400",
        ),
        (
            {"people": {each.name: {str(each.first): "expired"} for each in CARRIERS}},
            "viettel: 1 people have another",
        ),
        ({"doubts": {"viettel": 1}}, "viettel: 1 were in doubt"),
        ({"ended": ("w1-1 ended by itself with 1",)}, "w1-1 ended"),
        ({"tracebacks": ("w1-1.log",)}, "w1-1.log has a traceback"),
        ({"finished": False}, "finished is False"),
    ],
)
def test_a_ledger_that_differs(changes: dict[str, Any], words: str) -> None:
    found = checks.problems(outcome(**changes))
    assert len(found) >= 1
    assert words in found[0]


def test_an_alert_that_expires_amid_it_leaves_nobody_waiting() -> None:
    over = replace(PLAN, expires_s=9.0)
    people = {each.name: {str(each.first): "delivered", str(each.first + 1): "expired"} for each in CARRIERS}
    states = {"delivered": MESSAGES - 3, "unknown": 2, "expired": 1}
    assert checks.problems(outcome(plan=over, states=states, people=people)) == []
    found = checks.problems(outcome(plan=over, states=states | {"unknown": 1, "accepted": 1}, finished=False))
    assert found == ["1 recipients are accepted"]
    assert checks.problems(outcome(states=states)) == ["2 recipients are unknown"]
    assert len(checks.problems(outcome(people=people))) == len(CARRIERS)
    late = {each.name: {str(each.first): "rejected"} for each in CARRIERS}
    resent = {str(each.first): 1 for each in CARRIERS}
    assert checks.problems(outcome(plan=over, people=late, resent=resent)) == []
    assert len(checks.problems(outcome(plan=over, people=late))) == len(CARRIERS)
    assert len(checks.problems(outcome(people=late, resent=resent))) == len(CARRIERS)


def test_an_alert_that_ends_after_everything_leaves_nobody_in_doubt_who_was_to_be_resent() -> None:
    ends = replace(PLAN, ends_s=60.0)
    assert checks.problems(outcome(plan=ends, states={"delivered": MESSAGES - 2, "unknown": 2})) == []
    assert checks.problems(outcome(plan=ends, given_up=1)) != []
    assert checks.problems(outcome(plan=replace(ends, policy="hold"), given_up=1)) == []
    cancelled = replace(ends, orders=(Order(3.0, Word.CANCEL),))
    states = {"delivered": MESSAGES - 5, "excluded": 5}
    assert checks.problems(outcome(plan=cancelled, given_up=1, states=states)) == []
    late = {each.name: {str(each.first): "expired"} for each in CARRIERS}
    assert len(checks.problems(outcome(plan=ends, people=late))) == len(CARRIERS)


def test_who_answered_stop_is_out_and_nobody_else() -> None:
    said = Stops(1.0, "viettel", "mobifone")
    asked = frozenset(said.numbers(MESSAGES))
    left = {str(each): "excluded" for each in asked}
    people = {each.name: {str(each.first): "delivered"} for each in CARRIERS}
    people["mobifone"] |= left
    heard: dict[str, Any] = {"stops": len(asked)}
    good = outcome(heard, plan=replace(PLAN, stops=(said,)), opted_out=asked, people=people)
    assert checks.problems(good) == []
    for wrong in (
        replace(good, opted_out=asked - {min(asked)}),
        replace(good, opted_out=asked | {1}),
        replace(good, accounts=outcome().accounts),
        replace(good, people=people | {"viettel": {"84320000007": "excluded"}}),
    ):
        assert len(checks.problems(wrong)) == 1
    assert checks.problems(replace(good, plan=PLAN)) != []


def test_each_account_of_a_split_carrier_has_its_own_limit() -> None:
    split = replace(PLAN, topology=two_ledgers(split=True, resolvers=True))
    most = {"viettel-n": 1200, "viettel-s": 800}
    assert checks.problems(outcome({"most": most}, plan=split)) == []
    found = checks.problems(outcome({"most": most | {"viettel-s": 801}}, plan=split))
    assert found == ["viettel's account viettel-s: 801 segments in a second, its TPS is 800"]
    assert checks.highest_ratio(outcome({"most": most | {"viettel-s": 840}}, plan=split)) == 1.05


def test_a_log_with_a_traceback_that_tells_more_than_a_database_that_is_gone(tmp_path: Path) -> None:
    started = '{"at": "2026-11-29T05:37:33.000Z", "level": "info", "event": "worker_started", "worker": 1}\n'
    first = "Traceback (most recent call last):\n  File\nFileNotFoundError: x\n\nThe above\n\n"
    gone = f"{first}Traceback (most recent call last):\n  File\nbroadcast.errors.DatabaseDownError: x\n"
    (tmp_path / "w1-1.log").write_text(f"{started}{gone}{started}")
    (tmp_path / "w2-2.log").write_text(f"{started}{first}{started}{gone}")
    (tmp_path / "w3-3.log").write_text(first)
    assert evidence.tracebacks(tmp_path, PLAN.topology.places) == ("w2-2.log",)


def test_a_second_copy_that_the_ledger_names_is_none_too_many() -> None:
    named = outcome({"copies": {"84320000001": 3}}, resent={"84320000001": 2})
    assert checks.problems(named) == []
    assert checks.problems(replace(named, resent={"84320000001": 1})) != []
    assert checks.problems(replace(named, resent={"84320000002": 2})) != []


def test_what_windows_and_groups_hold() -> None:
    viettel = BY_NAME["viettel"]

    def most(kind: Kind, target: str, seconds: float = 1.0) -> int:
        done = Done(Fault(1.0, kind, target, seconds), 1.0, 1.0 + seconds)
        return doubts_most(viettel, [done], PLAN.topology)

    assert most(Kind.WORKER_KILLED, "w1") == 400 + 300 + 1
    assert most(Kind.LINK_CUT, "viettel") == 100
    assert most(Kind.LINK_CUT, "mobifone") == 0
    assert most(Kind.SMSC_CRASHED, "viettel", 3.0) == 400
    assert most(Kind.SMSC_HANGS, "viettel", 1.0) == 400
    assert most(Kind.SMSC_HANGS, "viettel", 5.0) == 800
    assert most(Kind.LINK_MUTE, "viettel", 8.0) == 200
    assert most(Kind.DATABASE_DOWN, "database", 5.0) == 0
    assert most(Kind.HOST_PARTED, "database", 3.0) == 0
    assert most(Kind.HOST_PARTED, "database", 6.0) == 800 + 300 + 1


def test_workers_of_another_ledger_hold_nothing() -> None:
    viettel, topology = BY_NAME["viettel"], two_ledgers(split=False, resolvers=False)

    def most(kind: Kind, target: str, seconds: float = 6.0) -> int:
        done = Done(Fault(1.0, kind, target, seconds), 1.0, 1.0 + seconds)
        return doubts_most(viettel, [done], topology)

    assert most(Kind.WORKER_KILLED, "north-w1") == most(Kind.WORKER_FROZEN, "north-w2") == 400 + 300 + 1
    assert most(Kind.WORKER_KILLED, "south-w1") == 0
    assert most(Kind.WAY_PARTED, "processes of north|north") == 800 + 300 + 1
    assert most(Kind.WAY_PARTED, "processes of north|home") == 0
    assert most(Kind.WAY_PARTED, "processes of south|south") == 0
    assert most(Kind.HOST_PARTED, "south") == most(Kind.HOST_PARTED, "home") == 0
