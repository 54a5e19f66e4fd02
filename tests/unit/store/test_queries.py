"""Named queries: the form of their files, and that every one says what it is for."""

import re

import pytest

from broadcast.errors import BroadcastError
from broadcast.store.queries import Query, parse, queries, sql

SOURCE = """
-- name: first
-- What it is for,
-- in two lines.
SELECT 1
 WHERE true;  -- kept

-- name: second_one
-- Another.
SELECT 2;
"""


def test_blocks_have_name_purpose_and_text() -> None:
    assert parse("topic", SOURCE) == (
        Query("first", "topic", "What it is for, in two lines.", "SELECT 1\n WHERE true;  -- kept"),
        Query("second_one", "topic", "Another.", "SELECT 2"),
    )


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("SELECT 1;\n-- name: a\n-- b\nSELECT 2;", "text before the first"),
        ("-- name: a\nSELECT 1;", "a needs a line of purpose"),
        ("-- name: a\n-- only words", "a needs a line of purpose and a statement"),
        ("-- name: A B\n-- b\nSELECT 1;", "'A B' is not a name"),
        ("-- name:\n-- b\nSELECT 1;", "'' is not a name"),
        ("-- name: a\n-- b\nSELECT f(:odd_lock);", "a names a lock that is not in store/locks.py"),
    ],
)
def test_faults_are_named(source: str, complaint: str) -> None:
    with pytest.raises(BroadcastError, match=complaint):
        parse("topic", source)


def test_the_packaged_queries_load() -> None:
    assert queries()["migration_lock"].topic == "schema"
    assert sql("migration_lock") == "SELECT pg_advisory_xact_lock(7100)"


def test_no_query_decides_by_the_category() -> None:
    """What a category means is decided when a campaign is written (campaign/content.py), and stored."""
    deciding = re.compile(r"\bcategory\s*(?:=\s*'|<>|IN\b|LIKE\b)|'emergency'|'routine'")
    assert [query.name for query in queries().values() if deciding.search(query.text)] == []


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(BroadcastError, match="no query named nonsense"):
        sql("nonsense")
