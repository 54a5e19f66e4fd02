"""A plan as a person reads it: the carriers, how long, what bounds it; the databases and what all of it needs."""

from broadcast.capacity.costs import MIB
from broadcast.capacity.plan import Plan
from broadcast.cli.output import print_facts, print_table, say
from broadcast.languages import N_, _, grouped, headings
from broadcast.words import duration

_BOUNDS = {"tps": N_("its TPS"), "sessions": N_("its sessions"), "cores": N_("the cores")}
_DAY_S = 86_400


def show(plan: Plan) -> None:
    """On stdout."""
    count = grouped(plan.alerts, ",.0f" if f"{plan.alerts:.2f}".endswith(".00") else ",.2f")
    alerts = _("an alert") if plan.alerts == 1 else _("{count} alerts", count=count)
    title = _(
        "{alerts} to {people:,} people, {messages:,} messages; {segments:,} segments in one alert",
        alerts=alerts,
        people=plan.people,
        messages=plan.messages,
        segments=plan.segments,
    )
    _show_carriers(plan, title)
    times = {
        _("one alert"): _(
            "{long}, launched {launch_s} before",
            long=_long(plan.times.alert_s),
            launch_s=duration(plan.times.launch_s),
        ),
        _("all of them"): _long(plan.times.all_s),
        _("the import, once"): _long(plan.times.import_s),
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
            round(each.segments_per_s), _long(each.seconds), _(_BOUNDS[each.bound]), each.ledgers,
        )
        for each in plan.carriers
    ]  # fmt: skip
    columns = headings(
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
    columns = headings(
        "ledger", "segments/s", "workers", "their cores", "PostgreSQL's", "resolver's", "connections", "commits/s",
        "log MB/s", "tables of one alert", "memory",
    )  # fmt: skip
    print_table(
        _("Databases, each with workers and a resolver of its own; cores as they are busy"), columns, rows
    )


def _show_needs(plan: Plan) -> None:
    disk, memory, network = plan.disk, plan.memory, plan.network
    kinds = _(
        "workers {workers}, resolvers {resolvers}, PostgreSQL {postgres}",
        workers=_memory(memory.workers_octets),
        resolvers=_memory(memory.resolvers_octets),
        postgres=_memory(memory.postgres_octets),
    )
    facts = {
        _("cores"): _(
            "{cores:,.1f} busy at most, {cores_needed:,} to have; machines: {machines:,}",
            cores=plan.cores,
            cores_needed=plan.cores_needed,
            machines=plan.machines,
        ),
        _("memory"): f"{_memory(memory.all_octets)}: {kinds}",
        _("disk, the people"): size(disk.people_octets),
        _("disk, one alert"): size(disk.alert_octets),
        _("disk, all of them"): _(
            "{size}, archived instead {archived}",
            size=size(disk.alerts_octets),
            archived=size(disk.archives_octets),
        ),
        _("write-ahead log"): _(
            "{size}, {between} between two checkpoints",
            size=size(disk.log_octets),
            between=size(disk.log_between_octets),
        ),
        _("to carriers"): _back(network.to_carriers_bits_per_s, network.from_carriers_bits_per_s),
        _("to databases"): _back(network.to_databases_bits_per_s, network.from_databases_bits_per_s),
    }
    print_facts("", facts)


def size(octets: float) -> str:
    """15.3 GB."""
    for unit, name in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB")):
        if octets >= unit:
            return f"{grouped(octets / unit, ',.1f')} {name}"
    return f"{grouped(octets / 1e6, ',.0f')} MB"


def _back(there_bits_per_s: float, back_bits_per_s: float) -> str:
    return _("{there}, {back} back", there=_mbit(there_bits_per_s), back=_mbit(back_bits_per_s))


def _mbit(bits_per_s: float) -> str:
    return f"{grouped(bits_per_s / 1e6, ',.1f')} Mbit/s"


def _memory(octets: float) -> str:
    mib = octets / MIB
    return f"{grouped(mib / 1024, ',.1f')} GiB" if mib >= 1024 else f"{grouped(mib, ',.0f')} MiB"


def _long(seconds: float) -> str:
    """Days where hours say little."""
    if seconds < 3 * _DAY_S:
        return duration(seconds)
    return _("{days:,.1f} days", days=seconds / _DAY_S)
