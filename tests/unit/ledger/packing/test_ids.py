"""Every id survives packing, is hashed alike wherever it stands, and is equal to itself alone."""

import uuid
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadcast.config import IdFormat, IdZeros
from broadcast.errors import LedgerError
from broadcast.ledger.packing.ids import IdProfile, Ids, pack_ids, unpack_ids

A_UUID = "9b2f6c1e-0d3a-4c55-8e77-00ab12cd34ef"

uuids = st.uuids().map(str)
near_uuids = st.one_of(
    uuids.map(str.upper),
    uuids.map(lambda one: one[:-1] + one[-1].upper()),
    uuids.map(lambda one: one.replace("-", "")),
    uuids.map(lambda one: one.replace("-", " ", 1)),
    uuids.map(lambda one: one[1:] + "-"),
    uuids.map(lambda one: one[:-1]),
    uuids.map(lambda one: one[:-1] + "g"),
    uuids.map(lambda one: one[:-1] + "\n"),
    uuids.map(lambda one: "-" * 36),
    uuids.map(lambda one: uuid.UUID(one).bytes.decode("latin-1")),
    st.tuples(uuids, uuids).map("\n".join),
    st.tuples(uuids, uuids).map("".join),
)
octets = st.text(st.characters(max_codepoint=255), min_size=0, max_size=255)
numbers = st.integers(0, 10**20).map(str)
one_id = st.one_of(
    uuids,
    near_uuids,
    octets,
    numbers,
    st.sampled_from(["", "0", "\0", " ", "00", "a", "A", "a\0", "a ", "ÿ" * 255]),
)
ids = st.one_of(
    st.lists(one_id, max_size=30),
    st.lists(uuids, max_size=30),
    st.lists(st.text("01ab\0 ", min_size=8, max_size=8)),
)
seeds = st.integers(0, 2**64 - 1)


def unpacked(block: bytes, n: int) -> Ids:
    found, end = unpack_ids(b"before" + block, 6, n)
    assert end == len(block) + 6
    return found


@given(ids)
@example(["", A_UUID + "\n" + A_UUID])
@example([A_UUID + A_UUID, ""])
@example([A_UUID + "\n", A_UUID[1:]])
def test_every_list_of_ids_survives(texts: list[str]) -> None:
    block = pack_ids(texts)
    found = unpacked(block, len(texts))
    assert found.texts() == texts
    assert found.lengths.tolist() == [
        16 if one else len(text) for one, text in zip(found.uuid, texts, strict=True)
    ]
    assert pack_ids(found.texts()) == found.packed() == Ids.of(texts).packed() == block


@pytest.mark.parametrize(
    ("texts", "block"),
    [
        ([], "00"),
        ([A_UUID], "00 9b2f6c1e0d3a4c558e7700ab12cd34ef"),
        (["12", "34"], "01 02 31323334"),
        ([A_UUID.upper()], "01 24" + A_UUID.upper().encode().hex()),
        (["", ""], "01 00"),
        (["1", "234"], "02 0103 31323334"),
        (["7", A_UUID, "", A_UUID], "03 0a" + 2 * A_UUID.replace("-", "") + "0100 37"),
    ],
)
def test_each_kind_octet_by_octet(texts: list[str], block: str) -> None:
    assert pack_ids(texts) == bytes.fromhex(block)


@given(ids, ids, seeds)
def test_a_hash_is_of_the_id_and_the_seed_alone(some: list[str], others: list[str], seed: int) -> None:
    alone = {text: int(Ids.of([text]).hashes(seed)[0]) for text in [*some, *others]}
    together = Ids.concat([Ids.of(some), unpacked(pack_ids(others), len(others))])
    assert together.texts() == [*some, *others]
    assert together.hashes(seed).tolist() == [alone[text] for text in [*some, *others]]
    assert 0 not in alone.values()


@given(st.lists(one_id, max_size=60, unique=True), seeds)
def test_ids_that_differ_hash_otherwise(texts: list[str], seed: int) -> None:
    """One chance in 2**53 of these many is an accident that this test will not see."""
    assert len(set(Ids.of(texts).hashes(seed).tolist())) == len(texts)


def test_another_seed_is_another_hash() -> None:
    some = Ids.of([str(uuid.UUID(int=n)) for n in range(1000)])
    assert not (some.hashes(1) == some.hashes(2)).any()


def test_hashes_of_a_counter_spread_over_every_bit() -> None:
    hashes = Ids.of([str(n) for n in range(100_000, 120_000)]).hashes(7)
    for bit in range(64):
        assert 9_000 < int((hashes >> np.uint64(bit) & np.uint64(1)).sum()) < 11_000


@given(ids, ids)
def test_equality_is_of_whole_ids_and_an_empty_one_is_nobodys(some: list[str], others: list[str]) -> None:
    here, there = np.meshgrid(np.arange(len(some)), np.arange(len(others)))
    found = Ids.of(some).equal(here.ravel(), Ids.of(others), there.ravel())
    assert found.tolist() == [
        some[i] == others[j] != "" for i, j in zip(here.ravel(), there.ravel(), strict=True)
    ]


@given(ids, st.data())
def test_those_taken_are_those_at_the_places(texts: list[str], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    assert Ids.of(texts).take(np.array(places, np.intp)).texts() == [texts[place] for place in places]


def test_no_ids_at_all() -> None:
    assert Ids.concat([]).texts() == [] == Ids.of([]).texts()
    assert len(Ids.concat([]).hashes(3)) == 0


@pytest.mark.parametrize("bad", ["x" * 256, "€"])
@pytest.mark.parametrize("beside", [[], [A_UUID], ["1"]])
def test_what_is_no_id_is_refused(bad: str, beside: list[str]) -> None:
    with pytest.raises(ValueError):
        pack_ids([*beside, bad])


@given(ids)
def test_a_block_cut_anywhere_is_refused(texts: list[str]) -> None:
    block = pack_ids(texts)
    for end in range(len(block)):
        with pytest.raises(LedgerError):
            unpack_ids(block[:end], 0, len(texts))


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_octets_are_ids_or_refused(block: bytes, n: int) -> None:
    try:
        found, end = unpack_ids(block, 0, n)
    except LedgerError:
        return
    assert end <= len(block)
    assert len(found.texts()) == n


def test_a_number_of_ids_that_cannot_be_there_allocates_nothing() -> None:
    for kind in (0, 2, 3):
        with pytest.raises(LedgerError):
            unpack_ids(bytes((kind,)) + b"\x01" * 100, 0, 2**40)
    with pytest.raises(LedgerError):
        unpack_ids(b"\x01\x01" + b"x" * 100, 0, 2**40)


# ------------------------------------------------------------------ profiles


def spelling(raw: bytes, form: IdFormat, zeros: IdZeros) -> str:
    """The rule for numbers as it was: by the octets before a NUL, without blanks; else in small letters."""
    digits = raw.split(b"\0", 1)[0].strip()
    text = digits.decode("latin-1").lower()
    if form == "decimal" and digits.isdigit():
        text = str(int(digits))
    if form == "hex" and digits.isalnum():
        with suppress(ValueError):
            text = str(int(digits, 16))
    return text if zeros == "keep" else text.lstrip("0") or text[:1]


forms = st.sampled_from(["text", "decimal", "hex"])
numeric = st.one_of(
    numbers,
    numbers.map(lambda n: "00" + n),
    st.integers(0, 2**80).map(lambda n: f"{n:x}"),
    st.integers(0, 2**80).map(lambda n: f"00{n:X}"),
    st.sampled_from(["0", "000", "0x1f", "1_0", "+7", "-7", "q1A", "q1a", "1e5"]),
    uuids,
)


@given(st.lists(numeric, max_size=20), forms, st.sampled_from(["keep", "strip"]))
def test_numbers_have_one_spelling(texts: list[str], form: IdFormat, zeros: IdZeros) -> None:
    profile = IdProfile(form, "text", zeros, "fold")
    expected = [spelling(text.encode("latin-1"), form, zeros) for text in texts]
    assert profile.of_responses(Ids.of(texts)).texts() == expected
    assert IdProfile("text", form, zeros, "fold").of_receipts(Ids.of(texts)).texts() == expected


@given(st.lists(numbers, min_size=1, max_size=10), st.sampled_from([" ", "\0", "\0\0", " \0", "\t"]))
def test_what_stands_around_a_number_does_not_count(texts: list[str], behind: str) -> None:
    padded = Ids.of([text + behind for text in texts])
    assert IdProfile("decimal", "hex").of_responses(padded).texts() == [str(int(text)) for text in texts]
    assert IdProfile("decimal", "hex").of_receipts(padded).texts() == [str(int(text, 16)) for text in texts]


@given(ids)
def test_the_plain_profile_gives_the_same_columns(texts: list[str]) -> None:
    some = Ids.of(texts)
    assert IdProfile().of_responses(some) is some
    assert IdProfile().of_receipts(some) is some


@given(st.lists(st.one_of(uuids, uuids.map(str.upper), octets), max_size=20))
def test_folded_ids_are_in_small_letters_and_uuids_are_uuids(texts: list[str]) -> None:
    folded = IdProfile(id_case="fold").of_receipts(Ids.of(texts))
    assert folded.texts() == [text.lower() for text in texts]
    assert folded.packed() == pack_ids([text.lower() for text in texts])


@pytest.mark.parametrize("form", ["text", "decimal", "hex"])
def test_ids_that_differ_stay_apart_unless_the_profile_says_so(form: IdFormat) -> None:
    """Quirk 48: in case, behind a NUL, past 64 octets."""
    apart = [
        "q1a",
        "q1A",
        "q1a\0",
        "q1a\0b",
        "q1a ",
        "q" * 64 + "1",
        "q" * 64 + "2",
        "12\x003",
        "12\x004",
        "g" * 255,
    ]
    assert IdProfile(form, form).of_responses(Ids.of(apart)).texts() == apart


def test_a_number_too_long_to_be_written_in_decimal_stays_as_it_came() -> None:
    long = "f" * 255
    assert IdProfile("hex").of_responses(Ids.of([long, "ff"])).texts() == [long, "255"]


def test_zeros_in_front_of_a_text_go_where_the_profile_says_so() -> None:
    some = Ids.of(["007", "7", "000", "", "0-0", "00" + A_UUID])
    assert IdProfile(id_zeros="strip").of_receipts(some).texts() == ["7", "7", "0", "", "-0", A_UUID]
