"""Law 6: any change of the content changes the hash; the drafter cannot approve."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from broadcast.campaign.approval import (
    Approval,
    check_approved,
    check_hash,
    content_code,
    content_hash,
    older_hash,
    read_code,
)
from broadcast.campaign.area import Area
from broadcast.campaign.content import Content
from broadcast.errors import InputError, RefusedError

NONCE = "0123456789abcdef" * 2
CONTENT = Content(
    text="Rửa tay",
    sender="BOYTE",
    alphabet="ucs2",
    carriers=("mobifone", "viettel"),
    category="health",
    priority=5,
    expires_at=datetime(2030, 1, 1, 12, tzinfo=UTC),
    in_doubt_policy="hold",
    grace_s=60,
    texts=(("vi", "Rửa tay"),),
    languages=("vi",),
)


def by(signer: str, content: Content = CONTENT) -> Approval:
    return Approval(signer, CONTENT.expires_at, "approved", content_hash(content))


def test_the_hash_is_fixed_for_ever() -> None:
    assert content_hash(CONTENT).hex() == "ad7383644525569613cfd3ad125582e3493391836f71090c2a599b4d9e1c6920"


def test_what_was_approved_before_there_were_texts_stays_so() -> None:
    before = replace(CONTENT, texts=(), languages=())
    hashed = bytes.fromhex("8c9103ec6f243fbc44065134f3c7d0c989331911bcbf3ad5db5bfe84f9863477")
    assert older_hash(before) == hashed
    check_approved(before, "an", (), hashed)
    with pytest.raises(RefusedError, match="not what was approved"):
        check_approved(replace(before, text="Rửa chân"), "an", (), hashed)
    with pytest.raises(RefusedError, match="not approved"):
        check_approved(CONTENT, "an", (), hashed)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Rửa tay "},
        {"sender": "BOYTA"},
        {"alphabet": "gsm0338"},
        {"carriers": ("viettel",)},
        {"category": "routine"},
        {"priority": 6},
        {"expires_at": CONTENT.expires_at + timedelta(microseconds=1)},
        {"in_doubt_policy": "resend"},
        {"grace_s": 61},
        {"texts": (("vi", "Rửa tay."),)},
        {"languages": ("vi", "en")},
        {"status": "exercise"},
        {"hearers": "phones"},
        {"corrects": 1},
        {"areas": (Area("Quảng Nam"),)},
        {"channels": ("sms", "cbs")},
    ],
)
def test_every_part_counts(change: dict[str, Any]) -> None:
    changed = replace(CONTENT, **change)
    assert content_hash(changed) != content_hash(CONTENT)
    with pytest.raises(RefusedError, match="not what was approved"):
        check_approved(changed, "an", (by("binh"), by("chi")), None)
    with pytest.raises(RefusedError, match="not what was approved"):
        check_hash(changed, content_hash(CONTENT))


def test_what_means_the_same_hashes_the_same() -> None:
    hanoi = timezone(timedelta(hours=7))
    same = replace(CONTENT, carriers=("viettel", "mobifone"), expires_at=CONTENT.expires_at.astimezone(hanoi))
    assert content_hash(same) == content_hash(CONTENT)
    check_approved(same, "an", (by("binh"),), None)
    check_hash(same, content_hash(CONTENT))


@pytest.mark.parametrize("approvals", [(), (by("an"),)], ids=["nobody", "its drafter"])
def test_unapproved(approvals: tuple[Approval, ...]) -> None:
    with pytest.raises(RefusedError, match="not approved"):
        check_approved(CONTENT, "an", approvals, content_hash(CONTENT))


def test_one_of_two_approved_something_else() -> None:
    with pytest.raises(RefusedError, match="not what was approved"):
        check_approved(CONTENT, "an", (by("binh"), by("chi", replace(CONTENT, priority=6))), None)


def test_a_code_is_short_enough_to_be_read_aloud() -> None:
    assert content_code(CONTENT, NONCE) == "541d-113b"
    assert content_code(CONTENT, "00" * 16) != content_code(CONTENT, NONCE)


@pytest.mark.parametrize(
    "said",
    [
        "ad73-8364",
        "AD738364",
        " ad73 8364\n",
        "ad:73:83:64",
        "ad73\u20138364",  # a dash as chats make them
        "ad73\u00a08364\u200b",
        "\uff41d73-8364",  # a digit of full width
    ],
)
def test_a_code_however_it_was_typed(said: str) -> None:
    assert read_code(said) == "ad738364"


@pytest.mark.parametrize("said", ["", "ad73-836", "ad73-836g", "wash-hands", "0xad738364", "ad73-8364-4525"])
def test_what_is_no_code(said: str) -> None:
    with pytest.raises(InputError, match="8 of 0 to 9 and a to f"):
        read_code(said)
