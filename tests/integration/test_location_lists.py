"""Location lists, person by person against what handsets showed: visitors, late entrants, somebody on two lists."""

from dataclasses import replace
from typing import Any

import pytest
from integration import steps
from integration.lists_world import add, listed
from integration.nation_world import FIRST, NationWorld, ledger
from integration.rig import Rig
from waiting import until

from broadcast.campaign import campaigns, entrants
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.entrants import Entered
from broadcast.campaign.plan import Plan
from broadcast.reports.everything import everything

FRENCH, KOREAN, BRAZILIAN = 33612345000, 821012345000, 5511912345000
TEXTS = {"vi": "Sơ tán ngay.", "en": "Leave the coast now.", "fr": "Quittez la côte."}


async def shown(rig: Rig, carrier: str) -> list[tuple[int, str]]:
    """By a simulator's book: whose handset showed which text; sorted."""
    book = await rig.smscs[carrier].get("/book/messages?limit=100000")
    return sorted((int(each["msisdn"]), each["text"]) for each in book["messages"] if each["complete"])


def own_language(*names: str) -> dict[str, Any]:
    return {
        "text": "\n\n".join(TEXTS.values()), "texts": TEXTS, "languages": tuple(TEXTS),
        "plan": Plan(lists=names, own_language=True),
    }  # fmt: skip


async def test_visitors_and_who_comes_later_hear_it_once_each_in_their_language(rig: Rig) -> None:
    said = {"visitor_languages": {"33": "fr", "other": "en"}, "languages": ("vi", "en")}
    country = replace(rig.config.country, **said)
    rig.config = replace(rig.config, country=country)
    for name in ("viettel", "vinaphone"):
        await rig.smsc(name, receipt_delay_s=0.1, record=100_000)
        rig.connect(name, 500)
    await rig.subscribers("viettel", 40)
    await rig.subscribers("vinaphone", 20, 84912000000)
    await rig.conn.execute(
        "WITH known AS (INSERT INTO profile (language) VALUES ('en') RETURNING profile_no)"
        " UPDATE subscriber SET profile_no = known.profile_no FROM known WHERE msisdn % 10 < 3"
    )
    taken = 84320000039  # a number of viettel's whose owner took it to vinaphone
    await rig.conn.execute(
        "UPDATE subscriber SET ported = true, carrier_no = (SELECT carrier_no FROM carrier WHERE name = 'vinaphone')"
        " WHERE msisdn = $1", taken,
    )  # fmt: skip
    strangers = range(84329000000, 84329000010)
    at_first = [
        *range(FIRST, FIRST + 20),
        *range(84912000000, 84912000005),
        *strangers,
        FRENCH,
        FRENCH + 1,
        KOREAN,
    ]
    await listed(rig, "da-nang", at_first, "viettel")
    await listed(rig, "hotels", [FRENCH, KOREAN + 1, BRAZILIAN, FIRST, FIRST + 20, strangers[0]], "vinaphone")
    running = await rig.launch(**own_language("da-nang", "hotels"))
    rig.worker()
    await rig.reached(running, 30, "delivered")
    later = [*range(FIRST + 15, FIRST + 25), taken, KOREAN, KOREAN + 2, 84913000000, strangers[1]]
    done = await add(rig, running, "da-nang", later)
    assert done.entered == Entered(entered=len(later) - 5 - 1 - 1 - 1, already=8)
    await add(rig, running, "hotels", [FRENCH + 1, FRENCH + 2, KOREAN + 2])

    people = {*at_first, *later, FRENCH + 2, KOREAN + 1, BRAZILIAN, FIRST + 20}
    await rig.reached(running, len(people), "delivered")
    expected: dict[str, list[tuple[int, str]]] = {"viettel": [], "vinaphone": []}
    for number in people:
        own = number // 10**9 == 84
        vinaphone = number == taken or number // 10**8 == 849 or number in (KOREAN + 1, BRAZILIAN, FRENCH + 2)
        known = number in range(FIRST, FIRST + 40) or number in range(84912000000, 84912000020)
        language = (
            ("en" if known and number % 10 < 3 else "vi") if own else "fr" if number // 10**9 == 33 else "en"
        )
        expected["vinaphone" if vinaphone else "viettel"].append((number, TEXTS[language]))
    for carrier, those in expected.items():
        assert await shown(rig, carrier) == sorted(those)
    assert await rig.differing(running) == []
    found = await everything(rig.conn, running.name, rig.config)
    assert found.audit.balanced, found.audit.problems
    assert found.report.progress.total.audience == len(people)


TWO = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")}


async def spread_out(nation: NationWorld) -> Campaign:
    """An alert that the south has nothing of: whoever is on its list is of the north."""
    await nation.simulate("viettel", "mobifone", people=30)
    await nation.begin(TWO)
    await listed(nation.rig, "da-nang", range(FIRST, FIRST + 10), "mobifone")
    approved = await nation.rig.approved(plan=Plan(lists=("da-nang",)))
    running = await steps.launch(nation.rig.conn, nation.rig.config, approved)
    assert await nation.conn("south").fetchval("SELECT count(*) FROM campaign") == 0
    return running


async def balances(nation: NationWorld, running: Campaign) -> int:
    """The audit of all ledgers; gives what home has as the audience."""
    found = await everything(nation.rig.conn, running.name, nation.rig.config)
    assert found.audit.balanced, found.audit.problems
    return (await campaigns.get(nation.rig.conn, running.campaign_id)).audience or 0


async def test_they_enter_the_ledger_of_their_carrier_also_one_that_had_nobody(nation: NationWorld) -> None:
    running = await spread_out(nation)
    later = [*range(FIRST + 5, FIRST + 15), *range(FIRST + 1_000_000, FIRST + 1_000_004), FRENCH, KOREAN]
    done = await add(nation.rig, running, "da-nang", later)
    assert done.entered == Entered(entered=11, already=5)
    assert await balances(nation, running) == 21
    assert (await add(nation.rig, running, "da-nang", later)).entered == Entered(already=16)
    done = await add(nation.rig, running, "da-nang", [FRENCH + 1, FIRST + 15])
    assert done.entered == Entered(entered=2)
    assert await balances(nation, running) == 23
    for name in TWO:
        nation.work(name)

    async def all_delivered() -> bool:
        states = await nation.states(running)
        return states.get("delivered", 0) + states.get("undeliverable", 0) == 23

    await until(all_delivered, "everybody has it")
    assert await nation.differing(running) == []
    assert await balances(nation, running) == 23


async def test_a_killed_entry_balances_at_every_commit_and_is_given_again(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await spread_out(nation)
    first = [FIRST + 11, FIRST + 1_000_000]
    await add(nation.rig, running, "da-nang", first)  # now both have people of it
    tell = entrants._Entering._tell_home
    told: list[str] = []

    async def killed(self: Any, part: Any) -> None:
        told.append(part.name)
        if len(told) > 2:  # after the looks; the north's part is committed
            raise RuntimeError("killed")
        await tell(self, part)

    later = [*range(FIRST + 20, FIRST + 25), FIRST + 1_000_001, FRENCH]
    with monkeypatch.context() as patch:
        patch.setattr(entrants._Entering, "_tell_home", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await add(nation.rig, running, "da-nang", later)
    assert (
        await balances(nation, running) == 12
    )  # home has yet to hear of the north's five, and the audit knows that
    assert (await add(nation.rig, running, "da-nang", later)).entered == Entered(entered=2, already=5)
    assert await balances(nation, running) == 19


async def test_home_hears_from_the_ledgers_workers_what_who_was_killed_did_not_tell(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await spread_out(nation)

    async def killed(self: Any, part: Any) -> None:
        pass

    monkeypatch.setattr(entrants._Entering, "_tell_home", killed)
    await add(nation.rig, running, "da-nang", [FIRST + 20, FIRST + 21])
    assert await balances(nation, running) == 10
    nation.work("north")

    async def home_knows() -> bool:
        return await balances(nation, running) == 12

    await until(home_knows, "home knows of the two")
