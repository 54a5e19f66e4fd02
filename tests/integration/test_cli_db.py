"""`broadcast db`, as one types it: a process each."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.old_ledger import make_schema

from broadcast.store import migrations
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home


@pytest.fixture
def home() -> Iterator[Path]:
    with scratch_home("cli") as made:
        yield made


def broadcast(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "broadcast", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_life_of_an_embedded_database(home: Path) -> None:
    here = {"BROADCAST_HOME": str(home)}
    down = broadcast("db", "status", "--json", **here)
    assert down.returncode == 1
    assert "broadcast db up" in json.loads(down.stdout)["problem"]
    assert json.loads(broadcast("db", "up", "--json", **here).stdout)["started"] is True
    assert "runs already" in broadcast("db", "up", **here).stdout

    behind = broadcast("db", "status", "--json", **here)
    assert (behind.returncode, json.loads(behind.stdout)["pending"][0]) == (1, "0001_start")
    assert broadcast("db", "migrate", **here).stdout.startswith("applied 0001_start")
    again = broadcast("db", "migrate", **here)
    assert again.stdout == "the schema is up to date\n"
    assert "broadcast user begin" in again.stderr  # nobody can do anything yet
    ready = broadcast("db", "status", **here)
    assert ready.returncode == 0
    assert f"embedded, {home}" in ready.stdout
    assert "nodes" not in ready.stdout  # of a cluster nothing where there is none

    assert broadcast("db", "down", **here).stdout == "PostgreSQL stopped\n"
    assert json.loads(broadcast("db", "down", "--json", **here).stdout) == {"stopped": False}
    gone = broadcast("db", "migrate", **here)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.splitlines() == [
        "broadcast: the embedded database does not run: run `broadcast db up`, or set BROADCAST_DATABASE_URL"
    ]


def test_a_database_by_url_is_not_ours_to_start(database_url: str) -> None:
    for command in ("up", "down"):
        refused = broadcast("db", command, BROADCAST_DATABASE_URL=database_url)
        assert refused.returncode == 3
        assert "BROADCAST_DATABASE_URL is set" in refused.stderr


def test_a_database_by_url_that_is_down() -> None:
    url = "postgresql://boyte:s3cret@127.0.0.1:1/alerts"
    for command in ("migrate", "status"):
        down = broadcast("db", command, BROADCAST_DATABASE_URL=url)
        assert down.returncode == 1
        assert "127.0.0.1:1 does not answer" in down.stdout + down.stderr
        assert "s3cret" not in down.stdout + down.stderr


def test_status_of_a_database_by_url(database_url: str) -> None:
    ready = json.loads(broadcast("db", "status", "--json", BROADCAST_DATABASE_URL=database_url).stdout)
    assert (ready["ready"], ready["problem"], ready["pending"]) == (True, None, [])
    assert ready["place"].startswith("this machine/test_")


async def test_a_migration_names_the_workers_that_know_nothing_of_it(empty_database_url: str) -> None:
    here = {"BROADCAST_DATABASE_URL": empty_database_url}
    conn = await connect(empty_database_url, check_schema=False)
    await make_schema(conn, len(migrations.files()) - 1)
    await conn.execute(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('a', 7, now() + interval '1 hour')"
    )
    await conn.execute(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('gone', 8, now() - interval '1 hour')"
    )
    assert json.loads(broadcast("db", "status", "--json", **here).stdout)["old_workers"] == []
    await conn.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                                 in_doubt_policy, grace_s, expires_at, state, drafted_by)
           VALUES ('x', 'routine', 1, 'B', 'x', 'gsm0338', '{}', false, 'hold', 0, now() + interval '1 hour', 'running',
                   'an')"""
    )
    refused = broadcast("db", "migrate", **here)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "a campaign is being sent, by 1 workers (a (7))" in refused.stderr
    assert "--during-alert" in refused.stderr
    await conn.execute("UPDATE campaign SET state = 'paused'")
    done = broadcast("db", "migrate", **here)
    assert (done.returncode, done.stdout.startswith("applied ")) == (0, True)
    assert "1 workers of the version before still run: a (7)" in done.stderr
    assert json.loads(broadcast("db", "status", "--json", **here).stdout)["old_workers"] == ["a (7)"]
    await conn.execute("UPDATE worker SET started_at = clock_timestamp()")  # replaced
    again = json.loads(broadcast("db", "migrate", "--json", **here).stdout)
    assert "broadcast user begin" in again.pop("advice")
    assert again == {"applied": [], "old_workers": [], "unapproved": [], "ledgers": {}}
    await conn.close()
