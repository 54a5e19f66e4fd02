"""Target: message ids, as submit_sm_resp and receipts write them, meet under one spelling (quirks 1-3)."""

from fuzz.octets import Octets
from fuzz.profiles import chosen
from fuzz.reading import HEADER, check_id, read

from broadcast.config import Carrier

_RECEIPT_START = b"\0\1\184912345678\0\5\0BOYTE\0\4\0\0\0\0\0\0\0\0"


def ids(data: bytes) -> None:
    """The same id from a response, a TLV and a text is one id; case, padding and zeros do not part it."""
    octets = Octets(data)
    carrier = chosen(octets.number())
    raw = octets.rest().replace(b"\0", b"").strip()
    answered = _answered(raw, carrier)
    check_id(answered)
    assert answered == _answered(raw.upper(), carrier) == _answered(raw.lower(), carrier)
    assert answered == _answered(raw + b"\0" + raw, carrier)
    if carrier.response_id != "text" and raw.isdigit() and len(raw) < 200:
        assert answered == _answered(b"00" + raw, carrier)
    if raw and carrier.response_id == carrier.receipt_id:
        tlvs = b"\0\x1e" + len(raw).to_bytes(2, "big") + raw + b"\4\x27\0\1\2"
        assert answered == _receipted(b"", tlvs, carrier)
        if _is_word(raw):
            assert answered == _receipted(b"id:" + raw + b" stat:DELIVRD err:000", b"", carrier)


def _is_word(raw: bytes) -> bool:
    """Can it stand in a receipt's text? Not with blanks, a field's name, what parts fields, or too long."""
    return len(raw) < 200 and b":" not in raw and len(raw.split()) == 1 and raw[-1:] not in (b",", b";", b"|")


def _answered(raw: bytes, carrier: Carrier) -> str:
    pdu = HEADER.pack(16 + len(raw) + 1, 0x80000004, 0, 5) + raw + b"\0"
    ((_, status, smsc_id),) = read([pdu], carrier).answers
    assert status == 0
    return smsc_id


def _receipted(text: bytes, tlvs: bytes, carrier: Carrier) -> str:
    body = _RECEIPT_START + bytes((len(text),)) + text + tlvs
    ((_, _, smsc_id, _, _),) = read([HEADER.pack(16 + len(body), 0x05, 0, 9) + body], carrier).receipts
    return smsc_id
