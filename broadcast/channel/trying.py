"""Whether a way to an SMSC is open: asked now and then of each address of each bind, the standby ones too."""

from dataclasses import dataclass
from typing import Literal

# open: bound, and alive. answers: it is there, and lets nobody in beside those who are bound already. shut: neither.
WayState = Literal["open", "answers", "shut"]


@dataclass(frozen=True, slots=True)
class Way:
    """bind: its place in the configuration, from 0. address: as it is written there. slots: whose links begin at this
    address; none: it is a standby."""

    bind: int
    address: str
    slots: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tried:
    """said: why not, in a person's words; empty when it is open. seconds: that it took."""

    state: WayState
    said: str
    seconds: float
