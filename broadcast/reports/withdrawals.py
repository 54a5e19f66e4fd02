"""What was asked back of a cancelled campaign, and what came of it: beside the states, which follow the receipts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from broadcast.ids import CampaignId
from broadcast.languages import N_, _
from broadcast.store.queries import sql
from broadcast.store.types import Connection

GAVE_UP: Final = {
    "unknown": N_("its SMSC knows no cancel_sm"),
    "silent": N_("its SMSC answers no cancel_sm"),
}


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Of one carrier that is asked, in people. withdrawn: nothing of theirs is left at the SMSC, nor arrived;
    not_withdrawn: the others of whom something was asked; to_ask: those at most who are not asked for, None: nobody is
    any more, and gave_up says why."""

    carrier: str
    withdrawn: int
    not_withdrawn: int
    to_ask: int | None
    gave_up: str | None = None

    @property
    def why(self) -> str:
        """Why nobody is asked for, in words; '': everybody is."""
        return _(GAVE_UP.get(self.gave_up or "", ""))

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def withdrawals(connection: Connection, campaign_id: CampaignId) -> tuple[Withdrawal, ...]:
    """Of one ledger; none of a campaign that was not cancelled, or whose carriers give nothing back."""
    return tuple([Withdrawal(**row) for row in await connection.fetch(sql("withdrawals_told"), campaign_id)])


def joined(several: Sequence[Withdrawal]) -> tuple[Withdrawal, ...]:
    """Those of several ledgers by carrier, for one may be split over them. Pure."""
    found: dict[str, Withdrawal] = {}
    for each in several:
        before = found.get(each.carrier, Withdrawal(each.carrier, 0, 0, None))
        asked = [to_ask for to_ask in (before.to_ask, each.to_ask) if to_ask is not None]
        found[each.carrier] = Withdrawal(
            each.carrier,
            before.withdrawn + each.withdrawn,
            before.not_withdrawn + each.not_withdrawn,
            sum(asked) if asked else None,
            before.gave_up or each.gave_up,
        )
    return tuple(found.values())


def in_words(several: Sequence[Withdrawal]) -> str:
    """All together; '': nobody is asked."""
    if not several:
        return ""
    to_ask = sum(each.to_ask or 0 for each in several)
    parts = [
        _("withdrawn {n}", n=sum(each.withdrawn for each in several)),
        _("not withdrawn {n}", n=sum(each.not_withdrawn for each in several)),
        _("at most {n} not asked for yet", n=to_ask) if to_ask else _("nobody is left to ask for"),
    ]
    return "; ".join([*parts, *(f"{each.carrier}: {each.why}" for each in several if each.gave_up)])
