"""Whoever carries out what a spool channel writes (tests/spool_channel.py): answers, receipts, and a book of it all."""

import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from spool_channel import ACCEPTED, BUSY, NOBODY

LOOK_S = 0.005


@dataclass
class _File:
    """One link's two files, as the clerk has read and written them."""

    folder: Path
    read: int = 0
    written: int = 0
    to_ack: set[int] = field(default_factory=set)  # places of lines in `back` that are to be acked

    def submitted(self) -> list[bytes]:
        """Whole new lines of `out`."""
        with (self.folder / "out").open("rb") as out:
            out.seek(self.read)
            lines = out.read().split(b"\n")[:-1]
        self.read += sum(len(line) + 1 for line in lines)
        return lines

    def say(self, line: str, *, to_ack: bool) -> None:
        if to_ack:
            self.to_ack.add(self.written)
        octets = f"{line}\n".encode()
        with (self.folder / "back").open("ab") as back:
            back.write(octets)
        self.written += len(octets)


class Clerk:
    """Takes every part but those to `nobody`, and each one to `busy` at the second time only.

    parts: MSISDN -> the texts of its parts that were taken, by part, each as often as it was.
    silent: it answers nothing, though what it takes has its receipts.
    """

    def __init__(self, folder: Path, *, nobody: set[int], busy: set[int], undeliverable: set[int]) -> None:
        self.parts: defaultdict[int, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._folder = folder
        self._nobody, self._busy, self._undeliverable = nobody, busy, undeliverable
        self._refused: Counter[tuple[int, int]] = Counter()
        self._files: dict[Path, _File] = {}
        self._ids = 0
        self.submits = 0
        self.silent = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for out in sorted(self._folder.glob("*/*/out")):
                self._work(self._files.setdefault(out, _File(out.parent)))
            await asyncio.sleep(LOOK_S)

    @property
    def unacked(self) -> int:
        """Receipts and messages that nobody has acknowledged."""
        return sum(len(file.to_ack) for file in self._files.values())

    def write(self, line: str) -> None:
        """On the first link."""
        next(iter(self._files.values())).say(line, to_ack=True)

    def _work(self, file: _File) -> None:
        for line in file.submitted():
            match line.decode().split(" ", 4):
                case ["ack", place]:
                    file.to_ack.remove(int(place))
                case ["submit", number, msisdn, part, text]:
                    self.submits += 1
                    status = self._status(int(msisdn), int(part))
                    if not self.silent:
                        file.say(f"answer {number} {status} {self._take(status)}", to_ack=False)
                    if status == ACCEPTED:
                        self.parts[int(msisdn)][int(part)].append(json.loads(text))
                        ended = "UNDELIVERABLE 17" if int(msisdn) in self._undeliverable else "DELIVERED 0"
                        file.say(f"receipt {self._id()} {ended} {msisdn}", to_ack=True)
                case other:
                    raise AssertionError(other)

    def _take(self, status: int) -> str:
        if status != ACCEPTED:
            return ""
        self._ids += 1
        return self._id()

    def _id(self) -> str:
        return f"spool-{self._ids}"

    def _status(self, msisdn: int, part: int) -> int:
        if msisdn in self._nobody:
            return NOBODY
        if msisdn in self._busy and not self._refused[msisdn, part]:
            self._refused[msisdn, part] += 1
            return BUSY
        return ACCEPTED
