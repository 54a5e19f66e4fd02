"""Whatever is done to a chain is found, with its number."""

from dataclasses import replace

import pytest
from unit.acts.chains import AT, chain, linked

from broadcast.acts.chain import Walked, check_heads, walk
from broadcast.acts.entry import Entry
from broadcast.acts.heads import Head, Line

HOME = "4a1d/home"


def walked(entries: list[Entry], *wanted: int) -> Walked:
    found = Walked()
    assert list(walk(entries, frozenset(wanted), found)) == entries
    return found


def places(found: Walked) -> list[str]:
    return [str(each) for each in found.differences]


def test_a_whole_chain() -> None:
    found = walked(chain(5), 3)
    assert (found.entries, found.differences, list(found.hashes)) == (5, [], [3])
    assert found.head(HOME) == Head(HOME, 5, chain(5)[4].at, chain(5)[4].hash)
    assert walked([]).head(HOME) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"who": "minh"},
        {"what": "approved"},
        {"origin": ""},
        {"subject": "campaign 2"},
        {"details": '{"a": 2}'},
        {"at": AT},
    ],
)
def test_a_changed_entry(changed: dict[str, object]) -> None:
    entries = chain()
    entries[2] = replace(entries[2], **changed)  # type: ignore[arg-type]
    assert places(walked(entries)) == ["act 3: its hash is not that of what it says"]


def test_a_changed_entry_with_a_hash_of_its_own() -> None:
    entries = chain()
    entries[2] = replace(entries[2], who="minh")
    entries[2] = replace(linked(entries)[2], act_no=3)
    assert places(walked(entries)) == ["act 4: it does not follow from the one before it"]


@pytest.mark.parametrize(
    "gone, said",
    [((2,), "act 4: act 3 before it is missing"), ((1, 2), "act 4: acts 2 to 3 before it are missing")],
)
def test_a_gap(gone: tuple[int, ...], said: str) -> None:
    entries = [each for index, each in enumerate(chain()) if index not in gone]
    assert places(walked(entries)) == [said]


def test_the_first_is_gone() -> None:
    assert places(walked(chain()[1:])) == ["act 2: act 1 before it is missing"]


def test_two_that_changed_places() -> None:
    entries = chain()
    entries[1], entries[2] = entries[2], entries[1]
    assert len(places(walked(entries))) >= 2


# ---------------------------------------------------------------- heads outside


def line(entry: Entry, database: str = HOME) -> Line:
    return Line("heads:1", Head(database, entry.act_no, entry.at, entry.hash))


def found(entries: list[Entry], *lines: Line) -> list[str]:
    wanted = frozenset(each.head.act_no for each in lines if each.head)
    return [str(each) for each in check_heads(lines, {HOME: walked(entries, *wanted)})]


def test_heads_that_are_in_the_chain() -> None:
    assert found(chain(), *map(line, chain())) == []


def test_a_chain_that_was_written_anew() -> None:
    """Each entry is right by itself; only the witness knows."""
    other = linked([replace(each, who="minh") for each in chain()])
    assert walked(other).differences == []
    [said] = found(other, line(chain()[3]))
    assert said.startswith("heads:1: act 4 of 2030-01-31 18:00:06+00:00 was witnessed with another hash")


def test_a_chain_that_is_shorter() -> None:
    [said] = found(chain(3), line(chain(5)[4]))
    assert said.endswith("was witnessed, and the chain ends with act 3")
    [said] = found([], line(chain(5)[4]))
    assert said.endswith("was witnessed, and the chain is empty")


def test_a_head_of_another_database_says_nothing() -> None:
    assert found(chain(3), line(chain(5)[4], "4a1d/north")) == []


def test_a_line_that_nobody_sealed() -> None:
    assert found(chain(), Line("heads:7", None)) == ["heads:7: this line is not sealed with the key"]
