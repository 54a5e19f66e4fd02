"""The clock of the machine at which somebody types, or that sends, is a day off: the database's decides (law 5)."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from integration.other_clock import set_wrong
from integration.rig import Rig

from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.cli import carrier_check
from broadcast.cli.main import main
from broadcast.clock import DayTime
from broadcast.config import Config
from broadcast.engine import worker as worker_module
from broadcast.engine.worker import Worker
from broadcast.monitor.metrics import Metrics
from broadcast.probe.findings import Findings
from broadcast.probe.messages import Messages
from broadcast.probe.traffic import Traffic
from broadcast.reports.recipients import recipients
from broadcast.smpp.channel import SmppChannel
from broadcast.smpp.tap import TappedLink
from broadcast.store.clock import database_time
from broadcast.store.pool import connect

VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"
CARRIERS = """\
[carriers.viettel]
tps = 50
binds = [{ host = "127.0.0.1", port = 2775, system_id = "viettel" }]
"""
DAY = timedelta(days=1)
Broadcast = Callable[..., tuple[int, str, str]]


@pytest.fixture
def broadcast(
    database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Broadcast:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROADCAST_OPERATOR", "an")
    Path("carriers.toml").write_text(CARRIERS)
    Path("people.csv").write_text("msisdn\n0960000001\n0960000002\n")

    def run(*words: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(VIETNAM), "--config", "carriers.toml", *words])
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    assert run("subscriber", "import", "people.csv")[0] == 0
    return run


def campaign(broadcast: Broadcast, *words: str) -> Any:
    code, out, err = broadcast("campaign", *words, "--json")
    assert code == 0, err
    return json.loads(out)


def approve(broadcast: Broadcast) -> tuple[int, str, str]:
    code = campaign(broadcast, "show", "hands")["code"]
    return broadcast("campaign", "approve", "hands", "--as", "binh", "--content", code)


@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["ahead", "behind"])
def test_six_hours_are_six_hours(
    broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    set_wrong(monkeypatch, ahead)
    for words in (
        ("draft", "hands", "--text", "Rua tay", "--expires", "6h"),
        ("edit", "hands", "--expires", "6h"),
    ):
        left = datetime.fromisoformat(campaign(broadcast, *words)["expires_at"]) - datetime.now(UTC)
        assert timedelta(hours=5, minutes=58) < left <= timedelta(hours=6), words
    (line,) = campaign(broadcast, "forecast", "hands")["ways"][0]["carriers"]
    assert line["in_time"]
    assert abs(datetime.fromisoformat(line["ends_at"]) - datetime.now(UTC)) < timedelta(minutes=2)


def test_what_is_good_by_the_database_goes_out(broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a machine that is a day ahead; and it says so, wherever an expiry decides."""
    set_wrong(monkeypatch, DAY)
    ahead = "this machine's clock is 24 h 00 min ahead of the database's: times count by the database's\n"
    assert broadcast("campaign", "draft", "hands", "--text", "Rua tay", "--expires", "6h")[2] == ahead
    code, _, said = approve(broadcast)
    assert (code, said) == (0, ahead)
    live = "LIVE: hands goes to 2 people\n"
    for verb, line in (("launch", ahead + live), ("pause", ""), ("resume", ahead)):
        code, _, said = broadcast("campaign", verb, "hands")
        assert (code, said) == (0, line), verb


def test_what_is_expired_by_the_database_stays_so(
    broadcast: Broadcast, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """From a machine that is a day behind."""
    set_wrong(monkeypatch, -DAY)

    behind = "this machine's clock is 24 h 00 min behind the database's: times count by the database's"
    refused = "broadcast: the campaign's expiry has passed: "
    campaign(broadcast, "draft", "hands", "--text", "Rua tay", "--expires", "6h")
    past = datetime.now(UTC) - timedelta(hours=1)
    _expire_at(database_url, past)
    code, _, said = approve(broadcast)
    assert (code, said.splitlines()) == (
        3,
        [behind, refused + "edit it with a later one (--expires), and have that approved"],
    )
    for words in (("draft", "more", "--text", "Rua tay"), ("edit", "hands")):
        code, _, said = broadcast("campaign", *words, "--expires", past.isoformat())
        assert (code, said.splitlines()) == (2, [behind, refused + "give a later one"])
    campaign(broadcast, "edit", "hands", "--expires", "6h")
    assert approve(broadcast)[0] == 0
    later = datetime.fromisoformat(campaign(broadcast, "show", "hands")["campaign"]["expires_at"])
    _expire_at(database_url, past)
    code, _, said = broadcast("campaign", "launch", "hands")
    assert (code, said.splitlines()[-1][: len(refused)]) == (3, refused)
    _expire_at(database_url, later)
    assert broadcast("campaign", "launch", "hands")[0] == 0
    assert broadcast("campaign", "pause", "hands")[0] == 0
    _expire_at(database_url, past)
    code, _, said = broadcast("campaign", "resume", "hands")
    assert (code, said.splitlines()) == (3, [behind, refused + "cancel it and draft another campaign"])


def _expire_at(url: str, at: datetime) -> None:
    """As if that had been drafted, and approved where it is approved, and time had gone on since."""

    async def expire() -> None:
        conn = await connect(url)
        try:
            await conn.execute("UPDATE campaign SET expires_at = $1", at)
            bound = content_hash((await campaigns.by_name(conn, "hands")).content)
            await conn.execute(
                "UPDATE campaign SET approved_hash = $1 WHERE approved_hash IS NOT NULL", bound
            )
        finally:
            await conn.close()

    asyncio.run(expire())


@pytest.mark.parametrize("ahead", [DAY, -DAY], ids=["ahead", "behind"])
async def test_a_worker_sends_until_the_databases_expiry_and_dates_by_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """With a relative validity_period too: the SMSC, in its own process, has the right clock."""
    await rig.smsc("viettel", receipt_delay_s=0.0, **{"rules.validity": "relative"})
    rig.connect("viettel", 2000, validity="relative")
    await rig.subscribers("viettel", 300)
    set_wrong(monkeypatch, ahead)
    began = await database_time(rig.conn)
    rig.worker()
    sent = await rig.launch(lifetime_s=3600)
    assert await rig.finish(sent, 60) == {"delivered": 300}
    slack = timedelta(seconds=1)
    until = await database_time(rig.conn) + slack
    dated = [(each.submitted_at, each.settled_at) async for each in recipients(rig.conn, sent.campaign_id)]
    assert len(dated) == 300
    for submitted_at, settled_at in dated:
        assert submitted_at is not None
        assert settled_at is not None
        assert began - slack < submitted_at < settled_at + slack < until + slack


async def test_receipts_are_dated_by_the_database_from_the_first_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links are bound before `control` has asked anything: what waits there comes at once."""
    worker = Worker(rig.config, Metrics(), rig.url, SmppChannel)
    dated: list[float] = []

    class Look:
        worker_no = 1

        def __init__(self, *given: object) -> None:
            dated.extend(each.now() for each in given if isinstance(each, DayTime))

        async def work(self) -> None:
            """It would be at once."""

    monkeypatch.setattr(worker_module, "Shift", Look)
    set_wrong(monkeypatch, DAY)
    await worker.run()
    assert dated == [pytest.approx((await database_time(rig.conn)).timestamp(), abs=30)]


async def test_what_a_check_sends_expires_by_the_database(
    config: Config, database_env: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else validity_period would be found at fault for what is this machine's; without a database it is said."""
    set_wrong(monkeypatch, -DAY)

    async def lifetime() -> timedelta:
        carrier = config.carriers["viettel"]
        findings = Findings("viettel", lambda _: None)
        link = cast(TappedLink, None)
        day_time = await carrier_check._day_time()
        messages = Messages(Traffic(carrier, 84912345678), findings, link, "BOYTE", 1.0, day_time)
        (segment,) = messages.fields("a", carrier)
        until = datetime.strptime(segment.validity_period[:12], "%y%m%d%H%M%S").replace(tzinfo=UTC)
        return until - datetime.now(UTC)

    # ahead of the database's clock by a round trip at most (DayTime), which on a busy machine is no small one
    assert timedelta(minutes=58) < await lifetime() < timedelta(minutes=61)
    assert "this machine's clock is 24 h 00 min behind" in capsys.readouterr().err
    monkeypatch.setenv("BROADCAST_DATABASE_URL", "postgresql://broadcast@127.0.0.1:9/none")
    assert await lifetime() < timedelta(0)
    assert "messages expire by this machine's clock, not by the database's: " in capsys.readouterr().err
