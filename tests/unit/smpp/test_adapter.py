"""What aiosmpplib's encoders make of our requests, octet by octet."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broadcast.errors import ConfigError
from broadcast.smpp import pdu as smpp
from broadcast.smpp.adapter import (
    SubmitFields,
    bind_pdu,
    destination_place,
    enquire_link_pdu,
    submit_pdu,
    unbind_pdu,
    validity_text,
)

FIELDS = SubmitFields(
    "BOYTE", 5, 0, 1, 1, "", 0x40, 8, 1, "000001000000000R", b"\x05\x00\x03\x07\x02\x01\x1e\xa4"
)


def test_bind_transceiver() -> None:
    assert bind_pdu("transceiver", "esme", "secret", "VMS", 7) == (
        b"\0\0\0\x24" b"\0\0\0\x09" b"\0\0\0\0" b"\0\0\0\7" b"esme\0" b"secret\0" b"VMS\0" b"\x34\0\0" b"\0"
    )  # fmt: skip


@pytest.mark.parametrize(("mode", "command"), [("receiver", 1), ("transmitter", 2), ("transceiver", 9)])
def test_each_mode_has_its_command(mode: str, command: int) -> None:
    assert bind_pdu(mode, "e", "", "", 1)[4:8] == bytes((0, 0, 0, command))  # type: ignore[arg-type]


def test_a_password_of_sixteen_octets_goes_out_whole() -> None:
    assert b"e\x000123456789abcdef\x00" in bind_pdu("transceiver", "e", "0123456789abcdef", "", 1)


@pytest.mark.parametrize("password", ["0123456789abcdefg", "pässword"])
def test_a_password_that_cannot_be_sent_is_refused_without_naming_it(password: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bind_pdu("transceiver", "e", password, "", 1)
    assert password not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_system_type_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigError, match="system_type"):
        bind_pdu("transceiver", "e", "", "x" * 13, 1)


def test_submit_sm() -> None:
    assert submit_pdu(FIELDS, "84912345678", 0x01020304) == (
        b"\0\0\0\x49" b"\0\0\0\4" b"\0\0\0\0" b"\1\2\3\4"
        b"\0" b"\5\0BOYTE\0" b"\1\x0184912345678\0"
        b"\x40\0\0" b"\0" b"000001000000000R\0" b"\1\0" b"\x08\0" b"\x08" b"\x05\x00\x03\x07\x02\x01\x1e\xa4"
    )  # fmt: skip


def test_submit_sm_with_its_text_in_a_tlv() -> None:
    fields = replace(
        FIELDS, short_message=b"", validity_period="", tlvs=((0x0424, b"Hi!"), (0x020C, b"\0\7"))
    )
    encoded = submit_pdu(fields, "8491", 1)
    assert encoded.endswith(b"\x40\0\0\0\0\1\0\x08\0\0\x04\x24\0\3Hi!\x02\x0c\0\2\0\7")
    assert int.from_bytes(encoded[:4], "big") == len(encoded)


def test_all_octets_of_a_short_message_pass() -> None:
    message = bytes(range(254))
    assert submit_pdu(replace(FIELDS, short_message=message), "8491", 1).endswith(b"\xfe" + message)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(FIELDS, short_message=b"x" * 255),
        replace(FIELDS, source="a" * 21),
        replace(FIELDS, source="BỘYTẾ"),
        replace(FIELDS, dest_ton=99),
        replace(FIELDS, service_type="toolong"),
    ],
)
def test_what_does_not_fit_is_a_configuration_error(wrong: SubmitFields) -> None:
    with pytest.raises(ConfigError):
        submit_pdu(wrong, "84912345678", 1)


def test_the_destination_is_found_behind_any_service_type() -> None:
    encoded = submit_pdu(replace(FIELDS, service_type="CMT", source="84"), "84912345678", 1)
    place = destination_place(encoded)
    assert encoded[place : place + 12] == b"84912345678\0"


def test_short_requests() -> None:
    assert enquire_link_pdu(9) == bytes.fromhex("00000010000000150000000000000009")
    assert unbind_pdu(0x7FFFFFFF) == bytes.fromhex("0000001000000006000000007fffffff")


def test_validity_as_absolute_and_relative_time() -> None:
    assert validity_text(datetime(2020, 3, 9, 8, 5, 7, tzinfo=UTC)) == "200309080507000+"
    assert validity_text(2 * 86400 + 3600 + 62.9) == "000002010102000R"
    with pytest.raises(ConfigError):
        validity_text(64 * 7 * 86400.0)


def test_our_command_ids_are_the_librarys() -> None:
    from aiosmpplib.state import SmppCommand

    for command in SmppCommand:
        ours = getattr(smpp, command.name, None)
        assert ours in (None, command.value), command
    for needed in ("SUBMIT_SM_RESP", "DELIVER_SM", "DATA_SM_RESP", "GENERIC_NACK", "UNBIND", "OUTBIND"):
        assert getattr(smpp, needed) == SmppCommand[needed].value
