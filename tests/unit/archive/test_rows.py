"""Packing recipients into Parquet."""

import io
import random
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.archive.rows import batches, pack, unpack, writer
from broadcast.ledger.books import People, Row, Shape

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


def of(rows: list[Row]) -> People:
    return People(1, "viettel", *zip(*rows, strict=True))


def packed(shape: Shape, rows: list[Row]) -> list[Row]:
    return list(unpack(shape, 1, "viettel", pack(shape, of(rows))).rows())


@given(_rows(st.just("") | _numbers))
def test_numbers_come_back(rows: list[Row]) -> None:
    assert packed(Shape("decimal", 1), rows) == rows


@given(_rows(st.lists(_uuids, max_size=3).map(" ".join)))
def test_uuids_of_several_segments_come_back(rows: list[Row]) -> None:
    assert packed(Shape("uuid", 3), rows) == rows


@given(_rows(st.text(max_size=40)))
def test_any_text_comes_back(rows: list[Row]) -> None:
    assert packed(Shape("text", 1), rows) == rows


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
        out.write_batch(pack(shape, of(rows)))
    assert len(file.getvalue()) / len(rows) <= most


def test_a_file_names_its_carrier(tmp_path: Path) -> None:
    """For readers that are not ours."""
    with (tmp_path / "r.parquet").open("wb") as file, writer(file, Shape("decimal", 2)) as out:
        out.write_batch(pack(Shape("decimal", 2), of([(*ROW[:8], "77 78")])))
    (line,) = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert (line["carrier"], line["msisdn"], line["smsc_id_1"], line["smsc_id_2"]) == (
        "viettel",
        84320000000,
        77,
        78,
    )
    (batch,) = batches(tmp_path / "r.parquet")
    assert list(unpack(Shape("decimal", 2), 1, "viettel", batch).rows()) == [(*ROW[:8], "77 78")]
