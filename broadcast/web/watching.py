"""The one reader of the board: the nation once a second while somebody watches, for everybody who does.

It reads by connections of its own, as the login that the board was started with. What cannot be read is as it was, with
its age; nobody who watches waits for a database.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from broadcast.config import Config
from broadcast.errors import BroadcastError
from broadcast.languages import for_everybody
from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Seconds
from broadcast.monitor.logger import logger
from broadcast.reports.nation_reading import NationReading
from broadcast.store.failures import MENDABLE, in_words
from broadcast.store.pool import connect
from broadcast.store.purpose import purpose
from broadcast.store.queries import sql
from broadcast.web.details import Detailing
from broadcast.web.document import Beside, Draft, document
from broadcast.web.outlines import NO_OUTLINES, Outlines

EVERY_S: Final = 1.0
FRESH_S: Final = 2.0  # what was read so lately need not be read anew for a page
OLD_S: Final = 6.0  # figures that are older are told as old, as the page's script does
WAIT_S: Final = 4.0  # a page waits so long for the first figures
IDLE_S: Final = 10.0  # after the last page or stream that wanted figures
DRAFTS: Final = 50

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown now. document: None: nothing could be read yet. json: the same, as it is served. read_at: of the
    loop's clock. trouble: `database` where it does not answer. outlines: of the areas that it may name."""

    number: int = 0
    document: Mapping[str, Any] | None = None
    json: bytes = b"null"
    read_at: float = 0.0
    trouble: str = ""
    outlines: Outlines = NO_OUTLINES

    def age_s(self, now: float) -> float:
        """Of the figures, where there are any."""
        return 0.0 if self.document is None else max(0.0, now - self.read_at)

    def trouble_at(self, now: float) -> str:
        """trouble, or that of a reading which has not come back since."""
        return self.trouble or ("database" if self.age_s(now) > OLD_S else "")


class Watching:
    """`run` until it is cancelled. tell: is called with each moment, once a second, while somebody watches."""

    def __init__(
        self, config: Config | None, watched: Callable[[], bool], tell: Callable[[Moment], None]
    ) -> None:
        self._config = config
        self._watched, self._tell = watched, tell
        self._wanted = asyncio.Event()
        self._wanted_at = float("-inf")
        self._read = asyncio.Condition()
        self._home: asyncpg.Connection | None = None
        self._nation: NationReading | None = None
        self._training = False
        self._details = Detailing(config)
        self.last = Moment()

    async def moment(self) -> Moment:
        """No older than FRESH_S where the database answers; else as it was last: ask for its trouble."""
        loop = asyncio.get_running_loop()
        self.want()
        began = self.last.number
        if loop.time() - self.last.read_at >= FRESH_S or self.last.document is None:
            try:
                async with asyncio.timeout(WAIT_S), self._read:
                    await self._read.wait_for(lambda: self.last.number > began)
            except TimeoutError:
                log(events.BOARD_DATABASE_SLOW, within_s=Seconds(WAIT_S))
        return self.last

    def want(self) -> None:
        """Somebody looks."""
        self._wanted_at = asyncio.get_running_loop().time()
        self._wanted.set()

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        details = asyncio.create_task(self._details.run(), name="board details")
        try:
            while True:
                await self._wanted.wait()
                began = loop.time()
                await self._look()
                if not self._watched() and loop.time() - self._wanted_at > IDLE_S:
                    self._wanted.clear()
                    self._lose()
                    continue
                await asyncio.sleep(max(0.1, began + EVERY_S - loop.time()))
        finally:
            details.cancel()
            await asyncio.gather(details, return_exceptions=True)
            self._lose()

    async def _look(self) -> None:
        """One reading, or why there is none; then everybody is told."""
        loop = asyncio.get_running_loop()
        before = self.last
        try:
            made = await self._document()
            octets = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
            self.last = Moment(before.number + 1, made, octets, loop.time(), "", self._details.outlines)
            if before.trouble:
                log(events.BOARD_DATABASE_BACK)
        except (*MENDABLE, asyncpg.PostgresError, BroadcastError) as error:
            self._lose()
            self.last = Moment(
                before.number + 1, before.document, before.json, before.read_at, "database", before.outlines
            )
            if not before.trouble:
                why = error if isinstance(error, BroadcastError) else in_words(error)
                log(events.BOARD_DATABASE_TROUBLE, why=why)
        async with self._read:
            self._read.notify_all()
        self._tell(self.last)

    async def _document(self) -> dict[str, Any]:
        home, reading = await self._open()
        with for_everybody():
            nation = await reading.read()
        drafts = [Draft(**row) for row in await home.fetch(sql("board_drafts"), DRAFTS)]
        details = await self._details.look(home, nation)
        config = self._config
        return document(
            nation,
            Beside(
                country=config.country.name if config else "",
                training=self._training,
                drafts=drafts,
                contacts=config.board.contacts if config else (),
                details=details,
            ),
        )

    async def _open(self) -> tuple[asyncpg.Connection, NationReading]:
        if self._home is None or self._nation is None or self._home.is_closed():
            self._lose()
            self._home = await connect(timeout_s=WAIT_S)
            self._training = await purpose(self._home) == "training"
            self._nation = self._nation or NationReading(self._home, self._config)
            self._nation.renew(self._home)
        return self._home, self._nation

    def _lose(self) -> None:
        if self._nation is not None:
            self._nation.close()
        if self._home is not None:
            self._home.terminate()
        self._home = None
