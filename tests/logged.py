"""What a log told: in this process by caplog, of another by its file of JSON lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from broadcast.monitor.event import Event


def told(caplog: pytest.LogCaptureFixture, *events: Event) -> list[dict[str, Any]]:
    """The fields of each line of one of these, in order, the event's name among them."""
    names = {each.name for each in events}
    return [
        dict(each.msg) for each in caplog.records if isinstance(each.msg, dict) and each.msg["event"] in names
    ]


def written(log: Path, *events: Event) -> list[dict[str, Any]]:
    """The same of a process whose stderr this is, with what else its lines have."""
    names = {each.name for each in events}
    lines = [json.loads(each) for each in log.read_text().splitlines() if each.startswith('{"at": ')]
    return [each for each in lines if each["event"] in names]
