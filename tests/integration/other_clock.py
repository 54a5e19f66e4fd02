"""A machine whose clock is wrong: what asks Python for the time of day gets another; the database's stays as it is."""

import importlib
import sys
import time
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

_time = time.time


def set_wrong(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    """From now on `time.time` and every `datetime` that a module of ours has imported are ahead by so much."""
    monkeypatch.setattr(time, "time", lambda: _time() + ahead.total_seconds())

    class _AsDatetime(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Wrong(datetime, metaclass=_AsDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + ahead

    # loaded when they are named: too late for what follows
    for command in ("steps", "show", "forecast", "watch"):
        importlib.import_module(f"broadcast.cli.campaign_{command}")
    for name, module in list(sys.modules.items()):
        if name.startswith("broadcast.") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Wrong)
