"""Every event is in the table, is told somewhere, and with its own fields; nothing logs by another way."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from broadcast.monitor.events import EVENTS
from broadcast.monitor.events_page import calls, named, page
from broadcast.monitor.logger import RESERVED

ROOT: Final = Path(__file__).parents[3]
# The way by which all others go, and a library of the bench that asks for a level.
LOGGING: Final = {f"monitor/{each}.py" for each in ("event", "events_page", "levels", "logger", "logs")}
LOGGING_TOO: Final = {"bench/peer.py"}
BY_NO_CALL: Final = {"LIBRARY_SAID"}  # the formatter's
_PERSONAL: Final = re.compile("msisdn|source|destination|payload|text|body|octets$")
_FIGURES: Final = {"TEXTS_SET_ASIDE"}  # how many


@pytest.mark.parametrize("constant", EVENTS)
def test_an_event_is_named_as_its_constant(constant: str) -> None:
    event = EVENTS[constant]
    assert event.name == constant.lower()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", event.name)
    assert event.says.endswith((".", "?"))
    assert "|" not in event.says
    assert not RESERVED & set(event.fields)
    assert len(set(event.fields)) == len(event.fields)
    assert not event.per or (event.flood and set(event.per) <= set(event.fields))


def test_names_are_told_apart() -> None:
    assert len({each.name for each in EVENTS.values()}) == len(EVENTS)


def test_every_call_tells_an_event_of_the_table_with_its_fields() -> None:
    told = set()
    for module, call in calls():
        event = EVENTS[named(call)]
        told.add(named(call))
        given = {each.arg for each in call.keywords} - {"error"}
        assert None not in given, f"{module}:{call.lineno}: fields are named in the call"
        assert given <= set(event.fields), f"{module}:{call.lineno}"
        assert len(call.args) == 1, f"{module}:{call.lineno}"
    assert told == EVENTS.keys() - BY_NO_CALL


def test_no_call_has_what_is_a_persons_as_it_is() -> None:
    """Its name tells: whatever is called so goes into `Masked`, or stays out, whichever type it was wrapped in."""
    seen = 0
    for module, call in calls():
        seen += 1
        for keyword in call.keywords:
            if ast.unparse(keyword.value).startswith("Masked(") or named(call) in _FIGURES:
                continue
            names = {each.id for each in ast.walk(keyword.value) if isinstance(each, ast.Name)}
            names |= {each.attr for each in ast.walk(keyword.value) if isinstance(each, ast.Attribute)}
            found = {each for each in names if _PERSONAL.search(each)}
            assert not found, f"{module}:{call.lineno}: {keyword.arg}"
    assert seen > 60


def test_nothing_logs_by_another_way() -> None:
    found = set()
    for path in sorted((ROOT / "broadcast").rglob("*.py")):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
        }
        if {each.partition(".")[0] for each in imported} & {"logging", "structlog"}:
            found.add(path.relative_to(ROOT / "broadcast").as_posix())
    assert found == LOGGING | LOGGING_TOO


def test_the_page_is_what_the_table_makes() -> None:
    """`python -m broadcast.monitor.events_page > docs/log-events.md`"""
    assert (ROOT / "docs" / "log-events.md").read_text(encoding="utf-8") == page()
