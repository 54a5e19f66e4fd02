"""What a watcher shows, from progress that is made up."""

from rich.console import Console
from unit.reports.moments import line, moment

from broadcast.cli.campaign_watch import _line, picture, plain_line
from broadcast.diagnosis.finding import Code, Finding
from broadcast.reports.rates import Rates


def test_a_finding_steers_no_terminal() -> None:
    shown = _line(Finding(Code.RECEIPTS_UNKNOWN, "viettel", True, "states (\x1b[2J)", ""))
    assert "\x1b" not in shown.plain and "\\u001b[2J" in shown.plain


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
