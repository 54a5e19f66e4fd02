"""What a carrier says of a number, in the words of the ledger; and its statuses as an answer means them."""

from broadcast.channel.outcome import Meaning
from broadcast.config import Bind, Carrier, Smpp
from broadcast.smpp import status
from broadcast.smpp.channel import SmppChannel
from broadcast.smpp.sayings import sayings

BINDS = (Bind("smsc", 2775, "moh"),)


def test_each_by_what_names_it_else_by_the_usual_one() -> None:
    smpp = Smpp(
        ported_statuses=(0x433, 0x0D),
        ported_statuses_to={"1075": "mobifone"},
        ported_errs=("0B1", "-7"),
        ported_errs_to={"0B1": "vinaphone"},
        ported_to="gmobile",
        unknown_statuses=(0x0B, 0x434),
        unknown_errs=("00A",),
    )
    found = SmppChannel(Carrier(tps=1, binds=BINDS, smpp=smpp)).sayings()
    assert found.ported == {
        "status:0x00000433": "mobifone",
        "status:esme_rbindfail": "gmobile",
        "0b1": "vinaphone",
        "-7": "gmobile",
    }
    assert found.unknown == {"status:esme_rinvdstadr", "status:0x00000434", "00a"}


def test_nobody_is_ported_where_nothing_says_so() -> None:
    found = sayings(Carrier(tps=1, binds=BINDS))
    assert (found.ported, found.unknown) == ({}, {"status:esme_rinvdstadr"})


def test_a_status_that_says_so_is_known_and_for_good() -> None:
    carrier = Carrier(tps=1, binds=BINDS, smpp=Smpp(ported_statuses=(0x433, 0x64)))
    for each in (0x433, 0x64):  # the second is temporary by itself
        assert status.meaning(each, carrier) is Meaning.PERMANENT
        assert status.is_known(each, carrier)
    assert not status.is_known(0x434, carrier)
