"""The tables of a personality: the habits of SMSCs that carriers' links meet, each a switch.

Every default is what the specification says, and costs nothing. A key that is a list holds alternatives: each
receipt or response takes one of them by chance (of the personality's seed), so one value in it means always.
The numbers in brackets are those of the cases that they imitate (tests/quirks.md).
"""

from broadcast.simulator.habits.ids import IdHabits, SameId, Twin
from broadcast.simulator.habits.inbound import Inbound
from broadcast.simulator.habits.receipts import (
    Dates,
    Encoding,
    Err,
    Numbers,
    ReceiptField,
    ReceiptHabits,
    ReceiptPdu,
    Segments,
    Style,
    TextForm,
)
from broadcast.simulator.habits.responses import ErrorForm, Response, ResponseHabits
from broadcast.simulator.habits.rules import Joined, Rules, TlsFiles, TlsVersion, Validity, ZeroAlphabet
from broadcast.simulator.habits.session import Answer, BindKind, End, SessionHabits, Strange

__all__ = [
    "Answer",
    "BindKind",
    "Dates",
    "Encoding",
    "End",
    "Err",
    "ErrorForm",
    "IdHabits",
    "Inbound",
    "Joined",
    "Numbers",
    "ReceiptField",
    "ReceiptHabits",
    "ReceiptPdu",
    "Response",
    "ResponseHabits",
    "Rules",
    "SameId",
    "Segments",
    "SessionHabits",
    "Strange",
    "Style",
    "TextForm",
    "TlsFiles",
    "TlsVersion",
    "Twin",
    "Validity",
    "ZeroAlphabet",
]
