"""Why a lane sends less than it was granted: one word a second, and none while all is as it should be."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.engine.paused import Look, Waiting, lost_share, reason
from broadcast.monitor.catalogue import METRICS

HEALTHY = Look(
    waiting=Waiting(running=1000), grant=100, sent_tps=99.0, holds=True, may=True, troubled=False, can_submit=True,
    sending=True, quiet=False, throttled=False, full=False, stocked=True, cleared=True,
)  # fmt: skip
SICK = {
    "paused": {"waiting": Waiting(paused=10), "sending": False, "stocked": False},
    "database": {"troubled": True},
    "no_link": {"can_submit": False},
    "no_grant": {"grant": 0},
    "quiet": {"sending": False, "quiet": True, "stocked": False},
    "first_share": {"waiting": Waiting(running=10, held=10), "stocked": False},
    "no_slices": {"waiting": Waiting(running=10, held=3), "stocked": False},
    "throttled": {"throttled": True, "full": True},
    "window_full": {"full": True},
    "other": {},
}
LOOKS = st.builds(
    Look,
    st.builds(Waiting, *[st.integers(0, 5)] * 3),
    st.integers(0, 9),
    st.floats(0, 20),
    *[st.booleans()] * 10,
)


@pytest.mark.parametrize(("why", "how"), SICK.items())
def test_each_reason(why: str, how: dict[str, object]) -> None:
    look = replace(HEALTHY, sent_tps=0.0, **how)  # type: ignore[arg-type]
    assert (lost_share(look), reason(look)) == (1.0, why)
    assert why in METRICS["broadcast_paused_seconds_total"].meaning


def test_intents_that_are_not_committed_are_the_databases() -> None:
    assert reason(replace(HEALTHY, cleared=False)) == "database"


def test_a_lost_lease_is_the_databases_too() -> None:
    assert reason(replace(HEALTHY, may=False, can_submit=False)) == "database"


def test_nothing_is_lost_where_nobody_waits_or_it_is_as_it_should_be() -> None:
    assert lost_share(HEALTHY) == 0.0
    assert lost_share(replace(HEALTHY, waiting=Waiting(), sent_tps=0.0)) == 0.0
    assert lost_share(replace(HEALTHY, holds=False, grant=0, sent_tps=0.0)) == 0.0  # another has the slots


def test_what_was_used_is_not_lost() -> None:
    assert lost_share(replace(HEALTHY, sent_tps=25.0)) == 0.75


@given(LOOKS)
def test_any_look_has_a_word_of_the_table_and_a_share(look: Look) -> None:
    assert 0.0 <= lost_share(look) <= 1.0
    assert reason(look) in SICK
