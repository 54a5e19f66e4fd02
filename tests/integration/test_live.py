"""Live is not launched by a slip: the number is typed, one's own phones hear it first."""

import io
import json
from asyncio import to_thread
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from acting import acting
from integration.rig import Rig

from broadcast.actions import launch as launching
from broadcast.actions import live
from broadcast.actions.session import Session
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.cli.main import main
from broadcast.config import Config, Phones
from broadcast.errors import ConfigError, RefusedError

_OWN = 84962345678


@pytest.fixture
async def desk(rig: Rig, config: Config) -> Rig:
    """1,200 people, which is more than the rule asks for; two opted out."""
    rig.config = replace(config, phones=Phones((f"+{_OWN}",)))
    await rig.subscribers("viettel", 1200)
    await rig.conn.execute("UPDATE subscriber SET opted_out_at = now() WHERE msisdn % 600 = 0")
    return rig


def session(desk: Rig) -> Session:
    return Session(desk.conn, desk.config)


async def launch(desk: Rig, campaign: Campaign, typed: int | None = None) -> Campaign:
    async with acting(desk.conn, "an"):
        return await launching.launch(session(desk), campaign.name, typed)


async def rule(desk: Rig, key: str, value: int) -> None:
    await desk.conn.execute("INSERT INTO desk_rule VALUES ($1, $2)", key, json.dumps(value))


async def test_a_number_that_was_not_typed_or_is_another_launches_nothing(desk: Rig) -> None:
    approved = await desk.approved(("viettel",))
    assert await live.reach(session(desk), approved.name) == live.Reach(approved, 1200, asked=True)
    for typed in (None, 1, 1199, 1203, 120):
        with pytest.raises(RefusedError):
            await launch(desk, approved, typed)
    assert await desk.conn.fetchval("SELECT count(*) FROM slice") == 0
    assert (await campaigns.get(desk.conn, approved.campaign_id)).state == "approved"
    assert (await launch(desk, approved, 1200)).audience == 1200


async def test_who_opts_out_meanwhile_does_not_stop_it_and_who_comes_does(desk: Rig) -> None:
    approved = await desk.approved(("viettel",), category="health")
    assert (await live.reach(session(desk), approved.name)).recipients == 1198
    await desk.subscribers("viettel", 1, first=84329999999)
    with pytest.raises(RefusedError, match="more people would hear it"):
        await launch(desk, approved, 1198)
    await desk.conn.execute(
        "UPDATE subscriber SET opted_out_at = now() WHERE msisdn IN (84320000001, 84320000002)"
    )
    assert (await launch(desk, approved, 1198)).state == "running"


@pytest.mark.parametrize(
    ("status", "hearers", "typed_from", "asked"),
    [
        ("actual", "everybody", 1199, True),
        ("actual", "everybody", 1200, False),
        ("actual", "everybody", 0, False),
        ("exercise", "everybody", 1, False),
        ("test", "everybody", 1, False),
        ("actual", "phones", 1, False),
    ],
)
async def test_who_is_asked(desk: Rig, status: str, hearers: str, typed_from: int, asked: bool) -> None:
    await rule(desk, "typed_from", typed_from)
    text = "Rain." if status == "actual" else "[EXERCISE] Rain."
    more = {"texts": {"en": "Rain."}, "languages": ("en",), "status": status, "hearers": hearers}
    approved = await desk.approved(("viettel",), text=text, **more)
    assert (await live.reach(session(desk), approved.name)).asked is asked
    if asked:
        with pytest.raises(RefusedError, match="--recipients COUNT"):
            await launch(desk, approved)
    else:
        assert (await launch(desk, approved)).state == "running"


# ---------------------------------------------------------------- at a terminal


@pytest.fixture
def files(desk: Rig, database_env: str, tmp_path: Path) -> Iterator[list[str]]:
    carriers = tmp_path / "carriers.toml"
    carriers.write_text(
        '[carriers.viettel]\ntps = 100\nbinds = [{ host = "127.0.0.1", port = 2775, system_id = "moh" }]\n'
    )
    country = Path(__file__).parents[2] / "config" / "vietnam.toml"
    yield ["--config", str(country), "--config", str(carriers)]


def trains(file: str) -> None:
    """The same carriers, as simulators of a training site."""
    carriers = Path(file)
    marked = carriers.read_text().replace("tps", "simulated = true\ntps")
    carriers.write_text(f'{marked}\n[site]\npurpose = "training"\n')


def typed(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    terminal = io.StringIO(f"{line}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(str(ended.value.code))


async def test_the_number_is_asked_for_with_what_it_is(
    desk: Rig, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    approved = await desk.approved(("viettel",))
    words = [*files, "campaign", "launch", approved.name, "--as", "an"]
    for wrong in ("", "yes", "120", "12000"):
        typed(monkeypatch, wrong)
        assert await to_thread(run, *words) == 3
    said = capsys.readouterr().err
    assert f"LIVE: {approved.name}, an actual emergency alert from BOYTE, to 1,200 people" in said
    assert approved.text in said
    assert (await campaigns.get(desk.conn, approved.campaign_id)).state == "approved"
    typed(monkeypatch, "1,200")
    assert await to_thread(run, *words) == 0
    out, err = capsys.readouterr()
    assert f"LIVE: {approved.name} goes to 1,200 people" in err
    assert f"{approved.name} is launched: 1,200" in out


async def test_in_a_training_database_nothing_says_live(
    desk: Rig, files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    approved = await desk.approved(("viettel",))
    await desk.conn.execute("UPDATE identity SET purpose = 'training'")
    trains(files[-1])
    assert (
        await to_thread(
            run, *files, "campaign", "launch", approved.name, "--recipients", "1200", "--as", "an"
        )
        == 0
    )
    err = capsys.readouterr().err
    assert err.startswith("TRAINING: ")
    assert err.count("TRAINING") == 1
    assert "LIVE" not in err


# ---------------------------------------------------------------- one's own phones


async def test_ones_own_phones_hear_it_first(desk: Rig) -> None:
    await rule(desk, "phones_first", 1)
    approved = await desk.approved(("viettel",))
    with pytest.raises(RefusedError, match=f"broadcast campaign rehearse {approved.name}"):
        await launch(desk, approved, 1200)
    async with acting(desk.conn, "an"):
        own = await live.rehearse(session(desk), approved.name)
        assert await live.rehearse(session(desk), approved.name) == own
    assert (own.name, own.hearers, own.text) == (f"{approved.name}-phones", "phones", approved.text)
    async with acting(desk.conn, "binh"):
        await campaigns.approve(desk.conn, own, own.code)
    assert (await launch(desk, own)).audience == 1
    with pytest.raises(RefusedError, match=f"no receipt says yet .*campaign watch {own.name}`"):
        await launch(desk, approved, 1200)
    await desk.conn.execute(
        "UPDATE tally SET waiting = 0, delivered = 1 WHERE campaign_id = $1", own.campaign_id
    )
    assert (await launch(desk, approved, 1200)).state == "running"


async def test_other_words_were_not_heard(desk: Rig) -> None:
    await rule(desk, "phones_first", 1)
    own = await desk.approved(("viettel",), hearers="phones", text="Wind.")
    await launch(desk, own)
    await desk.conn.execute(
        "UPDATE tally SET waiting = 0, delivered = 1 WHERE campaign_id = $1", own.campaign_id
    )
    approved = await desk.approved(("viettel",), text="Rain.")
    with pytest.raises(RefusedError, match="hear it first"):
        await launch(desk, approved, 1200)
    same = await desk.approved(("viettel",), text="Wind.")
    await desk.conn.execute(
        "UPDATE campaign SET launched_at = launched_at - interval '25 h' WHERE hearers = 'phones'"
    )
    with pytest.raises(RefusedError, match="hear it first"):
        await launch(desk, same, 1200)


async def test_a_rehearsal_follows_what_is_edited(desk: Rig) -> None:
    approved = await desk.approved(("viettel",))
    async with acting(desk.conn, "an"):
        own = await live.rehearse(session(desk), approved.name)
        found = await campaigns.edit(
            desk.conn, approved, replace(approved.content, text="Other", texts=(("und", "Other"),))
        )
        assert (await live.rehearse(session(desk), approved.name)).text == found.text
        with pytest.raises(ConfigError, match="no phones"):
            await live.rehearse(Session(desk.conn, replace(desk.config, phones=Phones())), approved.name)
    assert own.name == f"{approved.name}-phones"
