"""What a database is for: live, or there to train. Nothing sends where the configuration says otherwise."""

from collections.abc import Mapping
from typing import Final

from broadcast.config import Config, Purpose
from broadcast.errors import RefusedError
from broadcast.languages import N_, _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_WORDS: Final[Mapping[Purpose, str]] = {"live": N_("live"), "training": N_("there to train")}


async def purpose(connection: Connection) -> Purpose:
    """What this database is for."""
    found: Purpose = await connection.fetchval(sql("purpose"))
    return found


async def check_purpose(connection: Connection, config: Config) -> None:
    """Raises RefusedError unless database and configuration are both live, or both there to train."""
    if (found := await purpose(connection)) != config.site.purpose:
        raise RefusedError(
            _(
                "this database is {here}, and this configuration {says}: one of the two is the wrong one. Look at "
                "BROADCAST_DATABASE_URL and at purpose in [site]",
                here=_(_WORDS[found]),
                says=_(_WORDS[config.site.purpose]),
            )
        )
