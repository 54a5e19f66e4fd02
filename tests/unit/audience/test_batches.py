"""What Postgres is given of a batch, octet by octet, by PostgreSQL's documented layout."""

import csv
import io
import struct

from broadcast.audience.batches import Batch, Reader
from broadcast.audience.cells import Cells
from broadcast.audience.lines import Lines
from broadcast.audience.staging import copy_stream
from broadcast.config import Config, Country

COUNTRY = Country(
    name="Vietnam",
    country_code="84",
    national_lengths=(9,),
    prefixes={"viettel": ("33",), "vinaphone": ("91",)},
    international_prefix="00",
    trunk_prefix="0",
    time_zone="Asia/Ho_Chi_Minh",
)


def batches(text: str, size: int) -> list[Batch]:
    octets = text.encode()
    raw = io.BytesIO(octets)
    numbers = {name: place for place, name in enumerate(sorted(COUNTRY.prefixes), 1)}
    reader = Reader(
        Config(COUNTRY, "BOYTE"), Lines("list.csv", raw, len(octets), raw), numbers, io.StringIO()
    )
    return list(reader.batches(size))


def rows(copy: bytes) -> list[tuple[int, int, bool, bool]]:
    assert copy[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    assert copy[-2:] == b"\xff\xff"
    body = copy[19:-2]
    found = [struct.unpack(">hiqihi?i?ii", body[at : at + 38]) for at in range(0, len(body), 38)]
    assert all((*row[:2], row[3], row[5], row[7], row[9], row[10]) == (5, 8, 2, 1, 1, 4, 0) for row in found)
    return [(row[2], row[4], row[6], row[8]) for row in found]


def test_rows_are_distinct_and_in_the_order_of_the_primary_key() -> None:
    made = batches("msisdn,opted_out\n0912345679,\n0912345678,1\n0912345678,0\n0912345600,\n", 10)
    assert [(batch.lines, batch.repeated, batch.done, batch.total) for batch in made] == [(4, 1, 67, 67)]
    found = rows(copy_stream(made[0].people))
    assert [(row[0], row[3]) for row in found] == sorted(
        [(84912345678, True), (84912345679, False), (84912345600, False)],
        key=lambda row: (row[0] % 64, row[0]),
    )
    assert {row[1:3] for row in found} == {(2, False)}


def test_no_rows() -> None:
    made = batches("msisdn\nnobody\n", 10)
    assert [(batch.lines, batch.repeated, rows(copy_stream(batch.people))) for batch in made] == [(1, 0, [])]


def combinations(text: str) -> list[tuple[int, object]]:
    """Of each person what the list's cells say, by number."""
    octets = text.encode()
    raw = io.BytesIO(octets)
    lines = Lines("list.csv", raw, len(octets), raw, ("band",))
    made = Cells({"band": "number"}, tuple(lines.header.cells), lambda said: said)
    numbers = {name: place for place, name in enumerate(sorted(COUNTRY.prefixes), 1)}
    (batch,) = Reader(Config(COUNTRY, "BOYTE"), lines, numbers, io.StringIO(), cells=made).batches(99)
    said = zip(batch.people.msisdns.tolist(), batch.people.combinations.tolist(), strict=True)
    return [(number % 1000, batch.combinations[place]) for number, place in sorted(said)]


def test_cells_at_the_end_of_a_line_and_elsewhere_say_the_same() -> None:
    """Quoted, left out, one too many, again: looked up as they stand or one by one."""
    rows = ["48,3", "48,3", '48,"3"', "48", "", "48,3,", "48,3", "48,x", "48,x", '"4""8",3', '"4,8",3']
    last = "msisdn,area,band\n" + "".join(f"0912345{n:03},{row}\n" for n, row in enumerate(rows))
    expected = [("48", 3)] * 3 + [("48", None), (None, None), ("48", 3), ("48", 3)] + [("48", None)] * 2
    expected += [('4"8', 3), ("4,8", 3)]
    assert combinations(last) == list(enumerate(expected))
    first = "area,band,msisdn\n" + "".join(
        f"{row},0912345{n:03}\n" for n, row in enumerate(rows) if len(next(csv.reader([row]), ())) == 2
    )
    assert combinations(first) == [(n, expected[n]) for n in (0, 1, 2, 6, 7, 8, 9, 10)]
