"""The sum that proves recipients, and the form of their ids."""

import pytest

from broadcast.ledger.books import People, Row, Shape, Sum, row_hash, sums

AT = 1_772_352_000_000_000
ROW: Row = (3, 0, 84320000000, 8, 1, AT, AT + 1_500_000, "000", "77")


def test_people_are_columns_of_rows() -> None:
    rows = [ROW, (None, None, 84320000009, 9, 0, None, None, "opted_out", "")]
    people = People(1, "viettel", *zip(*rows, strict=True))
    assert (len(people), list(people.msisdn), list(people.smsc_ids)) == (
        2, [84320000000, 84320000009], ["77", ""],
    )  # fmt: skip
    assert list(people.rows()) == rows


def test_the_hash_is_of_the_columns_as_text() -> None:
    """The head of: printf '3|0|84320000000|8|1|1772352000000000|1772352001500000|000|77' | sha256sum."""
    assert row_hash(ROW) == int("c3dc386f12e0ef67", 16) - 2**64
    assert row_hash((None, *ROW[1:])) != row_hash(ROW)


def test_sums_do_not_know_the_order() -> None:
    rows = [ROW, (*ROW[:3], 7, *ROW[4:]), (4, *ROW[1:])]
    assert sums(rows) == sums(reversed(rows)) == {
        8: Sum(2, row_hash(rows[0]) + row_hash(rows[2])),
        7: Sum(1, row_hash(rows[1])),
    }  # fmt: skip
    assert sums([ROW, ROW])[8] != sums([ROW])[8]


@pytest.mark.parametrize(
    ("decimals", "uuids", "most_ids", "shape"),
    [
        (True, True, 0, Shape("decimal", 1)),  # nobody has any
        (True, False, 5, Shape("decimal", 5)),
        (False, True, 2, Shape("uuid", 2)),
        (False, False, 7, Shape("text", 1)),
    ],
)
def test_the_narrowest_shape_that_holds_all_ids(
    decimals: bool, uuids: bool, most_ids: int, shape: Shape
) -> None:
    assert Shape.of(decimals=decimals, uuids=uuids, most_ids=most_ids) == shape
