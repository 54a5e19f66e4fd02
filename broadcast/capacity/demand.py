"""What is to be sent, by whom, and with what: the question to which a plan is the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broadcast.capacity.costs import LEDGER_SEGMENTS_PER_S, WORKERS_LEAST
from broadcast.capacity.shares import divided, numbers_of
from broadcast.config import Carrier, Config
from broadcast.errors import ConfigError, InputError
from broadcast.languages import _
from broadcast.tables import nearest


@dataclass(frozen=True, slots=True)
class CarrierPart:
    """One carrier in every alert. people: of its own; tps: submits a second that it allows; sessions: that may send;
    window: submits without an answer, over all of them; segments, submits, receipts: of one message."""

    name: str
    people: int
    tps: int
    sessions: int
    window: int
    segments: int
    submits: int
    receipts: int

    @property
    def total(self) -> int:
        """Submits of an alert: what a TPS counts."""
        return self.people * self.submits


@dataclass(frozen=True, slots=True)
class Demand:
    """messages: to everybody, in as many alerts as it takes. receipt_s: until nearly every receipt has come. cores: of
    one machine; machines: that are there, None: as many as it takes. workers: of each database at least. ledger_per_s:
    segments a second that one is trusted with. slice_size, group_s: as the configuration's engine has them."""

    carriers: tuple[CarrierPart, ...]
    messages: int
    receipt_s: float = 30.0
    cores: int = 8
    machines: int | None = None
    workers: int = WORKERS_LEAST
    ledger_per_s: int = LEDGER_SEGMENTS_PER_S
    slice_size: int = 2000
    group_s: float = 0.05

    @property
    def people(self) -> int:
        """Everybody whom an alert goes to."""
        return sum(carrier.people for carrier in self.carriers)

    @property
    def alerts(self) -> float:
        """A message each; the last one may go to a part of the people."""
        return self.messages / self.people


def parts(config: Config, people: int, segments: int, shares: Mapping[str, float]) -> tuple[CarrierPart, ...]:
    """Everybody at the configured carriers, by these shares (in any unit) or else by the numbers that each has.

    Raises ConfigError: no carrier. InputError: shares of others than these carriers, or fewer people than carriers.
    """
    names = sorted(config.carriers)
    if not names:
        raise ConfigError(
            _("no carrier is configured: give the file that has [carriers.NAME] (--carriers FILE)")
        )
    _check(names, shares)
    weights = shares or numbers_of(config.country)
    counts = divided(people, {name: weights[name] for name in names})
    if empty := [name for name in names if not counts[name]]:
        raise InputError(
            _(
                "{people:,} people leave nobody for {empty}: say --share, or leave it out",
                people=people,
                empty=", ".join(empty),
            )
        )
    return tuple(_part(name, config.carriers[name], counts[name], segments) for name in names)


def _check(names: Sequence[str], shares: Mapping[str, float]) -> None:
    for name in shares:
        if name not in names:
            raise InputError(
                _(
                    "--share: no carrier {name} is configured: {nearest}",
                    name=name,
                    nearest=nearest(name, names),
                )
            )
    missing = [name for name in names if name not in shares]
    if shares and missing:
        raise InputError(_("--share: give every carrier's, {missing} too", missing=", ".join(missing)))


def _part(name: str, carrier: Carrier, people: int, segments: int) -> CarrierPart:
    sending = [bind for bind in carrier.slots() if bind.mode != "receiver"]
    submits = 1 if carrier.smpp.concatenation == "payload" else segments
    window = sum(bind.window for bind in sending)
    receipts = len(carrier.smpp.receipt_segments(submits))
    return CarrierPart(name, people, carrier.tps, len(sending), window, segments, submits, receipts)
