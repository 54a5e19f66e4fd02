"""`make fuzz-cap RUNS=1000000`: so many changed CAP files in one process that has no network, and what it took.

    PYTHONPATH=.:tests unshare --net --map-root-user python -m fuzz.cap_million [--runs N] [--seed N]

A change is one to four of: a tag or text out, twice, exchanged, replaced, with something put into it. The first input
that breaks a promise stops it, and is printed as a line for tests/fuzz/found/cap.txt. Fails above 200 MB too.
"""

import argparse
import random
import resource
import socket
import sys
import time
from typing import Final

from fuzz.cap import cap
from fuzz.store import as_line
from unit.cap.cases import VALID, faulty, octets_of
from unit.cap.mutations import mutate

_MOST_KIB: Final = 200 * 1024
_OCTETS_MOST: Final = 10_000  # of a seed: larger ones only make each slower


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz-cap")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if [name for _, name in socket.if_nameindex() if name != "lo"]:
        print("there is a network here: run it as `make fuzz-cap` does", file=sys.stderr)
        return 1
    seeds = [
        each for each in (*VALID.values(), *map(octets_of, faulty().values())) if len(each) < _OCTETS_MOST
    ]
    dice, started = random.Random(options.seed), time.monotonic()
    for number in range(options.runs):
        octets = mutate(dice.choice(seeds), dice)
        try:
            cap(octets)
        except BaseException:
            print(
                f"input {number}, as a line for tests/fuzz/found/cap.txt:\n{as_line(octets)}", file=sys.stderr
            )
            raise
    took, peak = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{options.runs:,} inputs of {len(seeds)} seeds, {took:,.0f} s, at most {peak / 1024:.0f} MB, no network"
    )
    return int(peak > _MOST_KIB)


if __name__ == "__main__":
    sys.exit(main())
