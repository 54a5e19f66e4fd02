"""Fates: repeatable, in the shares that were asked for."""

from dataclasses import replace

from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.personality import Personality

MIXED = Personality(
    "x", "x", seed=7, refused_share=0.05, temporary_share=0.04, undeliverable_share=0.03,
    expired_share=0.02, rejected_share=0.01, unreported_share=0.1,
)  # fmt: skip
MSISDNS = [b"849%08d" % number for number in range(100_000)]


def test_shares() -> None:
    fates = Fates(MIXED)
    column = fates.column(fates.places(MSISDNS))
    wanted = {"REFUSED": 5000, "TEMPORARY": 4000, "UNDELIVERABLE": 3000, "EXPIRED": 2000, "REJECTED": 1000,
              "UNREPORTED": 10000, "DELIVERED": 75000}  # fmt: skip
    for name, number in wanted.items():
        assert abs(column.count(Fate[name]) - number) < 0.1 * number


def test_the_column_says_the_same_as_each_alone() -> None:
    fates = Fates(MIXED)
    some = MSISDNS[:2000]
    assert list(fates.column(fates.places(some))) == [fates.of(msisdn) for msisdn in some]


def test_errors_at_submit_are_below_their_bound() -> None:
    fates = Fates(MIXED)
    for msisdn, place in zip(MSISDNS[:2000], fates.places(MSISDNS[:2000]), strict=True):
        at_submit = fates.of(msisdn) in (Fate.REFUSED, Fate.TEMPORARY)
        assert (place < fates.answered_with_error) == at_submit


def test_runs_repeat_and_seeds_differ() -> None:
    half = {"undeliverable_share": 0.5}
    first, again, other = (Fates(Personality("x", "x", seed=seed, **half)) for seed in (1, 1, 2))
    of = [[fates.of(msisdn) for msisdn in MSISDNS[:200]] for fates in (first, again, other)]
    assert of[0] == of[1] != of[2]


def test_any_share_is_drawn_person_by_person_and_by_the_seed() -> None:
    numbers = [b"849%08d" % number for number in range(10_000)]
    found = {}
    for seed in (1, 2, 3):
        fates = Fates(
            Personality("x", "x", seed=seed, undeliverable_share=0.5, expired_share=0.1, rejected_share=0.1)
        )
        column = fates.column(fates.places(numbers))
        found[seed] = column
        assert 4800 < column.count(Fate.UNDELIVERABLE) < 5200
        assert column == bytes(fates.of(number) for number in numbers)
    for one, other in ((1, 2), (2, 3), (1, 3)):  # half of the half of one seed are of the half of another
        pairs = zip(found[one], found[other], strict=True)
        assert 2300 < sum(pair == (Fate.UNDELIVERABLE, Fate.UNDELIVERABLE) for pair in pairs) < 2700


def test_segments_may_differ() -> None:
    like = Personality("x", "x", expired_share=0.1, segment_undeliverable_share=0.2)
    fates, numbers = Fates(like), [b"849%08d" % number for number in range(10_000)]
    places = fates.places(numbers)
    plain = Fates(replace(like, segment_undeliverable_share=0.0)).column(places)
    segments = [fates.column(places, number) for number in range(1, 6)]
    assert segments == [fates.column(places, number) for number in range(1, 6)]
    for column in segments:
        assert all(now in (before, Fate.UNDELIVERABLE) for before, now in zip(plain, column, strict=True))
        assert column.count(Fate.EXPIRED) == plain.count(Fate.EXPIRED)
        assert 1650 < column.count(Fate.UNDELIVERABLE) < 1950  # a fifth of nine tenths
    spoilt = [sum(column[index] == Fate.UNDELIVERABLE for column in segments) for index in range(10_000)]
    for count, share in (
        (0, 0.8**5),
        (1, 5 * 0.2 * 0.8**4),
        (2, 10 * 0.2**2 * 0.8**3),
    ):  # as if each were drawn alone
        assert abs(spoilt.count(count) - (9000 * share + 1000 * (count == 0))) < 300


def test_without_shares_all_is_delivered() -> None:
    fates = Fates(Personality("x", "x"))
    assert fates.column(fates.places(MSISDNS[:100])) == bytes([Fate.DELIVERED]) * 100
    assert fates.column([]) == b""


def test_everybody_refused() -> None:
    fates = Fates(Personality("x", "x", refused_share=1.0))
    assert {fates.of(msisdn) for msisdn in MSISDNS[:100]} == {Fate.REFUSED}
    assert fates.at(0xFFFFFFFF) is Fate.REFUSED
