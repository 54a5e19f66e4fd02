"""The commands of `subscriber` and `campaign` as an operator types them, against a real database."""

import asyncio
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from command_tree import commands

from broadcast.campaign.examples import BOYTE_2020, example
from broadcast.cli.campaign import campaign
from broadcast.cli.carrier import carrier
from broadcast.cli.main import main
from broadcast.cli.subscriber import subscriber
from broadcast.store.embedded import Server

CONFIG = """
sender = "BOYTE"

[wording]
official_domains = ["moh.gov.vn"]

[country]
name = "Vietnam"
country_code = "84"
trunk_prefix = "0"
national_lengths = [9]
landline_prefixes = ["2"]
time_zone = "Asia/Ho_Chi_Minh"

[country.prefixes]
viettel = ["96", "97", "98"]
mobifone = ["90", "93"]
gmobile = ["59", "99"]

[carriers.viettel]
tps = 50
binds = [{ host = "127.0.0.1", port = 2775, system_id = "viettel", sessions = 2 }]

[carriers.mobifone]
tps = 10
concatenation = "payload"
binds = [{ host = "127.0.0.1", port = 2776, system_id = "mobifone" }]
"""

PEOPLE = (
    "msisdn,opted_out\n"
    + "".join(f"09600000{n:02},\n" for n in range(30))
    + ("0900000001,\n0900000002,yes\n0990000001,\n02438221234,\n")
)


class Desk:
    """Types a command and reads what it says."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config, self._capsys = config, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """stdout of a command that succeeds; stderr, which is one line, of one that must fail with `code`."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(self._config), *words])
        out, err = self._capsys.readouterr()
        assert ended.value.code == code, err
        assert code == 0 or (len(err.splitlines()) == 1 and "Traceback" not in err), err
        return out if code == 0 else err

    @classmethod
    def of(
        cls,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        files: Mapping[str, str],
    ) -> "Desk":
        """For an, in this folder, with these files by name; site.toml is the configuration."""
        monkeypatch.chdir(folder)
        monkeypatch.setenv("BROADCAST_OPERATOR", "an")
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return cls(folder / "site.toml", capsys)

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    def content(self, name: str) -> tuple[str, str]:
        """The option that says what `show` printed."""
        (code,) = re.findall(r"^content code +(\S+)$", self("campaign", "show", name), re.MULTILINE)
        return "--content", code


@pytest.fixture
def desk(
    database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    files = {"site.toml": CONFIG, "people.csv": PEOPLE, "alert.txt": example(BOYTE_2020) + "\n"}
    return Desk.of(tmp_path, monkeypatch, capsys, files)


@pytest.fixture
def drafted(desk: Desk) -> Desk:
    desk("subscriber", "import", "people.csv")
    desk("campaign", "draft", "hands", "--text-file", "alert.txt", "--expires", "6h")
    return desk


def test_import_and_stats(desk: Desk) -> None:
    done = desk.json("subscriber", "import", "people.csv")
    assert (done["lines"], done["imported"], done["refused"], done["refused_file"]) == (
        34,
        33,
        {"landline": 1},
        "people.refused.csv",
    )
    assert Path("people.refused.csv").read_text(encoding="utf-8-sig") == (
        "line,reason,msisdn,opted_out\n35,landline,02438221234,\n"
    )
    shown = desk("subscriber", "import", "people.csv", "--refused", "no.csv")
    assert "updated" in shown
    assert "no.csv" in shown
    stats = desk.json("subscriber", "stats")
    assert {each["carrier"]: (each["subscribers"], each["opted_out"]) for each in stats["carriers"]} == {
        "gmobile": (1, 0),
        "mobifone": (2, 1),
        "viettel": (30, 0),
    }
    assert [each["lines"] for each in stats["imports"]] == [34, 34]
    assert "people.csv" in desk("subscriber", "stats")


def test_a_refused_file_is_one_line(desk: Desk) -> None:
    Path("people.csv").write_bytes("tên;số\n1;0912345678\n".encode("cp1258", "ignore"))
    error = desk("subscriber", "import", "people.csv", code=2)
    assert "people.csv" in error
    assert desk.json("subscriber", "stats")["imports"] == []
    assert "No such file" in desk("subscriber", "import", "none.csv", code=2)


def test_names_of_files_steer_no_terminal(desk: Desk) -> None:
    for name in ("evil\x1b]0;pwn\x07\u202etxt.csv", os.fsdecode(b"b\xff\nx.csv")):
        Path(name).write_text(PEOPLE, encoding="utf-8")
        printed = desk("subscriber", "import", name) + desk("subscriber", "stats")
        assert not set("\x1b\x07\u202e\udcff") & set(printed)
        assert desk.json("subscriber", "import", name)["imported"] == 0
    assert [each["source"] for each in desk.json("subscriber", "stats")["imports"]] == [
        "b\\xff\nx.csv", "b\\xff\nx.csv", "evil\x1b]0;pwn\x07\u202etxt.csv", "evil\x1b]0;pwn\x07\u202etxt.csv",
    ]  # fmt: skip


def test_a_text_is_shown_as_what_it_is(desk: Desk) -> None:
    """Who approves a text sees what is not seen, where a script needs it; elsewhere it is refused."""
    desk("subscriber", "import", "people.csv")
    line = "the text contains: U+200C ZERO WIDTH NON-JOINER (1)\n"
    assert line in desk("campaign", "draft", "odd", "--text", "می\u200cخواهم\nnow 😷")
    shown = desk("campaign", "show", "odd")
    assert f"می\\u200cخواهم\nnow 😷\n{line}" in shown
    refused = desk("campaign", "edit", "odd", "--text", "pay\u200b \u202eyad rep", code=3)
    assert "U+200B ZERO WIDTH SPACE, U+202E RIGHT-TO-LEFT OVERRIDE" in refused
    assert line in desk("campaign", "forecast", "odd")
    assert line in desk("campaign", "approve", "odd", "--as", "binh", *desk.content("odd"))
    assert "contains" not in desk("campaign", "draft", "even", "--text", "Rửa tay 😷")
    assert "no text in the terminal's character set" in desk("campaign", "show", "\udcff", code=2)
    assert "give it by --text-file" in desk("campaign", "draft", "half", "--text", "a\udcff", code=2)


def test_a_template_is_drafted_in_the_countrys_languages(desk: Desk) -> None:
    said = CONFIG.replace(
        'time_zone = "Asia/Ho_Chi_Minh"', 'time_zone = "Asia/Ho_Chi_Minh"\nlanguages = ["vi", "en"]'
    )
    Path("site.toml").write_text(said + '\n[templates]\nprofile = "vietnam"\n', encoding="utf-8")
    given = ("--set", "place=Quảng Nam", "--set", "time=18:00", "--draft", "tsunami-1", "--expires", "6h")
    made = desk.json("template", "use", "tsunami", *given)
    assert (made["name"], made["category"], made["languages"]) == ("tsunami-1", "emergency", ["vi", "en"])
    assert made["text"].startswith("CẢNH BÁO SÓNG THẦN: sóng có thể đến Quảng Nam lúc 18:00.")
    assert "\n\nTSUNAMI WARNING: waves may reach Quảng Nam at 18:00." in made["text"]
    shown = desk("template", "use", "correction-tsunami", "--draft", "correction-1", "--languages", "vi")
    assert "correction-1 is drafted" in shown
    assert desk("campaign", "show", "correction-1").count("ĐÍNH CHÍNH: ") == 1


def test_a_launch_asks_the_rules_of_whoever_launches(drafted: Desk) -> None:
    drafted("campaign", "approve", "hands", "--as", "binh", *drafted.content("hands"))
    for change, refusal in (
        (("tps = 50", 'tps = 50\nsenders = ["1022"]'), "viettel has not registered the sender BOYTE"),
        (('["moh.gov.vn"]', '["who.int"]'), "ncov.moh.gov.vn (official are who.int)"),
    ):
        Path("site.toml").write_text(CONFIG.replace(*change), encoding="utf-8")
        assert refusal in drafted("campaign", "launch", "hands", code=3)
    Path("site.toml").write_text(CONFIG, encoding="utf-8")
    drafted("campaign", "launch", "hands")


def test_refused_lines_do_not_replace_a_device(desk: Desk) -> None:
    """A pipe stands for /dev/null here: a test that fails as root would take that from the whole machine."""
    os.mkfifo("null")
    said = desk("subscriber", "import", "people.csv", "--refused", "null", code=2)
    assert "--refused null is no file" in said
    assert Path("null").is_fifo()


def test_one_subscriber(drafted: Desk) -> None:
    assert drafted.json("subscriber", "show", "096 0000 001") == {
        "msisdn": "84960***001",
        "carrier": "viettel",
        "ported": False,
        "import": 1,
        "opted_out_at": None,
        "area": None,
        "seen": None,
        "language": None,
        "attributes": {},
        "set_aside": False,
        "do_not_call": None,
        "consent": None,
        "learnt": {"ported": [], "set_aside": None},
    }
    assert "84960000001" in drafted("subscriber", "show", "0960000001", "--reveal")
    assert drafted.json("subscriber", "opt-out", "0960000001")["opted_out_at"] is not None
    assert drafted.json("subscriber", "opt-out", "0960000001", "--undo")["opted_out_at"] is None
    assert "landline" in drafted("subscriber", "show", "02438221234", code=2)
    error = drafted("subscriber", "show", "0970000001", code=2)
    assert "no subscriber" in error
    assert "970000001" not in error


def test_generate(desk: Desk) -> None:
    expected = desk.json("subscriber", "generate", "made.csv", "--lines", "500", "--weight", "viettel=1")
    assert expected["lines"] == 500
    done = desk.json("subscriber", "import", "made.csv")
    assert {key: done[key] for key in ("lines", "imported", "duplicate", "refused")} == {
        key: expected[key] for key in ("lines", "imported", "duplicate", "refused")
    }
    assert "500 lines" in desk("subscriber", "generate", "made.csv", "--lines", "500")
    assert "CARRIER=SHARE" in desk("subscriber", "generate", "made.csv", "--weight", "viettel", code=2)
    assert "no carrier acme" in desk("subscriber", "generate", "made.csv", "--weight", "acme=1", code=2)
    assert "cannot write" in desk("subscriber", "generate", "people.csv/made.csv", code=2)


def test_forecast_shows_both_alphabets(drafted: Desk) -> None:
    found = drafted.json("campaign", "forecast", "hands")
    columns = ("carrier", "recipients", "segments", "air_segments")
    ways = [
        (way["alphabet"], [tuple(each[column] for column in columns) for each in way["carriers"]])
        for way in found["ways"]
    ]
    assert ways == [
        ("ucs2", [("mobifone", 1, 1, 4), ("viettel", 30, 4, 4)]),
        ("gsm0338", [("mobifone", 1, 1, 2), ("viettel", 30, 2, 2)]),
    ]
    assert found["ways"][0]["seconds"] == 30 * 4 / 50
    assert found["excluded"] == {"not_connected": 1, "opted_out": 1}
    shown = drafted("campaign", "forecast", "hands")
    assert "GSM 03.38 without diacritics" in shown
    assert "1 not_connected, 1 opted_out" in shown
    drafted("campaign", "draft", "chinese", "--text", "注意", "--category", "emergency")
    assert "U+6CE8" in drafted("campaign", "forecast", "chinese")
    assert drafted.json("campaign", "forecast", "chinese")["excluded"] == {"not_connected": 1}


def test_plain_letters_are_shown_one_by_one(desk: Desk) -> None:
    desk("campaign", "draft", "hands", "--text", "Đẵ đẵ ’ 38°C")
    drafted, plain = desk.json("campaign", "forecast", "hands")["ways"]
    assert (drafted["changes"], plain["carriers"]) == ([], [])
    assert "no plain letters for U+00B0" in plain["problem"]
    assert "U+00B0" in desk("campaign", "edit", "hands", "--plain", code=2)
    desk("campaign", "edit", "hands", "--text", "Đẵ đẵq\u0301 ’")
    changes = [("ẵ", "a", 2), ("Đ", "D", 1), ("đ", "d", 1), ("\u0301", "", 1), ("’", "'", 1)]

    def shown(way: int) -> list[tuple[object, ...]]:
        ways = desk.json("campaign", "forecast", "hands")["ways"]
        return [tuple(change.values()) for change in ways[way]["changes"]]

    assert (shown(0), shown(1)) == ([], changes)
    seen = desk("campaign", "forecast", "hands")
    assert "6 characters in plain letters:   ẵ → a: 2   Đ → D: 1   đ → d: 1   U+0301 → nothing: 1" in seen
    # once it is in plain letters, whoever approves it still sees what was written for what
    assert desk.json("campaign", "edit", "hands", "--transliterate")["text"] == "Da daq '"
    assert (shown(0), shown(1)) == (changes, [])
    assert "as drafted: GSM 03.38 without diacritics" in desk("campaign", "forecast", "hands")
    desk("campaign", "edit", "hands", "--expires", "3h", "--plain")
    assert shown(0) == changes
    desk("campaign", "edit", "hands", "--text", "Da da")
    assert (shown(0), shown(1)) == ([], [])
    desk("campaign", "draft", "again", "--text", "ß", "--plain")
    assert desk.json("campaign", "forecast", "again")["ways"][0]["changes"] == [
        {"character": "ß", "replacement": "ss", "count": 1}
    ]


def test_each_carrier_counts_its_own_segments(desk: Desk) -> None:
    turkish = CONFIG.replace("tps = 50", 'tps = 50\nnational_shift = "turkish"')
    latin = turkish.replace("tps = 10", 'tps = 10\ndefault_alphabet = "latin1"')
    Path("site.toml").write_text(latin, encoding="utf-8")
    desk("subscriber", "import", "people.csv")
    desk("campaign", "draft", "wash", "--text", "Sağlık Bakanlığı: ellerinizi yıkayın. " * 4)
    ways = desk.json("campaign", "forecast", "wash")["ways"]
    assert [
        [each[key] for key in ("carrier", "alphabet", "shift", "air_segments")]
        for each in ways[0]["carriers"]
    ] == [
        ["mobifone", "ucs2", "none", 3],
        ["viettel", "gsm0338", "turkish", 2],
    ]
    assert "turkish shift table" in desk("campaign", "forecast", "wash")
    # what a carrier cannot write is refused at once, or said beside what the others can
    greek = ("campaign", "draft", "greek", "--text", "Δ")
    assert "carrier mobifone: latin1 cannot write U+0394: use the alphabet ucs2" in desk(*greek, code=2)
    Path("site.toml").write_text(turkish, encoding="utf-8")
    desk(*greek)
    Path("site.toml").write_text(latin, encoding="utf-8")
    found = desk.json("campaign", "forecast", "greek")["ways"][0]["carriers"]
    assert [each["problem"] is None for each in found] == [False, True]
    assert "mobifone cannot carry it: latin1 cannot write U+0394" in desk("campaign", "forecast", "greek")
    desk("campaign", "approve", "greek", "--as", "binh", *desk.content("greek"))
    assert "carrier mobifone: latin1 cannot write U+0394: use the alphabet ucs2" in desk(
        "campaign", "launch", "greek", code=2
    )


def test_from_draft_to_cancel(drafted: Desk) -> None:
    assert "may not do that" in drafted("campaign", "approve", "hands", *drafted.content("hands"), code=3)
    assert "is draft" in drafted("campaign", "launch", "hands", code=3)
    approve = ("campaign", "approve", "hands", "--as", "binh")
    assert drafted.json(*approve, *drafted.content("hands"))["approved_by"] == "binh"
    assert "needs approval" in drafted("campaign", "edit", "hands", "--grace", "5")
    assert "not" in drafted("campaign", "launch", "hands", code=3)
    seen = drafted.content("hands")
    assert f"approved by binh: content {seen[1]}\n" in drafted(*approve, *seen)
    launched = drafted.json("campaign", "launch", "hands")
    assert (launched["state"], launched["audience"], launched["segments"]) == ("running", 33, 4)
    assert "is paused" in drafted("campaign", "pause", "hands")
    assert "runs again" in drafted("campaign", "resume", "hands")
    assert "is cancelled" in drafted("campaign", "cancel", "hands")
    assert "cannot become running" in drafted("campaign", "launch", "hands", code=3)
    shown = drafted.json("campaign", "show", "hands")
    assert [each["event"] for each in shown["events"]] == (
        [
            "drafted",
            "approved",
            "edited",
            "approved",
            "launched",
            "paused",
            "resumed",
            "cancelled",
            "finished",
        ]
    )  # at once, though no worker runs
    assert shown["campaign"]["finished_at"] is not None
    assert "33" in drafted("campaign", "audit", "hands")
    assert shown["campaign"]["text"] == example(BOYTE_2020)
    assert "Bộ Y tế" in drafted("campaign", "show", "hands")
    assert [each["name"] for each in drafted.json("campaign", "list")] == ["hands"]
    assert "cancelled" in drafted("campaign", "list")


def test_an_approval_says_what_was_shown(drafted: Desk) -> None:
    """Edited between the look and the word, as a script or a hurried second person has it."""
    approve = ("campaign", "approve", "hands", "--as", "binh")
    _, shown = drafted.content("hands")
    assert re.fullmatch("[0-9a-f]{4}-[0-9a-f]{4}", shown)
    found = drafted.json("campaign", "show", "hands")
    assert found["code"] == shown
    assert "give --content CODE" in drafted(*approve, code=2)
    for slip in (shown[:-1], shown.replace("-", "x"), "", "hands"):
        assert "8 of 0 to 9 and a to f" in drafted(*approve, "--content", slip, code=2)
    drafted("campaign", "edit", "hands", "--text", "Rửa tay", "--as", "mai")
    before = drafted.json("campaign", "show", "hands")
    assert "has another code" in drafted(*approve, "--content", shown, code=3)
    assert drafted.json("campaign", "show", "hands") == before
    now = before["code"]
    said = f" {now[:4].upper()} {now[5:7]}\u2013{now[7:9]} "  # read out, and typed as it was heard
    assert f"content {before['code']}\n" in drafted(*approve, "--content", said)
    assert drafted.json("campaign", "show", "hands")["campaign"]["approved_hash"] == before["hash"]


def test_at_a_terminal_the_code_is_asked_for(drafted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    approve = ("campaign", "approve", "hands", "--as", "binh")
    _, shown = drafted.content("hands")

    def typed(*lines: str) -> None:
        terminal = io.StringIO("".join(f"{line}\n" for line in lines))
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)

    typed("0000-0000")
    with pytest.raises(SystemExit) as ended:
        main(["--config", "site.toml", *approve])
    assert ended.value.code == 3
    typed()
    assert "there is no campaign \\u001b" in drafted("campaign", "approve", "\x1b", "--as", "binh", code=2)
    typed("", shown.upper())  # an empty line is asked again
    assert json.loads(drafted(*approve, "--json"))["approved_by"] == "binh"  # the question is no part of it


def test_launch_to_an_empty_audience(desk: Desk) -> None:
    desk("campaign", "draft", "hands", "--text", "Rua tay")
    desk("campaign", "approve", "hands", "--as", "binh", *desk.content("hands"))
    assert "audience is empty" in desk("campaign", "launch", "hands", code=3)
    assert desk.json("campaign", "show", "hands")["campaign"]["state"] == "approved"


def test_a_draft_with_everything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Rửa tay".encode())))
    made = desk.json(
        *(
            "campaign",
            "draft",
            "x",
            "--text-file",
            "-",
            "--plain",
            "--alphabet",
            "gsm0338",
            "--sender",
            "1022",
        ),
        *("--carrier", "viettel", "--carrier", "mobifone", "--category", "health", "--priority", "0"),
        *("--expires", "2099-01-31T18:00", "--in-doubt", "resend", "--grace", "0", "--as", "mai"),
    )
    assert {key: made[key] for key in ("text", "alphabet", "sender", "carriers", "category", "priority")} == {
        "text": "Rua tay",
        "alphabet": "gsm0338",
        "sender": "1022",
        "carriers": ["mobifone", "viettel"],
        "category": "health",
        "priority": 0,
    }
    assert made["expires_at"] == "2099-01-31T11:00:00+00:00"
    assert (made["in_doubt_policy"], made["grace_s"], made["drafted_by"]) == ("resend", 0, "mai")


def test_what_an_alert_has_beside_others_is_said_and_bound(drafted: Desk) -> None:
    edited = drafted.json("campaign", "edit", "hands", "--weight", "3", "--reserve", "20")
    assert (edited["plan"]["weight"], edited["plan"]["reserve"]) == (3, 20)
    drafted.json("campaign", "edit", "hands", "--weight", "100")
    shown = drafted("campaign", "show", "hands")
    assert (
        "gives way to emergencies and to higher ones; weight 100 among equals; at least 20 % of the TPS"
        in shown
    )
    drafted.json("campaign", "edit", "hands", "--category", "emergency", "--reserve", "0", "--weight", "1")
    assert "goes before all that are no emergency; weight 1 among equals" in drafted(
        "campaign", "show", "hands"
    )


def test_a_draft_is_shown_without_arrays_and_shapes(drafted: Desk) -> None:
    """They cost as much as all else that the command does: unit/cli/test_main.py, and here what runs."""
    line = (sys.executable, "-X", "importtime", "-m", "broadcast", "--config", "site.toml")
    done = subprocess.run([*line, "campaign", "show", "hands"], check=True, capture_output=True, text=True)
    assert "hands" in done.stdout
    loaded = {each.rpartition("|")[2].strip() for each in done.stderr.splitlines()}
    assert "broadcast.forecast.reach" in loaded
    assert not {"numpy", "shapely", "pyarrow"} & loaded


def test_edit_changes_what_follows(drafted: Desk) -> None:
    edited = drafted.json(
        "campaign", "edit", "hands", "--plain", "--category", "emergency", "--expires", "2d"
    )
    assert (edited["alphabet"], edited["priority"], edited["in_doubt_policy"]) == ("gsm0338", 9, "resend")
    assert edited["text"].startswith("Bo Y te khuyen cao")
    edited = drafted.json("campaign", "edit", "hands", "--text", "Rửa tay", "--carrier", "viettel")
    assert (edited["text"], edited["alphabet"], edited["carriers"]) == ("Rửa tay", "ucs2", ["viettel"])
    assert "nothing to change" in drafted("campaign", "edit", "hands", code=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--text TEXT or --text-file FILE"),
        (("--text", "a", "--text-file", "alert.txt"), "not both"),
        (("--text-file", "none.txt"), "No such file"),
        (("--text-file", "latin.txt"), "not UTF-8"),
        (("--text", "a", "--sender", "MINISTRYOFHEALTH"), "at most 11"),
        (("--text", "a", "--carrier", "viettle"), "did you mean viettel"),
        (("--text", "a", "--expires", "soon"), "90m, 6h, 2d"),
        (("--text", "a", "--expires", ""), "90m, 6h, 2d"),  # a script's variable that is not set
        (("--text", "a", "--expires", "2020-01-01"), "expiry has passed"),
        (("--text", "a", "--expires", "0s"), "expiry has passed"),
        (("--text", "ố", "--alphabet", "gsm0338"), "U+1ED1"),
    ],
)
def test_bad_drafts(desk: Desk, words: tuple[str, ...], message: str) -> None:
    Path("latin.txt").write_bytes("Bình".encode("latin-1"))
    assert message in desk("campaign", "draft", "a", *words, code=2)
    assert desk.json("campaign", "list") == []


def test_an_expiry_in_a_night_of_changed_clocks(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    Path("site.toml").write_text(CONFIG.replace("Asia/Ho_Chi_Minh", "Europe/Berlin"), encoding="utf-8")
    draft = ("campaign", "draft", "a", "--text", "a")
    assert "does not come" in desk(*draft, "--expires", "2095-03-27T02:30", code=2)
    with pytest.raises(SystemExit) as ended:
        main(["--config", "site.toml", *draft, "--expires", "2095-10-30T02:30"])
    said = capsys.readouterr()
    assert ended.value.code == 0
    assert said.err.startswith(
        "2095-10-30T02:30:00 comes twice, as the clocks of Europe/Berlin go back: the first"
    )
    assert "a is drafted, expires 2095-10-30 02:30:00 CEST:" in said.out
    edited = desk.json("campaign", "edit", "a", "--expires", "2095-10-30T02:30:00+01:00")
    assert edited["expires_at"] == "2095-10-30T01:30:00+00:00"
    assert "2095-10-30 02:30:00 CET\n" in desk("campaign", "show", "a")


def test_unknown_campaigns(desk: Desk) -> None:
    for verb in ("forecast", "approve", "launch", "pause", "resume", "cancel", "show"):
        code = ("--content", "0" * 8) if verb == "approve" else ()
        assert "no campaign none" in desk("campaign", verb, "none", *code, code=2)


def test_whoever_is_at_the_keyboard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login of --as, or of BROADCAST_OPERATOR, or else the URL's: that of whoever migrates, who is no account."""
    assert desk.json("campaign", "draft", "a", "--text", "a")["drafted_by"] == "an"
    assert desk.json("campaign", "draft", "b", "--text", "a", "--as", "mai")["drafted_by"] == "mai"
    assert "may not do that" in desk("campaign", "draft", "c", "--text", "a", "--as", "binh", code=3)
    assert "such an account" in desk("campaign", "draft", "c", "--text", "a", "--as", " ", code=1)
    monkeypatch.delenv("BROADCAST_OPERATOR")
    assert "broadcast may not do that: it takes the role author" in desk(
        "campaign", "draft", "c", "--text", "a", code=3
    )


@pytest.mark.parametrize("kind", ["author", "approver", "auditor", "operator"])
def test_each_kind_by_itself_reads_what_it_works_with(drafted: Desk, server: Server, kind: str) -> None:
    """Without any number: who drafts or approves sees how many, and by which carrier."""
    drafted("campaign", "approve", "hands", "--as", "binh", *drafted.content("hands"))
    drafted("campaign", "launch", "hands")
    execute(server, f"CREATE ROLE only_{kind} LOGIN; GRANT template_{kind} TO only_{kind}")
    try:
        for words in (
            ("campaign", "list"), ("campaign", "show", "hands"), ("campaign", "forecast", "hands"), ("carrier", "list"),
            ("subscriber", "stats"), ("carrier", "show", "viettel"), ("user", "list"), ("rules", "list"),
        ):  # fmt: skip
            drafted(*words, "--as", f"only_{kind}")
        sees = kind in ("auditor", "operator")
        said = drafted("subscriber", "show", "0960000001", "--as", f"only_{kind}", code=0 if sees else 3)
        assert sees or "takes another role" in said
    finally:
        execute(server, f"DROP ROLE only_{kind}")


def execute(server: Server, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(server.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def test_every_command_has_an_example() -> None:
    found = [each for group in (campaign, carrier, subscriber) for each in commands(group)]
    assert len(found) > 20
    for place, command in found:
        assert "Example" in (command.help or ""), place


def test_an_import_never_overwrites_itself(desk: Desk) -> None:
    complaint = desk("subscriber", "import", "people.csv", "--refused", "./people.csv", code=2)
    assert "is the file to import" in complaint
    assert Path("people.csv").read_text(encoding="utf-8") == PEOPLE


def test_slips_of_a_hurried_operator(drafted: Desk) -> None:
    Path("empty.txt").touch()
    Path("nul.txt").write_bytes(b"a\0b")
    draft = ("campaign", "draft", "again")
    assert "U+0000" in drafted(*draft, "--text-file", "nul.txt", code=2)
    assert "sender is empty" in drafted(*draft, "--text", "x", "--sender", "", code=2)
    assert "another century" in drafted(*draft, "--text", "x", "--expires", "999999d", code=2)
    edit = ("campaign", "edit", "hands", "--expires", "1h", "--text-file", "empty.txt")
    assert "text is empty" in drafted(*edit, code=2)
    drafted("campaign", "cancel", "hands")
    assert "draft another campaign" in drafted("campaign", "launch", "hands", code=3)
