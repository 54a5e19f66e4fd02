"""Alarms of databases and of our own processes: what fires each, and what does not."""

from unit.alarms.case import Case, finding, found, growing, new, turned

DATABASE = (
    Case(
        "BroadcastDatabaseDown",
        {'broadcast_database_up{ledger="north"}': turned("1", "0")},
        {"ledger": "north"},
        "The database of the ledger north does not answer",
        {'broadcast_database_up{ledger="south"}': "1x400"},
    ),
    Case(
        "BroadcastDatabaseFull",
        {'broadcast_database_disk_free_bytes{ledger=""}': turned("9e9", "4e9")},
        {},
        "The disk of the database is nearly full",
        {
            'broadcast_database_disk_size_bytes{ledger=""}': "1e11x400",
            'broadcast_database_disk_free_bytes{ledger="south"}': "5e9x400",
            'broadcast_database_disk_size_bytes{ledger="south"}': "1e11x400",
            # a small share of a large disk
            'broadcast_database_disk_free_bytes{ledger="north"}': "1e11x400",
            'broadcast_database_disk_size_bytes{ledger="north"}': "1e13x400",
        },
    ),
    Case(
        "BroadcastDatabaseSlow",
        {finding("database_slow", "", "false"): new()},
        {},
        "The database is slow",
        {finding("slow", "viettel", "false"): "1x400"},
    ),
    Case(
        "BroadcastOldTransaction",
        {'broadcast_database_oldest_transaction_seconds{ledger="north"}': "845+5x400"},
        {"ledger": "north"},
        "A transaction has been open for 17m 5s in the ledger north",
        {'broadcast_database_oldest_transaction_seconds{ledger="south"}': "30x400"},
    ),
    found(
        "BroadcastSettlingBehind", "settling_behind", "Receipts of viettel are resolved late", grave="false"
    ),
    Case(
        "BroadcastNoResolver",
        {
            'broadcast_receipts_total{carrier="viettel", state="delivered", instance="a"}': "0x11 1500+1500x300"
        },
        {"carrier": "viettel"},
        "No resolver has viettel",
        {
            'broadcast_receipts_total{carrier="mobifone", state="delivered", instance="a"}': "0+1500x400",
            'broadcast_resolve_lag_seconds{carrier="mobifone", instance="r"}': "0x400",
        },
    ),
    Case(
        "BroadcastLooksFail",
        {'broadcast_look_failures_total{carrier="viettel", instance="a"}': new("1+1x300")},
        {"carrier": "viettel"},
        "Receipts of viettel cannot be resolved",
        {
            # one failed, and the next went well: of a process that had none before, and of one that had
            'broadcast_look_failures_total{carrier="mobifone", instance="a"}': new(),
            'broadcast_look_failures_total{carrier="vinaphone", instance="a"}': turned("3", "4"),
            'broadcast_look_failures_total{carrier="gmobile", instance="a"}': "0x47 1x300",
        },
    ),
    Case(
        "BroadcastLooksFail",  # each look takes the minute that it may
        {'broadcast_look_failures_total{carrier="viettel", instance="a"}': "0x11 1x12 2x12 3x12 4x12 5x300"},
        {"carrier": "viettel"},
        "Receipts of viettel cannot be resolved",
        {'broadcast_look_failures_total{carrier="mobifone", instance="a"}': "0x400"},
    ),
    growing(
        "BroadcastSetAside",
        "broadcast_set_aside_total",
        {"queue": "inbound"},
        "inbound: a row could not be written or read",
    ),
)

PROCESSES = (
    Case(
        "BroadcastNoWorker",
        {'broadcast_workers{ledger="north"}': turned("2", "0")},
        {"ledger": "north"},
        "No worker lives in the ledger north",
        {
            'broadcast_workers{ledger="south"}': "1x400",
            'broadcast_workers{ledger="central"}': "0x400",  # as it was read last
            'broadcast_database_up{ledger="central"}': "0x400",
            'broadcast_database_up{ledger="north"}': "1x400",
        },
    ),
    Case(
        "BroadcastWorkerLost",
        {finding("worker_lost", "", "false"): new()},
        {},
        "A worker ended without leaving",
        {finding("no_slices", "viettel", "false"): "1x400"},
    ),
    Case(
        "BroadcastProcessDown",
        {'up{job="broadcast", instance="a"}': turned("1", "0")},
        {"job": "broadcast", "instance": "a"},
        "a does not answer",
        {'up{job="broadcast", instance="b"}': "1x400", 'up{job="node", instance="c"}': "0x400"},
    ),
    Case(
        "BroadcastRestarts",
        {'process_start_time_seconds{job="broadcast", instance="a"}': "1x3 20x3 40x3 60x300"},
        {"job": "broadcast", "instance": "a"},
        "a was started 3 times anew within 15 minutes",
        {'process_start_time_seconds{job="broadcast", instance="b"}': "1x3 20x3 40x400"},
    ),
    Case(
        "BroadcastLoopLag",
        {
            'broadcast_loop_lag_seconds_bucket{le="0.25", instance="a"}': "0+100x11 1100x300",
            'broadcast_loop_lag_seconds_bucket{le="0.5", instance="a"}': "0+100x400",
        },
        {"instance": "a"},
        "a has no core of its own",
        {
            'broadcast_loop_lag_seconds_bucket{le="+Inf", instance="a"}': "0+100x400",
            'broadcast_loop_lag_seconds_bucket{le="0.25", instance="b"}': "0+100x400",
            'broadcast_loop_lag_seconds_bucket{le="0.5", instance="b"}': "0+100x400",
            'broadcast_loop_lag_seconds_bucket{le="+Inf", instance="b"}': "0+100x400",
        },
    ),
    Case(
        "BroadcastExporterLost",
        {'broadcast_exporter_leads{instance="a"}': "1x11 stale"},
        {},
        "No exporter tells how the alerts are doing",
        {'broadcast_exporter_leads{instance="b"}': "0x400", 'broadcast_database_up{ledger=""}': "1x400"},
    ),
    Case(
        "BroadcastExporterLost",
        {'broadcast_exporter_leads{instance="a"}': turned("1", "0")},
        None,
        "",
        {'broadcast_database_up{ledger=""}': turned("1", "0")},
    ),
    Case(
        "BroadcastFiguresOld",
        {'broadcast_exporter_read_timestamp_seconds{instance="a"}': "0+5x6 30x300"},
        {},
        "The national figures are 1m 30s old",
        {'broadcast_database_up{ledger=""}': "1x400"},
    ),
    Case(
        "BroadcastFiguresOld",
        {'broadcast_exporter_read_timestamp_seconds{instance="a"}': "0+5x6 30x300"},
        None,
        "",
        {'broadcast_database_up{ledger=""}': "0x400"},
    ),
)
