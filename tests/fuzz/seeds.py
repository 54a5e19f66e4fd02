"""Inputs to begin with: what real SMSCs send, case by case of the list of quirks, as literal octets."""

from typing import Final

from unit.smpp.wire import answer, data_sm, deliver_sm, pdu, receipt_text, tlv

_ID, _STATE, _ERR, _PAYLOAD = 0x001E, 0x0427, 0x0423, 0x0424
_TRANSCEIVER_BOUND: Final = pdu(0x80000009, 1, b"SMSC\0\x02\x10\0\1\x34")
_UCS2: Final = "id:a1 stat:DELIVRD err:000 text:x".encode("utf-16-be")
_DATES: Final = (b"2401311200", b"240131120059", b"20240131120159", b"2401311200+", b"", b"0000000000")

# (esm_class, data_coding, text, TLVs) of a deliver_sm
RECEIPTS: Final[tuple[tuple[int, int, bytes, bytes], ...]] = (
    *((4, 0, receipt_text(each), b"") for each in (b"1F4", b"500", b"0000000500", b"12345678901234567890123")),
    (4, 0, receipt_text(b"SAR-1a2b-2-1"), b""),
    (4, 0, receipt_text(b"6F9619FF-8B86-D011-B42D-00CF4FC964FF"), b""),
    *((4, 0, b"id:a1 sub:001 dlvrd:001 submit date:%s done date:%s stat:DELIVRD err:000 text:x" % (each, each), b"")
      for each in _DATES),
    *((4, 0, receipt_text(err=each), b"") for each in (b"21b", b"0042", b"", b" 0", b"002", b"x" * 17)),
    (4, 0, b"id:a1 submit date:2401311200 done date:2401311201 stat:DELIVRD err:000", b""),
    (4, 0, b"id:a1 done date:2401311201 DELIVRD err:000", b""),
    (4, 0, b"id:a1 stat:DELIVRD err:000 text:id:b2 stat:UNDELIV err:999", b""),
    (4, 0, b"ID:A1 STAT:DELIVRD ERR:000 TEXT:\x1b\x00\xff", b""),
    (4, 8, _UCS2, b""),
    (4, 8, b"id:a1 stat:DELIVRD err:000 text:x", b""),
    (4, 0, b"", tlv(_ID, b"A1\0") + tlv(_STATE, b"\2")),
    (4, 0, b"", tlv(_ID, b"A1\0")),
    (4, 0, receipt_text(b"a1", b"ENROUTE"), tlv(_STATE, b"\2") + tlv(_ID, b"b2\0")),
    (4, 0, b"", tlv(_PAYLOAD, receipt_text())),
    (4, 0, receipt_text(), tlv(0x1400, b"vendor") + tlv(0x3FFF, b"") + tlv(_ERR, b"\3\0\x21") + b"\0"),
    (4, 0, receipt_text(), tlv(_STATE, b"\0\0\0\2") + tlv(0x0204, b"\1\2\3") + b"\4\x27\0\x09\2"),
    *((4, 0, receipt_text(b"a1", each), b"") for each in (b"ACKED", b"BUFFRED", b"BUFFERD", b"SKIPPED", b"ODD")),
    *((each, 0, receipt_text(), b"") for each in (0x44, 0x08, 0x20, 0x00, 0x05)),
    (0, 0, b"", tlv(_ID, b"a1\0") + tlv(_STATE, b"\2")),
    (0, 0, b"STOP", b""),
    (0x40, 8, b"\5\0\3\7\2\1" + "ДА".encode("utf-16-be"), b""),
    (0x40, 0, b"\x0b\5\4\x0b\x84\x23\xf0\x08\4\1\7\2\1STOP", b""),
)  # fmt: skip

_STREAMS: Final[tuple[bytes, ...]] = (
    _TRANSCEIVER_BOUND + pdu(0x15, 0xFFFFFFFF) + answer(5, b"1F4") + deliver_sm(7, receipt_text(b"500")),
    pdu(0x80000009, 1, status=0x05),
    pdu(0x80000009, 1, b"\0", status=0x0E),
    pdu(0x80000009, 1, b"SMSC\0\x02\x10\0\1\x50"),
    pdu(0x80000000, 1, status=0x03),
    pdu(0x80000000, 5, status=0x58) + pdu(0x80000000, 1, status=0x14) + pdu(0x80000000, 0, status=0x03),
    pdu(0x80000004, 5, b"", 0x58)
    + pdu(0x80000004, 6, b"\0", 0x4A1)
    + pdu(0x80000004, 7, b"id without its NUL"),
    pdu(0x80000004, 8, b"id8\0" + tlv(0x1400, b"v")) + answer(1, b"late") + answer(99, b"stray"),
    data_sm(9, tlv(_PAYLOAD, receipt_text()))
    + data_sm(10, tlv(_ID, b"a1") + tlv(_STATE, b"\5"), esm_class=0),
    pdu(0x102, 3, b"\1\1849\0\1\1\0") + pdu(0x0B, 4, b"SMSC\0secret\0") + pdu(0x7F000001, 5) + pdu(0x06, 6),
    pdu(0x05, 8, b"\0\1") + pdu(0x05, 9) + deliver_sm(10, b"stat:DELIVRD err:000"),
    answer(5) + b"HTTP/1.1 400 Bad Request\r\n\r\n",
    pdu(0x15, 1) + b"\0\0\0\x0f\0\0\0\x15" + bytes(8),
    pdu(0x15, 1) + b"\0\2\0\1\0\0\0\x05" + bytes(8),
    b"".join(
        deliver_sm(number, text, tlvs, esm_class=esm) for number, (esm, _, text, tlvs) in enumerate(RECEIPTS)
    ),
)

_IDS: Final = (
    b"1F4", b"500", b"0000000500", b"00000000000000000000000", b"0x1F4", b"ABC-def", b"SAR-1a2b-2-1", b"\xd9\xa1",
    b"6F9619FF-8B86-D011-B42D-00CF4FC964FF", b"12345678901234567890123", b"1_0", b"+10", b"9" * 255, b"f" * 255,
)  # fmt: skip

_SUBMIT_HEAD: Final = b"\0\5\0BOYTE\0\1\1"
_SUBMITS: Final[tuple[bytes, ...]] = (
    b"\0" + b"\0\0\0\0\0" + b"\1\0\0\2hi",
    b"\0" + b"\x40\0\0\0\0\1\0\x08\0\x08" + b"\5\0\3\7\2\1" + b"\1\1",
    b"\0" + b"\x40\0\0\0\x30\x30\x30\x30\x30\x31\x30\x30\x30\x30\x30\x30\x30\x30\x30R\0\1\0\0\0\0",
    b"\0" + b"\0\0\0\0" + b"240131120000028+\0\1\0\0\0\0",
    b"\0" + b"\0\0\0\0\0\1\0\0\0\0" + tlv(_PAYLOAD, b"long") + tlv(0x020C, b"\0\7") + tlv(0x020E, b"\2"),
)


def _pieces(stream: bytes) -> bytes:
    """As raw pieces of target `stream`."""
    parts = [stream[start : start + 255] for start in range(0, len(stream), 255)]
    return b"".join(bytes((0, len(part))) + part for part in parts)


def _receipt_input(esm_class: int, data_coding: int, text: bytes, tlvs: bytes) -> bytes:
    return bytes((0, esm_class, data_coding, 11)) + b"84912345678" + bytes((len(text),)) + text + tlvs


def _submit_input(kind: int, times: int, tail: bytes) -> bytes:
    piece = _SUBMIT_HEAD + b"\xff" + tail
    return bytes((100, kind, times, len(piece))) + piece


# (esm_class, data_coding, short_message) of what people send
_MESSAGES: Final[tuple[tuple[int, int, bytes], ...]] = (
    (0, 0, b"STOP"),
    (0, 0, b"Stop, please\x1b\x65\0"),
    (0, 8, "Dừng gửi".encode("utf-16-be")),
    (0, 8, "dừng".encode("utf-16")),
    (0, 8, b"odd"),
    (0x40, 8, b"\5\0\3\7\2\1" + "Д".encode("utf-16-be")),
    (0x40, 8, b"\5\0\3\7\2\2" + "А".encode("utf-16-be")),
    (0x40, 0, b"\x0c\5\4\x0b\x84\x23\xf0\x08\4\1\7\2\1STOP"),
    (0x40, 0, b"\3\x24\1\1" + b"\x1bi \x1bS"),
    (0x40, 0, b"\xff\0\3\7\2\1x"),
    (0, 0, b"\5\0\3\7\2\1forgotten udhi"),
    (0, 0xF5, bytes(range(0, 256, 5))),
    (0, 10, b"\x1b$B%F\x1b(B"),
)
_TEXTS: Final = ("STOP", "5€ [x] ^", "Bộ Y tế 😷 " * 8, "e\u0301" * 80, "x" * 161, "€" * 81, "ğüşöç İĞŞ" * 20)

# as small as CAP can be: the fuzzer's inputs have 600 octets at most
_CAP_HEAD: Final = (
    b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>i</identifier><sender>s</sender>'
    b"<sent>2026-09-01T07:00:00+07:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"
)
_CAP_INFO: Final = (
    b"<info><category>Met</category><event>e</event><urgency>Past</urgency><severity>Minor</severity>"
    b"<certainty>Likely</certainty>%s</info>"
)
_CAPS: Final = (
    _CAP_HEAD + b"</alert>",
    _CAP_HEAD.replace(b"Alert<", b"Update<")
    + b"<references>s,h,2026-09-01T06:00:00+07:00</references></alert>",
    *(
        _CAP_HEAD + _CAP_INFO % part + b"</alert>"
        for part in (
            b"<language>vi</language>",
            b"<eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>",
            b"<area><areaDesc>a</areaDesc><polygon>0,0 1,0 1,1 0,0</polygon></area>",
            b"<area><areaDesc>a</areaDesc><circle>1,2 3</circle><altitude>1</altitude><ceiling>2</ceiling></area>",
            b"<resource><resourceDesc>r</resourceDesc><mimeType>image/png</mimeType><uri>u</uri></resource>",
        )
    ),
    (b'<?xml version="1.0" encoding="UTF-16"?>' + _CAP_HEAD + b"</alert>").decode().encode("utf-16"),
    _CAP_HEAD + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature></alert>',
)

SEEDS: Final[dict[str, list[bytes]]] = {
    "cap": [*_CAPS],
    "framer": [bytes((2, 40, 200)) + stream for stream in _STREAMS],
    "stream": [bytes((0, 2, 40, 200)) + _pieces(stream) for stream in _STREAMS],
    "delivery": [b"\0\0" + deliver_sm(1, text, tlvs, esm_class=esm)[16:] for esm, _, text, tlvs in RECEIPTS],
    "receipt": [_receipt_input(*each) for each in RECEIPTS],
    "ids": [bytes((carrier,)) + each for carrier in (0, 8, 16) for each in _IDS],
    "replies": [
        *(bytes((0, 0, *each[:2], len(each[2]))) + each[2] for each in _MESSAGES),
        b"\0\1\7\2\1\0\0\4STOP",
    ],
    "parts": [b"\0\0\1\0", b"\1\xff\0\1\2", b"\2\0\0\0\x80\1\2\3", bytes((4, 200, *range(0, 250, 3)))],
    "texts": [
        bytes((join, alphabet, shift, 18, 52)) + text.encode()
        for join, alphabet, shift in (
            (0, 0x80, 0),
            (1, 0, 0),
            (2, 0x82, 0),
            (3, 0x80, 1),
            (0, 3, 1),
            (1, 0, 3),
        )
        for text in _TEXTS
    ],
    "submits": [_submit_input(2, times, tail) for times in (0, 4, 6) for tail in _SUBMITS],
}
