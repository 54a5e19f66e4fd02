"""The configuration: TOML files read once into frozen dataclasses.

Several files may be given (a national profile, the carriers, a site's own settings); a table or key may
stand in one of them only. Unknown keys are refused with the nearest known one. Secrets never stand in the
TOML: a bind names the environment variable or the file that holds its password.
"""

from broadcast.config.board import Board, Contact, Oidc
from broadcast.config.cap import Cap
from broadcast.config.carriers import Address, Bind, BindMode, Carrier, Tls, TlsVersion
from broadcast.config.contact import Rule, Rules
from broadcast.config.country import Country
from broadcast.config.engine import Engine
from broadcast.config.files import Config, load, named, paths_from
from broadcast.config.hygiene import Hygiene
from broadcast.config.ledgers import HomeAway, Ledger, Share
from broadcast.config.placing import check_ledger, of_ledger
from broadcast.config.prices import Budget, Period, Price
from broadcast.config.site import Phones, Purpose, Site, Witness
from broadcast.config.smpp import (
    Concatenation,
    DefaultAlphabet,
    IdCase,
    IdFormat,
    IdZeros,
    NationalShift,
    ReceiptMeaning,
    ReceiptSegments,
    Smpp,
    ValidityFormat,
)
from broadcast.config.wording import Line, Templates, Wording

__all__ = [
    "Address", "Bind", "BindMode", "Board", "Budget", "Cap", "Carrier", "Concatenation", "Config", "Contact",
    "Country", "DefaultAlphabet", "Engine", "HomeAway", "Hygiene", "IdCase", "IdFormat", "IdZeros", "Ledger", "Line",
    "NationalShift", "Oidc",
    "Period", "Phones", "Price", "Purpose",
    "ReceiptMeaning", "ReceiptSegments", "Rule", "Rules", "Share", "Site", "Smpp", "Templates", "Tls", "TlsVersion",
    "ValidityFormat", "Witness", "Wording", "check_ledger", "load", "named", "of_ledger", "paths_from",
]  # fmt: skip
