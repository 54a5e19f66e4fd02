"""The HTML report: complete, self-contained, and nobody's text is markup in it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from broadcast.audience.subscribers import PastImport
from broadcast.campaign.campaigns import Campaign, CampaignEvent
from broadcast.campaign.lifecycle import CampaignState
from broadcast.diagnosis.finding import Code, Finding
from broadcast.languages import _, term
from broadcast.ledger.books import Doubt
from broadcast.ledger.states import RecipientState
from broadcast.reports.audit import AuditResult
from broadcast.reports.charts import delay_chart, rate_chart, states_chart
from broadcast.reports.differences import Difference
from broadcast.reports.document import document
from broadcast.reports.everything import refusals
from broadcast.reports.page import render
from broadcast.reports.pauses import Steadiness
from broadcast.reports.progress import CarrierProgress, Progress
from broadcast.reports.received import Misfit, Oddity
from broadcast.reports.report import Reason, Report, Times

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BALANCED = AuditResult(True, 113, 113, (), ())


def states(**counts: int) -> dict[str, int]:
    return {state.column: 0 for state in RecipientState} | counts


@pytest.fixture
def found() -> Report:
    campaign = Campaign(
        campaign_id=1, name="<wash>", category="health", priority=5, sender="BOYTE",
        text="Rửa tay <script>x</script>", alphabet="ucs2", carriers=("viettel", "gmobile"),
        in_doubt_policy="hold", grace_s=30, expires_at=AT, state=CampaignState.FINISHED, drafted_by="an",
        drafted_at=AT, hears_opted_out=False, approved_by="binh", approved_at=AT, approved_hash=b"", launched_by="binh",
        launched_at=AT, finished_at=AT, audience=113, segments=4,
    )  # fmt: skip
    viettel = CarrierProgress("viettel", 100, 1, 440, states(delivered=100, undeliverable=10))
    gmobile = CarrierProgress("gmobile", None, 0, 0, states(excluded=3))
    return Report(
        campaign=campaign,
        took_s=75.0,
        progress=Progress(AT, "finished", True, True, 4, 0, (viettel, gmobile)),
        exclusions=(Reason("gmobile", "excluded", "not_connected", 3),),
        failures=(Reason("viettel", "undeliverable", "<012>", 10),),
        doubts=(Doubt("viettel", "worker_lost", None, 1),),
        oddities=(Oddity("viettel", "receipt_state", "SEEN&", 12, AT, AT),),
        imports=(PastImport(1, "people.csv", AT, AT, 120, 113, 0, 4, {"landline": 3}, {}),),
        events=(CampaignEvent(AT, "an", "drafted", {"hash": "00"}),),
        times=Times(1.0, {"viettel": {0: 60, 9: 50}}, {"viettel": {2: 100, 7: 10}}),
        steadiness={"viettel": Steadiness(0.9449, 2.25)},
    )


def test_how_steadily_each_carrier_was_sent_to(found: Report) -> None:
    page = render(found, BALANCED)
    viettel, gmobile, everybody, *_ = re.findall(
        r"<tr[^>]*><td>(?:viettel|gmobile|all)</td>.*?</tr>", page, re.DOTALL
    )
    assert "<td>94 %</td>\n<td>2.2 s</td>" in viettel
    assert "<td>-</td>\n<td>-</td>" in gmobile and "<td>-</td>\n<td>-</td>" in everybody


def test_it_is_self_contained_and_well_formed(found: Report) -> None:
    page = render(found, BALANCED)
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page)) - {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
    }  # fmt: skip
    assert {address for address in addresses if "pygal" not in address} == set()
    assert not re.search(r"(?:src|href)=\"(?!#)", page.replace("xlink:href", "href"))
    assert page.count("<svg") == 3
    for chart in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(chart)


def test_what_people_wrote_is_text(found: Report) -> None:
    page = render(found, BALANCED)
    assert "&lt;wash&gt;" in page
    assert "Rửa tay &lt;script&gt;x&lt;/script&gt;" in page
    assert "&lt;012&gt;" in page
    assert "SEEN&amp;" in page


def test_what_fitted_nothing_is_told_with_the_way_out(found: Report) -> None:
    unfit = (Misfit("viettel", "clash", 1_200, AT, AT), Misfit("viettel", "unknown", 3, AT, AT))
    assert "Receipts that fitted nothing" not in render(found, BALANCED)
    page = render(replace(found, misfits=unfit), BALANCED)
    assert "1,203 receipts fitted nothing when they came: 1,200 without a number" in page
    assert "3 with an id that no message has (yet)" in page
    assert "ask the carrier for receipts that name the number" in page
    (told,) = document(replace(found, misfits=unfit[1:]), BALANCED)["misfits"]
    assert told["reasons"] == {"unknown": 3}
    assert "broadcast carrier check viettel --to YOUR_NUMBER" in told["to_do"]


def test_what_others_wrote_turns_nothing(found: Report) -> None:
    campaign = replace(found.campaign, text="pay\u202e now\nor never", drafted_by="an\u2066")
    imports = (replace(found.imports[0], source="a\u202e\x1b.csv"),)
    page = render(replace(found, campaign=campaign, imports=imports, oddities=()), BALANCED)
    assert not set("\u202e\u2066\x1b") & set(page)
    assert "<blockquote>pay\\u202e now\nor never</blockquote>" in page
    assert "a\\u202e\\u001b.csv" in page
    assert "an\\u2066" in page


def test_figures(found: Report) -> None:
    page = render(found, BALANCED)
    assert "1 min 15 s from launch" in page
    assert re.search(r"<b>113</b>recipients", page)
    assert re.search(r'<b class="good">balanced</b>', page)
    assert "landline 3" in page
    assert "still is" in page
    odd = render(found, AuditResult(False, 113, 112, (), (Difference("one is missing", 1, "a row is gone"),)))
    assert "NOT balanced" in odd
    assert "one is missing" in odd


def test_the_document(found: Report) -> None:
    said = document(found, BALANCED)
    assert said["total"]["audience"] == 113
    assert list(said["campaign"]) == [
        "campaign_id", "name", "category", "priority", "sender", "text", "alphabet", "in_doubt_policy", "state",
        "status", "hearers", "languages",
        "drafted_by", "drafted_at", "approved_by", "approved_at", "launched_by", "launched_at", "finished_at",
        "expires_at", "audience", "segments", "took_s",
    ]  # fmt: skip
    assert said["events"] == [{"at": AT, "actor": "an", "event": "drafted"}]
    viettel = said["carriers"][0]
    assert viettel["segments_per_second"] == 44.0  # 440 in 10 steps of a second
    assert (viettel["receipts_half_within_s"], viettel["receipts_95_percent_within_s"]) == (2, 7)
    assert said["carriers"][1]["segments_per_second"] is None
    assert said["imports"][0] == {
        "source": "people.csv", "finished_at": AT, "lines": 120, "imported": 113, "updated": 0,
        "duplicate": 4, "refused": 3, "refused_by_reason": {"landline": 3},
    }  # fmt: skip


def test_an_exercise_and_a_training_database_are_marked(found: Report) -> None:
    assert 'class="mark"' not in render(found, BALANCED)
    exercise = replace(found, training=True, campaign=replace(found.campaign, status="exercise"))
    page = render(exercise, BALANCED)
    assert "<title>TRAINING, EXERCISE: " in page
    assert [page.count(f'<p class="mark">{mark}</p>') for mark in ("TRAINING", "EXERCISE")] == [1, 1]
    assert document(exercise, BALANCED)["training"] is True


def test_charts_of_a_campaign_that_sent_nothing(found: Report) -> None:
    nothing = replace(found, times=Times(1.0, {}, {}))
    assert (rate_chart(nothing), delay_chart(nothing)) == ("", "")
    assert "gmobile" in states_chart(nothing)
    assert render(nothing, BALANCED).count("<svg") == 1


def test_what_is_wrong_stands_at_the_top(found: Report) -> None:
    wrong = Finding(Code.CANNOT_SEND, "viettel", True, "it is <too> long", "broadcast carrier check viettel")
    page = render(found, BALANCED, [wrong])
    assert page.index("What is wrong") < page.index("What was said")
    assert (
        "<b>viettel</b>: it is &lt;too&gt; long<br>run <code>broadcast carrier check viettel</code>" in page
    )
    assert "What is wrong" not in render(found, BALANCED)


def test_refusals_by_status(found: Report) -> None:
    reasons = (
        "status:ESME_RTHROTTLED",
        "status:ESME_RTHROTTLED after 5 retries",
        "status:0x000004A1",
        "status:0xZZ",
        "1",
    )
    failures = tuple(Reason("viettel", "rejected", reason, 10) for reason in reasons)
    assert refusals(replace(found, failures=failures)) == {"viettel": {0x58: 20, 0x4A1: 10}}


def test_it_speaks_another_language_throughout(found: Report, vietnamese: None) -> None:
    """No text of the page is one that the catalogue would say otherwise."""
    misfit = Misfit("viettel", "clash", 12, AT, AT)
    wrong = Finding(
        Code.PAUSED, "", False, _("paused: {waiting:,} wait and nothing is sent", waiting=1200), ""
    )
    page = render(replace(found, misfits=(misfit,)), BALANCED, [wrong])
    assert '<html lang="vi">' in page
    body = page.partition("</style>")[2]
    said = [text.strip() for text in re.findall(r">([^<>]+)<", body) if any(map(str.isalpha, text))]
    assert [text for text in said if (_(text), term(text)) != (text, text)] == []
    assert "1.200" in page
