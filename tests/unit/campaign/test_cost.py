"""What is said of a text's cost is what it would cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.campaign.texts import JOINS

from broadcast.campaign.alphabets import choose_alphabet
from broadcast.campaign.cost import cost
from broadcast.campaign.plain import plain_text
from broadcast.campaign.text import compose, normalise
from broadcast.config import Bind, Carrier, Config, Smpp, Wording
from broadcast.errors import InputError

GOV = Wording(official_domains=("gov.vn",))


def carrier(**smpp: object) -> Carrier:
    return Carrier(tps=1, binds=(Bind("smsc.example", 2775, "moh"),), smpp=Smpp(**smpp))


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("", (0, 160, 0)),
        ("a" * 160, (160, 0, 1)),
        ("a" * 161, (161, 145, 2)),
        ("a€", (3, 157, 1)),
        ("đ" * 70, (70, 0, 1)),
        ("đ" * 71, (71, 63, 2)),
        ("đ" * 66 + "😷", (68, 2, 1)),
    ],
)
def test_units_that_are_used_and_left(text: str, figures: tuple[int, int, int]) -> None:
    (way,) = cost(text, {}, GOV).ways
    assert (way.units, way.left, way.segments) == figures
    assert way.carriers == ()


def test_carriers_that_write_it_alike_are_one_and_the_dearest_is_first() -> None:
    carriers = {
        "a": carrier(), "b": carrier(national_shift="turkish"), "c": carrier(), "d": carrier(default_alphabet="latin1"),
    }  # fmt: skip
    found = cost("ğ" * 75, carriers, GOV)
    assert [(way.carriers, way.shift, way.segments, way.left) for way in found.ways] == [
        (("a", "c", "d"), "none", 2, 59),
        (("b",), "turkish", 1, 5),
    ]
    assert found.dear == (("ğ", 75),)
    assert found.plain_segments == 1


def test_a_carrier_that_cannot_write_it() -> None:
    found = cost("Δ", {"a": carrier(), "b": carrier(default_alphabet="ascii")}, GOV)
    assert [(way.carriers, way.problem is None) for way in found.ways] == [(("b",), False), (("a",), True)]
    assert "U+0394" in str(found.ways[0].problem)


def test_what_makes_it_dear_and_what_plain_letters_would_save() -> None:
    found = cost("đặ" * 40 + "đ", {}, GOV)
    assert found.dear == (("đ", 41), ("ặ", 40))
    assert (found.ways[0].segments, found.plain_segments, found.plain_problem) == (2, 1, None)
    chinese = cost("注", {}, GOV)
    assert chinese.plain_segments is None
    assert "U+6CE8" in str(chinese.plain_problem)
    assert cost("plain", {}, GOV).plain_segments is None


def test_all_that_would_refuse_it() -> None:
    found = cost("a\x00b evil.com \u202e", {}, GOV)
    assert len(found.refusals) == 3
    for refusal, part in zip(found.refusals, ("U+0000", "U+202E", "evil.com"), strict=True):
        assert part in refusal
    assert cost("moh.gov.vn", {}, GOV).refusals == ()


@given(st.text(max_size=200), st.sampled_from(JOINS))
def test_what_is_left_is_left(text: str, join: str) -> None:
    text = normalise(text)
    smpp = carrier(concatenation=join)
    try:
        message = compose(text, choose_alphabet(text), join, "gsm0338", 0)
    except InputError:
        return
    (way,) = cost(text, {"a": smpp}, GOV).ways
    assert (way.units, way.segments) == (message.units, message.air_segments)

    def longer(count: int) -> int:
        return compose(text + "x" * count, way.alphabet, join, "gsm0338", 0).air_segments

    assert longer(way.left) == way.segments
    assert longer(way.left + 1) == way.segments + 1


@given(st.text(alphabet="aàảãđĐêệ €ư", max_size=300))
def test_plain_letters_cost_what_they_would(text: str) -> None:
    text = normalise(text)
    found = cost(text, {}, GOV)
    if found.plain_segments:
        assert found.plain_segments == cost(plain_text(text).text, {}, GOV).ways[0].segments


def test_the_longest_text() -> None:
    (way,) = cost("a" * 153 * 255, {}, GOV).ways
    assert (way.segments, way.left) == (255, 0)
    (over,) = cost("a" * (153 * 255 + 1), {}, GOV).ways
    assert "at most 255" in str(over.problem)


def test_every_connected_carrier(config: Config) -> None:
    (way,) = cost("a", config.carriers, GOV).ways
    assert way.carriers == tuple(sorted(config.carriers))
