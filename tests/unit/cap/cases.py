"""The files of these tests: one for each kind of fault, valid ones, and the real ones where they are."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
NOW: Final = datetime(2026, 9, 1, 1, tzinfo=UTC)
VALID: Final = {path.stem: path.read_bytes() for path in sorted((HERE / "valid").glob("*.cap"))}
REAL: Final = HERE.parents[3] / "shared" / "data" / "cap"


def faulty() -> dict[str, Path]:
    """By name of the kind, as `profile.name` for those of a profile."""
    paths = sorted((HERE / "files").glob("*/*.cap*"))
    return {_kind(path): path for path in paths}


def octets_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def profiles_of(kind: str) -> tuple[str, ...]:
    profile, dot, _ = kind.partition(".")
    return (profile,) if dot else ()


def _kind(path: Path) -> str:
    name = path.name.partition(".")[0]
    return name if path.parent.name == "core" else f"{path.parent.name}.{name}"
