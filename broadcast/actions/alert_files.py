"""The files that `[cap]` names: whom a country trusts, and with what it signs."""

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from broadcast.cap.signature import Signer, Trust, trust_from
from broadcast.config import Cap
from broadcast.errors import ConfigError
from broadcast.languages import _

_OCTETS_MOST = 1_000_000


def trust_of(cap: Cap) -> Trust:
    """Nobody, where nothing is named. Raises ConfigError."""
    if not cap.trust:
        return Trust(())
    place = Path(cap.trust)
    paths = sorted(place.glob("*.pem")) if place.is_dir() else [place]
    if not paths:
        raise ConfigError(_("cap.trust: there is no .pem file in {place}", place=place))
    return Trust(tuple(certificate for path in paths for certificate in _certificates("trust", path)))


def signer_of(cap: Cap) -> Signer | None:
    """None where no key is configured. Raises ConfigError."""
    if not cap.signing_key:
        return None
    chain = tuple(_certificates("signing_certificate", Path(cap.signing_certificate)))
    try:
        key = load_pem_private_key(_octets("signing_key", Path(cap.signing_key)), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            _("cap.signing_key: {path} is no PEM key without a passphrase", path=cap.signing_key)
        ) from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ConfigError(_("cap.signing_key must be an RSA or an elliptic curve's key"))
    if key.public_key() != chain[0].public_key():
        raise ConfigError(
            _("cap.signing_certificate: its first certificate is of another key than signing_key")
        )
    return Signer(key, chain)


def _certificates(name: str, path: Path) -> Iterator[x509.Certificate]:
    try:
        yield from trust_from([_octets(name, path)]).certificates
    except ValueError as error:
        raise ConfigError(_("cap.{name}: {path} has no certificate in PEM", name=name, path=path)) from error


def _octets(name: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_OCTETS_MOST)
    except OSError as error:
        raise ConfigError(
            _("cap.{name}: cannot read {path}: {why}", name=name, path=path, why=error.strerror)
        ) from error
