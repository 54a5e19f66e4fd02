"""One person's piece of work: a connection that is opened and closed once, the configuration, and who is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from broadcast.actions.notices import Notice, Training
from broadcast.config import Config
from broadcast.errors import ConfigError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.store.ledgers import Parts, all_parts, check_home, parts_of
from broadcast.store.pool import connect
from broadcast.store.purpose import purpose

Tell = Callable[[Notice], None]


def _to_nobody(notice: Notice) -> None:
    """For who asks again, and for tests."""


@dataclass(frozen=True, slots=True)
class Session:
    """What an action works with. configuration: None where none was given, for stopping an alert needs none.

    tell: is called with what comes up meanwhile. connection: in no transaction; an action has its own. training: the
    database is there for that, and reaches nobody.
    """

    connection: asyncpg.Connection
    configuration: Config | None = None
    tell: Tell = _to_nobody
    training: bool = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        configuration: Config | None = None,
        tell: Tell = _to_nobody,
        *,
        home: bool = True,
        **how: Any,
    ) -> AsyncIterator["Session"]:
        """One with a connection of its own, until the end of the block. home: it is to be that, and no ledger, which a
        schema that is not checked cannot tell. how: as of `connect`. Raises as that; RefusedError."""
        connection = await connect(**how)
        try:
            training = False
            if home and how.get("check_schema", True):
                await check_home(connection)
                training = await purpose(connection) == "training"
            if training:
                tell(Training())
            yield cls(connection, configuration, tell, training)
        finally:
            await connection.close()

    def parts(self, campaign_id: CampaignId) -> AbstractAsyncContextManager[Parts]:
        """The ledgers that have recipients of a campaign. Raises as `ledgers.parts_of`."""
        return parts_of(self.connection, self.configuration, campaign_id)

    def all_parts(self) -> AbstractAsyncContextManager[Parts]:
        """Every ledger. Raises as `ledgers.all_parts`."""
        return all_parts(self.connection, self.configuration)

    @property
    def config(self) -> Config:
        """For what cannot be done without one. Raises ConfigError when none was given."""
        if self.configuration is None:
            raise ConfigError(_("this needs a configuration: give --config FILE, or set BROADCAST_CONFIG"))
        return self.configuration
