"""Parquet whose cells are no numbers: what it costs, and that it is told by name."""

import contextlib
import io
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from broadcast.audience import parquet
from broadcast.audience.parquet import ParquetRows
from broadcast.audience.parquet_pages import Kind, Page, PageError, most_octets, pages
from broadcast.errors import InputError

NUMBERS = [f"0912{number:06}" for number in range(200_000)]

# Prints how much more memory a list takes than it had, in MB, and its lines.
PROGRAM = """
import sys
from pathlib import Path
from broadcast.audience.sources import open_source

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) / 1024

before = memory("VmRSS")
with open_source(Path(sys.argv[1])) as source:
    lines = sum(len(lines) for _, lines in source.batches())
print(lines, memory("VmHWM") - before)
"""


def opened(columns: dict[str, Any], **options: Any) -> ParquetRows:
    raw = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), raw, **options)
    raw.seek(0)
    return ParquetRows(raw, Path("list.parquet"))


def texts(source: ParquetRows) -> list[str]:
    return [line[0] for _, lines in source.batches() for line in lines]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_pages_are_what_pyarrow_wrote(version: str, dictionary: bool, compression: str) -> None:
    raw = io.BytesIO()
    pyarrow.parquet.write_table(
        pyarrow.table({"msisdn": [*NUMBERS, "x" * 3_000_000, None]}), raw, compression=compression,
        use_dictionary=dictionary, data_page_version=version, data_page_size=1 << 16,
    )  # fmt: skip
    chunk = pyarrow.parquet.ParquetFile(raw).metadata.row_group(0).column(0)
    start = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    found = list(pages(raw, start, chunk.total_compressed_size))
    rows = [page for page in found if page.kind in (Kind.DATA, Kind.DATA_V2)]
    assert sum(page.values for page in rows) == chunk.num_values == 200_002
    assert [page.kind for page in found].count(Kind.DICTIONARY) == dictionary
    octets = sum(page.octets for page in found)
    assert 0 <= chunk.total_uncompressed_size - octets < 200 * len(found)
    assert max(page.octets for page in found) > 3_000_000
    assert most_octets(found, 100) > 3_000_000


def test_octets_of_any_rows_in_a_row() -> None:
    def data(*sizes: tuple[int, int]) -> Iterator[Page]:
        return (Page(Kind.DATA, values, octets) for values, octets in sizes)

    assert most_octets(data((50, 10), (50, 20), (50, 30), (50, 5)), 100) == 50
    assert most_octets(data((1000, 10), (1000, 20), (1000, 30)), 100) == 30
    assert most_octets(data(*[(1, 1)] * 1000), 100) == 100
    assert most_octets([Page(Kind.DICTIONARY, 5, 70), Page(Kind.DATA, 9, 1)], 100) == 70
    assert most_octets([], 100) == 0


def test_no_octets_are_taken_for_pages_for_ever() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        octets = chance.randbytes(chance.randrange(1, 60))
        with contextlib.suppress(PageError):
            assert len(list(pages(io.BytesIO(octets), 0, len(octets)))) <= len(octets)


def test_a_cell_as_large_as_a_disk_is_told_by_name() -> None:
    cells = ["0912345678", "x" * 40_000_000, *NUMBERS]
    message = r"list\.parquet: the column msisdn has more than 32 MB in one page .*\(row group 1\)"
    for dictionary in (True, False):
        with pytest.raises(InputError, match=message):
            opened({"msisdn": cells}, compression="zstd", use_dictionary=dictionary)
    elsewhere = opened({"note": cells, "msisdn": ["0912345678"] * len(cells)}, compression="zstd")
    assert set(texts(elsewhere)) == {"0912345678"}


def test_many_long_cells_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_MOST_OCTETS", 1 << 20)
    cells = [*NUMBERS, *["x" * 100_000 for _ in range(20)]]
    with pytest.raises(InputError, match="16,384 rows"):
        opened({"msisdn": cells}, use_dictionary=False, data_page_size=1000, write_batch_size=1)
    assert len(texts(opened({"msisdn": NUMBERS}, use_dictionary=False, data_page_size=1 << 17))) == 200_000


def test_a_long_text_in_a_dictionary_is_one_bad_line() -> None:
    long = "x" * 500_000
    cells = ["0912345678", long, None, *NUMBERS[:30_000], long]
    assert texts(opened({"msisdn": cells})) == ["" if cell is None else cell for cell in cells]


@pytest.mark.parametrize("shape", ["dictionary", "row groups"])
def test_what_it_costs(shape: str, tmp_path: Path) -> None:
    """Files of a few KB that would be 27 GB, and 600 MB, of one batch's cells."""
    file = tmp_path / "list.parquet"
    if shape == "dictionary":
        indices = pyarrow.array([0] * 30_000, pyarrow.int32())
        table = pyarrow.table({"msisdn": pyarrow.DictionaryArray.from_arrays(indices, ["x" * 900_000])})
        pyarrow.parquet.write_table(table, file, compression="zstd")
    else:
        table = pyarrow.table({"msisdn": ["x" * 20_000_000]})
        with pyarrow.parquet.ParquetWriter(file, table.schema, compression="zstd") as writer:
            for _ in range(30):
                writer.write_table(table)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(file)], capture_output=True, text=True, check=True, timeout=120
    )
    lines, more = done.stdout.split()
    assert int(lines) == (30_000 if shape == "dictionary" else 30)
    assert float(more) < 200
