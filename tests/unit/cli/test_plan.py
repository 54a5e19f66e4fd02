"""`broadcast plan`: what may be typed, where carriers come from, what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from broadcast.cli import main as entry

ROOT = Path(__file__).parents[3]
COUNTRY = str(ROOT / "config" / "vietnam.toml")
EXAMPLE = str(ROOT / "config" / "carriers.example.toml")


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROADCAST_CONFIG", raising=False)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        entry.main(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def planned(
    capsys: pytest.CaptureFixture[str], *words: str, files: tuple[str, ...] = (COUNTRY, EXAMPLE)
) -> Any:
    chosen = [word for file in files for word in ("--carriers", file)]
    assert run("plan", "--subscribers", "125e6", "--segments", "5", *chosen, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The last line of what is said of it, exit code 2."""
    assert run("plan", *words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()[-1]


@pytest.mark.parametrize("written", ["125e6", "125E6", "1.25e8", "125000000", "125_000_000", "125,000,000"])
def test_large_numbers_as_people_write_them(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("--carriers", COUNTRY, "--carriers", EXAMPLE)
    assert run("plan", "--subscribers", written, "--segments", "1", *files, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["people"], found["messages"], found["alerts"]) == (125_000_000, 125_000_000, 1)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("125m", "'125m' is no number: write 125e6, 125000000 or 125_000_000"),
        ("", "is no number"),
        ("1.5", "'1.5' is no whole number"),
        ("0", "not between 1 and 1e12"),
        ("-5", "not between 1 and 1e12"),
        ("nan", "not between 1 and 1e12"),
        ("1e999999", "not between 1 and 1e12"),
    ],
)
def test_what_is_no_number_of_people(written: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "--subscribers", written, "--segments", "5")
    assert "--subscribers" in line
    assert said in line


def test_messages_and_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(capsys, "--messages", "15e9")["alerts"] == 120
    assert planned(capsys, "--alerts", "11")["messages"] == 11 * 125_000_000
    said = refused(capsys, "--subscribers", "10", "--segments", "1", "--messages", "10", "--alerts", "1")
    assert "give one" in said


def test_shares_are_named_by_carrier(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(capsys, "--share", "viettel=60%", "--share", "vinaphone=40%")
    assert {line["name"]: line["people"] for line in found["carriers"]} == {
        "viettel": 75_000_000,
        "vinaphone": 50_000_000,
    }
    usual = {line["name"]: line["people"] for line in planned(capsys)["carriers"]}
    assert usual == {"viettel": 75_000_000, "vinaphone": 50_000_000}  # 12 prefixes and 8


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--share", "viettel"), "'viettel' is not NAME=PART"),
        (("--share", "viettel=0"), "more than 0"),
        (("--share", "vietel=1"), "did you mean viettel"),
        (("--share", "viettel=1"), "vinaphone too"),
        (("--share", "viettel=1", "--share", "viettel=2"), "names viettel twice"),
        (("--machines", "1", "--cores", "1", "--workers", "9"), "1 cores are too few for 9 workers"),
    ],
)
def test_what_does_not_fit_the_carriers(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--carriers", COUNTRY, "--carriers", EXAMPLE)
    assert said in refused(capsys, "--subscribers", "125e6", "--segments", "5", *files, *words)


def test_carriers_are_those_of_the_configuration_or_instead_of_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(Path(EXAMPLE).read_text().replace("tps = 500", "tps = 5000"))
    tps = {
        (): 500,
        (str(other),): 5000,
        (COUNTRY, str(other)): 5000,
    }
    monkeypatch.setenv("BROADCAST_CONFIG", f"{COUNTRY}:{EXAMPLE}")
    for files, expected in tps.items():
        lines = planned(capsys, files=files)["carriers"]
        assert {line["name"]: line["tps"] for line in lines} == {"viettel": expected, "vinaphone": 300}


def test_a_country_is_asked_for_and_carriers_are(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--subscribers", "125e6", "--segments", "5")
    assert "no configuration" in refused(capsys, *words)
    assert "no [country] there" in refused(capsys, *words, "--carriers", EXAMPLE)
    assert "no carrier is configured" in refused(capsys, *words, "--carriers", COUNTRY)
    assert "there is no file nowhere.toml" in refused(capsys, *words, "--carriers", "nowhere.toml")


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    files = ("--carriers", COUNTRY, "--carriers", EXAMPLE)
    assert run("plan", "--subscribers", "125e6", "--segments", "5", "--messages", "15e9", *files) == 0
    out = capsys.readouterr().out
    assert "120 alerts to 125,000,000 people, 15,000,000,000 messages" in out
    assert "vinaphone's TPS bounds it: 300 a second for 250,000,000 segments" in out
    for word in (
        "answers within ms",
        "its TPS",
        "days",
        "connections",
        "write-ahead log",
        "Mbit/s",
        "GiB",
        "TB",
    ):
        assert word in out
