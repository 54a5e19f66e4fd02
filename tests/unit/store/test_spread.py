"""What Citus asks of statements on the list of people, where that is spread over nodes, held over all of ours.

Tried on a cluster: no ctid, no FOR UPDATE but on one node, no volatile function in an UPDATE, none but immutable
ones in a CASE or coalesce of what writes, no table beside it but one that an INSERT takes its rows from.
"""

import re

import pytest

from broadcast.store.migrations import Migration, files
from broadcast.store.queries import Query, queries

SPREAD = "subscriber"
TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO|TRUNCATE|ANALYZE)\s+([a-z_]+)\b(?!\s*\()")
VOLATILE = re.compile(r"\b(clock_timestamp|random|nextval|gen_random_uuid|pg_notify)\b")
OF_THE_MOMENT = re.compile(r"\b(now|statement_timestamp|current_timestamp|current_date)\b")
# Why each may.
PLAIN_ONLY = {
    "audience_pages": "asked for only where the subscribers are on one server: pages are what one pass there goes by",
    "chosen_pages": "as audience_pages",
    "become_ledger": "of a ledger's database, which has no subscribers and is never spread",
    "subscriber_pages": "as audience_pages",
}
# Its triggers are dropped before the list is spread, and are not made where it is.
COUNTS = "who_hears_it"
TAKES_FROM = {"import_merge": "import_staging", "import_merge_profiles": "import_staging"}


def tables(query: Query) -> set[str]:
    """Of the database; not those that a WITH names."""
    named = set(re.findall(r"\b([a-z_]+) AS (?:MATERIALIZED )?\(", query.text))
    return {
        name
        for name in TABLE.findall(query.text)
        if name not in named and name not in ("unnest", "generate_series")
    }


ON_SPREAD = [
    query
    for query in queries().values()
    if query.name not in PLAIN_ONLY and query.topic != "citus" and SPREAD in tables(query)
]


def test_there_are_some() -> None:
    """The pattern finds the tables at all."""
    names = {query.name for query in ON_SPREAD}
    assert {
        "import_merge",
        "audience_bucket",
        "set_opt_outs",
        "subscribers_held",
        "subscriber_counts",
    } <= names
    assert set(PLAIN_ONLY) <= queries().keys()


@pytest.mark.parametrize("query", ON_SPREAD, ids=lambda query: query.name)
def test_a_statement_on_what_is_spread(query: Query) -> None:
    text = query.text
    assert not re.search(r"\bctid\b", text)
    others = tables(query) - {SPREAD}
    if others:
        assert others == {TAKES_FROM[query.name]}, "another kind of table in the same statement"
        assert re.search(
            rf"INSERT INTO subscriber\b.*\bSELECT\b.*\bFROM {others.pop()}\s+ON CONFLICT", text, re.DOTALL
        )
    if re.search(r"\bFOR (NO KEY )?UPDATE\b", text):
        assert re.search(r"\bhash_bucket = \$\d", text), "rows are locked on one node only"
    if re.search(r"\bUPDATE subscriber\b", text):
        assert not VOLATILE.search(text)
    if re.search(r"\b(UPDATE|INSERT INTO) subscriber\b", text):
        assert not OF_THE_MOMENT.search(text), "in a CASE or coalesce it is refused: give the time"


@pytest.mark.parametrize("migration", files(), ids=lambda migration: migration.name)
def test_no_table_depends_on_what_is_spread(migration: Migration) -> None:
    """A foreign key would ask for a reference table, and a trigger is not taken at all."""
    assert not re.search(r"\bREFERENCES subscriber\b", migration.text)
    made = re.findall(r"\bTRIGGER (\w+) [^;]*\bON subscriber\b", migration.text)
    if migration.name == COUNTS:
        dropped = re.findall(
            r"\bDROP TRIGGER IF EXISTS (\w+) ON subscriber\b", queries()["citus_drop_counts"].text
        )
        assert sorted(dropped) == sorted(made)
        assert migration.text.index("pg_dist_partition") < migration.text.index("CREATE TRIGGER counted_")
    else:
        assert not made
    for table in re.findall(r"\b(?:CREATE|ALTER) TABLE subscriber\b[^;]*;", migration.text):
        assert "REFERENCES" not in table
