"""What is kept: a file a target, a line an input, octets written as Python writes them.

`corpus` is minimised whenever it grows; `found` holds inputs that failed once, and only grows.
"""

from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
FOUND = Path(__file__).parent / "found"


def load(target: str, folder: Path = FOLDER) -> list[bytes]:
    """The kept inputs of a target; none when it is new."""
    path = folder / f"{target}.txt"
    return [read_line(line) for line in path.read_text("ascii").splitlines()] if path.exists() else []


def save(target: str, inputs: Iterable[bytes]) -> int:
    """Keep these, the shortest first. Returns how many there are."""
    kept = sorted(set(inputs), key=lambda each: (len(each), each))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{target}.txt").write_text("".join(f"{as_line(each)}\n" for each in kept), "ascii")
    return len(kept)


def unpack(inputs: Iterable[bytes], folder: Path) -> None:
    """A file an input, as libFuzzer wants it."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in inputs:
        (folder / sha1(each, usedforsecurity=False).hexdigest()).write_bytes(each)


def pack(folder: Path) -> list[bytes]:
    """The inputs in a folder of libFuzzer's."""
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]


def as_line(octets: bytes) -> str:
    """Printable ASCII as it is, the rest as \\xhh: one line, whatever the octets."""
    return octets.decode("latin-1").encode("unicode_escape").decode("ascii")


def read_line(line: str) -> bytes:
    """The octets that `as_line` wrote."""
    return line.encode("ascii").decode("unicode_escape").encode("latin-1")
