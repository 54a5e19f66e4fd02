"""The sentences in which the database's functions refuse something themselves (BC003, BC004), in the reader's language.

tests/unit/campaign/test_sentences.py compares them with those of the migrations. The first that fits counts.
"""

import re
from functools import cache
from typing import Final

from broadcast.languages import N_, _

SENTENCES: Final = (
    # what only a program of somebody's own can meet, for a command looks first
    N_("what is in the audit chain stays as it is"),
    N_("this database is a ledger: that is done at home"),
    N_("this database is no ledger beside home: that is done in one"),
    N_("this is not the whole content of a campaign"),
    N_("the audience is not what was written of it: nothing was launched"),
    N_("a launch says how many hear it, in each ledger"),
    N_("an emergency is under no rules of hours and numbers"),
    N_("the audience has more people than was approved: nothing was launched"),
    N_("one's own phones hear it first, by a rule: rehearse it with these very words"),
    N_("a campaign's name has letters, digits, '.', ':', '_' or '-', and no blanks"),
    N_("that is no act to be noted"),
    N_("who enters is of the alert's carriers, each once, and hears one of its messages"),
    N_("a first share passed or is held, by figures"),
    N_("only a finished campaign is archived"),
    N_("that is not the archive of this campaign"),
    N_("an account needs what its name looks like"),
    N_("a password is proposed as its verifier"),
    N_("a Cancel is an operator's"),
    N_("an Alert or Update becomes a draft of who imports it"),
    N_("this is no Cancel"),
    N_("a Cancel is kept once what it is about has ended"),
    # accounts and rules
    N_(
        "a login is 1 to 63 octets without blanks, quotes, slashes, colons or @, and no word of PostgreSQL's own"
    ),
    N_("that is no SCRAM-SHA-256 verifier: `broadcast user verifier` makes one"),
    N_("{who} is a superuser, a group, or who migrates this database: an account needs a login of its own"),
    N_("there is no role {role}: author, approver, operator, auditor, worker, admin"),
    N_(
        "{who} was made {role} by somebody else's GRANT: whoever gave it must say REVOKE {group} FROM {login}"
    ),
    N_("the name looks like that of {other}: choose another"),
    N_("there are two admins: they make accounts (broadcast user add)"),
    N_("there is no such rule, or its value is no number: see broadcast rules list"),
    N_("there is an account {who} already: broadcast user role gives it another role"),
    N_("an account needs a role: author, approver, operator, auditor, worker, admin"),
    N_("there is no account {who}, or it is disabled: see broadcast user list"),
    N_("there is no account {who}, or it is disabled already: see broadcast user list"),
    N_("there is no such role: author, approver, operator, auditor, worker, admin"),
    N_("there is no proposal {number}: see broadcast user list"),
    N_("proposal {number} was decided by {who} already"),
    N_("who proposes cannot confirm: a second admin must (--as NAME)"),
    N_(
        "workers live or an alert is not over, and what this database is for cannot change meanwhile: stop them, and"
        " confirm this then"
    ),
    # a correction and what it corrects
    N_("what it corrects is still being sent"),
    N_("its correction was launched: it cannot be resumed"),
    # the shortest last, for much fits them
    N_("{who} is {role} already"),
    N_("{who} is no {role}"),
)
_BLANK: Final = re.compile(r"\\{(\w+)\\}")


def said(sentence: str) -> str:
    """As it is where it is none of these: a database of another version."""
    for template in SENTENCES:
        if found := _pattern(template).fullmatch(sentence):
            return _(template, **found.groupdict())
    return sentence


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_BLANK.sub(r"(?P<\1>.+?)", re.escape(template)))
