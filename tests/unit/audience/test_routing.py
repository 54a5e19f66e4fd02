"""Prefix to carrier."""

from broadcast.audience.routing import Router
from broadcast.config import Country

COUNTRY = Country(
    name="Portugal",
    country_code="351",
    national_lengths=(9,),
    prefixes={"meo": ("96", "924"), "other": ("92",), "nos": ("93",)},
    time_zone="Europe/Lisbon",
)


def test_the_longest_prefix_wins() -> None:
    router = Router(COUNTRY)
    assert router.carrier(351924000000) == "meo"
    assert router.carrier(351925000000) == "other"
    assert router.carrier(351930000000) == "nos"
    assert router.carrier(351910000000) is None


def test_a_ported_number_belongs_where_it_went() -> None:
    router = Router(COUNTRY, {351924000000: "nos"})
    assert router.carrier(351924000000) == "nos"
    assert router.carrier(351924000001) == "meo"
