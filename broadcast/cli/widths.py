"""How wide the columns of a table are in a terminal too narrow for all of it: no word is cut where that can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

_LONG_WORD: Final = 24  # a longer one may be cut


@dataclass(frozen=True, slots=True)
class Widths:
    """In cells, without the blanks (none where padding is 0) and lines between columns."""

    columns: tuple[int, ...]
    padding: int


def widths(columns: Sequence[Sequence[str]], width: int) -> Widths | None:
    """columns: the cells of each, its heading too. None: all of it fits anyway, or not even the words do."""
    lines = [_longest(line for cell in column for line in cell.splitlines()) for column in columns]
    if sum(lines) + _between(len(columns), 1) <= width:
        return None
    words = [
        min(_longest(word for cell in column for word in cell.split()), _LONG_WORD) for column in columns
    ]
    for padding in (1, 0):
        spare = width - _between(len(columns), padding) - sum(words)
        if spare >= 0:
            return Widths(tuple(_shared(words, lines, spare)), padding)
    return None


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=1) or 1


def _between(columns: int, padding: int) -> int:
    return columns * (1 + 2 * padding) + 1


def _shared(words: Sequence[int], lines: Sequence[int], spare: int) -> list[int]:
    """Each cell that is left goes to the column whose longest line takes the most lines."""
    given = list(words)
    for _ in range(min(spare, sum(lines))):
        at = max(range(len(given)), key=lambda each: lines[each] / given[each])
        if given[at] >= lines[at]:
            break
        given[at] += 1
    return given
