"""Packing recipients into Parquet, and the sum that proves them."""

import io
import random
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.archive.rows import Row, Shape, Sum, batches, pack, row_hash, sums, unpack, writer

AT = 1_772_352_000_000_000
ROW: Row = (3, 0, 84320000000, 8, 1, AT, AT + 1_500_000, "000", "77")

_uuids = st.uuids().map(str)
_numbers = st.integers(0, 10**18 - 1).map(str)
_maybe = st.none() | st.integers(0, 2**53)


def _rows(ids: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    row = st.tuples(
        st.none() | st.integers(1, 2**31 - 1), st.none() | st.integers(0, 32767), st.integers(1, 10**15),
        st.integers(4, 9), st.integers(0, 255), _maybe, _maybe, st.text(max_size=5), ids,
    )  # fmt: skip
    return st.lists(row, min_size=1, max_size=20)


@given(_rows(st.just("") | _numbers))
def test_numbers_come_back(rows: list[Row]) -> None:
    assert list(unpack(Shape("decimal", 1), pack("viettel", Shape("decimal", 1), rows))) == rows


@given(_rows(st.lists(_uuids, max_size=3).map(" ".join)))
def test_uuids_of_several_segments_come_back(rows: list[Row]) -> None:
    assert list(unpack(Shape("uuid", 3), pack("viettel", Shape("uuid", 3), rows))) == rows


@given(_rows(st.text(max_size=40)))
def test_any_text_comes_back(rows: list[Row]) -> None:
    assert list(unpack(Shape("text", 1), pack("viettel", Shape("text", 1), rows))) == rows


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


@pytest.mark.parametrize(("shape", "most"), [(Shape("decimal", 1), 12), (Shape("uuid", 1), 26)])
def test_what_a_message_takes_on_disk(shape: Shape, most: int) -> None:
    chance = random.Random(7)
    rows: list[Row] = []
    for number in range(20_000):
        sent = AT + number // 50 * 500
        smsc_id = (
            str(uuid.UUID(int=chance.getrandbits(128))) if shape.kind == "uuid" else str(10**10 + number)
        )
        came = sent + int(chance.expovariate(0.3) * 2_000) * 500
        rows.append(
            (1 + number // 4096, number % 4096, 84320000000 + 8 * number, 8, 1, sent, came, "000", smsc_id)
        )
    file = io.BytesIO()
    with writer(file, shape) as out:
        out.write_batch(pack("viettel", shape, rows))
    assert len(file.getvalue()) / len(rows) <= most


def test_a_file_names_its_carrier(tmp_path: Path) -> None:
    """For readers that are not ours."""
    with (tmp_path / "r.parquet").open("wb") as file, writer(file, Shape("decimal", 2)) as out:
        out.write_batch(pack("viettel", Shape("decimal", 2), [(*ROW[:8], "77 78")]))
    (line,) = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert (line["carrier"], line["msisdn"], line["smsc_id_1"], line["smsc_id_2"]) == (
        "viettel",
        84320000000,
        77,
        78,
    )
    assert [list(unpack(Shape("decimal", 2), each)) for each in batches(tmp_path / "r.parquet")] == [
        [(*ROW[:8], "77 78")]
    ]
