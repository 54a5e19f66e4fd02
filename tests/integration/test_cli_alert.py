"""`broadcast alert` as it is typed: what it says, its exit codes, and what comes out."""

import json
from pathlib import Path

import pytest
from integration.cap_messages import message, octets
from integration.test_cli_campaign import CONFIG
from unit.cap.cases import VALID

from broadcast.cap.alert import read
from broadcast.cap.references import key_of
from broadcast.cli.main import main
from broadcast.clock import machine_time

ALERT = message(1)


class Desk:
    """Types a command: its exit code, stdout and stderr."""

    def __init__(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._capture = capfdbinary

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--config", "site.toml", "alert", *words])
        out, err = self._capture.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out.decode(), err.decode()


@pytest.fixture
def desk(
    database_env: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROADCAST_OPERATOR", "an")
    Path("site.toml").write_text(f'{CONFIG}\n[cap]\nsender = "us@example.org"\n', encoding="utf-8")
    Path("storm.cap").write_bytes(octets(ALERT))
    return Desk(capfdbinary)


def test_in_again_and_out(desk: Desk) -> None:
    code, out, err = desk("import", "storm.cap")
    assert (code, out.startswith("storm-1 is drafted, expires ")) == (0, True)
    assert "it is not signed\n" in err
    assert "NO AREAS ARE KNOWN HERE" in err
    code, out, _ = desk("import", "storm.cap")
    assert (code, out) == (0, f"{key_of(ALERT)} was imported before, as storm-1: nothing was done\n")
    code, out, _ = desk("export", "storm-1")
    exported = read(out.encode(), machine_time()).alert
    assert (code, exported.sender, exported.status) == (0, "us@example.org", "Draft")
    code, out, _ = desk("export", "storm-1", "--output", "out.cap")
    assert (code, out) == (0, "out.cap is written\n")
    assert read(Path("out.cap").read_bytes(), machine_time()).alert == exported
    assert json.loads(desk("export", "storm-1", "--json")[1])["identifier"] == "storm-1"


def test_a_cancel(desk: Desk) -> None:
    desk("import", "storm.cap")
    Path("cancel.cap").write_bytes(octets(message(2, "Cancel", (ALERT,), infos=False)))
    code, out, _ = desk("import", "cancel.cap")
    assert (code, out.endswith(" cancels: storm-1\n")) == (0, True)
    Path("late.cap").write_bytes(octets(message(3, "Cancel", (ALERT,), infos=False)))
    code, out, err = desk("import", "late.cap")
    assert out.endswith(" cancels what has ended: nothing of it was left to stop\n")
    assert "it is about storm-1, which is over" in err


def test_an_update_says_what_its_launch_ends(desk: Desk) -> None:
    desk("import", "storm.cap")
    Path("update.cap").write_bytes(octets(message(2, "Update", (ALERT,))))
    assert "; its launch ends storm-1: see" in desk("import", "update.cap")[1]
    made = json.loads(desk("import", "update.cap", "--json")[1])
    assert (made["became"], made["ends"]) == ("known", ["storm-1"])


def test_every_error_has_its_line(desk: Desk) -> None:
    Path("bad.cap").write_bytes(
        VALID["one"].replace(b">Public<", b">public<").replace(b"<event>", b"<event x='1'>")
    )
    code, out, err = desk("import", "bad.cap")
    assert (code, out) == (2, "")
    assert [line.rpartition(" ")[2] for line in err.splitlines()[:2]] == [
        "[value_not_listed]",
        "[attribute_unknown]",
    ]
    assert err.splitlines()[2:] == ["broadcast: bad.cap has 2 errors: nothing was imported"]
    code, out, _ = desk("import", "bad.cap", "--json")
    assert (code, [each["name"] for each in json.loads(out)["faults"]]) == (
        2,
        ["value_not_listed", "attribute_unknown"],
    )


def test_what_a_rule_refuses(desk: Desk) -> None:
    Path("draft.cap").write_bytes(octets(message(1, status="Draft")))
    code, out, err = desk("import", "draft.cap")
    assert (code, out, "status is Draft" in err) == (3, "", True)
    assert desk("import", "none.cap")[0] == 2


def test_an_ack_is_noted(desk: Desk) -> None:
    Path("ack.cap").write_bytes(octets(message(2, "Ack", (ALERT,), infos=False)))
    code, out, _ = desk("import", "ack.cap")
    assert (code, out.endswith(" is noted\n")) == (0, True)
    assert "and made no draft" in desk("import", "ack.cap")[1]
