"""How fast a list comes in, without and with areas, languages and attributes, by the command itself."""

import os
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broadcast import config as configuration
from broadcast.audience.generator import Facts, Generator
from broadcast.cli.shell import Shell
from broadcast.config.profiles import VIETNAM
from broadcast.errors import BroadcastError
from broadcast.store.embedded import Server
from broadcast.store.scratch import scratch_home

_PATIENCE_S = 3600.0
_NOTHING: Final = Facts()
_FACTS: Final = Facts(
    {f"{number:05}": 1.0 for number in range(100)},
    {"vi": 20.0, "en": 1.0, "km": 1.0},
    {"age_band": "number", "institution": "text", "urban": "boolean"},
)


@dataclass(frozen=True, slots=True)
class Imported:
    """columns: of areas, languages and attributes. rate: lines per second. peak_mib: the most memory of any import
    until then, without Postgres."""

    columns: int
    lines: int
    rate: float
    peak_mib: float


def importing(lines: int) -> list[Imported]:
    """Into a new database each. Raises BroadcastError when an import does not say what its list does."""
    return [_import(lines, facts) for facts in (_NOTHING, _FACTS)]


def _import(lines: int, facts: Facts) -> Imported:
    generator = Generator(configuration.load([VIETNAM]).country, lines, facts=facts)
    with tempfile.TemporaryDirectory() as folder, scratch_home("bench") as home:
        file = Path(folder) / "people.csv"
        with file.open("w", encoding="utf-8", newline="") as sink:
            expected = generator.write(sink)
        server = Server(home)
        server.start()
        with Shell({**os.environ, "BROADCAST_DATABASE_URL": server.url()}, Path(folder), quiet=True) as shell:
            shell.read("db", "migrate")  # says nothing
            columns = [f"{name}:{kind}" for name, kind in facts.attributes.items()]
            named = [word for each in columns for word in ("--attribute", each)]
            words: tuple[str | Path, ...] = ("--config", VIETNAM, "subscriber", "import", file, *named)
            done = shell.read(*words, timeout_s=_PATIENCE_S)
    if (done["lines"], done["imported"], done["unclear"]) != (expected.lines, expected.imported, {}):
        raise BroadcastError("the import says something else than its list")
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Imported(len(done["columns"]), lines, lines / done["seconds"], peak_kib / 1024)
