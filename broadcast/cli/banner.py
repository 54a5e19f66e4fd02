"""What nobody at a keyboard may mistake: whether this is live, and whether it is an exercise. On stderr, in colour."""

import sys
from typing import Final

import click

from broadcast.campaign.marks import mark_words
from broadcast.cli.terminal import put
from broadcast.languages import N_, _
from broadcast.visible import visible

_TRAINING: Final = N_(
    "TRAINING: this database is there to train, and what is sent from it reaches simulated carriers only"
)
_SHOWN: Final = "broadcast.training"


def show_training() -> None:
    """A line at the head of a command's screens, once."""
    context = click.get_current_context(silent=True)
    meta = {} if context is None else context.find_root().meta
    if not meta.setdefault(_SHOWN, False):
        meta[_SHOWN] = True
        _bar(_(_TRAINING), fg="black", bg="yellow")


def show_mark(name: str, status: str) -> None:
    """Of an alert that is none: its screens do not all have a place for that."""
    _bar(_("{mark}: {name} is no actual alert", mark=mark_words(status), name=name), fg="black", bg="yellow")


def show_live(text: str) -> None:
    """text: what is about to reach people, or does."""
    _bar(_("LIVE: {what}", what=text), fg="bright_white", bg="red")


def _bar(text: str, *, fg: str, bg: str) -> None:
    """Colours only where there is a terminal: click takes them away elsewhere."""
    put(click.style(visible(text), fg=fg, bg=bg, bold=True), sys.stderr)
