"""A carrier: its accounts and limits, which every way to reach people has, and the part of its protocol."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final, Literal

from broadcast import secret
from broadcast.config.prices import Price
from broadcast.config.rules import require
from broadcast.config.smpp import Smpp
from broadcast.errors import ConfigError
from broadcast.languages import _

BindMode = Literal["transceiver", "transmitter", "receiver"]
TlsVersion = Literal["1.2", "1.3"]
ReceiptsReturn = Literal["anywhere", "account"]
Address = tuple[str, int]  # host (a name, or an IPv4 or IPv6 address without brackets) and port

SMPP_KEYS: Final = tuple(each.name for each in fields(Smpp))


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards one SMSC. Files are PEM; without `ca_file` the system's authorities are trusted.

    server_name: the name that the SMSC's certificate must hold; left out, the host that is connected to.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    min_version: TlsVersion = "1.2"

    def __post_init__(self) -> None:
        require(self.cert_file or not self.key_file, _("key_file needs cert_file beside it"))


@dataclass(frozen=True, slots=True)
class Bind:
    """One account on one SMSC; `sessions` links are bound with it. Times in seconds.

    hosts: more addresses of the same SMSC, "host:port" or "[IPv6]:port", tried in order when the first fails.
    """

    host: str
    port: int
    system_id: str
    password_env: str | None = None
    password_file: str | None = None
    system_type: str = ""
    mode: BindMode = "transceiver"
    sessions: int = 1
    window: int = 100
    tls: Tls | None = None
    bind_timeout_s: float = 10.0
    response_timeout_s: float = 60.0
    enquire_link_s: float = 25.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.host, _("host must not be empty"))
        require(
            "[" not in self.host, _("host must be without brackets, IPv6 too: the port is a key of its own")
        )
        for text in self.hosts:
            require(
                _address(text),
                _('hosts: {text!r} is not "host:port" (IPv6: "[2001:db8::1]:2775")', text=text),
            )
        require(len({*self.addresses()}) == 1 + len(self.hosts), _("hosts names an address twice"))
        require(0 < self.port < 65536, _("port must be 1 to 65535"))
        require(
            re.fullmatch("[ -~]{1,15}", self.system_id),
            _("system_id must be 1 to 15 printable ASCII characters"),
        )
        require(
            re.fullmatch("[ -~]{0,12}", self.system_type),
            _("system_type must be at most 12 ASCII characters"),
        )
        require(1 <= self.sessions <= 1000, _("sessions must be 1 to 1000"))
        require(1 <= self.window <= 100_000, _("window must be 1 to 100000"))
        for name in ("bind_timeout_s", "response_timeout_s", "enquire_link_s", "reconnect_min_s"):
            require(getattr(self, name) > 0, _("{name} must be more than 0 seconds", name=name))
        require(
            self.reconnect_min_s <= self.reconnect_max_s,
            _("reconnect_max_s must not be below reconnect_min_s"),
        )
        require(
            self.password_env is None or re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", self.password_env),
            _(
                "password_env is the name of an environment variable: letters, digits and _ ({not_shown})",
                not_shown=secret.NOT_SHOWN,
            ),
        )
        require(
            not (self.password_env and self.password_file),
            _("password_env and password_file exclude each other: give one"),
        )

    def addresses(self) -> tuple[Address, ...]:
        """Where the SMSC may be reached, in the order to try: host and port, then `hosts`."""
        return (self.host, self.port), *(each for text in self.hosts if (each := _address(text)))

    def password(self) -> str:
        """The secret itself, read now; empty when the bind names no place for one.

        Raises ConfigError when the named place does not hold one.
        """
        try:
            return secret.read(self.password_env, self.password_file)
        except ConfigError as error:
            raise ConfigError(
                _("bind {system_id}: {error}", system_id=self.system_id, error=error)
            ) from error

    def open_secrets(self) -> list[str]:
        """What every user of this machine may read and should not, in a person's words."""
        files = {"password_file": self.password_file, "tls.key_file": self.tls and self.tls.key_file}
        return [
            _("every user of this machine may read {key} {name}: chmod o-r it", key=key, name=name)
            for key, name in files.items()
            if name and secret.all_may_read(name)
        ]


@dataclass(frozen=True, slots=True)
class Carrier:
    """What every way to reach people has, and `smpp`, what its protocol has beside that. Its name is its key in
    `Config.carriers`.

    tps: segments per second over all its binds, as this file says: what holds is its row in the database.
    receipts_return: at which account receipts come; only where at the one that sent may it be split over ledgers.
    senders: those that it has registered for us; none: it lets any through, or nobody said. senders_until: by name the
    last day, in the country's time, of those that are registered for a time.
    price: of a segment; None: nobody said.
    simulated: it is a simulator, for a training site, which reaches no others; a live one refuses it.
    Whatever stands in `smpp` may stand beside it in a file, as it did before there was that part.
    """

    tps: int
    binds: tuple[Bind, ...]
    sender: str | None = None
    senders: tuple[str, ...] = ()
    senders_until: Mapping[str, str] = field(default_factory=dict)
    smpp: Smpp = field(default_factory=Smpp, metadata={"keys_beside": SMPP_KEYS})
    retry_limit: int = 5
    retry_delay_s: float = 2.0
    receipts_return: ReceiptsReturn = "anywhere"
    price: Price | None = None
    simulated: bool = False

    def __post_init__(self) -> None:
        require(1 <= self.tps <= 1_000_000, _("tps must be 1 to 1000000 segments per second"))
        require(self.binds, _("binds needs at least one bind"))
        require(
            any(bind.mode != "receiver" for bind in self.binds),
            _("binds needs a transceiver or transmitter bind to send"),
        )
        require(
            any(bind.mode != "transmitter" for bind in self.binds),
            _("binds needs a transceiver or receiver bind, or its receipts are lost"),
        )
        require(self.sender is None or self.sender, _("sender must not be empty"))
        require(
            not (self.sender and self.senders) or self.sender in self.senders,
            _(
                "sender {sender} is not one of senders, which are those that the carrier has registered",
                sender=self.sender,
            ),
        )
        for name, day in self.senders_until.items():
            require(
                name in self.senders and _is_day(day),
                _('senders.{name} must be the last day of its registration, "2027-12-31" say', name=name),
            )
        require(self.retry_limit >= 0, _("retry_limit must be at least 0"))
        require(self.retry_delay_s > 0, _("retry_delay_s must be more than 0 seconds"))

    def slots(self) -> tuple[Bind, ...]:
        """The bind of every slot, in slot order: each bind repeated `sessions` times."""
        return tuple(bind for bind in self.binds for _ in range(bind.sessions))

    def settings(self) -> dict[str, Any]:
        """Every key and its value, those of `smpp` beside the others."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            found |= (
                {key: getattr(value, key) for key in SMPP_KEYS} if value is self.smpp else {each.name: value}
            )
        return found

    def having(self, **settings: Any) -> "Carrier":
        """The same carrier with some keys changed, named as in `settings`."""
        own = {key: settings.pop(key) for key in SMPP_KEYS if key in settings}
        return replace(self, smpp=replace(self.smpp, **own), **settings)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _address(text: str) -> Address | None:
    """host:port, an IPv6 address in brackets; None when it is not that."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s\[\]:/@]+)):([0-9]{1,5})", text)
    if match is None or not 0 < int(match[3]) < 65536:
        return None
    return match[1] or match[2], int(match[3])
