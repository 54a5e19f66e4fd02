"""Who an alert comes from: the sender's text and its type of number (SMPP 3.4 §5.2.5, §5.2.6). Pure.

BOYTE          alphanumeric   TON 5, NPI 0: at most 11 characters (3GPP TS 23.040 §9.1.2.5)
1022           short code     TON 3, NPI 0: 3 to 8 digits
+84912345678   MSISDN         TON 1, NPI 1: 9 to 15 digits, with or without +
"""

import re
from dataclasses import dataclass

from broadcast.campaign.alphabets import GSM_BASIC
from broadcast.errors import InputError
from broadcast.languages import _

MAX_ALPHANUMERIC = 11


@dataclass(frozen=True, slots=True)
class SenderAddress:
    """As `submit_sm` carries it: source_addr, source_addr_ton, source_addr_npi."""

    text: str
    ton: int
    npi: int


def address(sender: str) -> SenderAddress:
    """The address of a sender. Raises InputError when no carrier could take it."""
    if re.fullmatch(r"\d{3,8}", sender, re.ASCII):
        return SenderAddress(sender, ton=3, npi=0)
    if re.fullmatch(r"\+\d{7,15}|\d{9,15}", sender, re.ASCII):
        return SenderAddress(sender.removeprefix("+"), ton=1, npi=1)
    _check_alphanumeric(sender)
    return SenderAddress(sender, ton=5, npi=0)


def _check_alphanumeric(sender: str) -> None:
    if not sender or sender != sender.strip():
        raise InputError(
            _("the sender is empty or has a blank at an end: give a name such as BOYTE, or a number")
        )
    if not re.search(r"[A-Za-z]", sender):
        raise InputError(_("the sender has no letter and is no number of 3 to 15 digits"))
    if len(sender) > MAX_ALPHANUMERIC:
        raise InputError(
            _(
                "the sender has {count} characters: an alphanumeric one has at most {most}",
                count=len(sender),
                most=MAX_ALPHANUMERIC,
            )
        )
    # source_addr is ASCII on the wire and GSM 03.38 on the air; @ would be a NUL there.
    strange = {c for c in sender if not (c.isascii() and c.isprintable() and c in GSM_BASIC and c != "@")}
    if strange:
        points = ", ".join(sorted(f"U+{ord(character):04X}" for character in strange))
        raise InputError(_("the sender has characters that SMS senders cannot have: {points}", points=points))
