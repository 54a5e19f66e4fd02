"""Causes before symptoms: the order is data, and these are its rules."""

from broadcast.diagnosis.finding import Code, Finding
from broadcast.diagnosis.order import BESIDE, EXPLAINED_BY, cause, explains, merged, ordered


def one(code: Code, carrier: str = "", *, grave: bool = False) -> Finding:
    return Finding(code, carrier, grave, f"it is {code}", "")


def test_nothing_explains_itself_however_long_the_way() -> None:
    def reached(code: Code, on: tuple[Code, ...] = ()) -> None:
        assert code not in on, on
        for each in EXPLAINED_BY.get(code, ()):
            reached(each, (*on, code))

    for code in Code:
        reached(code)


def test_what_explains_explains_of_its_carrier_or_of_all() -> None:
    silent = one(Code.RECEIPTS_MISSING, "viettel", grave=True)
    assert explains(one(Code.BINDS_DOWN, "viettel"), silent)
    assert not explains(one(Code.BINDS_DOWN, "gmobile"), silent)
    assert explains(one(Code.DATABASE_SLOW), silent)
    assert explains(one(Code.BINDS_DOWN, "gmobile"), one(Code.EXPIRY_AT_RISK))
    assert not explains(silent, one(Code.BINDS_DOWN, "viettel"))


def test_the_gravest_goes_first_but_behind_what_explains_it() -> None:
    down, silent = one(Code.BINDS_DOWN, "b"), one(Code.RECEIPTS_MISSING, "b", grave=True)
    refused, slowed = one(Code.REFUSED, "c", grave=True), one(Code.SLOWED, "a")
    assert ordered([slowed, refused, silent, down]) == (down, silent, refused, slowed)


def test_there_is_one_to_show_first() -> None:
    alone, reached = one(Code.OVERRIDDEN, grave=True), one(Code.TPS_REACHED, "a")
    down = one(Code.BINDS_DOWN, "a")
    assert cause(ordered([reached, alone, down])) == down
    assert cause(ordered([reached, alone])) == alone
    assert cause([]) is None
    assert {alone.code, reached.code} == BESIDE


def test_of_several_ledgers_each_is_said_once() -> None:
    silent, slow = one(Code.RECEIPTS_MISSING, "a", grave=True), one(Code.DATABASE_SLOW)
    assert merged([[silent], [slow], [silent, slow]]) == (slow, silent)


def test_what_is_grave_in_one_ledger_is_grave() -> None:
    """Of a carrier that is split nothing is sent there, and here one bind of four is down."""
    down, one_of_four = one(Code.BINDS_DOWN, "a", grave=True), one(Code.BINDS_DOWN, "a")
    for ledgers in ([[down], [one_of_four]], [[one_of_four], [down]]):
        assert merged(ledgers) == (down,)
