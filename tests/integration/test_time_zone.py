"""What every command prints of time: a person reads the country's with its zone, a program UTC."""

import re
from pathlib import Path

import asyncpg
import pytest
from integration.archive_world import LAUNCH, make_campaign

from broadcast.cli.main import main

VIETNAM = str(Path(__file__).parents[2] / "config" / "vietnam.toml")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?( ?[+-]\d\d:\d\d| [A-Z]+|)")
SCREENS = [
    ("campaign", "list"),
    ("campaign", "show", "typhoon"),
    ("campaign", "report", "typhoon"),
    ("campaign", "doubts", "typhoon"),
    ("campaign", "replies", "typhoon"),
    ("subscriber", "stats"),
    ("subscriber", "show", "0320000000"),
    ("carrier", "show", "viettel"),
]


@pytest.fixture
async def typhoon(conn: asyncpg.Connection, database_env: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign with a time in every table that a command shows."""
    number = await make_campaign(conn)
    await conn.execute(
        """INSERT INTO oddity (carrier_no, kind, value, first_at, last_at, times)
           VALUES (1, 'receipt_state', 'SEEN', $1, $1, 1)""",
        LAUNCH,
    )
    await conn.execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword,
                              effect, parts, missing, text)
           VALUES (1, $1, 1, 84320000000, $2, '1022', '', '', 'none', 1, 0, 'cam on')""",
        number,
        LAUNCH,
    )
    await conn.execute(
        """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, opted_out_at)
           VALUES (84320000000, 84320000000 % 64, 1, 1, $1)""",
        LAUNCH,
    )
    await conn.execute(
        """INSERT INTO subscriber_import (source, started_at, finished_at, lines, imported, updated, duplicate, refused)
           VALUES ('people.csv', $1, $1, 1, 1, 0, 0, '{}')""",
        LAUNCH,
    )
    monkeypatch.setenv("BROADCAST_CONFIG", VIETNAM)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    return out, err


def zones(text: str) -> set[str]:
    """What follows each time, nothing too."""
    return {after.strip() for after in TIME.findall(text)}


@pytest.mark.usefixtures("typhoon")
@pytest.mark.parametrize("words", SCREENS, ids=" ".join)
def test_screens_and_documents(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    if words != ("carrier", "show", "viettel"):  # what is not connected has no more to show on a screen
        assert zones(told(capsys, *words)[0]) == {"+07:00"}
    assert zones(told(capsys, *words, "--json")[0]) == {"+00:00"}


@pytest.mark.usefixtures("typhoon")
def test_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = ("report.html", "recipients.csv", "report.json", "doubts.csv", "replies.csv")
    page, people, document, doubts, replies = (tmp_path / name for name in names)
    told(capsys, "campaign", "report", "typhoon", "--html", str(page), "--recipients", str(people),
         "--json-file", str(document))  # fmt: skip
    told(capsys, "campaign", "doubts", "typhoon", "--csv", str(doubts))
    told(capsys, "campaign", "replies", "typhoon", "--csv", str(replies))
    for file in (page, people, doubts, replies):
        assert zones(file.read_text()) == {"+07:00"}, file
    assert zones(document.read_text()) == {"+00:00"}
    assert "2026-03-01T15:00:00+07:00" in doubts.read_text()


@pytest.mark.usefixtures("typhoon")
def test_lines_of_watch(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.match(r"\d\d:\d\d:\d\d \+07:00 finished;", told(capsys, "campaign", "watch", "typhoon")[0])
    assert zones(told(capsys, "campaign", "watch", "typhoon", "--json")[0]) == {"+00:00"}


@pytest.mark.usefixtures("typhoon")
def test_without_a_configuration(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To look at an alert none is needed; a wrong one does not hide it either."""
    monkeypatch.delenv("BROADCAST_CONFIG")
    out, err = told(capsys, "campaign", "show", "typhoon")
    assert (zones(out), err) == ({"UTC"}, "")
    broken = tmp_path / "broken.toml"
    broken.write_text("sender = ")
    out, err = told(capsys, "--config", str(broken), "campaign", "show", "typhoon")
    assert zones(out) == {"UTC"}
    (line,) = err.splitlines()
    assert line.startswith("times are in UTC, for the configuration cannot be read: ")
    assert "broken.toml" in line
