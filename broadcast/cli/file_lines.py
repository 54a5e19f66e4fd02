"""What became of a file's lines, at the terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from broadcast.cli.output import print_table, say, words
from broadcast.languages import _, headings, term


class FileLines(Protocol):
    """lines = numbers + repeated + refused, by reason."""

    @property
    def source(self) -> str: ...
    @property
    def lines(self) -> int: ...
    @property
    def numbers(self) -> int: ...
    @property
    def repeated(self) -> int: ...
    @property
    def refused(self) -> Mapping[str, int]: ...


def show_lines(file: FileLines) -> None:
    """Every line of a file of numbers accounted for."""
    rows = [(_("numbers"), file.numbers), (_("repeated"), file.repeated), *refused_rows(file.refused)]
    print_table(words(file.source), headings("", "lines"), [*rows, (_("all"), file.lines)])


def refused_rows(refused: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(_("refused: {reason}", reason=term(reason)), count) for reason, count in refused.items()]


def say_refused_file(path: Path) -> None:
    say(_("refused lines, with numbers and reasons: {refused_file}", refused_file=words(path)))
