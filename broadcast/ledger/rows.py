"""Rows of the journal as binary COPY wants them, made straight from what the hot path holds.

Layout of a tuple (PostgreSQL documentation, COPY, binary format): int16 field count, then for each field an
int32 length (-1: null) and the value, everything big-endian; a timestamptz is int64 microseconds since
2000-01-01 UTC. The bucket is left out: the partition's default fills it in.
"""

import struct
from collections.abc import Iterable

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)

SUBMISSION_COLUMNS = (
    "slice_id",
    "campaign_id",
    "carrier_no",
    "submitted_at",
    "segments",
    "segment",
    "ordinal",
    "smsc_id",
)
RECEIPT_COLUMNS = ("carrier_no", "received_at", "state", "msisdn", "err", "smsc_id")
OUTCOME_COLUMNS = (
    "settled_at",
    "campaign_id",
    "slice_id",
    "ordinal",
    "carrier_no",
    "state",
    "segments",
    "err",
    "smsc_ids",
)

_EPOCH_2000_S = 946_684_800
_MSISDN_MOST = 10**18

_submission_head = struct.Struct(">hiiiiihiq")
_submission_tail = struct.Struct(">ihihihi")
_receipt_head = struct.Struct(">hihiq")
_receipt_msisdn = struct.Struct(">ihiqi")
_receipt_bare = struct.Struct(">ihii")
_length = struct.Struct(">i")
_outcome_head = struct.Struct(">hiqiiiiihihihihi")


def copy_time(unix_s: float) -> int:
    """A Unix time as the int64 of a binary timestamptz."""
    return int((unix_s - _EPOCH_2000_S) * 1_000_000)


def submission_head(slice_id: int, campaign_id: int, carrier_no: int, submitted_at: int) -> bytes:
    """What the rows of one slice in one batch of answers share; `submitted_at` from copy_time."""
    return _submission_head.pack(8, 4, slice_id, 4, campaign_id, 2, carrier_no, 8, submitted_at)


def submission_row(head: bytes, segments: int, segment: int, ordinal: int, smsc_id: bytes) -> bytes:
    """One accepted segment. segment counts from 1; segments 0: the recipient was rejected all the same."""
    return head + _submission_tail.pack(2, segments, 2, segment, 2, ordinal, len(smsc_id)) + smsc_id


def receipt_head(carrier_no: int, received_at: int) -> bytes:
    """What the receipts of one batch share."""
    return _receipt_head.pack(6, 2, carrier_no, 8, received_at)


def receipt_row(head: bytes, state: int, msisdn: int | None, err: bytes, smsc_id: bytes) -> bytes:
    """One receipt, final or not. What Postgres cannot hold (NUL in a text, more than 18 digits) is left out."""
    if 0 in err or 0 in smsc_id:
        err, smsc_id = err.replace(b"\0", b""), smsc_id.replace(b"\0", b"")
    if msisdn is None or msisdn > _MSISDN_MOST:
        middle = _receipt_bare.pack(2, state, -1, len(err))
    else:
        middle = _receipt_msisdn.pack(2, state, 8, msisdn, len(err))
    return head + middle + err + _length.pack(len(smsc_id)) + smsc_id


def outcome_row(
    settled_at: int,
    campaign_id: int,
    slice_id: int,
    ordinal: int,
    carrier_no: int,
    state: int,
    segments: int,
    err: bytes,
) -> bytes:
    """A recipient that ends without a receipt: no ids, never accepted as a whole."""
    head = _outcome_head.pack(
        9,
        8,
        settled_at,
        4,
        campaign_id,
        4,
        slice_id,
        2,
        ordinal,
        2,
        carrier_no,
        2,
        state,
        2,
        segments,
        len(err),
    )
    return head + err + _length.pack(0)


def receipt_place(row: bytes) -> tuple[int, int]:
    """(carrier_no, state) of a `receipt_row`."""
    head = _receipt_head.size
    carrier_no: int = _receipt_head.unpack_from(row)[2]
    state: int = _receipt_bare.unpack_from(row, head)[1]
    return carrier_no, state


def submission_carrier(row: bytes) -> int:
    """carrier_no of a `submission_row`."""
    carrier_no: int = _submission_head.unpack_from(row)[6]
    return carrier_no


def without_id(row: bytes) -> bytes:
    """A `submission_row` with an empty id."""
    end = _submission_head.size + _submission_tail.size
    return row[: end - _length.size] + _length.pack(0)


def copy_stream(rows: Iterable[bytes]) -> bytes:
    """The whole input of one COPY."""
    return b"".join((HEADER, *rows, TRAILER))
