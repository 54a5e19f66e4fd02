"""Who hears a campaign: everybody on the list, or one's own phones. A correction's hearers the launch is given."""

from collections.abc import AsyncIterator, Mapping, Sequence

from broadcast.audience.listed import stranger_groups
from broadcast.audience.phones import own_phones
from broadcast.audience.snapshot import Group, audience
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.choosing import chosen, message_of
from broadcast.campaign.ruled import reasons_for
from broadcast.config import Config
from broadcast.errors import RefusedError
from broadcast.ids import CarrierNo
from broadcast.languages import _
from broadcast.store.types import Connection


async def listeners(
    home: Connection, config: Config, campaign: Campaign, numbers: Mapping[str, CarrierNo]
) -> AsyncIterator[Sequence[Group]]:
    """Within the launch's transaction. numbers: home's carriers, by name. Raises as `chosen` and its source do."""
    wanted = [numbers[name] for name in campaign.carriers if name in numbers]
    match campaign.hearers:
        case "everybody":
            reasons = reasons_for(config, campaign.content)
            choice = await chosen(home, config, campaign.plan, campaign.languages)
            people = audience(home, wanted, reasons, choice)
            known = {name: numbers[name] for name in campaign.carriers if name in numbers}
            said = message_of(config, campaign.plan, campaign.languages)
            return _all_of(
                people, stranger_groups(home, campaign.plan.lists, config.country, known, said, reasons)
            )
        case "phones":
            return own_phones(home, config, numbers, wanted, len(campaign.content.variants) - 1)
        case other:
            raise RefusedError(_("nothing here says who hears a campaign of the kind {kind}", kind=other))


async def _all_of(*sources: AsyncIterator[Sequence[Group]]) -> AsyncIterator[Sequence[Group]]:
    for source in sources:
        async for part in source:
            yield part
