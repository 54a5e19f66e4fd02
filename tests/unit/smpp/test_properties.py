"""What is written by the rules is read as it was written, whatever an SMSC makes of the rules."""

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.wire import data_sm, deliver_sm, tlv

from broadcast.campaign.parts import UDHI, Part, read_part
from broadcast.config import Bind, Carrier
from broadcast.smpp.delivery import sar_of
from broadcast.smpp.inbox import Inbox
from broadcast.smpp.vocabulary import STANDARD
from broadcast.smpp.window import Window

MSISDN = 84912345678
CARRIER = Carrier(tps=1, binds=(Bind("localhost", 2775, "esme"),))
bounded = settings(derandomize=True, deadline=None, max_examples=300)

ID = st.text("0123456789abcdefABCDEFxyzXYZ-_./", min_size=1, max_size=65).map(str.encode)
WORD = st.sampled_from(sorted(STANDARD.words))
ERR = st.text("0123456789abcXYZ", max_size=16).map(str.encode)
DATE = st.one_of(st.just(b""), st.text("0123456789", min_size=10, max_size=14).map(str.encode)).flatmap(
    lambda digits: st.sampled_from([digits, digits + b"+"])
)
COUNT = st.sampled_from([b"001", b"1", b"000", b""])
FREE_TEXT = st.binary(max_size=30).filter(lambda octets: b"\0" not in octets)


@st.composite
def receipt_texts(draw: st.DrawFn, smsc_id: bytes, word: bytes, err: bytes) -> bytes:
    """The fields of appendix B; those that say nothing may be left out, names are in any case."""
    fields = [b"id:" + smsc_id]
    fields += draw(
        st.sampled_from([[], [b"sub:" + draw(COUNT)], [b"sub:" + draw(COUNT), b"dlvrd:" + draw(COUNT)]])
    )
    fields += draw(st.sampled_from([[], [b"submit date:" + draw(DATE), b"done date:" + draw(DATE)]]))
    fields += [b"stat:" + word, b"err:" + err]
    if draw(st.booleans()):
        fields = [name.upper() + b":" + value for name, value in (field.split(b":", 1) for field in fields)]
    text = b" ".join(fields)
    return text + draw(st.sampled_from([b"", b" text:", b" Text:"])) if draw(st.booleans()) else text


@bounded
@given(st.data(), ID, WORD, ERR, FREE_TEXT)
def test_a_receipt_means_the_same_however_it_is_written(
    data: st.DataObject, smsc_id: bytes, word: bytes, err: bytes, free: bytes
) -> None:
    text = data.draw(receipt_texts(smsc_id, word, err))
    wide = text.decode("ascii").encode(data.draw(st.sampled_from(["utf-16-be", "utf-16-le"])))
    vendor = tlv(data.draw(st.integers(0x1400, 0x3FFF)), free)
    by_tlv = tlv(0x001E, smsc_id + b"\0") + vendor
    for pdu in (
        deliver_sm(1, text, vendor + free[:3]),
        deliver_sm(1, text, esm_class=data.draw(st.sampled_from([0x04, 0x44, 0x08, 0x20]))),
        deliver_sm(1, wide, data_coding=8) if len(wide) < 256 else deliver_sm(1, text, data_coding=8),
        deliver_sm(1, b"", vendor + tlv(0x0424, text)),
        deliver_sm(1, b"id:another stat:%s err:%s text:" % (word, err), by_tlv),
        data_sm(1, vendor + tlv(0x0424, text)),
    ):
        batch = Inbox(Window(1, 64.0), CARRIER).feed(pdu)
        assert (batch.messages, batch.unreadable) == ([], [])
        assert [receipt[1:] for receipt in batch.receipts] == [
            (STANDARD.words[word], smsc_id.decode(), err.decode(), MSISDN)
        ]


ELEMENT = st.tuples(
    st.integers(0x09, 0x23), st.binary(max_size=6)
)  # neither of the kinds that are looked for
TEXT = st.binary(max_size=60)


@bounded
@given(
    st.lists(ELEMENT, max_size=3), st.lists(ELEMENT, max_size=3), st.booleans(), st.integers(0, 65535),
    st.integers(2, 255), st.data(), TEXT,
)  # fmt: skip
def test_a_part_is_known_by_its_header_whatever_else_that_holds(
    before: list[tuple[int, bytes]],
    after: list[tuple[int, bytes]],
    wide: bool,
    reference: int,
    total: int,
    data: st.DataObject,
    text: bytes,
) -> None:
    number = data.draw(st.integers(1, total))
    width = 2 if wide else 1
    reference %= 1 << 8 * width
    joining = (8 if wide else 0, reference.to_bytes(width, "big") + bytes((total, number)))
    elements = b"".join(bytes((kind, len(value))) + value for kind, value in (*before, joining, *after))
    part = read_part(UDHI, bytes((len(elements),)) + elements + text, None)
    assert part == Part(text, f"{'u16' if wide else 'u8'}:{reference}:{total}", number, total)


@bounded
@given(st.integers(0, 65535), st.integers(2, 255), st.data(), TEXT.filter(lambda text: text[:1] != b"\5"))
def test_a_part_is_known_by_its_tlvs(reference: int, total: int, data: st.DataObject, text: bytes) -> None:
    number = data.draw(st.integers(1, total))
    tlvs = {0x020C: reference.to_bytes(2, "big"), 0x020E: bytes((total,)), 0x020F: bytes((number,))}
    assert read_part(0, text, sar_of(tlvs)) == Part(text, f"sar:{reference}:{total}", number, total)
    for missing in tlvs:
        assert sar_of({tag: value for tag, value in tlvs.items() if tag != missing}) is None


@bounded
@given(
    st.integers(0, 255),
    st.binary(max_size=140),
    st.one_of(st.none(), st.tuples(*[st.integers(0, 65535)] * 3)),
)
def test_no_message_is_unreadable(esm_class: int, payload: bytes, sar: tuple[int, int, int] | None) -> None:
    part = read_part(esm_class, payload, sar)
    assert payload.endswith(part.octets)
    assert 1 <= part.number <= part.total
