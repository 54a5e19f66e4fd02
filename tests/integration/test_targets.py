"""Where metrics are served, as Prometheus reads it: who lives and said so, by database."""

import json
from pathlib import Path

import asyncpg
from click.testing import CliRunner

from broadcast.cli.main import broadcast
from broadcast.engine.target import Target, place
from broadcast.errors import DatabaseDownError
from broadcast.monitor.catalogue import Job
from broadcast.reports.targets import Targets
from broadcast.store.ledgers import Away, Part, Parts
from broadcast.store.queries import sql


async def said(conn: asyncpg.Connection, job: Job, port: int) -> None:
    target = Target(job)
    await target.write(conn)  # nobody knows yet where that is
    target.at("127.0.0.1", port)
    await target.write(conn)


def test_a_place_is_one_that_others_reach() -> None:
    assert place("::1", 9464) == "[::1]:9464"
    assert place("0.0.0.0", 9464).endswith(":9464")
    assert not place("0.0.0.0", 9464).startswith("0.0.0.0")


async def test_who_lives_is_told_and_a_ledger_that_is_away_as_it_was(conn: asyncpg.Connection) -> None:
    await said(conn, "worker", 9464)
    await said(conn, "worker", 9465)
    await said(conn, "exporter", 9466)
    await conn.execute("UPDATE metrics_target SET expires_at = now() WHERE address = '127.0.0.1:9465'")
    known = Targets()
    north = Part("north", conn, home=False)
    await known.look(conn, Parts((north,)))
    whole = known.document()
    assert {"targets": ["127.0.0.1:9464"], "labels": {"role": "worker", "ledger": "north"}} in whole
    assert {"targets": ["127.0.0.1:9466"], "labels": {"role": "exporter"}} in whole
    await known.look(conn, Parts((), (Away("north", DatabaseDownError("away")),)))
    assert (known.document(), known.away) == (whole, ["north"])
    assert len(await conn.fetch(sql("metrics_targets"))) == 2


def test_every_needs_a_file(tmp_path: Path) -> None:
    found = CliRunner().invoke(broadcast, ["metrics", "targets", "--every", "5"])
    assert (found.exit_code, "--every needs --file" in found.output) == (2, True)


def test_the_catalogue_is_told_as_json() -> None:
    found = CliRunner().invoke(broadcast, ["metrics", "list", "--json"])
    listed = {each["name"]: each for each in json.loads(found.output)}
    assert listed["broadcast_campaign_recipients"]["labels"] == ["campaign", "state"]
    assert listed["broadcast_links"]["of"] == ["worker"]
