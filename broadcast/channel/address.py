"""What an address in a message or a receipt tells of whose it is. Pure."""

from typing import Final

MAX_MSISDN_DIGITS: Final = 15


def msisdn_of(address: bytes) -> int | None:
    """The MSISDN that an address is; None for a name or anything else."""
    digits = address.strip(b" +")
    return int(digits) if digits.isdigit() and len(digits) <= MAX_MSISDN_DIGITS else None
