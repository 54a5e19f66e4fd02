"""The chains of home and its ledgers, each proved against its own tables and against home's."""

from dataclasses import replace
from pathlib import Path

import pytest
from acting import PEOPLE, acting
from integration.chain_world import Chain
from integration.nation_world import NationWorld

from broadcast.actions import campaign as actions
from broadcast.actions.audit_chain import Proof, prove
from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.actions.witness import witnessed
from broadcast.acts.heads import read_heads
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Ledger, Witness

_LEDGERS = {
    "north": Ledger(url_env="NORTH_URL", carriers=("viettel",)),
    "south": Ledger(url_env="SOUTH_URL", carriers=("vinaphone",)),
}


@pytest.fixture
async def launched(nation: NationWorld) -> Campaign:
    """An alert that was launched in both ledgers, and paused; accounts were made by acts in each database."""
    await nation.simulate("viettel", "vinaphone", people=20)
    await nation.begin(_LEDGERS)
    for conn in (nation.rig.conn, *nation.conns.values()):
        for name, kinds in PEOPLE.items():
            await Chain(conn).note("account begun", name, {"kinds": list(kinds)})
    made = await nation.rig.launch()
    async with acting(nation.rig.conn, "an"):
        await actions.pause(nation.session, made.name)
    return made


def told(proof: Proof) -> list[str]:
    return [str(each) for each in proof.differences]


async def test_each_is_as_its_chain_says(nation: NationWorld, launched: Campaign) -> None:
    proof = await prove(nation.session, [])
    assert told(proof) == []
    assert [each.name for each in proof.databases] == ["", "north", "south"]
    assert all(each.walked.entries > len(PEOPLE) for each in proof.databases)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE campaign SET state = 'running'",
            "campaign {name}: its state is running, and by the chain paused",
        ),
        ("UPDATE campaign SET text = 'Stay.'", "campaign {name}: its copy has the hash "),
        ("UPDATE campaign SET audience = 1", "campaign {name}: its audience is 1, and by the chain 20"),
        ("DELETE FROM act WHERE what = 'obeyed'", "campaign {name}: the last order that it obeyed is 2"),
        ("UPDATE identity SET purpose = 'training'", "identity: it is for training, and home for live"),
    ],
)
async def test_what_was_changed_in_one_is_found(
    nation: NationWorld, launched: Campaign, statement: str, said: str
) -> None:
    await Chain(nation.conns["north"]).by_hand(statement)
    found = told(await prove(nation.session, []))
    assert found
    assert found[0].startswith(f"ledger north, {said.format(name=launched.name)}")
    assert all(each.startswith("ledger north, ") for each in found)


async def test_the_heads_of_all_are_witnessed(
    nation: NationWorld, launched: Campaign, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef")
    config = replace(nation.rig.config, audit=Witness(str(tmp_path / "heads"), str(key)))
    notices = list[Notice]()
    async with acting(nation.rig.conn, "an"):
        session = Session(nation.rig.conn, config, notices.append)
        async with witnessed(session):
            await actions.resume(session, launched.name)
    assert notices == []
    lines = list(read_heads(tmp_path / "heads", b"0123456789abcdef"))
    assert sorted(each.head.database.rpartition("/")[2] for each in lines if each.head) == [
        "home",
        "north",
        "south",
    ]
    proof = await prove(nation.session, lines)
    assert (told(proof), proof.heads) == ([], 3)
