"""What follows when a supervised worker ends: started again after a while, or not by itself. Pure.

The wait doubles with every end and begins anew once a worker has lived for `HEALTHY_S`. A configuration that is wrong
(exit code 2) stays wrong until somebody mends it: such a worker waits for a reload.
"""

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 15.0
HEALTHY_S: Final = 60.0  # a life this long: what ended it has nothing to do with the ends before
STEADY_S: Final = 5.0  # a life this long: it could be started
ATTEMPTS: Final = 3  # of every worker, when none was ever steady
USAGE: Final = 2  # exit code: wrong configuration


@dataclass(frozen=True, slots=True)
class History:
    """The past of one worker's place. ends: in a row without a healthy life between; refused: the last was USAGE."""

    ends: int = 0
    steady: bool = False
    refused: bool = False


def ended(history: History, code: int, lived_s: float) -> tuple[History, float | None]:
    """The history with one more end, and in how many seconds to start again; None: not by itself.

    code: exit code, or the negative number of the signal that killed it.
    """
    ends = 1 if lived_s >= HEALTHY_S else history.ends + 1
    known = History(ends, history.steady or lived_s >= STEADY_S, code == USAGE)
    return known, None if known.refused else min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(ends - 1, 16))


def hopeless(histories: Iterable[History]) -> bool:
    """No worker lives, nor will: each was refused, or was never steady and tried often enough."""
    return all(each.refused or (not each.steady and each.ends >= ATTEMPTS) for each in histories)


def in_words(code: int) -> str:
    """How a process ended: `exit code 1`, `killed by SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
