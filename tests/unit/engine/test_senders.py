"""Whose a text from a telephone is: read as a list's numbers are, and never a guess at somebody else."""

from dataclasses import replace

import pytest

from broadcast.config import Config
from broadcast.engine.replies import Replies
from broadcast.monitor.metrics import Metrics


@pytest.mark.parametrize(
    ("source", "msisdn"),
    [
        ("0912345678", 84912345678),
        ("+84 912 345 678", 84912345678),
        ("84912345678", 84912345678),
        ("8049", 8049),
        ("+15551234567", 15551234567),
        ("0912345678/79", None),
        ("9123456789-0", None),
        ("84912345678.5", None),
        ("8.49E+10", None),
        ("\u0661\u0662\u0663", None),
        ("\u00b2\u00b3", None),
        ("INFO", None),
        ("", None),
    ],
)
def test_whose_a_reply_is(config: Config, source: str, msisdn: int | None) -> None:
    long = replace(config, country=replace(config.country, national_lengths=(9, 10, 11)))
    assert Replies(long, Metrics(), {})._msisdn(source) == msisdn
