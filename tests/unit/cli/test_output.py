"""What a person reads: numbers, times, durations, masked numbers; and JSON."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from broadcast.cli import output
from broadcast.words import time_cell


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: int
    at: datetime


AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "-"),
        (1234567, "1,234,567"),
        (True, "yes"),
        (False, "no"),
        (12.345, "12.3"),
        (AT, "2026-01-02 03:04:05 UTC"),
        (Colour.RED, "red"),
        (["a", 1000], "a, 1,000"),
        ("[bold]as it is[/bold]", "[bold]as it is[/bold]"),
    ],
)
def test_words(value: object, said: str) -> None:
    assert output.words(value) == said


@pytest.mark.parametrize(
    ("zone", "at", "said", "cell"),
    [
        ("Asia/Ho_Chi_Minh", AT, "2026-01-02 10:04:05 +07:00", "2026-01-02T10:04:05+07:00"),
        ("Europe/Lisbon", AT, "2026-01-02 03:04:05 WET", "2026-01-02T03:04:05+00:00"),
        # the hour that comes twice, told apart
        ("Europe/Lisbon", BACK, "2026-10-25 01:30:00 WEST", "2026-10-25T01:30:00+01:00"),
        ("Europe/Lisbon", BACK + HOUR, "2026-10-25 01:30:00 WET", "2026-10-25T01:30:00+00:00"),
        ("Asia/Kathmandu", BACK, "2026-10-25 06:15:00 +05:45", "2026-10-25T06:15:00+05:45"),
    ],
)
def test_a_time_is_the_countrys(
    monkeypatch: pytest.MonkeyPatch, zone: str, at: datetime, said: str, cell: str
) -> None:
    monkeypatch.setattr(output, "time_zone", lambda: ZoneInfo(zone))
    assert (output.words(at), time_cell(at, output.time_zone)) == (said, cell)
    assert output.to_json(at.astimezone(ZoneInfo(zone))) == f'"{at.isoformat()}"'


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_duration(seconds: float, said: str) -> None:
    assert output.duration(seconds) == said


@pytest.mark.parametrize(("msisdn", "said"), [(84912345678, "84912***678"), (12345678, "***"), (0, "***")])
def test_masked(msisdn: int, said: str) -> None:
    assert output.masked(msisdn) == said


def test_json_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    value = {
        "p": Point(1, AT),
        "c": Colour.RED,
        "b": b"\x01\xff",
        "f": Path("/x"),
        "s": {3, 1},
        "t": "Rửa tay",
    }
    output.print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == {
        "p": {"x": 1, "at": "2026-01-02T03:04:05+00:00"}, "c": "red", "b": "01ff", "f": "/x", "s": [1, 3],
        "t": "Rửa tay",
    }  # fmt: skip
    assert "Rửa tay" in printed
    output.print_json_line({"a": [1]})
    assert capsys.readouterr().out == '{"a": [1]}\n'
    with pytest.raises(TypeError, match="object has no JSON form"):
        output.to_json(object())


def test_tables_show_markup_as_text_and_align_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("The [red]title", ("name", "count"), [("[b]x[/b]", 5), ("y", 12345), ("z", None)])
    printed = capsys.readouterr().out
    assert "The [red]title" in printed
    assert "[b]x[/b]" in printed
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in printed.splitlines() if "│" in line
    ]
    assert rows == [["[b]x[/b]", "5"], ["y", "12,345"], ["z", "-"]]
    assert "│ [b]x[/b] │      5 │" in printed


def test_facts_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_facts("Title", {"a": 1, "longer": None})
    assert capsys.readouterr().out == "Title\na       1\nlonger  -\n"
    output.print_facts("", {"a": ""})
    assert capsys.readouterr().out == "a\n"


def test_a_narrow_terminal_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = Console(file=sys.stdout, width=20)
    monkeypatch.setattr(output, "console", lambda: narrow)
    output.print_table("", ("campaign", "state", "audience"), [("wash-hands", "running", 1234)])
    shown = capsys.readouterr().out
    assert "wash-hands" in shown
    assert "1,234" in shown


HOSTILE = "a\x1b[2J\x9b\u202e\nb"


def test_what_others_wrote_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(HOSTILE, ("x",), [(HOSTILE,), ({"k\x1b": HOSTILE},), ([HOSTILE, Path(HOSTILE)],)])
    output.print_facts(HOSTILE, {"fact": HOSTILE})
    output.say(HOSTILE)
    output.note(HOSTILE)
    said = capsys.readouterr()
    assert not set("\x1b\x9b\u202e") & set(said.out + said.err)
    escaped = "a\\u001b[2J\\u009b\\u202e"
    assert f"fact  {escaped}\\nb" in said.out
    assert f"k\\u001b = {escaped}\\nb" in said.out
    assert said.err == f"{escaped}\nb\n"


def test_json_is_the_same_value_without_what_steers(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({HOSTILE: HOSTILE})
    output.print_json_line([HOSTILE])
    printed = capsys.readouterr().out
    assert "\\u009b\\u202e" in printed
    assert not set("\x1b\x9b\u202e") & set(printed)
    assert json.loads(printed.splitlines()[-1]) == [HOSTILE]
    assert json.loads(printed.rpartition('["')[0]) == {HOSTILE: HOSTILE}
    assert json.loads(output.to_json(HOSTILE)) == HOSTILE


def test_hidden_characters_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    output.say_hidden(text="pay \u202enow", sender="BOYTE")
    assert capsys.readouterr().out == "the text contains: U+202E RIGHT-TO-LEFT OVERRIDE (1)\n"
