"""How lines look, for people and for machines; no telephone number leaves in one, ours or a library's."""

import io
import json
import logging
import sys
import threading
from typing import Any

import pytest

from broadcast.errors import BroadcastError, ConfigError
from broadcast.ids import CampaignId, WorkerNo
from broadcast.masked import Masked
from broadcast.monitor import events, levels, logs
from broadcast.monitor.loggable import Count, Name, Sentence, Status, Word
from broadcast.monitor.logger import LEFT_OUT, about, logger, told_to_people
from broadcast.monitor.sampling import Flood

pytestmark = pytest.mark.usefixtures("root_as_it_was")

NUMBER = "84912345678"
log = logger("broadcast.test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def configured(form: logs.LogFormat | None = None, stream: io.StringIO | None = None) -> io.StringIO:
    to = stream or io.StringIO()
    logs.configure(form=form, stream=to)
    return to


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(each) for each in stream.getvalue().splitlines()]


def test_a_line_for_machines_has_its_head_and_its_fields() -> None:
    stream = configured("json")
    log(events.LINK_REFUSED, link=Name("viettel-0"), status=Status(13), why=BroadcastError("no"), port=None)
    (line,) = lines(stream)
    assert list(line) == ["at", "level", "event", "logger", "pid", "link", "status", "why"]
    assert line["at"].endswith("Z")
    assert isinstance(line["pid"], int)
    del line["at"], line["pid"]
    assert line == {
        "level": "error",
        "event": "link_refused",
        "logger": "broadcast.test",
        "link": "viettel-0",
        "status": "0x0000000D",
        "why": "no",
    }


def test_a_line_for_people_is_time_level_event_and_fields() -> None:
    handler = logs.configure(form="human", stream=io.StringIO())
    record = logging.makeLogRecord({"levelname": "INFO", "name": "broadcast.x", "created": 0.0})
    record.__dict__.update(
        msg={"event": "link_closed", "link": "v-0", "why": 'its "end" = x'}, _logger=None, _name="info"
    )
    assert handler.format(record) == (
        r'1970-01-01T00:00:00.000Z INFO    link_closed link=v-0 why="its \"end\" = x"'
    )


def test_figures_that_are_no_persons_stay() -> None:
    stream = configured("json")
    log(events.NOT_SMPP, octets=Count(2147483647))
    log(events.ODDITY, said=Word("0x10000045"), carrier=Name("viettel"))
    log(events.CAMPAIGN_APPROVED_ALONE, by=Masked(84912345678))  # type: ignore[arg-type, unused-ignore]
    found = lines(stream)
    assert (found[0]["octets"], found[1]["said"], found[2]["by"]) == (2147483647, "0x10000045", "84912***678")


def test_whose_work_it_is_stands_in_each_line() -> None:
    stream = configured("json")
    with about(worker=WorkerNo(3), ledger=Name("north")):
        with about(campaign=CampaignId(7)):
            log(events.RECOUNT_GAVE_WAY)
        log(events.WORKER_STOPPED, worker=WorkerNo(4))
    log(events.STOPPING)
    found = [(each.get("worker"), each.get("ledger"), each.get("campaign")) for each in lines(stream)]
    assert found == [(3, "north", 7), (4, "north", None), (None, None, None)]


def _raise(number: str) -> None:
    raise RuntimeError(f"no route for {number}")


def _failed() -> BaseException:
    try:
        try:
            _raise(NUMBER)
        except RuntimeError as error:
            raise ExceptionGroup(NUMBER, [BroadcastError("no slot"), OSError(2, "No such file")]) from error
    except ExceptionGroup as error:
        return error


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_an_error_quotes_is_not_logged(form: logs.LogFormat) -> None:
    stream = configured(form)
    log(events.FAILED, kind=Word("x"), error=_failed())
    written = stream.getvalue()
    assert NUMBER not in written
    for said in (
        *("RuntimeError", "in _raise", "and then", "ExceptionGroup", "BroadcastError: no slot"),
        "No such file",
    ):
        assert said in written
    if form == "json":
        assert "and then" in lines(stream)[0]["error"]


@pytest.mark.parametrize("form", ["human", "json"])
def test_libraries_know_no_type_of_ours(form: logs.LogFormat) -> None:
    """asyncio names in its messages what a task that nobody waited for had failed with."""
    stream = configured(form)
    logging.getLogger("asyncio").error("exception=%r", KeyError(NUMBER), exc_info=_failed())
    written = stream.getvalue()
    assert "exception=KeyError('***********')" in written
    assert "library_said" in written and "asyncio" in written
    assert NUMBER not in written
    assert "in _raise" in written


def test_a_flooding_library_is_sampled() -> None:
    stream = configured("json")
    for number in range(300):
        logging.getLogger("asyncio").warning("again %d", number)
    logging.getLogger("asyncpg").warning("once")
    found = lines(stream)
    assert len(found) == 20 + 2 + 1
    assert sum(each.get(LEFT_OUT, 0) for each in found) == 2 * 99
    assert found[-1]["said"] == "once"


def test_a_flood_of_ours_is_sampled_by_whose_it_is() -> None:
    stream = configured("json")
    flood = events.LINK_CLOSED.flood
    assert flood == Flood()
    for _ in range(111):
        log(events.LINK_CLOSED, link=Name("a-0"))
    with about(link=Name("b-0")):
        log(events.LINK_CLOSED, why=Sentence("unbound"))
    found = lines(stream)
    assert [each["link"] for each in found] == ["a-0"] * 11 + ["b-0"]
    assert found[10][LEFT_OUT] == 99


def test_a_new_reason_is_heard_in_a_flood_of_another() -> None:
    stream = configured("json")
    for status in [0x0D] * 50 + [0x0E]:
        log(events.LINK_REFUSED, link=Name("a-0"), status=Status(status))
    assert [each["status"] for each in lines(stream)][-2:] == ["0x0000000D", "0x0000000E"]


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_others_wrote_makes_no_line_of_its_own(form: logs.LogFormat) -> None:
    stream = configured(form)
    logging.getLogger("asyncio").warning("carrier %s", "x\n2026 ERROR \x1b[2J\x9b\u202e")
    log(events.RECEIPTS_RESOLVED_HERE, carrier=Name("x\n2026 ERROR \x1b[2J\x9b\u202e"))
    written = stream.getvalue()
    assert written.count("\n") == 2
    assert not set("\x1b\x9b\u202e") & set(written)
    if form == "json":
        assert lines(stream)[1]["carrier"] == "x\\n2026 ERROR \\u001b[2J\\u009b\\u202e"


class Untouchable:
    """Of which not even the text may be made."""

    def __str__(self) -> str:
        raise AssertionError


def test_where_the_level_is_off_nothing_is_made_of_it() -> None:
    stream = configured("json")
    assert not log.on(events.GROUP_WRITTEN)
    log(events.GROUP_WRITTEN, rows=Untouchable(), seconds=Untouchable())  # type: ignore[arg-type, unused-ignore]
    assert stream.getvalue() == ""


def test_configure_replaces_what_was_there_and_honours_the_level() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure(form="human", stream=first)
    logs.configure(level=logging.WARNING, form="human", stream=second)
    log(events.STOPPING)
    log(events.WORKER_FENCED)
    assert first.getvalue() == ""
    assert "worker_fenced" in second.getvalue()
    assert "stopping" not in second.getvalue()


def test_the_environment_says_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_LOG_LEVEL", "warning, engine.shift=debug")
    stream = configured("json")
    logger("broadcast.engine.shift")(events.GROUP_WRITTEN, rows=Count(1))
    logger("broadcast.engine.lane")(events.STOPPING)
    assert [each["event"] for each in lines(stream)] == ["group_written"]
    monkeypatch.setenv("BROADCAST_LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="BROADCAST_LOG_LEVEL: all: 'loud' is no level"):
        configured("json")


@pytest.mark.parametrize(
    ("value", "stream", "form"),
    [
        ("", io.StringIO(), "json"),
        ("", Terminal(), "human"),
        ("human", io.StringIO(), "human"),
        ("json", Terminal(), "json"),
    ],
)
def test_the_environment_chooses_the_format_or_the_terminal(
    value: str, stream: io.StringIO, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADCAST_LOG", value)
    assert logs.log_format(stream) == form


def test_another_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADCAST_LOG", "xml")
    with pytest.raises(ConfigError, match="human or json, not 'xml'"):
        logs.log_format()


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = configured("human", Terminal())
    log(events.STOPPING)
    assert "\x1b[" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = configured("human", Terminal())
    log(events.STOPPING)
    assert "\x1b[" not in plain.getvalue()


def test_what_nobody_caught_is_a_line_without_its_words() -> None:
    stream = configured("json")
    error = _failed()
    sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=_raise, args=[NUMBER])
    thread.start()
    thread.join()
    found = lines(stream)
    assert [(each["event"], each["kind"]) for each in found] == [
        ("failed", "ExceptionGroup"),
        ("failed", "RuntimeError"),
    ]
    assert NUMBER not in stream.getvalue()


def test_who_has_no_formatter_of_ours_gets_event_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    log(events.TPS_CHANGED, carrier=Name("viettel"), before=Count(3), after=None)
    log(events.FAILED, kind=Word("x"), error=_failed())
    assert caplog.messages == ["tps_changed carrier=viettel before=3", "failed kind=x"]
    assert NUMBER not in caplog.text


def test_levels_begin_anew_with_each_configure() -> None:
    configured("json")
    levels.apply([levels.Levelled("engine", "debug")])
    assert logging.getLogger("broadcast.engine").level == logging.DEBUG
    configured("json")
    assert logging.getLogger("broadcast.engine").level == logging.NOTSET


def test_a_command_says_what_it_means(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no handler: what warns of its configuration is for whoever typed it."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    told_to_people()
    log(events.KEY_RETIRED, file=Name("a.toml"), key=Name("engine.bucket_s"))
    log(events.STOPPING)
    logging.getLogger("asyncio").warning("lost %s\x1b[2J", NUMBER)
    assert capsys.readouterr().err.splitlines() == [
        "broadcast: A key of an older version means nothing any more: remove it. (key_retired file=a.toml "
        "key=engine.bucket_s)",
        r"broadcast: lost ***********\u001b[2J",
    ]
