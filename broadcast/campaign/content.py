"""What a campaign says, to whom, and how: everything that an approval binds (law 6). Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from broadcast.campaign import sender
from broadcast.campaign.alphabets import Alphabet, choose_alphabet
from broadcast.campaign.area import Area
from broadcast.campaign.languages import UNDETERMINED
from broadcast.campaign.plan import NOTHING_SAID, Plan
from broadcast.campaign.plan import check as check_plan
from broadcast.campaign.text import compose, normalise
from broadcast.campaign.variants import Variant, own_language
from broadcast.errors import InputError
from broadcast.languages import _

Category = Literal["emergency", "health", "routine"]
InDoubtPolicy = Literal["resend", "hold"]
Status = Literal["actual", "exercise", "test"]
Hearers = Literal["everybody", "phones", "corrected"]

CATEGORIES: tuple[Category, ...] = get_args(Category)
# Higher goes first. An emergency reaches people twice rather than not at all, and those who opted out too.
PRIORITY: dict[Category, int] = {"emergency": 9, "health": 5, "routine": 1}
IN_DOUBT: dict[Category, InDoubtPolicy] = {"emergency": "resend", "health": "hold", "routine": "hold"}
GRACE_S = 60


@dataclass(frozen=True, slots=True)
class Content:
    """text: what is sent, of `texts` (language, as written) in the order of `languages`; no texts: an older version's.
    carriers: names; their subscribers are the audience. grace_s: how long an in-doubt recipient's
    receipt may take before `in_doubt_policy` decides. expires_at: aware; nothing leaves after it (law 5). status: as
    CAP's. hearers: `phones`: the configuration's own; `corrected`: who heard the campaign `corrects`, or may have.
    plan: who of `everybody`, and how it goes out.
    """

    text: str
    sender: str
    alphabet: Alphabet
    carriers: tuple[str, ...]
    category: Category
    priority: int
    expires_at: datetime
    in_doubt_policy: InDoubtPolicy
    grace_s: int = GRACE_S
    texts: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = ()
    status: Status = "actual"
    hearers: Hearers = "everybody"
    corrects: int | None = None
    areas: tuple[Area, ...] = ()
    channels: tuple[str, ...] = ("sms",)
    plan: Plan = NOTHING_SAID

    def document(self) -> dict[str, Any]:
        """All of it, for JSON: as `content_document` in SQL. The name is not part of it."""
        plan = self.plan.document()
        return {
            "alphabet": self.alphabet,
            "areas": [each.document() for each in self.areas],
            "carriers": sorted(self.carriers),
            "category": self.category,
            "channels": list(self.channels),
            "corrects": self.corrects,
            "expires_at": self.expires_at.astimezone(UTC).isoformat(timespec="microseconds"),
            "grace_s": self.grace_s,
            "hearers": self.hearers,
            "in_doubt_policy": self.in_doubt_policy,
            "languages": list(self.languages),
            "priority": self.priority,
            "sender": self.sender,
            "status": self.status,
            "text": self.text,
            "texts": dict(self.texts),
            **({"plan": plan} if plan else {}),
        }

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Its messages, by their numbers: one for everybody, or each language's alone. Raises InputError as
        `own_language`."""
        if not self.plan.own_language:
            return (Variant("", self.text, self.alphabet),)
        return own_language(
            self.text,
            dict(self.texts),
            self.languages,
            marked=self.status != "actual",
            alphabet=self.alphabet if self.plan.one_alphabet else None,
        )

    @property
    def hears_opted_out(self) -> bool:
        """Whether those who opted out are in the audience all the same. Kept with the campaign when it is written."""
        return self.category == "emergency"


def content(
    *,
    text: str,
    sender: str,
    carriers: tuple[str, ...],
    category: Category,
    expires_at: datetime,
    alphabet: Alphabet | None = None,
    priority: int | None = None,
    in_doubt_policy: InDoubtPolicy | None = None,
    grace_s: int = GRACE_S,
    texts: Mapping[str, str] | None = None,
    languages: tuple[str, ...] = (UNDETERMINED,),
    **more: Any,
) -> Content:
    """Content with what is left out filled in by category and text. Raises InputError as `check`.

    texts: of which `text` is made; None: it is one by itself. more: other fields as they are.
    """
    text = normalise(text)
    made = Content(
        text=text,
        sender=sender,
        alphabet=alphabet or choose_alphabet(text),
        carriers=tuple(sorted(set(carriers))),
        category=category,
        priority=PRIORITY[category] if priority is None else priority,
        expires_at=expires_at,
        in_doubt_policy=in_doubt_policy or IN_DOUBT[category],
        grace_s=grace_s,
        texts=tuple(sorted((texts or {UNDETERMINED: text}).items())),
        languages=languages,
        **more,
    )
    check(made)
    return made


def check(made: Content) -> None:
    """Raises InputError for what no carrier could send: sender, text, alphabet, no carriers, odd numbers."""
    sender.address(made.sender)
    check_printable(made.text)
    for each in made.variants:
        compose(each.text, each.alphabet, "udh8", "gsm0338", 0)
    if not made.carriers:
        raise InputError(_("a campaign needs at least one carrier"))
    if not 0 <= made.priority <= 9:
        raise InputError(_("the priority must be 0 to 9; higher goes first"))
    check_plan(made.plan)
    if not 0 <= made.grace_s <= 86_400:
        raise InputError(_("the grace period must be 0 to 86400 seconds"))
    if made.expires_at.tzinfo is None:
        raise InputError(_("the expiry needs a time zone"))


def check_printable(text: str) -> None:
    """Raises InputError for a control character: a slip of some editor, that no handset shows; a NUL cannot be kept."""
    if any(
        unicodedata.category(c) == "Cs" for c in text
    ):  # octets of a command line that were no letters there
        raise InputError(
            _("the text is not in this terminal's character set: give it by --text-file, in UTF-8")
        )
    strange = {c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t\f"}
    if strange:
        points = ", ".join(sorted(f"U+{ord(character):04X}" for character in strange))
        raise InputError(_("the text has control characters ({points}): take them out", points=points))


def check_name(name: str) -> None:
    """Raises InputError unless `name` can stand in a command line and in a file's name."""
    if not re.fullmatch(r"\w[\w.:-]{0,63}", name):
        raise InputError(
            _("a campaign's name has 1 to 64 letters, digits, '.', ':', '_' or '-', and no blanks")
        )
