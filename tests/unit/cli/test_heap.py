"""What large arrays took is given back when they go."""

import subprocess
import sys

import pytest

MIB = 2**20
# One of 16 MiB comes and goes, from which malloc learns; then one of 8 is freed below one that stays.
KEPT = """
import sys
import numpy as np
from broadcast.cli.heap import map_large_arrays

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

if sys.argv[1] == "mapped" and not map_large_arrays():
    sys.exit("unknown here")
np.ones(1 << 21)
before = resident()
gone, stays = np.ones(1 << 20), np.ones(100_000)
del gone
print(resident() - before)
"""


def kept(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", KEPT, how], capture_output=True, text=True, check=False)
    if "unknown here" in done.stderr:
        pytest.skip("this system's malloc has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_an_array_that_went_takes_no_memory() -> None:
    assert kept("mapped") < 4 * MIB
    assert kept("as it comes") > 7 * MIB  # what this is for
