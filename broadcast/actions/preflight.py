"""What stands of the ways to the carriers, looked at before a launch: what workers found when they tried them."""

from broadcast.actions.notices import LinksShut
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import Campaign
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.reports import link_tests


async def look(session: Session, found: Campaign, *, anyway: bool) -> None:
    """Tells of each link that was shut in the last minutes. An emergency goes out all the same: links come back, and
    carriers that are there must not wait for one that is not.

    Raises RefusedError: all links to a carrier were, unless anyway.
    """
    tests: list[link_tests.LinkTest] = []
    async with session.all_parts() as parts:
        for part in parts.reached:
            tests += await link_tests.last(part.connection)
    named = [name for name in found.carriers if name in session.config.carriers]
    for carrier, (closed, every) in link_tests.shut(tests, named).items():
        if every and not anyway and found.category != "emergency":
            raise RefusedError(
                _(
                    "no link to {carrier} was open in the last minutes ({why}): `broadcast carrier check {carrier}` "
                    "says what to mend; or leave it out (`broadcast campaign edit {name} --carrier ...`), or launch "
                    "with --anyway",
                    carrier=carrier,
                    why=closed[0].said,
                    name=found.name,
                )
            )
        session.tell(LinksShut(carrier, tuple((each.address, each.said) for each in closed), every))
