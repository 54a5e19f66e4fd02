"""What SQL says of states and tallies is what Python says: the numbers, the words, and who may become what."""

import re
from collections.abc import Mapping

import asyncpg
import pytest

from broadcast.campaign.lifecycle import CampaignState
from broadcast.ledger.states import MOVES, RecipientState
from broadcast.store.queries import queries

WORDS = [state.column for state in RecipientState]
_OLD_LEDGER = [
    state for state in RecipientState if RecipientState.UNKNOWN <= state <= RecipientState.DELIVERED
]
_TALLYING = re.compile(r"add_to_tallies\(")
_ARGUMENT = re.compile(r"(\w+) => ")
_LESS = re.compile(r"(?:\(|\[|THEN |ELSE )-(?:\w|\()")
_NUMBERED = re.compile(
    r"\b\w*state\)? *(?:=|<>|<|>|<=|>=|BETWEEN|IN) *\(?[1-9]\d*|\b(?:THEN|ELSE) [1-9]\b(?=[^;]*\bAS state\b)"
)


@pytest.fixture
async def said(conn: asyncpg.Connection) -> Mapping[str, str]:
    """All that SQL says, by name: queries, and functions as they are after the last migration."""
    rows = await conn.fetch(
        "SELECT proname, coalesce(pg_get_function_sqlbody(oid), prosrc) AS body FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    )
    functions = {row["proname"]: row["body"] for row in rows}
    assert {"add_to_tallies", "commit_group", "resolve_tallies", "recipient_history"} <= set(functions)
    return functions | {f"query {each.name}": each.text for each in queries().values()}


async def test_states_have_the_same_numbers(conn: asyncpg.Connection) -> None:
    assert await conn.fetchval("SELECT recipient_states()") == WORDS
    for state in RecipientState:
        word = await conn.fetchval("SELECT state_word($1)", state)
        assert (word, await conn.fetchval("SELECT state_number($1)", word)) == (state.column, state)


async def test_checks_and_columns_have_the_same_names(conn: asyncpg.Connection) -> None:
    columns = await conn.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'tally'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert [row["attname"] for row in columns] == ["campaign_id", "carrier_no", "shard", *WORDS, "segments"]
    arguments = await conn.fetchval("SELECT proargnames FROM pg_proc WHERE proname = 'add_to_tallies'")
    assert arguments == ["shard", "campaigns", "carriers", *WORDS, "segments"]
    checks = {
        row["conname"]: re.findall(r"'(\w+)'|(\d+)", row["said"])
        for row in await conn.fetch(
            "SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint"
            " WHERE conname IN ('campaign_state_check', 'outcome_state_check')"
        )
    }
    assert [word for word, _ in checks["campaign_state_check"]] == [state.value for state in CampaignState]
    assert [int(number) for _, number in checks["outcome_state_check"]] == [_OLD_LEDGER[0], _OLD_LEDGER[-1]]


async def test_nothing_else_numbers_a_state(said: Mapping[str, str]) -> None:
    assert {name: _NUMBERED.findall(text) for name, text in said.items() if _NUMBERED.search(text)} == {}
    named = {word for text in said.values() for word in re.findall(r"state_number\('(\w+)'\)", text)}
    assert named <= set(WORDS)
    assert {"accepted", "in_doubt", "waiting", "unknown"} <= named


async def test_one_function_writes_tallies(said: Mapping[str, str]) -> None:
    writing = re.compile(r"\b(?:INSERT INTO|UPDATE|MERGE INTO) tally\b")
    assert [name for name, text in said.items() if writing.search(text)] == ["add_to_tallies"]


async def test_states_are_tallied_by_name_and_every_move_is_allowed(said: Mapping[str, str]) -> None:
    """Who leaves a state is written with a minus; whatever takes these up must be a state that may follow."""
    moved = {}
    for name, text in said.items():
        for call in _TALLYING.finditer(text):
            if name != "add_to_tallies":
                moved[name] = moves(text[call.end() :])
    assert all(moved.values())
    wrong = {
        name: (before, after)
        for name, (before, after) in moved.items()
        if any(not any(end in MOVES[start] for start in before) for end in after if before)
        or any(not MOVES[start] & after for start in before)
    }
    assert wrong == {}
    states = RecipientState
    assert moved["query resend_doubts"] == ({states.IN_DOUBT}, {states.WAITING})
    assert moved["resolve_tallies"][0] == {states.ACCEPTED, states.UNKNOWN}
    assert moved["desk_count"] == (set(), {states.WAITING, states.EXCLUDED})


def moves(behind: str) -> tuple[set[RecipientState], set[RecipientState]]:
    """Of a call's arguments, from behind its bracket: the states that people leave, and those that they take."""
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(behind[end], 0)
        end += 1
    _, *parts = _ARGUMENT.split(behind[: end - 1])
    given = dict(zip(parts[::2], parts[1::2], strict=True))
    assert {"shard", "campaigns", "carriers"} <= set(given), "a call by position"
    states = {state: given[state.column] for state in RecipientState if state.column in given}
    before = {state for state, value in states.items() if _LESS.search(value)}
    return before, set(states) - before
