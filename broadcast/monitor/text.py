"""Prometheus' text format, 0.0.4, of a registry of its client library, made in a tenth of the time that that takes.

A worker's loop makes it while it sends: what a series is called is put together once, and a series whose value is as it
was at the last scrape is the text that it was. For that it looks where the library keeps its values, which is not
public; a test holds every line to the library's own.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Instrument = Counter | Gauge | Histogram
"""A metric of the library, or one of its children: the same with all its labels' values."""


def escaped(value: str) -> str:
    """As the value of a label."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def head(name: str, kind: str, meaning: str) -> str:
    """The lines before the samples of one metric."""
    words = meaning.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {name} {words}\n# TYPE {name} {kind}\n"


class _Child:
    """One set of labels: what its series are called, and what they were at the last scrape."""

    __slots__ = ("child", "names", "text", "values")

    def __init__(self, child: Instrument, labels: dict[str, str]) -> None:
        self.child = child
        self.names = [_name(name, labels | more) for name, more in _series(child)]
        self.values: list[float] = []
        self.text = ""

    def made(self) -> str:
        values = _values(self.child)
        if values != self.values:
            pairs = zip(self.names, values, strict=True)
            self.text = "".join([f"{name} {_number(value)}\n" for name, value in pairs])
            self.values = values
        return self.text


class _Family:
    """One metric with all its children, in the order in which they came."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        (described,) = instrument.describe()
        self._head = _head_of(described)
        self._children: dict[tuple[str, ...], _Child] = {}

    def made(self) -> str:
        return self._head + "".join([self._child(labels, child).made() for labels, child in self._all()])

    def _all(self) -> list[tuple[tuple[str, ...], Instrument]]:
        if not self._instrument._labelnames:
            return [((), self._instrument)]
        return list(self._instrument._metrics.items())  # type: ignore[arg-type]  # typed as a sequence, kept as a tuple

    def _child(self, labels: tuple[str, ...], child: Instrument) -> _Child:
        found = self._children.get(labels)
        if found is None or found.child is not child:  # taken away meanwhile, and made anew
            named = dict(zip(self._instrument._labelnames, labels, strict=True))
            found = self._children[labels] = _Child(child, named)
        return found


class Text:
    """Of one registry. What series are called is kept for as long as this is: labels are bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._families: dict[Collector, _Family] = {}

    def made(self) -> bytes:
        """Now."""
        return "".join(self._parts()).encode()

    def _parts(self) -> Iterator[str]:
        for collector in list(self._registry._collector_to_names):
            if isinstance(collector, Instrument):
                family = self._families.get(collector)
                if family is None:
                    family = self._families[collector] = _Family(collector)
                yield family.made()
            else:
                yield from map(_collected, collector.collect())


def _collected(family: Metric) -> str:
    """Of a collector that makes its samples when it is asked."""
    lines = [f"{_name(each.name, each.labels)} {_number(each.value)}\n" for each in family.samples]
    return _head_of(family) + "".join(lines)


def _series(child: Instrument) -> Iterator[tuple[str, dict[str, str]]]:
    """Names, and the labels that are their own; in the order of `_values`."""
    for sample in child._child_samples():
        if sample.name != "_created":
            yield child._name + sample.name, sample.labels


def _values(child: Instrument) -> list[float]:
    if isinstance(child, Histogram):
        values = list(accumulate([bucket.get() for bucket in child._buckets]))
        return [*values, values[-1], child._sum.get()]
    return [child._value.get()]


def _name(name: str, labels: dict[str, str]) -> str:
    if not labels:
        return name
    said = ",".join(f'{each}="{escaped(value)}"' for each, value in sorted(labels.items()))
    return f"{name}{{{said}}}"


def _number(value: float) -> str:
    if -1e6 < value < 1e6:  # there Go writes what Python does
        return repr(float(value))
    said: str = floatToGoString(value)  # type: ignore[no-untyped-call]
    return said


def _head_of(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return head(name, family.type, family.documentation)
