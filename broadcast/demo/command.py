"""`broadcast demo`: one alert to a small nation, end to end, with everything simulated but the software."""

import os
import signal
import tempfile
import threading
from datetime import datetime
from pathlib import Path

import click

from broadcast import places
from broadcast.config.profiles import VIETNAM
from broadcast.demo.story import Options, play
from broadcast.errors import InputError
from broadcast.languages import _


@click.command()
@click.option(
    "--lines", type=click.IntRange(100), default=200_000, show_default=True, help="People on the list."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same list and fates."
)
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes. Default: one for each core.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help="Where a folder for this run is made.",
)
@click.option(
    "--country",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=VIETNAM,
    help="The national profile. Default: Vietnam's, which comes with the program.",
)
@click.option("--database-url", metavar="URL", help="An empty database to use instead of one of its own.")
def demo(
    lines: int, seed: int, workers: int | None, out: Path, country: Path, database_url: str | None
) -> None:
    """One alert to a small nation: import, draft, forecast, approval, launch, watch, report, audit.

    Needs nothing that is installed or running, and leaves nothing but its folder of results. Every command is
    printed before it runs. Exit code 0 only if every line of the list is accounted for and the books balance.

    \b
    Example:
      broadcast demo --lines 20000
    """
    stop = threading.Event()  # a flag rather than an exception, which might strike in the midst of a clean-up
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = Options(lines, seed, workers or cores, country.absolute(), _make_folder(out), database_url)
    play(options, stop.is_set)


def _make_folder(out: Path) -> Path:
    """A new folder for this run, named by the time. Raises RefusedError as `places.check`."""
    places.check(out, _("choose a folder of root's with --out"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-")
        made = Path(tempfile.mkdtemp(prefix=stamp, dir=out.absolute()))
        made.chmod(0o755)
    except OSError as error:
        raise InputError(
            _(
                "cannot write to {out}: {strerror}; choose another place with --out",
                out=out,
                strerror=error.strerror,
            )
        ) from error
    return made
