"""How a worker's links stand together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.engine.linked import linked, unlinked

STATES = ("connecting", "binding", "bound", "backing_off", "refused:ESME_RINVPASWD")


@pytest.mark.parametrize(
    ("links", "why", "words"),
    [
        ({}, None, "holds no bind: others do"),
        ({"viettel": ["bound", "bound"]}, None, "2 of 2 links bound"),
        ({"viettel": ["bound"], "mobifone": ["refused"]}, None, "1 of 2 links bound; mobifone 1 refused"),
        (
            {"viettel": ["backing_off", "backing_off"], "mobifone": ["refused:ESME_RINVPASWD"]},
            "no link is bound: mobifone 1 refused:ESME_RINVPASWD, viettel 2 backing_off",
            "0 of 3 links bound",
        ),
    ],
)
def test_words(links: dict[str, list[str]], why: str | None, words: str) -> None:
    assert unlinked(links) == why
    assert linked(links) == words


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.sampled_from(STATES), min_size=1)))
def test_one_bound_link_is_enough_and_none_is_not(links: dict[str, list[str]]) -> None:
    bound = sum(states.count("bound") for states in links.values())
    assert (unlinked(links) is None) is (bound > 0 or not links)
    if links:
        assert linked(links).startswith(f"{bound} of ")
