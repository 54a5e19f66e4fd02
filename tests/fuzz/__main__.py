"""`make fuzz`: every target for so many inputs, guided by coverage; what new ones reach may be kept.

    PYTHONPATH=tests python -m fuzz [--runs N] [--keep] [TARGET ...]

A failure prints its input as a line to keep. Needs atheris (PyPI).
"""

import argparse
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from fuzz import store
from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS, WORDS

OCTETS_MOST: Final = 600  # of an input: more only makes each slower
SLOW_S: Final = 5  # an input that takes longer counts as a failure
_STATUS: Final = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/(\S+)")


class FailedError(Exception):
    """An input broke a promise"""


@dataclass(frozen=True)
class Result:
    """What one target did. branches, features: libFuzzer's cov and ft."""

    target: str
    runs: int
    seconds: float
    branches: int
    features: int
    corpus: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz the readers, guided by coverage.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all if none")
    parser.add_argument("--runs", type=int, default=100_000, help="inputs a target (100000)")
    parser.add_argument("--seed", type=int, default=0, help="of the fuzzer's own dice; 0: by the clock")
    parser.add_argument("--keep", action="store_true", help="put what reaches new branches into the corpus")
    parser.add_argument("--json", type=Path, help="write the results there too")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}: there are {', '.join(TARGETS)}")
    if importlib.util.find_spec("atheris") is None:
        print("atheris is missing: make fuzz brings it, or pip install atheris", file=sys.stderr)
        return 1
    results = []
    try:
        for target in options.targets or TARGETS:
            results.append(fuzz(target, options.runs, options.seed, keep=options.keep))
            print_result(results[-1])
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return 0


def fuzz(target: str, runs: int, seed: int, *, keep: bool) -> Result:
    """One target. Raises FailedError with the input that fails."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        inputs = folder / "inputs"
        store.unpack([*SEEDS[target], *store.load(target, store.FOUND), *store.load(target)], inputs)
        words = folder / "words"
        words.write_text("".join(f'"{escaped(word)}"\n' for word in WORDS))
        started = time.monotonic()
        output = run_one(
            target,
            folder,
            f"-runs={runs}",
            f"-seed={seed}",
            f"-max_len={OCTETS_MOST}",
            f"-dict={words}",
            f"-timeout={SLOW_S}",
            str(inputs),
        )
        seconds = time.monotonic() - started
        branches, features = [int(number) for number in _STATUS.findall(output)[-1][:2]]
        corpus = keep_best(target, folder, inputs) if keep else len(store.load(target))
        return Result(target, runs, round(seconds, 1), branches, features, corpus)


def keep_best(target: str, folder: Path, inputs: Path) -> int:
    """The fewest and shortest inputs that reach all that these reach, without the seeds; how many they are."""
    best = folder / "best"
    best.mkdir()
    store.unpack(SEEDS[target], seeds := folder / "seeds")
    run_one(target, folder, "-merge=1", f"-max_len={OCTETS_MOST}", str(best), str(seeds), str(inputs))
    return store.save(target, set(store.pack(best)) - set(SEEDS[target]))


def run_one(target: str, folder: Path, *options: str) -> str:
    """What libFuzzer printed. Raises FailedError."""
    one = folder / "one"
    one.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m fuzz.one {target} "$0" "$@"\n')
    one.chmod(0o700)
    command = [str(one), f"-artifact_prefix={folder}/failed-", *options]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return done.stderr
    raise FailedError("\n".join([f"target {target} fails:", *last_words(done), *failures(target, folder)]))


def last_words(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The traceback, without the fuzzer's counts."""
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(("#", "INFO"))]
    return lines[-25:]


def failures(target: str, folder: Path) -> Iterator[str]:
    for path in folder.glob("failed-*"):
        line = store.as_line(path.read_bytes())
        yield f"the input, as a line for tests/fuzz/found/{target}.txt once it is mended:\n{line}"


def escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)


def print_result(result: Result) -> None:
    rate = result.runs / max(result.seconds, 0.1)
    print(
        f"{result.target:10} {result.runs:>10,} inputs  {rate:>7,.0f}/s  {result.branches:>5} branches"
        f"  {result.features:>6} features  {result.corpus:>4} kept",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
