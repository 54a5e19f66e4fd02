"""Octets of an order: a campaign's message as each carrier's profile wants it."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broadcast.campaign.approval import Approval, content_hash
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Category, content
from broadcast.campaign.lifecycle import CampaignState
from broadcast.config import Bind, Carrier, Smpp
from broadcast.engine.carrier_campaign import check_approved, prepared
from broadcast.errors import InputError, RefusedError
from broadcast.rules.limits import Limits
from broadcast.smpp.channel import SmppChannel

MARKS = {"en": "EXERCISE"}
LATER = datetime(2030, 1, 31, 11, 0, tzinfo=UTC)
BIND = Bind("127.0.0.1", 2775, "esme")


def campaign(text: str, sender: str = "BOYTE") -> Campaign:
    category: Category = "health"
    made = content(text=text, sender=sender, carriers=("c",), category=category, expires_at=LATER)
    return Campaign(
        campaign_id=0x51234, name="a", state=CampaignState.RUNNING, drafted_by="an", drafted_at=LATER,
        approved_by="binh", approved_at=LATER, approved_hash=content_hash(made), launched_by="an",
        launched_at=LATER, finished_at=None, closed_at=None, audience=1, segments=1, hears_opted_out=False,
        **{name: getattr(made, name) for name in made.__slots__},
    )  # fmt: skip


def pdus(text: str, from_whom: str = "BOYTE", **profile: Any) -> list[bytes]:
    """The submit_sm of one message, after their sequence number."""
    carrier = Carrier(tps=1, binds=(BIND,)).having(**profile)
    (made,) = prepared(campaign(text, from_whom), SmppChannel(carrier), 0.0)
    octets = made.renderer.stamp(1, [84912345678])
    found = []
    while octets:
        length = int.from_bytes(octets[:4], "big")
        found.append(octets[16:length])
        octets = octets[length:]
    return found


HOURS = Limits(("22:00-07:00",), "Asia/Ho_Chi_Minh", (), None, "Act 1")


def local(*moment: int) -> float:
    return datetime(*moment, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()


@pytest.mark.parametrize(
    ("now", "leaves_until", "delivered_until"),
    [
        ((2030, 1, 30, 12, 0), (2030, 1, 30, 21, 55), (2030, 1, 30, 21, 59, 30)),
        ((2030, 1, 30, 21, 54, 59), (2030, 1, 30, 21, 55), (2030, 1, 30, 21, 59, 30)),
        (
            (2030, 1, 30, 21, 55),
            (2030, 1, 30, 21, 55),
            None,
        ),  # too late: nothing may leave, whoever wanted it before
        ((2030, 1, 31, 3, 0), (2030, 1, 31, 3, 0), None),
        ((2030, 1, 31, 7, 0), (2030, 1, 31, 17, 59, 59), (2030, 1, 31, 18, 0)),  # its expiry comes first
    ],
)
def test_nothing_leaves_or_arrives_in_quiet_hours(
    now: tuple[int, ...], leaves_until: tuple[int, ...], delivered_until: tuple[int, ...] | None
) -> None:
    """What leaves shortly before them would arrive in them, or be dropped: validity_period ends before they begin."""
    ruled = replace(campaign("a"), rules=json.dumps(HOURS.document()))
    carrier = Carrier(tps=1, binds=(BIND,))
    (made,) = prepared(ruled, SmppChannel(carrier), local(*now))
    assert local(*leaves_until) <= made.expires_at < local(*leaves_until) + 1
    if delivered_until is not None:
        validity = datetime.fromtimestamp(local(*delivered_until), UTC).strftime("%y%m%d%H%M%S")
        assert validity.encode() in made.renderer.stamp(1, [84912345678])
    (relative,) = prepared(ruled, SmppChannel(carrier.having(validity="relative")), local(2030, 1, 30, 21, 0))
    assert b"000000005930000R" in relative.renderer.stamp(1, [84912345678])


def after_destination(pdu: bytes) -> bytes:
    """From esm_class on."""
    return pdu.partition(b"84912345678\0")[2]


@pytest.mark.parametrize(
    ("sender", "profile", "source"),
    [
        ("BOYTE", {}, b"\x05\x00BOYTE\0"),  # TON 5, NPI 0 (quirk 43)
        ("Bo Y te 115", {}, b"\x05\x00Bo Y te 115\0"),
        ("1022", {}, b"\x03\x00" + b"1022\0"),
        ("+84912345678", {}, b"\x01\x01" + b"84912345678\0"),
        ("BOYTE", {"sender": "MOH"}, b"\x05\x00MOH\0"),
        ("BOYTE", {"sender": "8022"}, b"\x03\x00" + b"8022\0"),
        ("BOYTE", {"source_ton": 0, "source_npi": 1}, b"\x00\x01BOYTE\0"),
    ],
)
def test_the_senders_type_of_number(sender: str, profile: dict[str, Any], source: bytes) -> None:
    (pdu,) = pdus("a", sender, **profile)
    assert pdu.startswith(b"\0" + source + b"\x01\x01")


@pytest.mark.parametrize(
    ("text", "profile", "esm_class", "data_coding", "short_message"),
    [
        ("a@{é", {}, 0, 0, "61 00 1b 28 05"),
        ("a@{é", {"default_alphabet": "latin1"}, 0, 0, "61 40 7b e9"),
        ("a@{", {"default_alphabet": "ascii"}, 0, 0, "61 40 7b"),
        ("Bộ 😷", {}, 0, 8, "00 42 1e d9 00 20 d8 3d de 37"),
        # a table that a carrier declares, only where it saves a segment
        ("ş" * 71, {"national_shift": "turkish"}, 0x40, 0, "03 24 01 01" + " 1b 73" * 71),
        ("ş" * 70, {"national_shift": "turkish"}, 0, 8, "01 5f " * 70),
    ],
    ids=["gsm", "latin1", "ascii", "ucs2", "turkish", "turkish without need"],
)
def test_one_segment(
    text: str, profile: dict[str, Any], esm_class: int, data_coding: int, short_message: str
) -> None:
    (pdu,) = pdus(text, **profile)
    octets = bytes.fromhex(short_message)
    assert after_destination(pdu) == (
        bytes([esm_class, 0, 0, 0])
        + b"300131110000000+\0"
        + bytes([1, 0, data_coding, 0, len(octets)])
        + octets
    )


@pytest.mark.parametrize(
    ("concatenation", "esm_class", "headers", "tlvs"),
    [
        ("udh8", 0x40, ["05 00 03 34 02 01", "05 00 03 34 02 02"], ["", ""]),
        ("udh16", 0x40, ["06 08 04 12 34 02 01", "06 08 04 12 34 02 02"], ["", ""]),
        (
            "sar",
            0,
            ["", ""],
            [
                "02 0c 00 02 12 34 02 0e 00 01 02 02 0f 00 01 01",
                "02 0c 00 02 12 34 02 0e 00 01 02 02 0f 00 01 02",
            ],
        ),
        ("payload", 0, [""], ["04 24 00 c8" + " 61" * 200]),
    ],
)
def test_long_messages(concatenation: str, esm_class: int, headers: list[str], tlvs: list[str]) -> None:
    """The reference is the campaign's number, as far as it fits (quirk 40)."""
    text = "a" * 200
    found = pdus(text, concatenation=concatenation)
    assert len(found) == len(headers)
    for pdu, header, tlv in zip(found, headers, tlvs, strict=True):
        tail = after_destination(pdu)
        assert tail[0] == esm_class
        length = tail[25]
        assert tail[26:].startswith(bytes.fromhex(header))
        assert tail[26 + length :] == bytes.fromhex(tlv)


@pytest.mark.parametrize(
    ("receipts", "asked", "awaited"),
    [("all", [1, 1], 2), ("last", [0, 1], 1), ("first", [1, 0], 1), ("none", [0, 0], 0)],
)
def test_receipts_are_asked_where_the_smsc_sends_them(receipts: Any, asked: list[int], awaited: int) -> None:
    """registered_delivery of each segment (quirk 21)."""
    found = pdus("a" * 200, concatenation="udh16", receipts=receipts)
    assert [after_destination(pdu)[21] for pdu in found] == asked
    channel = SmppChannel(Carrier(tps=1, binds=(BIND,), smpp=Smpp(receipts=receipts)))
    (made,) = prepared(campaign("a" * 200), channel, 0.0)
    assert made.awaited == awaited
    (alone,) = prepared(campaign("a"), channel, 0.0)
    assert alone.awaited == (0 if receipts == "none" else 1)


def test_what_was_not_approved_is_not_encoded() -> None:
    """Nor a copy that says something else than home, whoever approved it there."""
    made = campaign("Wash your hands")
    approvals = (Approval("binh", LATER, "approved", content_hash(made.content)),)
    check_approved(made, approvals, None, MARKS)
    check_approved(made, approvals, content_hash(made.content), MARKS)
    for changed, at_home in (
        (replace(made, text="Other"), None),
        (made, content_hash(replace(made, priority=6).content)),
    ):
        with pytest.raises(RefusedError, match="not what was approved"):
            check_approved(changed, approvals, at_home, MARKS)


def test_an_exercise_says_so_or_is_not_encoded() -> None:
    """Whoever launched it at psql was asked by nobody."""
    for text, said in (("EXERCISE Wash your hands", True), ("Wash your hands", False)):
        made = replace(
            campaign(text), status="exercise", texts=(("en", "Wash your hands"),), languages=("en",)
        )
        approvals = (Approval("binh", LATER, "approved", content_hash(made.content)),)
        with (
            contextlib.nullcontext()
            if said
            else pytest.raises(InputError, match="does not begin with its mark")
        ):
            check_approved(made, approvals, None, MARKS)
