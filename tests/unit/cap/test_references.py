from datetime import UTC, datetime

import pytest
from unit.cap.cases import NOW, VALID

from broadcast.cap import references
from broadcast.cap.alert import read
from broadcast.cap.references import Key


def test_entries_one_by_one() -> None:
    found = references.read(
        "a,b,2026-09-01T07:00:00+07:00\n  broken a,b,2026-09-01 ,b,2026-09-01T07:00:00+07:00"
    )
    assert found == (Key("a", "b", datetime(2026, 9, 1, tzinfo=UTC)), None, None, None)


def test_two_offsets_of_an_instant_are_the_same_key() -> None:
    one, other = references.read("a,b,2026-09-01T07:00:00+07:00 a,b,2026-09-01T00:00:00-00:00")
    assert one == other
    assert hash(one) == hash(other)


def test_a_key_is_written_as_an_entry() -> None:
    key = references.key_of(read(VALID["one"], NOW).alert)
    assert str(key) == "alerts@example.org,VN-2026-0001,2026-09-01T07:00:00+07:00"
    assert references.read(str(key)) == (key,)


def test_keys_of_an_update() -> None:
    assert references.keys(read(VALID["update"], NOW).alert) == (
        references.key_of(read(VALID["one"], NOW).alert),
    )


@pytest.mark.parametrize(("text", "closed"), [(None, True), ('a "b c" d', True), ('"a', False), ('""', True)])
def test_quotes(text: str | None, closed: bool) -> None:
    assert references.quotes_closed(text) is closed


def test_no_more_are_read_than_anybody_means() -> None:
    entries = "a,b,2026-09-01T07:00:00+07:00 " * (references.MOST + 1)
    assert references.too_many(entries)
    assert len(references.read(entries)) == references.MOST
    assert not references.too_many(entries.partition(" ")[2])
