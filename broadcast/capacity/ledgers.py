"""Which carriers share a database, so that none has more to write than it is trusted with."""

import math
from collections.abc import Mapping


def dealt(per_s: Mapping[str, float], most: float) -> tuple[dict[str, float], ...]:
    """Of each database the part of each of its carriers: 1, or less of one that is too large and has to be split.

    per_s: segments a second of each carrier. The largest first, each where there is still room.
    """
    pieces = []
    for name, rate in per_s.items():
        count = math.ceil(rate / most)
        pieces += [(rate / count, name, 1 / count)] * count
    dealt: list[dict[str, float]] = []
    used: list[float] = []
    for rate, name, part in sorted(pieces, key=lambda piece: (-piece[0], piece[1])):
        place = next((at for at, has in enumerate(used) if has + rate <= most), len(used))
        if place == len(used):
            dealt.append({})
            used.append(0.0)
        dealt[place][name] = part
        used[place] += rate
    return tuple(dealt)
