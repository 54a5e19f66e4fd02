"""A seeded list of subscribers by a country's real numbering plan, with the dirt that real lists have.

For rehearsals: the generator knows what an import must make of its lines, so that books can be compared.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import IO

from broadcast.audience.attributes import Kind
from broadcast.audience.msisdn import Refusal
from broadcast.config import Country
from broadcast.errors import InputError
from broadcast.languages import _

_VALUES: Mapping[Kind, Sequence[str]] = {
    "text": ("school", "hospital", "office"), "number": ("1", "2", "3", "4", "5"), "boolean": ("yes", "no"),
}  # fmt: skip
_FOREIGN = ("+855", "+856", "+66", "+65", "+1415", "+33")
_GARBAGE = ("n/a", "khong co", "09xx xxx xxx", "?", "8.49E+10", "ext. 12a")
_NAMED = {"8.49E+10": Refusal.SCIENTIFIC.value}  # of these, what an import has an own reason for


@dataclass(frozen=True, slots=True)
class Dirt:
    """Shares of all lines, 0 to 1; spellings, opted_out and ported are shares of the good ones."""

    duplicate: float = 0.02
    landline: float = 0.01
    foreign: float = 0.005
    garbage: float = 0.005
    too_short: float = 0.003
    unknown_prefix: float = 0.002
    spellings: float = 0.3
    opted_out: float = 0.01
    ported: float = 0.03


@dataclass(frozen=True, slots=True)
class Facts:
    """What the list says of people beside their numbers. areas, languages: shares by what the cells say; none: there is
    no such column. attributes: types by name. unknown: the share of cells that are empty."""

    areas: Mapping[str, float] = field(default_factory=dict)
    languages: Mapping[str, float] = field(default_factory=dict)
    attributes: Mapping[str, Kind] = field(default_factory=dict)
    unknown: float = 0.1

    def columns(self) -> dict[str, tuple[Sequence[str], Sequence[float]]]:
        """By name: what its cells may say, and sums of their shares."""
        said = {"area": self.areas, "language": self.languages}
        said |= {name: dict.fromkeys(_VALUES[kind], 1.0) for name, kind in self.attributes.items()}
        return {name: (list(each), list(accumulate(each.values()))) for name, each in said.items() if each}


@dataclass(slots=True)
class Expected:
    """What an import into an empty database must say. subscribers and opted_out: by carrier, ports heeded. known: by
    column, as the cells say it, how many people."""

    lines: int = 0
    imported: int = 0
    duplicate: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    subscribers: Counter[str] = field(default_factory=Counter)
    opted_out: Counter[str] = field(default_factory=Counter)
    known: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Person:
    national: str
    carrier_column: str
    opted_out_column: str
    facts: str


class Generator:
    """One list. The same arguments give the same lines; `expected` is complete once `lines` is exhausted."""

    def __init__(
        self,
        country: Country,
        lines: int,
        seed: int = 1,
        weights: Mapping[str, float] | None = None,
        dirt: Dirt | None = None,
        facts: Facts | None = None,
    ) -> None:
        """weights: share of subscribers by carrier's name; default: by the number of its prefixes."""
        self.expected = Expected()
        self._country = country
        self._count = lines
        self._random = random.Random(seed)
        self._dirt = dirt or Dirt()
        self._facts = facts or Facts()
        self._columns = self._facts.columns()
        self.expected.known = {name: Counter() for name in self._columns}
        chosen = weights or {name: len(prefixes) for name, prefixes in country.prefixes.items()}
        unknown = sorted(set(chosen) - set(country.prefixes))
        if unknown:
            raise InputError(
                _(
                    "no carrier {unknown} in the numbering plan: {prefixes}",
                    unknown=unknown[0],
                    prefixes=", ".join(sorted(country.prefixes)),
                )
            )
        self._names = list(chosen)
        self._weights = list(accumulate(chosen.values()))
        self._numbers = {name: _Numbers(country, name, self._random) for name in self._names}
        self._earlier: list[_Person] = []

    def write(self, sink: IO[str]) -> Expected:
        """Header and lines to `sink`; returns what to expect of them."""
        sink.write(",".join(("msisdn", "carrier", "opted_out", *self._columns)) + "\n")
        sink.writelines(self.lines())
        return self.expected

    def lines(self) -> Iterator[str]:
        """Each with its line end, without header."""
        kinds, weights = self._kinds()
        for _line in range(self._count):
            self.expected.lines += 1
            yield self._line(self._random.choices(kinds, cum_weights=weights)[0])

    def _kinds(self) -> tuple[list[str], list[float]]:
        dirt = self._dirt
        shares = {
            "duplicate": dirt.duplicate,
            Refusal.LANDLINE.value: dirt.landline if self._country.landline_prefixes else 0.0,
            Refusal.FOREIGN.value: dirt.foreign,
            Refusal.GARBAGE.value: dirt.garbage,
            Refusal.TOO_SHORT.value: dirt.too_short,
            Refusal.UNKNOWN_PREFIX.value: dirt.unknown_prefix if _unassigned(self._country) else 0.0,
        }
        clean = 1.0 - sum(shares.values())
        if clean <= 0:
            raise InputError(_("the shares of dirt sum to more than all lines"))
        return ["clean", *shares], list(accumulate([clean, *shares.values()]))

    def _line(self, kind: str) -> str:
        if kind == "clean" or (kind == "duplicate" and not self._earlier):
            person = self._new_person()
            self.expected.imported += 1
        elif kind == "duplicate":
            person = self._random.choice(self._earlier)
            self.expected.duplicate += 1
        else:
            refused = self._refused(kind)
            self.expected.refused[_NAMED.get(refused, kind)] += 1
            return f"{refused},,{',' * len(self._columns)}\n"
        spelt = self._spelling(person.national)
        return f"{spelt},{person.carrier_column},{person.opted_out_column}{person.facts}\n"

    def _new_person(self) -> _Person:
        chance = self._random.random
        carrier = self._random.choices(self._names, cum_weights=self._weights)[0]
        national = self._numbers[carrier].next()
        ported_to = ""
        if len(self._names) > 1 and chance() < self._dirt.ported:
            ported_to = self._random.choice([name for name in self._names if name != carrier])
        opted_out = chance() < self._dirt.opted_out
        self.expected.subscribers[ported_to or carrier] += 1
        self.expected.opted_out[ported_to or carrier] += opted_out
        person = _Person(national, ported_to, "yes" if opted_out else "", self._said())
        if len(self._earlier) < 1000:
            self._earlier.append(person)
        elif chance() < 0.05:
            self._earlier[self._random.randrange(1000)] = person
        return person

    def _said(self) -> str:
        """The cells of one person, each after its comma."""
        cells = []
        for name, (values, shares) in self._columns.items():
            if self._random.random() < self._facts.unknown:
                cells.append(",")
                continue
            said = self._random.choices(values, cum_weights=shares)[0]
            self.expected.known[name][said] += 1
            cells.append(f",{said}")
        return "".join(cells)

    def _spelling(self, national: str) -> str:
        country, chance = self._country, self._random.random()
        usual = country.trunk_prefix + national
        if chance >= self._dirt.spellings:
            return usual
        code = country.country_code
        ways = (
            f"+{code}{national}",
            f"{country.international_prefix}{code}{national}",
            f"{code}{national}",
            f"+{code} {national[:3]} {national[3:6]} {national[6:]}",
            f"({usual[:4]}) {usual[4:]}",
            f"{usual[:4]}.{usual[4:7]}.{usual[7:]}",
            f"{usual[:4]}-{usual[4:]}",
        )
        return ways[int(chance / self._dirt.spellings * len(ways))]

    def _refused(self, kind: str) -> str:
        country = self._country
        if kind == Refusal.FOREIGN.value:
            leads = [lead for lead in _FOREIGN if not lead.startswith(f"+{country.country_code}")]
            return self._random.choice(leads) + self._digits(8)
        if kind == Refusal.GARBAGE.value:
            return self._random.choice(_GARBAGE)
        if kind == Refusal.TOO_SHORT.value:
            return country.trunk_prefix + self._digits(min(country.national_lengths) - 3, first="9")
        if kind == Refusal.LANDLINE.value:
            lead = self._random.choice(country.landline_prefixes)
            return country.trunk_prefix + lead + self._digits(max(country.national_lengths) + 1 - len(lead))
        lead = self._random.choice(_unassigned(country))
        return country.trunk_prefix + lead + self._digits(country.national_lengths[0] - len(lead))

    def _digits(self, count: int, first: str = "") -> str:
        rest = count - len(first)
        return first + str(self._random.randrange(10**rest)).zfill(rest)


class _Numbers:
    """Distinct national numbers of one carrier in a scattered order, without remembering any of them."""

    def __init__(self, country: Country, carrier: str, chance: random.Random) -> None:
        length = country.national_lengths[0]
        self._prefixes = [prefix for prefix in country.prefixes[carrier] if len(prefix) < length]
        self._digits = min(length - len(prefix) for prefix in self._prefixes)
        self._length = length
        self._size = 10**self._digits
        # i -> (a i + b) mod 10^n visits every number once when a has no factor 2 or 5
        self._step = chance.randrange(self._size // 10) * 10 + 7
        self._start = chance.randrange(self._size)
        self._index = 0

    def next(self) -> str:
        lap, place = divmod(self._index, len(self._prefixes))
        if lap >= self._size:
            raise InputError(_("the numbering plan has fewer numbers than lines were asked for"))
        self._index += 1
        prefix = self._prefixes[place]
        serial = (lap * self._step + self._start) % self._size
        return prefix + str(serial).zfill(self._length - len(prefix))


def _unassigned(country: Country) -> list[str]:
    """Two-digit prefixes that are nobody's, neither mobile nor fixed."""
    taken = {prefix for each in country.prefixes.values() for prefix in each} | set(country.landline_prefixes)
    pairs = (f"{number:02}" for number in range(10, 100))
    return [
        pair
        for pair in pairs
        if not any(pair.startswith(prefix) or prefix.startswith(pair) for prefix in taken)
        and not pair.startswith(country.trunk_prefix or country.country_code)
    ]
