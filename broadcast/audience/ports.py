"""Whose numbers are by what alerts taught, as an import heeds it: a line that names a carrier wins over what was learnt
before it, and one that says only a number does not undo it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from broadcast.audience.staging import CARRIER_SHIFT, COMBINATION_SHIFT, PORTED, SAID, People
from broadcast.store.arrays import numbers
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_CARRIER = ((1 << (COMBINATION_SHIFT - CARRIER_SHIFT)) - 1) << CARRIER_SHIFT


@dataclass(frozen=True, slots=True)
class Ports:
    """msisdns: ascending, each once, 16 octets a number with `carriers`, whose each is. heeded: no line that was read
    says otherwise; changed here."""

    msisdns: NDArray[np.int64]
    carriers: NDArray[np.int64]
    heeded: NDArray[np.bool_]

    @classmethod
    async def load(cls, home: Connection) -> "Ports":
        """As it is now. While an import runs nothing is learnt."""
        row = await home.fetchrow(sql("heeded_ports"))
        assert row is not None
        if row["msisdns"] is None:
            return NO_PORTS
        msisdns = numbers(row["msisdns"])
        return cls(msisdns, numbers(row["carriers"]), np.ones(len(msisdns), np.bool_))

    async def applied(self, home: Connection, people: People) -> People:
        """The batch, with those that say only a number where they were taken to. Within a transaction."""
        if not len(self.msisdns):
            return people
        at = np.minimum(np.searchsorted(self.msisdns, people.msisdns), len(self.msisdns) - 1)
        known = (self.msisdns[at] == people.msisdns) & self.heeded[at]
        carriers, said = self.carriers[at] << CARRIER_SHIFT, (people.facts & SAID) != 0
        other = known & (people.facts & _CARRIER != carriers)
        overruled = other & said
        if overruled.any():
            await home.execute(sql("ports_overruled"), people.msisdns[overruled].tolist())
            self.heeded[at[overruled]] = False
        moved = (people.facts & ~_CARRIER) | carriers | PORTED
        return People(people.msisdns, np.where(other & ~said, moved, people.facts))


NO_PORTS: Final = Ports(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))
