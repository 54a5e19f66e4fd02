"""A site's own phones as an audience: they hear an alert before everybody does, whether or not they are on the list."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.routing import Router
from broadcast.audience.snapshot import Group
from broadcast.config import Config, Country, Phones
from broadcast.config.ledgers import BUCKETS
from broadcast.errors import ConfigError, RefusedError
from broadcast.ids import CarrierNo
from broadcast.languages import N_, _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

NO_PHONES: Final = N_("there are no phones of one's own: give the --config FILE that has numbers in [phones]")


def read_phones(phones: Phones, country: Country) -> tuple[int, ...]:
    """As MSISDNs, each once. Raises ConfigError, which says the place of one that is none, and never the number."""
    normalize = Normalizer(country).normalize
    found: dict[int, None] = {}
    for place, written in enumerate(phones.numbers):
        number = normalize(written)
        if isinstance(number, Refusal):
            said = {"key": f"phones.numbers.{place}", "country": country.name, "why": number.words}
            raise ConfigError(_("{key} is no mobile number of {country}: {why}", **said))
        found[number] = None
    return tuple(found)


async def own_phones(
    home: Connection,
    config: Config,
    numbers: Mapping[str, CarrierNo],
    wanted: Collection[CarrierNo],
    languages: int = 0,
) -> AsyncIterator[Sequence[Group]]:
    """Those of the wanted carriers, as `snapshot.audience` gives people. numbers: home's carriers, by name. languages:
    in so many each hears their own: the phones take turns, in their order, so that all are heard.

    Raises RefusedError where there are none; ConfigError.
    """
    phones = read_phones(config.phones, config.country)
    if not phones:
        raise RefusedError(_(NO_PHONES))
    taken = {row["msisdn"]: row["carrier_no"] for row in await home.fetch(sql("ported_among"), list(phones))}
    router = Router(config.country)
    routed = ((each, taken.get(each) or numbers.get(router.carrier(each) or "")) for each in phones)
    mine = [(each, carrier) for each, carrier in routed if carrier in wanted]
    for turn in range(max(1, languages)):
        variant = turn + 1 if languages else 0
        yield [replace(each, variant=variant) for each in grouped(mine[turn :: max(1, languages)])]


def grouped(phones: Sequence[tuple[int, CarrierNo | None]]) -> list[Group]:
    """By carrier and bucket. Pure."""
    found: dict[tuple[CarrierNo, int], list[int]] = {}
    for msisdn, carrier_no in phones:
        if carrier_no is not None:
            found.setdefault((carrier_no, msisdn % BUCKETS), []).append(msisdn)
    return [
        Group(carrier_no, bucket, left_out="", numbers=b"".join(map(_element, sorted(each))))
        for (carrier_no, bucket), each in sorted(found.items())
    ]


def _element(msisdn: int) -> bytes:
    """Of array_send: its length, and the number."""
    return b"\0\0\0\x08" + msisdn.to_bytes(8, "big")
