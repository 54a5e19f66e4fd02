"""An emergency amid alerts that use every carrier fully: by the simulated carriers' books, segment by segment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from integration.rig import Rig
from waiting import until

from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plan import Plan
from broadcast.diagnosis.finding import Code
from broadcast.diagnosis.gather import Diagnosis

TPS = 400
CARRIERS = ("viettel", "vinaphone")
PEOPLE = 400  # at each carrier
MESSAGES = {  # by the letter that they begin with; their segments
    "E": ("E: leave the river banks at once, the dam upstream is about to fail. " * 3, 2),
    "H": (
        "H: boil water before you drink it, wash your hands, and see a doctor when you have a fever. " * 7,
        5,
    ),
    "R": ("R: the vaccination of all children under six goes on in every commune until Friday. " * 8, 5),
}
Wire = list[tuple[float, str, int]]


async def prepare(rig: Rig) -> None:
    """Slices are small, so that each worker has some of everything to the end."""
    rig.config = replace(rig.config, engine=replace(rig.config.engine, slice_size=20))
    for place, name in enumerate(CARRIERS):
        await rig.smsc(name, receipt_delay_s=0.1, record=100_000)
        rig.connect(name, TPS, window=200)
        await rig.subscribers(name, PEOPLE, 84320000000 + place * 1_000_000)


async def alert(rig: Rig, letter: str, category: str, in_doubt: str = "hold", **more: object) -> Campaign:
    return await rig.launch(
        text=MESSAGES[letter][0], category=category, in_doubt_policy=in_doubt, alphabet="gsm0338", **more
    )


async def wire(rig: Rig, name: str) -> Wire:
    """What came, in order: when, of which message, and on which session."""
    pages = await rig.smscs[name].get("/book/messages?limit=1000000")
    assert pages["unrecorded"] == 0
    return sorted(
        (part["at"], each["text"][0], part["session"])
        for each in pages["messages"]
        for part in each["segments"]
    )


async def underway(rig: Rig, *campaigns: Campaign) -> None:
    """Each has left at every carrier."""

    async def on_all() -> bool:
        rows = await rig.conn.fetch(
            "SELECT sum(accepted + delivered) AS there FROM tally WHERE campaign_id = ANY ($1) "
            "GROUP BY campaign_id, carrier_no HAVING sum(waiting) > 0",
            [each.campaign_id for each in campaigns],
        )
        return [row["there"] > 0 for row in rows] == [True] * len(campaigns) * len(CARRIERS)

    await until(on_all, "all carriers are used")


async def nothing_intended(rig: Rig, campaigns: Sequence[Campaign], workers: int) -> None:
    """What was intended of these and had not left is given back, and the rest was answered: but for a message a lane of
    which a segment has left (decision 032)."""

    async def given_back() -> bool:
        intended = [(await rig.states(each)).get("in_doubt", 0) for each in campaigns]
        return sum(intended) <= workers * len(CARRIERS)

    await until(given_back, "the lower ones wait again")


async def gives_way(rig: Rig, lower: Campaign, emergency: Campaign) -> bool:
    """As `watch` says it, while there is an emergency."""
    findings = await Diagnosis(rig.conn, lower.campaign_id).findings()
    return any(
        each.code is Code.GIVES_WAY and each.sentence.startswith(f"gives way to {emergency.name} at v")
        for each in findings
    )


async def last_leased(rig: Rig, emergency: Campaign, name: str) -> float:
    """When the last of its people at a carrier were leased to some worker: until then each of them has some."""
    at = await rig.conn.fetchval(
        """SELECT extract(epoch FROM max(leased_at))::float8 FROM slice JOIN carrier USING (carrier_no)
            WHERE campaign_id = $1 AND name = $2""",
        emergency.campaign_id, name,
    )  # fmt: skip
    return float(at)


def check_wire(came: Wire, launched: float, leased: float) -> None:
    """By order and share, not by time: a slow machine sends less of either. leased: see `last_leased`."""
    letters = [letter for _, letter, _ in came]
    first = letters.index("E")
    before = sum(1 for at, _, _ in came[:first] if at >= launched)
    print(f"{before} before the first of it, {came[first][0] - launched:.3f} s")
    assert before <= TPS  # a second's worth
    last = len(letters) - letters[::-1].index("E")
    sessions = {session for _, letter, session in came if letter == "E"}
    begun = max(
        next(at for at, letter, of in came if letter == "E" and of == session) for session in sessions
    )
    assert sum(1 for at, letter, _ in came[first:] if letter != "E" and at < begun) <= TPS  # on every worker
    shared = [letter for at, letter, _ in came if begun <= at <= leased]  # people of it wait for any worker
    print(f"all workers: {shared.count('E') / len(shared):.1%} of {len(shared)} segments")
    assert shared.count("E") >= 0.95 * len(shared)
    for session in sessions:
        its = [letter for _, letter, of in came if of == session]
        between = its[its.index("E") : len(its) - its[::-1].index("E")]
        print(f"session {session}: {between.count('E') / len(between):.1%} of {len(between)} segments")
        assert between.count("E") >= 0.95 * len(between)
    whole = letters[first:last]
    print(f"to the last of it: {whole.count('E') / len(whole):.1%} of {len(whole)} segments")
    assert set(letters[last:]) == {"H", "R"}  # they finish afterwards
    assert Counter(letters) == {letter: PEOPLE * segments for letter, (_, segments) in MESSAGES.items()}


async def finished(rig: Rig, *campaigns: Campaign) -> None:
    """Books balanced, person by person, and nobody twice."""
    for number, campaign in enumerate(campaigns, 1):
        assert await rig.finish(campaign) == {"delivered": PEOPLE * len(CARRIERS)}
        assert await rig.differing(campaign, number) == []
    for name in CARRIERS:
        book = await rig.smscs[name].book()
        assert (book["extra_copies"], book["incomplete"], book["throttled"]) == (0, 0, 0)
        assert book["max_per_second"] <= TPS


async def test_an_emergency_goes_out_amid_two_alerts_and_they_finish_afterwards(rig: Rig) -> None:
    await prepare(rig)
    for _ in range(2):
        await rig.worker_process()
    lower = [await alert(rig, "H", "health"), await alert(rig, "R", "health")]
    await underway(rig, *lower)
    emergency = await alert(rig, "E", "emergency")
    assert emergency.launched_at is not None
    for each in lower:
        await until(partial(gives_way, rig, each, emergency), "it is said that it gives way")
    await finished(rig, *lower, emergency)
    for name in CARRIERS:
        leased = await last_leased(rig, emergency, name)
        check_wire(await wire(rig, name), emergency.launched_at.timestamp(), leased)


async def test_a_worker_that_is_killed_amid_the_emergency_leaves_a_begun_message_a_lane_in_doubt(
    rig: Rig,
) -> None:
    """Of the lower ones: all else that it had intended of them was given back before."""
    await prepare(rig)
    first = await rig.worker_process()
    await rig.worker_process()
    lower = [await alert(rig, "H", "health", "resend"), await alert(rig, "R", "routine", "resend")]
    await underway(rig, lower[0])
    emergency = await alert(rig, "E", "emergency", "resend")
    await rig.reached(emergency, PEOPLE * len(CARRIERS) // 4, "accepted", "delivered")
    await nothing_intended(rig, lower, 2)
    assert (await rig.states(emergency)).get("waiting", 0) > 0
    first.kill()
    await rig.worker_process()
    for each in (emergency, *lower):
        assert await rig.finish(each) == {"delivered": PEOPLE * len(CARRIERS)}
    rows = await rig.conn.fetch("SELECT campaign_id FROM in_doubt")
    resent = Counter(row["campaign_id"] for row in rows)
    assert sum(resent[each.campaign_id] for each in lower) <= len(CARRIERS)
    letters: Counter[str] = Counter()
    for name in CARRIERS:
        letters.update(letter for _, letter, _ in await wire(rig, name))
        assert (await rig.smscs[name].book())["incomplete"] <= len(rows)
    for letter, each in zip("EHR", (emergency, *lower), strict=True):
        segments = MESSAGES[letter][1]
        twice = letters[letter] - PEOPLE * len(CARRIERS) * segments
        assert 0 <= twice <= resent[each.campaign_id] * segments


async def test_equal_alerts_share_by_weight_and_a_reserve_is_kept(rig: Rig) -> None:
    """Until one of them is through."""
    await prepare(rig)
    three = await alert(rig, "H", "health", plan=Plan(weight=3))
    one = await alert(rig, "R", "health")
    reserved = await alert(rig, "E", "routine", plan=Plan(reserve=20))
    rig.worker()
    for each in (three, one, reserved):
        assert await rig.finish(each) == {"delivered": PEOPLE * len(CARRIERS)}
    for name in CARRIERS:
        letters = [letter for _, letter, _ in await wire(rig, name)]
        begun = max(letters.index(letter) for letter in "HRE") + 100  # the youngest was leased a moment ago
        through = len(letters) - letters[::-1].index("H")
        counted = Counter(letters[begun:through])
        whole = through - begun
        print(counted, whole)
        assert whole >= 600
        assert 0.55 <= counted["H"] / whole <= 0.65
        assert 0.15 <= counted["R"] / whole <= 0.25
        assert 0.15 <= counted["E"] / whole <= 0.25
