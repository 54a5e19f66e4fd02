"""What of people must stand nowhere but in the books: how it is searched for, and where."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil

PIECE: Final = 8  # letters of a text: fewer are in our own words too
_FRACTIONS: Final = re.compile(r"(?<![\d.])\d+\.\d+(?:e[+-]?\d+)?(?![\d.])")  # seconds, shares, times of day
_URLS: Final = re.compile(r"(http://\S+?)/metrics")


@dataclass(frozen=True, slots=True)
class Secrets:
    """numbers: the first digits that all have, without country code and zero, six at least: half of one is one too.
    texts: of the alert, and of who answers."""

    numbers: str
    texts: Sequence[str]

    def found(self, words: str) -> list[str]:
        """Each place where one of them is, with what stands around it."""
        plain = without_fractions(words.casefold())
        grouped = r"[ .\-]?".join(self.numbers)
        patterns = [grouped, *map(re.escape, _hexadecimal(self.numbers)), *map(re.escape, self._pieces())]
        return [
            plain[max(0, each.start() - 60) : each.end() + 60]
            for each in re.finditer("|".join(patterns), plain)
        ]

    def _pieces(self) -> Iterator[str]:
        for text in self.texts:
            for at in range(len(text) - PIECE + 1):
                piece = text[at : at + PIECE]
                yield piece.casefold()
                yield from _hexadecimal(piece)


def without_fractions(words: str) -> str:
    """Seconds, shares and times of day have digits enough to be anybody's."""
    return _FRACTIONS.sub(" ", words)


def _hexadecimal(text: str) -> Iterator[str]:
    """As an octet string is printed that nobody read."""
    yield text.encode("utf-16-be").hex()
    yield text.encode().hex()


def named(words: str, numbers: Iterable[str]) -> set[str]:
    """Those of these whole numbers that stand there with whatever before their last nine digits."""
    ends = {each[-9:]: each for each in numbers}
    runs = re.findall(r"\d(?:[ .\-]?\d){8,}", words)
    return {ends[end] for run in runs if (end := re.sub(r"\D", "", run)[-9:]) in ends}


def processes(pids: Iterable[int]) -> str:
    """What `ps` shows of these and of all that they started: command lines, environments."""
    told = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            for each in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
                folder = Path("/proc", str(each.pid))
                with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                    told += [
                        (folder / name).read_bytes().decode(errors="replace")
                        for name in ("cmdline", "environ")
                    ]
    return "\n".join(told).replace("\0", "\n")


def pages(log: str) -> dict[str, str]:
    """What the processes of these logs serve that live still, by URL."""
    found = {}
    for base in dict.fromkeys(_URLS.findall(log)):
        for page in ("metrics", "healthz", "readyz"):
            with suppress(URLError):  # of one that was killed
                found[f"{base}/{page}"] = _page(f"{base}/{page}")
    return found


def _page(url: str) -> str:
    try:
        with urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())
    except HTTPError as refused:  # not ready: its reasons are what is searched
        with refused:
            return refused.read().decode()
