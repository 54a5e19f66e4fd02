"""Who of an alert's people is let go now, who is looked at later, who never: some thousand numbers at a time. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.rules.caps import Contacts, People, Times, moments
from broadcast.rules.limits import Limits
from broadcast.store import arrays

NOW: Final = float("-inf")
NEVER: Final = float("inf")
BUCKETS: Final = 64


@dataclass(frozen=True, slots=True)
class Gate:
    """Of one database. contacts: of the people in these buckets, those of other databases among them; elsewhere: the
    latter alone, which nobody sees later. now, expires: Unix seconds. holds: nobody is let go at once, for a pace says
    when. most: people of a slice."""

    limits: Limits
    contacts: Contacts
    now: float
    expires: float
    elsewhere: Contacts | None = None
    buckets: range = range(BUCKETS)
    holds: bool = False
    most: int = 1_000_000

    def moments(self, people: People) -> Times:
        """NOW, NEVER, or when each is looked at again."""
        caps = self.limits.caps
        exact = self.contacts.next_times(people, caps)
        soonest = self.contacts.next_times(people, caps, self.now)
        least = self.contacts.least_times(people, caps)
        found = moments(exact, soonest, least, self.limits.hours, self.now, self.expires)
        if self.elsewhere is not None and caps:
            floor = self.elsewhere.latest(people) + max(cap.seconds for cap in caps)
            waits = (found > NOW) & (floor > found)
            found[waits] = np.where(floor[waits] < self.expires, floor[waits], NEVER)
        return np.where(found == NOW, self.now, found) if self.holds else found

    def parted(self, octets: bytes) -> Iterator[tuple[float, bytes]]:
        """Elements of an array as octets, by moment."""
        people = arrays.values(octets)
        found = self.moments(people)
        each = np.unique(found)
        if len(each) == 1:
            yield float(each[0]), octets
            return
        for moment in each:
            yield float(moment), arrays.elements(people[found == moment])
