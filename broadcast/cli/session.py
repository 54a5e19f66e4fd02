"""How a command works with the database: one session, whose notices are lines on stderr."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from broadcast.actions.session import Session
from broadcast.actions.status import tell_status
from broadcast.actions.witness import witnessed
from broadcast.cli.notices import show_notice
from broadcast.cli.runner import run
from broadcast.cli.settings import perhaps_configuration
from broadcast.config import Config
from broadcast.errors import BroadcastError, ConfigError, DatabaseError, RefusedError

T = TypeVar("T")


def act(what: Callable[[Session], Awaitable[T]], config: Config | None = None, **how: Any) -> T:
    """Do `what` in a session of its own. config: None: the named one, if it can be read. how: as of `Session.open`."""

    async def acting() -> T:
        async with Session.open(config or perhaps_configuration(), show_notice, **how) as session:
            if not how.get("check_schema", True):  # there may be no chain yet
                return await what(session)
            async with witnessed(session):
                return await what(session)

    return run(acting())


def act_on(name: str, what: Callable[[Session], Awaitable[T]]) -> T:
    """The same with a campaign of this name, of which is said first if it is no actual alert."""

    async def marking(session: Session) -> T:
        await tell_status(session, name)
        return await what(session)

    return act(marking)


@asynccontextmanager
async def perhaps(**how: Any) -> AsyncIterator[Session | BroadcastError]:
    """A session, or why there is none: for what can be said without the database too. how: as of `Session.open`."""
    async with AsyncExitStack() as stack:
        found: Session | BroadcastError
        try:
            found = await stack.enter_async_context(Session.open(perhaps_configuration(), show_notice, **how))
        except (DatabaseError, ConfigError, RefusedError) as error:
            found = error
        yield found
