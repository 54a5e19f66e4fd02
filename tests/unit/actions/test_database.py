"""How workers are named: all of a host together, and not a thousand of them."""

from datetime import UTC, datetime

from broadcast.actions.database import named
from broadcast.store.migrations import OldWorker

AT = datetime(2030, 1, 1, tzinfo=UTC)


def test_hosts_are_named_once() -> None:
    assert named([]) == ""
    assert named([OldWorker("a", 1, AT), OldWorker("b", 2, AT), OldWorker("a", 3, AT)]) == "a (1, 3), b (2)"
    many = named([OldWorker(f"host-{n}", n, AT) for n in range(21)])
    assert many.endswith("host-19 (19), ...")
