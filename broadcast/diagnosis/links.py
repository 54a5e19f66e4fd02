"""What is wrong with the binds of a carrier."""

from collections.abc import Iterator
from typing import Final

from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import Code, Finding, age, binds
from broadcast.diagnosis.reading import LinkTrouble
from broadcast.languages import _
from broadcast.smpp import advice, status

UNBOUND_S: Final = 10.0
REFUSED_S: Final = 5.0  # a refused bind is known sooner than a silent one


def of_links(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    if not carrier.slots or not figures.workers:
        return
    settled = figures.workers_for_s >= UNBOUND_S
    if settled and not carrier.held and not carrier.readings:
        said = _(
            "no worker takes its {slots}: their configuration does not have this carrier",
            slots=binds(carrier.slots),
        )
        yield Finding(Code.NOT_HELD, carrier.carrier, True, said, "broadcast carrier list")
        return
    troubles = [
        each
        for reading in carrier.readings
        for each in reading.troubles
        if each.for_s >= (REFUSED_S if each.why.startswith("refused:") else UNBOUND_S)
    ]
    if troubles:
        yield _binds_down(carrier, troubles)
    elif settled and carrier.bound and not carrier.granted_tps and carrier.waiting and figures.sending:
        said = _(
            "{bound} up, none of them granted any TPS: transmitters wait for a receiver",
            bound=binds(carrier.bound),
        )
        yield Finding(
            Code.NO_GRANT,
            carrier.carrier,
            True,
            said,
            f"broadcast carrier show {carrier.carrier}",
        )


def _binds_down(carrier: CarrierFigures, troubles: list[LinkTrouble]) -> Finding:
    worst = max(troubles, key=lambda each: (each.why.startswith("refused:"), each.for_s))
    down = min(sum(each.links for each in troubles), carrier.slots)
    which = _("{down} of {slots}", down=down, slots=binds(carrier.slots))
    command = f"broadcast carrier check {carrier.carrier}"
    if worst.why == "lost":
        said = _(
            "{which} bound and lost again and again for {for_s}: the worker's log says how",
            which=which,
            for_s=age(worst.for_s),
        )
        return Finding(Code.BINDS_DOWN, carrier.carrier, False, said, command)
    stops = not carrier.bound or not carrier.granted_tps
    said = _("{which} not up for {for_s}: {why}", which=which, for_s=age(worst.for_s), why=_why(worst.why))
    return Finding(Code.BINDS_DOWN, carrier.carrier, stops, said + _("; nothing is sent") * stops, command)


def _why(why: str) -> str:
    kind, _colon, name = why.partition(":")
    if kind == "refused":
        known = status.number(name)
        return _("refused with {name}", name=name) + (
            "" if known is None else f", {_(advice.of_bind(known).why)}"
        )
    return {
        "connecting": _("no connection to the SMSC: address, port, firewall, or the way there"),
        "binding": _("connected, but no answer to the bind: the wrong port, or TLS on one side only"),
    }.get(kind, _("it cannot even be tried: the worker's log says which file or secret"))
