"""The rehearsal's list: repeatable, and true to what it says of itself."""

import io
from collections import Counter
from dataclasses import replace

import pytest

from broadcast.audience.generator import Dirt, Generator
from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.routing import Router
from broadcast.config import Config, Country
from broadcast.errors import InputError


@pytest.fixture
def country(config: Config) -> Country:
    return replace(config.country, landline_prefixes=("2",))


def text_of(generator: Generator) -> str:
    sink = io.StringIO()
    generator.write(sink)
    return sink.getvalue()


def test_the_same_seed_gives_the_same_list(country: Country) -> None:
    assert text_of(Generator(country, 500, 3)) == text_of(Generator(country, 500, 3))
    assert text_of(Generator(country, 500, 3)) != text_of(Generator(country, 500, 4))


def test_expected_is_what_the_reader_makes_of_it(country: Country) -> None:
    generator = Generator(country, 20_000, 5)
    lines = text_of(generator).splitlines()
    assert lines[0] == "msisdn,carrier,opted_out"
    normalize, route = Normalizer(country).normalize, Router(country).carrier
    seen: dict[int, str] = {}
    refused: Counter[str] = Counter()
    opted_out: Counter[str] = Counter()
    for line in lines[1:]:
        number, ported_to, said = line.split(",")
        found = normalize(number)
        if isinstance(found, Refusal):
            refused[found.value] += 1
        elif found not in seen:
            seen[found] = ported_to or str(route(found))
            opted_out[seen[found]] += said == "yes"
    expected = generator.expected
    assert expected.lines == 20_000 == len(lines) - 1
    assert expected.refused == refused
    assert set(refused) == {
        "landline",
        "foreign",
        "garbage",
        "scientific_notation",
        "too_short",
        "unknown_prefix",
    }
    assert expected.imported == len(seen)
    assert expected.duplicate == 20_000 - len(seen) - refused.total()
    assert expected.duplicate > 200
    assert expected.subscribers == Counter(seen.values())
    assert expected.opted_out == opted_out


def test_weights(country: Country) -> None:
    generator = Generator(country, 2_000, 1, {"viettel": 3, "gmobile": 1}, Dirt(ported=0.0))
    text_of(generator)
    assert set(generator.expected.subscribers) == {"viettel", "gmobile"}
    assert 2.4 < generator.expected.subscribers["viettel"] / generator.expected.subscribers["gmobile"] < 3.8


def test_a_clean_list_without_landlines(config: Config) -> None:
    generator = Generator(config.country, 300, 1, dirt=Dirt(0, 0.5, 0, 0, 0, 0, 0, 0, 0))
    text_of(generator)
    assert generator.expected.imported == 300


def test_numbers_do_not_repeat_until_all_are_used(country: Country) -> None:
    tiny = replace(country, national_lengths=(4,), prefixes={"a": ("91", "92")}, landline_prefixes=())
    clean = Dirt(0, 0, 0, 0, 0, 0, 0, 0, 0)
    lines = text_of(Generator(tiny, 200, 9, dirt=clean)).splitlines()[1:]
    assert len(set(lines)) == 200
    with pytest.raises(InputError, match="fewer numbers"):
        text_of(Generator(tiny, 201, 9, dirt=clean))


def test_bad_arguments(country: Country) -> None:
    with pytest.raises(InputError, match="no carrier vodafone"):
        Generator(country, 1, weights={"vodafone": 1})
    with pytest.raises(InputError, match="shares of dirt"):
        text_of(Generator(country, 1, dirt=Dirt(duplicate=0.9, foreign=0.2)))
