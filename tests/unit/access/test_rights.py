"""The table of rights, and the page that is made of it."""

from pathlib import Path

from broadcast.access.page import page
from broadcast.access.rights import FUNCTIONS, TABLES
from broadcast.access.roles import Kind

PEOPLE = frozenset(Kind) - {Kind.WORKER}


def test_the_page_is_made_of_it() -> None:
    there = (Path(__file__).parents[3] / "docs" / "rights.md").read_text(encoding="utf-8")
    assert there == page(), "run `python -m broadcast.access.page > docs/rights.md`"


def test_nobody_writes_an_alert_but_by_functions() -> None:
    for table in (
        "campaign",
        "campaign_event",
        "campaign_part",
        "approval",
        "act",
        "account",
        "proposal",
        "desk_rule",
    ):
        written = {one for rights in TABLES[table].values() for each in rights for one in each.privileges}
        assert written == {"SELECT"}, table


def test_no_person_writes_the_ledger() -> None:
    for table in ("tally", "carrier_tally", "sent", "received", "result", "in_doubt", "outcome"):
        for kind in PEOPLE:
            assert {one for each in TABLES[table].get(kind, ()) for one in each.privileges} <= {"SELECT"}, (
                table,
                kind,
            )


def test_who_drafts_has_no_way_to_approve() -> None:
    for name, kinds in FUNCTIONS.items():
        if name.startswith("desk_") and len(kinds) < len(Kind):
            assert len(kinds) <= 1, name
