"""`broadcast audit`: as whoever looks after the acts types it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from integration.chain_world import Chain
from integration.test_rights_attacked import login

from broadcast.actions.notices import Notice, NotWitnessed
from broadcast.actions.session import Session
from broadcast.actions.witness import witnessed
from broadcast.acts.heads import read_heads
from broadcast.cli.main import broadcast
from broadcast.config import Config, Witness

KEY = "0123456789abcdef"


@pytest.fixture
async def chain(conn: asyncpg.Connection) -> Chain:
    made = Chain(conn)
    await made.begin()
    return made


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    key = tmp_path / "key"
    key.write_text(KEY)
    return Witness(str(tmp_path / "heads"), str(key))


def site(folder: Path, witness: Witness) -> str:
    """A configuration's file."""
    path = folder / "site.toml"
    path.write_text(
        (Path(__file__).parents[2] / "config" / "vietnam.toml").read_text(encoding="utf-8")
        + f'\n[audit]\nheads = "{witness.heads}"\nkey_file = "{witness.key_file}"\n',
        encoding="utf-8",
    )
    return str(path)


async def run(*words: str, code: int = 0) -> Result:
    done = await asyncio.to_thread(CliRunner().invoke, broadcast, list(words))
    found = (
        done.exit_code
        if not isinstance(done.exception, Exception)
        else getattr(done.exception, "exit_code", 99)
    )
    assert found == code, (done.output, done.exception)
    return done


def other(file: str, old: str, new: str) -> None:
    Path(file).write_text(Path(file).read_text().replace(old, new))


def told(done: Result) -> Any:
    return json.loads(done.stdout)


async def test_the_log(chain: Chain, database_env: str) -> None:
    await chain.launched()
    await chain.approved("wind")
    acts = told(await run("audit", "log", "--json"))
    assert [each["act_no"] for each in acts] == list(range(1, 13))
    assert acts[-1]["details"]["missing"] == 0
    assert [each["what"] for each in told(await run("audit", "log", "--campaign", "flood", "--json"))] == [
        "drafted",
        "approved",
        "launched",
    ]
    assert told(await run("audit", "log", "--since", "2d", "--latest", "2", "--json")) == acts[-2:]
    assert told(await run("audit", "log", "--since", "2099-01-01T00:00", "--json")) == []
    screen = (await run("audit", "log")).stdout
    assert "wind" in screen
    assert "binh" in screen
    await run("audit", "log", "--since", "yesterday", code=2)


async def test_each_act_is_witnessed_outside(
    chain: Chain, config: Config, witness: Witness, database_env: str, tmp_path: Path
) -> None:
    files = ("--config", site(tmp_path, witness))
    notices = list[Notice]()
    session = Session(chain.conn, _with(config, witness), notices.append)
    async with witnessed(session):
        await chain.drafted()
    async with witnessed(session):
        """Somebody looks, and nothing is done."""
    heads = [each.head for each in read_heads(Path(str(witness.heads)), KEY.encode())]
    assert [each and each.act_no for each in heads] == [8]
    assert notices == []
    assert told(await run(*files, "audit", "verify", "--json"))["heads"] == 1
    await chain.by_hand("DELETE FROM act WHERE act_no = 8")
    await chain.by_hand("DELETE FROM campaign_event")
    await chain.by_hand("DELETE FROM campaign_version")
    await chain.by_hand("DELETE FROM campaign")
    assert (await chain.verified()) == []  # whoever did that left no trace in here
    done = await run(*files, "audit", "verify", code=1)
    assert "act 8 of " in done.stdout
    assert "and the chain ends with act 7" in done.stdout
    assert "that means: the newest entries were deleted" in done.stdout


async def test_who_holds_the_chain_is_told_of(
    chain: Chain, config: Config, witness: Witness, database_url: str
) -> None:
    """An author's open transaction: the act stands, and whoever acts hears that nothing proves it yet."""
    notices = list[Notice]()
    async with login(database_url, "an") as an, an.transaction():
        await an.execute("SELECT pg_advisory_xact_lock(7114)")
        async with witnessed(Session(chain.conn, _with(config, witness), notices.append)):
            number = await chain.drafted()
    assert number
    assert [each.why for each in notices if isinstance(each, NotWitnessed)] == [
        "somebody holds the chain in a transaction that is left open, see `broadcast audit verify`"
    ]


async def test_an_act_stands_whose_witness_is_away(chain: Chain, config: Config, witness: Witness) -> None:
    notices = list[Notice]()
    away = Witness("/nowhere/heads", witness.key_file)
    async with witnessed(Session(chain.conn, _with(config, away), notices.append)):
        await chain.drafted()
    assert notices == [NotWitnessed("/nowhere/heads", "No such file or directory")]
    full = Witness("/dev/full", witness.key_file)
    async with witnessed(Session(chain.conn, _with(config, full), notices.append)):
        await chain.drafted("wind")
    assert len(notices) == 2
    assert await chain.conn.fetchval("SELECT count(*) FROM campaign") == 2


async def test_what_refuses_is_not_hidden_by_a_witness_that_is_away(
    chain: Chain, config: Config, witness: Witness
) -> None:
    session = Session(chain.conn, _with(config, Witness("/nowhere/heads", witness.key_file)))
    with pytest.raises(asyncpg.PostgresError):
        async with witnessed(session):
            await chain.do("lan", "desk_pause", await chain.drafted())


async def test_an_export_is_proved_without_a_database(
    chain: Chain, witness: Witness, database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chain.launched()
    files, export = ("--config", site(tmp_path, witness)), str(tmp_path / "acts.jsonl")
    assert told(await run("audit", "export", export, "--json"))["acts"] == 10
    monkeypatch.setenv("BROADCAST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "the chain is whole" in (await run("audit", "verify", export)).stdout
    other(export, '"who": "binh"', '"who": "chi"')
    done = await run(*files, "audit", "verify", export, "--json", code=1)
    assert [each["place"] for each in told(done)["differences"]] == ["act 9"]
    await run("audit", "verify", str(tmp_path / "none"), code=2)


async def test_a_difference_is_told_with_what_it_means(chain: Chain, database_env: str) -> None:
    assert "no heads were compared" in (await run("audit", "verify")).output
    number = await chain.launched()
    await chain.by_hand("UPDATE campaign SET state = 'approved' WHERE campaign_id = $1", number)
    done = await run("audit", "verify", code=1)
    assert (
        "campaign flood: its state is approved, and by the chain running\n  that means: the table"
        in done.stdout
    )


def _with(config: Config, witness: Witness) -> Config:
    return replace(config, audit=witness)
