"""[rules] and [tls]: what it takes, and how it may be connected to."""

from dataclasses import dataclass
from typing import Literal

from broadcast.simulator.habits.checks import require

Joined = Literal["udh8", "udh16", "sar", "payload"]
Validity = Literal["any", "absolute", "relative", "none"]
ZeroAlphabet = Literal["gsm0338", "ascii", "latin1"]
TlsVersion = Literal["1.2", "1.3"]


@dataclass(frozen=True, slots=True)
class Rules:
    """[rules]: what it takes. What breaks one is refused, and never delivered.

    concatenation: the ways that it knows; others are refused with concatenation_status, or ignored when that
    is 0: every segment is a message of its own. [40]
    default_alphabet: what data_coding 0 is to it, in its book. data_codings: those that it takes, empty: all;
    others get 0x104. [41]
    senders: those that it lets through, empty: all; others get 0x0A. strict_senders: letters only with TON 5,
    NPI 0, at most 11 characters of GSM 03.38. [43]
    dest_ton, dest_npi: the only ones that it takes, -1: any; others get 0x50 and 0x51.
    service_types: the only ones, empty: all; others get 0x15.
    validity: the only form of validity_period, none: it must be empty; others get 0x62. [44]
    max_octets: of short_message; more get 0x01.
    """

    concatenation: tuple[Joined, ...] = ("udh8", "udh16", "sar", "payload")
    concatenation_status: int = 0x43
    default_alphabet: ZeroAlphabet = "gsm0338"
    data_codings: tuple[int, ...] = ()
    senders: tuple[str, ...] = ()
    strict_senders: bool = False
    dest_ton: int = -1
    dest_npi: int = -1
    service_types: tuple[str, ...] = ()
    validity: Validity = "any"
    max_octets: int = 254

    def __post_init__(self) -> None:
        require(0 <= self.concatenation_status <= 0xFFFFFFFF, "concatenation_status must be 0 to 0xFFFFFFFF")
        require(all(0 <= each <= 255 for each in self.data_codings), "data_codings must be 0 to 255 each")
        for name in ("dest_ton", "dest_npi"):
            require(-1 <= getattr(self, name) <= 255, f"{name} must be -1 (any) to 255")
        require(0 <= self.max_octets <= 254, "max_octets must be 0 to 254")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """[tls]: with a cert_file its port speaks TLS only. Files are PEM. [39]

    key_file: of the certificate, when it is not in the same file. client_ca_file: who must have signed the
    ESME's certificate; empty: none is asked for. min_version, max_version: what it agrees to.
    """

    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    min_version: TlsVersion = "1.2"
    max_version: TlsVersion = "1.3"

    def __post_init__(self) -> None:
        require(
            self.cert_file or not (self.key_file or self.client_ca_file),
            "cert_file is missing: TLS needs a certificate",
        )
        require(self.min_version <= self.max_version, "max_version must not be below min_version")
