"""What a value of a personality must be. Each raises ValueError, the key in front."""

from dataclasses import fields
from typing import Any, Final

_DAY_S: Final = 86400.0


def require(holds: object, message: str) -> None:
    """message: starts with the key."""
    if not holds:
        raise ValueError(message)


def shares(table: Any) -> None:
    """Every field that is one: by its name."""
    for each in fields(table):
        if each.name == "share" or each.name.endswith("_share"):
            require(0 <= getattr(table, each.name) <= 1, f"{each.name} must be 0 to 1")


def seconds(table: Any, *names: str) -> None:
    """Fields of a day at most."""
    for name in names:
        require(0 <= getattr(table, name) <= _DAY_S, f"{name} must be 0 to 86400 seconds")


def bounds(table: Any, *names: str) -> None:
    """Fields of two times, or of none."""
    for name in names:
        given = getattr(table, name)
        low, high = given or (0.0, 0.0) if len(given) in (0, 2) else (1.0, 0.0)
        require(0 <= low <= high <= _DAY_S, f"{name} must be two times in order, 0 to 86400 seconds: [2, 30]")


def words(name: str, *words: str) -> None:
    require(
        all(0 < len(word) <= 20 and word.isascii() and word.isprintable() for word in words),
        f"{name} must be words of 1 to 20 ASCII characters",
    )


def statuses(name: str, *given: int) -> None:
    """command_status values of an error."""
    require(all(0 < each <= 0xFFFFFFFF for each in given), f"{name} must be 0x00000001 to 0xFFFFFFFF")
