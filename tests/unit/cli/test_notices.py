"""Each thing that is told is one line on stderr, and nothing on stdout."""

from datetime import UTC, datetime

import pytest

from broadcast.actions.notices import ClockOff, EmergencyWaits, ExpiryComesTwice, Notice, Superseded
from broadcast.audience.unfinished import FileId, Unfinished
from broadcast.cli.notices import show_notice
from broadcast.store.migrations import OldLedger

AT = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (
            ClockOff(86_400.0),
            "this machine's clock is 24 h 00 min ahead of the database's: times count by the database's\n",
        ),
        (
            ClockOff(-90.0),
            "this machine's clock is 1 min 30 s behind the database's: times count by the database's\n",
        ),
        (
            EmergencyWaits(120),
            "WARNING: most people hear this emergency 2 min 00 s later: nobody else before its first share is judged\n",
        ),
        (ExpiryComesTwice("it comes twice"), "it comes twice\n"),
        (
            Superseded(("storm-1", "storm-2")),
            "it updates storm-1, storm-2: nothing of that leaves from 2 s after the launch on\n",
        ),
        (
            OldLedger(2_500_000_000, 170.0),
            "moving the ledger of before, 2,500 MB, into packed rows: about 170 s on a machine that does nothing else;"
            " workers of before write no more\n",
        ),
        (
            Unfinished(1, "a\nb.csv", AT, AT, FileId(9, b""), 1200, 0, 1200, 0, 0, {}, 0, 0, {}, ()),
            "warning: the import of a\\nb.csv is unfinished, the list is incomplete: 1,200 lines are in, the last since"
            " 2030-01-01 00:00:00 UTC; `broadcast subscriber import a\\nb.csv --resumable` continues it\n",
        ),
    ],
)
def test_a_line_each(notice: Notice, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_notice(notice)
    assert capsys.readouterr() == ("", line)
