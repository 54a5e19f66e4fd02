"""The board that a control room looks at: whom to call, how long a login lasts, who else may look (OIDC)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from broadcast import secret
from broadcast.config.rules import require
from broadcast.languages import _

_MOST: Final = 100
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call. name: as people say it. how: a telephone number, a room. carrier: of this one alone; empty: of
    everything."""

    name: str
    how: str
    carrier: str = ""

    def __post_init__(self) -> None:
        for key in ("name", "how"):
            value = getattr(self, key)
            require(value.strip(), _("{key} must not be empty", key=key))
            require(len(value) <= _LONGEST, _("{key} has {most} characters at most", key=key, most=_LONGEST))


@dataclass(frozen=True, slots=True)
class Oidc:
    """A provider whose people may look, and no more. claim: that says who may; values: one of these is to be in it;
    none: whoever the provider lets in. name_claim: what they are called on the board. ca_file: of the authority that
    signed the provider's certificate; left out: the system's."""

    issuer: str
    client_id: str
    client_secret_env: str | None = None
    client_secret_file: str | None = None
    claim: str = "groups"
    values: tuple[str, ...] = ()
    name_claim: str = "preferred_username"
    scopes: tuple[str, ...] = ("openid", "profile")
    ca_file: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        require(
            bool(parts.netloc) and (parts.scheme == "https" or local) and not (parts.query or parts.fragment),
            _("issuer must be an https:// address without ? or #, as the provider's own documents have it"),
        )
        require(self.client_id, _("client_id must not be empty"))
        require("openid" in self.scopes, _('scopes must have "openid"'))
        require(
            not (self.client_secret_env and self.client_secret_file),
            _("client_secret_env and client_secret_file are two places for one secret: keep one"),
        )

    def client_secret(self) -> str:
        """Empty: a public client, which proves itself by PKCE alone. Raises ConfigError."""
        return secret.read(self.client_secret_env, self.client_secret_file, "client_secret")


@dataclass(frozen=True, slots=True)
class Board:
    """idle_minutes: a login ends so long after the last page or figure that was asked for. hours: and so long after it
    began, whatever happens."""

    contacts: tuple[Contact, ...] = ()
    idle_minutes: float = 30.0
    hours: float = 12.0
    oidc: Oidc | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require(len(self.contacts) <= _MOST, _("contacts are {most} at most", most=_MOST))
        require(1 <= self.idle_minutes <= 24 * 60, _("idle_minutes must be 1 to 1440"))
        require(0.1 <= self.hours <= 7 * 24, _("hours must be 0.1 to 168"))


def check_contacts(board: Board, carriers: Mapping[str, object]) -> None:
    """Raises ValueError for a contact of a carrier that the country has not."""
    for each in board.contacts:
        require(
            not each.carrier or each.carrier in carriers,
            _("board.contacts: {carrier} is not in country.prefixes", carrier=each.carrier),
        )
