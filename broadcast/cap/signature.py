"""XML signatures of alerts, by signxml: what of a file was signed by somebody whom the trust store knows.

Only what signxml returns as signed is read then. A signature that cannot be verified is said, and refuses nothing: an
alert from a sender whose certificate ran out yesterday may be the one that counts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.util import X509CertChainVerifier
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from broadcast.cap.reading import CAP_1_2, DSIG, parser
from broadcast.languages import _
from broadcast.visible import visible

Standing = Literal["unsigned", "verified", "unverified"]

_REASON_MOST: Final = 200
_FAILURES: Final = (
    SignXMLException,
    etree.LxmlError,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    AttributeError,  # an element that signxml expects to have a text has none
    KeyError,
    NotImplementedError,
    OverflowError,
)


@dataclass(frozen=True, slots=True)
class Trust:
    """certificates: of signers, and of authorities that sign signers' certificates."""

    certificates: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """signer: the certificate's subject, where it is verified. reason: why it is not."""

    standing: Standing
    signer: str = ""
    reason: str = ""


UNSIGNED: Final = Outcome("unsigned")


def trust_from(pems: Iterable[bytes]) -> Trust:
    """From PEM files. Raises ValueError for one that has no certificate."""
    return Trust(tuple(each for pem in pems for each in x509.load_pem_x509_certificates(pem)))


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs what is exported. chain: its certificate first."""

    key: RSAPrivateKey | EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]


def verify(root: etree._Element, trust: Trust, now: datetime) -> tuple[Outcome, etree._Element | None]:
    """Of an alert with signatures: the first that can be verified, and the alert as it was signed.

    Each is looked at by itself, without the others, which are no part of what an alert says.
    """
    if not trust.certificates:
        return Outcome("unverified", reason=_("no certificates are trusted here ([cap] trust)")), None
    reasons: list[str] = []
    for alone in _one_by_one(root):
        for pinned in (*_pinned(trust), None):
            try:
                return _verified(alone, trust, pinned, now)
            except _FAILURES as error:
                reasons.append(str(error) or type(error).__name__)
    said = "; ".join(dict.fromkeys(reasons))
    return Outcome("unverified", reason=visible(said[:_REASON_MOST])), None


def sign(root: etree._Element, signer: Signer) -> etree._Element:
    """The alert with its signature in it, the last of its elements."""
    elliptic = isinstance(signer.key, EllipticCurvePrivateKey)
    made = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.ECDSA_SHA256 if elliptic else SignatureMethod.RSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed: etree._Element = made.sign(root, key=signer.key, cert=list(signer.chain))
    return signed


def _one_by_one(root: etree._Element) -> Iterator[etree._Element]:
    """The tree with one of its signatures at a time; the blanks around the others stay, for they were signed."""
    tag = f"{{{DSIG}}}Signature"
    for kept in range(len(root.findall(tag))):
        alone = etree.fromstring(etree.tostring(root), parser(comments=True))
        for number, each in enumerate(alone.findall(tag)):
            if number != kept:
                _take_out(alone, each)
        yield alone


def _take_out(root: etree._Element, child: etree._Element) -> None:
    before = child.getprevious()
    if before is None:
        root.text = (root.text or "") + (child.tail or "")
    else:
        before.tail = (before.tail or "") + (child.tail or "")
    root.remove(child)


def _pinned(trust: Trust) -> Iterator[x509.Certificate]:
    """Certificates of signers themselves."""
    return (each for each in trust.certificates if not _is_authority(each))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _verified(
    root: etree._Element, trust: Trust, pinned: x509.Certificate | None, now: datetime
) -> tuple[Outcome, etree._Element]:
    """By this certificate, or, where there is none, by one that a trusted authority signed. Raises one of _FAILURES."""
    verifier = _Verifier(trust, now)
    config = SignatureConfiguration(location="./", verification_time=now)
    result = verifier.verify(
        root, x509_cert=pinned, parser=parser(comments=True), expect_config=config, validate_schema=True
    )
    assert isinstance(result, VerifyResult)
    signed = result.signed_xml
    if signed is None or signed.tag != f"{{{CAP_1_2}}}alert":
        raise ValueError("what is signed is not the whole CAP 1.2 alert")
    signer = pinned or verifier.leaf
    return Outcome("verified", signer=visible(signer.subject.rfc4514_string()) if signer else ""), signed


class _Verifier(XMLVerifier):
    """Trusts these authorities and no others; the machine's own are nobody here. leaf: whose certificate it was."""

    def __init__(self, trust: Trust, now: datetime) -> None:
        self._authorities = [each for each in trust.certificates if _is_authority(each)]
        self._now = now
        self.leaf: x509.Certificate | None = None

    def get_cert_chain_verifier(self, *_: object, **__: object) -> "_Chains":
        return _Chains(self._authorities, self._now, self._found)

    def _found(self, leaf: x509.Certificate) -> None:
        self.leaf = leaf


class _Chains(X509CertChainVerifier):
    """signxml's, with authorities from memory instead of a file."""

    def __init__(
        self, authorities: list[x509.Certificate], now: datetime, found: Callable[[x509.Certificate], None]
    ) -> None:
        super().__init__(ca_pem_file="", verification_time=now)  # type: ignore[no-untyped-call]
        self._authorities, self._tell = authorities, found

    @property
    def store(self) -> x509.verification.Store:
        return x509.verification.Store(self._authorities)

    def verify(self, cert_chain: list[x509.Certificate]) -> x509.Certificate:
        leaf: x509.Certificate = super().verify(cert_chain)  # type: ignore[no-untyped-call]
        self._tell(leaf)
        return leaf
