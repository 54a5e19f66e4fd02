"""One line where an unfinished import matters: the list is half of what somebody meant."""

from broadcast.audience import unfinished
from broadcast.audience.unfinished import Unfinished
from broadcast.cli.output import note, words
from broadcast.store.types import Connection


async def warn_of_unfinished(conn: Connection) -> None:
    """A line on stderr while there is one; nothing waits for it."""
    warn(await unfinished.find(conn))


def warn(found: Unfinished | None) -> None:
    """As `warn_of_unfinished`."""
    if found is not None:
        source = words(found.source)
        note(
            f"warning: the import of {source} is unfinished, the list is incomplete: {found.lines:,} lines"
            f" are in, the last since {words(found.committed_at)}; `broadcast subscriber import {source}"
            " --resumable` continues it"
        )
