"""Whose turn it is: by share, within a message of the ideal, with nothing unused and nobody starved."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.campaign.precedence import Claim, shares
from broadcast.engine.turns import Turns
from broadcast.ids import CampaignId

HIGH, LOW = (1, -7), (1, -1)
A, B, C = CampaignId(1), CampaignId(2), CampaignId(3)

Asked = dict[CampaignId, tuple[Claim, int]]

ASKED = st.lists(
    st.tuples(
        st.builds(Claim, st.just(HIGH) | st.just(LOW), st.integers(1, 20), st.integers(0, 50)),
        st.integers(1, 10),
    ),
    min_size=2,
    max_size=5,
).map(lambda each: {CampaignId(place): one for place, one in enumerate(each, 1)})


def claimed(asked: Asked) -> Turns:
    turns = Turns()
    turns.claim({each: claim for each, (claim, _) in asked.items()})
    return turns


def sends(turns: Turns, ready: dict[CampaignId, int], count: int) -> list[CampaignId]:
    """So many messages of who are ready, one after the other."""
    found = []
    for _ in range(count):
        chosen = turns.next(ready)
        assert chosen is not None
        turns.sent(chosen, ready[chosen])
        found.append(chosen)
    return found


def test_equals_take_turns_message_by_message() -> None:
    turns = claimed({A: (Claim(HIGH), 1), B: (Claim(HIGH), 1)})
    found = sends(turns, {A: 1, B: 1}, 10)
    assert found in ([A, B] * 5, [B, A] * 5)


@settings(deadline=None, max_examples=50)
@given(ASKED, st.integers(1, 400))
def test_each_is_within_a_message_of_its_share_at_any_moment(asked: Asked, count: int) -> None:
    turns = claimed(asked)
    ready = {each: size for each, (_, size) in asked.items()}
    ideal = dict(zip(asked, shares(tuple(claim for claim, _ in asked.values())), strict=True))
    largest, total = max(ready.values()), 0
    sent: Counter[CampaignId] = Counter()
    for chosen in sends(turns, ready, count):
        sent[chosen] += ready[chosen]
        total += ready[chosen]
        for each, share in ideal.items():
            assert abs(sent[each] - float(share) * total) <= largest + 1e-6


@settings(deadline=None, max_examples=50)
@given(ASKED, st.data())
def test_equals_use_what_others_leave_and_nobody_with_a_share_is_starved(
    asked: Asked, data: st.DataObject
) -> None:
    """Who is ready changes all the time."""
    turns = claimed(asked)
    first = min(claim.rank for claim, _ in asked.values())
    equal = [each for each, (claim, _) in asked.items() if claim.rank == first]
    for _ in range(40):
        names = data.draw(st.lists(st.sampled_from(sorted(asked)), min_size=1, unique=True))
        chosen = turns.next({each: asked[each][1] for each in names})
        if set(names) & set(equal):
            assert chosen is not None
        if chosen is not None:
            assert turns.share(chosen) > 0
            turns.sent(chosen, asked[chosen][1])
    having = [each for each in asked if turns.share(each)]
    ready = {each: asked[each][1] for each in having}
    most = 8 * max(ready.values()) / min(turns.share(each) for each in having)
    went, heard = 0, set[CampaignId]()
    while heard != set(having):
        chosen = turns.next(ready)
        assert chosen is not None
        turns.sent(chosen, ready[chosen])
        went += ready[chosen]
        heard.add(chosen)
        assert went <= most


def test_a_lower_one_has_what_it_reserved_and_no_more() -> None:
    """However long the higher one has nothing ready: that waits for its commit, and needs the pace then."""
    turns = claimed({A: (Claim(HIGH), 1), B: (Claim(LOW, 1, 20), 1)})
    assert Counter(sends(turns, {A: 1, B: 1}, 100)) == {A: 80, B: 20}
    ahead = 0
    while turns.next({B: 1}) == B:
        turns.sent(B, 1)
        ahead += 1
    assert ahead <= 1
    assert turns.next({A: 1, B: 1}) == A


def test_who_had_nothing_ready_catches_up_a_little_and_not_for_minutes() -> None:
    turns = claimed({A: (Claim(HIGH), 1), B: (Claim(HIGH), 1)})
    sends(turns, {A: 1}, 1000)
    found = sends(turns, {A: 1, B: 1}, 100)
    assert 50 <= found.count(B) <= 60


def test_who_gives_way_is_never_next() -> None:
    turns = claimed({A: (Claim(HIGH), 1), B: (Claim(LOW), 1)})
    assert turns.next({B: 1}) is None
    assert (turns.share(A), turns.share(B), turns.share(C)) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("first", [A, B])
def test_those_that_stay_go_on_when_one_is_through(first: CampaignId) -> None:
    """What it was owed, or owed, is nobody's."""
    turns = claimed({A: (Claim(HIGH, 5), 1), B: (Claim(HIGH), 10), C: (Claim(HIGH), 1)})
    sends(turns, {first: 10}, 7)
    turns.claim({B: Claim(HIGH), C: Claim(HIGH)})
    found = Counter(sends(turns, {B: 1, C: 1}, 200))
    assert abs(found[B] - found[C]) <= 80
