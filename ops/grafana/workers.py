"""The machinery: workers, the exporter, the databases."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from panels import (
    ACT,
    GREY,
    LOOK,
    ORANGE,
    PLAIN,
    SKY,
    VERMILION,
    WELL,
    Column,
    Level,
    Line,
    Panel,
    bands,
    bars,
    counted,
    curve,
    figure,
    rows,
)
from rooms import AGE, WORKERS, room, variable

_PART: Final = 'ledger=~"$ledger"'
_OURS: Final = 'instance=~"$instance"'
_SILENT: Final = "no worker answers"
_UNREAD: Final = "the exporter read nothing of it"
_RATE: Final = "[$__rate_interval]"

_THERE: Final = (Level(None, ACT, "none"), Level(1, WELL, "there"))
# title, unit, what it says, what stands there without data, levels, query
_TILES: Final = (
    (
        "Workers", "short", "Alive, by their heartbeats in the databases.", "none", _THERE,
        f"sum(broadcast_workers{{{_PART}}})",
    ),
    (
        "Slices held", "short", "Slices that workers hold.", "none", (Level(None, PLAIN, ""),),
        f"sum(broadcast_worker_leases{{{_PART}}})",
    ),
    (
        "Databases answer", "percentunit", "Of those that are configured.", "no exporter",
        (Level(None, ACT, "some database does not answer"), Level(1, WELL, "each does")),
        f"avg(broadcast_database_up{{{_PART}}})",
    ),
    (
        "Exporters that lead", "short", "One serves the national figures; another stands by.", "no exporter",
        (*_THERE, Level(2, ACT, "two: figures are told twice")),
        "sum(broadcast_exporter_leads)",
    ),
    (
        "Oldest transaction", "s", "Of all databases. A long one keeps dead rows from being cleared.", _UNREAD,
        (Level(None, WELL, "short"), Level(60, LOOK, "long"), Level(600, ACT, "find who holds it open")),
        f"max(broadcast_database_oldest_transaction_seconds{{{_PART}}})",
    ),
    (
        "Least disk left", "percentunit", "Of the fullest disk of a database.", "not known of a far machine",
        (Level(None, ACT, "nearly full"), Level(0.1, LOOK, "less than a fifth"), Level(0.2, WELL, "enough")),
        f"min(broadcast_database_disk_free_bytes{{{_PART}}} / broadcast_database_disk_size_bytes{{{_PART}}})",
    ),
    (
        "Set aside", "locale", "Rows that could not be written or read in the time shown; they are kept.",
        "0", (Level(None, WELL, "none"), Level(1, LOOK, "the log says of which kind")),
        f"sum{counted(f'broadcast_set_aside_total{{{_OURS}}}')}",
    ),
)  # fmt: skip


def workers() -> Any:
    board = room(
        WORKERS, "Workers and database", "What the machines do: workers, resolvers, the exporter, databases."
    )
    board = board.with_variable(
        variable(
            "ledger",
            "Ledger",
            "label_values(broadcast_database_up, ledger)",
            "A database of carriers.",
            many=True,
        )
    ).with_variable(
        variable(
            "instance",
            "Process",
            "label_values(broadcast_build_info, instance)",
            "As Prometheus finds it.",
            many=True,
        )
    )
    for panel in (*_figures(), *_processes(), *_writing(), *_settling(), *_databases(), *_who()):
        board = board.with_panel(panel)
    return board


def _figures() -> Iterator[Any]:
    for title, unit, says, empty, levels, expr in _TILES:
        yield figure(Panel(title, unit, says, empty, levels, decimals=0), expr).span(3).height(4)
    age = "time() - max(broadcast_exporter_read_timestamp_seconds)"
    yield figure(AGE, age).span(3).height(4)


def _processes() -> Iterator[Any]:
    busy = (Level(None, WELL, "free"), Level(0.7, LOOK, "busy"), Level(0.95, ACT, "its core is full"))
    cpu = Panel("CPU", "percentunit", "Of one core, by process.", _SILENT, busy, low=0, decimals=0)
    yield bands(cpu, (f"rate(process_cpu_seconds_total{{{_OURS}}}{_RATE})", "{{instance}}")).span(8).height(7)
    late = (Level(None, WELL, "in time"), Level(0.05, LOOK, "late"), Level(0.25, ACT, "no core of its own"))
    lag = Panel(
        "Loop lag",
        "s",
        "How late the event loop wakes a timer: 99 % within, by process.",
        _SILENT,
        late,
        low=0,
    )
    buckets = f"rate(broadcast_loop_lag_seconds_bucket{{{_OURS}}}{_RATE})"
    expr = f"histogram_quantile(0.99, sum by (le, instance) ({buckets}))"
    yield bands(lag, (expr, "{{instance}}")).span(8).height(7)
    memory = Panel("Memory", "bytes", "Resident, by process.", _SILENT, low=0)
    yield bars(memory, (f"process_resident_memory_bytes{{{_OURS}}}", "{{instance}}")).span(8).height(7)


def _writing() -> Iterator[Any]:
    commits = Panel(
        "Ledger commits",
        "s",
        "How long one takes. No receipt is acknowledged before its commit, so slow ones slow the carriers down.",
        "no commit in this time",
        (Level(None, WELL, "fast enough"), Level(0.5, ACT, "the database is too slow")),
        low=0,
    )
    yield curve(commits, _quantiles(f"broadcast_ledger_commit_seconds_bucket{{{_OURS}}}")).span(8).height(7)
    group = Panel(
        "Rows in one commit", "locale", "Segments and receipts together. Large groups: the database is the limit.",
        "no commit in this time", low=0,
    )  # fmt: skip
    yield curve(group, _quantiles(f"broadcast_ledger_group_rows_bucket{{{_OURS}}}")).span(8).height(7)
    slices = Panel(
        "Slices in hand", "locale", "Leased by workers, by carrier.", "no slice is leased", low=0, decimals=0
    )
    expr = f"sum by (carrier) (broadcast_leased_slices{{{_OURS}}})"
    yield bars(slices, (expr, "{{carrier}}")).span(8).height(7)


def _settling() -> Iterator[Any]:
    lag = Panel(
        "Receipts wait to be settled",
        "s",
        "By carrier.",
        "no resolver answers",
        (
            Level(None, WELL, "at once"),
            Level(10, LOOK, "late"),
            Level(60, ACT, "screens and reports lag behind"),
        ),
        low=0,
    )
    expr = f"max by (carrier) (broadcast_resolve_lag_seconds{{{_OURS}}})"
    yield bands(lag, (expr, "{{carrier}}")).span(8).height(7)
    looks = Panel(
        "One look of a resolver",
        "s",
        "How long one takes, and how many failed in the last minute (each is tried again).",
        "no look in this time",
        low=0,
    )
    lines = [
        *_quantiles(f"broadcast_look_seconds_bucket{{{_OURS}}}"),
        Line(f"sum(increase(broadcast_look_failures_total{{{_OURS}}}[1m]))", "failed", GREY, (2, 6)),
    ]
    yield curve(looks, lines).span(8).height(7)
    memory = Panel(
        "Memory of open segments", "bytes", "That wait for receipts, by carrier.", "none is open", low=0
    )
    expr = f"sum by (carrier) (broadcast_book_bytes{{{_OURS}}})"
    yield bars(memory, (expr, "{{carrier}}")).span(8).height(7)


def _databases() -> Iterator[Any]:
    free = Panel(
        "Disk left",
        "percentunit",
        "By database.",
        "not known of a far machine",
        (Level(None, ACT, "nearly full"), Level(0.1, LOOK, "less than a fifth"), Level(0.2, WELL, "enough")),
        low=0,
        high=1,
        decimals=0,
    )
    expr = (
        f"max by (ledger) (broadcast_database_disk_free_bytes{{{_PART}}})"
        f" / max by (ledger) (broadcast_database_disk_size_bytes{{{_PART}}})"
    )
    yield bands(free, (expr, "{{ledger}}")).span(8).height(7)
    size = Panel("Size", "bytes", "By database.", _UNREAD, low=0)
    yield (
        bars(size, (f"max by (ledger) (broadcast_database_size_bytes{{{_PART}}})", "{{ledger}}"))
        .span(8)
        .height(7)
    )
    parts = Panel("Partitions", "short", "By table of a database.", "no partitions yet", low=0, decimals=0)
    expr = f"max by (ledger, table) (broadcast_database_partitions{{{_PART}}})"
    yield bars(parts, (expr, "{{ledger}} {{table}}")).span(8).height(7)


def _who() -> Iterator[Any]:
    known = Panel("Processes", "short", "Each worker by its name, ledger and version.", _SILENT)
    columns = (
        Column(f"max by (instance, version) (broadcast_build_info{{{_OURS}}})", ""),
        Column(f"max by (instance, worker, ledger) (broadcast_worker_info{{{_OURS}}})", ""),
        Column(
            f"time() - max by (instance) (process_start_time_seconds{{{_OURS}}})", "runs for", "dtdurations"
        ),
    )
    yield rows(known, "instance", columns).span(12).height(7)
    read = Panel(
        "A read of the exporter", "s", "How long it takes to read every database once.", "no exporter", low=0
    )
    line = Line("max(broadcast_exporter_read_seconds)", "a read", PLAIN)
    yield curve(read, [line]).span(12).height(7)


def _quantiles(buckets: str) -> Sequence[Line]:
    return [
        Line(f"histogram_quantile({share:g}, sum by (le) (rate({buckets}{_RATE})))", name, colour, dash)
        for share, name, colour, dash in (
            (0.5, "half within", SKY, ()),
            (0.95, "95 % within", ORANGE, (12, 6)),
            (0.99, "99 % within", VERMILION, (6, 3)),
        )
    ]
