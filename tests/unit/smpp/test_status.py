"""What statuses mean, the carrier's own ones too."""

import pytest

from broadcast.smpp.status import Meaning, meaning, name


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
    assert meaning(0x4A1, temporary=(0x4A1,)) is Meaning.TEMPORARY
    assert meaning(0x08, permanent=(0x08,)) is Meaning.PERMANENT
    assert meaning(0x58, permanent=(0x58,)) is Meaning.PERMANENT


def test_listing_a_throttle_as_temporary_does_not_hide_it() -> None:
    assert meaning(0x58, temporary=(0x58, 0x14)) is Meaning.THROTTLED


def test_ok_stays_ok() -> None:
    assert meaning(0, temporary=(0,), permanent=(0,)) is Meaning.OK


def test_names() -> None:
    assert name(0x58) == "ESME_RTHROTTLED"
    assert name(0) == "ESME_ROK"
    assert name(0x4A1) == "0x000004A1"
