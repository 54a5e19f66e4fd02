"""Every event that a log can tell, a table. docs/log-events.md is made of it (`events_page.py`).

A name never changes its meaning: people search for it. Fields with ids (campaign, slice, carrier, link, worker, ledger)
are called so in every event. Beside its own fields a line has those of `logger.about`: the worker, the ledger.
"""

from collections.abc import Mapping
from typing import Final

from broadcast.monitor import board_events
from broadcast.monitor.event import Event, debug, error, info, warning
from broadcast.monitor.sampling import Flood

_OFTEN: Final = Flood()

# ---- processes
SERVING: Final = info("serving", "Where /metrics, /healthz and /readyz are.", "url")
NATIONAL_FIGURES_HERE: Final = info("national_figures_here", "This exporter serves them; others stand by.")
TARGET_NOT_NOTED: Final = info(
    "target_not_noted", "Its login may only read: `broadcast metrics targets` will not say where it serves."
)
PROCESS_STARTED: Final = info("process_started", "`up` started one.", "process", "child")
PROCESS_ENDED: Final = info("process_ended", "Told to stop, and did.", "process", "how")
PROCESS_DIED: Final = warning(
    "process_died",
    "It ended by itself and is started again; its last lines say why.",
    "process",
    "how",
    "again_s",
)
PROCESS_HANGS: Final = error(
    "process_hangs",
    "No sign of life for so long: it is ended, and says on stderr where it hung.",
    "child",
    "silent_s",
)
MANAGER_UNKNOWN: Final = warning(
    "manager_unknown", "NOTIFY_SOCKET is no socket of this machine: nobody is told how this process is."
)
MANAGER_AWAY: Final = warning(
    "manager_away", "The service manager cannot be told how this process is; it is tried again.", "why"
)
STATUS_FAILED: Final = error("status_failed", "The service manager is told no more of it.", "task")
PROCESS_CANNOT_START: Final = error(
    "process_cannot_start", "The machine gives no process: memory, or their number.", "process", "why"
)
PROCESS_MISCONFIGURED: Final = error(
    "process_misconfigured", "Its configuration is wrong: mend it and reload (SIGHUP).", "process", "how"
)
PROCESS_KILLED: Final = error(
    "process_killed", "It did not end in time: what it had in flight is in doubt.", "process", "within_s"
)
RELOADING: Final = info("reloading", "The workers are replaced one by one.", "workers")
RELOAD_REFUSED: Final = error(
    "reload_refused", "All workers go on as they are: mend the configuration and reload again.", "why"
)
RELOAD_GIVEN_UP: Final = error(
    "reload_given_up", "The new process ended; the rest go on as they are.", "process"
)
STOPPING: Final = info("stopping", "Workers drain, commit and unbind.")
RESOLVER_RUNS: Final = info("resolver_runs", "A worker started one beside it.", "child")
RESOLVER_DIED: Final = warning(
    "resolver_died", "It ended by itself and is started again; its last lines say why.", "how", "again_s"
)
FAILED: Final = error("failed", "A fault of ours, with its traceback: report it.", "kind")

# ---- workers
WORKER_STARTED: Final = info("worker_started", "It is registered and looks for work.", "worker")
WORKER_STOPPED: Final = info("worker_stopped", "It gave its leases back.", "worker")
WORKER_REFUSED: Final = error(
    "worker_refused", "Home has its carriers elsewhere by now: it stops.", "worker", "why"
)
WORKER_LEFT: Final = warning(
    "worker_left", "It stopped without its goodbye: its leases end by themselves.", "worker", "why"
)
WORKER_FENCED: Final = warning("worker_fenced", "It lost its lease and begins anew.", "why")
WORKER_WAITS: Final = warning("worker_waits", "No database to begin anew with; it tries again.", "why")
DOUBTS: Final = warning("doubts", "A worker was lost, and so many may have been sent to.", "recipients")
SLOT_TAKEN: Final = debug(
    "slot_taken", "A bind of a carrier is this worker's from now on.", "carrier", "link"
)
SLOT_LEFT: Final = debug("slot_left", "A bind is given back to the others.", "link")
SLICE_LEASED: Final = debug(
    "slice_leased", "Some of a campaign's recipients are this worker's to send to.",
    *("campaign", "slice", "carrier", "recipients"),
)  # fmt: skip
GROUP_WRITTEN: Final = debug("group_written", "A group is committed.", "rows", "seconds")

# ---- links
LINK_BOUND: Final = info("link_bound", "It is bound and sends.", "link", "host", "port", "account")
LINK_BOUND_ELSEWHERE: Final = warning(
    "link_bound_elsewhere", "Bound at another than the first of `hosts`: tell the carrier.",
    *("link", "host", "port", "account", "address", "addresses"),
)  # fmt: skip
LINK_STEP: Final = debug(
    "link_step", "It came so far on its way to be bound.", "link", "host", "port", "step"
)
LINK_ADDRESS_BACK: Final = info(
    "link_address_back",
    "The first of `hosts` answers again: the link goes back there.",
    "link",
    "host",
    "port",
)
LINK_REFUSED: Final = error(
    "link_refused", "The SMSC refused the bind; `why` says what to look at.",
    *("link", "host", "port", "status", "why"), flood=_OFTEN, per=("link", "status"),
)  # fmt: skip
LINK_CANNOT_BIND: Final = warning(
    "link_cannot_bind", "No connection, no TLS or no answer; it is tried again.",
    *("link", "host", "port", "why"), flood=_OFTEN, per=("link",),
)  # fmt: skip
LINK_CLOSED: Final = info(
    "link_closed", "`why` says by whom. strays: what came and fitted no request.",
    *("link", "why", "strays"), flood=_OFTEN, per=("link",),
)  # fmt: skip
LINK_BINDS_ANEW: Final = info(
    "link_binds_anew", "To be sent again what was passed over while the database was away.", "link"
)
LINK_FAILED: Final = error(
    "link_failed", "A fault of ours ended it; it is opened anew.", "link", "kind", flood=_OFTEN, per=("link",)
)
LINK_CANNOT_BE_KEPT: Final = error(
    "link_cannot_be_kept", "It cannot even be tried: mend what `why` names.", "link", "why"
)
ODDITY: Final = warning(
    "oddity", "An SMSC said what its profile does not know; `advice` says what to write there.",
    *("carrier", "kind", "said", "advice"),
)  # fmt: skip

# ---- campaigns
CAMPAIGN_BEGUN: Final = info(
    "campaign_begun", "This worker sends of it through this carrier from now on.", "campaign", "carrier"
)
CAMPAIGN_FINISHED: Final = info(
    "campaign_finished", "All receipts are in, or waited for long enough.", "campaign"
)
CAMPAIGN_APPROVED_ALONE: Final = warning(
    "campaign_approved_alone", "One person approved it, by override.", "campaign", "by"
)
CAMPAIGN_CANNOT_GO: Final = error(
    "campaign_cannot_go",
    "Nothing of it goes through this carrier until `why` is mended.",
    "campaign",
    "carrier",
    "why",
)
CAMPAIGN_UNREADABLE: Final = error(
    "campaign_unreadable",
    "Its row cannot be read; the others go on. Report it.",
    "campaign",
    "carrier",
    "why",
)
FIRST_SHARE_PASSED: Final = info("first_share_passed", "All others are sent to from now on.", "campaign")
FIRST_SHARE_HELD: Final = warning(
    "first_share_held", "The rest waits for a person: resume it, or cancel it.", "campaign", "why"
)
WITHDRAWAL_UNREADABLE: Final = error(
    "withdrawal_unreadable",
    "Nothing is withdrawn of this slice; the others go on.",
    "carrier",
    "slice",
    "why",
)
WITHDRAWAL_GIVEN_UP: Final = warning(
    "withdrawal_given_up", "The SMSC is asked no more for what it still holds.", "carrier", "campaign", "why"
)
HANDSET_TIME_UNKNOWN: Final = warning(
    "handset_time_unknown",
    "How soon its receipts came cannot be learnt: forecasts do without.",
    "campaign",
    "why",
)
LIST_LEARNT: Final = info(
    "list_learnt", "What a finished campaign taught of the list.", "campaign", "changes"
)
LEARNING_WAITS: Final = info("learning_waits", "Somebody holds people of the list for a while.", "why")
BOOKS_OFF_BALANCE: Final = error(
    "books_off_balance",
    "A recount found another figure than the tallies: runbook books.",
    "campaign",
    "why",
)
CAMPAIGN_NOT_AUDITED: Final = warning(
    "campaign_not_audited", "Archived meanwhile, to a place that this machine has not.", "campaign", "why"
)
RECOUNT_GAVE_WAY: Final = info("recount_gave_way", "Somebody is to be sent to: it is done later.")

# ---- receipts
RESOLVER_STARTED: Final = info("resolver_started", "It looks for carriers that no other resolver has.")
RESOLVER_STOPPED: Final = info("resolver_stopped", "It gave its carriers back.")
RESOLVER_LEFT: Final = warning(
    "resolver_left", "It stopped without giving its carriers back: its leases end by themselves.", "why"
)
RECEIPTS_RESOLVED_HERE: Final = info(
    "receipts_resolved_here", "From now on, those of this carrier.", "carrier"
)
RECEIPTS_RESOLVED_ELSEWHERE: Final = warning(
    "receipts_resolved_elsewhere", "Another resolver has this carrier now.", "carrier"
)
RECEIPTS_NOT_RESOLVED: Final = error(
    "receipts_not_resolved",
    "Those of this carrier wait; it is tried again. Runbook resolver.",
    "carrier",
    "why",
)
RECEIPTS_LOOKED: Final = debug("receipts_looked", "A look of the resolver ended.", "carrier", "seconds")
HANGING_THREAD: Final = error("hanging_thread", "A thread does not end; the process does.", "thread")

# ---- the database
DATABASE_TROUBLE: Final = warning(
    "database_trouble",
    "It is away, slow or in the way: `why` says which. The task tries again.",
    "task",
    "why",
)
DATABASE_BACK: Final = info("database_back", "The task has one again.", "task", "after_s")
TASK_FAILED: Final = error(
    "task_failed",
    "A fault of ours, or the database's, that trying again may not mend: report it.",
    "task",
    "why",
)
GROUP_NOT_WRITTEN: Final = warning(
    "group_not_written", "Nothing is acknowledged until it is; it is tried again.", "task", "why"
)
GROUP_REFUSED: Final = error("group_refused", "Something in it cannot be written and is looked for.", "why")
TEXTS_SET_ASIDE: Final = error(
    "texts_set_aside", "They are in the table quarantine; the group goes on without them.", "texts"
)
ROW_SET_ASIDE: Final = error(
    "row_set_aside", "One row could not be dealt with: kept, and its queue goes on.",
    *("queue", "number", "what", "why"),
)  # fmt: skip
QUEUE_SINGLY: Final = warning(
    "queue_singly", "Something in the queue fails: each row by itself now.", "queue", "why"
)
READINGS_LATE: Final = debug(
    "readings_late", "The gauges have no database; workers say so themselves.", "why"
)
READINGS_FAILED: Final = error("readings_failed", "Gauges stand still, sending does not. Report it.", "why")
CLOCK_DIFFERS: Final = warning(
    "clock_differs", "A ledger's clock is not home's: NTP on both.", "ledger", "why"
)
CAMPAIGN_LOST: Final = warning(
    "campaign_lost",
    "A ledger has nothing of a campaign that home sent it: docs/nation.md.",
    "ledger",
    "campaign",
    "why",
)
EMBEDDED_DOWN: Final = error("embedded_down", "The embedded database has ended.", "why")
EMBEDDED_BACK: Final = info("embedded_back", "The embedded database runs again.")
EMBEDDED_CANNOT_START: Final = error("embedded_cannot_start", "`broadcast db up` failed.", "why")
SCRATCH_LEFT: Final = warning("scratch_left", "A folder of a run before: remove it by hand.", "folder", "why")

# ---- the configuration
KEY_RETIRED: Final = warning(
    "key_retired", "A key of an older version means nothing any more: remove it.", "file", "key"
)
SECRET_OPEN: Final = warning(
    "secret_open", "Other users of this machine may read it: chmod 600.", "carrier", "bind", "why"
)
TPS_CHANGED: Final = warning(
    "tps_changed", "For every worker, by this one's file: is it the right file?", "carrier", "before", "after"
)
TPS_DIFFERS: Final = warning(
    "tps_differs",
    "The lowest of all workers' files holds: give all of them the same file.",
    "carrier",
    "here",
    "holds",
)

# ---- simulated carriers
NOT_SMPP: Final = warning(
    "not_smpp", "A simulated SMSC read a command_length that no PDU has.", "octets", flood=_OFTEN
)
BIND_REFUSED_HERE: Final = warning(
    "bind_refused_here", "A simulated SMSC refused a bind.", "status", flood=_OFTEN
)

# ---- logs themselves
LIBRARY_SAID: Final = info(
    "library_said", "A library's own words, digits masked; the level is the library's.", "said",
)  # fmt: skip
LEVELS_SET: Final = info("levels_set", "By `broadcast log level`, or its file.", "levels")
LEVELS_UNREADABLE: Final = warning(
    "levels_unreadable", "Levels stay as they were: mend the file.", "file", "why"
)

EVENTS: Final[Mapping[str, Event]] = {
    name: each for name, each in {**vars(board_events), **globals()}.items() if isinstance(each, Event)
}  # by their constants
