"""The report, the watcher and the audit of a small campaign whose rows are written by hand."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import openpyxl
import pytest
from click.testing import CliRunner, Result
from integration.packed_rows import (
    ACCEPTED,
    DELIVERED,
    EXPIRED,
    IN_DOUBT,
    REJECTED,
    UNDELIVERABLE,
    WAITING,
    Person,
    us,
    write_slice,
)
from integration.reported import report

from broadcast.cli.main import broadcast
from broadcast.errors import AuditError, BroadcastError, InputError, LedgerError
from broadcast.languages import choose
from broadcast.reports.audit import audit
from broadcast.reports.progress import progress
from broadcast.reports.recipients import recipients

LAUNCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TALLY_COLUMNS = "waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable, delivered, excluded"


@pytest.fixture
async def campaign_id(conn: asyncpg.Connection) -> int:
    """`wash-hands`, finished: 10 recipients at viettel, 3 at a carrier that is not connected.

    viettel: 4 delivered, 1 undeliverable, 1 rejected, 1 expired unsent, 1 resent after doubt and delivered,
    2 left out.
    """
    await conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 100), ('gmobile', NULL)")
    number: int = await conn.fetchval(
        """INSERT INTO campaign
                  (name, category, priority, sender, text, alphabet, carriers, hears_opted_out,
                   in_doubt_policy, grace_s, expires_at, state, drafted_by, drafted_at, approved_by, approved_at,
                   launched_by, launched_at, finished_at, audience, segments)
           VALUES ('wash-hands', 'health', 5, 'BOYTE', 'Rửa tay <b>thường xuyên</b>', 'ucs2',
                   '{viettel,gmobile}', false, 'resend', 30, $1::timestamptz + interval '1 hour', 'finished', 'an',
                   $1, 'binh', $1, 'binh', $1, $1::timestamptz + interval '90 seconds', 13, 1)
           RETURNING campaign_id""",
        LAUNCH,
    )
    ends = [(DELIVERED, "000", 1), (DELIVERED, "000", 2), (DELIVERED, "000", 2), (DELIVERED, "000", 9),
            (UNDELIVERABLE, "012", 3)]  # fmt: skip
    people = [
        ended(84320000000 + ordinal, state, err, LAUNCH + timedelta(seconds=ordinal), delay)
        for ordinal, (state, err, delay) in enumerate(ends)
    ]
    people += [
        Person(84320000005, REJECTED, err="status:11", settled_at=us(LAUNCH)),
        Person(84320000006, DELIVERED, settled_at=us(LAUNCH), doubt="resent"),
        Person(84320000007, EXPIRED),
    ]
    await write_slice(conn, number, 1, people, "expired")
    await write_slice(
        conn, number, 1, [ended(84320000006, DELIVERED, "000", LAUNCH + timedelta(seconds=60), 1)]
    )
    await conn.execute(
        """INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns)
           VALUES ($1, 1, 'opted_out', '{84320000008,84320000009}'),
                  ($1, 2, 'not_connected', '{84590000000,84590000001,84590000002}')""",
        number,
    )
    await conn.execute(
        f"""INSERT INTO tally (campaign_id, carrier_no, shard, segments, {TALLY_COLUMNS})
            VALUES ($1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2), ($1, 1, 7, 6, -1, 0, 0, 0, 1, 1, 1, 5, 0),
                   ($1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3)""",
        number,
    )
    await conn.execute(
        """INSERT INTO subscriber_import
                  (source, started_at, finished_at, lines, imported, updated, duplicate, refused)
           VALUES ('people.csv', $1, $1, 20, 13, 0, 3, '{"landline": 3, "foreign": 1}')""",
        LAUNCH - timedelta(hours=1),
    )
    await conn.execute(
        "INSERT INTO campaign_event (campaign_id, at, actor, event) VALUES ($1, $2, 'an', 'drafted')",
        number,
        LAUNCH,
    )
    return number


def ended(msisdn: int, state: int, err: str, submitted_at: datetime, delay_s: int) -> Person:
    at = us(submitted_at)
    return Person(msisdn, state, (f"id{msisdn}",), err, at, at + delay_s * 1_000_000)


def command(*words: str) -> Result:
    return CliRunner().invoke(broadcast, list(words), catch_exceptions=True)


async def test_progress_sums_the_shards(conn: asyncpg.Connection, campaign_id: int) -> None:
    now = await progress(conn, campaign_id)
    assert (now.state, now.launched, now.finished, now.segments, now.workers) == (
        "finished",
        True,
        True,
        1,
        0,
    )
    viettel, gmobile = now.carriers
    assert (viettel.carrier, viettel.tps, viettel.segments) == ("viettel", 100, 6)
    assert (viettel.audience, viettel.to_send, viettel.sent, viettel.ended) == (10, 8, 8, 8)
    assert (gmobile.carrier, gmobile.tps, gmobile.audience, gmobile.sent) == ("gmobile", None, 3, 0)
    assert dict(now.total.states) == {
        "waiting": 0, "in_doubt": 0, "accepted": 0, "unknown": 0, "expired": 1, "rejected": 1,
        "undeliverable": 1, "delivered": 5, "excluded": 5,
    }  # fmt: skip


async def test_the_report_reads_everything(conn: asyncpg.Connection, campaign_id: int) -> None:
    found = await report(conn, "wash-hands")
    assert (found.campaign.audience, found.took_s) == (13, 90.0)
    assert [(each.carrier, each.reason, each.recipients) for each in found.exclusions] == [
        ("viettel", "opted_out", 2),
        ("gmobile", "not_connected", 3),
    ]
    assert [(each.state, each.reason, each.recipients) for each in found.failures] == [
        ("rejected", "status:11", 1),
        ("undeliverable", "012", 1),
    ]
    assert [(each.reason, each.ended_as, each.recipients) for each in found.doubts] == [
        ("link_lost", "resent", 1)
    ]
    assert [(each.source, each.lines, dict(each.refused)) for each in found.imports] == [
        ("people.csv", 20, {"landline": 3, "foreign": 1})
    ]
    assert [(each.actor, each.event) for each in found.events] == [("an", "drafted")]
    assert found.times.step_s == 1.0
    assert dict(found.times.sent["viettel"]) == {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 60: 1}
    assert dict(found.times.delays["viettel"]) == {1: 2, 2: 2, 3: 1, 9: 1}


async def test_every_recipient_has_one_line(conn: asyncpg.Connection, campaign_id: int) -> None:
    lines = [each async for each in recipients(conn, campaign_id)]
    assert {each.msisdn: each.state for each in lines} == {
        84320000000: "delivered", 84320000001: "delivered", 84320000002: "delivered",
        84320000003: "delivered", 84320000004: "undeliverable", 84320000005: "rejected",
        84320000006: "delivered", 84320000007: "expired",
        84320000008: "excluded", 84320000009: "excluded",
        84590000000: "excluded", 84590000001: "excluded", 84590000002: "excluded",
    }  # fmt: skip
    assert len(lines) == 13
    assert {each.err for each in lines if each.state == "excluded"} == {"opted_out", "not_connected"}


async def test_recipients_under_way(conn: asyncpg.Connection, campaign_id: int) -> None:
    """A campaign that still runs: accepted, in doubt by a row and by the mark, waiting and waiting again."""
    numbers = [84330000000 + n for n in range(6)]
    at = us(LAUNCH)
    people = [
        Person(numbers[0], ACCEPTED, ("a", "b"), submitted_at=at, told=((2, DELIVERED, "000", at + 1),)),
        Person(numbers[1], ACCEPTED, ("c",), submitted_at=at),
        Person(numbers[2], IN_DOUBT, settled_at=at, doubt=""),
        Person(numbers[3], WAITING),
        Person(numbers[4], IN_DOUBT),
        Person(numbers[5], WAITING),
    ]
    await write_slice(conn, campaign_id, 1, people, "leased")
    lines = {each.msisdn: each async for each in recipients(conn, campaign_id)}
    assert [lines[each].state for each in numbers] == [
        "accepted", "accepted", "in_doubt", "waiting", "in_doubt", "waiting",
    ]  # fmt: skip
    assert (lines[numbers[0]].smsc_ids, lines[numbers[1]].smsc_ids) == ("a b", "c")
    assert len(lines) == 13 + 6


async def test_what_was_cancelled_is_a_reason(conn: asyncpg.Connection, campaign_id: int) -> None:
    await conn.execute("UPDATE slice SET state = 'cancelled' WHERE state = 'expired'")
    found = await report(conn, "wash-hands")
    assert ("viettel", "cancelled", 1) in [
        (each.carrier, each.reason, each.recipients) for each in found.exclusions
    ]
    assert {each.msisdn: each.state async for each in recipients(conn, campaign_id)}[
        84320000007
    ] == "excluded"


async def test_names_that_do_not_exist_get_the_nearest(conn: asyncpg.Connection, campaign_id: int) -> None:
    with pytest.raises(InputError, match="no campaign wash-hand: did you mean wash-hands"):
        await report(conn, "wash-hand")
    with pytest.raises(InputError, match="campaign list"):
        await report(conn, "zzz")


async def test_a_draft_has_no_report(conn: asyncpg.Connection, campaign_id: int) -> None:
    await conn.execute("UPDATE campaign SET launched_at = NULL, state = 'draft'")
    with pytest.raises(InputError, match="never launched"):
        await report(conn, "wash-hands")


async def test_what_the_smscs_said_and_nobody_understood(conn: asyncpg.Connection, campaign_id: int) -> None:
    """Only of the campaign's carriers, and of the time while it ran."""
    await conn.execute(
        """INSERT INTO oddity (carrier_no, kind, value, times, first_at, last_at)
           VALUES (1, 'status', '0x000004A1', 3, $1, $1::timestamptz + interval '10 s'),
                  (1, 'receipt_state', 'SEEN', 7, $1::timestamptz - interval '1 day', $1),
                  (1, 'receipt_state', 'BEFORE', 1, $1::timestamptz - interval '2 s', $1::timestamptz - interval '1 s'),
                  (1, 'receipt_state', 'LATER', 1, $1::timestamptz + interval '1 day', now())""",
        LAUNCH,
    )
    found = await report(conn, "wash-hands")
    assert [(each.carrier, each.kind, each.value, each.times) for each in found.oddities] == [
        ("viettel", "receipt_state", "SEEN", 7),
        ("viettel", "status", "0x000004A1", 3),
    ]


@pytest.fixture
async def odd_viettel(conn: asyncpg.Connection, wash_hands: str) -> str:
    await conn.execute(
        """INSERT INTO oddity (carrier_no, kind, value, times, first_at, last_at)
           VALUES (1, 'status', '0x4A1', 3, $1, $1)""",
        LAUNCH,
    )
    return wash_hands


def test_the_commands_show_them_and_what_to_do(odd_viettel: str) -> None:
    config = str(Path(__file__).parents[2] / "config" / "vietnam.toml")
    carriers = str(Path(__file__).parents[2] / "config" / "carriers.example.toml")
    for words in (("campaign", "report", odd_viettel), ("carrier", "show", "viettel")):
        shown = command("--config", config, "--config", carriers, *words)
        assert "0x4A1" in shown.stdout
        assert "carriers.toml" in shown.stderr
    said = json.loads(
        command("--config", config, "--config", carriers, "carrier", "show", "viettel", "--json").stdout
    )
    assert [(each["value"], each["times"]) for each in said["oddities"]] == [("0x4A1", 3)]
    assert (said["receipts"]["unmatched"], said["receipts"]["unreadable"]) == (0, 0)
    assert (
        json.loads(command("campaign", "report", odd_viettel, "--json").stdout)["oddities"][0]["kind"]
        == "status"
    )


@pytest.fixture
def wash_hands(campaign_id: int, database_env: str) -> str:
    """For tests of commands, which run loops of their own."""
    return "wash-hands"


def test_report_command_writes_its_files(wash_hands: str, tmp_path: Path) -> None:
    places = {name: tmp_path / "out" / name for name in ("r.html", "r.csv", "r.json", "people.csv")}
    done = command(
        "campaign", "report", wash_hands, "--json", "--html", str(places["r.html"]),
        "--csv", str(places["r.csv"]), "--json-file", str(places["r.json"]),
        "--recipients", str(places["people.csv"]),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document == json.loads(places["r.json"].read_text())
    assert document["audit"] == {"balanced": True, "problems": []}
    assert (document["total"]["audience"], document["total"]["delivered"]) == (13, 5)
    assert document["carriers"][0]["receipts_half_within_s"] == 2
    assert document["imports"][0]["refused"] == 4
    html = places["r.html"].read_text()
    assert "Rửa tay &lt;b&gt;" in html
    assert "<b>thường" not in html
    rows = list(csv.DictReader(io.StringIO(places["r.csv"].read_text())))
    assert sum(int(row["recipients"]) for row in rows) == 13
    assert {
        "carrier": "viettel",
        "state": "excluded",
        "reason": "opted_out",
        "recipients": "2",
        "status": "actual",
    } in rows
    people = list(csv.DictReader(io.StringIO(places["people.csv"].read_text())))
    assert len(people) == 13
    assert {row["msisdn"] for row in people if row["state"] == "undeliverable"} == {"84320***004"}
    assert all("84320" not in path.read_text() for name, path in places.items() if name != "people.csv")
    assert places["people.csv"].stat().st_mode & 0o077 == 0


@pytest.fixture
async def out_of_balance(conn: asyncpg.Connection, wash_hands: str) -> str:
    await conn.execute("UPDATE tally SET delivered = delivered + 1")
    return wash_hands


def test_the_page_in_vietnamese_and_the_document_in_english(
    out_of_balance: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: choose("en"))
    page, document = tmp_path / "r.html", tmp_path / "r.json"
    files = ("--html", str(page), "--json-file", str(document))
    choose("vi")
    shown = command("campaign", "report", out_of_balance, *files).output
    assert '<html lang="vi">' in page.read_text()
    choose("en")
    said = json.loads(document.read_text())
    assert said == json.loads(command("campaign", "report", out_of_balance, "--json").stdout)
    assert said["audit"]["problems"]
    assert not any(problem in shown + page.read_text() for problem in said["audit"]["problems"])


def test_report_command_writes_the_same_as_xlsx(wash_hands: str, tmp_path: Path) -> None:
    summary, people = tmp_path / "r.xlsx", tmp_path / "people.XLSX"
    done = command("campaign", "report", "wash-hands", "--csv", str(summary), "--recipients", str(people))
    assert done.exit_code == 0, done.output
    head, *rows = openpyxl.load_workbook(summary).active.iter_rows(values_only=True)
    assert head == ("carrier", "state", "reason", "recipients", "status")
    assert sum(row[3] for row in rows) == 13
    assert ("viettel", "excluded", "opted_out", 2, "actual") in rows
    sheet = openpyxl.load_workbook(people).active
    _head, *lines = sheet.iter_rows(values_only=True)
    assert len(lines) == 13
    assert {line[1] for line in lines if line[2] == "undeliverable"} == {"84320***004"}
    sent = [line[3] for line in lines if line[3] is not None]
    assert LAUNCH.replace(tzinfo=None) in sent
    assert people.stat().st_mode & 0o777 == 0o600


def test_report_command_on_the_terminal(wash_hands: str, tmp_path: Path) -> None:
    shown = command("campaign", "report", wash_hands).stdout
    assert "wash-hands: health alert from BOYTE" in shown
    assert "1 min 30 s" in shown
    assert "landline 3" in shown
    assert "status:11" in shown
    revealed = command("campaign", "report", wash_hands, "--recipients", str(tmp_path / "p.csv"), "--reveal")
    assert revealed.exit_code == 0
    assert "84320000004" in (tmp_path / "p.csv").read_text()
    assert "84320000004" not in revealed.output
    assert command("campaign", "report", wash_hands, "--reveal").exit_code == 2


def test_a_report_that_cannot_be_written(wash_hands: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    failed = command("campaign", "report", wash_hands, "--html", str(tmp_path / "file" / "r.html"))
    assert isinstance(failed.exception, InputError)
    assert "cannot write" in str(failed.exception)


def test_watch_ends_with_the_campaign(wash_hands: str) -> None:
    line = command("campaign", "watch", wash_hands)
    assert line.exit_code == 0
    assert (
        "finished; sent 8 of 8 (100%); 0 segments/s; delivered 5; failed 3; left 0 s; viettel 100%"
        in line.stdout
    )
    document = json.loads(command("campaign", "watch", wash_hands, "--json").stdout)
    assert (document["state"], document["total"]["delivered"], document["total"]["left_s"]) == (
        "finished",
        5,
        0.0,
    )


@dataclass
class Book:
    """An SMSC's account over HTTP, as a simulated carrier gives it. people: by MSISDN what a line tells of each; None:
    there is no such page, as before audits went person by person."""

    url: str
    summary: dict[str, object]
    people: dict[int, str] | None

    def page(self, path: str) -> str | None:
        """None: there is none."""
        if path == "/book":
            return json.dumps(self.summary)
        if path == "/book/people" and self.people is not None:
            return "".join(f"{msisdn} 1 {told}\n" for msisdn, told in sorted(self.people.items()))
        return None


@pytest.fixture
def book() -> Iterator[Book]:
    """Of viettel's people in `wash-hands`."""
    made = Book(
        "",
        {
            "messages": 6, "recipients": 6, "segments": 7, "duplicates": 1, "extra_copies": 1, "rejected": 1,
            "fates": {"delivered": 5, "undeliverable": 1}, "max_per_second": 100, "tps": 100,
        },
        {
            84320000000: "taken 1DD1", 84320000001: "taken 1DD1", 84320000002: "taken 1DD1", 84320000003: "taken 1DD1",
            84320000004: "taken 1UU1", 84320000005: "refused", 84320000006: "taken 2DD2",
        },
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = made.page(self.path)
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_audit_with_an_smscs_book(wash_hands: str, book: Book) -> None:
    balanced = command("campaign", "audit", wash_hands, "--book", f"viettel={book.url}")
    assert balanced.exit_code == 0, balanced.output
    assert "the books balance: 13 recipients" in balanced.stdout
    book.summary["fates"] = {"delivered": 7, "undeliverable": 1}  # a first copy of who was resent may be one
    off = command("campaign", "audit", wash_hands, "--book", f"viettel={book.url}/book", "--json")
    assert isinstance(off.exception, AuditError)
    document = json.loads(off.stdout)
    assert document["balanced"] is False
    assert document["problems"] == ["viettel delivered: the SMSC has more, and only 0 of ours are open"]
    assert all(line["means"] for line in document["books"] if line["ours"] != line["theirs"])
    shown = command("campaign", "show", wash_hands)
    assert "audited: no differences" in shown.stdout
    assert "audited: 1 difference" in shown.stdout


def test_audit_compares_second_copies_by_name(wash_hands: str, book: Book) -> None:
    """As many as were resent, but another person's: an SMSC that repeats what we did not."""
    assert book.people is not None
    book.people |= {84320000001: "taken 2DD2", 84320000006: "taken 1DD1"}
    off = command("campaign", "audit", wash_hands, "--book", f"viettel={book.url}")
    assert isinstance(off.exception, AuditError)
    assert "viettel people: 1 have more copies than the ledger names" in off.stderr
    assert "84320***001" in off.stdout
    assert "84320000001" not in off.output
    assert "Second copies" in off.stdout


def test_audit_with_an_older_simulators_book(wash_hands: str, book: Book) -> None:
    book.people = None
    failed = command("campaign", "audit", wash_hands, "--book", f"viettel={book.url}")
    assert isinstance(failed.exception, InputError)
    assert "that simulator is of an older version" in str(failed.exception)


def test_doubts_names_who_was_resent_after_the_end(wash_hands: str, tmp_path: Path) -> None:
    shown = command("campaign", "doubts", wash_hands, "--resent")
    assert shown.exit_code == 0, shown.output
    assert "84320***006" in shown.stdout
    assert "84320000006" not in shown.stdout
    file = tmp_path / "copies.csv"
    told = command("campaign", "doubts", wash_hands, "--resent", "--reveal", "--json", "--csv", str(file))
    (line,) = json.loads(told.stdout)
    assert (line["carrier"], line["msisdn"], line["reason"], line["ended_as"]) == (
        "viettel",
        "84320000006",
        "link_lost",
        "resent",
    )
    assert (
        file.read_text()
        .splitlines()[1]
        .startswith("viettel,84320000006,link_lost,2026-03-01T08:00:00+00:00,")
    )
    assert file.stat().st_mode & 0o077 == 0


async def test_doubts_of_nobody(conn: asyncpg.Connection, wash_hands: str) -> None:
    await conn.execute("DELETE FROM in_doubt")
    assert (await asyncio.to_thread(command, "campaign", "doubts", wash_hands)).stdout == "nobody\n"


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("viettel=ftp://x", "not an http URL"),
        ("viettel=http://127.0.0.1:1", "does not answer"),
        ("nobody={url}", "has no carrier nobody"),
        ("viettel={url}/other", "is not the book of a simulated carrier (HTTP 404)"),
    ],
)
def test_audit_with_a_wrong_book(wash_hands: str, book: Book, option: str, complaint: str) -> None:
    failed = command("campaign", "audit", wash_hands, "--book", option.format(url=book.url))
    assert isinstance(failed.exception, BroadcastError)
    assert complaint in str(failed.exception)
    assert "Errno" not in str(failed.exception)
    assert failed.exception.exit_code == (1 if complaint == "does not answer" else 2)


def test_audit_needs_carrier_and_url(wash_hands: str) -> None:
    assert command("campaign", "audit", wash_hands, "--book", "http://x").exit_code == 2


async def test_audit_finds_a_recipient_that_is_gone(conn: asyncpg.Connection, campaign_id: int) -> None:
    await conn.execute("DELETE FROM slice WHERE total = 1")
    found = await audit(conn, campaign_id)
    assert found.problems == (
        "viettel delivered: 4 counted, 5 tallied",
        "12 recipients counted, the audience is 13",
    )


async def test_audit_finds_rows_that_contradict_one_another(
    conn: asyncpg.Connection, campaign_id: int
) -> None:
    await conn.execute("INSERT INTO result SELECT slice_id, no + 1, packed FROM result WHERE slice_id = 2")
    await conn.execute("UPDATE slice SET answered = '\\x3f', mark = 6 WHERE slice_id = 1")
    found = await audit(conn, campaign_id)
    assert found.problems == (
        "viettel: a row says what became of them, but not the slice's bitmap (1 recipients, places 6 of slice 1)",
        "viettel: a segment has two results (1 recipients, places 0 of slice 2)",
        "viettel: a row says what became of them, and they are above the slice's mark (1 recipients, "
        "places 6 of slice 1)",
    )


async def test_a_row_that_cannot_be_read_is_named(conn: asyncpg.Connection, campaign_id: int) -> None:
    await conn.execute("UPDATE sent SET packed = substr(packed, 1, 40) WHERE slice_id = 2")
    with pytest.raises(LedgerError, match="a row of sent cannot be read, of slice 2"):
        await audit(conn, campaign_id)
