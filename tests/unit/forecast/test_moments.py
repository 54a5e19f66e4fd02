"""When a share will have been sent to, and will have it: over carriers, with a canary, and where nobody knows."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcast.campaign.precedence import Claim
from broadcast.forecast.delays import Delays
from broadcast.forecast.flow import Flow
from broadcast.forecast.moments import (
    NEVER,
    Canary,
    Lane,
    Moments,
    delivered_moments,
    look_ahead,
    sent_moments,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FAST = Lane(8000, 800, Flow(8000, Claim((1, -5))), delays=Delays(100, {2: 100}))
SLOW = Lane(2000, 50, Flow(2000, Claim((1, -5))), delays=Delays(100, {60: 50}))


def after(at: datetime | None) -> float:
    assert at is not None
    return (at - NOW).total_seconds()


def test_of_two_carriers_together() -> None:
    found = sent_moments(look_ahead({"fast": FAST, "slow": SLOW}).values(), NOW)
    assert after(found.half) == pytest.approx(5000 / 850, rel=1e-4)
    assert after(found.ninety) == pytest.approx(20, rel=1e-4)  # the fast one is done by 10 s
    assert after(found.last) == pytest.approx(40)


def test_delivered_counts_those_who_will_have_it() -> None:
    seen = look_ahead({"fast": FAST, "slow": SLOW})
    found = delivered_moments(seen.values(), NOW)
    # 8,000 and 1,000: nine tenths are the first carrier's and a tenth of the second's 1,000
    assert after(found.half) == pytest.approx(4500 / 800 + 2.5, rel=1e-3)
    assert after(found.ninety) == pytest.approx(60 + 4, rel=0.05)
    assert found.last is None


def test_nobody_knows_of_a_carrier_without_history() -> None:
    seen = look_ahead({"new": replace(FAST, delays=None)})
    assert delivered_moments(seen.values(), NOW) == NEVER
    assert sent_moments(seen.values(), NOW) != NEVER
    assert sent_moments([], NOW) == NEVER


def test_what_was_never_delivered_anywhere_will_not_be() -> None:
    seen = look_ahead({"dead": replace(FAST, delays=Delays(100, {}))})
    assert delivered_moments(seen.values(), NOW) == NEVER


def test_a_canary_waits_for_the_slowest_carriers_share() -> None:
    found = look_ahead({"fast": FAST, "slow": SLOW}, Canary(10, 30))
    # a tenth at the slow one: 4 s, then 30 s
    assert found["fast"].sent.end_s == pytest.approx(34 + 9)
    assert float(found["fast"].sent.by(30)) == pytest.approx(800)
    assert found["slow"].sent.whole == pytest.approx(2000)


def test_others_are_not_counted() -> None:
    lane = replace(FAST, others=(Flow(4000, Claim((1, -9))), Flow(100, Claim((1, -1)))))
    found = look_ahead({"fast": lane})["fast"]
    assert found.sent.end_s == pytest.approx(15)
    assert found.sent.whole == 8000


def test_one_that_expires_before_its_time_never_ends_later() -> None:
    lane = Lane(100, 1, Flow(100, Claim((1, -5)), until_s=50), others=(Flow(math.inf, Claim((1, -9))),))
    assert sent_moments(look_ahead({"never": lane}).values(), NOW) == NEVER


def test_moments_are_kept_as_json() -> None:
    found = Moments(NOW, None, NOW + timedelta(seconds=1.5), None)
    assert Moments.read(found.document()) == found


def test_who_is_held_is_sent_to_from_their_moment_on() -> None:
    held = replace(FAST, later=((3600.0, 0.25), (7200.0, 0.25)))
    found = sent_moments(look_ahead({"fast": held}).values(), NOW)
    assert after(found.half) == pytest.approx(5, rel=1e-4)
    assert after(found.ninety) == pytest.approx(7200 + 0.15 * 8000 / 800, rel=1e-4)
    assert after(found.last) == pytest.approx(7202.5, rel=1e-4)
    everybody = replace(FAST, later=((3600.0, 1.0),))
    assert after(sent_moments(look_ahead({"fast": everybody}).values(), NOW).last) == pytest.approx(3610)


def test_a_canarys_wait_is_for_who_is_not_held() -> None:
    held = replace(FAST, later=((3600.0, 0.5),))
    found = sent_moments(look_ahead({"fast": held}, Canary(10, 600)).values(), NOW)
    assert after(found.half) == pytest.approx(600.5 + 3600 / 800, rel=1e-3)
    assert after(found.last) == pytest.approx(3605, rel=1e-3)
