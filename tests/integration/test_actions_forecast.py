"""Whom an alert would reach, and whom not, as things are now."""

import pytest
from integration.steps import by

from broadcast.actions.drafting import draft
from broadcast.actions.forecast import foresee
from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, worded
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign.content import Category
from broadcast.errors import InputError


@pytest.fixture
async def people(session: Session) -> None:
    """At viettel three, one of whom opted out; at gmobile, which is not connected, two; at mobifone one."""
    numbers = await sync_carriers(session.connection, session.config)
    for msisdn, carrier, out in (
        (84960000001, "viettel", False),
        (84960000002, "viettel", False),
        (84960000003, "viettel", True),
        (84590000001, "gmobile", True),
        (84590000002, "gmobile", False),
        (84900000001, "mobifone", False),
    ):
        await session.connection.execute(
            "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, opted_out_at)"
            " VALUES ($1::bigint, $1::bigint % 64, $2, 1, CASE WHEN $3 THEN now() END)",
            *(msisdn, numbers[carrier], out),
        )


@pytest.mark.parametrize(
    ("category", "reached", "excluded"),
    [
        ("health", {"viettel": 2}, {"not_connected": 2, "opted_out": 1}),
        ("emergency", {"viettel": 3}, {"not_connected": 2}),
    ],
)
async def test_who_is_reached(
    session: Session,
    told: list[Notice],
    people: None,
    category: Category,
    reached: dict[str, int],
    excluded: dict[str, int],
) -> None:
    said = Terms(text=worded("Rua tay", plain=False), category=category, carriers=("viettel", "gmobile"))
    made = await by("an", draft, session, "hands", said)
    found = await foresee(session, "hands")
    assert (found.campaign, found.excluded) == (made, excluded)
    for variant, alphabet in zip(found.variants, ("gsm0338", "ucs2"), strict=True):
        assert variant.alphabet == alphabet
        assert {each.carrier: each.recipients for each in variant.carriers} == reached
    assert told == []


async def test_of_none(session: Session) -> None:
    with pytest.raises(InputError, match="no campaign x"):
        await foresee(session, "x")
