"""Receipts in batches, and the deliver_sm that they become."""

from unit.simulator.pdus import HEAD, cut

from broadcast.simulator.fate import Fate
from broadcast.simulator.receipts import Receipts, encode, join

D, U, E, R = Fate.DELIVERED, Fate.UNDELIVERABLE, Fate.EXPIRED, Fate.REJECTED


def batch(*receipts: tuple[bytes, bytes, Fate], owner: object = None, again: bool = False) -> Receipts:
    """(MSISDN, id, fate) each, at least one."""
    msisdns, ids, fates = zip(*receipts, strict=True)
    return Receipts(
        owner, HEAD, b"2603010800", len(msisdns[0]), len(ids[0]), b"".join(msisdns), b"".join(ids), bytes(fates),
        again,
    )  # fmt: skip


THREE = batch((b"84900000001", b"a1", D), (b"84900000002", b"b2", U), (b"84900000003", b"c3", E))


def test_the_text() -> None:
    sequences = b"\0\0\0\1\0\0\0\2\0\0\0\3"
    first, second, third = cut(bytes(encode(THREE, sequences, b"2603010801", tlvs=False)))
    body = b"\0\1\1" + b"84900000001" + b"\0\5\0BOYTE\0\4\0\0\0\0\0\0\0\0"
    text = b"id:a1 sub:001 dlvrd:001 submit date:2603010800 done date:2603010801 stat:DELIVRD err:000 text:"
    body += bytes((len(text),)) + text
    assert first == (16 + len(body)).to_bytes(4, "big") + b"\0\0\0\5\0\0\0\0\0\0\0\1" + body
    assert second[12:16] == b"\0\0\0\2"
    assert b"id:b2 sub:001 dlvrd:000" in second
    assert second.endswith(b"stat:UNDELIV err:027 text:")
    assert third.endswith(b"stat:EXPIRED err:011 text:")
    assert b"84900000003" in third


def test_the_tlvs() -> None:
    sent = batch((b"84900000001", b"a1", D), (b"84900000002", b"b2", R))
    first, second = cut(bytes(encode(sent, bytes(8), b"2603010801", tlvs=True)))
    assert first.endswith(b"text:" + b"\x00\x1e\0\x03a1\0" + b"\x04\x27\0\x01\x02")
    assert second.endswith(b"stat:REJECTD err:004 text:" + b"\x00\x1e\0\x03b2\0" + b"\x04\x27\0\x01\x08")


def test_parts_and_choices() -> None:
    assert THREE.part(1, 3) == batch((b"84900000002", b"b2", U), (b"84900000003", b"c3", E))
    assert len(THREE.part(1, 1)) == 0
    assert THREE.chosen([1, 0, 1]) == batch((b"84900000001", b"a1", D), (b"84900000003", b"c3", E))
    assert THREE.chosen([1, 1, 1]) == THREE
    assert THREE.part(0, 1).extended([THREE.part(1, 2), THREE.part(2, 3)]) == THREE


def test_joined_by_kind() -> None:
    here, there = object(), object()
    batches = [
        batch((b"84900000001", b"a1", D), owner=here),
        batch((b"84900000002", b"a2", D), owner=there),
        batch((b"84900000003", b"a3", U), owner=here),
        batch((b"84900000004", b"a4", D), owner=here, again=True),
    ]
    first, second, third = join(batches)
    assert first == batch((b"84900000001", b"a1", D), (b"84900000003", b"a3", U), owner=here)
    assert second.owner is there
    assert (third.again, third.ids) == (True, b"a4")
