"""The progress of an import: a bar with rate and time left on a terminal, a line now and then elsewhere. On stderr.

One that is continued begins where it was; its rate and time left are those of what it does now.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from broadcast.audience.batches import Batch
from broadcast.audience.resumable import Watcher
from broadcast.cli.output import duration, note, words
from broadcast.languages import _

_LINE_EVERY_S = 10.0


@contextmanager
def import_progress(name: str) -> Iterator[Watcher]:
    """Gives what an import reports its batches to; `name` is the file's."""
    name = words(name)
    if sys.stderr.isatty():
        with _progress() as progress:
            yield Bar(name, progress)
    else:
        yield Lines(name)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )


class Bar:
    """For a terminal."""

    def __init__(self, name: str, progress: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._progress, self._clock = name, progress, clock
        self._task = progress.add_task(name, total=None, rate="")
        self._begun, self._skipped = clock(), 0

    def continuing(self, line: int) -> None:
        """Says so above the bar."""
        self._progress.console.print(_continuing(self._name, line), markup=False, highlight=False)

    def skipped(self, reached: Batch) -> None:
        """The bar begins here."""
        self._begun, self._skipped = self._clock(), reached.lines
        self._progress.update(
            self._task,
            completed=reached.done,
            total=reached.total,
            rate=_("{lines:,} lines", lines=reached.lines),
        )

    def merged(self, batch: Batch) -> None:
        """The bar grows."""
        pace = (batch.lines - self._skipped) / (self._clock() - self._begun)
        rate = _("{lines:,} lines, {pace:,.0f}/s", lines=batch.lines, pace=pace)
        self._progress.update(self._task, completed=batch.done, total=batch.total or None, rate=rate)


class Lines:
    """A line of text every few seconds, for logs."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._begun = self._last = clock()
        self._skipped = self._done_before = 0

    def continuing(self, line: int) -> None:
        """Says so."""
        note(_continuing(self._name, line))

    def skipped(self, reached: Batch) -> None:
        """Rate and time left count from here."""
        self._begun = self._last = self._clock()
        self._skipped, self._done_before = reached.lines, reached.done

    def merged(self, batch: Batch) -> None:
        """Says how far the import is if it has been silent for a while and is not at its end."""
        now = self._clock()
        at_its_end = batch.total and not self._done_before < batch.done < batch.total
        if now - self._last < _LINE_EVERY_S or at_its_end:
            return
        self._last, spent = now, now - self._begun
        share = left = ""
        if batch.total:  # of a pipe, nobody knows
            share = f" {batch.done / batch.total:.0%},"
            left_s = spent * (batch.total - batch.done) / (batch.done - self._done_before)
            left = _(", {left} left", left=duration(left_s))
        note(
            _(
                "{name}: {lines:,} lines,{share} {pace:,.0f}/s{left}",
                name=self._name,
                lines=batch.lines,
                share=share,
                pace=(batch.lines - self._skipped) / spent,
                left=left,
            )
        )


def _continuing(name: str, line: int) -> str:
    return _("{name}: continuing after line {line:,}", name=name, line=line)
