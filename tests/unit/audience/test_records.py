"""Which lines are one record, and that a quote which is never closed is told, not read to the end of the file."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.lines import Lines
from broadcast.audience.records import LONGEST_LINE, LONGEST_RECORD, QuoteError, Unmatched, split
from broadcast.errors import InputError


def read(content: str, most: int = 1 << 30) -> list[object]:
    raw = io.BytesIO(content.encode())
    lines = Lines("list.csv", raw, len(content), raw)
    try:
        return [record for _, records in lines.batches() for record in records]
    finally:
        assert raw.tell() <= most


@pytest.mark.parametrize(
    ("text", "records", "open_lines"),
    [
        ("a,b\n\nc", ["a,b", "", "c"], 0),
        ('"a",b\nc,"d ""e"""', [["a", "b"], ["c", 'd "e"']], 0),
        ('a,"b\n\nc",d\ne', [["a", "b\n\nc", "d"], "e"], 0),
        ('a,"b\nc', [], 2),
        ('x\na,"b\nc', ["x"], 2),
        ('x\n"', ["x"], 1),
        ('a 5" pipe,b\nc', [['a 5" pipe', "b"], "c"], 0),
        ('a 5" pipe,"b\nc"', [['a 5" pipe', "b\nc"]], 0),
        ('"a"b,c\nd', [Unmatched('"a"b,c'), "d"], 0),
    ],
)
def test_records(text: str, records: list[object], open_lines: int) -> None:
    found, left = split(text, ",")
    assert (list(found), left) == (records, open_lines)
    assert [type(each) for each in found] == [type(each) for each in records]


def test_a_quote_that_ends_wrongly_in_another_line() -> None:
    with pytest.raises(QuoteError) as raised:
        split('x\n"a\nb"c,"d"\ne', ",")
    assert raised.value.record == 1


@given(st.lists(st.lists(st.text('ab",\n', max_size=4), min_size=2, max_size=3), min_size=1, max_size=6))
def test_as_the_csv_module_reads_it(rows: list[list[str]]) -> None:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    found, left = split(sink.getvalue().removesuffix("\n"), ",")
    assert ([each.split(",") if isinstance(each, str) else each for each in found], left) == (rows, 0)


def test_a_record_over_the_edge_of_chunks() -> None:
    note = "Le Loi\r\n" * 4
    content = "msisdn,note\r\n" + "".join(f'09123{n:05},"{note}{n}"\r\n' for n in range(60_000))
    assert len(content) > 2 << 20
    assert read(content) == [[f"09123{n:05}", f"{note}{n}".replace("\r\n", "\n")] for n in range(60_000)]


@pytest.mark.parametrize(
    "content",
    [
        'msisdn,note\n1,x\n2,"open\n' + "0912345678,y\n" * 1_000_000,
        'msisdn,note\n1,x\n2,"' + "y" * 12_000_000,
        'msisdn,note\n1,x\n2,"open\n' + "y" * 12_000_000,
        'msisdn,note\n1,x\n2,"' + "y\n" * (LONGEST_RECORD // 2) + '"\n',
        'msisdn,note\n1,x\n2,"open\n3,"shut"\n',
        'msisdn,note\n1,x\n2,"open\n3,y\n',
        'msisdn,note\n1,x\n2,"open',
    ],
    ids=["lines", "a line", "a line inside", "closed too late", "closed wrongly", "file ends", "line ends"],
)
def test_a_quote_that_is_not_closed(content: str) -> None:
    with pytest.raises(InputError, match=r"list\.csv, line 3 .*a quote is opened and not closed"):
        read(content, most=4 << 20)


def test_long_records_are_lines_that_are_too_long() -> None:
    note = "y\n" * LONGEST_LINE
    read_ones = read(f'msisdn,note\n1,"{note}"\n2,{"y" * 3_000_000},"quoted, later"\n3,"z"\n')
    assert [len(each) > LONGEST_LINE for each in read_ones[:2] if isinstance(each, str)] == [True, True]
    assert read_ones[2:] == [["3", "z"]]
