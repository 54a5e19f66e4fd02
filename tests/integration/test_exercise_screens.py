"""An exercise is marked on every screen, in every row and in the text itself; nothing says that it is no drill."""

import csv
import io
import json
from asyncio import to_thread
from pathlib import Path

import pytest
from integration.rig import Rig

from broadcast.cli.main import main
from broadcast.config import Config

_CARRIERS = (
    '[carriers.viettel]\ntps = 100\nbinds = [{ host = "127.0.0.1", port = 2775, system_id = "moh" }]\n'
)


class Desk:
    """Types a command as somebody, and gives what it prints."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys, self.err = folder, capsys, ""
        (folder / "carriers.toml").write_text(_CARRIERS)
        country = Path(__file__).parents[2] / "config" / "vietnam.toml"
        self._files = ["--config", str(country), "--config", str(folder / "carriers.toml")]

    async def __call__(self, who: str, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert await to_thread(self._run, [*self._files, "--as", who, *words]) == code
        out, self.err = self._capsys.readouterr()
        return out if code == 0 else self.err

    @staticmethod
    def _run(words: list[str]) -> object:
        with pytest.raises(SystemExit) as ended:
            main(words)
        return ended.value.code


@pytest.fixture
async def desk(
    rig: Rig, config: Config, database_env: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Desk:
    rig.config = config
    await rig.subscribers("viettel", 1200)
    return Desk(tmp_path, capsys)


async def test_from_the_draft_to_the_report(desk: Desk) -> None:
    draft = (
        "campaign",
        "draft",
        "drill",
        "--status",
        "exercise",
        "--text",
        "Nước lũ đang lên.",
        "--text",
        "en=Flood.",
    )
    assert (await desk("an", *draft)).startswith("EXERCISE: drill is drafted")
    shown = await desk("lan", "campaign", "show", "drill")
    assert shown.startswith("EXERCISE\n")
    assert "[DIỄN TẬP] Nước lũ đang lên.\n\n[EXERCISE] Flood." in shown
    assert "EXERCISE: drill, as drafted" in await desk("an", "campaign", "forecast", "drill")
    assert "EXERCISE" in await desk("lan", "campaign", "list")
    for words in (("show", "drill"), ("list",), ("forecast", "drill")):
        assert '"status": "exercise"' in await desk("an", "campaign", *words, "--json")
    code = json.loads(await desk("binh", "campaign", "show", "drill", "--json"))["code"]
    assert "EXERCISE: " in await desk("binh", "campaign", "approve", "drill", "--content", code)
    assert "EXERCISE: " in await desk("an", "campaign", "launch", "drill")  # no number is asked for
    assert "EXERCISE: " in await desk("an", "campaign", "cancel", "drill")
    assert " EXERCISE: cancelled" in await desk("lan", "campaign", "watch", "drill")
    await _report(desk)


async def _report(desk: Desk) -> None:
    files = {each: str(desk.folder / each) for each in ("r.html", "r.csv", "people.csv")}
    report = (
        "campaign",
        "report",
        "drill",
        "--html",
        files["r.html"],
        "--csv",
        files["r.csv"],
        "--recipients",
    )
    assert (await desk("lan", *report, files["people.csv"])).startswith("EXERCISE: drill")
    texts = {
        name: await to_thread(Path(path).read_text, encoding="utf-8-sig") for name, path in files.items()
    }
    assert "<title>EXERCISE: drill: report</title>" in texts["r.html"]
    for look in ("audit", "doubts", "replies", "archive"):
        who = "an" if look == "archive" else "lan"
        words = ("--to", str(desk.folder)) if look == "archive" else ()
        await desk(who, "campaign", look, "drill", *words)
        assert "EXERCISE: drill is no actual alert" in desk.err
    manifest = await to_thread((desk.folder / "drill.archive" / "manifest.json").read_text)
    assert json.loads(manifest)["status"] == "exercise"
    for name in ("r.csv", "people.csv"):
        assert {row["status"] for row in csv.DictReader(io.StringIO(texts[name]))} == {"exercise"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--text", "EXERCISE: rain"), "which marks an exercise, and its status is actual"),
        (("--text", "Diễn tập - mưa"), "which marks an exercise, and its status is actual"),
        (("--text", "Missile. This is not a drill."), "no alert ever says so"),
        (("--text", "Mưa. Đây không phải là diễn tập", "--status", "exercise"), "no alert ever says so"),
        (("--text", "Mưa.", "--text", "en=Not an exercise!", "--languages", "vi"), "no alert ever says so"),
    ],
)
async def test_what_no_draft_says(desk: Desk, words: tuple[str, ...], said: str) -> None:
    assert said in await desk("an", "campaign", "draft", "alert", *words, code=2)
    assert await desk("an", "campaign", "list", "--json") == "[]\n"


async def test_what_becomes_an_exercise_gets_its_mark(desk: Desk) -> None:
    await desk("an", "campaign", "draft", "rain", "--text", "Mưa.")
    edited = json.loads(await desk("an", "campaign", "edit", "rain", "--status", "test", "--json"))
    assert (edited["text"], edited["status"]) == ("[DIỄN TẬP] Mưa.", "test")
    assert "TEST: " in await desk("an", "campaign", "edit", "rain", "--expires", "2h")
    edited = json.loads(await desk("an", "campaign", "edit", "rain", "--status", "actual", "--json"))
    assert edited["text"] == "Mưa."
