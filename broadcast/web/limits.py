"""How often somebody may try to log in: failures cost waiting, which doubles. Pure: `now` is handed in, in seconds.

What is counted is an address, and an account together with an address; never an account alone, for then whoever knows a
name could lock its owner out in the midst of an alert. Who has logged in from a browser before (`known`) is counted by
that browser, and waits for nobody else's failures, also behind the same address.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FREE: Final = 5  # failures of one account from one address, or of one browser, that cost nothing
FREE_ADDRESS: Final = 30  # of an address, over all accounts: a whole control room may sit behind it
FIRST_S: Final = 2.0
MOST_S: Final = 300.0
FORGOTTEN_S: Final = 900.0  # after the last failure
MOST: Final = 20_000  # keys: the oldest are forgotten

Key = tuple[str, ...]


@dataclass(slots=True)
class _Failures:
    count: int
    last_at: float


class Limiter:
    """Of one process."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def wait_s(self, now: float, address: str, account: str, known: str = "") -> float:
        """Until the next try may be made; 0: now. known: of a browser that this account has logged in from before."""
        return max(self._wait_s(now, key, free) for key, free in _keys(address, account, known))

    def failed(self, now: float, address: str, account: str, known: str = "") -> None:
        """A try with a wrong password, or of nobody's account. Said before it is made, and taken back by `passed`, so
        that a hundred at once are not one."""
        for key, _free in _keys(address, account, known):
            found = self._failures.pop(key, None)
            if found is None or now - found.last_at >= FORGOTTEN_S:
                found = _Failures(0, now)
            self._failures[key] = _Failures(found.count + 1, now)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def passed(self, address: str, account: str, known: str = "") -> None:
        """A try that was counted as failed before it was made was none: this account's failures from here are
        forgotten, those of the whole address are but one fewer."""
        for key, _free in _keys(address, account, known):
            found = self._failures.get(key)
            if key[0] != "address":
                self._failures.pop(key, None)
            elif found is not None:
                found.count = max(0, found.count - 1)

    def _wait_s(self, now: float, key: Key, free: int) -> float:
        found = self._failures.get(key)
        if found is None or found.count < free or now - found.last_at >= FORGOTTEN_S:
            return 0.0
        whole = min(MOST_S, FIRST_S * 2.0 ** min(found.count - free, 20))
        return max(0.0, found.last_at + whole - now)


def _keys(address: str, account: str, known: str) -> tuple[tuple[Key, int], ...]:
    if known:
        return ((("browser", known), FREE),)
    network = network_of(address)
    return ((("pair", network, account), FREE), (("address", network), FREE_ADDRESS))


def network_of(address: str) -> str:
    """An IPv6 address by its /64, which is one household's or one attacker's; else itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
