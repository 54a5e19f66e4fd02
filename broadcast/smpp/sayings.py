"""What a carrier's statuses and receipts say of a number, by its configuration."""

from collections.abc import Iterable, Mapping

from broadcast.channel.outcome import STATUS
from broadcast.channel.sayings import Sayings
from broadcast.config import Carrier
from broadcast.smpp import status as statuses


def sayings(carrier: Carrier) -> Sayings:
    """As a ledger has them."""
    smpp, otherwise = carrier.smpp, carrier.smpp.ported_to or ""
    named = {int(each, 0): to for each, to in smpp.ported_statuses_to.items()}
    ported = {_of_status(each): named.get(each, otherwise) for each in smpp.ported_statuses}
    ported |= _named(smpp.ported_errs, smpp.ported_errs_to, otherwise)
    unknown = {*map(_of_status, smpp.unknown_statuses), *(each.lower() for each in smpp.unknown_errs)}
    return Sayings(ported, frozenset(unknown))


def _named(errs: Iterable[str], to: Mapping[str, str], otherwise: str) -> dict[str, str]:
    return {each.lower(): to.get(each, otherwise) for each in errs}


def _of_status(status: int) -> str:
    return f"{STATUS}{statuses.name(status)}".lower()
