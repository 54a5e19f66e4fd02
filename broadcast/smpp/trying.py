"""A link opened to see whether it can be, and closed: nothing is sent on it, and nothing is taken.

It binds as a transmitter, whatever the bind is: receipts go to any session that may have them, and this one would keep
them waiting.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from broadcast.channel.trying import Tried, Way, WayState
from broadcast.config import Bind, Carrier
from broadcast.errors import ConfigError
from broadcast.smpp import status as statuses
from broadcast.smpp.reach import BindAnswerError, ReachError, reach
from broadcast.smpp.tap import TappedLink

ANSWER_S: Final = 5.0
UNBIND_S: Final = 1.0
# The account is in use, or may not bind as a transmitter: the SMSC knows it, and that is what is asked.
_LIVES: Final = frozenset({statuses.ALREADY_BOUND, 0x04, 0x0D})


class _Nobody:
    """Implements channel's LinkEvents: nothing is to come here, and what comes all the same is left to others."""

    def full(self) -> bool:
        return True

    def _unheeded(self, *_: object) -> None:
        """Nobody is told."""

    bound = answered = answered_late = receipts = messages = unreadable = _unheeded
    unanswered = taken_back = room = closed = _unheeded


def ways(carrier: Carrier) -> Sequence[Way]:
    """Every address of every bind, in the order of the configuration."""
    found, first = [], 0
    for number, bind in enumerate(carrier.binds):
        slots = frozenset(range(first, first + bind.sessions))
        first += bind.sessions
        found += [
            Way(number, _written(host, port), frozenset() if standby else slots)
            for standby, (host, port) in enumerate(bind.addresses())
        ]
    return found


async def try_way(carrier: Carrier, way: Way) -> Tried:
    """Bind there, ask once whether it is alive, and leave."""
    bind = replace(carrier.binds[way.bind], mode="transmitter")
    begun = time.monotonic()
    state: WayState
    try:
        state, said = await _tried(bind, carrier, way)
    except BindAnswerError as error:
        said = f"the bind was refused with {statuses.name(error.status)}"
        state = "answers" if error.status in _LIVES else "shut"
    except ReachError as error:
        state, said = "shut", f"{error.step}: {error}"
    except (OSError, ConfigError) as error:
        state, said = "shut", str(error)
    return Tried(state, said, time.monotonic() - begun)


async def _tried(bind: Bind, carrier: Carrier, way: Way) -> tuple[WayState, str]:
    address = next(each for each in bind.addresses() if _written(*each) == way.address)
    made: list[TappedLink] = []

    def make() -> TappedLink:
        made.append(TappedLink("link test", bind, carrier, _Nobody(), lambda link, frame: None))
        return made[-1]

    await reach(address, bind, make, lambda step: None)
    link = made[-1]
    try:
        if await link.round_trip(ANSWER_S) is None:
            return "shut", f"bound, and no answer to enquire_link within {ANSWER_S:g} s"
        return "open", ""
    finally:
        await asyncio.shield(link.unbind(UNBIND_S))


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
