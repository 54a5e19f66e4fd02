"""cancel_sm as it goes out: the id and the addresses of the submit that it takes back (SMPP 3.4 §4.9)."""

from broadcast.channel.link import Held
from broadcast.config import Bind, Carrier, Smpp
from broadcast.smpp.cancelling import Canceller
from broadcast.smpp.channel import SmppChannel

BINDS = (Bind("smsc.example", 2775, "esme"),)


def test_the_octets() -> None:
    canceller = Canceller(Carrier(tps=1, binds=BINDS), "BOYTE")
    assert canceller.stamp(7, [Held("a1", 84320000001)]) == bytes.fromhex(
        "0000002a 00000008 00000000 00000007"  # command_length, cancel_sm, status, sequence
        "00"  # service_type
        "613100"  # message_id
        "0500 424f59544500"  # source: alphanumeric
        "0101 383433323030303030303100".replace(" ", "")  # destination
    )


def test_several_have_contiguous_numbers_and_their_own_ids() -> None:
    octets = Canceller(Carrier(tps=1, binds=BINDS), "1022").stamp(
        0x7FFFFFF0, [Held("é", 84320000001), Held("2", 849)]
    )
    first = int.from_bytes(octets[:4], "big")
    assert [octets[12:16].hex(), octets[first + 12 : first + 16].hex()] == ["7ffffff0", "7ffffff1"]
    assert octets[17:18] == b"\xe9"
    assert octets[first:].endswith(b"\x002\x00\x03\x001022\x00\x01\x01849\x00")
    assert len(octets) == first + int.from_bytes(octets[first : first + 4], "big")


def test_the_addresses_are_those_of_the_submit() -> None:
    like = Smpp(source_ton=0, source_npi=1, dest_ton=2, dest_npi=8, service_type="CMT")
    pdu = Canceller(Carrier(tps=1, binds=BINDS, sender="HOTLINE", smpp=like), "BOYTE").stamp(
        1, [Held("x", 849)]
    )
    assert pdu[16:] == b"CMT\0x\0\x00\x01HOTLINE\0\x02\x08849\0"


def test_only_a_carrier_that_can_is_asked() -> None:
    assert SmppChannel(Carrier(tps=1, binds=BINDS)).withdrawer("BOYTE") is None
    assert SmppChannel(Carrier(tps=1, binds=BINDS).having(cancel_sm=True)).withdrawer("BOYTE") is not None
