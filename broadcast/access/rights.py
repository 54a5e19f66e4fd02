"""Who may do what in a database: the one table of it. From it come the GRANTs, `docs/rights.md` and the test. Pure.

A table or function that stands here not at all is nobody's but the owner's, and fails the test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.access.roles import Kind

READ: Final = "SELECT"
_A, _P, _O, _U, _W, _D = Kind.AUTHOR, Kind.APPROVER, Kind.OPERATOR, Kind.AUDITOR, Kind.WORKER, Kind.ADMIN
_EVERYBODY: Final = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Right:
    """Of one kind on one table. columns: the only ones for SELECT and UPDATE; none named: all."""

    privileges: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def clause(self) -> str:
        """As GRANT has it."""
        listed = f" ({', '.join(self.columns)})" if self.columns else ""
        return ", ".join(f"{each}{listed}" for each in self.privileges)


Rights = Mapping[Kind, Sequence[Right]]


def _open(**writers: str) -> Rights:
    """Everybody reads it; writers: who else does what."""
    return _table(_EVERYBODY, (), writers)


def _closed(*columns: str, **writers: str) -> Rights:
    """It has numbers or what people wrote: the ones who do the work read it; others these columns alone, if any."""
    return _table((_O, _U, _W), columns, writers)


def _table(readers: Sequence[Kind], columns: Sequence[str], writers: Mapping[str, str]) -> Rights:
    found: dict[Kind, list[Right]] = {kind: [Right((READ,))] for kind in readers}
    if columns:
        found |= {kind: [Right((READ,), tuple(columns))] for kind in (_A, _P)}
    for kind, words in writers.items():
        for each in words.split("; "):
            verbs, _, named = each.partition(": ")
            found.setdefault(Kind(kind), []).append(Right(tuple(verbs.split()), tuple(named.split())))
    return found


_ALL: Final = "INSERT UPDATE DELETE"

TABLES: Final[Mapping[str, Rights]] = {
    # who and what
    "schema_migration": _open(),
    "identity": _open(),
    "ledger": _open(),
    "access_role": _open(),
    "campaign_move": _open(),
    "account": _open(),
    "proposal": _open(),
    "proposal_secret": {},  # password verifiers, until somebody decides
    "desk_rule": _open(),
    # alerts: written by functions alone
    "campaign": _open(),
    "campaign_event": _open(),
    "campaign_part": _open(),
    "first_share": _open(worker="INSERT UPDATE"),
    "approval": _open(),
    "campaign_version": _open(),
    "act": _open(),
    "act_new": _open(),
    "archive": _open(),
    "alert_message": _open(),
    "ledger_order": _open(worker="UPDATE: taken_at"),
    # people
    "subscriber": _closed(
        "hash_bucket", "carrier_no", "ported", "import_no", "opted_out_at", "previous_import_no", "profile_no",
        "standing",
        operator="INSERT UPDATE", worker="UPDATE: carrier_no ported opted_out_at standing",
    ),
    "erasure": _closed("erasure_no", "asked_at", "done_at"),
    "erasure_key": {_O: [Right((READ,))], _W: [Right((READ,))]},  # whoever has it can try every number
    "area": _open(operator=_ALL),
    "profile": _open(operator="INSERT DELETE"),
    "attribute": _open(operator="INSERT DELETE"),
    "list": _open(operator=_ALL),
    "list_member": _closed("list_no", "chunk_no", "members", operator=_ALL),
    "do_not_call": _closed("since", operator="INSERT DELETE"),
    "consent": _closed("at", "given", "noted_at", operator="INSERT UPDATE"),
    "subscriber_count": _open(),
    "subscriber_import": _open(operator="INSERT UPDATE"),
    "unfinished_import": _open(operator=_ALL),
    # what campaigns taught of them: workers, and operators by hand
    "port": _closed("from_no", "to_no", "heeded", "campaign_id", "said", "at", operator=_ALL, worker=_ALL),
    "set_aside": _closed("at", "campaign_id", "since", "campaigns", operator=_ALL, worker=_ALL),
    "failing": _closed("carrier_no", "bucket", "people", operator=_ALL, worker=_ALL),
    "lesson": _open(operator=_ALL, worker=_ALL),
    "heard_from": _open(operator=_ALL, worker=_ALL),
    "import_staging": {_O: [Right((READ, "INSERT", "TRUNCATE"))], _U: [Right((READ,))]},
    # the audience: a launch writes it, within what `desk_begin_launch` allows
    "slice": _closed(
        "slice_id", "campaign_id", "carrier_no", "total", "mark", "state", "worker_no", "token", "segments", "resends",
        "answered", "retry", "leased_at", "recalled", "variant", "stage", "not_before", "sent_until",
        operator="INSERT", worker=_ALL,
    ),
    "slice_span": _closed(worker=_ALL),
    "exclusion": _closed("campaign_id", "carrier_no", "reason", operator="INSERT", worker="INSERT DELETE"),
    "tally": _open(worker=_ALL),
    "opt_outs_applied": _open(worker=_ALL),
    # carriers, workers
    "carrier": _open(operator="INSERT UPDATE", worker="INSERT UPDATE"),
    "bind_slot": _open(operator="INSERT DELETE", worker=_ALL),
    "worker": _open(worker=_ALL),
    "worker_tps": _open(worker=_ALL),
    "lane_reading": _open(worker=_ALL),
    "link_test": _open(worker=_ALL),
    "resolver": _open(worker=_ALL),
    "metrics_target": _open(worker=_ALL),
    "handset_minute": _open(worker=_ALL),
    "resolver_cursor": _open(worker=_ALL),
    # the ledger
    "handset_time": _open(worker=_ALL),
    "carrier_tally": _open(worker=_ALL),
    "sent": _open(worker=_ALL),
    "result": _open(worker=_ALL),
    "outcome": _open(worker="DELETE"),
    "misfit": _open(worker=_ALL),
    "withdrawn": _open(worker=_ALL),
    "withdrawal": _open(worker=_ALL),
    "oddity": _open(worker=_ALL),
    "received": _closed("carrier_no", worker=_ALL),
    "parked": _closed("carrier_no", "no", "received_at", "receipts", worker=_ALL),
    "quarantine": _closed("carrier_no", "digest", "reason", "first_at", "last_at", "times", worker=_ALL),
    "in_doubt": _closed(
        "campaign_id", "carrier_no", "slice_id", "ordinal", "segments", "reason", "since", "ended_at", "ended_as",
        "first_state", "sent_after", "first_ids",
        worker=_ALL,
    ),
    # replies
    "inbound": _closed(worker=_ALL),
    "reply": _closed("reply_no", "campaign_id", "carrier_no", "received_at", "kind", "keyword", "effect", worker=_ALL),
    "reply_effect": _open(worker=_ALL),
    "opt_out": _closed(
        "opt_out_no", "at", "reply_no", "stranger", operator="INSERT; UPDATE: stranger", worker="INSERT UPDATE"
    ),
}  # fmt: skip

_INNER: Final = (
    "check_correction",
    "notify_slots", "act_stays", "desk_guard", "desk_refuse", "desk_must", "desk_chain", "desk_note", "desk_subject",
    "desk_hex", "desk_lock", "desk_check_move", "desk_check_expiry", "desk_check_home", "desk_check_ledger",
    "desk_reason", "desk_purpose",
    "desk_write", "desk_void", "desk_may_want_more", "desk_check_second", "desk_sign", "desk_unapprove",
    "desk_check_approvals", "desk_check_fresh", "desk_check_audience", "desk_rehearsed", "desk_is_noted",
    "desk_launching", "desk_check_launching", "desk_move", "desk_order",
    "desk_let_rest_go",
    "desk_drop_copy", "desk_insert_message", "desk_supersede", "count_subscribers", "count_subscribers_densely",
)  # fmt: skip

FUNCTIONS: Final[Mapping[str, Sequence[Kind]]] = {
    # read packed rows, name states: of no table, or of what the caller may read
    **dict.fromkeys(
        (
            "packed_errs", "packed_i64", "packed_id", "packed_ids", "packed_time", "packed_u16", "packed_u32",
            "first_copies", "key_order", "recipient_states", "state_number", "state_word", "unpack_result",
            "unpack_sent", "campaign_called", "diagnosed_reasons",
        ),
        _EVERYBODY,
    ),
    **dict.fromkeys(("places_of", "receipts_of", "recipient_history"), (_O, _U, _W)),
    # the ledger's writers
    **dict.fromkeys(
        ("add_to_tallies", "commit_group", "resolve", "resolve_cursors", "resolve_parked", "resolve_tallies"), (_W,)
    ),
    # alerts: each looks at session_user, too
    **dict.fromkeys(("desk_draft", "desk_edit", "desk_keep_message"), (_A,)),
    **dict.fromkeys(("desk_approve", "desk_override", "desk_withdraw", "desk_return"), (_P,)),
    **dict.fromkeys(
        (
            "desk_keep_cancel",
            "desk_check_entering", "desk_enter",
            "desk_begin_launch", "desk_rules", "desk_spread", "desk_count", "desk_launch", "desk_pause", "desk_resume",
            "desk_cancel", "desk_end_stopped", "desk_order_here", "desk_say", "desk_note_list", "desk_note_areas",
            "copy_begin", "copy_end",
        ),
        (_O,),
    ),
    **dict.fromkeys(
        (
            "tend_end_waiting", "tend_close", "tend_finish", "tend_take_over", "tend_parts_finished",
            "tend_archived", "tend_archive_moved", "tend_archive_erased", "tend_erased", "tend_canary",
        ),
        (_W,),
    ),
    **dict.fromkeys(("desk_erase", "desk_unerase"), (_O,)),
    "tend_off_the_list": (_O, _W),
    "tend_off_named_lists": (_O, _W),
    "tend_off_what_was_learnt": (_O, _W),
    "tend_learnt": (_O, _W),
    "tend_read": (_O, _U, _W),
    "tend_obey": (_O, _W),
    "tend_obey_rest": (_O, _W),
    "tend_part_entered": (_O, _W),
    "tend_audited": (_O, _U, _W),
    **dict.fromkeys(
        (
            "tend_chain", "approvals_needed", "approvals_missing", "content_document", "content_hash", "content_code",
            "act_hash", "desk_has", "desk_holds", "desk_rule_of",
        ),
        _EVERYBODY,
    ),
    **dict.fromkeys(_INNER, ()),  # what those are made of, and triggers
    "desk_analyze_subscribers": (_O,),
    # accounts: each looks at session_user, too
    "access_propose": (_D,),
    "access_decide": (_D,),
    "access_disable": (_D,),
    "access_take_role": (_D,),
    **dict.fromkeys(("access_begin", "access_begin_training"), ()),  # of who migrates
    "access_kinds": _EVERYBODY,
    **dict.fromkeys(
        (
            "access_check_name", "access_check_verifier", "access_check_looks", "access_check_proposal",
            "access_make_login", "access_make_account", "access_set_password", "access_change_role",
        ),
        (),  # of those above
    ),
}  # fmt: skip
