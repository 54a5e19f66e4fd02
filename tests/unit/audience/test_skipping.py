"""A source that goes on at a place of before gives the same lines, numbers and chunks as one that was read through."""

import gzip
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from broadcast.audience.lines import Line, Lines
from broadcast.audience.refused_lines import RefusedLines, create_private
from broadcast.audience.sources import ParquetRows
from broadcast.audience.unfinished import identify
from broadcast.errors import InputError, RefusedError

CONTENT = b"msisdn,name\r\n" + b"".join(b"09123%05d,Th\xe1\xbb\xa7y\r\n" % n for n in range(150_000))
LONG = b"msisdn\n0912345678\n" + b"y" * 5_000_000 + b"\n0912345679\n" + b"0912345670\n" * 200_000 + b"1"


def plain(content: bytes) -> Lines:
    raw = io.BytesIO(content)
    return Lines("list.csv", raw, len(content), raw)


def packed(content: bytes) -> Lines:
    raw = io.BytesIO(gzip.compress(content, 1))
    return Lines("list.csv.gz", raw, len(raw.getvalue()), io.BufferedReader(gzip.GzipFile(fileobj=raw)))


def parquet(content: bytes) -> ParquetRows:
    lines = content.decode().splitlines()[1:]
    raw = io.BytesIO()
    table = pyarrow.table({"msisdn": [line.partition(",")[0] for line in lines]})
    pyarrow.parquet.write_table(table, raw, row_group_size=40_000)
    raw.seek(0)
    return ParquetRows(raw, Path("list.parquet"))


Chunk = tuple[int, list[Line], int, tuple[int, int]]


def read(source: Lines | ParquetRows) -> list[Chunk]:
    return [(number, list(lines), source.place(), source.position()) for number, lines in source.batches()]


@pytest.mark.parametrize("make", [plain, packed, parquet])
@pytest.mark.parametrize("content", [CONTENT, LONG], ids=["usual", "long"])
def test_every_place_is_one_to_go_on_from(
    make: Callable[[bytes], Lines | ParquetRows], content: bytes
) -> None:
    chunks = read(make(content))
    assert len(chunks) > 2
    read_lines = 0
    for index, (_, lines, place, _) in enumerate(chunks):
        read_lines += len(lines)
        again = make(content)
        again.skip(read_lines, place)
        assert read(again) == chunks[index + 1 :]


def test_a_content_that_ends_before_the_place() -> None:
    with pytest.raises(InputError, match="ends before the line"):
        packed(b"msisdn\n0912345678\n").skip(5, 100)


def test_what_identifies_a_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    content = bytes(range(250)) * 12_000
    first.write_bytes(content)
    second.write_bytes(content)
    assert identify(first) == identify(second)
    for at in (0, (1 << 20) - 1, len(content) - (1 << 20), len(content) - 1):
        second.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
        assert identify(first) != identify(second)
    second.write_bytes(content + b"\0")
    assert identify(first) != identify(second)
    with pytest.raises(InputError, match="cannot read"):
        identify(tmp_path / "none.csv")


def test_refused_lines_are_cut_to_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    with RefusedLines(path, 0, 0) as refused:
        refused.text.write("line,reason\n2,empty\n")
        octets = refused.text.tell()
        crc = refused.keep(octets)
        refused.text.write("3,empt")
    with RefusedLines(path, octets, crc) as refused:
        refused.text.write("3,too_short\n")
        longer = refused.text.tell()
        crc = refused.keep(longer)
    assert path.read_text() == "line,reason\n2,empty\n3,too_short\n"
    with pytest.raises(RefusedError, match="--restart"):
        RefusedLines(path, longer, crc ^ 1)
    with pytest.raises(RefusedError, match="--restart"):
        RefusedLines(path, longer + 1, crc ^ 1)
    assert path.read_text() == "line,reason\n2,empty\n3,too_short\n"


def test_refused_lines_go_by_no_link_and_into_nobody_elses_file(tmp_path: Path) -> None:
    """They hold numbers; and as root nobody else says which file is cut."""
    victim, path = tmp_path / "victim", tmp_path / "people.refused.csv"
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(InputError, match="it is a link; give --refused FILE"):
        RefusedLines(path, 0, 0)
    with create_private(path) as sink:
        sink.write("84912345678")
    assert (victim.read_text(), path.is_symlink()) == ("precious", False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.geteuid() == 0:
        os.chown(path, 65533, 65533)
        with pytest.raises(InputError, match="no file of yours"):
            RefusedLines(path, 0, 0)
        with path.open() as held:
            with create_private(path) as sink:
                sink.write("84912345679")
            assert held.read() == "84912345678"  # who kept it open reads nothing new
