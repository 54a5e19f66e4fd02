"""The pages: well formed, in the viewer's language, nobody's text is markup, and nothing in them is inline."""

import re
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from unit.web.documents import EVERY, NOON, campaign, carrier, finding, nation, running, shapes, sick

from broadcast.web.board import WRONG_MOST, board
from broadcast.web.outlines import outlines
from broadcast.web.pages import board_page, confirm_page, error_page, login_page, parts
from broadcast.web.view import Asked, View, look

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
VIEW = View(zone=HANOI, user="binh", csrf="token")
NASTY = "<script>x</script>\"'&\u202e"
_VOID = {"meta", "link", "input", "br"}


class Tree(HTMLParser):
    """Elements that are closed in order; ids; what a strict CSP would refuse."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def every_page() -> dict[str, str]:
    drawn = outlines(shapes())
    asked = Asked(
        "Approve x?", "What", "Approve", "/campaign/1/approve", ("EXERCISE",), "Lũ lên", asks_code=True
    )
    pages = {name: board_page(make(), VIEW, drawn, "done") for name, make in EVERY.items()}
    return pages | {
        "login": login_page(View(), "wrong", "an", "/oidc"),
        "confirm": confirm_page(VIEW, asked),
        "error": error_page(VIEW, 404, "No such page", "Go back."),
    }


@pytest.mark.parametrize("name", [*EVERY, "login", "confirm", "error"])
def test_a_page_is_well_formed_and_has_nothing_inline(name: str) -> None:
    page = every_page()[name]
    tree = Tree(page)
    assert len(tree.ids) == len(set(tree.ids))
    assert tree.inline == []
    assert tree.tags.count("h1") == tree.tags.count("main") == 1
    for target in re.findall(r'(?:aria-labelledby|aria-describedby|for|href)="#?([\w.-]+)"', page):
        assert target in tree.ids or "." in target, target
    assert re.findall(r'(?:src|href)="(https?:)?//', page) == []


def test_what_others_wrote_is_text() -> None:
    nasty = campaign(
        name=NASTY, category=NASTY, failures=[{"state": "rejected", "reason": NASTY, "count": 1}],
        areas=[{"code": NASTY, "name": NASTY, "people": 5, "reached": 1}],
        carriers=[{"carrier": NASTY, "states": campaign()["states"]}],
        pauses=[{"from": NOON.isoformat(), "to": None, "reason": NASTY, "carrier": NASTY}],
        findings=[finding(NASTY, NASTY, sentence=NASTY, run=NASTY)],
    )  # fmt: skip
    contacts = [{"who": NASTY, "how": NASTY, "carrier": NASTY}]
    document = nation(
        nasty, contacts=contacts, drafts=[{**sick()["drafts"][0], "name": NASTY, "drafted_by": NASTY}]
    )
    page = board_page(
        document, View(user=NASTY, csrf=NASTY, path="/"), outlines({NASTY: shapes()["01"]}), NASTY
    )
    page += login_page(View(), NASTY, NASTY, NASTY) + error_page(View(), 404, NASTY, NASTY)
    page += confirm_page(
        VIEW, Asked(NASTY, NASTY, NASTY, "/", (NASTY,), NASTY, (NASTY,), (NASTY,), facts={NASTY: NASTY})
    )
    assert "<script>x" not in page
    assert "\u202e" not in page
    assert "\"'&" not in page


@pytest.mark.parametrize("name", EVERY)
def test_the_parts_are_what_the_page_has(name: str) -> None:
    """Else the first change would move everything."""
    page, made = board_page(EVERY[name](), VIEW), parts(EVERY[name](), VIEW)
    for part, content in made.items():
        assert f'id="{part}" data-part>' in page
        if part != "articles":
            assert content in page, part
    assert list(made).index("articles") < min((at for at, part in enumerate(made) if "." in part), default=99)


def test_a_part_changes_only_with_what_it_shows() -> None:
    before, after = parts(running(), VIEW), parts(nation(campaign(segments_per_s=1.0, balance=None)), VIEW)
    assert before == after
    changed = parts(nation(campaign(failures=[])), VIEW)
    assert [name for name in before if before[name] != changed[name]] == ["a7.failures"]


def test_times_are_the_countrys() -> None:
    page = board_page(running(), VIEW)
    assert ">12:00:00</time>" in page and 'datetime="2026-03-01T05:00:00.000+00:00"' in page
    assert 'data-zone="Asia/Ho_Chi_Minh"' in page


def test_every_word_is_in_the_language_of_who_looks_whoever_came_first() -> None:
    document = running()
    document["training"] = True
    document["campaigns"][0]["failures"] = [
        {"state": "rejected", "reason": reason, "count": 7}
        for reason in ("status:ESME_RINVDSTADR", "status:11")
    ]
    english, vietnamese = (
        board_page(document, View(language=language, training=True), None, "") for language in ("en", "vi")
    )
    for word, said in (
        ("on its way", "đang trên đường"),
        ("not reached", "không đến được"),
        ("excluded", "bị loại"),
    ):
        assert word not in vietnamese
        assert vietnamese.count(said) >= english.count(word) > 0
    assert english.count("ESME_RINVDSTADR: ") == vietnamese.count("ESME_RINVDSTADR: ") == 2


def test_old_figures_are_said_to_be_old_without_a_script() -> None:
    page = board_page({**running(), "age_s": 40.0, "trouble": "database"}, VIEW)
    assert '<div id="old" class="old" role="alert"><p><strong>These figures are old.' in page
    assert "The database does not answer." in page and "those of 12:00:00" in page
    assert 'role="alert" hidden' in board_page(running(), VIEW)


def test_findings_are_grave_first_once_with_whom_to_call() -> None:
    document = sick()
    document["carriers"][0]["findings"] = [finding("binds_down", "viettel")]
    document["carriers"][3]["findings"] = [finding("tps_reached", "gmobile", False)]
    tree = parts(document, VIEW)["wrong"]
    away, down, slowed = tree.split("<li")[1:]
    assert '"grave"' in away and '"grave"' in down and '"slow"' in slowed
    assert "Viettel NOC" in down and "Trực ban" not in down + slowed
    assert "<code>broadcast carrier check viettel</code>" in tree


def test_a_cause_stays_before_what_it_explains_however_grave_that_is() -> None:
    silent, down = finding("receipts_missing", "viettel"), finding("binds_down", "viettel", False)
    well = campaign(8, 1000, name="other", findings=[finding("slowed", "gmobile", False)])
    document = nation(well, campaign(findings=[down, silent]))
    shown = board(document, VIEW).wrong
    assert [(each.carrier, each.grave) for each in shown] == [
        ("viettel", False), ("viettel", True), ("gmobile", False),
    ]  # fmt: skip


def test_what_is_wrong_with_a_carrier_is_shown_though_no_alert_is_under_way() -> None:
    slowed = carrier("viettel", 0.52, findings=[finding("slowed", "viettel", False)])
    refused = carrier("mobifone", 0.2, findings=[finding("binds_down", "mobifone")])
    shown = board(nation(carriers=[slowed, refused], findings=[finding("database_slow", grave=False)]), VIEW)
    assert [each.carrier for each in shown.wrong] == ["", "mobifone", "viettel"], (
        "what may explain it, grave ones"
    )
    assert [each.kind for each in shown.carriers] == ["slow", "grave"]
    assert "1 grave finding." in shown.spoken


def test_a_ledger_that_is_away_is_grave_and_nobody_is_made_up_for_it() -> None:
    """Of 300,000 people nothing was ever read: they are of the whole, and of no share."""
    sent = campaign(people=700_000, sent=1.0, delivered=1.0, audience=1_000_000)
    south = {"name": "south", "up": False, "workers": 0, "leases": 0}
    contacts = [
        {"who": "Trực ban", "how": "112", "carrier": None},
        {"who": "NOC", "how": "1", "carrier": "viettel"},
    ]
    shown = board(nation(sent, databases=[south], contacts=contacts), VIEW)
    (away,) = shown.wrong
    assert (
        away.grave and away.sentence.startswith("south does not answer") and away.run == "broadcast db status"
    )
    assert [each["who"] for each in away.contacts] == ["Trực ban"]
    (alert,) = shown.alerts
    assert (alert.has, alert.whole, alert.share) == (686_000, 986_000, "69.5 %")
    assert alert.standing.startswith("Of 300,000 people nothing is known")
    assert sum(each.share for each in alert.groups) == pytest.approx(69.57, abs=0.1)
    assert alert.curve is not None and not alert.curve.forecast


def test_a_pace_of_some_is_none_of_all() -> None:
    going = board(nation(campaign(people=700_000, audience=1_000_000)), VIEW).alerts[0]
    assert going.standing.startswith("It is being sent; when it ends cannot be said yet. Of 300,000 people")
    over = board(nation(campaign(state="cancelled", audience=1_000_001)), VIEW).alerts[0]
    assert over.standing.startswith("It is over: cancelled.") and over.standing.count("Of 1 person") == 1
    assert "nothing is known" not in board(running(), VIEW).alerts[0].standing


def test_figures_of_some_are_said_to_be_an_estimate() -> None:
    asked = {"people": 40_000, "whole": False, "nameless": False, "away": False}
    some = parts(nation(campaign(asked=asked)), VIEW)
    without = parts(nation(campaign(asked={**asked, "away": True})), VIEW)
    for part in ("a7.areas", "a7.failures"):
        assert "An estimate from 40,000 people" in some[part] and "does not answer" not in some[part]
        assert "Of a database that does not answer nobody is counted here." in without[part]
        assert "An estimate" not in parts(running(), VIEW)[part]


def test_what_there_is_no_room_for_still_counts() -> None:
    many = [
        campaign(at, 1000, name=f"c{at}", findings=[finding("expiry_at_risk")])
        for at in range(1, WRONG_MOST + 1)
    ]
    down = carrier("mobifone", 0.2, findings=[finding("binds_down", "mobifone")])
    shown = board(nation(*many, carriers=[down]), VIEW)
    assert (len(shown.wrong), shown.more_wrong) == (WRONG_MOST, 1)
    assert [each.kind for each in shown.carriers] == ["grave"]
    assert f"{WRONG_MOST + 1} grave findings." in shown.spoken


def test_an_alert_that_is_none_is_marked() -> None:
    assert parts(nation(campaign(status="exercise")), VIEW)["a7.head"].startswith(
        '<p class="mark">EXERCISE</p>'
    )
    assert "mark" not in parts(running(), VIEW)["a7.head"]
    assert '<p class="mark">TRAINING</p>' in board_page(running(), View(training=True))


def test_of_500_alerts_the_most_urgent_are_shown_whole() -> None:
    many = [campaign(at, 1000, name=f"c{at}", category="routine", areas=[]) for at in range(1, 500)]
    urgent = campaign(500, 1000, name="urgent")
    over = campaign(501, 1000, name="over", state="finished")
    made = parts(nation(over, *many, urgent), VIEW)
    assert next(name for name in made if "." in name) == "a500.head"
    assert len([name for name in made if name.endswith(".head")]) == 12
    assert "and 429 more" in made["overview"]
    assert sum(map(len, made.values())) < 300_000


def test_the_map_is_small_enough() -> None:
    page = board_page(running(), VIEW, outlines(shapes(900)))
    assert len(page) < 200_000


def test_every_act_is_a_form_with_its_token() -> None:
    page = confirm_page(
        VIEW, Asked("t", "w", "b", "/campaign/1/cancel", asks_name=True, asks_password=True, grave=True)
    )
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    assert len(forms) == 2 and all(
        'name="csrf" value="token"' in each and 'method="post"' in each for each in forms
    )
    assert 'autocomplete="current-password"' in page and 'name="content"' not in page


@pytest.mark.parametrize(
    ("query", "cookies", "accept", "expected"),
    [
        ({}, {}, "", ("en", "auto", False)),
        ({}, {}, "vi-VN,vi;q=0.9,en;q=0.8", ("vi", "auto", False)),
        ({}, {"lang": "vi", "theme": "dark", "wall": "1"}, "en", ("vi", "dark", True)),
        ({"lang": "en", "wall": "0"}, {"lang": "vi", "wall": "1"}, "vi", ("en", "auto", False)),
        ({"lang": "<x>", "theme": "pink"}, {"lang": "x", "theme": "x"}, "fr", ("en", "auto", False)),
    ],
)
def test_how_it_looks_is_by_address_then_cookie_then_browser(
    query: dict[str, str], cookies: dict[str, str], accept: str, expected: tuple[Any, ...]
) -> None:
    found = look(query, cookies, accept)
    assert (found.language, found.theme, found.wall) == expected
    assert set(found.kept) <= {"lang", "wall"}
