"""What whoever approves an alert reads of who would wait."""

import pytest

from broadcast.campaign.capped import Capped
from broadcast.cli.campaign_capped import capped_document, show_capped

AT = 1_780_000_000.0
KEYS = ("viettel", 0), ("mobifone", 0)


def test_nobody_waits(capsys: pytest.CaptureFixture[str]) -> None:
    show_capped(Capped())
    assert capsys.readouterr().out == ""
    assert capped_document(Capped()) == {
        "known": True, "held": 0, "held_from": None, "held_until": None, "left_out": 0, "exact": True,
    }  # fmt: skip


@pytest.mark.parametrize(("exact", "about"), [(True, ""), (False, "about ")])
def test_who_waits_and_who_is_left_out(capsys: pytest.CaptureFixture[str], exact: bool, about: str) -> None:
    held = {KEYS[0]: {AT: 1000, AT + 600: 234}, KEYS[1]: {AT + 300: 1}}
    found = Capped({KEYS[0]: 50, KEYS[1]: 6}, held, exact, "Act 1")
    show_capped(found)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"by how often people may be told (Act 1) {about}1,235 of them wait" in shown
    assert f"and {about}56 are left out" in shown
    told = capped_document(found)
    assert (told["held"], told["left_out"], told["exact"]) == (1235, 56, exact)
    assert (told["held_until"] - told["held_from"]).total_seconds() == 600


def test_who_may_read_no_numbers_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_capped(Capped(exact=False, law="Act 1", unseen=True))
    assert "(Act 1) is not in it: operators and auditors" in " ".join(capsys.readouterr().out.split())
