"""Carriers whose readers differ: an input's first octet chooses one."""

from itertools import product
from typing import Final, get_args

from broadcast.config import Bind, Carrier, IdFormat, Smpp

_BIND: Final = Bind("localhost", 2775, "esme")

CARRIERS: Final = tuple(
    Carrier(1, (_BIND,), smpp=Smpp(response_id=response, receipt_id=receipt, id_zeros=zeros, receipt_states=states))
    for response, receipt in product(get_args(IdFormat), repeat=2)
    for zeros, states in (("keep", {}), ("strip", {"ODD": "delivered", "DELIVRD": "intermediate", "10": "expired"}))
)  # fmt: skip


def chosen(number: int) -> Carrier:
    """The carrier of this number, counted round."""
    return CARRIERS[number % len(CARRIERS)]
