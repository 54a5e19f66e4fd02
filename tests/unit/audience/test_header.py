"""Header lines: delimiter, columns, slips."""

import pytest

from broadcast.audience.lines import Header, column_names, parse_header
from broadcast.errors import InputError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("msisdn", Header(",", 1, 0, None, None)),
        ("name,msisdn,carrier,opted_out", Header(",", 4, 1, 2, 3, aside=("name",))),
        ("opted_out;MSISDN", Header(";", 2, 1, None, 0)),
        ('"msisdn"\tcarrier', Header("\t", 2, 0, 1, None)),
    ],
)
def test_headers(line: str, expected: Header) -> None:
    assert parse_header(line) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("phone,name", "must name the columns: msisdn"),
        ("0912345678", "must name the columns: msisdn"),
        ("msisdn|carrier", "must name the columns"),
        ("msisdn,opt_out", "did you mean opted_out"),
        ("msisdn,Carriers", "did you mean carrier"),
        ("msisdn,msisdn", "stands twice"),
    ],
)
def test_slips(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_header(line)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('msisdn,"Tên, họ",""', ["msisdn", "Tên, họ", ""]),
        ('"ghi chú\nthêm";msisdn', ["ghi chú thêm", "msisdn"]),
        ("\u200emsisdn\u00a0,Name", ["msisdn", "Name"]),
    ],
)
def test_names_as_they_stand(line: str, names: list[str]) -> None:
    header = parse_header(line)
    assert (header.width, header.msisdn) == (len(names), names.index("msisdn"))
    assert column_names(line, header.delimiter) == names
