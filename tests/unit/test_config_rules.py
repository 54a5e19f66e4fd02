"""When and how often, as data: every slip is named, and emergencies are under no rule."""

from pathlib import Path

import pytest
from unit.config_files import CARRIERS, COUNTRY, Fault, Write, fault, write

from broadcast.config import load
from broadcast.config.contact import DAY_MIN, Cap, quiet_minutes, read_span

__all__ = ["fault", "write"]  # fixtures

_RULE = '\n[rules.routine]\nlaw = "Act 1"\n'
_COUNTRY = ("[country]", _RULE + "[country]")
_VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"


def test_vietnams_advertising_is_sent_by_day_three_times_marked_by_registered_names() -> None:
    rules = load([_VIETNAM]).rules
    assert rules.routine is not None
    assert rules.routine.quiet == ("22:00-07:00",)
    assert rules.routine.cap == Cap(3, 24)
    assert rules.routine.mark == {"vi": "[QC]"}
    assert rules.routine.registered_sender
    assert rules.health is not None
    assert rules.health.says_nothing
    assert rules.of("emergency") is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'quiet = ["22:00"]',
            "rules.routine.quiet: '22:00' is no span of local time: \"22:00-07:00\" say, and not a whole day",
        ),
        (
            'quiet = ["00:00-24:00"]',
            "rules.routine.quiet: '00:00-24:00' is no span of local time: \"22:00-07:00\" say, and not a whole day",
        ),
        ('quiet = ["00:00-12:00", "12:00-24:00"]', "rules.routine.quiet leaves no minute of the day"),
        ("quite = []", "unknown key rules.routine.quite: did you mean quiet?"),
        ("cap = { messages = 0 }", "rules.routine.cap.messages must be 1 to 1000"),
        (
            "cap = { messages = 3, hours = 0 }",
            "rules.routine.cap.hours must be more than 0, and a year at most",
        ),
        ("cap = { hours = 24 }", "rules.routine.cap.messages is missing"),
        ("distance_hours = -1", "rules.routine.distance_hours must be 0 to a year"),
        (
            'mark = { vi = " [QC]" }',
            "rules.routine.mark.vi must be one line of text, without blanks around it",
        ),
        ('mark = { 1 = "[QC]" }', "rules.routine.mark.1 is no BCP 47 tag, vi or en-US say"),
    ],
)
def test_a_slip_in_a_rule_is_named(fault: Fault, line: str, said: str) -> None:
    assert fault(("[country]", f"{_RULE}{line}\n[country]")) == said


def test_a_rule_says_its_law(fault: Fault) -> None:
    assert fault(("[country]", "[rules.routine]\nquiet = []\n[country]")) == "rules.routine.law is missing"
    assert (
        fault(("[country]", '[rules.routine]\nlaw = " "\n[country]'))
        == "rules.routine.law must say where the rule stands"
    )


def test_no_rule_holds_for_emergencies(fault: Fault) -> None:
    assert fault(("[country]", '[rules.emergency]\nlaw = "Act 1"\n[country]')) == (
        "rules.emergency must not be here: no rule may keep an emergency from anybody, at any hour"
    )


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("22:00-07:00", (1320, 420)),
        ("00:00-07:30", (0, 450)),
        ("22:00-24:00", (1320, 0)),
        ("7:00-8:00", None),
        ("24:00-01:00", None),
        ("22:00-25:00", None),
        ("22:00-24:01", None),
        ("08:00-08:00", None),
    ],
)
def test_spans_of_local_time(text: str, span: tuple[int, int] | None) -> None:
    assert read_span(text) == span


def test_a_span_over_midnight_has_both_its_sides() -> None:
    found = quiet_minutes(("22:00-07:00", "12:00-13:00"))
    assert len(found) == 9 * 60 + 60
    assert {1320, DAY_MIN - 1, 0, 419, 720, 779} <= found
    assert not {420, 1319, 780} & found


def test_senders_may_have_their_last_day(write: Write) -> None:
    carriers = CARRIERS.replace("tps = 100", 'tps = 100\nsenders = { BOYTE = "2027-12-31" }')
    found = load([write(COUNTRY + carriers)]).carriers["viettel"]
    assert (found.senders, found.senders_until) == (("BOYTE",), {"BOYTE": "2027-12-31"})
    plain = CARRIERS.replace("tps = 100", 'tps = 100\nsenders = ["BOYTE"]')
    assert load([write(COUNTRY + plain)]).carriers["viettel"].senders_until == {}


@pytest.mark.parametrize("day", ['"31.12.2027"', '"2027-02-30"', '"20271231"', "2027"])
def test_a_last_day_is_a_day(fault: Fault, day: str) -> None:
    said = fault(("tps = 100", f"tps = 100\nsenders = {{ BOYTE = {day} }}"))
    assert said.startswith("carriers.viettel.senders")
    assert ".BOYTE must be" in said


def test_what_says_that_a_number_is_ported_may_name_the_carrier(write: Write) -> None:
    named = 'tps = 100\nported_errs = { 0b1 = "viettel" }\nported_statuses = { 0x433 = "viettel" }'
    for table in (named, named.replace("ported", "smpp.ported")):
        smpp = load([write(COUNTRY + CARRIERS.replace("tps = 100", table))]).carriers["viettel"].smpp
        assert (smpp.ported_errs, smpp.ported_errs_to) == (("0b1",), {"0b1": "viettel"})
        assert (smpp.ported_statuses, smpp.ported_statuses_to) == ((0x433,), {"0x433": "viettel"})
        assert smpp.named_carriers == {"viettel"}
    plain = 'tps = 100\nported_errs = ["0b1"]\nported_statuses = [0x433]\nported_to = "viettel"'
    smpp = load([write(COUNTRY + CARRIERS.replace("tps = 100", plain))]).carriers["viettel"].smpp
    assert (smpp.ported_errs, smpp.ported_statuses, smpp.ported_to) == (("0b1",), (0x433,), "viettel")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('ported_errs = { 0b1 = "vietel" }', "carriers.viettel: ported numbers are said to be of vietel, "),
        ('ported_to = "vietel"', "carriers.viettel: ported numbers are said to be of vietel, "),
        ('ported_errs = ["not delivered"]', "carriers.viettel.ported_errs: 'not delivered' is no code"),
        (
            'ported_errs = ["0b1"]\nunknown_errs = ["0B1"]',
            "carriers.viettel.ported_errs and unknown_errs must",
        ),
        ("ported_statuses = [0x0B]", "carriers.viettel.ported_statuses and unknown_statuses must not share"),
        (
            "ported_statuses = [0x433]\ntemporary_statuses = [0x433]",
            "carriers.viettel.temporary_statuses and ",
        ),
        (
            'ported_statuses = { moved = "viettel" }',
            "carriers.viettel.ported_statuses.0 must be a whole number",
        ),
        ("unknown_statuses = [0]", "carriers.viettel.unknown_statuses must be 0x00000001"),
    ],
)
def test_what_cannot_say_so(fault: Fault, keys: str, said: str) -> None:
    assert fault(("tps = 100", f"tps = 100\n{keys}")).startswith(said)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("dead_after = 1", "hygiene.dead_after must be 2 to 100 alerts, or 0: nobody is set aside"),
        ("over_days = -1", "hygiene.over_days must be 0 to 3650"),
        ("retry_after_days = 0", "hygiene.retry_after_days must be 1 to 3650"),
    ],
)
def test_hygiene_in_bounds(fault: Fault, key: str, said: str) -> None:
    assert fault(("[carriers.viettel]", f"[hygiene]\n{key}\n[carriers.viettel]")) == said
