"""What a watcher shows, from progress that is made up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from broadcast.cli.campaign_watch import Rates, Told, _line, headline, json_line, picture, plain_line
from broadcast.diagnosis.finding import Code, Finding
from broadcast.ledger.states import RecipientState
from broadcast.reports.progress import CarrierProgress, Progress

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def line(carrier: str, tps: int | None, segments: int, **states: int) -> CarrierProgress:
    counts = {state.column: 0 for state in RecipientState} | states
    return CarrierProgress(carrier, tps, 1, segments, counts)


def moment(seconds: float, *lines: CarrierProgress, state: str = "running", workers: int = 2) -> Progress:
    return Progress(
        at=START + timedelta(seconds=seconds),
        state=state,
        launched=state != "approved",
        finished=state == "finished",
        segments=2,
        workers=workers,
        carriers=lines,
    )


def test_a_finding_steers_no_terminal() -> None:
    shown = _line(Finding(Code.RECEIPTS_UNKNOWN, "viettel", True, "states (\x1b[2J)", ""))
    assert "\x1b" not in shown.plain and "\\u001b[2J" in shown.plain


def test_rates_are_over_the_last_seconds() -> None:
    rates = Rates(over_s=5)
    for second in range(11):
        sent = 100 * second if second <= 5 else 500 + 200 * (second - 5)
        rates.look(moment(second, line("viettel", 400, 2 * sent, waiting=4000 - sent, accepted=sent)))
    assert rates.recipients_per_s("viettel") == 200.0
    assert rates.segments_per_s("viettel") == 400.0
    assert rates.segments_per_s("all") == 400.0
    assert rates.left_s(line("viettel", 400, 0, waiting=2500)) == 12.5
    assert rates.left_s(line("viettel", 400, 0, delivered=1)) == 0.0
    assert rates.segments_per_s("unknown") == 0.0


def test_without_movement_the_time_left_is_unknown() -> None:
    rates = Rates()
    waiting = line("viettel", 400, 0, waiting=10)
    rates.look(moment(0, waiting))
    assert rates.left_s(waiting) is None
    rates.look(moment(1, waiting))
    assert rates.left_s(waiting) is None


def test_a_rate_is_never_negative() -> None:
    rates = Rates()
    rates.look(moment(0, line("viettel", 400, 0, accepted=10)))
    rates.look(moment(1, line("viettel", 400, 0, waiting=5, accepted=5)))  # temporary refusals wait again
    assert rates.recipients_per_s("viettel") == 0.0


@pytest.mark.parametrize(
    ("state", "workers", "said"),
    [
        ("approved", 2, "approved: not launched yet"),
        ("running", 1, "running: 1 worker"),
        ("running", 3, "running: 3 workers"),
        ("running", 0, "running: no worker is alive, start some with `broadcast up`"),
        ("cancelled", 0, "cancelled"),
        ("finished", 0, "finished"),
    ],
)
def test_headline(state: str, workers: int, said: str) -> None:
    assert headline(moment(0, state=state, workers=workers)) == said


def test_plain_line() -> None:
    rates = Rates()
    rates.look(moment(0, line("viettel", 400, 0, waiting=1000), line("gmobile", None, 0, excluded=50)))
    now = moment(
        10,
        line(
            "viettel",
            400,
            998,
            waiting=501,
            delivered=480,
            undeliverable=9,
            rejected=2,
            expired=1,
            accepted=7,
        ),
        line("gmobile", None, 0, excluded=50),
    )
    rates.look(now)
    assert plain_line(now, rates) == (
        "08:00:10 UTC running: 2 workers; sent 499 of 1,000 (49%); 100 segments/s; delivered 480; failed 12; "
        "left 10 s; viettel 49%"
    )


def test_json_line() -> None:
    rates = Rates()
    now = moment(0, line("viettel", 400, 3, waiting=2, delivered=1))
    rates.look(now)
    document = json_line(now, rates)
    assert (document["state"], document["workers"]) == ("running", 2)
    assert document["carriers"][0]["sent"] == 1
    assert document["total"]["left_s"] is None
    assert document["total"]["delivered"] == 1


def test_picture_has_a_row_per_carrier_and_one_for_all() -> None:
    rates = Rates()
    now = moment(0, line("viettel", 400, 3, waiting=2, delivered=1), line("gmobile", None, 0, excluded=50))
    rates.look(now)
    console = Console(width=140, record=True, quiet=False, force_terminal=False)
    with console.capture() as shown:
        console.print(picture(now, rates, 160))
    text = shown.get()
    for word in ("viettel", "all", "400", "running: 2 workers"):
        assert word in text
    assert "gmobile" not in text  # nobody to send to


def test_picture_cuts_no_digit_in_a_terminal_of_80_columns() -> None:
    rates, console = Rates(), Console(width=80)
    states = {"waiting": 1, "in_doubt": 12_345, "delivered": 87_654_321, "undeliverable": 1_234_567}
    now = moment(0, line("vietnamobile", 12_000, 0, **states))
    rates.look(now)
    with console.capture() as captured:
        console.print(picture(now, rates, console.width))
    shown = captured.get()
    assert "\u2026" not in shown
    row = next(each for each in shown.splitlines() if "vietnamobile" in each)
    assert row.split() == ["vietnamobile", "99%", "88,901,233", "87,654,321", "1,234,567", "12,345", "0", "-"]


def test_what_is_wrong_is_told_at_once_and_again_now_and_then() -> None:
    wrong = Finding(
        Code.RECEIPTS_MISFIT, "viettel", True, "20 receipts fit no submission", "broadcast carrier check"
    )
    more = replace(wrong, sentence="90 receipts fit no submission")
    told = Told()
    assert told.news(START, []) == []
    assert told.news(START, [wrong]) == [str(wrong)]
    assert told.news(START + timedelta(seconds=59), [more]) == []
    assert told.news(START + timedelta(seconds=60), [more]) == [str(more)]
    assert told.news(START + timedelta(seconds=61), []) == []
    assert told.news(START + timedelta(seconds=62), [more]) == [str(more)]


def test_json_has_the_findings() -> None:
    wrong = Finding(Code.NO_WORKER, "", True, "no worker is alive", "broadcast up")
    (found,) = json_line(moment(0), Rates(), [wrong])["findings"]
    assert found == {
        "code": "no_worker", "carrier": None, "grave": True, "sentence": "no worker is alive",
        "run": "broadcast up", "line": "no worker is alive; run `broadcast up`",
    }  # fmt: skip
