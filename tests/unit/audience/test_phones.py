"""One's own phones, read as people write them and grouped as an audience is."""

import struct

import pytest

from broadcast.audience.phones import grouped, read_phones
from broadcast.audience.snapshot import Group
from broadcast.config import Config, Phones
from broadcast.errors import ConfigError
from broadcast.ids import CarrierNo


def test_however_they_are_written(config: Config) -> None:
    phones = Phones(("0962 345 678", "+84 90 2345678", "84962345678"))
    assert read_phones(phones, config.country) == (84962345678, 84902345678)


def test_a_number_that_is_none_is_not_repeated(config: Config) -> None:
    with pytest.raises(ConfigError) as refused:
        read_phones(Phones(("0962345678", "0243822123")), config.country)
    assert str(refused.value).startswith("phones.numbers.1 is no mobile number of Vietnam: ")
    assert "0243822123" not in str(refused.value)


def test_by_carrier_and_bucket() -> None:
    one, two = CarrierNo(1), CarrierNo(2)
    found = grouped([(84962345742, one), (84962345678, one), (84902345678, two), (84999999999, None)])
    both = Group(
        one, 84962345678 % 64, "", b"".join(struct.pack(">iq", 8, n) for n in (84962345678, 84962345742))
    )
    assert both in found
    assert len(found) == 2
