"""Who would wait, or be left out, by how often people may be told, as who approves an alert sees it."""

from datetime import UTC, datetime
from typing import Any

from broadcast.campaign.capped import Capped
from broadcast.cli.output import say, words
from broadcast.languages import _, grouped


def capped_document(found: Capped) -> dict[str, Any]:
    """For JSON."""
    first, last = _span(found)
    return {
        "known": not found.unseen,
        "held": found.people_held,
        "held_from": first,
        "held_until": last,
        "left_out": found.people_left_out,
        "exact": found.exact,
    }


def show_capped(found: Capped) -> None:
    """Nothing where no cap makes anybody wait."""
    if found.unseen:
        say(
            _(
                "who waits, or is left out, by how often people may be told ({law}) is not in it: operators and "
                "auditors, who may read numbers, see that",
                law=found.law,
            )
        )
    first, last = _span(found)
    about = "" if found.exact else _("about ")
    if first is not None:
        say(
            _(
                "by how often people may be told ({law}) {about}{people} of them wait, and are looked at between "
                "{first} and {last}",
                law=found.law,
                about=about,
                people=grouped(found.people_held),
                first=words(first),
                last=words(last),
            )
        )
    if found.people_left_out:
        say(
            _(
                "and {about}{people} are left out: nobody may tell them before the expiry",
                about=about,
                people=grouped(found.people_left_out),
            )
        )


def _span(found: Capped) -> tuple[datetime | None, datetime | None]:
    moments = [datetime.fromtimestamp(each, UTC) for each in found.moments]
    return (moments[0], moments[-1]) if moments else (None, None)
