"""The answers that we give, octet by octet."""

from broadcast.smpp import pdu as smpp

DELIVER_SM = bytes.fromhex("00000011000000050000000001020304") + b"\0"


def test_responses_to_receipts() -> None:
    acks = [smpp.deliver_sm_ack(DELIVER_SM), b"\xff\xff\xff\xff"]
    assert smpp.receipt_responses(acks) == bytes.fromhex(
        "000000118000000500000000" + "01020304" + "00" + "000000118000000500000000" + "ffffffff" + "00"
    )


def test_a_data_sm_is_answered_with_data_sm_resp() -> None:
    acks = [smpp.deliver_sm_ack(DELIVER_SM), smpp.data_sm_ack(DELIVER_SM), smpp.deliver_sm_ack(DELIVER_SM)]
    deliver = bytes.fromhex("000000118000000500000000" + "01020304" + "00")
    data = bytes.fromhex("000000118000010300000000" + "01020304" + "00")
    assert smpp.receipt_responses(acks) == deliver + data + deliver


def test_nothing_to_answer() -> None:
    assert smpp.receipt_responses([]) == b""


def test_control_answers() -> None:
    assert smpp.enquire_link_resp(0xFFFFFFFF) == bytes.fromhex("000000108000001500000000ffffffff")
    assert smpp.unbind_resp(1) == bytes.fromhex("00000010800000060000000000000001")
    assert smpp.generic_nack(5, 3) == bytes.fromhex("00000010800000000000000300000005")
