"""What of a configuration each ledger has, and where each subscriber goes."""

from collections.abc import Mapping
from dataclasses import replace

from broadcast.config.carriers import Carrier
from broadcast.config.files import Config
from broadcast.config.ledgers import BUCKETS, Ledger, Share
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.tables import nearest


def check_ledger(ledgers: Mapping[str, Ledger], name: str) -> None:
    """Raises ConfigError when there is none of that name."""
    if name not in ledgers:
        hint = nearest(name, sorted(ledgers)) if ledgers else _("none is configured: leave --ledger out")
        raise ConfigError(_("there is no ledger {name}: {hint}", name=name, hint=hint))


def of_ledger(config: Config, name: str) -> Config:
    """What a worker or a resolver of this ledger has: its carriers, with its part of those that are split.

    Raises ConfigError when there is no such ledger.
    """
    check_ledger(config.ledgers, name)
    ledger = config.ledgers[name]
    carriers = {
        each: _share(carrier, ledger.shares[each]) if each in ledger.shares else carrier
        for each, carrier in config.carriers.items()
        if each in ledger.names()
    }
    return replace(config, carriers=carriers, ledgers={})


def _share(carrier: Carrier, share: Share) -> Carrier:
    binds = tuple(bind for bind in carrier.binds if bind.system_id in share.accounts)
    return replace(carrier, tps=share.tps, binds=binds)


def places(config: Config, carrier: str) -> list[str]:
    """Where each of a carrier's subscribers goes: a ledger's name by bucket, as many of them as its part of the TPS.

    Who is of a carrier that is not connected is counted in the first ledger.
    """
    split = [
        (name, each.shares[carrier].tps)
        for name, each in sorted(config.ledgers.items())
        if carrier in each.shares
    ]
    if not split:
        whole = [name for name, each in sorted(config.ledgers.items()) if carrier in each.carriers]
        return [(whole or sorted(config.ledgers))[0]] * BUCKETS
    total, found = sum(tps for _, tps in split), list[str]()
    passed = 0
    for name, tps in split:
        passed += tps
        found += [name] * (round(BUCKETS * passed / total) - len(found))
    return found
