"""What is said of a campaign under way, from progress that is made up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from unit.reports.moments import START, line, moment

from broadcast.diagnosis.finding import Code, Finding
from broadcast.reports.rates import Rates
from broadcast.reports.watch import Told, headline, moment_document


@pytest.mark.parametrize(
    ("state", "workers", "said"),
    [
        ("approved", 2, "approved: not launched yet"),
        ("running", 1, "running: 1 worker"),
        ("running", 3, "running: 3 workers"),
        ("running", 0, "running: no worker is alive, start some with `broadcast up`"),
        ("cancelled", 0, "cancelled"),
        ("finished", 0, "finished"),
    ],
)
def test_headline(state: str, workers: int, said: str) -> None:
    assert headline(moment(0, state=state, workers=workers)) == said


def test_ledgers_that_do_not_answer_or_know_nothing_of_it_are_named() -> None:
    said = headline(replace(moment(0, state="running", workers=1), away=("north",), lost=("south",)))
    assert said == (
        "running: 1 worker; ledger north cannot be reached: its carriers are as they were; ledger south was set back "
        "to before this campaign's launch and has nothing of it: `broadcast campaign cancel` ends it"
    )


def test_a_moment_as_a_document() -> None:
    rates = Rates()
    now = moment(0, line("viettel", 400, 3, waiting=2, delivered=1))
    rates.look(now)
    document = moment_document(now, rates)
    assert (document["state"], document["workers"]) == ("running", 2)
    assert document["carriers"][0]["sent"] == 1
    assert document["total"]["left_s"] is None
    assert document["total"]["delivered"] == 1


def test_what_is_wrong_is_told_at_once_and_again_now_and_then() -> None:
    wrong = Finding(
        Code.RECEIPTS_MISFIT, "viettel", True, "20 receipts fit no submission", "broadcast carrier check"
    )
    more = replace(wrong, sentence="90 receipts fit no submission")
    told = Told()
    assert told.news(START, []) == []
    assert told.news(START, [wrong]) == [str(wrong)]
    assert told.news(START + timedelta(seconds=59), [more]) == []
    assert told.news(START + timedelta(seconds=60), [more]) == [str(more)]
    assert told.news(START + timedelta(seconds=61), []) == []
    assert told.news(START + timedelta(seconds=62), [more]) == [str(more)]


def test_json_has_the_findings() -> None:
    wrong = Finding(Code.NO_WORKER, "", True, "no worker is alive", "broadcast up")
    (found,) = moment_document(moment(0), Rates(), [wrong])["findings"]
    assert found == {
        "code": "no_worker", "carrier": None, "grave": True, "sentence": "no worker is alive",
        "run": "broadcast up", "line": "no worker is alive; run `broadcast up`",
    }  # fmt: skip
