"""What statuses mean, the carrier's own ones too."""

import pytest

from broadcast.channel.outcome import Meaning
from broadcast.config import Bind, Carrier, Smpp
from broadcast.smpp.status import is_known, meaning, name, number


def carrier(**statuses: tuple[int, ...]) -> Carrier:
    return Carrier(tps=1, binds=(Bind("localhost", 2775, "esme"),), smpp=Smpp(**statuses))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x00, Meaning.OK),
        (0x58, Meaning.THROTTLED),
        (0x14, Meaning.QUEUE_FULL),
        (0x08, Meaning.TEMPORARY),
        (0x64, Meaning.TEMPORARY),
        (0x0A, Meaning.PERMANENT),
        (0x0B, Meaning.PERMANENT),
        (0x45, Meaning.PERMANENT),
        (0x22, Meaning.PERMANENT),
        (0x4A1, Meaning.PERMANENT),
        (0xFFFFFFFF, Meaning.PERMANENT),
    ],
)
def test_built_in_meaning(status: int, expected: Meaning) -> None:
    assert meaning(status) is expected


def test_the_carriers_tables_override() -> None:
    assert meaning(0x4A1, carrier(temporary_statuses=(0x4A1,))) is Meaning.TEMPORARY
    assert meaning(0x08, carrier(permanent_statuses=(0x08,))) is Meaning.PERMANENT
    assert meaning(0x58, carrier(permanent_statuses=(0x58,))) is Meaning.PERMANENT
    assert meaning(0x4A1, carrier(throttled_statuses=(0x4A1,))) is Meaning.THROTTLED
    assert meaning(0x55F, carrier(queue_full_statuses=(0x22, 0x55F))) is Meaning.QUEUE_FULL
    assert meaning(0x14, carrier(throttled_statuses=(0x14,))) is Meaning.THROTTLED
    assert meaning(0x4A2, carrier(temporary_statuses=(0x4A1,))) is Meaning.PERMANENT


def test_listing_a_throttle_as_temporary_does_not_hide_it() -> None:
    assert meaning(0x58, carrier(temporary_statuses=(0x58, 0x14))) is Meaning.THROTTLED


def test_ok_stays_ok() -> None:
    assert meaning(0, carrier()) is meaning(0) is Meaning.OK


def test_what_the_profile_knows() -> None:
    known = carrier(temporary_statuses=(0x4A1,), throttled_statuses=(0x22,))
    assert [status for status in (0, 0x58, 0xFF, 0x4A1, 0x22) if not is_known(status, known)] == []
    assert [status for status in (0x22, 0x4A1, 0x55F, 0x400, 0xFFFFFFFF) if is_known(status, carrier())] == []


def test_names() -> None:
    assert name(0x58) == "ESME_RTHROTTLED"
    assert name(0) == "ESME_ROK"
    assert name(0x4A1) == "0x000004A1"


def test_numbers() -> None:
    for status in (0, 0x58, 0x4A1, 0xFFFFFFFF):
        assert number(name(status)) == status
    for junk in ("", "0x", "0xZZ", "0x4a1", "ESME_", "027", "0x000004A1 "):
        assert number(junk) is None
