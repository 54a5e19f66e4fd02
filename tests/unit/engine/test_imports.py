"""What a worker loads: every one of them has it in memory, for as long as it runs."""

import subprocess
import sys

LOADED = "import sys, broadcast.engine.worker; print(*sys.modules)"


def test_a_worker_loads_no_parquet_reader() -> None:
    """It audits, and an archive's reader takes as much memory as the rest of it."""
    loaded = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
    assert "broadcast.reports.audit" in loaded.split()
    assert not {"pyarrow", "broadcast.archive.read", "broadcast.reports.report"} & set(loaded.split())
