"""Caps, distances and quiet hours over simulated weeks: never above, never starved, whatever is slow or stopped.

A world of some people and alerts goes on by the gate's decisions alone, as launches and tidiers ask it. A plain model
looks at what came of it: every sliding window of every person, and every moment at which somebody who was not told
could have been.
"""

import heapq
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broadcast.rules.caps import STEP_S, UNTOLD, Contacts
from broadcast.rules.gate import NEVER, NOW, Gate
from broadcast.rules.hours import Hours
from broadcast.rules.limits import Cap, Limits

HOUR = 3600.0
EXAMPLES = int(os.environ.get("RULES_EXAMPLES", "25"))  # each is two weeks
# two weeks around the night in which Lisbon's clocks go back, and around that in which New York's go forward
STARTS = {
    "Europe/Lisbon": datetime(2026, 10, 19, tzinfo=UTC).timestamp(),
    "America/New_York": datetime(2026, 3, 2, tzinfo=UTC).timestamp(),
    "Asia/Ho_Chi_Minh": datetime(2026, 11, 2, tzinfo=UTC).timestamp(),
}


@dataclass
class Alert:
    """One of a world. slow: seconds of sending from being let go to being told, by person. held: until when; untold:
    who was let go, and when they are told; told: when."""

    number: int
    at: float
    expires: float
    people: tuple[int, ...]
    slow: tuple[float, ...]
    cancelled_at: float = UNTOLD
    untold: dict[int, float] = field(default_factory=dict)
    held: dict[int, float] = field(default_factory=dict)
    told: dict[int, float] = field(default_factory=dict)

    def alive(self, now: float) -> bool:
        return self.at <= now < min(self.expires, self.cancelled_at)


class World:
    """limits: of all its alerts."""

    def __init__(self, limits: Limits, alerts: list[Alert]) -> None:
        self.limits, self.alerts = limits, alerts
        self.moments: list[float] = []

    def contacts(self, now: float, own: Alert) -> Contacts:
        """As the slices would say: told, let go and untold, and held by what was launched before."""
        found = []
        for alert in self.alerts:
            found += [(person, at) for person, at in alert.told.items()]
            if alert.alive(now):
                found += [(person, UNTOLD) for person in alert.untold]
                if (alert.at, alert.number) < (own.at, own.number):
                    found += [(person, UNTOLD) for person in alert.held]
        people, times = zip(*found, strict=True) if found else ((), ())
        return Contacts(np.array(people, np.int64), np.array(times, np.float64))

    def look(self, alert: Alert, people: list[int], now: float) -> None:
        """At a launch, or when their moment has come."""
        gate = Gate(self.limits, self.contacts(now, alert), now, alert.expires)
        for person, moment in zip(people, gate.moments(np.array(people, np.int64)).tolist(), strict=True):
            alert.held.pop(person, None)
            if moment == NOW:
                alert.untold[person] = self.limits.hours.after(now, alert.slow[person])
            elif moment != NEVER:
                assert now < moment < alert.expires
                alert.held[person] = moment
                heapq.heappush(self.moments, moment)

    def send(self, now: float) -> None:
        """Whoever was let go is told when the carrier comes to it, in hours in which something may leave."""
        for alert in self.alerts:
            for person, due in list(alert.untold.items()):
                if alert.alive(now) and due <= now and self.limits.hours.may_leave(now):
                    alert.told[person] = now
                    del alert.untold[person]

    def run(self, end: float) -> None:
        self.moments += [alert.at for alert in self.alerts]
        heapq.heapify(self.moments)
        now = min(self.moments)
        while now < end:
            for alert in sorted(self.alerts, key=lambda each: (each.at, each.number)):
                if alert.at == now:
                    self.look(alert, list(alert.people), now)
                due = [person for person, moment in alert.held.items() if moment <= now]
                if due and alert.alive(now) and self.limits.hours.may_leave(now):
                    self.look(alert, due, now)
            self.send(now)
            while self.moments and self.moments[0] <= now:
                heapq.heappop(self.moments)
            now = min([now // STEP_S * STEP_S + STEP_S, *self.moments[:1]])


def tellings(world: World, person: int) -> list[float]:
    return sorted(alert.told[person] for alert in world.alerts if person in alert.told)


def never_above(world: World, people: range) -> None:
    for person in people:
        at = tellings(world, person)
        for cap in world.limits.caps:
            for first, last in zip(at, at[cap.messages :], strict=False):
                assert last - first >= cap.seconds, (cap, at)
        for moment in at:
            assert world.limits.hours.may_leave(moment)


def never_starved(world: World) -> None:
    """Of alerts that are sent at once: whoever was not told had no moment at which caps and hours allowed it."""
    hours = world.limits.hours
    for alert in world.alerts:
        for person in set(alert.people) - set(alert.told):
            at = tellings(world, person)
            moment = max(alert.at, alert.at // STEP_S * STEP_S + STEP_S)
            while moment < min(alert.expires, alert.cancelled_at):
                full = any(
                    sum(moment - cap.seconds < each <= moment for each in at) >= cap.messages
                    for cap in world.limits.caps
                )
                assert full or not hours.may_leave(moment), datetime.fromtimestamp(moment, UTC)
                moment += STEP_S


caps = st.lists(
    st.one_of(
        st.builds(Cap, st.integers(1, 3), st.sampled_from([6 * HOUR, 24 * HOUR, 72 * HOUR])),
        st.builds(Cap, st.just(1), st.sampled_from([0.5 * HOUR, 2 * HOUR, 20 * HOUR])),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
quiet = st.sampled_from([(), ("22:00-07:00",), ("00:30-03:00", "12:00-13:00"), ("08:00-06:00",)])
PEOPLE = range(3)


@st.composite
def worlds(draw: st.DrawFn, slow: st.SearchStrategy[float], stops: st.SearchStrategy[float]) -> World:
    zone = draw(st.sampled_from(sorted(STARTS)))
    start = STARTS[zone]
    alerts = []
    for number in range(draw(st.integers(2, 6))):
        at = start + draw(st.integers(0, 6 * 24 * 60)) * 60.0
        people = draw(st.sets(st.sampled_from(PEOPLE), min_size=1))
        alerts.append(
            Alert(
                number,
                at,
                at + draw(st.sampled_from([1, 12, 24, 80])) * HOUR,
                tuple(sorted(people)),
                tuple(draw(slow) for _ in PEOPLE),
                at + draw(stops),
            )
        )
    return World(Limits(draw(quiet), zone, draw(caps), None, "Act 1"), alerts)


def passed() -> World:
    """The first is let go in quiet hours, and over when they end: what it never sends keeps out the other two. Unless
    the second is told as soon as that is known, the third one's day is over before its turn comes."""
    at, whom, at_once = STARTS["Europe/Lisbon"], (0,), (0.0, 0.0, 0.0)
    alerts = [Alert(number, at, at + hours * HOUR, whom, at_once) for number, hours in enumerate((1, 12, 12))]
    return World(Limits(("00:30-03:00",), "Europe/Lisbon", (Cap(1, 6 * HOUR),), None, "Act 1"), alerts)


@settings(max_examples=EXAMPLES, deadline=None)
@given(worlds(st.just(0.0), st.just(UNTOLD)))
@example(passed())
def test_never_above_and_never_starved(world: World) -> None:
    world.run(max(alert.expires for alert in world.alerts))
    never_above(world, PEOPLE)
    never_starved(world)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    worlds(
        st.sampled_from([0.0, 400.0, 3 * HOUR, 30 * HOUR, 90 * HOUR]),
        st.sampled_from([UNTOLD, 0.5 * HOUR, 20 * HOUR]),
    )
)
def test_never_above_where_carriers_are_slow_and_alerts_are_stopped(world: World) -> None:
    """What was let go and is not told yet counts as long as it may be; what was cancelled counts no more."""
    world.run(max(alert.expires for alert in world.alerts))
    never_above(world, PEOPLE)


def gate(limits: Limits, contacts: list[tuple[int, float]], now: float, expires: float) -> list[float]:
    people, times = zip(*contacts, strict=True)
    known = Contacts(np.array(people, np.int64), np.array(times, np.float64))
    return Gate(limits, known, now, expires).moments(np.arange(1, 5)).tolist()


def test_three_in_a_day() -> None:
    """1: nothing; 2: three, the oldest of an hour ago; 3: three, the oldest of a day ago; 4: two and one untold."""
    limits = Limits((), "UTC", (Cap(3, 24 * HOUR),))
    now, day = 1_000_000_200.0, 24 * HOUR
    contacts = [
        *((2, now - hours * HOUR) for hours in (1, 0.5, 0.25)),
        *((3, now - seconds) for seconds in (day, 5, 4)),
        *((4, now - HOUR), (4, now - 30.0), (4, UNTOLD)),
    ]
    later = gate(limits, contacts, now, now + 10 * day)
    assert later[0] == later[2] == NOW
    assert later[1] == np.ceil((now - HOUR + day) / STEP_S) * STEP_S
    assert later[3] == now + STEP_S  # or never: at the next step
    soon = gate(limits, contacts, now, now + 10 * HOUR)
    assert soon[1] == NEVER
    assert soon[3] == now + STEP_S
    assert gate(limits, contacts, now, now + STEP_S)[3] == NEVER


def test_a_moment_that_a_step_would_put_behind_the_expiry_is_taken_as_it_is() -> None:
    limits = Limits((), "UTC", (Cap(1, HOUR),))
    now = 1_000_000_200.0
    assert gate(limits, [(1, now - HOUR + 10)], now, now + 20)[0] == now + 10


def test_hours_of_the_limits_are_hours() -> None:
    assert Limits(("22:00-07:00",), "UTC").hours == Hours(("22:00-07:00",), "UTC")
