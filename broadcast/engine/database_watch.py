"""What one worker sees of its database: how long its groups take to be written, what is left of a disk that is here.

Times are seconds of one monotonic clock.
"""

import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from broadcast.diagnosis.reading import LaneReading
from broadcast.store import embedded

SMOOTH: Final = 0.2  # the weight of the newest commit
FORGET_S: Final = 10.0  # without a group: what was is said no more
ROOM_EVERY_S: Final = 5.0
GRAIN: Final = 100  # parts of the disk in which its free room is told: a reading is written when it changes


class CommitPace:
    """Of one writer's groups."""

    def __init__(self) -> None:
        self._smooth_s = 0.0
        self._at: float | None = None

    def took(self, seconds: float, now: float) -> None:
        """A group was written."""
        known = self._at is not None and now - self._at < FORGET_S + seconds
        self._smooth_s = self._smooth_s + SMOOTH * (seconds - self._smooth_s) if known else seconds
        self._at = now

    def commit_s(self, now: float, writing_since: float | None) -> float:
        """How long one takes: of late, or the one under way where that is longer; 0 where none was written of late."""
        under_way_s = 0.0 if writing_since is None else now - writing_since
        late = self._at is not None and (writing_since is not None or now - self._at < FORGET_S)
        return round(max(under_way_s, self._smooth_s if late else 0.0), 2)


@dataclass(frozen=True, slots=True)
class Room:
    """Of a disk, in octets."""

    free: int
    size: int


def data_folder(url: str) -> Path | None:
    """Where the database's server keeps its data, if that is an embedded one of this machine that may be looked at."""
    folder = parse_qs(urlsplit(url).query).get("host", [""])[0]
    if not folder.startswith("/"):
        return None
    homes = [Path(folder).parent]
    if embedded.is_chosen():
        homes.append(embedded.home())
    for home in homes:
        server = embedded.Server(home)
        if server.socket_folder == Path(folder) and os.access(home, os.X_OK) and server.data.is_dir():
            return server.data
    return None


def room(folder: Path | None) -> Room | None:
    """What is left where the data is, by a grain; None where nobody knows."""
    if folder is None:
        return None
    try:
        found = shutil.disk_usage(folder)
    except OSError:  # moved, or not ours to look at: it is not known
        return None
    grain = max(1, found.total // GRAIN)
    near = found.free // grain * grain if found.free > 10 * grain else found.free // 1_000_000 * 1_000_000
    return Room(near, found.total)


class Writing(Protocol):
    """What a writer tells: when the group that is being written was begun, None: none is; and whether the disk takes no
    more."""

    writing_since: float | None
    full: bool


class DatabaseWatch:
    """That of one worker. url: of its ledger; writing: its writer."""

    def __init__(self, url: str, writing: Writing) -> None:
        self._folder = data_folder(url)
        self._writing = writing
        self._pace = CommitPace()
        self._room: Room | None = None
        self._room_at = -ROOM_EVERY_S

    def took(self, seconds: float) -> None:
        """A group was written."""
        self._pace.took(seconds, time.monotonic())

    def on(self, reading: LaneReading, now: float) -> LaneReading:
        """A lane's reading, with what is known of the database."""
        if now - self._room_at >= ROOM_EVERY_S:
            self._room, self._room_at = room(self._folder), now
        return replace(
            reading,
            commit_s=self._pace.commit_s(now, self._writing.writing_since),
            disk_full=self._writing.full,
            disk_free=None if self._room is None else self._room.free,
            disk_size=None if self._room is None else self._room.size,
        )
