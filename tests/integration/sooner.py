"""The waits of a diagnosis, cut for tests: here, and in commands that are forked with SOONER in their environment.

What is cut is how long something lasts before it is told, never how much of it there must be.
"""

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # who forks commands need not load it
    import pytest

VARIABLE: Final = "BROADCAST_TESTS_SOONER"
# by module of broadcast.diagnosis, in seconds
TIMES: Final[Mapping[str, Mapping[str, float]]] = {
    "receipts": {"UNKNOWN_S": 3.0, "LEAST_S": 3.0},
    "gather": {"SETTLING_S": 4.0},
    "links": {"UNBOUND_S": 2.0, "REFUSED_S": 1.0},
    "pace": {"SHORT_S": 2.0},
    "settling": {"BEHIND_S": 4.0},
}


def make_sooner(monkeypatch: "pytest.MonkeyPatch") -> None:
    """For one test, and the commands that it forks."""
    monkeypatch.setenv(VARIABLE, "1")
    for module, times in TIMES.items():
        for name, seconds in times.items():
            monkeypatch.setattr(importlib.import_module(f"broadcast.diagnosis.{module}"), name, seconds)


def as_asked() -> None:
    """In a forked command: as its environment says."""
    if VARIABLE in os.environ:
        for module, times in TIMES.items():
            for name, seconds in times.items():
                setattr(importlib.import_module(f"broadcast.diagnosis.{module}"), name, seconds)
