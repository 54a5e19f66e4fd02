"""Who of the list hears an alert: what its plan names, read against the areas, attributes and lists that there are."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broadcast.areas import tree as trees
from broadcast.areas.tree import AreaTree
from broadcast.audience import attributes, choice, lists, profiles
from broadcast.audience.carriers import carrier_names
from broadcast.audience.choice import Choice
from broadcast.audience.listed import VariantOf, on_lists
from broadcast.audience.selection import Named, no_part, parter, reader, select, variant_of
from broadcast.audience.where import parse
from broadcast.campaign import campaigns
from broadcast.campaign.content import Content
from broadcast.campaign.plan import Plan
from broadcast.campaign.ruled import reasons_for
from broadcast.campaign.whom import in_words
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _, grouped
from broadcast.rules.standing import REASONS, Reasons
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Counted:
    """People of one carrier who are chosen, and would hear the message of this number: subscribers, and who is on a
    location list; by standing (as rules/standing.py numbers that)."""

    carrier: str
    variant: int
    standings: Mapping[int, int]

    @property
    def people(self) -> int:
        """All of them."""
        return sum(self.standings.values())

    def left_out(self, reasons: Reasons) -> Counter[str]:
        """By reason."""
        found = Counter[str]()
        for standing, people in self.standings.items():
            if reasons[standing] and people:
                found[REASONS[reasons[standing]]] += people
        return found

    def heard(self, reasons: Reasons) -> int:
        """How many hear it."""
        return self.people - self.left_out(reasons).total()


async def check(home: Connection, content: Content) -> None:
    """Raises InputError, with the nearest name, for an area, an attribute or a list that there is not; RefusedError
    where the plan does not go with who hears it."""
    plan = content.plan
    if content.hearers == "corrected":
        await _check_correction(home, content)
    if plan.chooses:
        await _named(home, plan, await trees.load(home))


async def chosen(
    home: Connection, config: Config, plan: Plan, languages: Sequence[str] = ()
) -> Choice | None:
    """Within a transaction. languages: of the content. None: everybody hears one message. Raises as `check`."""
    if not (plan.chooses or plan.own_language or plan.canary):
        return None
    tree = await trees.load(home)
    named = await _named(home, plan, tree)
    reading = reader(tree, languages if plan.own_language else (), config.country.languages[0])
    parting = parter(tree, plan.areas) if plan.canary else no_part
    return await choice.load(home, select(await profiles.all_profiles(home), named, reading, parting))


async def counted(home: Connection, config: Config, content: Content) -> list[Counted]:
    """Who would be in the audience as things are, of connected carriers and others; by carrier and variant."""
    return await counted_by(home, config, content.plan, content.carriers, content.languages)


async def counted_by(
    home: Connection, config: Config, plan: Plan, carriers: Collection[str], languages: Sequence[str] = ()
) -> list[Counted]:
    """The same of a plan, at one moment. languages: of its texts, where each hears their own."""
    if home.is_in_transaction():
        return await _counted(home, config, plan, carriers, languages)
    async with home.transaction(isolation="repeatable_read", readonly=True):
        return await _counted(home, config, plan, carriers, languages)


def excluded(config: Config, reasons: Reasons, counts: Sequence[Counted]) -> dict[str, int]:
    """Who would not hear it, by reason. Pure."""
    found = Counter[str]()
    for each in counts:
        if each.carrier in config.carriers:
            found.update(each.left_out(reasons))
        else:
            found["not_connected"] += each.people
    return dict(+found)


async def expected(home: Connection, config: Config, content: Content) -> int:
    """How many would hear it, as things are."""
    reasons = reasons_for(config, content)
    return sum(
        each.heard(reasons)
        for each in await counted(home, config, content)
        if each.carrier in config.carriers
    )


async def _counted(
    home: Connection, config: Config, plan: Plan, carriers: Collection[str], languages: Sequence[str]
) -> list[Counted]:
    """Within a transaction."""
    made = await chosen(home, config, plan, languages) or choice.EVERYBODY
    names = await carrier_names(home)
    found: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    for number, heard in (await choice.counts(home, made)).items():
        for (variant, standing), subscribers in heard.subscribers.items():
            found[names[number], variant][standing] += subscribers
    said = message_of(config, plan, languages)
    async for each in on_lists(home, plan.lists, config.country, said):
        found[each.carrier, each.variant][each.standing] += len(each.numbers)
    return [Counted(*key, counts) for key, counts in sorted(found.items()) if key[0] in carriers]


def message_of(config: Config, plan: Plan, languages: Sequence[str]) -> VariantOf:
    """Of who is no subscriber. languages: of the content."""
    if not plan.own_language:
        return lambda language: 0
    variant = variant_of(languages)
    return lambda language: variant(language or config.country.languages[0])


async def why_nobody(home: Connection, config: Config, content: Content) -> str:
    """Of a plan that chooses nobody: how many each of its parts would choose alone, whatever their carrier; '' where it
    names nobody."""
    plan = content.plan
    none: dict[str, Any] = {"areas": (), "where": "", "lists": ()}
    alone = [replace(plan, **{**none, name: getattr(plan, name)}) for name in none if getattr(plan, name)]
    said = []
    for part in alone:
        found = await counted_by(home, config, part, config.country.prefixes, content.languages)
        people = sum(each.people for each in found)
        said.append(_("{people} by {part}", people=grouped(people), part=in_words(part)))
    return _("nobody is chosen: {parts}", parts="; ".join(said)) if said else ""


async def _named(home: Connection, plan: Plan, tree: AreaTree) -> Named:
    areas = frozenset[str]().union(*(tree.under(each) for each in plan.areas))
    where = None
    if plan.where:
        where = parse(plan.where, await attributes.registered(home), tree)
    await lists.check_there(home, [*plan.lists, *(where.lists if where else ())])
    return Named(areas, where, plan.lists)


async def _check_correction(home: Connection, content: Content) -> None:
    """It goes to exactly those who may have heard what it corrects, each in the language in which they did."""
    plan = content.plan
    if plan.chooses:
        raise RefusedError(
            _(
                "a correction goes to those who may have heard what it corrects: areas, filters and lists choose nobody"
            )
        )
    if plan.own_language and content.corrects is not None:
        wrong = await campaigns.get(home, CampaignId(content.corrects))
        if not wrong.plan.own_language:
            raise InputError(
                _(
                    "whoever heard {name} heard it in all of its languages: so do they hear the correction, without "
                    "--own-language",
                    name=wrong.name,
                )
            )
