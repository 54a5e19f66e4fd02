"""What a forecast, a launch and an invoice say of time and money, as an operator types it, against a real database."""

import asyncio
import json
from pathlib import Path
from unittest.mock import ANY

import asyncpg
import pytest
from acting import acting
from integration.test_cli_campaign import CONFIG, PEOPLE, Desk

from broadcast.actions.launch import launch
from broadcast.actions.session import Session
from broadcast.cli.main import main
from broadcast.config.files import load
from broadcast.errors import RefusedError
from broadcast.store.pool import connect

MONEY = (
    CONFIG.replace("tps = 50", 'tps = 50\nprice = { currency = "VND", segment = "312.50" }')
    + '\n[budget]\namount = "50000"\ncurrency = "VND"\n'
)
TEXT = "Bộ Y tế: " + "rửa tay. " * 10  # two segments, in plain letters one


@pytest.fixture
def desk(
    database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    made = Desk.of(tmp_path, monkeypatch, capsys, {"site.toml": MONEY, "people.csv": PEOPLE})
    made("subscriber", "import", "people.csv")
    return made


def launched(desk: Desk, name: str, *draft: str, code: int = 0) -> str:
    desk("campaign", "draft", name, "--text", TEXT, *draft)
    desk("campaign", "approve", name, "--as", "binh", *desk.content(name))
    return desk("campaign", "launch", name, code=code)


def test_the_forecast_says_when_and_for_how_much(desk: Desk) -> None:
    desk("campaign", "draft", "hands", "--text", TEXT, "--expires", "6h")
    found = desk.json("campaign", "forecast", "hands")
    viettel = next(each for each in found["ways"][0]["carriers"] if each["carrier"] == "viettel")
    assert (viettel["cost"], viettel["currency"], viettel["reach"]) == ("18750.00", "VND", None)
    assert found["ways"][0]["costs"] == {"VND": "18750.00"}
    assert found["ways"][0]["unpriced"] == ["mobifone"]
    assert found["ways"][0]["unlearnt"] == ["mobifone", "viettel"]
    assert found["ways"][0]["sent"]["half"] < found["ways"][0]["sent"]["last"]
    assert found["ways"][0]["delivered"]["half"] is None
    assert found["verdict"] == {"problems": [], "ways_out": []}
    assert (found["budget"]["left"], found["budget"]["spent"]) == ("50000", "0")
    shown = desk("campaign", "forecast", "hands")
    for words in (
        "cost: 18,750 VND; for comparison 9,375 VND",
        "50% there",
        "without a price, and not in the cost",
    ):
        assert words in shown
    assert "not known yet how soon receipts come, and left out of `there`: mobifone, viettel" in shown
    assert "budget of this month: 50,000 VND; spent 0 VND" in shown


def test_how_soon_receipts_came_before_says_when_it_is_there(desk: Desk, database_env: str) -> None:
    async def note() -> None:
        conn = await asyncpg.connect(database_env)
        await conn.execute(
            "INSERT INTO handset_time (campaign_id, carrier_no, launched_at, final, known, within)"
            " SELECT 1, carrier_no, now(), true, 100, $1::jsonb FROM carrier WHERE name = 'viettel'",
            json.dumps({"30": 80}),
        )
        await conn.close()

    asyncio.run(note())
    desk("campaign", "draft", "hands", "--text", TEXT)
    found = desk.json("campaign", "forecast", "hands")["ways"][0]
    assert found["unlearnt"] == ["mobifone"]
    assert found["delivered"]["half"] > found["sent"]["last"]
    assert "80.0%" in desk("campaign", "forecast", "hands")


def test_what_ends_too_late_is_refused_with_the_ways_out(desk: Desk) -> None:
    Path("site.toml").write_text(MONEY.replace("tps = 50", "tps = 1"), encoding="utf-8")
    error = launched(desk, "late", "--expires", "45s", code=3)
    assert "viettel would be done at" in error
    assert "--plain`: " in error
    assert "2 TPS at viettel" in error
    assert "people at viettel instead of 30" in error
    assert "--expires 20" in error
    assert "its launch would be refused:" in desk("campaign", "forecast", "late")
    # nothing of it is there, and the same with more time is launched
    assert desk.json("campaign", "show", "late")["campaign"]["state"] == "approved"
    desk("campaign", "edit", "late", "--expires", "2h")
    desk("campaign", "approve", "late", "--as", "binh", *desk.content("late"))
    assert "late is launched" in desk("campaign", "launch", "late")


def test_an_emergency_is_launched_all_the_same_and_whoever_does_is_told(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("site.toml").write_text(MONEY.replace("tps = 50", "tps = 1"), encoding="utf-8")
    desk("campaign", "draft", "now", "--text", TEXT, "--expires", "45s", "--category", "emergency")
    desk("campaign", "approve", "now", "--as", "binh", *desk.content("now"))
    with pytest.raises(SystemExit) as ended:
        desk_main(desk, "campaign", "launch", "now")
    out, err = capsys.readouterr()
    assert ended.value.code == 0
    assert "now is launched" in out
    assert "WARNING: it is launched all the same: viettel would be done at" in err


def desk_main(desk: Desk, *words: str) -> None:
    from broadcast.cli.main import main

    main(["--config", "site.toml", *words])


def test_a_launch_past_the_budget_is_refused_and_what_runs_is_committed(desk: Desk) -> None:
    launched(desk, "first", "--expires", "6h")
    found = desk.json("budget")
    assert (found["spent"], found["committed"], found["left"]) == ("0.00", "18750.00", "31250.00")
    launched(desk, "second", "--expires", "6h")
    error = launched(desk, "third", "--expires", "6h", code=3)
    assert "it would cost 18,750 VND, which is 6,250 VND more than the budget of this month has left" in error
    assert "plain letters: `broadcast campaign edit third --plain`: 9,375 VND" in error
    assert "the next budget, from" in error
    desk("campaign", "cancel", "second")
    desk("campaign", "launch", "third")
    assert "not in it, without a price in VND: mobifone" in desk("budget")


def test_two_launches_at_once_do_not_spend_the_same_budget_twice(desk: Desk, database_env: str) -> None:
    """The second looks at what is left once the first runs."""

    async def both() -> list[str]:
        conns = [await connect(database_env) for _each in range(2)]
        sessions = [Session(conn, load([Path("site.toml")])) for conn in conns]

        async def one(session: Session, name: str) -> str:
            try:
                async with acting(session.connection, "an"):
                    await launch(session, name)
            except RefusedError as error:
                return str(error)
            return ""

        said = await asyncio.gather(*map(one, sessions, ("first", "second")))
        for conn in conns:
            await conn.close()
        return said

    Path("site.toml").write_text(MONEY.replace('"50000"', '"20000"'), encoding="utf-8")
    for name in ("first", "second"):
        desk("campaign", "draft", name, "--text", TEXT, "--expires", "6h")
        desk("campaign", "approve", name, "--as", "binh", *desk.content(name))
    launched_one, refused = sorted(asyncio.run(both()))
    assert launched_one == ""
    assert "more than the budget of this month has left" in refused


def test_what_was_foreseen_is_kept_and_shown_by_the_report(desk: Desk) -> None:
    launched(desk, "hands", "--expires", "6h")
    desk("campaign", "report", "hands", "--html", "page.html", "--forecast", "forecast.csv")
    (line,) = [
        each for each in desk.json("campaign", "report", "hands")["forecast"] if each["carrier"] == "viettel"
    ]
    assert line["segments"] == {"foreseen": 60, "fact": 0}
    assert line["cost"] == {"foreseen": "18750.00", "fact": "0.00", "currency": "VND"}
    assert line["sent_last"]["foreseen"] and line["sent_last"]["fact"] is None
    assert "Forecast and fact" in desk("campaign", "report", "hands")
    assert "18,750 VND" in Path("page.html").read_text(encoding="utf-8")
    assert "viettel,segments,60,0," in Path("forecast.csv").read_text(encoding="utf-8")


def test_an_invoice_is_compared_with_what_was_accepted(desk: Desk) -> None:
    launched(desk, "hands", "--expires", "6h")
    Path("invoice.csv").write_text("MT,day\n3,2026-11-03\n", encoding="utf-8")
    words = ("carrier", "invoice", "viettel", "invoice.csv", "--month", "2026-11")
    assert "neither segments nor numbers" in desk(*words, code=2)
    for month in ("x", "9999-12", "0001-01", "2026-13"):
        assert f"--month {month}: write 2026-11" in desk(*words[:-1], month, code=2)
    assert "no carrier acme" in desk(
        "carrier", "invoice", "acme", *words[3:], "--column", "segments=MT", code=2
    )
    assert "sums alone" in desk(*words, "--column", "segments=MT", "--numbers", "n.csv", code=2)
    Path("invoice.csv").write_text("msisdn,MT\n0961234567,2\n0961234568,1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="1"):  # it says two lines: what it wrote, and that they differ
        main(["--config", "site.toml", *words, "--column", "segments=MT", "--numbers", "n.csv"])
    assert Path("n.csv").read_text(encoding="utf-8").count("8496123456") == 2
    read = [each["details"] for each in desk.json("audit", "log") if each["what"] == "numbers read"]
    assert read == [{"read": "invoice", "numbers": 2}]


def test_a_report_compares_what_is_billed_for_its_alert(desk: Desk) -> None:
    launched(desk, "hands", "--expires", "6h")
    Path("other.csv").write_text("campaign;segments\nflood;9\n", encoding="utf-8")
    assert desk.json("campaign", "report", "hands", "--invoice", "viettel=other.csv")["invoices"] == {
        "viettel": {"lines": [], "total": ANY}
    }
    Path("more.csv").write_text("alert;MT;day\nhands;3;2026-11-03\nflood;9;2026-10-03\n", encoding="utf-8")
    words = ("campaign", "report", "hands", "--invoice", "viettel=more.csv", "--column", "segments=MT")
    assert "the invoice of viettel" in desk(*words, "--column", "campaign=alert", code=1)
    assert "the alert had no carrier acme" in desk(*words[:3], "--invoice", "acme=more.csv", code=2)
    assert "write CARRIER=FILE" in desk(*words[:3], "--invoice", "more.csv", code=2)
    assert "cannot read none.csv" in desk(*words[:3], "--invoice", "viettel=none.csv", code=2)


def test_there_may_be_no_budget(desk: Desk) -> None:
    Path("site.toml").write_text(CONFIG, encoding="utf-8")
    assert "there is no budget" in desk("budget", code=2)
    desk("campaign", "draft", "hands", "--text", TEXT)
    assert desk.json("campaign", "forecast", "hands")["budget"] is None


@pytest.mark.parametrize("price", ["312.5", '"-1"', '"1e3"', "true", '"312,50"'])
def test_a_price_is_no_binary_fraction(desk: Desk, price: str) -> None:
    Path("site.toml").write_text(MONEY.replace('"312.50"', price), encoding="utf-8")
    assert "carriers.viettel.price.segment must be a whole number, or a decimal in quotes" in desk(
        "budget", code=2
    )
