"""Constants of modules as a test wants them: here, and in the commands that it forks."""

import importlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # who forks commands need not load it
    import pytest

_VARIABLE: Final = "BROADCAST_TESTS_CONSTANTS"


def set_constants(monkeypatch: "pytest.MonkeyPatch", values: Mapping[str, float]) -> None:
    """For one test, and whatever it forks. values: by `module.NAME`; a name that is not there is an AttributeError."""
    for name, value in values.items():
        monkeypatch.setattr(*_place(name), value)
    monkeypatch.setenv(_VARIABLE, json.dumps(dict(values)))


def as_asked() -> None:
    """In a forked command: as its environment says."""
    for name, value in json.loads(os.environ.get(_VARIABLE, "{}")).items():
        setattr(*_place(name), value)


def _place(name: str) -> tuple[object, str]:
    module, _, constant = name.rpartition(".")
    return importlib.import_module(module), constant
