"""Lists as people really have them: who is read, and what is refused by which name."""

import csv
import io
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from broadcast.audience.batches import Reader
from broadcast.audience.lines import Lines
from broadcast.audience.sources import open_source
from broadcast.audience.staging import copy_stream
from broadcast.config import Config, load
from broadcast.errors import InputError

ROOT = Path(__file__).parents[3]
FIELD = ROOT.parent / "shared" / "data" / "field"
HERE = load([ROOT / "config" / "vietnam.toml"])


@dataclass
class Read:
    """people: the digits after 84, in order. rows: of the file of refused lines, its header too."""

    lines: int
    people: list[int]
    opted_out: int
    reasons: list[str]
    rows: list[list[str]]
    octets: bytes


def import_(content: str | bytes | Path, config: Config = HERE) -> Read:
    if isinstance(content, Path):
        source = open_source(content)
    else:
        octets = content.encode() if isinstance(content, str) else content
        raw = io.BytesIO(octets)
        source = Lines("list.csv", raw, len(octets), raw)
    names = {name: place for place, name in enumerate(sorted(config.country.prefixes), 1)}
    sink = io.StringIO(newline="")
    with source:
        *_, last = batches = list(Reader(config, source, names, sink).batches())
    bodies = [copy_stream(batch.people)[19:-2] for batch in batches]
    rows = [row for body in bodies for row in struct.iter_unpack(">hiqihi?i?ii", body)]
    text = sink.getvalue()
    assert text.startswith("\ufeff")
    delimiter = source.header.delimiter
    refused = list(csv.reader(io.StringIO(text[1:]), delimiter=delimiter))
    reasons = [row[1] for row in refused[1:]]
    assert last.lines == len(rows) + sum(batch.repeated for batch in batches) + len(reasons)
    return Read(
        last.lines,
        sorted(row[2] for row in rows),
        sum(row[8] for row in rows),
        reasons,
        refused,
        text.encode(),
    )


def numbers(*last: int) -> list[int]:
    return [84912345000 + each for each in last]


def test_missing_last_fields_are_empty() -> None:
    read = import_(
        "msisdn,carrier,opted_out\n0912345010,viettel,1\n0912345011,viettel\n0912345012\n0912345013,,\n"
    )
    assert (read.people, read.opted_out, read.reasons) == (numbers(10, 11, 12, 13), 1, [])


def test_empty_columns_at_the_end() -> None:
    read = import_(
        "msisdn,carrier,,\n0912345020,viettel,,\n0912345021,,,,,\n0912345022,, ,\u200b,\u00a0\n,,,,\n"
    )
    assert (read.people, read.reasons) == (numbers(20, 21, 22), ["empty"])


def test_columns_too_many_are_refused_by_name() -> None:
    read = import_("msisdn,carrier\n0912345020,viettel,1\n0912345021,,,x\nname,0912345022,0912345022\n")
    assert (read.people, read.reasons) == ([], ["wrong_columns"] * 3)


def test_line_breaks_in_quoted_cells() -> None:
    read = import_(
        'msisdn,note\r\n0912345060,"12 Le Loi\r\n0987654321,old number\r\nHanoi"\r\n0912345061,"a\nb"\r\n'
        '"0912345062\n",plain\r\n1,"x\ny"\r\n2,z\r\n'
    )
    assert (read.lines, read.people) == (5, numbers(60, 61, 62))
    assert [row[:1] + row[2:] for row in read.rows[1:]] == [["5", "1", "x\ny"], ["6", "2", "z"]]


def test_marks_in_names_of_columns_and_carriers() -> None:
    read = import_(
        "\u200emsisdn,carrier\u200b,\u202aopted_out\u202c\n0912345001,\u200eviettel\u200f,\u2068yes\u2069\n"
        "0912345002,\u200b,\u200b\n"
    )
    assert (read.people, read.opted_out, read.reasons) == (numbers(1, 2), 1, [])


def test_a_quoted_header() -> None:
    read = import_('"msisdn","name, first","note\r\nand more"\r\n0912345001,"An, B",x\r\n')
    assert (read.people, read.reasons) == (numbers(1), [])


def test_scientific_notation_also_where_its_comma_parts_two_fields() -> None:
    read = import_(
        'msisdn,name\n8.49123E+10,\n8,49123E+10\n8,49123E+10,An\n"8,49E+10",\n8.4912345678E+10,An\n'
    )
    assert read.reasons[:1] + read.reasons[2:] == ["scientific_notation"] * 4
    assert read.people == []


REFUSED = (
    "name;msisdn;carrier;opted_out\n"
    "Nguyễn Văn An;+84 912 345;;\n"
    "=1+1;0912345672x;viettel;\n"
    '"Bình; ""B""\nHanoi";8.49E+10;;yes\n'
    "Chi;0912345674;acme;\n"
    'Dung;0912345675;;perhaps\n"E"m;0912345676;;\n'
)


def test_refused_lines_are_mended_and_imported() -> None:
    """In their own columns: what is right stays as it is, what was wrong is written over."""
    read = import_(REFUSED)
    assert read.rows == [
        ["line", "reason", "name", "msisdn", "carrier", "opted_out"],
        ["2", "too_short", "Nguyễn Văn An", "'+84 912 345", "", ""],
        ["3", "garbage", "'=1+1", "0912345672x", "viettel", ""],
        ["4", "scientific_notation", 'Bình; "B"\nHanoi', "8.49E+10", "", "yes"],
        ["5", "unknown_carrier", "Chi", "0912345674", "acme", ""],
        ["6", "unclear_opted_out", "Dung", "0912345675", "", "perhaps"],
        ["7", "unmatched_quote", '"E"m;0912345676;;'],
    ]
    again = import_(read.octets)
    assert again.rows[:-1] == read.rows[:-1]  # and no columns more
    mended = read.octets.decode()
    for wrong, right in (
        ("'+84 912 345", "'+84 912 345 671"), ("672x", "672"), ("8.49E+10", "84912345673"), ("acme", "viettel"),
        ("perhaps", "no"), ('"""E""m;0912345676;;"', "Em;0912345676;;"),
    ):  # fmt: skip
        assert wrong in mended
        mended = mended.replace(wrong, right)
    done = import_(mended)
    assert (done.people, done.opted_out, done.reasons) == (numbers(671, 672, 673, 674, 675, 676), 1, [])


def test_equal_lines_make_batches_too() -> None:
    """So that an import of them is seen to go on."""
    content = "msisdn\n" + "0912345678\n" * 500_000
    raw = io.BytesIO(content.encode())
    reader = Reader(HERE, Lines("list.csv", raw, len(content), raw), {"vinaphone": 1}, io.StringIO())
    done = [batch.done for batch in reader.batches(50_000)]
    assert len(done) >= 3 and done[0] < len(content) / 2


@pytest.mark.skipif(not FIELD.exists(), reason="../shared/data/field is not here")
class TestOfTheField:
    """../shared/data/field/README.md, file by file."""

    @pytest.mark.parametrize(
        ("name", "people", "reasons"),
        [
            ("f_trailing_missing.csv", 4, []),
            ("i_bidi.csv", 11, []),
            ("two_people.csv", 2, []),
            ("k_quoted_newline.csv", 3, []),
            ("e_scientific.csv", 0, ["scientific_notation"] * 4),
            ("g_trailing_extra.csv", 3, ["empty"]),
            ("s_formula_refused.csv", 0, ["garbage"] * 3),
        ],
    )
    def test_read(self, name: str, people: int, reasons: list[str]) -> None:
        read = import_(FIELD / name)
        assert (len(read.people), read.reasons) == (people, reasons)
        assert not [cell for row in read.rows for cell in row if cell.startswith(("=", "+", "-", "@"))]

    def test_floats(self) -> None:
        read = import_(FIELD / "indonesia_float.csv", load([FIELD / "indonesia.toml"]))
        assert (read.people, read.reasons) == ([628123456789], [])

    @pytest.mark.parametrize(
        ("name", "people", "reasons"),
        [
            ("a_bom_semicolon.csv", numbers(1, 2), []),
            ("l_nbsp_inside.csv", numbers(70, 71, 72, 73, 74, 75, 76), []),
            ("p_header_quoted_nbsp.csv", numbers(84), []),
            ("t_two_in_cell.csv", [], ["ambiguous", "too_long", "garbage", "garbage"]),
            ("u_unicode_digits.csv", [], ["garbage"] * 2),
            ("v_excel_zero_eaten.csv", numbers(101, 102), []),
            ("x_optout_words.csv", numbers(104, 110), ["unclear_opted_out"] * 5),
            ("y_last_nonl.csv", numbers(111, 112), []),
            ("z_nul.csv", numbers(113, 115), ["garbage"] * 2),
            ("zz_multi.csv.gz", numbers(120, 121, 122), []),
            ("zz_two_frames.csv.zst", numbers(130, 131, 132), []),
        ],
    )
    def test_what_was_read_stays(self, name: str, people: list[int], reasons: list[str]) -> None:
        read = import_(FIELD / "read_today" / name)
        assert (read.people, read.reasons) == (people, reasons)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("b_utf16.csv", "UTF-16"),
            ("c_utf16_nobom_tab.csv", "UTF-16"),
            ("d_cp1258.csv", "line 2.*not UTF-8"),
            ("m_dup_header.csv", "msisdn stands twice"),
            ("n_sep_line.csv", "must name the columns"),
            ("o_header_words.csv", "must name the columns"),
            ("q_cr_only.csv", "carriage returns only"),
            ("r_pipe.csv", "must name the columns"),
            ("w_blank_first_line.csv", "must name the columns"),
            ("zz_garbage_after.csv.zst", "damaged or cut short"),
            ("zz_trunc.csv.zst", "damaged or cut short"),
        ],
    )
    def test_what_was_refused_stays(self, name: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            import_(FIELD / "read_today" / name)

    def test_none_is_forgotten(self) -> None:
        assert len(list((FIELD / "read_today").iterdir())) == 22
