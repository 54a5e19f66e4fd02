"""How soon an emergency's first message is at each carrier amid two alerts that use them fully, and what share it has.

    python tests/bench/bench_priorities.py [runs]

Two carriers of 400 TPS, two workers, embedded PostgreSQL: a run of tests/integration/test_priorities.py, timed. Seconds
from the launch to the simulated SMSC, by one clock; the share by session, of what came between its first and its last
segment of the emergency, and over all workers, from first to last. Each run is the machine's, and its load's.
"""

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

TEST = Path(__file__).parents[1] / "integration" / "test_priorities.py"


def run() -> tuple[list[float], list[float], list[float]]:
    """Of each carrier the seconds, of each session the percent, of each carrier the percent over all workers. Raises
    SystemExit where the test fails."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-s", "-k", "amid_two_alerts"]
    done = subprocess.run([*words, str(TEST)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout)
    seconds = re.findall(r"before the first of it, ([\d.]+) s", done.stdout)
    shares = re.findall(r"session \d+: ([\d.]+)% of", done.stdout)
    whole = re.findall(r"to the last of it: ([\d.]+)% of", done.stdout)
    return (
        [float(each) for each in seconds],
        [float(each) for each in shares],
        [float(each) for each in whole],
    )


if __name__ == "__main__":
    runs = [run() for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)]
    first = [each for seconds, _, _ in runs for each in seconds]
    share = [each for _, shares, _ in runs for each in shares]
    whole = [each for _, _, all_workers in runs for each in all_workers]
    print(f"first message: median {median(first):.3f} s, worst {max(first):.3f} s, of {len(first)}")
    print(f"its share: median {median(share):.1f} %, least {min(share):.1f} %, of {len(share)}")
    print(f"over all workers: median {median(whole):.1f} %, least {min(whole):.1f} %, of {len(whole)}")
