"""The ledgers: databases of their own for some carriers each, beside home, which has people and campaigns.

None is configured: home is the one ledger too, and nobody has to know of any of this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from broadcast import secret
from broadcast.config.carriers import Carrier
from broadcast.config.rules import require
from broadcast.languages import _
from broadcast.tables import nearest

HomeAway = Literal["stop", "go_on"]
BUCKETS: Final = 64  # of subscribers, by `msisdn % 64`: what a carrier is split by


@dataclass(frozen=True, slots=True)
class Share:
    """What one ledger has of a carrier that is split. tps: of the carrier's; accounts: system_ids that bind here."""

    tps: int
    accounts: tuple[str, ...]

    def __post_init__(self) -> None:
        require(self.tps >= 1, _("tps must be at least 1 segment per second"))
        require(self.accounts, _("accounts must name at least one system_id of the carrier's binds"))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Whose traffic it keeps, and what holds its URL; neither of the two: it is home itself.

    carriers: names of those that are here as a whole. shares: of carriers that are split, by name. With neither it
    keeps the people of past campaigns.
    """

    carriers: tuple[str, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)
    url_env: str | None = None
    url_file: str | None = None

    def __post_init__(self) -> None:
        require(
            self.url_env is None or re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", self.url_env),
            _(
                "url_env is the name of an environment variable: letters, digits and _ "
                "(not shown here, it may be the URL)"
            ),
        )
        require(not (self.url_env and self.url_file), _("url_env and url_file exclude each other: give one"))

    @property
    def home(self) -> bool:
        """It is in the same database as people and campaigns."""
        return self.url_env is None and self.url_file is None

    def url(self) -> str:
        """Read now; of one that is not home. Raises ConfigError when the named place holds none."""
        return secret.read(self.url_env, self.url_file, "url").strip()

    def names(self) -> frozenset[str]:
        """Every carrier of which it has something."""
        return frozenset((*self.carriers, *self.shares))


def check(ledgers: Mapping[str, Ledger], carriers: Mapping[str, Carrier]) -> None:
    """Each carrier is in one ledger, or split by its accounts. Raises ValueError with the key in front."""
    for name, ledger in ledgers.items():
        require(
            re.fullmatch("[a-z][a-z0-9_]*", name),
            _("ledgers.{name}: a name is of small letters, digits and _", name=name),
        )
        for carrier in sorted(ledger.names()):
            require(
                carrier in carriers,
                _(
                    "ledgers.{name} names {carrier}: {nearest}",
                    name=name,
                    carrier=carrier,
                    nearest=nearest(carrier, sorted(carriers)),
                ),
            )
    require(
        sum(each.home for each in ledgers.values()) < 2,
        _("ledgers: two of them have neither url_env nor url_file, and there is one home"),
    )
    for carrier in carriers if ledgers else ():
        _check_placed(carrier, carriers[carrier], ledgers)


def _check_placed(name: str, carrier: Carrier, ledgers: Mapping[str, Ledger]) -> None:
    whole = [each for each, ledger in ledgers.items() if name in ledger.carriers]
    shares = [ledger.shares[name] for ledger in ledgers.values() if name in ledger.shares]
    if not shares:
        require(
            len(whole) == 1,
            _(
                "carriers.{name} is in {whole} of [ledgers]: name it in the carriers of one",
                name=name,
                whole=_(" and ").join(whole) or _("none"),
            ),
        )
        return
    require(
        not whole and len(shares) > 1,
        _("ledgers: {name} is split, so each of its ledgers needs a share of it", name=name),
    )
    require(
        carrier.receipts_return == "account",
        _(
            'carriers.{name} is split over ledgers: that needs receipts_return = "account", for a receipt that comes '
            "at another account would not be met",
            name=name,
        ),
    )
    accounts = [account for share in shares for account in share.accounts]
    known = {bind.system_id for bind in carrier.binds}
    require(
        sorted(accounts) == sorted(known),
        _("ledgers: the shares of {name} name each system_id of its binds once", name=name),
    )
    require(
        sum(share.tps for share in shares) <= carrier.tps,
        _("ledgers: the shares of {name} have more TPS than its {tps}", name=name, tps=carrier.tps),
    )
