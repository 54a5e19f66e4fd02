"""No telephone number leaves in a log line, in either format."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from broadcast.errors import ConfigError
from broadcast.monitor import logs


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to 84912345678 now", "to *********** now"),
        ("12345678", "********"),
        ("1234567", "1234567"),
        ("at 2020-01-31 12:00, 3,500 rows", "at 2020-01-31 12:00, 3,500 rows"),
        ("0912345678/0987654321", "**********/**********"),
        ("", ""),
    ],
)
def test_mask_hides_runs_of_eight_digits(text: str, masked: str) -> None:
    assert logs.mask(text) == masked


def _raise(number: str) -> None:
    raise RuntimeError(f"no route for {number}")


@pytest.mark.parametrize("form", ["human", "json"])
def test_numbers_in_arguments_and_tracebacks_are_masked(form: logs.LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(form=form, stream=stream)
    logger = logging.getLogger("broadcast.test")
    logger.info("answer for %s", 84912345678)
    try:
        _raise("84912345678")
    except RuntimeError:
        logger.exception("failed for %s", "84912345678")
    written = stream.getvalue()
    assert "84912345678" not in written
    assert "answer for ***********" in written
    assert "RuntimeError: no route for ***********" in written


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
