"""What `broadcast audit verify` finds: where, what, and what that means."""

from dataclasses import dataclass
from typing import Final

from broadcast.acts.entry import Entry
from broadcast.languages import N_, _


@dataclass(frozen=True, slots=True)
class Difference:
    """place: `act 17`, `campaign flood-warning`, or FILE:LINE. means: in a person's words."""

    place: str
    what: str
    means: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


UNREADABLE: Final = (KeyError, TypeError, ValueError)  # what an entry raises that no function of ours wrote
_NOT_OURS: Final = N_(
    "somebody wrote it past the functions: only PostgreSQL's superuser, or the owner, can do that"
)


def unreadable(entry: Entry) -> Difference:
    return of_act(entry.act_no, _("what it says is not what such an act says"), _(_NOT_OURS))


def of_act(act_no: int, what: str, means: str) -> Difference:
    return Difference(_("act {number}", number=str(act_no)), what, means)
