"""The clock of the machine at which somebody types, or that sends, is a day off: the database's decides (law 5)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from integration.other_clock import set_wrong

from broadcast.cli.main import main

VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"
CARRIERS = """\
[carriers.viettel]
tps = 50
binds = [{ host = "127.0.0.1", port = 2775, system_id = "viettel" }]
"""
DAY = timedelta(days=1)
Broadcast = Callable[..., tuple[int, str, str]]


@pytest.fixture
def broadcast(
    database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Broadcast:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROADCAST_OPERATOR", "an")
    Path("carriers.toml").write_text(CARRIERS)
    Path("people.csv").write_text("msisdn\n0960000001\n0960000002\n")

    def run(*words: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(VIETNAM), "--config", "carriers.toml", *words])
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    assert run("subscriber", "import", "people.csv")[0] == 0
    return run


def campaign(broadcast: Broadcast, *words: str) -> Any:
    code, out, err = broadcast("campaign", *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["ahead", "behind"])
def test_six_hours_are_six_hours(
    broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    set_wrong(monkeypatch, ahead)
    for words in (
        ("draft", "hands", "--text", "Rua tay", "--expires", "6h"),
        ("edit", "hands", "--expires", "6h"),
    ):
        left = datetime.fromisoformat(campaign(broadcast, *words)["expires_at"]) - datetime.now(UTC)
        assert timedelta(hours=5, minutes=58) < left <= timedelta(hours=6), words
    (line,) = campaign(broadcast, "forecast", "hands")["ways"][0]["carriers"]
    assert line["in_time"]
    assert abs(datetime.fromisoformat(line["ends_at"]) - datetime.now(UTC)) < timedelta(minutes=2)
