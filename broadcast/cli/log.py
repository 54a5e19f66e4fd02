"""`broadcast log`: which module's lines this machine's processes write, while they run."""

import os
from collections.abc import Coroutine
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from broadcast.campaign.expiry import seconds
from broadcast.cli.output import json_option, print_json, print_table, say, time_words
from broadcast.clock import machine_time
from broadcast.errors import BroadcastError, InputError
from broadcast.languages import _, headings
from broadcast.monitor import levels
from broadcast.monitor.event import LEVELS
from broadcast.monitor.levels import ALL, LIBRARIES, Levelled
from broadcast.store.embedded import home

T = TypeVar("T")

USUAL: Final = "usual"
LONGEST_S: Final = 86_400


@click.group()
def log() -> None:
    """What processes of this machine log.

    \b
    Example:
      broadcast log level smpp.link debug --for 10m
      broadcast log level
    """


@log.command("level")
@click.argument("module", required=False)
@click.argument("level", required=False, type=click.Choice([*LEVELS, USUAL]))
@click.option("--for", "lasting", default="10m", show_default=True, help="How long; a day at most.")
@json_option
def log_level(module: str | None, level: str | None, lasting: str, as_json: bool) -> None:
    """Let MODULE log from LEVEL on for a while, in every process of this machine that runs; without both: show it.

    MODULE as docs/log-events.md has it: smpp.link, engine, a library's name, or `all`. `usual` ends it before its time.

    \b
    Example:
      broadcast log level engine debug --for 30m
      broadcast log level engine usual
    """
    path = _file()
    if module is not None:
        _change(path, module, level, lasting)
    found = levels.holding(levels.read(path), machine_time())
    if as_json:
        print_json({"file": str(path), "levels": found})
        return
    if module is not None:
        say(_("{path}: processes that look there follow within a second", path=path))
    rows = [(each.module, each.level, time_words(each.until) if each.until else "") for each in found]
    print_table("", headings("module", "level", "until"), rows)


def _change(path: Path, module: str, level: str | None, lasting: str) -> None:
    """Raises ConfigError, InputError."""
    if level is None:
        raise InputError(_("say the level too: {levels}", levels=", ".join((*LEVELS, USUAL))))
    lasting_s = seconds("--for", lasting)
    if not 0 < lasting_s <= LONGEST_S:
        raise InputError(_("--for {lasting}: a day at most", lasting=lasting))
    now = machine_time()
    kept = [each for each in levels.holding(levels.read(path), now) if each.module != module]
    if level != USUAL:
        kept.append(levels.checked(module, level, now + timedelta(seconds=lasting_s)))
        _known(kept[-1])
    levels.write(path, kept)


def _known(entry: Levelled) -> None:
    """Raises InputError: such a module would never log."""
    if entry.module == ALL or entry.module.partition(".")[0] in LIBRARIES:
        return
    try:
        found = find_spec(entry.logger)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise InputError(
            _("there is no module {module}: docs/log-events.md has those that log", module=entry.module)
        )


def _file() -> Path:
    """Where the levels stand. Raises BroadcastError where no home can be told."""
    named = os.environ.get("BROADCAST_LOG_LEVELS", "").strip()
    return Path(named).absolute() if named else home() / "log-levels.toml"


async def with_levels(main: Coroutine[Any, Any, T]) -> T:
    """Run `main`, and do meanwhile what that file says. A system user without a home has none, unless it is named."""
    try:
        path = _file()
    except BroadcastError:
        return await main
    async with levels.followed(path):
        return await main
