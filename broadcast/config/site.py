"""What a site is: live, or there to train; its own phones; where acts are witnessed."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from broadcast.config.carriers import Carrier
from broadcast.config.rules import require
from broadcast.languages import _

Purpose = Literal["live", "training"]
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Site:
    """purpose: its database has one too, and no worker starts where the two differ.

    networks: of a training site, where simulated carriers may be beside this machine itself: "10.9.0.0/24".
    """

    purpose: Purpose = "live"
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            self.training or not self.networks,
            _('networks are of simulated carriers: they go with purpose = "training"'),
        )
        for text in self.networks:
            network = _network(text)
            require(
                network,
                _(
                    'networks: {text} is no network, "10.9.0.0/24" say, without bits behind its length',
                    text=repr(text),
                ),
            )
            require(
                network
                and not network.is_global
                and network.prefixlen >= (8 if network.version == 4 else 16),
                _("networks: {text} is public, or half of the world: name the test network alone", text=text),
            )

    @property
    def training(self) -> bool:
        """It reaches simulated carriers, and no others."""
        return self.purpose == "training"


@dataclass(frozen=True, slots=True)
class Phones:
    """The site's own, which hear an alert before everybody does. numbers: as people write them."""

    numbers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(len(self.numbers) <= 1000, _("numbers are of one's own phones: 1000 at most"))


@dataclass(frozen=True, slots=True)
class Witness:
    """heads: the file outside the database to which each act's end of the chain is added.

    key_file: holds the secret by which it is sealed, which the database's server cannot read.
    """

    heads: str | None = None
    key_file: str | None = None

    def __post_init__(self) -> None:
        require(
            bool(self.heads) == bool(self.key_file), _("heads and key_file go together: give both, or none")
        )


def check_carriers(site: Site, carriers: Mapping[str, Carrier]) -> None:
    """A training site reaches simulated carriers only, at addresses that are the test's own; a live one none of them.

    Raises ValueError with the key in front.
    """
    allowed = [_network("127.0.0.0/8"), _network("::1/128"), *map(_network, site.networks)]
    for name, carrier in carriers.items():
        if not site.training:
            require(
                not carrier.simulated,
                _(
                    "carriers.{name} is simulated, and this site is live: nobody would hear an alert. Take its file "
                    'out, or say [site] purpose = "training"',
                    name=name,
                ),
            )
            continue
        require(
            carrier.simulated,
            _(
                "carriers.{name} is not marked as simulated, and this site is there to train: take its file out "
                "(simulated = true is for simulators alone)",
                name=name,
            ),
        )
        for host, _port in (address for bind in carrier.binds for address in bind.addresses()):
            require(
                _within(host, [each for each in allowed if each]),
                _(
                    "carriers.{name} has the host {host}: a training site reaches addresses of 127.0.0.0/8, ::1 and "
                    "site.networks, written as numbers, for a name may lead anywhere",
                    name=name,
                    host=host,
                ),
            )


def _within(host: str, networks: list[_Network]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks if network.version == address.version)


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
