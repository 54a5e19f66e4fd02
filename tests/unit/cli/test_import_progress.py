"""Lines of an import's progress: now and then, with the share, the rate and the time left."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from broadcast.audience.batches import Batch
from broadcast.audience.staging import collected
from broadcast.cli.import_progress import Bar, Lines


def batch(lines: int, done: int, total: int) -> Batch:
    return Batch(collected({}), lines, 0, done, total)


def test_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 105.0, 110.0, 112.0, 121.0, 140.0])
    progress = Lines("people.csv", lambda: next(times))
    progress.merged(batch(500, 100, 1000))
    progress.merged(batch(1_000_000, 200, 1000))
    progress.merged(batch(1_100_000, 220, 1000))
    progress.merged(batch(2_100_000, 500, 1000))
    progress.merged(batch(4_000_000, 1000, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "people.csv: 1,000,000 lines, 20%, 100,000/s, 40 s left",
        "people.csv: 2,100,000 lines, 50%, 100,000/s, 21 s left",
    ]


def test_of_a_pipe_nobody_knows_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 110.0])
    Lines("stdin", lambda: next(times)).merged(batch(1_000_000, 12_000_000, 0))
    assert capsys.readouterr().err == "stdin: 1,000,000 lines, 100,000/s\n"
    with Progress(TextColumn("{task.fields[rate]}"), auto_refresh=False) as shown:
        Bar("stdin", shown).merged(batch(1_000_000, 12_000_000, 0))
        assert shown.tasks[0].total is None


def test_a_continued_import_counts_from_where_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 130.0, 135.0, 150.0])
    progress = Lines("people.csv", lambda: next(times))
    progress.continuing(3_400_001)
    progress.skipped(batch(3_400_000, 400, 1000))
    progress.merged(batch(3_500_000, 410, 1000))
    progress.merged(batch(5_400_000, 600, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "people.csv: continuing after line 3,400,001",
        "people.csv: 5,400,000 lines, 60%, 100,000/s, 40 s left",
    ]


def test_the_bar_goes_on_where_it_was() -> None:
    times = iter([100.0, 130.0, 140.0])
    console = Console(file=io.StringIO(), width=200)
    with Progress(TextColumn("{task.fields[rate]}"), console=console, auto_refresh=False) as shown:
        bar = Bar("people.csv", shown, lambda: next(times))
        bar.continuing(3_400_001)
        bar.skipped(batch(3_400_000, 400, 1000))
        assert (shown.tasks[0].completed, shown.tasks[0].total) == (400, 1000)
        bar.merged(batch(5_400_000, 600, 1000))
        assert shown.tasks[0].completed == 600
        assert shown.tasks[0].fields["rate"] == "5,400,000 lines, 200,000/s"
    assert "people.csv: continuing after line 3,400,001" in console.file.getvalue()  # type: ignore[attr-defined]
