"""A plan as a person reads it: the carriers, how long, what bounds it; the databases and what all of it needs."""

from broadcast.capacity.costs import MIB
from broadcast.capacity.plan import Plan
from broadcast.cli.output import print_facts, print_table, say
from broadcast.words import duration

_BOUNDS = {"tps": "its TPS", "sessions": "its sessions", "cores": "the cores"}
_DAY_S = 86_400


def show(plan: Plan) -> None:
    """On stdout."""
    alerts = "an alert" if plan.alerts == 1 else f"{plan.alerts:,.2f}".removesuffix(".00") + " alerts"
    title = f"{alerts} to {plan.people:,} people, {plan.messages:,} messages; {plan.segments:,} segments in one alert"
    _show_carriers(plan, title)
    times = {
        "one alert": f"{_long(plan.times.alert_s)}, launched {duration(plan.times.launch_s)} before",
        "all of them": _long(plan.times.all_s),
        "the import, once": _long(plan.times.import_s),
    }
    print_facts("", times)
    say(f"{plan.bound}\n")
    _show_ledgers(plan)
    _show_needs(plan)
    for each in plan.notes:
        say(each)


def _show_carriers(plan: Plan, title: str) -> None:
    rows = [
        (
            each.name, each.people, each.segments, each.tps, each.sessions, round(each.answers_within_s * 1000),
            round(each.segments_per_s), _long(each.seconds), _BOUNDS[each.bound], each.ledgers,
        )
        for each in plan.carriers
    ]  # fmt: skip
    columns = (
        "carrier", "people", "segments", "TPS", "sessions", "answers within ms", "segments/s", "takes", "bound by",
        "ledger",
    )  # fmt: skip
    print_table(title, columns, rows)


def _show_ledgers(plan: Plan) -> None:
    rows = [
        (
            number, round(each.segments_per_s), each.workers, each.workers_cores, each.postgres_cores,
            each.resolver_cores, each.connections, round(each.commits_per_s), each.log_octets_per_s / 1e6,
            size(each.tables_octets), _memory(each.memory_octets),
        )
        for number, each in enumerate(plan.ledgers, 1)
    ]  # fmt: skip
    columns = (
        "ledger", "segments/s", "workers", "their cores", "PostgreSQL's", "resolver's", "connections", "commits/s",
        "log MB/s", "tables of one alert", "memory",
    )  # fmt: skip
    print_table(
        "Databases, each with workers and a resolver of its own; cores as they are busy", columns, rows
    )


def _show_needs(plan: Plan) -> None:
    disk, memory, network = plan.disk, plan.memory, plan.network
    kinds = (
        f"workers {_memory(memory.workers_octets)}, resolvers {_memory(memory.resolvers_octets)}, "
        f"PostgreSQL {_memory(memory.postgres_octets)}"
    )
    facts = {
        "cores": f"{plan.cores:,.1f} busy at most, {plan.cores_needed:,} to have; machines: {plan.machines:,}",
        "memory": f"{_memory(memory.all_octets)}: {kinds}",
        "disk, the people": size(disk.people_octets),
        "disk, one alert": size(disk.alert_octets),
        "disk, all of them": f"{size(disk.alerts_octets)}, archived instead {size(disk.archives_octets)}",
        "write-ahead log": f"{size(disk.log_octets)}, {size(disk.log_between_octets)} between two checkpoints",
        "to carriers": f"{_mbit(network.to_carriers_bits_per_s)}, {_mbit(network.from_carriers_bits_per_s)} back",
        "to databases": f"{_mbit(network.to_databases_bits_per_s)}, {_mbit(network.from_databases_bits_per_s)} back",
    }
    print_facts("", facts)


def size(octets: float) -> str:
    """15.3 GB."""
    for unit, name in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB")):
        if octets >= unit:
            return f"{octets / unit:,.1f} {name}"
    return f"{octets / 1e6:,.0f} MB"


def _mbit(bits_per_s: float) -> str:
    return f"{bits_per_s / 1e6:,.1f} Mbit/s"


def _memory(octets: float) -> str:
    mib = octets / MIB
    return f"{mib / 1024:,.1f} GiB" if mib >= 1024 else f"{mib:,.0f} MiB"


def _long(seconds: float) -> str:
    """Days where hours say little."""
    if seconds < 3 * _DAY_S:
        return duration(seconds)
    return f"{seconds / _DAY_S:,.1f} days"
