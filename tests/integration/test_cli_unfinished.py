"""While an import is unfinished, every command that speaks of the audience says so in a line; none of them waits."""

import json
from pathlib import Path

import pytest

from broadcast.audience.batches import Reader
from broadcast.cli.main import main

VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"
CARRIERS = """\
[carriers.viettel]
tps = 50
binds = [{ host = "127.0.0.1", port = 2775, system_id = "viettel" }]
"""


def test_warnings_until_it_ends(
    database_env: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader.batches, "__defaults__", (1000,))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "carriers.toml").write_text(CARRIERS)

    def broadcast(*words: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(VIETNAM), "--config", "carriers.toml", *words])
        out, err = capsys.readouterr()
        assert ended.value.code == code, err
        return out, err

    assert broadcast("subscriber", "stats")[1] == ""
    good = "msisdn,note\n" + "".join(f"0960{n:06},{'x' * 100}\n" for n in range(20_000))
    people = tmp_path / "people.csv"
    people.write_bytes(good.encode() + b"\xff\n")
    assert "not UTF-8" in broadcast("subscriber", "import", "people.csv", "--resumable", code=2)[1]

    shown, warning = broadcast("subscriber", "stats", "--json")
    lines = json.loads(shown)["unfinished"]["lines"]
    assert 0 < lines < 20_000
    assert warning.startswith(
        f"warning: the import of people.csv is unfinished, the list is incomplete: {lines:,} lines are in"
    )
    assert warning.endswith("`broadcast subscriber import people.csv --resumable` continues it\n")
    drafted = ("--text", "Wash your hands", "--category", "health", "--expires", "6h", "--as", "an")
    broadcast("campaign", "draft", "hands", *drafted)
    code = json.loads(broadcast("campaign", "show", "hands", "--json")[0])["code"]
    for words in (
        ("forecast", "hands"),
        ("approve", "hands", "--as", "binh", "--content", code),
        ("launch", "hands", "--as", "an", "--recipients", str(lines)),
    ):
        said = broadcast("campaign", *words)[1]
        assert said.splitlines()[:1] == [warning.rstrip("\n")], words

    people.write_text(good)
    assert "has changed" in broadcast("subscriber", "import", "people.csv", "--resumable", code=3)[1]
    assert (
        "--restart goes with --resumable"
        in broadcast("subscriber", "import", "people.csv", "--restart", code=2)[1]
    )
    done = json.loads(
        broadcast("subscriber", "import", "people.csv", "--resumable", "--restart", "--json")[0]
    )
    assert (done["lines"], done["updated"]) == (20_000, lines)
    shown, warning = broadcast("subscriber", "stats", "--json")
    assert (json.loads(shown)["unfinished"], warning) == (None, "")
    assert [each["source"] for each in json.loads(shown)["imports"]] == [
        "people.csv",
        "people.csv (given up)",
    ]
