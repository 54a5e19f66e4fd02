"""The pace: never more than the grant in any second, and hardly less."""

import itertools
import random
from collections import deque

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broadcast.engine.pacing import GRANT_WAIT_S, Pacer


def granted(tps: int, now: float = 0.0) -> tuple[Pacer, float]:
    """A pacer whose grant is in force, and the time from which it is."""
    pacer = Pacer()
    pacer.set_grant(tps, now)
    return pacer, now + GRANT_WAIT_S


class Way:
    """To a carrier and back: what leaves arrives in order `there_s` later, or when a stall ends, and is answered."""

    def __init__(self, pacer: Pacer, there_s: float = 0.005, back_s: float = 0.005, name: str = "") -> None:
        self.pacer = pacer
        self.name = name
        self.there_s = there_s
        self.back_s = back_s
        self.stalled_until = 0.0
        self.arrived: list[tuple[float, int]] = []
        self.sent: list[tuple[float, int]] = []
        self._answers: deque[tuple[float, float, int]] = deque()  # (due, sent at, segments)

    def run(self, start: float, steps: list[float]) -> list[tuple[float, int]]:
        """Send all that is allowed, after each step of time."""
        now = start
        for step in steps:
            now += step
            self.hear(now)
            count = self.pacer.allowance(now)
            if count:
                self.pacer.take(count, now, self.name)
                self.sent.append((now, count))
                arrives = max(now + self.there_s, self.stalled_until)
                self.arrived.append((arrives, count))
                self._answers.append((arrives + self.back_s, now, count))
        return self.sent

    @property
    def unanswered(self) -> int:
        return sum(count for _, _, count in self._answers)

    def hear(self, now: float) -> None:
        while self._answers and self._answers[0][0] <= now:
            _, sent_at, count = self._answers.popleft()
            self.pacer.answered(count, now, self.name, now - sent_at)


def run(pacer: Pacer, start: float, steps: list[float]) -> list[tuple[float, int]]:
    """Send all that is allowed, after each step of time, to a carrier nearby."""
    return Way(pacer).run(start, steps)


def most_in_a_second(sent: list[tuple[float, int]]) -> int:
    best = total = 0
    first = 0
    for at, count in sent:
        total += count
        while sent[first][0] <= at - 1.0:
            total -= sent[first][1]
            first += 1
        best = max(best, total)
    return best


@given(
    tps=st.integers(1, 20_000),
    steps=st.lists(st.floats(0.0005, 0.3), min_size=50, max_size=600),
)
@settings(deadline=None, max_examples=100)
def test_never_more_than_the_grant_in_any_second(tps: int, steps: list[float]) -> None:
    pacer, start = granted(tps)
    assert most_in_a_second(run(pacer, start, steps)) <= tps


@pytest.mark.parametrize(
    ("tps", "step"), [(100, 0.001), (33, 0.0013), (5_000, 0.002), (20_000, 0.004), (7, 0.01)]
)
@pytest.mark.parametrize(("there_s", "back_s"), [(0.0, 0.0), (0.02, 0.05), (1.5, 0.7)])
def test_at_least_98_percent_when_timers_are_a_little_late(
    tps: int, step: float, there_s: float, back_s: float
) -> None:
    pacer, start = granted(tps)
    way = Way(pacer, there_s, back_s)
    way.run(start, list(itertools.repeat(step, int(5 / step))))  # until the round trip is known
    before = sum(count for _, count in way.sent)
    way.run(start + 5, list(itertools.repeat(step, int(10 / step))))
    assert sum(count for _, count in way.sent) - before >= 0.98 * tps * 10


@pytest.mark.parametrize(("way_s", "share"), [(0.0002, 0.995), (0.02, 0.988)])
def test_the_nearer_the_carrier_the_less_is_lost_to_what_is_not_known_of_the_way(
    way_s: float, share: float
) -> None:
    pacer, start = granted(5_000)
    way = Way(pacer, way_s, way_s)
    way.run(start, [0.002] * 2_500)
    sent = sum(count for _, count in way.sent)
    way.run(start + 5, [0.002] * 10_000)
    assert share * 5_000 * 20 <= sum(count for _, count in way.sent) - sent <= (share + 0.004) * 5_000 * 20
    assert most_in_a_second(way.arrived) <= 5_000


@pytest.mark.parametrize("busy_s", [0.03, 0.045])
@pytest.mark.parametrize("tps", [500, 6_000])
def test_a_loop_that_is_busy_now_and_then_costs_no_pace(tps: int, busy_s: float) -> None:
    """Ten times a second it comes late: what was due meanwhile leaves then."""
    pacer, start = granted(tps)
    way = Way(pacer, 0.0005, 0.0005)
    round_s = 0.1 + busy_s
    way.run(start, [*[0.01] * 10, busy_s] * int(5 / round_s))
    sent = sum(count for _, count in way.sent)
    rounds = int(20 / round_s)
    way.run(start + 5, [*[0.01] * 10, busy_s] * rounds)
    assert sum(count for _, count in way.sent) - sent >= 0.98 * tps * rounds * round_s
    assert most_in_a_second(way.sent) <= tps


@pytest.mark.parametrize("most_s", [0.01, 0.1, 0.3])
def test_answers_that_take_now_longer_and_now_shorter_cost_no_pace(most_s: float) -> None:
    chance = random.Random(5)
    pacer, start = granted(1000)
    way = Way(pacer)
    for tick in range(
        240
    ):  # all answers of a spell come at its end, as from an SMSC that answers by the batch
        way.back_s = chance.uniform(0.0, most_s)
        way.run(start + tick / 2, [0.002] * 250)
    late = [count for at, count in way.sent if at >= start + 90]
    assert sum(late) >= 0.98 * 1000 * 30


@given(
    there_s=st.floats(0.0, 0.2),
    stalls=st.lists(st.tuples(st.floats(1.2, 4.0), st.floats(0.005, 0.8)), min_size=1, max_size=6),
)
@example(there_s=0.0, stalls=[(2.0, 0.5), (1.5, 0.5), (1.5, 0.5), (1.5, 0.5), (1.5, 0.75), (2.0, 0.5)])
@settings(deadline=None, max_examples=60)
def test_what_was_held_up_on_its_way_does_not_arrive_on_top(
    there_s: float, stalls: list[tuple[float, float]]
) -> None:
    """A stalled process, a full socket, a packet sent again: it arrives late, and the next not earlier for it."""
    pacer, now = granted(2000)
    way = Way(pacer, there_s)
    for pause_s, stall_s in stalls:
        way.run(now, [0.002] * int(pause_s / 0.002))
        now += pause_s
        way.stalled_until = now + there_s + stall_s
    way.run(now, [0.002] * 1500)
    assert most_in_a_second(way.arrived) <= 2000


def test_a_slow_first_answer_is_forgotten() -> None:
    pacer, now = granted(1000)
    way = Way(pacer, there_s=0.01, back_s=1.5)
    way.run(now, [0.002] * 500)
    way.back_s = 0.01
    way.run(now + 1, [0.002] * 6000)
    way.stalled_until = now + 13.5
    way.run(now + 13, [0.002] * 1500)
    late = [each for each in way.arrived if each[0] > now + 12]
    assert most_in_a_second(late) <= 1000


def test_nothing_more_while_a_second_is_unanswered() -> None:
    pacer, start = granted(100)
    way = Way(pacer, back_s=1e9)
    way.run(start, [0.01] * 190)
    assert sum(count for _, count in way.sent) == 100
    assert pacer.next_at(start + 1.9) > start + 1.9
    pacer.lost(100, start + 1.9, "")  # the link is gone
    assert pacer.allowance(start + 2.8) == 0
    assert pacer.allowance(start + 3.0) > 0


def test_a_carrier_that_falls_silent_on_all_links_has_no_more_than_a_second_to_read_when_it_wakes_up() -> (
    None
):
    pacer, start = granted(100)
    ways = [Way(pacer, name="one"), Way(pacer, name="other")]
    now = start
    for tick in range(1000):
        now += 0.01
        if tick == 300:
            for way in ways:
                way.stalled_until = start + 9.0
        ways[tick % 2].run(now, [0.0])
        ways[1 - tick % 2].hear(now)
    assert most_in_a_second(sorted(ways[0].arrived + ways[1].arrived)) <= 100
    assert sum(count for way in ways for at, count in way.arrived if at > start + 8.9) == 100


def silent_and_well(pacer: Pacer, start: float, steps: int) -> tuple[Way, Way]:
    """Two links of one carrier, and one that falls silent after half a second with so many steps' segments."""
    silent, well = Way(pacer, name="silent"), Way(pacer, name="well")
    silent.run(start, [0.01] * 50)
    silent.back_s = 1e9
    silent.run(start + 0.5, [0.01] * steps)
    well.run(start + 1.0, [0.01] * 800)
    return silent, well


def test_a_silent_link_keeps_the_places_of_the_others_for_a_moment_only() -> None:
    """Many: a quarter of the TPS stays kept for them."""
    pacer, start = granted(100)
    silent, well = silent_and_well(pacer, start, 50)
    held = silent.unanswered
    assert held >= 45
    until = start + 5.0
    assert sum(count for at, count in well.sent if at > until) >= 0.98 * 75 * 4
    pacer.answered(held, start + 9.0, "silent")  # it comes back, and what it held counts now
    well.run(start + 9.0, [0.01] * 90)
    assert sum(count for at, count in well.sent if at > start + 9.0) <= 100 - held


@pytest.mark.parametrize("given_up", [True, False])
def test_what_a_silent_link_holds_may_be_read_at_any_moment(given_up: bool) -> None:
    pacer, start = granted(100)
    silent, well = silent_and_well(pacer, start, 10)
    held = silent.unanswered
    assert held >= 8
    now = start + 9.0
    if given_up:
        pacer.lost(held, now, "silent")
        pacer.closed(now, "silent")
    well.run(now, [0.01] * 1200)
    late = [each for each in well.sent if each[0] > start + 2.0]
    assert most_in_a_second(late) <= 100 - held
    assert sum(count for _, count in late) >= 0.98 * (100 - held) * 18
    well.run(start + 21.0, [0.01] * 1000)
    after = sum(count for at, count in well.sent if at > start + 26.0)
    assert after >= 0.98 * (100 if given_up else 100 - held) * 5  # what was given up long ago is forgotten


def test_a_probe_of_a_link_that_stays_silent_is_a_stray_too() -> None:
    pacer, start = granted(100)
    silent, well = Way(pacer, name="silent"), Way(pacer, back_s=1e9, name="well")
    silent.stalled_until = start + 1e9
    silent.run(start, [0.01] * 10)
    held = silent.unanswered
    pacer.lost(held, start + 2.0, "silent")
    pacer.take(1, start + 2.0, "silent")
    pacer.lost(1, start + 2.1, "silent")
    pacer.closed(start + 2.1, "silent")
    well.run(start + 4.0, [0.01] * 200)
    assert sum(count for _, count in well.sent) == 100 - held - 1


def test_what_was_lost_on_a_link_that_answers_again_has_arrived() -> None:
    pacer, start = granted(100)
    silent, well = silent_and_well(pacer, start, 10)
    held = silent.unanswered
    pacer.lost(held, start + 9.0, "silent")
    well.run(start + 9.0, [0.01] * 100)
    pacer.heard(start + 10.0, "silent")
    well.run(start + 10.0, [0.01] * 400)
    assert sum(count for at, count in well.sent if start + 10.0 < at <= start + 10.99) <= 100 - held
    assert sum(count for at, count in well.sent if at > start + 12.0) >= 0.98 * 100 * 2


def test_no_burst_at_the_start() -> None:
    pacer, start = granted(1000)
    assert pacer.allowance(start) <= 20


def test_a_higher_grant_waits_a_window_a_lower_one_does_not() -> None:
    pacer, now = granted(100)
    pacer.allowance(now)
    assert pacer.grant == 100
    pacer.set_grant(200, now)
    pacer.allowance(now + GRANT_WAIT_S / 2)
    assert pacer.grant == 100
    pacer.set_grant(200, now + 1.0)  # said again by the next heartbeat: the wait does not begin anew
    pacer.allowance(now + GRANT_WAIT_S)
    assert pacer.grant == 200
    pacer.set_grant(50, now + GRANT_WAIT_S)
    assert pacer.grant == 50


@pytest.mark.parametrize(
    ("wishes", "in_force"),
    [
        pytest.param({0: 300, 5: 200}, {11: 200}, id="a lowered one keeps its time"),
        pytest.param(
            {0: 200, 5: 300, 10: 400}, {11: 200, 16: 300, 21: 400}, id="each step has a window of its own"
        ),
        pytest.param(
            {0: 200, 3: 300, 6: 400, 9: 250}, {11: 200, 14: 250}, id="the steps below a lowered one stay"
        ),
    ],
)
def test_when_higher_wishes_are_in_force(wishes: dict[int, int], in_force: dict[int, int]) -> None:
    """Ticks of a tenth of a second; GRANT_WAIT_S is 11."""
    pacer, now = granted(100)
    grants = []
    for tick in range(62):
        if tick in wishes:
            pacer.set_grant(wishes[tick], now + tick / 10)
        pacer.allowance(now + tick / 10 + 0.001)
        grants.append(pacer.grant)
    assert grants[0] == 100
    assert {tick: tps for tick, tps in enumerate(grants) if tick and tps != grants[tick - 1]} == in_force


def test_what_is_about_to_be_in_force_is_lowered_too() -> None:
    """A share is given away: a raise that falls due before we know that it was must not use it."""
    pacer, now = granted(100)
    pacer.allowance(now)
    pacer.set_grant(300, now)
    pacer.lower(200, now + 1.0)
    pacer.allowance(now + GRANT_WAIT_S)
    assert pacer.grant == 200
    pacer.lower(250, now + GRANT_WAIT_S)
    assert pacer.grant == 200
    pacer.lower(150, now + GRANT_WAIT_S)
    assert pacer.grant == 150


def test_late_answers_on_one_link_tell_nothing_of_another() -> None:
    pacer, start = granted(100)
    silent, well = silent_and_well(pacer, start, 20)
    held = silent.unanswered
    pacer.lost(held, start + 9.0, "silent")
    pacer.closed(start + 9.0, "silent")
    pacer.heard(start + 9.1, "well")
    well.run(start + 9.1, [0.01] * 800)
    assert most_in_a_second([each for each in well.sent if each[0] > start + 2.0]) <= 100 - held


def test_a_link_that_is_bound_again_does_not_wait_for_one_that_holds_all_places() -> None:
    pacer, start = granted(100)
    silent, well = Way(pacer, back_s=1e9, name="silent"), Way(pacer, name="well")
    silent.run(start, [0.01] * 150)
    assert silent.unanswered == 100
    pacer.heard(start + 3.0, "well")  # the bind
    well.run(start + 3.0, [0.01] * 300)
    assert sum(count for _, count in well.sent) >= 0.9 * 75 * 2


@pytest.mark.parametrize("frozen_s", [5.0, 15.0, 30.0, 70.0])
def test_the_first_answer_after_a_long_silence_is_no_round_trip_to_go_by(frozen_s: float) -> None:
    pacer, start = granted(1000)
    way = Way(pacer)
    way.run(start, [0.002] * 1000)
    way.stalled_until = start + 2.0 + frozen_s
    way.run(start + 2.0, [0.01] * int(100 * frozen_s))
    way.run(start + 2.0 + frozen_s, [0.002] * 2000)
    assert most_in_a_second(way.arrived) <= 1000


def test_an_smsc_that_wakes_up_reads_what_was_lost_before_it_answers_it() -> None:
    """Of a second's worth all places are kept, not a quarter."""
    pacer, start = granted(1000)
    way = Way(pacer)
    way.run(start, [0.002] * 1000)
    way.stalled_until = start + 60.0
    way.run(start + 2.0, [0.002] * 1000)
    held = way.unanswered
    assert held >= 980
    pacer.lost(held, start + 40.0, way.name)
    awake = start + 60.0
    pacer.heard(awake, way.name)
    other = Way(pacer, name="other")
    other.run(awake, [0.002] * 2000)
    assert most_in_a_second([(awake, held), *other.arrived]) <= 1000


def test_after_a_habit_of_late_answers_stalls_count_again() -> None:
    chance = random.Random(7)
    pacer, start = granted(1000)
    way = Way(pacer)
    for tick in range(80):
        way.back_s = chance.uniform(0.0, 0.3)
        way.run(start + tick / 2, [0.002] * 250)
    way.back_s = 0.005
    now = start + 40.0
    way.run(now, [0.002] * 20_000)  # what answers do for half a minute and more is what they do
    now += 40.0
    before = len(way.arrived)
    for _ in range(5):
        way.stalled_until = now + 0.45
        way.run(now, [0.002] * 2000)
        now += 4.0
    assert most_in_a_second(way.arrived[before:]) <= 1000


def not_reading(pacer: Pacer, start: float) -> Way:
    """To a carrier that reads nothing from 2 to 7 s after the start; it is 3 s after it now."""
    way = Way(pacer)
    way.run(start, [0.01] * 200)
    way.stalled_until = start + 7.0
    way.run(start + 2.0, [0.01] * 100)
    return way


def test_a_higher_grant_waits_until_the_carrier_reads() -> None:
    """Who had it before was killed, and what it sent is yet to be read as well."""
    pacer, start = granted(100)
    way = not_reading(pacer, start)
    pacer.set_grant(200, start + 3.0)
    way.run(start + 3.0, [0.01] * 400)
    assert pacer.grant == 100
    way.run(start + 7.0, [0.01] * 105)
    assert pacer.grant == 100
    way.run(start + 8.05, [0.01] * 10)
    assert pacer.grant == 200


def test_all_steps_of_a_rising_grant_wait_until_the_carrier_reads() -> None:
    pacer, start = granted(100)
    way = not_reading(pacer, start)
    pacer.set_grant(200, start + 3.0)
    pacer.set_grant(300, start + 5.0)
    way.run(start + 3.0, [0.01] * 400)
    way.run(start + 7.0, [0.01] * 105)
    assert pacer.grant == 100
    way.run(start + 8.05, [0.01] * 10)
    assert pacer.grant == 300


def test_a_higher_grant_does_not_wait_for_answers_that_will_never_come() -> None:
    pacer, start = granted(100)
    way = Way(pacer, back_s=1e9)
    way.run(start, [0.01] * 30)
    pacer.set_grant(200, start + 0.35)
    pacer.lost(way.unanswered, start + 0.4, way.name)  # cut, and with nothing to send since
    pacer.set_grant(200, start + 1.0)
    pacer.allowance(start + 1.0 + GRANT_WAIT_S)
    assert pacer.grant == 200


def test_who_has_no_grant_does_not_wait_for_an_answer() -> None:
    pacer, start = granted(100)
    way = Way(pacer, back_s=1e9)
    way.run(start, [0.01] * 50)
    pacer.set_grant(0, start + 1.0)
    pacer.set_grant(100, start + 3.0)
    pacer.allowance(start + 3.0 + GRANT_WAIT_S)
    assert pacer.grant == 100


def test_lowering_counts_what_was_sent_before() -> None:
    pacer, now = granted(100)
    sent = run(pacer, now, [0.01] * 100)
    assert sum(count for _, count in sent) > 90
    pacer.set_grant(50, now + 1.0)
    assert pacer.allowance(now + 1.0) == 0


def test_nothing_without_a_grant() -> None:
    pacer = Pacer()
    assert pacer.allowance(5.0) == 0
    assert pacer.next_at(5.0) > 5.0


def test_throttling_slows_down_and_recovers() -> None:
    pacer, now = granted(1000)
    pacer.allowance(now)
    pacer.throttled(now)
    pacer.throttled(now + 0.1)  # the same moment of congestion
    assert pacer.factor == pytest.approx(0.8)
    pacer.throttled(now + 0.7)
    assert pacer.factor == pytest.approx((0.8 + 0.7 * 0.05) * 0.8)
    slow = sum(count for _, count in run(pacer, now + 0.7, [0.01] * 100))
    assert slow <= 690
    run(pacer, now + 1.7, [0.1] * 100)
    assert pacer.factor == 1.0


def test_a_carrier_that_refuses_one_in_a_thousand_for_ever_keeps_nearly_all_of_its_pace() -> None:
    pacer, now = granted(1000)
    for tick in range(3000):
        pacer.throttled(now + tick / 10, share=0.001)
    assert pacer.factor > 0.98
    for tick in range(3000):
        pacer.throttled(now + 300 + tick / 10, share=0.5)
    assert pacer.factor < 0.15


@given(tps=st.integers(1, 5000), wait=st.floats(0, 2))
def test_next_at_is_when_something_may_leave(tps: int, wait: float) -> None:
    pacer, now = granted(tps)
    now += wait
    for _ in range(2000):
        count = pacer.allowance(now)
        if not count:
            break
        pacer.take(count, now)
        pacer.answered(count, now, None, 0.0)
    later = pacer.next_at(now)
    assert later > now
    for _ in range(3):  # a rounding error may want one more look
        if pacer.allowance(later):
            return
        later = pacer.next_at(later)
    raise AssertionError("nothing may leave at the time that next_at gave")


@pytest.mark.parametrize("segments", [1, 3, 5, 20])
@pytest.mark.parametrize("tps", [1, 3, 7, 100, 250, 499, 507, 1_500, 3_000, 20_000])
def test_whole_messages_at_once_cost_no_pace(tps: int, segments: int) -> None:
    """Woken when the pacer says, and no sooner: few wakings, nearly all of the pace, and never more than it."""
    pacer, start = granted(tps)
    sent: list[tuple[float, int]] = []
    wakings = 0
    now = start
    while now < start + 15:
        now = max(pacer.next_at(now, pacer.quantum(segments)), now) + 0.0003  # a timer is a little late
        wakings += 1
        allowed = pacer.allowance(now)
        quantum = pacer.quantum(segments)
        count = allowed if quantum < segments else allowed // segments * segments
        if allowed >= quantum and count:
            pacer.take(count, now)
            pacer.answered(count, now, None, 0.0)
            sent.append((now, count))
    assert most_in_a_second(sent) <= tps
    late = sum(count for at, count in sent if at >= start + 5)
    assert late >= 0.98 * tps * 10 - max(2, segments)  # whole ones, by the edges of ten seconds
    assert wakings <= 15 * 260


@pytest.mark.parametrize("wait", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("tps", [200, 1000, 12000])
def test_next_at_is_when_a_quantum_may_leave(tps: int, wait: float) -> None:
    pacer, start = granted(tps)
    pacer.allowance(start)  # brings the grant into force
    now = start + wait
    pacer.take(pacer.allowance(now), now)
    quantum = pacer.quantum(5)
    due = pacer.next_at(now, quantum)
    assert pacer.allowance(due - 0.0006) < quantum <= pacer.allowance(due + 1e-6)


@given(tps=st.integers(1, 40_000), segments=st.integers(1, 255), throttled=st.integers(0, 12))
def test_a_quantum_fits_into_the_bucket(tps: int, segments: int, throttled: int) -> None:
    """Else it would be waited for without end."""
    pacer, now = granted(tps)
    for turn in range(throttled):
        pacer.throttled(now + turn)
    now += throttled
    pacer.allowance(now)
    assert pacer.allowance(now + 1.0) >= pacer.quantum(segments)
