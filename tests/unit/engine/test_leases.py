"""When a worker may take others for dead, and until when it may send."""

import asyncio
from collections import deque
from typing import Any

import pytest

from broadcast.config import Config
from broadcast.engine import leases
from broadcast.engine.leases import Leases, Round
from broadcast.errors import FencedError

MOST_S = 3.0


class Server:
    """Answers a renewal after so long (our clock), with so much on its own; None: it was reaped."""

    def __init__(self) -> None:
        self.now = 100.0
        self.ahead_s = 1_800_000_000.0
        self.takes: deque[float] = deque()
        self.reaped = False

    async def fetchval(self, *_: Any) -> float | None:
        self.now += self.takes.popleft() if self.takes else 0.01
        return None if self.reaped else self.now + self.ahead_s


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(leases, "lease_time", lambda: made.now)
    return made


def renewed(server: Server, config: Config, *, gap_s: float = 1.0, rounds: int = 10) -> Leases:
    """A worker that could renew for a while."""
    held = Leases(config, 1, server.now)
    for _ in range(rounds):
        server.now += gap_s
        renew(held, server)
    return held


def renew(held: Leases, server: Server) -> None:
    asyncio.run(held.renew(server))


def test_the_lease_counts_from_the_question(server: Server, config: Config) -> None:
    held = Leases(config, 1, server.now)
    asked = server.now
    server.takes.append(3.0)
    renew(held, server)
    assert held.valid_until == asked + config.engine.lease_s - leases.MARGIN_S < server.now + 2


def test_a_steady_worker_reaps_soon(server: Server, config: Config) -> None:
    began = server.now
    held = renewed(server, config)
    assert held.reaps_from == began + config.engine.lease_s / 2 < server.now


@pytest.mark.parametrize("away_s", [3.5, 60.0])
def test_after_an_outage_nobody_is_reaped_for_a_lease(server: Server, config: Config, away_s: float) -> None:
    held = renewed(server, config)
    server.now += away_s
    renew(held, server)
    assert held.reaps_from == server.now + config.engine.lease_s


def test_a_server_that_hung_in_the_renewal_was_away_too(server: Server, config: Config) -> None:
    held = renewed(server, config)
    server.takes.append(6.0)
    renew(held, server)
    assert held.reaps_from == server.now + config.engine.lease_s


@pytest.mark.parametrize("leap_s", [3600.0, -3600.0, 2.5])
def test_after_a_leap_of_the_servers_clock_nobody_is_reaped_for_a_lease(
    server: Server, config: Config, leap_s: float
) -> None:
    held = renewed(server, config)
    server.ahead_s += leap_s
    server.now += 1.0
    renew(held, server)
    assert held.reaps_from == server.now + config.engine.lease_s


def test_who_was_reaped_is_told(server: Server, config: Config) -> None:
    held = renewed(server, config)
    server.reaped = True
    with pytest.raises(FencedError):
        renew(held, server)


def test_rounds_that_follow() -> None:
    first = Round(10.0, 10.2, 1000.0)
    assert Round(11.2, 11.4, 1001.2).follows(first, MOST_S)
    assert not Round(13.0, 13.1, 1003.0).follows(first, MOST_S)
    assert Round(11.2, 11.4, 1002.3).follows(first, MOST_S)
    assert not Round(11.2, 11.4, 1002.5).follows(first, MOST_S)
    assert not Round(11.2, 11.4, 999.9).follows(first, MOST_S)
