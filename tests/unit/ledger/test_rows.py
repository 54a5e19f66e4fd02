"""Binary COPY rows, octet by octet: what Postgres reads is what was meant."""

from broadcast.ledger import rows


def test_times_count_from_the_year_2000_in_microseconds() -> None:
    assert rows.copy_time(946_684_800.0) == 0
    assert rows.copy_time(946_684_801.5) == 1_500_000


def test_a_submission_row() -> None:
    head = rows.submission_head(slice_id=7, campaign_id=3, carrier_no=2, submitted_at=1)
    assert rows.submission_row(head, segments=1, segment=1, ordinal=258, smsc_id=b"ab").hex(" ", 1) == (
        "00 08 00 00 00 04 00 00 00 07 00 00 00 04 00 00 00 03 00 00 00 02 00 02 "
        "00 00 00 08 00 00 00 00 00 00 00 01 00 00 00 02 00 01 00 00 00 02 00 01 "
        "00 00 00 02 01 02 00 00 00 02 61 62"
    )


def test_a_receipt_row_with_and_without_its_number() -> None:
    head = rows.receipt_head(carrier_no=2, received_at=1)
    assert rows.receipt_row(head, 8, 84321000001, b"000", b"ab").hex(" ") == (
        "00 06 00 00 00 02 00 02 00 00 00 08 00 00 00 00 00 00 00 01 00 00 00 02 00 08 "
        "00 00 00 08 00 00 00 13 a1 ec 5a 41 00 00 00 03 30 30 30 00 00 00 02 61 62"
    )
    assert (
        rows.receipt_row(head, 0, None, b"", b"ab")
        .hex(" ")
        .endswith("00 00 00 02 00 00 ff ff ff ff 00 00 00 00 00 00 00 02 61 62")
    )


def test_what_postgres_cannot_hold_is_left_out() -> None:
    head = rows.receipt_head(1, 1)
    clean = rows.receipt_row(head, 8, None, b"0", b"ab")
    assert rows.receipt_row(head, 8, 10**19, b"\x000", b"a\0b") == clean


def test_an_outcome_row_has_no_ids() -> None:
    row = rows.outcome_row(1, 3, 7, 5, 2, 6, 2, b"e")
    assert row.startswith(b"\x00\x09\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01")
    assert row.endswith(b"\x00\x00\x00\x01e\x00\x00\x00\x00")


def test_a_stream_is_header_rows_trailer() -> None:
    stream = rows.copy_stream([b"one", b"two"])
    assert stream == b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"onetwo" + b"\xff\xff"
