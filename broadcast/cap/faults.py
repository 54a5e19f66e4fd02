"""What a file does wrong, each kind by a name, and the error that holds all of a file's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.visible import visible

Level = Literal["error", "warning", "advice", "note"]  # only an error refuses the file

TOLD_MOST: Final = 1000  # faults of one file that are told; the number of the others is


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. message: what is wrong and the way out; braces take what the place is called there."""

    name: str
    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind at a place. path: of `reading`, "info[2]/area[1]/polygon[1]"; "" is the alert itself."""

    kind: Kind
    path: str = ""
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding with its line, as a person reads it. line: of the file, from 1; None where there is no file."""

    name: str
    level: Level
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = _("line {line}", line=str(self.line)) if self.line is not None else self.path or "alert"
        return f"{place}: {self.message} [{self.name}]"


class CapError(InputError):
    """This is no CAP alert that can be used: every error that it has is told"""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        errors = [each for each in self.faults if each.level == "error"]
        told = errors[:TOLD_MOST]
        more = [_("and {count} more", count=len(errors) - len(told))] if len(errors) > len(told) else []
        super().__init__("; ".join([*map(str, told), *more]))


def finding(kind: Kind, path: str = "", **said: Any) -> Finding:
    """said: for the braces of the kind's message."""
    return Finding(kind, path, tuple((name, str(value)) for name, value in said.items()))


def told(findings: Iterable[Finding], lines: Mapping[str, int]) -> tuple[Fault, ...]:
    """With their lines, by these; what is missing has the line of what it is missing in."""
    found = [_told(each, _line(each.path, lines)) for each in findings]
    return tuple(sorted(set(found), key=lambda each: (each.line or 0, each.path, each.name)))


def at_line(kind: Kind, line: int | None, **said: Any) -> Fault:
    """A fault of the octets, before there is any element."""
    return _told(finding(kind, "", **said), line)


def _told(found: Finding, line: int | None) -> Fault:
    message = _(found.kind.message, **dict(found.said))
    return Fault(found.kind.name, found.kind.level, line, found.path, visible(message))


def _line(path: str, lines: Mapping[str, int]) -> int | None:
    while path and path not in lines:
        path = path.rpartition("/")[0]
    return lines.get(path)
