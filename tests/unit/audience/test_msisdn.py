"""Numbers as people write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.config import Country

VIETNAM = Country(
    name="Vietnam",
    country_code="84",
    national_lengths=(9,),
    prefixes={"viettel": ("32", "86", "98"), "vinaphone": ("84", "91", "94"), "mobifone": ("70", "90")},
    time_zone="Asia/Ho_Chi_Minh",
    trunk_prefix="0",
    landline_prefixes=("2",),
)
PORTUGAL = Country(
    name="Portugal",
    country_code="351",
    national_lengths=(9,),
    prefixes={"meo": ("96", "924"), "vodafone": ("91",), "nos": ("93",)},
    time_zone="Europe/Lisbon",
)
LONG_AND_SHORT = Country(
    name="Elsewhere",
    country_code="7",
    national_lengths=(8, 10),
    prefixes={"a": ("9",), "b": ("77",)},
    time_zone="Europe/Lisbon",
    trunk_prefix="8",
)
INDONESIA = Country(
    name="Indonesia",
    country_code="62",
    national_lengths=(9, 10, 11, 12),
    prefixes={"telkomsel": ("811", "812"), "xl": ("817", "859")},
    time_zone="Asia/Jakarta",
    trunk_prefix="0",
    landline_prefixes=("21",),
)
read = Normalizer(VIETNAM).normalize


@pytest.mark.parametrize(
    "raw",
    [
        "0912345678",
        "912345678",
        "84912345678",
        "+84912345678",
        "0084912345678",
        "+84 912 345 678",
        "+84 (0) 912 345 678",
        "(0912) 345 678",
        "0912.345.678",
        "0912-345-678",
        "0912 345 678",
        "\t0912345678\r",
        "+840912345678",
        "'0912345678",
        "0912–345–678",
        "\u202a+84912345678\u202c",
        "\u20680912345678\u2069",
        "0912\u2212345\u2212678",
        "\u00ad0912345678",
        "+84\ufe0e912345678",
        "+84\U000e0100912345678",
        "\u3000 0912345678",
        "0912\u2003345\u2005678",
        "0912\u2800345678",
        "\ufeff0912\u202f345\u2011678\u0085",
        "0912\uff0d345\ufe63678\n",
        "84912345678.0",
        "+84912345678.00",
        "'84912345678,0",
        "84 912 345 678.000",
        "0912345.678",
    ],
)
def test_spellings_of_one_number(raw: str) -> None:
    assert read(raw) == 84912345678


@pytest.mark.parametrize(("raw", "msisdn"), [("841234567", 84841234567), ("84841234567", 84841234567)])
def test_a_prefix_that_looks_like_the_country_code(raw: str, msisdn: int) -> None:
    assert read(raw) == msisdn


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        (" \t", "empty"),
        ("abc", "garbage"),
        ("-", "garbage"),
        ("+", "garbage"),
        ("0912345678x", "garbage"),
        ("09123+45678", "garbage"),
        ("8.49123E+10", "scientific_notation"),
        ("8,49E+10", "scientific_notation"),
        ("'8.4912345678e10", "scientific_notation"),
        ("\u200e8.49 E+10 ", "scientific_notation"),
        ("8.49E", "garbage"),
        ("91234567.0", "too_short"),  # 8 digits, not the 9 that 912345670 has
        ("91234567,0", "too_short"),
        ("84912345678.5", "too_long"),
        ("0912345678/79", "ambiguous"),
        ("0912345090/0912345091", "ambiguous"),
        ("0912/345/678", "ambiguous"),
        ("n/a", "garbage"),
        ("/", "garbage"),
        ("\u200b\u00ad\ufe0f", "empty"),
        ("\u00b2912345678", "garbage"),
        ("0९12345678", "garbage"),
        ("0912\x00345678", "garbage"),
        ("9" * 65, "garbage"),
        ("0" * 1_000_000, "garbage"),
        ("0912", "too_short"),
        ("+66", "too_short"),
        ("091234567", "too_short"),
        ("+8491234567", "too_short"),
        ("09123456789", "too_long"),
        ("849123456789", "too_long"),
        ("+1234567890123456", "too_long"),
        ("+85512345678", "foreign"),
        ("0085512345678", "foreign"),
        ("02438221234", "landline"),
        ("+842438221234", "landline"),
        ("842438221234", "landline"),
        ("0511234567", "unknown_prefix"),
        ("511234567", "unknown_prefix"),
        ("+84511234567", "unknown_prefix"),
    ],
)
def test_refused(raw: str, reason: str) -> None:
    assert read(raw) == Refusal(reason)


def test_a_country_without_trunk_prefix() -> None:
    portugal = Normalizer(PORTUGAL).normalize
    assert portugal("912 345 678") == 351912345678
    assert portugal("00351924345678") == 351924345678
    assert portugal("+351 924 345 678") == 351924345678
    assert portugal("923456789") is Refusal.UNKNOWN_PREFIX
    assert portugal("0912345678") is Refusal.TOO_LONG
    assert portugal("+34912345678") is Refusal.FOREIGN


def test_two_lengths() -> None:
    elsewhere = Normalizer(LONG_AND_SHORT).normalize
    assert elsewhere("91234567") == 791234567
    assert elsewhere("9123456789") == 79123456789
    assert elsewhere("8 9123456789") == 79123456789
    assert elsewhere("7 7712345678") == 77712345678
    assert elsewhere("912345678") is Refusal.UNKNOWN_PREFIX


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("628123456789.0", 628123456789),
        ("+628123456789.00", 628123456789),
        ("628.123.456.789,0", 628123456789),
        ("0812-3456-7890", 6281234567890),
        ("0812-345678901", 62812345678901),
        ("+62 8123456789", 628123456789),
        ("0812345678.000", Refusal.AMBIGUOUS),  # thousandths, or the number's last three digits
        ("628123456789.5", Refusal.AMBIGUOUS),
        ("08123456789-0", Refusal.AMBIGUOUS),
        ("08123456789 1", Refusal.AMBIGUOUS),
        ("08123456789 (2)", Refusal.AMBIGUOUS),
        ("08123456789/0", Refusal.AMBIGUOUS),
        ("081234567/08", Refusal.AMBIGUOUS),
        ("08123456.0", Refusal.TOO_SHORT),
    ],
)
def test_what_is_behind_a_number_never_makes_it_another_persons(raw: str, found: int | Refusal) -> None:
    """Where numbers of several lengths are valid, one digit more is somebody else."""
    assert Normalizer(INDONESIA).normalize(raw) == found


@given(st.text(max_size=80) | st.text("+0123456789 .-()eE\x00", max_size=24))
def test_never_raises(raw: str) -> None:
    found = read(raw)
    assert isinstance(found, Refusal) or (10**10 < found < 10**11 and str(found).startswith("84"))


@given(
    st.sampled_from(["32", "86", "98", "84", "91", "94", "70", "90"]), st.integers(0, 10**7 - 1), st.data()
)
def test_every_spelling_reads_the_same(prefix: str, serial: int, data: st.DataObject) -> None:
    national = f"{prefix}{serial:07}"
    lead = data.draw(st.sampled_from(["", "0", "84", "+84", "0084", "+84 (0)"]))
    separators = data.draw(st.lists(st.sampled_from(["", " ", ".", "-", "\u00a0"]), min_size=9, max_size=9))
    spelled = lead + "".join(a + b for a, b in zip(separators, national, strict=True))
    if re.fullmatch(r"[^.]*\.00?", spelled):  # a float's end: not one more digit of the number
        assert isinstance(read(spelled), Refusal)
    else:
        assert read(spelled) == int("84" + national)
