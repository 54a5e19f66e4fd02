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


def test_columns_of_profiles() -> None:
    header = parse_header("band,Area,name,msisdn,language,seen", {"band"})
    assert (header.cells, header.aside) == ({"band": 0, "area": 1, "language": 4, "seen": 5}, ("name",))
    assert list(header.cells) == ["band", "area", "language", "seen"]
    assert header.reading(["seen", "area"]).cells == {"area": 1, "seen": 5}
    assert parse_header("msisdn,band,line,reason").aside == ("band",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("msisdn,areas", "did you mean area"),
        ("msisdn,languages", "did you mean language"),
        ("msisdn,age_bands", "did you mean age_band"),
        ("msisdn,area,Area", "column area stands twice"),
        ("msisdn,age,age", "column age stands twice"),
    ],
)
def test_slips_of_them(line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_header(line, {"age_band", "age"})


def test_another_column_is_no_slip_of_a_short_name() -> None:
    assert parse_header("msisdn,page,area_km2", {"age"}).aside == ("page", "area_km2")
