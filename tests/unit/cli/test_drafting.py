"""`text cost` and `template` as they are typed, where no database is needed."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from broadcast.cli.main import main
from broadcast.config.profiles import VIETNAM


class Desk:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(VIETNAM), *words])
        out, err = self._capsys.readouterr()
        assert ended.value.code == code, err
        assert code == 0 or len(err.splitlines()) == 1, err
        return out if code == 0 else err

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def desk(capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(capsys)


def test_a_texts_cost(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = desk("text", "cost", "--text", "Rửa tay, xem evil.com")
    assert "UCS-2" in shown
    assert "not in GSM 03.38: ử 1" in shown
    assert "with --plain: 1 segment" in shown
    assert "refused: the text has what telephones make a link of" in shown
    file = tmp_path / "alert.txt"
    file.write_text("Rửa tay\n", encoding="utf-8")
    said = desk.json("text", "cost", "--text-file", str(file), "--text", "en=Wash", "--status", "exercise")
    assert said["ways"][0]["units"] == len("[DIỄN TẬP] Rửa tay\n\n[EXERCISE] Wash")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Rửa".encode())))
    assert desk.json("text", "cost")["dear"] == [["ử", 1]]
    assert "U+6CE8" in desk("text", "cost", "--text", "注", "--plain", code=2)


def test_templates_are_listed_and_shown(desk: Desk) -> None:
    assert "correction-tsunami" in desk("template", "list")
    assert desk.json("template", "list")["tsunami"]["category"] == "emergency"
    shown = desk("template", "show", "epidemic")
    assert "respiratory, water, mosquito" in shown
    assert "vi: Có dịch {disease} tại {place}." in shown
    assert desk.json("template", "show", "heat")["parameters"]["degrees"]["kind"] == "number"
    assert "no template tsunmi: did you mean tsunami?" in desk("template", "show", "tsunmi", code=2)


def test_a_template_is_filled_in(desk: Desk) -> None:
    given = ("template", "use", "tsunami", "--set", "place=Quảng Nam", "--set", "time=18:00")
    shown = desk(*given)
    assert "vi: CẢNH BÁO SÓNG THẦN: sóng có thể đến Quảng Nam lúc 18:00." in shown
    assert "en: TSUNAMI WARNING: waves may reach Quảng Nam at 18:00." in shown
    assert "with --plain: 3 segments" in shown
    plain = desk.json(*given, "--plain", "--languages", "vi")
    assert plain["texts"]["vi"].startswith("CANH BAO SONG THAN: song co the den Quang Nam luc 18:00.")
    assert plain["cost"]["ways"][0]["alphabet"] == "gsm0338"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--set", "place"), 2, "--set place: give PARAMETER=VALUE"),
        (("--set", "place=a", "--set", "place=b"), 2, "--set place was given twice"),
        (("--set", "place=a"), 2, "template tsunami: time is missing (--set time=...)"),
        (("--set", "time=18:00", "--set", f"place={'x' * 61}"), 2, "place has 61 characters, 60 at most"),
        (("--set", "time=18:00", "--set", "place=evil.com"), 3, "--set place: the text has what telephones"),
        (("--set", "time=18:00", "--set", "place=a\u202eb"), 3, "U+202E RIGHT-TO-LEFT OVERRIDE"),
    ],
)
def test_a_template_that_is_filled_in_wrongly(
    desk: Desk, given: tuple[str, ...], code: int, said: str
) -> None:
    assert said in desk("template", "use", "tsunami", *given, code=code)
