"""The board's document: of every value that it is made of, plain, and nothing of people or texts."""

import json
from datetime import UTC, datetime

from broadcast.config import Contact
from broadcast.diagnosis.finding import Code, Finding, in_all_languages
from broadcast.ids import CampaignId
from broadcast.languages import _, answering, for_everybody
from broadcast.reports.nation import NOBODY, Audited, CampaignNow, CarrierNow, LedgerNow, Nation
from broadcast.web.document import AreaReached, Beside, Details, Draft, Failure, Pause, Point, document

AT = datetime(2026, 11, 30, 8, tzinfo=UTC)
STATES = {**NOBODY, "waiting": 3, "delivered": 5, "excluded": 2}
FOUND = Finding(Code.BINDS_DOWN, "viettel", True, "said", "broadcast carrier show viettel")


def campaign() -> CampaignNow:
    return CampaignNow(
        CampaignId(7), "flood", "running", "actual", "emergency", 9, 10, {"viettel": STATES}, AT, AT,
        audited=Audited(0, AT), findings=(FOUND,),
    )  # fmt: skip


def test_everything_is_there_and_plain() -> None:
    details = Details(
        (Point(AT, 7, 5),), (Pause(AT, None, "paused"),), (AreaReached("01", "Hà Nội", 5, 4),),
        (Failure("rejected", "status:0x0000000B", 1),), 10, True,
    )  # fmt: skip
    draft = Draft(CampaignId(8), "next", "draft", "actual", "health", "an", AT, AT)
    contacts = (Contact("NOC", "1800", "viettel"),)
    nation = Nation(
        AT,
        (campaign(),),
        (CarrierNow("viettel", STATES, 1000, 900, 10.04, 2, 3),),
        (LedgerNow("", True, True),),
    )
    beside = Beside("Vietnam", False, (draft,), contacts, {CampaignId(7): details})
    said = json.loads(json.dumps(document(nation, beside)))
    (one,) = said["campaigns"]
    assert one["states"] == STATES and one["sent"] == 5 and one["to_send"] == 8
    assert one["balance"] == {"differences": 0, "at": AT.isoformat()}
    assert one["curve"] == [{"at": AT.isoformat(), "sent": 7, "delivered": 5}]
    assert one["pauses"] == [{"from": AT.isoformat(), "to": None, "reason": "paused", "carrier": None}]
    assert one["areas"] == [{"code": "01", "name": "Hà Nội", "people": 5, "reached": 4}]
    assert one["failures"] == [{"state": "rejected", "reason": "status:0x0000000B", "count": 1}]
    assert one["asked"] == {"people": 10, "whole": True, "nameless": False, "away": False}
    assert one["findings"] == [
        {
            "code": "binds_down",
            "carrier": "viettel",
            "grave": True,
            "sentence": {"en": "said"},
            "run": FOUND.command,
        }
    ]
    assert said["carriers"][0]["links"] == {"bound": 2, "wanted": 3} and said["carriers"][0]["used"] == 10.0
    assert said["contacts"] == [{"who": "NOC", "how": "1800", "carrier": "viettel"}]
    assert said["drafts"][0]["id"] == 8 and said["country"] == "Vietnam"


def test_who_has_no_details_has_none() -> None:
    (one,) = document(Nation(AT, (campaign(),)), Beside())["campaigns"]
    assert one["curve"] == [] and one["areas"] == [] and one["asked"]["people"] == 0


def test_findings_have_a_sentence_in_each_language_where_everybody_reads_them() -> None:
    @in_all_languages
    def judge(binds: int) -> tuple[Finding, ...]:
        return (
            Finding(
                Code.BINDS_DOWN, "viettel", True, _("no worker is alive, start some with `broadcast up`"), ""
            ),
        )

    assert judge(1)[0].sentences == {}
    with for_everybody():
        (found,) = judge(1)
    assert set(found.sentences) == {"en", "vi"} and found.sentences["en"] == found.sentence
    assert found.sentences["vi"] != found.sentence
    with answering("vi"):
        assert judge(1)[0].sentence == found.sentences["vi"]
