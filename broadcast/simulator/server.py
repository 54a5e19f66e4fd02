"""A simulated SMSC: a port, the sessions of those who connect to it, and the exchange behind them."""

import asyncio
import os
from typing import Any

from broadcast.errors import BroadcastError
from broadcast.simulator.exchange import Exchange
from broadcast.simulator.habits import ResponseHabits, SessionHabits
from broadcast.simulator.odd_session import OddSession
from broadcast.simulator.personality import Personality
from broadcast.simulator.session import Session
from broadcast.simulator.tls import server_context


class Smsc:
    """`start`, then it serves until `stop`; `book` and `summary` say what happened. Made within its loop."""

    def __init__(self, personality: Personality, kind: type[Exchange] = Exchange) -> None:
        """kind: of its exchange."""
        self.personality = personality
        self.exchange = kind(personality, asyncio.get_running_loop())
        self.book = self.exchange.book
        self._session_kind = session_kind(personality)
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int = 0) -> int:
        """Listen; 0 takes a free port. Returns the port. Raises BroadcastError when it cannot be had."""
        context = server_context(self.personality.tls)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: self._session_kind(self.exchange), host, port, backlog=256, ssl=context
            )
        except OSError as error:
            raise BroadcastError(
                f"cannot listen on {host} port {port} ({why(error)}): "
                "give another --port, or 0 for a free one"
            ) from error
        opened: int = self._server.sockets[0].getsockname()[1]
        return opened

    async def stop(self) -> None:
        """Close the port and every session. What is unacked stays in the book as pending."""
        if self._server is not None:
            self._server.close()
        await self.exchange.stop()

    def summary(self) -> dict[str, Any]:
        return self.exchange.summary()


def session_kind(personality: Personality) -> type[Session]:
    """The plain one where there is no habit for the other."""
    plain = personality.responses == ResponseHabits() and personality.session == SessionHabits()
    return Session if plain else OddSession


def why(error: OSError) -> str:
    """What the system says, without asyncio's words around it."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return error.strerror or str(error)
