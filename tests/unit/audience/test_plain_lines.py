"""What is read of many lines at a time is what is read of each: numbers as `Normalizer` and `Router` have them, lines
as `Reader` has them one by one."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadcast.audience.batches import Batch, Reader
from broadcast.audience.cells import Cells, text
from broadcast.audience.erased import Erased, digest
from broadcast.audience.lines import Line, Lines
from broadcast.audience.msisdn import Normalizer
from broadcast.audience.plain_numbers import PlainNumbers
from broadcast.audience.routing import Router
from broadcast.config import Config, Country

VIETNAM = Country(
    name="Vietnam", country_code="84", national_lengths=(9,), international_prefix="00", trunk_prefix="0",
    time_zone="Asia/Ho_Chi_Minh", landline_prefixes=("24", "28"),
    prefixes={"viettel": ("33", "84", "848", "00"), "vinaphone": ("91", "331"), "mobifone": ("90",)},
)  # fmt: skip
# Two lengths; the trunk begins numbers and the international prefix too; prefixes of one digit and of four.
ELSEWHERE = Country(
    name="Elsewhere", country_code="7", national_lengths=(8, 10), international_prefix="810", trunk_prefix="8",
    time_zone="UTC", prefixes={"one": ("9", "87"), "two": ("9012", "7")},
)  # fmt: skip
NO_TRUNK = Country(
    name="Island", country_code="853", national_lengths=(8,), international_prefix="00", trunk_prefix="",
    time_zone="UTC", prefixes={"one": ("6",), "two": ("66", "85366666")},
)  # fmt: skip
COUNTRIES = (VIETNAM, ELSEWHERE, NO_TRUNK)
LEADS = (
    "",
    "0",
    "84",
    "+84",
    "0084",
    "00840",
    "+840",
    "840",
    "7",
    "+7",
    "8",
    "78",
    "+78",
    "853",
    "+853",
    "00853",
)
STARTS = ("912", "331", "336", "848", "848", "900", "001", "242", "9012", "871", "7", "66", "85366666", "55")
BETWEEN = (
    "",
    "",
    "",
    " ",
    ".",
    "-",
    "(",
    ")",
    "'",
    "_",
    "+",
    "/",
    "\t",
    "\u00a0",
    "\u2011",
    "e",
    ".0",
    ".00",
    "  ",
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A number in some spelling, or nearly."""
    digits = draw(st.sampled_from(STARTS)) + draw(st.text("0123456789", max_size=9))
    digits = draw(st.sampled_from(LEADS)) + digits[: draw(st.sampled_from((8, 9, 9, 9, 10, 17)))]
    parts = draw(st.lists(st.integers(0, len(digits)), max_size=4).map(sorted))
    said, at = "", 0
    for part in parts:
        said += digits[at:part] + draw(st.sampled_from(BETWEEN))
        at = part
    return said + digits[at:]


@pytest.mark.parametrize("country", COUNTRIES, ids=lambda country: country.name)
@given(st.lists(written() | st.text("0123456789+ .-", max_size=30), min_size=1, max_size=20))
@example(["0912345678", "+84 912 345 678", "0912345678 24", "912.345.000", "091234567.0", "", "9" * 40, "+"])
def test_numbers_are_those_of_the_normalizer(country: Country, said: list[str]) -> None:
    carriers = {name: place for place, name in enumerate(country.prefixes, 1)}
    codes = np.frombuffer("".join(said).encode("utf-32-le"), "<u4")
    ends = np.cumsum([len(each) for each in said])
    begins = ends - [len(each) for each in said]
    found = PlainNumbers(country, carriers).read(codes, begins, ends)
    normalize, route = Normalizer(country).normalize, Router(country).carrier
    for each, msisdn, carrier in zip(said, *map(np.ndarray.tolist, found), strict=True):
        if carrier:
            assert (each, normalize(each)) == (each, msisdn)
            assert carriers[route(msisdn) or ""] == carrier


USUAL = [
    "0912345678",
    "912345678",
    "+84912345678",
    "0084912345678",
    "+84 912 345 678",
    "(0912) 345678",
    "0912.345.678",
]


def test_usual_spellings_are_understood() -> None:
    codes = np.frombuffer("".join(USUAL).encode("ascii"), np.uint8)
    ends = np.cumsum([len(each) for each in USUAL])
    found = PlainNumbers(VIETNAM, {"vinaphone": 2}).read(codes, ends - [len(each) for each in USUAL], ends)
    assert [each.tolist() for each in found] == [[84912345678] * len(USUAL), [2] * len(USUAL)]


class OneByOne:
    """A source whose lines nobody can read together."""

    def __init__(self, source: Lines) -> None:
        self._source = source

    def __getattr__(self, name: str) -> object:
        return getattr(self._source, name)

    def batches(self) -> Iterator[tuple[int, Sequence[Line]]]:
        for number, lines in self._source.batches():
            yield number, list(lines)


CELLS = {
    "msisdn": ("0912345678", "0912345679", "+84 331 345 678", "0331-345-679", "02438221234", "x", "", "0912345677"),
    "carrier": ("", "", "viettel", "VIETTEL ", "mobifone", " ", "acme"),
    "opted_out": ("", "", "yes", "No", "0", "x ", "perhaps", "\u200bno"),
    "area": ("", "48", " 48", "Quảng Nam", "x" * 65),
    "band": ("", "1", "1.0", "2", "many"),
    "note": ("", "a note", "ghi chú", "y" * 4100),
}  # fmt: skip
NAMES = sorted(CELLS)


@st.composite
def lists(draw: st.DrawFn) -> str:
    """Columns in some order, the number among them, and lines: some with a field too few or too many."""
    names = [
        "msisdn",
        *draw(st.lists(st.sampled_from([each for each in NAMES if each != "msisdn"]), unique=True)),
    ]
    names = list(draw(st.permutations(names)))
    lines = [",".join(names)]
    for _ in range(draw(st.integers(1, 12))):
        cells = [draw(st.sampled_from(CELLS[name])) for name in names]
        cells = cells[: -1 if draw(st.integers(0, 7)) == 0 else None]
        lines.append(",".join(cells + [""] * draw(st.sampled_from((0, 0, 0, 0, 1)))))
    return "\n".join(lines) + draw(st.sampled_from(("", "\n", "\n\n")))


def read(content: str, *, one_by_one: bool, size: int) -> tuple[list[tuple[object, ...]], str]:
    """Of each batch everything that it says, each person with what their cells say; and the refused lines."""
    octets = content.encode()
    raw, sink = io.BytesIO(octets), io.StringIO(newline="")
    lines = Lines("list.csv", raw, len(octets), raw, ("band",))
    cells = Cells({"band": "number"}, tuple(lines.header.cells), text) if lines.header.cells else None
    erased = Erased(b"key", frozenset({digest(b"key", 84912345677)}))
    numbers = {name: place for place, name in enumerate(VIETNAM.prefixes, 1)}
    source = OneByOne(lines) if one_by_one else lines
    reader = Reader(Config(VIETNAM, "BOYTE"), source, numbers, sink, cells=cells, erased=erased)  # type: ignore[arg-type]
    said: list[object] = []
    found = []
    for batch in reader.batches(size):
        said += batch.combinations
        found.append((_people(batch, said), batch.lines, batch.repeated, batch.refused, batch.unclear))
    return found, sink.getvalue()


def _people(batch: Batch, said: list[object]) -> list[tuple[object, ...]]:
    cells = [said[each] if said else None for each in batch.people.combinations.tolist()]
    facts = (batch.people.facts & ((1 << 20) - 1)).tolist()
    return list(zip(batch.people.msisdns.tolist(), facts, cells, strict=True))


@given(lists(), st.sampled_from((1, 100)))
def test_lists_say_the_same_line_by_line(content: str, size: int) -> None:
    assert read(content, one_by_one=False, size=size) == read(content, one_by_one=True, size=size)


def test_batches_say_the_same_line_by_line() -> None:
    """Several of them, with a number again in others."""
    lines = [
        f"09123{n * 7 % 60_000:05},{'mobifone' if n % 9 == 0 else ''},{n % 40},{n % 11 or '?'}"
        for n in range(120_000)
    ]
    content = "msisdn,carrier,area,band\n" + "\n".join(lines)
    together = read(content, one_by_one=False, size=40_000)
    assert len(together[0]) >= 2
    assert together == read(content, one_by_one=True, size=40_000)
