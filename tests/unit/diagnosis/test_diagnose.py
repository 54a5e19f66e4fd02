"""Every finding, from figures that are made up; and none from figures of carriers that are well."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.diagnosis.diagnose import diagnose
from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import Code
from broadcast.diagnosis.order import EXPLAINED_BY, explains, merged
from broadcast.diagnosis.reading import LaneReading, LinkTrouble
from broadcast.diagnosis.receipts import silent_for_s

WELL = LaneReading(
    granted_tps=500, sent_tps=495.0, answered=20_000, refused={0x0B: 300}, slowed={0x58: 2},
    receipts=18_000, accepted_for_s=0.1, accepted_ago_s=0.0, receipt_ago_s=0.1,
)  # fmt: skip
CARRIER = CarrierFigures(
    "viettel", tps=500, slots=2, held=2, bound=2, granted_tps=500, waiting=100_000, accepted=9_000, rejected=300,
    undeliverable=400, delivered=20_000, readings=(WELL,),
)  # fmt: skip
SWING = Figures(
    "flood", sending=True, launched_for_s=60.0, workers=1, workers_for_s=3600.0, carriers=(CARRIER,)
)


def of(carrier: dict[str, Any], reading: dict[str, Any], **figures: Any) -> dict[Code, str]:
    """Code -> line of what is found when these figures are otherwise."""
    made = replace(CARRIER, readings=(replace(WELL, **reading),))
    found = diagnose(replace(SWING, carriers=(replace(made, **carrier),), **figures))
    return {each.code: str(each) for each in found}


def test_a_carrier_in_full_swing_is_well() -> None:
    assert diagnose(SWING) == ()


def test_of_nothing_nothing_is_said() -> None:
    assert diagnose(Figures()) == ()


SILENT = {"accepted_for_s": 61.0, "accepted_ago_s": 1.0, "receipt_ago_s": None, "receipts": 0}
SHORT = {"short_for_s": 11.0, "sent_tps": 200.0}
CHECK = "run `broadcast carrier check viettel"


@pytest.mark.parametrize(
    ("carrier", "reading", "figures", "code", "said"),
    [
        ({}, {}, {"overridden_by": "binh"}, Code.OVERRIDDEN,
         "binh approved it ALONE, by override: whoever else may approve should look at it now; "
         "run `broadcast campaign show flood`"),
        ({"gives_way_to": "dam"}, {}, {}, Code.GIVES_WAY,
         "gives way to dam at viettel: it goes on by itself when that has sent to everybody there; "
         "run `broadcast campaign watch dam`"),
        ({}, {}, {"behind_first_share": 90}, Code.FIRST_SHARE,
         "its first share goes ahead: 90 wait for how that goes"),
        ({}, {}, {"behind_first_share": 90, "unheard": ("north", "south")}, Code.FIRST_SHARE,
         "its first share goes ahead: 90 wait for how that goes; nothing is heard of north, south"),
        ({}, {}, {"behind_first_share": 90, "paused": True, "first_share": "first share asks"}, Code.FIRST_SHARE_ASKS,
         "its first share went well, and somebody is to say that the rest follows: 90 wait; "
         "run `broadcast campaign resume flood`"),
        ({}, {}, {"behind_first_share": 90, "paused": True, "first_share": "first share failed",
                  "first_share_why": "viettel: 6 of 9 were rejected"}, Code.FIRST_SHARE_FAILED,
         "held by itself, for its first share failed: viettel: 6 of 9 were rejected; 90 wait; "
         "run `broadcast campaign resume flood` or `broadcast campaign cancel flood`"),
        ({}, {}, {"workers": 0}, Code.NO_WORKER,
         "no worker is alive: 100,000 wait, and no receipt is taken; run `broadcast up`"),
        ({"held": 0, "bound": 0, "granted_tps": 0, "readings": ()}, {}, {}, Code.NOT_HELD,
         "viettel: no worker takes its 2 binds: their configuration does not have this carrier; "
         "run `broadcast carrier list`"),
        ({"bound": 0, "granted_tps": 0},
         {"troubles": (LinkTrouble("refused:ESME_RINVPASWD", 1, 5), LinkTrouble("connecting", 1, 99))}, {},
         Code.BINDS_DOWN,
         "viettel: 2 of 2 binds not up for 5 s: refused with ESME_RINVPASWD, the password is wrong, or this machine's "
         f"address is not allowed; nothing is sent; {CHECK}`"),
        ({"bound": 1}, {"troubles": (LinkTrouble("refused:0x000004A1", 1, 200),)}, {}, Code.BINDS_DOWN,
         "viettel: 1 of 2 binds not up for 3 min: refused with 0x000004A1, check system_id, password, the addresses "
         f"that the carrier lets in and how many binds it allows; {CHECK}`"),
        ({"bound": 1, "granted_tps": 0}, {"troubles": (LinkTrouble("connecting", 1, 10),)}, {}, Code.BINDS_DOWN,
         "viettel: 1 of 2 binds not up for 10 s: no connection to the SMSC: address, port, firewall, or the way there; "
         f"nothing is sent; {CHECK}`"),
        ({"bound": 1}, {"troubles": (LinkTrouble("binding", 1, 10),)}, {}, Code.BINDS_DOWN,
         "viettel: 1 of 2 binds not up for 10 s: connected, but no answer to the bind: the wrong port, or TLS on one "
         f"side only; {CHECK}`"),
        ({"bound": 1}, {"troubles": (LinkTrouble("cannot", 1, 10),)}, {}, Code.BINDS_DOWN,
         "viettel: 1 of 2 binds not up for 10 s: it cannot even be tried: the worker's log says which file or secret; "
         f"{CHECK}`"),
        ({"bound": 1}, {"troubles": (LinkTrouble("lost", 1, 30),)}, {}, Code.BINDS_DOWN,
         f"viettel: 1 of 2 binds bound and lost again and again for 30 s: the worker's log says how; {CHECK}`"),
        ({"bound": 1}, SHORT | {"troubles": (LinkTrouble("lost", 1, 30),)}, {}, Code.BINDS_DOWN,
         f"viettel: 1 of 2 binds bound and lost again and again for 30 s: the worker's log says how; {CHECK}`"),
        ({"granted_tps": 0}, {"granted_tps": 0}, {}, Code.NO_GRANT,
         "viettel: 2 binds up, none of them granted any TPS: transmitters wait for a receiver; "
         "run `broadcast carrier show viettel`"),
        ({"cannot_send": "the text is too long"}, {}, {}, Code.CANNOT_SEND,
         "viettel: it cannot go through this carrier: the text is too long"),
        ({"misfit_receipts": 11_098, "delivered": 0, "undeliverable": 0}, {}, {}, Code.RECEIPTS_MISFIT,
         "viettel: 11,098 receipts fit no submission: response_id or receipt_id is wrong; "
         f"{CHECK} --to YOUR_NUMBER`"),
        ({"misfit_receipts": 20_000, "delivered": 0, "in_doubt": 100}, {}, {}, Code.RECEIPTS_MISFIT,
         "viettel: more than 19,900 receipts fit no submission: response_id or receipt_id is wrong; "
         f"{CHECK} --to YOUR_NUMBER`"),
        ({"misfit_receipts": 2_000, "clash_share": 0.8}, {}, {}, Code.IDS_COME_AGAIN,
         "viettel: 2,000 receipts have ids that come again and name no number, so that nobody is guessed: ask the "
         "carrier for receipts with the number, or for ids that do not come again; "
         "run `broadcast carrier show viettel`"),
        ({"misfit_receipts": 2_000}, {}, {}, Code.RECEIPTS_MISFIT,
         "viettel: 2,000 receipts fit no submission, 20,400 do: response_id, receipt_id, id_zeros or id_case does not "
         f"fit all ids, or they are for another system on this account; {CHECK} --to YOUR_NUMBER`"),
        ({}, SILENT, {}, Code.RECEIPTS_MISSING,
         "viettel: no receipt for 61 s though 9,000 messages wait for theirs: the account may have none, or no "
         f"receiver is bound; {CHECK} --to YOUR_NUMBER`"),
        ({"usual_receipt_s": 14.0}, SILENT | {"accepted_for_s": 30.0}, {}, Code.RECEIPTS_MISSING,
         "viettel: no receipt for 30 s though 9,000 messages wait for theirs (95 % usually come within 14 s): the "
         f"account may have none, or no receiver is bound; {CHECK} --to YOUR_NUMBER`"),
        ({"unknown": 900, "accepted": 0, "rejected": 0, "delivered": 0, "undeliverable": 0}, {},
         {"finished": True, "sending": False}, Code.RECEIPTS_MISSING,
         "viettel: not one of 900 accepted messages got its receipt: what became of them is unknown; "
         f"{CHECK} --to YOUR_NUMBER`"),
        ({"delivered": 0, "undeliverable": 0}, {}, {"segments": 2}, Code.RECEIPTS_PARTIAL,
         "viettel: receipts come, but for no message one for each of its 2 segments: the key receipts, which says for "
         f"which they come, is wrong; {CHECK} --to YOUR_NUMBER`"),
        ({"unknown_states": ("SEEN", "READ")}, {"unknown_states": 900}, {}, Code.RECEIPTS_UNKNOWN,
         "viettel: 900 receipts of late have states that its profile does not know (READ, SEEN): add them to "
         "receipt_states; run `broadcast carrier show viettel`"),
        ({"unknown_states": ("SEEN",), "unknown": 2_000}, {}, {"finished": True}, Code.RECEIPTS_UNKNOWN,
         "viettel: what became of 2,000 accepted messages is unknown, and receipts had states that its profile does "
         "not know (SEEN): add them to receipt_states; run `broadcast carrier show viettel`"),
        ({}, {"unreadable": 18_000}, {}, Code.RECEIPTS_UNREADABLE,
         "viettel: 18,000 of what it sent of late cannot be read: kept in the table quarantine, with the reason; "
         f"{CHECK} --to YOUR_NUMBER`"),
        ({}, {"refused": {0x0A: 8_000, 0x0B: 300}}, {}, Code.REFUSED,
         "viettel: 42 % of its answers of late refuse the message, mostly with ESME_RINVSRCADR: the sender, or its TON "
         f"and NPI, is not allowed for this account; {CHECK} --to YOUR_NUMBER`"),
        ({}, {"refused": {0x4A1: 8_000}}, {}, Code.REFUSED,
         "viettel: 40 % of its answers of late refuse the message, mostly with 0x000004A1: a status of this carrier's "
         "own: ask what it means, and put it into temporary_statuses, throttled_statuses, queue_full_statuses or "
         f"permanent_statuses; {CHECK} --to YOUR_NUMBER`"),
        ({}, {"refused": {-1: 8_000, 0x45: 300}}, {}, Code.REFUSED,
         "viettel: 42 % of its answers of late refuse the message, with many different statuses: ask the carrier; "
         f"{CHECK} --to YOUR_NUMBER`"),
        ({"rejected": 29_400, "readings": ()}, {}, {}, Code.REFUSED,
         "viettel: 50 % of the messages were refused; run `broadcast campaign report flood`"),
        ({"rejected": 29_400, "refusals": {0x45: 29_400}}, {}, {"finished": True}, Code.REFUSED,
         "viettel: 50 % of the messages were refused, mostly with ESME_RSUBMITFAIL: the SMSC gives no reason: ask the "
         f"carrier for the account's rights; {CHECK} --to YOUR_NUMBER`"),
        ({}, {"slowed": {0x58: 1_000}, "sent_tps": 310.0}, {}, Code.SLOWED,
         "viettel: 5 % of its answers of late are ESME_RTHROTTLED: it allows less than its tps of 500, or somebody "
         f"else sends with the account; 310 segments/s go out; {CHECK} --to YOUR_NUMBER --burst 100`"),
        ({}, SHORT | {"throttle_factor": 0.5}, {}, Code.SLOWED,
         "viettel: 200 of 500 segments/s: the SMSC said that it was too fast, and it recovers; "
         "run `broadcast carrier show viettel`"),
        ({}, SHORT | {"window_full_share": 0.6}, {}, Code.WINDOW_FULL,
         "viettel: 200 of 500 segments/s: the windows are full, the SMSC answers slowly: ask for a larger window or "
         "more sessions; run `broadcast carrier show viettel`"),
        ({}, SHORT | {"starved_share": 0.6}, {}, Code.NO_SLICES,
         "viettel: 200 of 500 segments/s: 100,000 wait, but for a later try, or at a worker that does not send; "
         "run `broadcast carrier show viettel`"),
        ({"receipts_wait": True, "unresolved_s": 15.0}, {}, {}, Code.SETTLING_BEHIND,
         "viettel: receipts are kept, and not settled for 15 s: the resolver is behind, and who counts as accepted may "
         "have the message; run `broadcast db status`"),
        ({"receipts_wait": True, "unresolved_s": 1e9, "resolver": False}, {}, {}, Code.SETTLING_BEHIND,
         "viettel: receipts are kept, and not settled for 60 s: no resolver lives that has this carrier, and who "
         "counts as accepted may have the message; run `broadcast resolver`"),
        ({}, SHORT | {"commit_s": 0.2}, {}, Code.DATABASE_SLOW,
         "the database takes 0.2 s to write what happened: nothing is sent, and no receipt acknowledged, faster than "
         "that; run `broadcast db status`"),
        ({}, SHORT | {"commit_s": 0.4, "starved_share": 0.8}, {}, Code.DATABASE_SLOW,
         "the database takes 0.4 s to write what happened: nothing is sent, and no receipt acknowledged, faster than "
         "that; run `broadcast db status`"),
        ({}, {"commit_s": 2.0}, {}, Code.DATABASE_SLOW,
         "the database takes 2.0 s to write what happened: nothing is sent, and no receipt acknowledged, faster than "
         "that; run `broadcast db status`"),
        ({}, {"disk_full": True}, {}, Code.DATABASE_FULL,
         "the database's disk is full: nothing is written, and so nothing is sent; make room there; "
         "run `broadcast db status`"),
        ({}, {"disk_free": 7_000_000, "disk_size": 10**11}, {}, Code.DATABASE_FULL,
         "the database's disk has 7 MB left, and what waits will take 7 MB: make room there; "
         "run `broadcast db status`"),
        ({}, {"disk_free": 4 * 10**9, "disk_size": 10**11}, {}, Code.DATABASE_FULL,
         "the database's disk is nearly full: 4,000 MB left, 4 % of it; make room there; run `broadcast db status`"),
        ({}, {}, {"left_s": 100.0}, Code.EXPIRY_AT_RISK,
         "viettel: at 500 segments/s it takes 3 min more, and it may be sent for 100 s: 50,000 will not have heard it; "
         "run `broadcast campaign forecast flood`"),
        ({}, {"sharing": (1, 2)}, {"left_s": 250.0}, Code.EXPIRY_AT_RISK,
         "viettel: at 250 segments/s it takes 7 min more, and it may be sent for 4 min: 37,500 will not have heard it; "
         "run `broadcast campaign forecast flood`"),
        ({}, {}, {"lost_workers": 1}, Code.WORKER_LOST,
         "1 worker was lost of late, and none has come in its place: others send what it had; run `broadcast up`"),
        ({}, {}, {"lost_workers": 2}, Code.WORKER_LOST,
         "2 workers were lost of late, and none has come in their place: others send what they had; "
         "run `broadcast up`"),
        ({}, SHORT, {}, Code.SLOW,
         "viettel: 200 of 500 segments/s, and the carrier is not why: the machine of the worker or the database is the "
         "limit; run `broadcast db status`"),
        ({}, {}, {"paused": True, "sending": False}, Code.PAUSED,
         "paused: 100,000 wait and nothing is sent; run `broadcast campaign resume flood`"),
        ({}, {}, {"quiet_until": datetime(2026, 11, 30, 7, 0, tzinfo=UTC), "law": "Act 1"}, Code.QUIET,
         "quiet hours until 07:00 (Act 1): 100,000 wait, and it goes on by itself"),
        ({}, SHORT, {"held_until": datetime(2026, 11, 30, 7, 0, tzinfo=UTC), "held_by": "Act 1", "sending": False},
         Code.CAPPED,
         "whoever waits may not be told before 2026-11-30 07:00 (Act 1): 100,000 wait, and it goes on by itself"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_else(
    carrier: dict[str, Any], reading: dict[str, Any], figures: dict[str, Any], code: Code, said: str
) -> None:
    assert of(carrier, reading, **figures) == {code: said}


def test_every_code_is_in_the_table() -> None:
    (table,) = (each for each in test_what_is_wrong_is_said_and_nothing_else.pytestmark)  # type: ignore[attr-defined]
    assert {row[3] for row in table.args[1]} == set(Code) - {
        Code.TPS_REACHED
    }  # which nobody is told who does not ask


@pytest.mark.parametrize(
    ("carrier", "reading", "figures", "codes"),
    [
        ({}, {}, {}, [Code.TPS_REACHED]),
        ({}, {"sent_tps": 449.0}, {}, []),
        ({"waiting": 100}, {}, {}, []),  # nearly finished
        ({}, {}, {"sending": False}, []),
        ({}, {}, {"finished": True}, []),
        ({}, {"slowed": {0x58: 5_000}}, {}, [Code.SLOWED]),  # it is not as it should be
        ({}, SHORT, {}, [Code.SLOW]),
        ({}, {}, {"left_s": 100.0}, [Code.EXPIRY_AT_RISK, Code.TPS_REACHED]),
    ],
)  # fmt: skip
def test_who_asks_why_is_told_that_the_tps_is_reached(
    carrier: dict[str, Any], reading: dict[str, Any], figures: dict[str, Any], codes: list[Code]
) -> None:
    made = replace(CARRIER, readings=(replace(WELL, **reading),))
    found = diagnose(replace(SWING, carriers=(replace(made, **carrier),), **figures), why=True)
    assert [each.code for each in found] == codes


def test_as_fast_as_the_carrier_allows_is_said_as_it_should_be() -> None:
    (said,) = diagnose(SWING, why=True)
    assert str(said) == "viettel: 495 of 500 segments/s: as fast as the carrier allows, as it should be"


DOWN = {"bound": 0, "granted_tps": 0}
NO_WAY = {"troubles": (LinkTrouble("connecting", 2, 99),), "granted_tps": 0}
FULL = {"disk_full": True}
MISFITS = {"misfit_receipts": 9_000, "delivered": 0, "undeliverable": 0}
LAGS = {"receipts_wait": True, "unresolved_s": 60.0}


@pytest.mark.parametrize(
    ("carrier", "reading", "figures", "codes"),
    [
        # a carrier that is down sends no receipts either
        (DOWN, SILENT | NO_WAY, {}, [Code.BINDS_DOWN, Code.RECEIPTS_MISSING]),
        (DOWN, SILENT | NO_WAY, {"left_s": 100.0}, [Code.BINDS_DOWN, Code.RECEIPTS_MISSING, Code.EXPIRY_AT_RISK]),
        # a bind that is missing costs time alone, and stands before the silence that it explains
        ({"bound": 1}, SILENT | {"troubles": (LinkTrouble("connecting", 1, 99),)}, {},
         [Code.BINDS_DOWN, Code.RECEIPTS_MISSING]),
        # who is throttled is late
        ({}, {"slowed": {0x58: 5_000}, "sent_tps": 60.0, "short_for_s": 30.0}, {"left_s": 1000.0},
         [Code.SLOWED, Code.EXPIRY_AT_RISK]),
        ({}, SHORT | {"window_full_share": 0.9}, {"left_s": 300.0}, [Code.WINDOW_FULL, Code.EXPIRY_AT_RISK]),
        # a database that is slow, or full: lanes, receipts, settling and leases wait for it
        ({}, SHORT | {"commit_s": 3.0, "sent_tps": 50.0}, {"left_s": 1000.0},
         [Code.DATABASE_SLOW, Code.EXPIRY_AT_RISK]),
        (LAGS, SILENT | {"commit_s": 3.0}, {},
         [Code.DATABASE_SLOW, Code.SETTLING_BEHIND, Code.RECEIPTS_MISSING]),
        (LAGS, SILENT | FULL | {"commit_s": 80.0}, {"lost_workers": 1},
         [Code.DATABASE_FULL, Code.DATABASE_SLOW, Code.SETTLING_BEHIND, Code.RECEIPTS_MISSING, Code.WORKER_LOST]),
        ({}, SHORT | {"commit_s": 3.0, "window_full_share": 0.9}, {}, [Code.DATABASE_SLOW, Code.WINDOW_FULL]),
        # receipts that nobody settles make no message delivered
        (LAGS | {"delivered": 0, "undeliverable": 0}, {}, {"segments": 2},
         [Code.SETTLING_BEHIND, Code.RECEIPTS_PARTIAL]),
        (MISFITS, {}, {"segments": 2}, [Code.RECEIPTS_MISFIT]),
        (MISFITS | {"clash_share": 0.9}, SILENT, {}, [Code.IDS_COME_AGAIN]),
        # somebody chose that it waits
        ({}, {}, {"paused": True, "sending": False, "left_s": 100.0}, [Code.PAUSED, Code.EXPIRY_AT_RISK]),
        ({"gives_way_to": "dam"}, {}, {"left_s": 100.0}, [Code.GIVES_WAY, Code.EXPIRY_AT_RISK]),
        # messages that are refused for the moment are tried again later
        ({}, SHORT | {"refused": {0x8: 9_000}, "starved_share": 0.9}, {}, [Code.REFUSED, Code.NO_SLICES]),
        ({}, SHORT | {"starved_share": 0.9}, {"lost_workers": 1}, [Code.WORKER_LOST, Code.NO_SLICES]),
        # nobody: all else follows
        ({"held": 0, "bound": 0, "granted_tps": 0, "readings": ()} | LAGS, {}, {"workers": 0, "left_s": 100.0},
         [Code.NO_WORKER, Code.SETTLING_BEHIND, Code.EXPIRY_AT_RISK]),
        # two maladies: neither explains the other
        (LAGS, {"slowed": {0x58: 5_000}}, {}, [Code.SETTLING_BEHIND, Code.SLOWED]),
    ],
)  # fmt: skip
def test_a_symptom_stands_behind_its_cause(
    carrier: dict[str, Any], reading: dict[str, Any], figures: dict[str, Any], codes: list[Code]
) -> None:
    assert list(of(carrier, reading, **figures)) == codes


@pytest.mark.parametrize(
    ("carrier", "reading", "figures"),
    [
        ({}, SHORT | {"short_for_s": 9.0}, {}),  # slow since a moment ago
        ({}, SHORT, {"launched_for_s": 5.0}),  # it waited for this launch
        ({"waiting": 100}, SHORT, {}),  # nearly finished
        ({}, SHORT | {"granted_tps": 40}, {}),  # of another worker is nearly all
        ({}, SHORT, {"sending": False}),  # expired
        ({}, SILENT | {"accepted_for_s": 59.0}, {}),  # the first receipts take their time
        ({"usual_receipt_s": 300.0}, SILENT | {"accepted_for_s": 500.0}, {}),  # usually slow
        ({"accepted": 19}, SILENT, {}),  # the last few telephones are off
        ({}, SILENT | {"receipt_ago_s": 0.5}, {}),  # all accepted before the last receipt
        ({}, SILENT | {"accepted_for_s": None}, {}),  # none is awaited
        ({"misfit_receipts": 19, "delivered": 0}, {}, {}),  # a few prove nothing
        ({"misfit_receipts": 9_000, "misfit_ago_s": 61.0}, {"receipt_ago_s": 0.5}, {}),  # the profile was mended
        ({"rejected": 29_400}, {}, {}),  # what made it refuse was mended
        ({"misfit_receipts": 900}, {}, {}),  # of an earlier life of this account
        ({"misfit_receipts": 20_000, "in_doubt": 19_990}, {}, {}),  # these may settle whom a dead worker left
        ({"bound": 1}, {"troubles": (LinkTrouble("connecting", 1, 9.0),)}, {}),
        ({"bound": 1}, {"troubles": (LinkTrouble("refused:ESME_RALYBND", 1, 4.0),)}, {}),
        ({"held": 0, "bound": 0, "granted_tps": 0, "readings": ()}, {}, {"workers_for_s": 5.0}),
        ({"granted_tps": 0}, {"granted_tps": 0}, {"workers_for_s": 5.0}),
        ({}, {"refused": {0x0B: 900}}, {}),
        ({"usual_refused_share": 0.1}, {"refused": {0x0B: 3_000}}, {}),  # that carrier's usual
        ({}, {"slowed": {0x14: 390}}, {}),  # a full queue now and then
        ({"waiting": 0}, {"slowed": {0x58: 5_000}, "short_for_s": 30.0}, {}),  # it was too fast
        ({"waiting": 0, "accepted": 0}, {}, {"workers": 0}),
        ({"delivered": 0, "undeliverable": 0}, {}, {"segments": 2, "launched_for_s": 59.0}),
        ({"delivered": 0, "undeliverable": 0}, {}, {}),  # of one segment, and the resolver comes
        ({"unknown_states": ("SEEN",), "delivered": 0}, {"unknown_states": 19, "receipts": 19}, {}),
        ({"unknown_states": ("SEEN",)}, {"unknown_states": 800}, {}),
        ({"unknown_states": ("SEEN",), "delivered": 0}, {}, {}),  # a straggler of what was mended
        ({"unknown_states": ("SEEN",), "unknown": 900}, {}, {"finished": True}),
        ({}, {"unreadable": 900}, {}),
        ({"receipts_wait": True, "unresolved_s": 14.0}, {}, {}),  # a resolver has died, and is followed
        ({"receipts_wait": True, "unresolved_s": 99.0}, {}, {"launched_for_s": 14.0}),  # the first receipts ever
        ({"unresolved_s": 99.0, "resolver": False}, {}, {}),  # there is nothing to settle
        ({"receipts_wait": True, "unresolved_s": 99.0}, {}, {"finished": True}),
        ({}, {"commit_s": 1.9}, {}),  # the pace holds
        ({}, SHORT | {"commit_s": 0.5, "short_for_s": 9.0}, {}),
        ({}, {"disk_free": 11 * 10**9, "disk_size": 10**12}, {}),  # 1 % of much
        ({}, {"disk_free": 6 * 10**9, "disk_size": 10**11}, {}),
        ({}, {}, {"left_s": 190.0}),  # it may come out right
        ({"waiting": 19}, {}, {"left_s": 0.0}),
        ({}, {}, {"left_s": -1.0}),  # it is over, and who waits will be expired in a moment
        ({}, SHORT | {"short_for_s": 9.0}, {"left_s": 210.0}),  # slow since a moment ago
        ({"waiting": 0, "accepted": 0}, {}, {"lost_workers": 1}),
        ({"rejected": 29_400, "readings": ()}, {}, {"launched_for_s": 5.0}),  # which status is known in a moment
    ],
)  # fmt: skip
def test_what_is_well_is_left_alone(
    carrier: dict[str, Any], reading: dict[str, Any], figures: dict[str, Any]
) -> None:
    assert of(carrier, reading, **figures) == {}


@pytest.mark.parametrize(
    ("misfit_ago_s", "receipt_ago_s", "unresolved_s", "told"),
    [
        (60.0, 0.5, 1, 100),
        (600.0, 599.0, 0, 100),
        (600.0, None, 0, 100),
        (600.0, 1.0, 13.0, 100),
        (600.0, 1.0, 0, 0),
    ],
)
def test_a_profile_is_not_mended_until_receipts_fit(
    misfit_ago_s: float, receipt_ago_s: float | None, unresolved_s: float, told: int
) -> None:
    wrong = {"misfit_receipts": 9_000, "misfit_ago_s": misfit_ago_s, "undeliverable": 0, "delivered": told}
    found = of(wrong | {"unresolved_s": unresolved_s}, {"receipt_ago_s": receipt_ago_s})
    assert list(found) == [Code.RECEIPTS_MISFIT]


def test_a_state_that_nobody_knows_hides_no_silence() -> None:
    assert list(of({"unknown_states": ("SEEN",)}, SILENT)) == [Code.RECEIPTS_MISSING]


def test_the_gravest_goes_first() -> None:
    throttled = replace(CARRIER, carrier="a", readings=(replace(WELL, slowed={0x58: 5_000}),))
    wrong = replace(CARRIER, carrier="b", misfit_receipts=15_000, delivered=0)
    assert [each.carrier for each in diagnose(replace(SWING, carriers=(throttled, wrong)))] == ["b", "a"]


def test_one_worker_may_receive_what_another_sent() -> None:
    sends = replace(WELL, accepted_for_s=100.0, accepted_ago_s=0.1, receipt_ago_s=None)
    receives = replace(WELL, accepted_for_s=None, accepted_ago_s=None, receipt_ago_s=2.0)
    assert silent_for_s([sends]) == 100.0
    assert silent_for_s([sends, receives]) == 2.0
    assert silent_for_s([replace(sends, accepted_ago_s=3.0), receives]) is None
    assert silent_for_s([]) is None


# ---------------------------------------------------------------- properties

counts = st.integers(0, 10**7)
shares = st.floats(0, 1)
ages = st.none() | st.floats(0, 1e6)
statuses = st.dictionaries(st.integers(-1, 0xFFFFFFFF), counts, max_size=4)
troubles = st.builds(
    LinkTrouble,
    st.sampled_from(["connecting", "lost", "cannot", "refused:0xZZ"]),
    st.integers(1, 9),
    st.floats(0, 1e6),
)
readings = st.builds(
    LaneReading, granted_tps=counts, sent_tps=st.floats(0, 1e6), throttle_factor=shares, short_for_s=ages,
    starved_share=shares, window_full_share=shares, answered=counts, refused=statuses,
    slowed=statuses, receipts=counts, unreadable=counts, unknown_states=counts, accepted_for_s=ages,
    accepted_ago_s=ages, receipt_ago_s=ages, troubles=st.lists(troubles, max_size=2).map(tuple),
    sharing=st.lists(st.integers(1, 3), max_size=3, unique=True).map(tuple), commit_s=st.floats(0, 100),
    disk_full=st.booleans(), disk_free=st.none() | counts, disk_size=st.none() | counts,
)  # fmt: skip
carriers = st.builds(
    CarrierFigures, st.sampled_from(["viettel", "gmobile"]), tps=st.none() | counts, slots=counts, held=counts,
    bound=counts, granted_tps=counts, waiting=counts, in_doubt=counts, accepted=counts, unknown=counts, rejected=counts,
    undeliverable=counts, delivered=counts, misfit_receipts=counts,
    unknown_states=st.sampled_from([(), ("SEEN",)]), usual_receipt_s=ages, unresolved_s=st.floats(0, 1e9),
    receipts_wait=st.booleans(), resolver=st.booleans(), clash_share=shares,
    usual_refused_share=st.none() | shares, refusals=statuses, readings=st.lists(readings, max_size=3).map(tuple),
)  # fmt: skip
anything = st.builds(
    Figures, st.just("flood"), sending=st.booleans(), paused=st.booleans(), finished=st.booleans(),
    segments=st.integers(1, 5), launched_for_s=st.floats(0, 1e6), workers=st.integers(0, 3),
    workers_for_s=st.floats(0, 1e6), lost_workers=st.integers(0, 3), left_s=st.none() | st.floats(-9, 1e6),
    carriers=st.lists(carriers, max_size=2, unique_by=lambda c: c.carrier).map(tuple),
)  # fmt: skip


@settings(deadline=None)
@given(anything)
def test_whatever_the_figures_are_each_thing_is_said_once_in_a_line(figures: Figures) -> None:
    found = diagnose(figures)
    assert len({(each.code, each.carrier) for each in found}) == len(found)
    assert all("\n" not in str(each) and each.sentence and "  " not in str(each) for each in found)
    for at, each in enumerate(found):
        assert not any(explains(later, each) for later in found[at:])
    whole = [each for each in found if each.code not in EXPLAINED_BY]
    whole = [each for each in whole if not any(explains(each, other) for other in found)]
    assert [each.grave for each in whole] == sorted((each.grave for each in whole), reverse=True)
    assert merged([found, found]) == found


@settings(deadline=None)
@given(
    tps=st.integers(1, 20_000),
    launched_s=st.floats(0, 7200),
    left=shares,
    delay_s=st.floats(0, 30),
    misfit_share=st.floats(0, 0.04),
    refused_share=st.floats(0, 0.04),
    pace=st.floats(0.9, 1.06),
    segments=st.integers(1, 5),
    unresolved_s=st.floats(0, 14),
    commit_s=st.floats(0, 1.9),
)
def test_a_carrier_that_is_well_is_left_alone_from_its_first_second_to_its_last(
    tps: int, launched_s: float, left: float, delay_s: float, misfit_share: float, refused_share: float, pace: float,
    segments: int, unresolved_s: float, commit_s: float,
) -> None:  # fmt: skip
    sent = int(tps * launched_s * pace / segments)
    answered, rejected = int(min(sent, 43 * tps)), int(sent * refused_share)
    told = int((sent - rejected) * max(0.0, launched_s - delay_s) / max(launched_s, 1e-9))
    reading = LaneReading(
        granted_tps=tps, sent_tps=tps * pace, answered=answered,
        refused={0x0B: int(answered * refused_share)}, slowed={0x14: int(answered * 0.01)},
        receipts=min(told, 43 * tps), accepted_for_s=min(launched_s, delay_s), accepted_ago_s=0.0,
        receipt_ago_s=0.0 if told else None, commit_s=commit_s, disk_free=60 * 10**9, disk_size=10**12,
    )  # fmt: skip
    carrier = CarrierFigures(
        "viettel", tps=tps, slots=2, held=2, bound=2, granted_tps=tps, waiting=int(sent * left), rejected=rejected,
        accepted=sent - rejected - told, delivered=told, misfit_receipts=int(told * segments * misfit_share),
        readings=(reading,), receipts_wait=True, unresolved_s=unresolved_s,
    )  # fmt: skip
    figures = Figures(
        "flood", sending=True, segments=segments, launched_for_s=launched_s, workers=1, workers_for_s=launched_s,
        carriers=(carrier,), left_s=carrier.waiting * segments / tps,
    )  # fmt: skip
    assert diagnose(figures) == ()
