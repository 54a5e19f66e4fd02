"""The progress of an import: a bar with rate and time left on a terminal, a line now and then elsewhere. On stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from broadcast.audience.batches import Batch
from broadcast.cli.output import duration, note

_LINE_EVERY_S = 10.0


@contextmanager
def import_progress(name: str) -> Iterator[Callable[[Batch], None]]:
    """Gives the function that an import reports its batches to; `name` is the file's."""
    if sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task(name, total=None, rate="")
            begun = time.monotonic()

            def show(batch: Batch) -> None:
                rate = f"{batch.lines:,} lines, {batch.lines / (time.monotonic() - begun):,.0f}/s"
                bar.update(task, completed=batch.done, total=batch.total, rate=rate)

            yield show
    else:
        yield Lines(name).look


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )


class Lines:
    """A line of text every few seconds, for logs."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._begun = self._last = clock()

    def look(self, batch: Batch) -> None:
        """Says how far the import is if it has been silent for a while and is not at its end."""
        now = self._clock()
        if now - self._last < _LINE_EVERY_S or not 0 < batch.done < batch.total:
            return
        self._last, spent = now, now - self._begun
        left = spent * (batch.total - batch.done) / batch.done
        note(
            f"{self._name}: {batch.lines:,} lines, {batch.done / batch.total:.0%},"
            f" {batch.lines / spent:,.0f}/s, {duration(left)} left"
        )
