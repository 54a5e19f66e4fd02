"""The ledgers of a configuration: each rule with its line, and what a ledger's own workers have."""

from collections import Counter
from pathlib import Path

import pytest
from unit.config_files import CARRIERS, COUNTRY, Fault, Write, fault, write

from broadcast.config import Config, Ledger, Share, load, of_ledger
from broadcast.config.ledgers import BUCKETS
from broadcast.config.placing import places
from broadcast.errors import ConfigError

__all__ = ["fault", "write"]  # fixtures

NATION = Path(__file__).parents[2] / "config" / "nation.toml"
VIETNAM = NATION.with_name("vietnam.toml")

MOBIFONE = CARRIERS.replace("viettel", "mobifone")
TWO = """
[ledgers.north]
url_env = "NORTH_DATABASE_URL"
carriers = ["viettel"]

[ledgers.south]
url_file = "/etc/broadcast/secrets/south"
carriers = ["mobifone"]
"""

ACCOUNT = """
[[carriers.viettel.binds]]
host = "smsc.viettel.example"
port = 2775
system_id = "moh2"
"""
SPLIT = """
[ledgers.north]
url_env = "NORTH_DATABASE_URL"
shares.viettel = { tps = 25, accounts = ["moh"] }

[ledgers.south]
url_env = "SOUTH_DATABASE_URL"
shares.viettel = { tps = 75, accounts = ["moh2"] }
"""
BY_ACCOUNT = CARRIERS.replace("tps = 100", 'tps = 100\nreceipts_return = "account"') + ACCOUNT


@pytest.fixture
def nation() -> Config:
    """The annotated example."""
    return load([VIETNAM, NATION])


# ---------------------------------------------------------------- what is accepted


def test_without_ledgers_home_is_the_only_one(write: Write) -> None:
    assert load([write(COUNTRY + CARRIERS)]).ledgers == {}


def test_two_ledgers(write: Write) -> None:
    assert load([write(COUNTRY + CARRIERS + MOBIFONE + TWO)]).ledgers == {
        "north": Ledger(carriers=("viettel",), url_env="NORTH_DATABASE_URL"),
        "south": Ledger(carriers=("mobifone",), url_file="/etc/broadcast/secrets/south"),
    }


def test_a_carrier_that_is_split(write: Write) -> None:
    ledgers = load([write(COUNTRY + BY_ACCOUNT + SPLIT)]).ledgers
    assert ledgers["north"].shares == {"viettel": Share(25, ("moh",))}


def test_a_ledger_of_past_campaigns_and_one_that_is_home(write: Write) -> None:
    more = '[ledgers.first]\ncarriers = ["viettel"]\n[ledgers.old]\nurl_env = "OLD_DATABASE_URL"\n'
    ledgers = load([write(COUNTRY + CARRIERS + more)]).ledgers
    assert [(name, each.home, sorted(each.names())) for name, each in ledgers.items()] == [
        ("first", True, ["viettel"]),
        ("old", False, []),
    ]


def test_the_annotated_example(nation: Config) -> None:
    assert {name: sorted(each.names()) for name, each in nation.ledgers.items()} == {
        "north": ["viettel", "vinaphone"],
        "central": ["mobifone", "vietnamobile"],
        "south": ["viettel"],
    }
    assert not any(each.home for each in nation.ledgers.values())
    assert nation.engine.home_away == "stop"


def test_the_examples_ledger_that_is_home(tmp_path: Path) -> None:
    """Its commented-out table, switched on in place of another one's."""
    text = NATION.read_text(encoding="utf-8")
    shown = text.replace("# [ledgers.first]", "[ledgers.first]").replace(
        '# carriers = ["gm', 'carriers = ["gm'
    )
    mobifone = shown.replace('"mobifone", "vietnamobile"', '"mobifone"').replace(
        '["gmobile"]', '["vietnamobile"]'
    )
    assert mobifone.count("\n") == text.count("\n")
    path = tmp_path / "shown.toml"
    path.write_text(mobifone, encoding="utf-8")
    assert load([VIETNAM, path]).ledgers["first"] == Ledger(carriers=("vietnamobile",))


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ledgers.north", "ledgers.North", "ledgers.North: a name is of small letters, digits and _"),
        ("ledgers.north", "ledgers.north-1", "ledgers.north-1: a name is of small letters, digits and _"),
        ('["viettel"]', '["vietel"]', "ledgers.north names vietel: did you mean viettel?"),
        (
            'url_env = "NORTH_DATABASE_URL"',
            "url_env = 'N'\nurl_file = 'n'",
            "ledgers.north.url_env and url_file exclude each other: give one",
        ),
        (
            'url_env = "NORTH_DATABASE_URL"\ncarriers = ["viettel"]\n\n[ledgers.south]\nurl_file = '
            '"/etc/broadcast/secrets/south"',
            'carriers = ["viettel"]\n\n[ledgers.south]',
            "ledgers: two of them have neither url_env nor url_file, and there is one home",
        ),
        (
            '["viettel"]',
            "[]",
            "carriers.viettel is in none of [ledgers]: name it in the carriers of one",
        ),
        (
            '["mobifone"]',
            '["viettel", "mobifone"]',
            "carriers.viettel is in north and south of [ledgers]: name it in the carriers of one",
        ),
        (
            '["mobifone"]',
            '["mobifone"]\nshares.viettel = { tps = 5, accounts = ["moh"] }',
            "ledgers: viettel is split, so each of its ledgers needs a share of it",
        ),
        (
            '["viettel"]',
            '[]\nshares.viettel = { tps = 5, accounts = ["moh"] }',
            "ledgers: viettel is split, so each of its ledgers needs a share of it",
        ),
        ("url_env", "url", "unknown key ledgers.north.url: did you mean url_env?"),
    ],
)
def test_a_rule_of_the_ledgers(fault: Fault, old: str, new: str, said: str) -> None:
    assert old in TWO
    assert fault(more=MOBIFONE + TWO.replace(old, new, 1)) == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'receipts_return = "account"',
            'receipts_return = "anywhere"',
            'carriers.viettel is split over ledgers: that needs receipts_return = "account", for a receipt that comes '
            "at another account would not be met",
        ),
        ('["moh2"]', '["moh"]', "ledgers: the shares of viettel name each system_id of its binds once"),
        ('["moh2"]', '["moh3"]', "ledgers: the shares of viettel name each system_id of its binds once"),
        ("tps = 75", "tps = 76", "ledgers: the shares of viettel have more TPS than its 100"),
        (
            "tps = 75",
            "tps = 0",
            "ledgers.south.shares.viettel.tps must be at least 1 segment per second",
        ),
        (
            '["moh2"]',
            "[]",
            "ledgers.south.shares.viettel.accounts must name at least one system_id of the carrier's binds",
        ),
    ],
)
def test_a_rule_of_a_carrier_that_is_split(write: Write, old: str, new: str, said: str) -> None:
    text = COUNTRY + BY_ACCOUNT + SPLIT
    assert old in text
    path = write(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as raised:
        load([path])
    assert str(raised.value) == f"{path}: {said}"


def test_what_workers_do_without_home_is_one_of_two(fault: Fault) -> None:
    said = fault(more="\n[engine]\nhome_away = 'wait'\n")
    assert said == "engine.home_away must be one of stop, go_on, not 'wait'"


# ---------------------------------------------------------------- URLs


def test_a_url_from_the_environment_and_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NORTH_DATABASE_URL", "postgresql://north.example/broadcast\n")
    assert Ledger(url_env="NORTH_DATABASE_URL").url() == "postgresql://north.example/broadcast"
    file = tmp_path / "south"
    file.write_text("postgresql://south.example/broadcast\n", encoding="utf-8")
    assert Ledger(url_file=str(file)).url() == "postgresql://south.example/broadcast"


def test_a_url_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that leads nowhere may be the URL itself, with its password."""
    monkeypatch.delenv("NORTH_DATABASE_URL", raising=False)
    with pytest.raises(ConfigError) as raised:
        Ledger(url_env="NORTH_DATABASE_URL").url()
    assert str(raised.value) == (
        "the environment variable that url_env names is not set: set it, or correct the name (not shown here, it may "
        "be the url itself)"
    )
    monkeypatch.setenv("NORTH_DATABASE_URL", "")
    with pytest.raises(
        ConfigError, match=r"^the environment variable NORTH_DATABASE_URL is empty: put the url there$"
    ):
        Ledger(url_env="NORTH_DATABASE_URL").url()
    with pytest.raises(ConfigError, match=r"^cannot read url_file .*: No such file or directory$"):
        Ledger(url_file=str(tmp_path / "south")).url()


# ---------------------------------------------------------------- a ledger's own


def test_the_workers_of_a_ledger_have_its_carriers_and_shares(nation: Config) -> None:
    north = of_ledger(nation, "north")
    assert {name: each.tps for name, each in north.carriers.items()} == {"viettel": 3000, "vinaphone": 3000}
    assert [bind.system_id for bind in north.carriers["viettel"].binds] == ["boyte-n"]
    assert north.carriers["vinaphone"] == nation.carriers["vinaphone"]
    assert (north.ledgers, north.country, north.engine) == ({}, nation.country, nation.engine)
    assert [bind.system_id for bind in of_ledger(nation, "south").carriers["viettel"].binds] == ["boyte-s"]


def test_a_ledger_that_there_is_not(nation: Config, write: Write) -> None:
    with pytest.raises(ConfigError, match=r"^there is no ledger noth: did you mean north\?$"):
        of_ledger(nation, "noth")
    alone = load([write(COUNTRY + CARRIERS)])
    with pytest.raises(
        ConfigError, match=r"^there is no ledger north: none is configured: leave --ledger out$"
    ):
        of_ledger(alone, "north")


def test_where_subscribers_go(nation: Config, write: Write) -> None:
    """As a whole; divided by TPS, each bucket once; of a carrier that is not connected: the first ledger."""
    assert places(nation, "mobifone") == ["central"] * BUCKETS
    assert Counter(places(nation, "viettel")) == {"north": 32, "south": 32}
    assert places(nation, "gmobile") == ["central"] * BUCKETS
    split = load([write(COUNTRY + BY_ACCOUNT + SPLIT)])
    assert Counter(places(split, "viettel")) == {"north": 16, "south": 48}
