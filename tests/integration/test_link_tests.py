"""Every way to a carrier is tried, standby ones too; a launch goes by what was found."""

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from integration.rig import Rig
from integration.simulated import simulated
from integration.steps import by, draft
from waiting import until

from broadcast.actions import preflight
from broadcast.actions.notices import LinksShut, Notice
from broadcast.actions.session import Session
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import content
from broadcast.config import Bind, Carrier
from broadcast.engine import link_tests as testing
from broadcast.errors import RefusedError
from broadcast.reports import link_tests
from broadcast.smpp import trying
from broadcast.smpp.binding import connect


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINK_RIGHT", "secret")
    monkeypatch.setenv("LINK_WRONG", "sesame")


def carrier(port: int, **bind: Any) -> Carrier:
    return Carrier(tps=10, binds=(Bind("127.0.0.1", port, "esme", **{"password_env": "LINK_RIGHT"} | bind),))


async def state_of(made: Carrier, place: int = 0) -> tuple[str, str]:
    found = await trying.try_way(made, trying.ways(made)[place])
    return found.state, found.said


async def test_an_open_way_and_a_shut_one() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        async with simulated() as (_smsc, port):
            made = carrier(port, hosts=(f"127.0.0.1:{nobody.getsockname()[1]}",), mode="transceiver")
            assert await state_of(made) == ("open", "")
            state, said = await state_of(made, 1)
            assert state == "shut"
            assert said.startswith("connect: ")
            assert "refused" in said


async def test_an_account_that_is_in_use_answers() -> None:
    async with simulated(sessions=1) as (_smsc, port):
        made = carrier(port)
        first = await trying_link(made)
        assert (await state_of(made))[0] == "answers"
        await first.unbind(1.0)


async def test_a_wrong_password_is_shut() -> None:
    async with simulated() as (_smsc, port):
        state, said = await state_of(carrier(port, password_env="LINK_WRONG"))
        assert state == "shut"
        assert "ESME_RINVPASWD" in said


async def trying_link(made: Carrier) -> Any:
    return await connect(made.binds[0], made, trying._Nobody(), "first")


async def test_a_worker_keeps_what_it_finds(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "ROUND_S", 0.1)
    smsc = await rig.smsc("viettel")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        standby = f"127.0.0.1:{nobody.getsockname()[1]}"
        rig.connect("viettel", tps=10, sessions=1)
        (bind,) = rig.config.carriers["viettel"].binds
        rig.config = replace(
            rig.config,
            carriers={
                "viettel": rig.config.carriers["viettel"].having(binds=(replace(bind, hosts=(standby,)),))
            },
        )
        worker = rig.worker()

        async def both() -> bool:
            found = {each.address: each.state for each in await link_tests.last(rig.conn)}
            return found == {f"127.0.0.1:{smsc.port}": "bound", standby: "shut"}

        await until(both, "both ways are told")
        await rig.stop(worker)
    told = await link_tests.changes(rig.conn, "viettel")
    assert {(each.address, each.state) for each in told} >= {(standby, "shut")}
    assert all(each.said for each in told if each.state == "shut")


async def noted(conn: asyncpg.Connection, *found: tuple[str, str, str]) -> None:
    """(carrier, address, state) as a worker notes them."""
    for name, address, state in found:
        number = await conn.fetchval("SELECT carrier_no FROM carrier WHERE name = $1", name)
        await conn.execute(
            "INSERT INTO link_test VALUES ($1, 0, $2, clock_timestamp(), $3, 'connect: nobody listens', 0.1)",
            number, address, state,
        )  # fmt: skip


async def drafted(session: Session, category: str) -> Campaign:
    made = content(
        text="Wash your hands.", sender="BOYTE", carriers=("viettel", "vinaphone"), category=category,  # type: ignore[arg-type]
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    return await draft(session.connection, f"wash-{category}", made, "an")


@pytest.fixture
async def connected(session: Session) -> Session:
    made = {name: carrier(2775) for name in ("viettel", "vinaphone")}
    await sync_carriers(session.connection, replace(session.config, carriers=made))
    return replace(session, configuration=replace(session.config, carriers=made))


async def test_what_is_shut_is_told_before_a_launch(connected: Session, told: list[Notice]) -> None:
    found = await drafted(connected, "health")
    await noted(
        connected.connection,
        ("viettel", "a:1", "open"),
        ("viettel", "b:1", "shut"),
        ("mobifone", "c:1", "shut"),
    )
    await by("an", preflight.look, connected, found, anyway=False)
    assert told == [LinksShut("viettel", (("b:1", "connect: nobody listens"),), every=False)]


@pytest.mark.parametrize(
    ("category", "anyway", "refused"),
    [("health", False, True), ("health", True, False), ("emergency", False, False)],
)
async def test_a_carrier_without_any_link(
    connected: Session, told: list[Notice], category: str, anyway: bool, refused: bool
) -> None:
    found = await drafted(connected, category)
    await noted(connected.connection, ("viettel", "a:1", "shut"), ("vinaphone", "a:1", "answers"))
    if refused:
        with pytest.raises(RefusedError, match="no link to viettel was open in the last minutes"):
            await by("an", preflight.look, connected, found, anyway=anyway)
        assert told == []
    else:
        await by("an", preflight.look, connected, found, anyway=anyway)
        assert told == [LinksShut("viettel", (("a:1", "connect: nobody listens"),), every=True)]


async def test_what_is_long_ago_says_nothing(connected: Session, told: list[Notice]) -> None:
    found = await drafted(connected, "health")
    await noted(connected.connection, ("viettel", "a:1", "shut"))
    await connected.connection.execute("UPDATE link_test SET at = at - interval '6 minutes'")
    await by("an", preflight.look, connected, found, anyway=False)
    assert told == []
