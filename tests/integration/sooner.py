"""The waits of a diagnosis, cut for tests: here, and in the commands that they fork.

What is cut is how long something lasts before it is told, never how much of it there must be.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from integration.constants import set_constants

if TYPE_CHECKING:
    import pytest

# by module of broadcast.diagnosis, in seconds
TIMES: Final[Mapping[str, Mapping[str, float]]] = {
    "receipts": {"UNKNOWN_S": 3.0, "LEAST_S": 3.0},
    "gather": {"SETTLING_S": 4.0},
    "links": {"UNBOUND_S": 2.0, "REFUSED_S": 1.0},
    "pace": {"SHORT_S": 2.0},
    "settling": {"BEHIND_S": 4.0},
}


# a database that is as slow as the machine beside other tests is no trouble of the nation's
UNHURRIED: Final[Mapping[str, Mapping[str, float]]] = {"database": {"SLOW_S": 30.0, "HOLDS_BACK_S": 30.0}}


def make_sooner(
    monkeypatch: "pytest.MonkeyPatch", more: Mapping[str, Mapping[str, float]] = MappingProxyType({})
) -> None:
    """For one test, and the commands that it forks. more: other constants, the same way."""
    set_constants(
        monkeypatch,
        {
            f"broadcast.diagnosis.{module}.{name}": wait_s
            for module, times in {**TIMES, **more}.items()
            for name, wait_s in times.items()
        },
    )
