"""Tables and stored ids against dictionaries and lists."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broadcast.ledger.packing.ids import Ids
from broadcast.ledger.resolver.stored_ids import AskedIds, StoredIds
from broadcast.ledger.resolver.table import Table, with_number

UUID = "0188e9c3-0000-7abc-8def-00000000abcd"
an_id = st.text(st.characters(max_codepoint=255), max_size=40) | st.sampled_from(
    [
        UUID,
        UUID.upper(),
        bytes.fromhex(UUID.replace("-", "")).decode("latin-1"),
        "",
        "a" * 16,
        "a" * 17,
        "a" * 255,
    ]
)
some_ids = st.lists(an_id, max_size=12)


@given(st.lists(st.lists(st.integers(1, 6), max_size=8), max_size=6))
def test_a_table_knows_every_place_of_a_key_the_newest_first(batches: list[list[int]]) -> None:
    keys = [key for batch in batches for key in batch]
    table = Table(np.zeros(max(1, len(keys)), np.uint64))
    told: list[int] = []
    start = 0
    for batch in batches:
        table.keys[start : start + len(batch)] = batch
        told += table.put(np.arange(start, start + len(batch))).tolist()
        start += len(batch)
    for key in range(1, 8):
        places = [place for place, each in enumerate(keys) if each == key]
        place, found = int(table.first(np.array([key], np.uint64))[0]), []
        while place >= 0:
            found.append(place)
            place = int(table.links[place]) if table.links is not None else -1
        assert sorted(found) == places
        assert sorted(each for each in told if keys[each] == key) == (places if len(places) > 1 else [])


def test_a_full_table_is_searched_to_its_end() -> None:
    keys = np.random.default_rng(3).integers(1, 2**63, 5_000).astype(np.uint64)
    table = Table(keys)
    assert not len(table.put(np.arange(5_000)))
    assert table.first(keys).tolist() == list(range(5_000))
    assert (table.first(keys ^ np.uint64(1 << 63)) == -1).all()
    assert table.links is None


def test_a_key_of_a_number_is_another_for_another() -> None:
    keys = np.full(1_000, 7, np.uint64)
    mixed = with_number(keys, np.arange(1_000))
    assert len(set(mixed.tolist())) == 1_000 and mixed.all()


@given(st.lists(some_ids, max_size=4), st.integers(0, 3), st.data())
def test_ids_come_back_as_they_were_stored(batches: list[list[str]], room: int, data: st.DataObject) -> None:
    every = [text for batch in batches for text in batch]
    stored = StoredIds.empty(len(every) + room)
    start = 0
    for batch in batches:
        stored.put(start, Ids.of(batch))
        start += len(batch)
    assert stored.ids(np.arange(len(every))).texts() == every
    places = data.draw(st.lists(st.integers(0, len(every) - 1), max_size=20)) if every else []
    taken = stored.take(np.array(places, np.intp), room)
    assert taken.ids(np.arange(len(places))).texts() == [every[place] for place in places]
    taken.put(len(places), Ids.of(["b" * 20][:room]))
    assert taken.ids(np.arange(len(places) + min(1, room))).texts()[len(places) :] == ["b" * 20][:room]
    both = StoredIds.concat([stored.take(np.arange(len(every))), stored.take(np.array(places, np.intp))])
    assert both.ids(np.arange(len(every) + len(places))).texts() == every + [every[place] for place in places]


@given(some_ids, some_ids)
def test_the_whole_id_is_compared(stored: list[str], asked: list[str]) -> None:
    pairs = [(place, i) for place in range(len(stored)) for i in range(len(asked)) if stored[place]]
    places, i = (np.array([pair[k] for pair in pairs], np.intp) for k in (0, 1))
    same = StoredIds.of(Ids.of(stored)).same(places, AskedIds(Ids.of(asked)), i)
    assert same.tolist() == [stored[place] == asked[at] for place, at in pairs]
