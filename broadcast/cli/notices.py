"""What actions tell while they go on, as lines on stderr."""

from broadcast.actions.notice_words import line
from broadcast.actions.notices import NotActual, Notice, Training
from broadcast.cli.banner import show_mark, show_training
from broadcast.cli.output import note, words


def show_notice(notice: Notice) -> None:
    """A line for each."""
    if isinstance(notice, Training):
        show_training()
    elif isinstance(notice, NotActual):
        show_mark(notice.campaign, notice.status)
    else:
        note(line(notice, words))
