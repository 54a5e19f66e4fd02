"""An alert's areas, as who approves it sees them: people, those outside of where it holds, the census."""

from broadcast.cli.output import print_table, say
from broadcast.forecast.reach import Reach
from broadcast.languages import _
from broadcast.reports import reach_words

_SHOWN = 30


def show_reach(found: Reach | None) -> None:
    """Nothing where there are no areas."""
    if found is None:
        return
    if found.areas:
        areas = reach_words.most(found)
        rows = [reach_words.row(found, each) for each in areas[:_SHOWN]]
        print_table(_("Its areas"), reach_words.heads(), rows)
        if len(areas) > _SHOWN:
            say(_("and {count} areas more, with fewer people", count=len(areas) - _SHOWN))
    for line in reach_words.lines(found):
        say(line)
    say("")
