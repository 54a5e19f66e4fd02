"""What a superuser did to acts, alerts and accounts is found and named."""

import json

import asyncpg
import pytest
from integration.chain_world import TEXT, Chain, words

from broadcast.acts.chain import check_heads
from broadcast.acts.heads import Line
from broadcast.reports.acts import entries, head
from broadcast.reports.audit_chain import verify


@pytest.fixture
async def chain(conn: asyncpg.Connection) -> Chain:
    made = Chain(conn)
    await made.begin()
    return made


async def test_what_people_did_is_what_stands_there(chain: Chain) -> None:
    first = await chain.launched()
    await chain.do("binh", "desk_pause", first)
    await chain.do("binh", "desk_resume", first)
    await chain.do("binh", "desk_cancel", first)
    await chain.do("an", "desk_end_stopped")
    second = await chain.approved("wind")
    await chain.do("binh", "desk_withdraw", second, "a wrong hour")
    third = await chain.approved("rain")
    await chain.do("chi", "desk_return", third, "say where")
    found = await verify(chain.conn)
    assert [str(each) for each in found.differences] == []
    assert (found.walked.entries, found.waiting, found.older) == (20, 0, 0)


_SECRET = ("84320000001", "0912345678", "Rời khỏi nhà", TEXT)


async def test_an_entry_holds_no_number_and_no_text(chain: Chain) -> None:
    """Whatever people write where they can write something: it stands in events, and in no entry."""
    said = " ".join(_SECRET)
    await chain.launched()
    wind = await chain.approved("wind")
    await chain.do("chi", "desk_return", wind, f"not {said}")
    await chain.do(
        "an", "desk_edit", wind, json.dumps(words(said).document()), '{"plain": [["Rời khỏi nhà", "x", 1]]}'
    )
    await chain.do("binh", "desk_approve", wind, await chain.code(wind))
    await chain.do("binh", "desk_withdraw", wind, said)
    await chain.do("binh", "desk_cancel", wind)
    await chain.conn.execute("SELECT tend_audited(1, $1)", [said])
    await chain.conn.execute("SELECT desk_note(NULL, 'archive moved', 'campaign 1', '{}')")
    added = '{"kinds": ["author"], "skeleton": "hoa"}'
    number = await chain.do("chi", "access_propose", "account", "hoa", added)
    await chain.do("dung", "access_decide", number, False)
    number = await chain.do("chi", "access_propose", "rule", "typed_from", '{"value": 84320000}')
    await chain.do("dung", "access_decide", number, True)
    acts = await entries(chain.conn)
    assert len({each.what for each in acts}) >= 14
    for each in acts:
        assert not [
            one for one in _SECRET if one in f"{each.subject} {each.details} {each.origin} {each.who}"
        ]
    assert said in str(await chain.conn.fetch("SELECT details FROM campaign_event"))


@pytest.mark.parametrize(
    "statement, said",
    [
        (
            "UPDATE campaign SET state = 'approved', launched_at = NULL",
            "its state is approved, and by the chain running",
        ),
        ("UPDATE campaign SET text = 'Stay.'", "its content has the hash "),
        ("UPDATE campaign SET sender = 'EVIL'", "its content has the hash "),
        ("UPDATE campaign SET expires_at = expires_at + interval '1 day'", "its content has the hash "),
        ("UPDATE campaign SET launched_by = 'binh'", "binh launched it, and by the chain an"),
        ("UPDATE campaign SET audience = 1", "its audience is 1, and by the chain 2"),
        (
            "INSERT INTO approval (campaign_id, hash, signer, kind) "
            "SELECT campaign_id, hash, 'chi', kind FROM approval",
            "approval 2 by chi holds, and no act made it",
        ),
        ("UPDATE approval SET signer = 'chi'", "approval 1 is not as binh gave it"),
        ("DELETE FROM approval", "approval 1 by binh holds by the chain, and it is gone or void"),
        (
            "DELETE FROM campaign_event WHERE event = 'launched'",
            'its events have "launched" 0 times, and the chain 1',
        ),
        (
            "INSERT INTO campaign_event (campaign_id, actor, event) SELECT campaign_id, 'an', 'resumed' FROM campaign",
            'its events have "resumed" 1 times, and the chain 0 times',
        ),
    ],
)
async def test_a_table_that_was_changed(chain: Chain, statement: str, said: str) -> None:
    await chain.launched()
    assert await chain.verified() == []
    await chain.by_hand(statement)
    [found] = await chain.verified()
    assert found.startswith(f"campaign flood: {said}")


async def test_a_campaign_that_was_made_or_deleted(chain: Chain) -> None:
    await chain.drafted()
    await chain.by_hand(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy,
                                 grace_s, expires_at, drafted_by, hears_opted_out)
           SELECT 'own', category, priority, sender, text, alphabet, carriers, in_doubt_policy,
                  grace_s, expires_at, 'an', false FROM campaign"""
    )
    assert await chain.verified() == ["campaign own: it is there, and no act made it"]
    await chain.by_hand("DELETE FROM campaign")
    assert "campaign 1: the chain has it, and it is gone" in await chain.verified()


@pytest.mark.parametrize(
    "statement, said",
    [
        ("DELETE FROM act WHERE act_no = 3", "act 4: act 3 before it is missing"),
        ("UPDATE act SET who = 'lan' WHERE act_no = 3", "act 3: its hash is not that of what it says"),
        (
            "UPDATE act SET at = at + interval '1 s' WHERE act_no = 3",
            "act 3: its hash is not that of what it says",
        ),
        ("UPDATE act SET hash = sha256('x') WHERE act_no = 3", "act 3: its hash is not that of what it says"),
    ],
)
async def test_a_chain_that_was_changed(chain: Chain, statement: str, said: str) -> None:
    await chain.by_hand(statement)
    assert said in await chain.verified()


_REHASH = """
    DO $$
    DECLARE
        one act;
        last bytea := decode(repeat('00', 32), 'hex');
        number bigint := 0;
    BEGIN
        FOR one IN SELECT * FROM act ORDER BY act_no LOOP
            DELETE FROM act WHERE act_no = one.act_no;
            number := number + 1;
            one.act_no := number;
            one.before := last;
            last := act_hash(one);
            one.hash := last;
            INSERT INTO act SELECT one.*;
        END LOOP;
    END $$"""


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM act WHERE what = 'approved'", "UPDATE act SET who = 'chi' WHERE what = 'approved'"],
)
async def test_a_chain_that_was_written_anew_is_betrayed_by_its_heads(chain: Chain, statement: str) -> None:
    await chain.launched()
    witnessed = await head(chain.conn)
    assert witnessed is not None
    line = Line("heads:1", witnessed)
    wanted = frozenset({witnessed.act_no})

    async def against() -> list[str]:
        found = await verify(chain.conn, wanted=wanted)
        assert found.walked.differences == []
        return [str(each) for each in check_heads([line], {found.database: found.walked})]

    assert await against() == []
    await chain.by_hand(statement)
    await chain.by_hand(_REHASH)
    [said] = await against()
    assert said.startswith(f"heads:1: act {witnessed.act_no} of ")


async def test_what_no_head_says_the_tables_do(chain: Chain) -> None:
    """A launch cut out of a chain that was hashed anew: nobody witnessed it, and the alert runs all the same."""
    await chain.launched()
    await chain.by_hand("DELETE FROM act WHERE what = 'launched'")
    await chain.by_hand(_REHASH)
    found = await chain.verified()
    assert "campaign flood: its state is running, and by the chain approved" in found
    assert "campaign flood: an launched it, and by the chain nobody" in found


@pytest.mark.parametrize(
    "statement, undo, said",
    [
        (
            "GRANT template_approver TO an",
            "REVOKE template_approver FROM an",
            "account an: it has the role approver, and no act gave it",
        ),
        ("GRANT template_operator TO eve", "", "account eve: it has the role operator, and no act gave it"),
        (
            "SET ROLE template_owner; REVOKE template_auditor FROM lan; RESET ROLE",
            "SET ROLE template_owner; GRANT template_auditor TO lan; RESET ROLE",
            "account lan: it has the role auditor by the chain, and not here",
        ),
        (
            "INSERT INTO desk_rule VALUES ('typed_from', '0')",
            "",
            "rule typed_from: it is 0, and by the chain unset",
        ),
        (
            "INSERT INTO account (name, skeleton, made_login) VALUES ('eve', 'eve', false)",
            "",
            "account eve: it is enabled, and by the chain not there",
        ),
        (
            "INSERT INTO campaign_move VALUES ('cancelled', 'running')",
            "",
            "campaign_move: from cancelled to running is allowed, and no rule says so",
        ),
    ],
)
async def test_people_and_rules_that_were_changed(chain: Chain, statement: str, undo: str, said: str) -> None:
    """Roles are the server's, so they go back."""
    await chain.conn.execute("CREATE ROLE eve LOGIN")
    try:
        await chain.conn.execute(statement)
        assert await chain.verified() == [said]
    finally:
        if undo:
            await chain.conn.execute(undo)
        await chain.conn.execute("DROP OWNED BY eve; DROP ROLE eve")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "CREATE OR REPLACE FUNCTION desk_must(kind text) RETURNS void LANGUAGE plpgsql STABLE AS 'BEGIN END'",
            "function desk_must: it is not as its migration made it",
        ),
        (
            "CREATE FUNCTION own() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM act'",
            "function own: no migration made it",
        ),
        ("GRANT UPDATE ON approval TO an", "approval: an may UPDATE, and no right says so"),
        ("GRANT UPDATE (state) ON campaign TO an", "campaign: an may UPDATE, and no right says so"),
        (
            "GRANT EXECUTE ON FUNCTION desk_write TO PUBLIC",
            "desk_write: PUBLIC may EXECUTE, and no right says so",
        ),
        (
            "ALTER FUNCTION desk_approve SET search_path = mine",
            "function desk_approve: it is not as its migration made it",
        ),
        (
            "CREATE TRIGGER lose BEFORE UPDATE ON act_new FOR EACH STATEMENT EXECUTE FUNCTION act_stays()",
            "trigger lose of act_new: no migration made it",
        ),
        (
            "CREATE RULE lose AS ON INSERT TO act_new DO INSTEAD NOTHING",
            "trigger lose of act_new: no migration made it",
        ),
        ("ALTER TABLE act DISABLE TRIGGER act_stays", "trigger act_stays of act: it is off"),
        ("DROP TRIGGER act_stays ON act", "trigger act_stays of act: it is gone"),
    ],
)
async def test_a_function_that_was_replaced(chain: Chain, statement: str, said: str) -> None:
    await chain.conn.execute(statement)
    assert await chain.verified() == [said]


async def test_a_chain_that_somebody_holds(chain: Chain) -> None:
    """What waits too long can be deleted, and no entry after it would tell."""
    await chain.conn.execute(
        "INSERT INTO act_new (at, who, origin, what, subject, details)"
        " VALUES (now() - interval '1 hour', 'an', '', 'opted in', 'subscriber', '{}')"
    )
    (found,) = await chain.verified()
    assert found.startswith("act_new: what was done is in no chain since 36")
