"""Lines of an import's progress: now and then, with the share, the rate and the time left."""

import pytest

from broadcast.audience.batches import Batch
from broadcast.cli.import_progress import Lines


def batch(lines: int, done: int, total: int) -> Batch:
    return Batch(b"", lines, 0, done, total)


def test_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 105.0, 110.0, 112.0, 121.0, 140.0])
    progress = Lines("people.csv", lambda: next(times))
    progress.look(batch(500, 100, 1000))
    progress.look(batch(1_000_000, 200, 1000))
    progress.look(batch(1_100_000, 220, 1000))
    progress.look(batch(2_100_000, 500, 1000))
    progress.look(batch(4_000_000, 1000, 1000))
    assert capsys.readouterr().err.splitlines() == [
        "people.csv: 1,000,000 lines, 20%, 100,000/s, 40 s left",
        "people.csv: 2,100,000 lines, 50%, 100,000/s, 21 s left",
    ]
