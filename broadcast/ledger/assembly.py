"""Parts of texts put together. Pure.

A reference is one octet at worst and comes back soon, from the same handset too: a part whose number is there already
with other octets begins the next text, and what there was is given up as incomplete.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A row of `inbound`. content: whatever two deliveries of the same part have in common; number: from 1."""

    inbound_no: int
    number: int
    content: bytes


@dataclass(slots=True)
class Assembled:
    """parts: one for each number, in order; None: never came."""

    parts: list[StoredPart | None]
    arrived: list[StoredPart] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.parts.count(None)


@dataclass(slots=True)
class Assembly:
    """repeated: parts that came twice. texts: whole, or given up. What is in neither waits on."""

    texts: list[Assembled] = field(default_factory=list)
    repeated: list[StoredPart] = field(default_factory=list)


def assemble(parts: Sequence[StoredPart], total: int, *, over: bool) -> Assembly:
    """`parts`: of one sender and thread, in the order in which they came; numbers are 1 to `total`.

    over: nothing more is waited for.
    """
    done = Assembly()
    open_text = Assembled([None] * total)
    for part in parts:
        known = open_text.parts[part.number - 1]
        if known is not None and known.content == part.content:
            done.repeated.append(part)
            continue
        if known is not None:
            done.texts.append(open_text)
            open_text = Assembled([None] * total)
        open_text.parts[part.number - 1] = part
        open_text.arrived.append(part)
        if not open_text.missing:
            done.texts.append(open_text)
            open_text = Assembled([None] * total)
    if open_text.arrived and over:
        done.texts.append(open_text)
    return done
