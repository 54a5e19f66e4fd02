"""Recipients in an archive: their columns, and how they are packed into Parquet.

Sorted by slice and ordinal, nearly every column is a run or a small step, so steps are stored (delta encoding).
SMSC ids get a column per segment: a number where all ids of a carrier are numbers, 16 octets where all are
UUIDs, otherwise the text as it was.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from broadcast.ids import CarrierNo
from broadcast.ledger.books import IdKind, People, Shape

_TIME = pa.timestamp("us", tz="UTC")
_FIXED: tuple[tuple[str, pa.DataType], ...] = (
    ("slice_id", pa.int32()),
    ("ordinal", pa.int32()),
    ("msisdn", pa.int64()),
    ("state", pa.int8()),
    ("segments", pa.int16()),
    ("submitted_at", _TIME),
    ("settled_at", _TIME),
    ("err", pa.string()),
)
_ID_TYPES: Mapping[IdKind, pa.DataType] = {"decimal": pa.int64(), "uuid": pa.binary(16), "text": pa.string()}
_ID_ENCODINGS: Mapping[IdKind, str] = {
    "decimal": "DELTA_BINARY_PACKED",
    "uuid": "PLAIN",
    "text": "DELTA_BYTE_ARRAY",
}
_DICTIONARY = ["carrier", "slice_id", "state", "segments", "submitted_at", "settled_at", "err"]
_DICTIONARY_OCTETS = 4 << 20
_LEVEL = 9
_BATCH = 32_768


def id_columns(shape: Shape) -> list[str]:
    """Their names."""
    return [f"smsc_id_{number}" for number in range(1, shape.parts + 1)]


def schema(shape: Shape) -> pa.Schema:
    """carrier is a column too, so that the files can be read by others without ours."""
    carrier = pa.field("carrier", pa.dictionary(pa.int8(), pa.string()))
    ids = [pa.field(name, _ID_TYPES[shape.kind]) for name in id_columns(shape)]
    return pa.schema([carrier, *(pa.field(*each) for each in _FIXED), *ids])


def writer(file: BinaryIO, shape: Shape) -> pq.ParquetWriter:
    """Into an open file, so that a full disk is an OSError with its reason."""
    encodings = {"ordinal": "DELTA_BINARY_PACKED", "msisdn": "DELTA_BINARY_PACKED"}
    encodings |= dict.fromkeys(id_columns(shape), _ID_ENCODINGS[shape.kind])
    return pq.ParquetWriter(
        file, schema(shape), compression="zstd", compression_level=_LEVEL, use_dictionary=_DICTIONARY,
        column_encoding=encodings, dictionary_pagesize_limit=_DICTIONARY_OCTETS,
    )  # fmt: skip


def pack(shape: Shape, people: People) -> pa.RecordBatch:
    """A batch of `schema(shape)`."""
    carriers = pa.array([0] * len(people), pa.int8())
    names = pa.DictionaryArray.from_arrays(carriers, pa.array([people.carrier]))
    arrays = [_array(getattr(people, name), kind) for name, kind in _FIXED]
    return pa.record_batch([names, *arrays, *_pack_ids(shape, people.smsc_ids)], schema=schema(shape))


def unpack(shape: Shape, carrier_no: CarrierNo, carrier: str, batch: pa.RecordBatch) -> People:
    """What `pack` was given."""
    columns = [_values(batch.column(name), kind) for name, kind in _FIXED]
    parts = [batch.column(name).to_pylist() for name in id_columns(shape)]
    return People(carrier_no, carrier, *(*columns, _unpack_ids(shape.kind, parts)))


def batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """A file's rows, a batch at a time."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=_BATCH, columns=columns)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == _TIME:
        return pa.array(values, pa.int64()).cast(_TIME)
    return pa.array(values, kind)


def _values(column: pa.Array, kind: pa.DataType) -> list[Any]:
    return (column.cast(pa.int64()) if kind == _TIME else column).to_pylist()  # type: ignore[no-any-return]


def _pack_ids(shape: Shape, ids: Sequence[str]) -> list[pa.Array]:
    kind = _ID_TYPES[shape.kind]
    if shape.kind == "text":
        return [pa.array(ids, kind)]
    made: Callable[[str], Any] = int if shape.kind == "decimal" else _octets
    if shape.parts == 1:
        return [pa.array([made(each) if each else None for each in ids], kind)]
    lists = [each.split(" ") if each else [] for each in ids]
    return [
        pa.array([made(each[part]) if part < len(each) else None for each in lists], kind)
        for part in range(shape.parts)
    ]


def _unpack_ids(kind: IdKind, parts: Sequence[Sequence[Any]]) -> Sequence[str]:
    if kind == "text":
        return parts[0]
    made: Callable[[Any], str] = str if kind == "decimal" else _uuid
    if len(parts) == 1:
        return ["" if each is None else made(each) for each in parts[0]]
    return [" ".join([made(each) for each in ids if each is not None]) for ids in zip(*parts, strict=True)]


def _octets(uuid: str) -> bytes:
    return bytes.fromhex(uuid.replace("-", ""))


def _uuid(octets: bytes) -> str:
    text = octets.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
