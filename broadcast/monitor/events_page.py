"""docs/log-events.md, made of the table of events: `python -m broadcast.monitor.events_page > docs/log-events.md`."""

import ast
import logging
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from broadcast.monitor.event import Event
from broadcast.monitor.events import EVENTS

_HEAD: Final = """# Events in logs

Made of `broadcast/monitor/events.py` by `python -m broadcast.monitor.events_page`, and compared with it by a test. How
lines look, what else they hold and how to ask for more of them: [Logs](logs.md).

A line has one event. *module* is what `broadcast log level` wants. *sampled* ones are written ten times, then one in a
hundred, until none came for ten minutes; `left_out` counts those between.

| event | level | fields | module | means |
| --- | --- | --- | --- | --- |
"""
_ROOT: Final = Path(__file__).parents[1]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in the package, with its module's name below `broadcast`."""
    for path in sorted(_ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(_ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="log"), args=[ast.Attribute(value=ast.Name(id="events")), *_]):
                    yield module, node


def named(call: ast.Call) -> str:
    """The constant of a call's event."""
    first = call.args[0]
    assert isinstance(first, ast.Attribute)  # by `calls`
    return first.attr


def page() -> str:
    where: dict[str, set[str]] = {}
    for module, call in calls():
        where.setdefault(named(call), set()).add(module)
    return _HEAD + "".join(_row(each, where.get(name, set())) for name, each in _sorted(EVENTS))


def _sorted(events: Mapping[str, Event]) -> list[tuple[str, Event]]:
    return sorted(events.items(), key=lambda each: each[1].name)


def _row(event: Event, where: set[str]) -> str:
    level = logging.getLevelName(event.level).lower() + (", sampled" if event.flood else "")
    fields = ", ".join(f"`{each}`" for each in event.fields)
    modules = ", ".join(f"`{each}`" for each in sorted(where))
    return f"| `{event.name}` | {level} | {fields} | {modules} | {event.says} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
