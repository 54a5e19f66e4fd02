"""Target: message ids, as submit_sm_resp and receipts write them, come out as they went in (quirk 48)."""

from fuzz.octets import Octets
from fuzz.profiles import chosen
from fuzz.reading import HEADER, ID_OCTETS_MOST, check_id, read

from broadcast.config import Carrier

_RECEIPT_START = b"\0\1\184912345678\0\5\0BOYTE\0\4\0\0\0\0\0\0\0\0"


def ids(data: bytes) -> None:
    """The same octets from a response, a TLV and a text are one id; no other ones are, and none is ever cut."""
    octets = Octets(data)
    carrier = chosen(octets.number())
    raw = octets.rest().replace(b"\0", b"").strip()
    answered = _answered(raw, carrier)
    check_id(answered)
    if len(raw) > ID_OCTETS_MOST:
        assert answered == ""
        return
    assert answered.encode("latin-1") == raw
    assert answered == _answered(b" " + raw + b" \0" + raw, carrier)
    if raw:
        tlvs = b"\0\x1e" + len(raw).to_bytes(2, "big") + raw + b"\4\x27\0\1\2"
        assert answered == _receipted(b"", tlvs, carrier)
        if _is_word(raw):
            assert answered == _receipted(b"id:" + raw + b" stat:DELIVRD err:000", b"", carrier)


def _is_word(raw: bytes) -> bool:
    """Can it stand in a receipt's text? Not with blanks, a field's name, what parts fields, or too long."""
    return len(raw) < 200 and b":" not in raw and raw.split() == [raw] and raw[-1:] not in (b",", b";", b"|")


def _answered(raw: bytes, carrier: Carrier) -> str:
    pdu = HEADER.pack(16 + len(raw) + 1, 0x80000004, 0, 5) + raw + b"\0"
    ((_, status, smsc_id),) = read([pdu], carrier).answers
    assert status == 0
    return smsc_id


def _receipted(text: bytes, tlvs: bytes, carrier: Carrier) -> str:
    body = _RECEIPT_START + bytes((len(text),)) + text + tlvs
    ((_, _, smsc_id, _, _),) = read([HEADER.pack(16 + len(body), 0x05, 0, 9) + body], carrier).receipts
    return smsc_id
