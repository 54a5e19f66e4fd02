"""No telephone number leaves in a log line, in either format."""

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.errors import BroadcastError, ConfigError
from broadcast.masked import Masked
from broadcast.monitor import logs

pytestmark = pytest.mark.usefixtures("root_as_it_was")


@pytest.mark.parametrize("form", ["human", "json"])
def test_figures_that_are_no_persons_stay(form: logs.LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(form=form, stream=stream)
    logger = logging.getLogger("broadcast.smpp.link")
    logger.warning("link %s: a command_length of %d octets", "viettel-0", 2147483647)
    logger.warning("refused with status 0x%08X", 0x10000045)
    logger.info("answer for %s and %s", Masked(84912345678), [Masked(84912345679)])
    written = stream.getvalue()
    assert "a command_length of 2147483647 octets" in written
    assert "status 0x10000045" in written
    assert "answer for 84912***678 and [84912***679]" in written


NUMBER = "84912345678"


def _raise(number: str) -> None:
    raise RuntimeError(f"no route for {number}")


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_an_error_quotes_is_not_logged(form: logs.LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(form=form, stream=stream)
    logger = logging.getLogger("broadcast.test")
    try:
        try:
            _raise(NUMBER)
        except RuntimeError as error:
            raise ExceptionGroup(NUMBER, [BroadcastError("no slot"), OSError(2, "No such file")]) from error
    except ExceptionGroup:
        logger.exception("failed")
    written = stream.getvalue()
    assert NUMBER not in written
    for said in (
        "RuntimeError",
        "in _raise",
        "and then",
        "ExceptionGroup",
        "BroadcastError: no slot",
        "No such file",
    ):
        assert said in written


def test_libraries_know_no_type_of_ours() -> None:
    """asyncio names in its messages what a task that nobody waited for had failed with."""
    stream = io.StringIO()
    logs.configure(form="human", stream=stream)
    logging.getLogger("asyncio").error("exception=%r", KeyError("84912345678"))
    assert "exception=KeyError('***********')" in stream.getvalue()


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_others_wrote_makes_no_line_of_its_own(form: logs.LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(form=form, stream=stream)
    logging.getLogger("broadcast.engine").warning("carrier %s", "x\n2026 ERROR \x1b[2J\x9b\u202e")
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert not set("\x1b\x9b\u202e") & set(written)
    if form == "json":
        assert json.loads(written)["message"] == "carrier x\\n2026 ERROR \\u001b[2J\\u009b\\u202e"


_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
_PERSONAL = re.compile("msisdn|source|destination|payload|text|body|octets")


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((Path(__file__).parents[3] / "broadcast").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level)) if level in _LEVELS:
                    yield f"{path.name}:{node.lineno}", node


def test_no_log_call_has_what_is_a_persons_as_it_is() -> None:
    """Its name tells: whatever is called so goes into `Masked`, or stays out."""
    seen = 0
    for place, call in _calls():
        seen += 1
        assert isinstance(call.args[0], ast.Constant), f"{place}: the first is the form, not what is said"
        for argument in call.args[1:]:
            if isinstance(argument, ast.Call) and ast.unparse(argument.func) == "Masked":
                continue
            names = {each.id for each in ast.walk(argument) if isinstance(each, ast.Name)}
            names |= {each.attr for each in ast.walk(argument) if isinstance(each, ast.Attribute)}
            assert not list(filter(_PERSONAL.search, names)), f"{place}: {ast.unparse(argument)}"
    assert seen > 30


def test_json_lines_carry_level_logger_and_time() -> None:
    stream = io.StringIO()
    logs.configure(form="json", stream=stream)
    logging.getLogger("broadcast.engine").warning("slot %d of %s lost", 2, "viettel")
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"], line["message"]) == (
        "warning",
        "broadcast.engine",
        "slot 2 of viettel lost",
    )
    assert line["at"].endswith("+00:00")
    assert isinstance(line["pid"], int)


def test_human_lines_are_utc() -> None:
    record = logging.makeLogRecord({"msg": "ready", "levelname": "INFO", "name": "broadcast", "created": 0.0})
    stream = io.StringIO()
    handler = logs.configure(form="human", stream=stream)
    assert handler.format(record) == "1970-01-01T00:00:00Z INFO    broadcast: ready"


def test_configure_replaces_what_was_there_and_honours_the_level() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure(form="human", stream=first)
    logs.configure(level=logging.WARNING, form="human", stream=second)
    logging.getLogger("broadcast").info("quiet")
    logging.getLogger("broadcast").warning("loud")
    assert first.getvalue() == ""
    assert "loud" in second.getvalue()
    assert "quiet" not in second.getvalue()


@pytest.mark.parametrize(("value", "form"), [("", "human"), ("human", "human"), ("json", "json")])
def test_the_environment_chooses_the_format(value: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_LOG", value)
    assert logs.log_format() == form


def test_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_LOG", "xml")
    with pytest.raises(ConfigError, match="human or json, not 'xml'"):
        logs.log_format()
