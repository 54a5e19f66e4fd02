"""One embedded server for the whole run, and for each test a fresh database made from a migrated template."""

import asyncio
import itertools
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import pytest
from acting import make_people
from hypothesis import HealthCheck, settings

from broadcast import config as configuration
from broadcast import languages
from broadcast.monitor import levels as log_levels
from broadcast.monitor.sampling import Sampling
from broadcast.store import migrations
from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

# how long an example takes says how busy the machine is, and nothing else
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# as `make unit` tries
settings.register_profile("quick", parent=settings.get_profile("busy"), max_examples=20)
settings.load_profile("busy")

# a run in the background of a shell begins with Ctrl-C ignored, and every process that a test starts would inherit that
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_numbers = itertools.count(1)
_SMALL = {"shared_buffers": "64MB", "fsync": "off", "max_wal_size": "512MB"}
_MEMORY = Path("/dev/shm")
_MEMORY_OCTETS = 12 << 30  # free, for several such runs: else on disk


@pytest.hookimpl(trylast=True)  # hypothesis marks its own first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Property tests are not traced for the coverage: it takes them two to three times as long, for lines that examples
    reach too. Unit tests, which work, are spread among the others, which wait; the long ones over the first half, so
    that in the end nobody waits for one of them alone."""
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.no_cover)
    unit, others, long = list[pytest.Item](), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        kind = long if item.get_closest_marker("long") else unit if "unit" in item.path.parts else others
        kind.append(item)
    mixed = _spread(unit, others)
    items[:] = [*_spread(mixed[: len(mixed) // 2], long), *mixed[len(mixed) // 2 :]]


def _spread(many: list[pytest.Item], few: list[pytest.Item]) -> list[pytest.Item]:
    """One of the few, then its share of the many, and so on; each kind in its own order."""
    each = -(-len(many) // max(1, len(few)))
    among = [item for at, one in enumerate(few) for item in (one, *many[at * each : (at + 1) * each])]
    return among or many


@pytest.fixture
def vietnamese(clean_environment: None) -> Iterator[None]:
    """What is said is said in Vietnamese."""
    languages.choose("vi")
    yield
    languages.choose("en")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of whoever runs it, nor what the log was told in another."""
    monkeypatch.setattr("broadcast.monitor.logger._sampling", Sampling())
    monkeypatch.setenv("LANGUAGE", "en")  # whatever the developer's is
    for name in [each for each in os.environ if each.startswith("BROADCAST_") and each != "BROADCAST_HOME"]:
        monkeypatch.delenv(name)


@pytest.fixture
def root_as_it_was() -> Iterator[None]:
    """For tests that configure the log."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield
    log_levels.begin(level, "")
    root.handlers[:] = handlers
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The run's own PostgreSQL, with a migrated database named `template`."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            if in_memory := _in_memory():
                patch.setenv("BROADCAST_HOME", str(in_memory))
            home = stack.enter_context(scratch_home("tests"))
        running = Server(home, {**SETTINGS, **_SMALL}, passwords=False)
        running.start()
        asyncio.run(_make_template(running))
        yield running


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    """A fresh database without any table."""
    yield from _database(server, "template0")


@pytest.fixture
def database_url(server: Server) -> Iterator[str]:
    """A fresh, migrated, empty database."""
    yield from _database(server, "template")


@pytest.fixture
def two_databases(server: Server) -> Iterator[list[str]]:
    """Two more of them."""
    with ExitStack() as stack:
        make = contextmanager(_database)
        yield [stack.enter_context(make(server, "template")) for _ in range(2)]


@pytest.fixture
def database_env(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """`database_url`, set as BROADCAST_DATABASE_URL too: for tests of commands."""
    monkeypatch.setenv("BROADCAST_DATABASE_URL", database_url)
    return database_url


@pytest.fixture
async def conn(database_url: str) -> "AsyncIterator[asyncpg.Connection]":
    connection = await connect(database_url)
    yield connection
    await connection.close(timeout=10)


@pytest.fixture
def config() -> configuration.Config:
    """A small Vietnam: three carriers with a bind each, two more known by prefix only."""
    country = configuration.Country(
        name="Vietnam",
        country_code="84",
        national_lengths=(9,),
        prefixes={
            "viettel": ("32", "33", "34", "35", "36", "37", "38", "39", "86", "96", "97", "98"),
            "vinaphone": ("81", "82", "83", "84", "85", "88", "91", "94"),
            "mobifone": ("70", "76", "77", "78", "79", "89", "90", "93"),
            "vietnamobile": ("52", "56", "58", "92"),
            "gmobile": ("59", "99"),
        },
        time_zone="Asia/Ho_Chi_Minh",
        trunk_prefix="0",
    )
    binds = {
        name: configuration.Bind(host="127.0.0.1", port=2775, system_id=name)
        for name in ("viettel", "vinaphone", "mobifone")
    }
    carriers = {name: configuration.Carrier(tps=1000, binds=(bind,)) for name, bind in binds.items()}
    engine = configuration.Engine(group_s=0.02)
    return configuration.Config(country=country, sender="BOYTE", carriers=carriers, engine=engine)


def _in_memory() -> Path | None:
    """Where a database is copied in a tenth of the time that a disk's journal takes; None: there is no such place."""
    try:
        if shutil.disk_usage(_MEMORY).free < _MEMORY_OCTETS:
            return None
        place = _MEMORY / f"broadcast-tests-{os.geteuid()}"
        place.mkdir(mode=0o755, exist_ok=True)
    except OSError:
        return None
    return place if place.lstat().st_uid == os.geteuid() and not place.is_symlink() else None


def _database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    # copied as files: half the time of a copy through the log, and nothing else writes to the template
    _run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.url(name)
    _run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run_sql(server: Server, statement: str) -> None:
    async def run(connection: asyncpg.Connection) -> None:
        await connection.execute(statement)

    asyncio.run(_with_connection(server.url("postgres"), run))


async def _make_template(server: Server) -> None:
    async def create(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE DATABASE template")

    async def migrate(connection: asyncpg.Connection) -> None:
        await migrations.migrate(connection)
        await make_people(connection)

    await _with_connection(server.url("postgres"), create)
    await _with_connection(server.url("template"), migrate)


async def _with_connection(url: str, act: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    connection = await connect(url, check_schema=False)
    try:
        await act(connection)
    finally:
        await connection.close(timeout=10)
