"""Signatures: what is read is what was signed, by whom the store knows; else it is said."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from unit.cap.cases import NOW, REAL, VALID
from unit.cap.signers import authority, signer

from broadcast.cap.alert import Read, read
from broadcast.cap.faults import CapError
from broadcast.cap.reading import DSIG
from broadcast.cap.signature import Signer, Trust, trust_from
from broadcast.cap.write import write

ALERT = read(VALID["two_languages"], NOW).alert
TRUST = Trust((authority()[0],))
SIGNED = write(ALERT, signer())


def looked_at(octets: bytes, trust: Trust = TRUST, later: timedelta = timedelta()) -> Read:
    return read(octets, NOW + later, trust=trust)


@pytest.mark.parametrize("by", [signer(), signer(elliptic=False)], ids=["elliptic", "rsa"])
def test_by_a_trusted_authority(by: Signer) -> None:
    found = looked_at(write(ALERT, by))
    assert (found.signature.standing, found.signature.signer) == ("verified", "CN=Ministry")
    assert found.alert == ALERT


def test_by_a_signer_who_is_known_himself() -> None:
    octets = write(ALERT, signer(own=True))
    assert looked_at(octets).signature.standing == "unverified"
    found = looked_at(octets, Trust((authority()[0], *signer(own=True).chain)))
    assert (found.signature.standing, found.signature.signer) == ("verified", "CN=Ministry")


def test_unsigned() -> None:
    assert looked_at(VALID["one"]).signature.standing == "unsigned"


def test_nobody_is_trusted_unless_it_is_said() -> None:
    found = looked_at(SIGNED, Trust(()))
    assert found.signature.standing == "unverified"
    assert "[cap] trust" in found.signature.reason
    assert found.alert == ALERT


@pytest.mark.parametrize("days", [-400, 400])
def test_a_certificate_that_does_not_hold(days: int) -> None:
    found = looked_at(SIGNED, later=timedelta(days=days))
    assert found.signature.standing == "unverified"
    assert "valid" in found.signature.reason


def test_a_letter_changed() -> None:
    found = looked_at(SIGNED.replace(b"Typhoon tonight", b"Typhoon tonigh!"))
    assert found.signature.standing == "unverified"
    assert found.alert.infos[1].headline == "Typhoon tonigh!"


def test_what_is_signed_and_nothing_else_is_read() -> None:
    """A comment is outside of what was signed here, so it cannot cut a text in two."""
    found = looked_at(SIGNED.replace(b"Typhoon tonight", b"Typhoon <!-- no -->tonight"))
    assert found.signature.standing == "verified"
    assert found.alert == ALERT


def test_a_signed_alert_within_another_is_not_taken_for_it() -> None:
    """Signature wrapping: the old alert hangs, signed, in a forged one."""
    root = etree.fromstring(SIGNED)
    signature = root.find(f"{{{DSIG}}}Signature")
    forged = etree.fromstring(write(read(VALID["one"], NOW).alert))
    thing = etree.SubElement(signature, f"{{{DSIG}}}Object")
    root.remove(signature)
    thing.append(root)
    forged.append(signature)
    found = looked_at(etree.tostring(forged))
    assert found.signature.standing == "unverified"
    assert found.alert.infos[0].headline == "Bão đổ bộ tối nay"


def test_a_signature_deeper_in_is_no_cap() -> None:
    signature = SIGNED[SIGNED.index(b"<ds:Signature") : SIGNED.index(b"</alert>")]
    octets = VALID["one"].replace(b"</info>", signature + b"</info>")
    with pytest.raises(CapError) as caught:
        looked_at(octets)
    assert [fault.name for fault in caught.value.faults] == ["element_unknown"]


def test_nothing_of_the_alert_stands_after_its_signature() -> None:
    """As the schema has it; what stood there could be taken for signed."""
    octets = SIGNED.replace(b"</alert>", b"<info/></alert>")
    with pytest.raises(CapError) as caught:
        looked_at(octets)
    assert "element_misplaced" in {fault.name for fault in caught.value.faults}


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_one_of_several_is_enough(order: tuple[bool, bool]) -> None:
    good, bad = etree.fromstring(SIGNED), etree.fromstring(write(ALERT, signer(own=True)))
    signatures = [tree.find(f"{{{DSIG}}}Signature") for tree in (good, bad)]
    root = etree.fromstring(SIGNED)
    root.remove(root.find(f"{{{DSIG}}}Signature"))
    for first in order:
        root.append(signatures[0 if first else 1])
    assert looked_at(etree.tostring(root)).signature.standing == "verified"


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/cap is not here")
@pytest.mark.parametrize("name", ["canada_signed", "earthquake-iso8859-1"])
def test_real_ones_of_others_cannot_be_verified_and_are_read(name: str) -> None:
    found = looked_at((REAL / f"{name}.cap").read_bytes())
    assert found.signature.standing == "unverified"
    assert found.signature.reason
    assert found.alert.infos


def test_a_store_is_made_of_pem_files() -> None:
    pem = authority()[0].public_bytes(Encoding.PEM)
    assert trust_from([pem, pem + pem]).certificates == (authority()[0],) * 3
    with pytest.raises(ValueError, match="PEM"):
        trust_from([b"nothing"])
