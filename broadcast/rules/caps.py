"""Caps over any sliding window, and distances: who may be told now, and when others may be at the earliest. Pure.

The invariant, for every person and cap (m messages in any T): how many were told in the last T and how many are let go
and untold are m at most, together. Whoever is let go may be told at any moment until the alert's expiry, so they count
all that time; a telling moves one from the untold to the told, and time takes the told away. So at every moment of a
telling the last T holds m at most, whatever is paused, slow, or sent a second time. It is looked at when somebody is
let go, and at no other time; one process at a time lets go (`CAPPING` in store/locks.py).

A contact is a person and a time: Unix seconds not before which they were told last, or inf: let go and untold.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from broadcast.rules.hours import Hours
from broadcast.rules.limits import Cap

Times = npt.NDArray[np.float64]
People = npt.NDArray[np.int64]

UNTOLD: Final = float("inf")
STEP_S: Final = 300.0  # moments are rounded up to it: a slice has people of one moment


class Contacts:
    """Of many people, to be asked for some of them at a time. 16 octets a contact."""

    def __init__(self, people: People, times: Times) -> None:
        """Side by side, in any order; one person may be there often."""
        order = np.lexsort((-times, people))  # by person, the latest first
        self._people, self._times = people[order], times[order]
        self._untold = np.concatenate([[0], np.cumsum(np.isposinf(self._times))])  # before each place

    @classmethod
    def of(cls, several: Sequence["Contacts"]) -> "Contacts":
        """Of all of them together."""
        return cls(
            np.concatenate([each._people for each in several]),
            np.concatenate([each._times for each in several]),
        )

    def next_times(self, people: People, caps: Sequence[Cap], now: float = UNTOLD) -> Times:
        """When each of these may be told next, by the caps alone: -inf: at once; inf: not before an untold one ends.

        now: as if all that are untold were told then, so that nobody can be told before what comes of it.
        """
        found = np.full(len(people), -np.inf)
        first, count = self._places(people)
        for cap in caps:
            reached = np.flatnonzero(count >= cap.messages)
            last = np.minimum(self._times[first[reached] + cap.messages - 1], now)
            found[reached] = np.maximum(found[reached], last + cap.seconds)
        return found

    def least_times(self, people: People, caps: Sequence[Cap]) -> Times:
        """The same as if nobody who is untold were ever told: an alert may be cancelled, or come to its end."""
        found = np.full(len(people), -np.inf)
        first, count = self._places(people)
        untold = self._untold[first + count] - self._untold[first]
        for cap in caps:
            reached = np.flatnonzero(count - untold >= cap.messages)
            last = self._times[first[reached] + untold[reached] + cap.messages - 1]
            found[reached] = np.maximum(found[reached], last + cap.seconds)
        return found

    def people(self) -> People:
        """Each once, in ascending order."""
        return np.unique(self._people)

    def latest(self, people: People) -> Times:
        """The last contact of each: -inf: there is none."""
        found = np.full(len(people), -np.inf)
        first, count = self._places(people)
        has = np.flatnonzero(count)
        found[has] = self._times[first[has]]
        return found

    def _places(self, people: People) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        first = np.searchsorted(self._people, people, side="left")
        return first, np.searchsorted(self._people, people, side="right") - first


def moments(exact: Times, soonest: Times, least: Times, hours: Hours, now: float, expires: float) -> Times:
    """What becomes of each: -inf: let go now; a moment: looked at then; inf: nobody can tell them before `expires`.

    exact: of `next_times`; soonest: of the same with `now`; least: of `least_times`, so least <= soonest <= exact. A
    moment lies in allowed hours, on a step where that is in time.
    """
    found = np.full(len(exact), -np.inf)
    late = np.flatnonzero(exact > now)
    exact, soonest, least = exact[late], np.maximum(soonest[late], now), least[late]
    # Whom only somebody untold keeps out is looked at each step: that one may never be told, and whoever is not looked
    # at keeps out those who were launched later, as long as they wait.
    step = (np.floor(now / STEP_S) + 1) * STEP_S
    wanted = np.where(least < exact, np.maximum(least, step), soonest)
    moment = np.full(len(late), np.inf)
    for each in (soonest, wanted, np.ceil(wanted / STEP_S) * STEP_S):  # the last that is in time
        opened = _opened(each, hours)
        moment = np.where(opened < expires, opened, moment)
    found[late] = moment
    return found


def _opened(times: Times, hours: Hours) -> Times:
    """The first moment from each on at which something may leave; inf stays."""
    each, back = np.unique(times, return_inverse=True)
    opened = [at if at == np.inf else max(at, hours.opening(at).opens) for at in each.tolist()]
    return np.array(opened, dtype=np.float64)[back]
