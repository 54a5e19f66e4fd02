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
        ({"misfit_receipts": 2_000, "clash_share": 0.8}, {}, {}, Code.RECEIPTS_MISFIT,
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
        ({}, SHORT, {}, Code.SLOW,
         "viettel: 200 of 500 segments/s, and the carrier is not why: the machine of the worker or the database is the "
         "limit; run `broadcast db status`"),
        ({}, {}, {"paused": True, "sending": False}, Code.PAUSED,
         "paused: 100,000 wait and nothing is sent; run `broadcast campaign resume flood`"),
        ({}, {}, {"quiet_until": datetime(2026, 11, 30, 7, 0, tzinfo=UTC), "law": "Act 1"}, Code.QUIET,
         "quiet hours until 07:00 (Act 1): 100,000 wait, and it goes on by itself"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_else(
    carrier: dict[str, Any], reading: dict[str, Any], figures: dict[str, Any], code: Code, said: str
) -> None:
    assert of(carrier, reading, **figures) == {code: said}


def test_every_code_is_in_the_table() -> None:
    (table,) = (each for each in test_what_is_wrong_is_said_and_nothing_else.pytestmark)  # type: ignore[attr-defined]
    assert {row[3] for row in table.args[1]} == set(Code)


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
)  # fmt: skip
carriers = st.builds(
    CarrierFigures, st.sampled_from(["viettel", "gmobile"]), tps=st.none() | counts, slots=counts, held=counts,
    bound=counts, granted_tps=counts, waiting=counts, in_doubt=counts, accepted=counts, unknown=counts, rejected=counts,
    undeliverable=counts, delivered=counts, misfit_receipts=counts,
    unknown_states=st.sampled_from([(), ("SEEN",)]), usual_receipt_s=ages,
    usual_refused_share=st.none() | shares, refusals=statuses, readings=st.lists(readings, max_size=3).map(tuple),
)  # fmt: skip
anything = st.builds(
    Figures, st.just("flood"), sending=st.booleans(), paused=st.booleans(), finished=st.booleans(),
    segments=st.integers(1, 5), launched_for_s=st.floats(0, 1e6), workers=st.integers(0, 3),
    workers_for_s=st.floats(0, 1e6), carriers=st.lists(carriers, max_size=2, unique_by=lambda c: c.carrier).map(tuple),
)  # fmt: skip


@settings(deadline=None)
@given(anything)
def test_whatever_the_figures_are_each_thing_is_said_once_in_a_line(figures: Figures) -> None:
    found = diagnose(figures)
    assert len({(each.code, each.carrier) for each in found}) == len(found)
    assert all("\n" not in str(each) and each.sentence and "  " not in str(each) for each in found)
    assert [each.grave for each in found] == sorted((each.grave for each in found), reverse=True)


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
)
def test_a_carrier_that_is_well_is_left_alone_from_its_first_second_to_its_last(
    tps: int, launched_s: float, left: float, delay_s: float, misfit_share: float, refused_share: float, pace: float,
    segments: int,
) -> None:  # fmt: skip
    sent = int(tps * launched_s * pace / segments)
    answered, rejected = int(min(sent, 43 * tps)), int(sent * refused_share)
    told = int((sent - rejected) * max(0.0, launched_s - delay_s) / max(launched_s, 1e-9))
    reading = LaneReading(
        granted_tps=tps, sent_tps=tps * pace, answered=answered,
        refused={0x0B: int(answered * refused_share)}, slowed={0x14: int(answered * 0.01)},
        receipts=min(told, 43 * tps), accepted_for_s=min(launched_s, delay_s), accepted_ago_s=0.0,
        receipt_ago_s=0.0 if told else None,
    )  # fmt: skip
    carrier = CarrierFigures(
        "viettel", tps=tps, slots=2, held=2, bound=2, granted_tps=tps, waiting=int(sent * left), rejected=rejected,
        accepted=sent - rejected - told, delivered=told, misfit_receipts=int(told * segments * misfit_share),
        readings=(reading,),
    )  # fmt: skip
    figures = Figures(
        "flood", sending=True, segments=segments, launched_for_s=launched_s, workers=1, workers_for_s=launched_s,
        carriers=(carrier,),
    )  # fmt: skip
    assert diagnose(figures) == ()
