"""What a text costs while it is written: alphabet, units, segments, what makes it dear, what a rule refuses. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from broadcast.campaign.alphabets import Alphabet, choose_alphabet, in_gsm
from broadcast.campaign.content import check_printable
from broadcast.campaign.links import check_links
from broadcast.campaign.plain import plain_text
from broadcast.campaign.text import MAX_SEGMENTS, Message, compose
from broadcast.campaign.unseen import check_seen
from broadcast.config import Carrier, NationalShift, Smpp, Wording
from broadcast.errors import BroadcastError, InputError

_ROOM_MOST = 160  # characters in a segment


@dataclass(frozen=True, slots=True)
class WayCost:
    """A text as these carriers write it; none of them: as most do. units: septets or UCS-2 units; left: how many more
    fit before it takes another segment. problem: why it cannot be written so; the figures are then 0."""

    carriers: tuple[str, ...]
    alphabet: Alphabet
    shift: NationalShift = "none"
    units: int = 0
    left: int = 0
    segments: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """ways: the dearest first. dear: which characters GSM 03.38 does not have, how often, the most frequent first.
    plain_segments: of the dearest way in plain letters, where that is another text; plain_problem: why it has none.
    refusals: what would refuse it."""

    ways: tuple[WayCost, ...]
    dear: tuple[tuple[str, int], ...] = ()
    plain_segments: int | None = None
    plain_problem: str | None = None
    refusals: tuple[str, ...] = ()


def cost(
    text: str, carriers: Mapping[str, Carrier], wording: Wording, alphabet: Alphabet | None = None
) -> Cost:
    """text: as it would be kept; of an empty one everything is 0. alphabet: None: by the text."""
    ways = _ways(text, carriers, alphabet or choose_alphabet(text))
    dear = Counter(each for each in text if not in_gsm(each)).most_common()
    refusals = tuple(_refusals(text, wording))
    if not dear:
        return Cost(ways, refusals=refusals)
    try:
        plain = _ways(plain_text(text).text, carriers, "gsm0338")
    except InputError as error:
        return Cost(ways, tuple(dear), None, str(error), refusals)
    return Cost(ways, tuple(dear), plain[0].segments, plain[0].problem, refusals)


def _ways(text: str, carriers: Mapping[str, Carrier], alphabet: Alphabet) -> tuple[WayCost, ...]:
    """Carriers that write it alike are one."""
    alike: dict[WayCost, list[str]] = {}
    for name, carrier in sorted(carriers.items()):
        alike.setdefault(_way(text, carrier.smpp, alphabet), []).append(name)
    found = [_of(way, tuple(names)) for way, names in alike.items()] or [_way(text, Smpp(), alphabet)]
    return tuple(sorted(found, key=lambda way: (way.problem is None, -way.segments, way.carriers)))


def _of(way: WayCost, carriers: tuple[str, ...]) -> WayCost:
    return WayCost(carriers, way.alphabet, way.shift, way.units, way.left, way.segments, way.problem)


def _way(text: str, smpp: Smpp, alphabet: Alphabet) -> WayCost:
    def composed(longer: str) -> Message:
        return compose(
            longer, alphabet, smpp.concatenation, smpp.default_alphabet, 0, national_shift=smpp.national_shift
        )

    try:
        message = composed(text) if text else None
        left = _left(text, message.air_segments if message else 1, composed)
    except InputError as error:
        return WayCost((), alphabet, problem=str(error))
    if message is None:
        return WayCost((), alphabet, left=left)
    return WayCost((), message.alphabet, message.shift, message.units, left, message.air_segments)


def _left(text: str, segments: int, composed: Callable[[str], Message]) -> int:
    """How many characters of one unit more fit, by trying: what must not be parted leaves room at a segment's end."""
    least, most = 0, _ROOM_MOST
    while least < most:
        more = (least + most + 1) // 2
        try:
            fits = composed(text + "x" * more).air_segments == segments
        except InputError:
            if segments < MAX_SEGMENTS:
                raise
            fits = False
        least, most = (more, most) if fits else (least, more - 1)
    return least


def _refusals(text: str, wording: Wording) -> list[str]:
    found = []
    for look in (check_printable, check_seen, lambda said: check_links(said, wording)):
        try:
            look(text)
        except BroadcastError as error:
            found.append(str(error))
    return found
