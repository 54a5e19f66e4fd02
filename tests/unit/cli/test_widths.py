"""In a narrow terminal columns are as wide as their words need, and the rest goes where the most lines are."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.cli.widths import Widths, widths

_WORDS = st.text("abô", min_size=1, max_size=12)
_CELLS = st.lists(_WORDS, max_size=4).map(" ".join)


def test_what_fits_is_left_alone() -> None:
    assert widths([["carrier", "viettel"], ["people", "1,000"]], 80) is None


def test_no_word_is_cut() -> None:
    columns = [["carrier", "vietnamobile"], ["done at", "2026-11-30 04:11:16 +07:00"]]
    assert widths(columns, 36) == Widths((12, 17), 1)
    assert widths(columns, 27) == Widths((12, 12), 0)


def test_words_that_do_not_fit_leave_it_to_others() -> None:
    assert widths([["carrier", "vietnamobile"], ["people", "1,000"]], 12) is None


def test_a_very_long_word_may_be_cut() -> None:
    assert widths([["from", "x" * 200], ["name", "storm"]], 80) == Widths((68, 5), 1)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=3), min_size=1, max_size=6), st.integers(8, 120))
def test_it_fits(columns: list[list[str]], width: int) -> None:
    if (found := widths(columns, width)) is not None:
        assert sum(found.columns) + len(columns) * (1 + 2 * found.padding) + 1 <= width
        for column, given_width in zip(columns, found.columns, strict=True):
            assert given_width >= max((len(word) for cell in column for word in cell.split()), default=1)
