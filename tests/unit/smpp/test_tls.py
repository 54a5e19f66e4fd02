"""TLS settings that cannot work are named, file by file; a context is made once as long as its files are the same."""

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from broadcast.config import Tls
from broadcast.smpp.tls import TlsFileError, client_context, ends_at, peer_ends_at, shared_context


def test_the_peer_is_checked_and_old_versions_are_refused() -> None:
    context = client_context(Tls())
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_context(Tls(min_version="1.3")).minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca, own and other certificates with keys; own.enc, encrypted; own.der, not PEM; empty."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name in ("own", "other"):
        made = authority.issue_cert(f"{name}.test")
        made.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
    key = serialization.load_pem_private_key((folder / "own.key").read_bytes(), None)
    forms = {
        "pkcs8": serialization.PrivateFormat.PKCS8,
        "openssl": serialization.PrivateFormat.TraditionalOpenSSL,
    }
    for name, form in forms.items():
        encrypted = key.private_bytes(
            serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"secret")
        )
        (folder / f"own-{name}.enc").write_bytes(encrypted)
    (folder / "own.der").write_bytes(ssl.PEM_cert_to_DER_cert((folder / "own.pem").read_text()))
    (folder / "empty").write_bytes(b"")
    (folder / "damaged").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return folder


@pytest.mark.parametrize(
    ("given", "setting", "said"),
    [
        ({"ca_file": "none"}, "tls.ca_file", "cannot be read: No such file"),
        ({"ca_file": "."}, "tls.ca_file", "cannot be read: Is a directory"),
        ({"ca_file": "empty"}, "tls.ca_file", "holds no certificate in PEM"),
        ({"ca_file": "own.der"}, "tls.ca_file", "-inform der"),
        ({"ca_file": "damaged"}, "tls.ca_file", "holds no certificate in PEM"),
        ({"cert_file": "none"}, "tls.cert_file", "cannot be read: No such file"),
        ({"cert_file": "own.der", "key_file": "own.key"}, "tls.cert_file", "holds no certificate in PEM"),
        ({"cert_file": "own.pem"}, "tls.cert_file", "name the file that does in tls.key_file"),
        ({"cert_file": "own.pem", "key_file": "none"}, "tls.key_file", "cannot be read: No such file"),
        ({"cert_file": "own.pem", "key_file": "own.pem"}, "tls.key_file", "holds no private key"),
        (
            {"cert_file": "own.pem", "key_file": "other.key"},
            "tls.key_file",
            "does not fit the first certificate",
        ),
        ({"cert_file": "own.pem", "key_file": "own-pkcs8.enc"}, "tls.key_file", "is encrypted"),
        ({"cert_file": "own.pem", "key_file": "own-openssl.enc"}, "tls.key_file", "is encrypted"),
        (
            {"cert_file": "damaged", "key_file": "own.key"},
            "tls.key_file",
            "cannot be used with tls.cert_file",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    files: Path, given: dict[str, str], setting: str, said: str
) -> None:
    with pytest.raises(TlsFileError, match=said) as raised:
        client_context(Tls(**{key: str(files / name) for key, name in given.items()}))  # type: ignore[arg-type]
    assert raised.value.setting == setting
    assert str(raised.value).startswith(setting)
    assert "\n" not in str(raised.value)


async def test_a_context_is_made_once_until_a_file_changes(files: Path, tmp_path: Path) -> None:
    renewed = tmp_path / "own.pem"
    renewed.write_bytes((files / "own.pem").read_bytes())
    tls = Tls(ca_file=str(files / "ca.pem"), cert_file=str(renewed), key_file=str(files / "own.key"))
    first = await shared_context(tls)
    assert await shared_context(tls) is first
    renewed.write_bytes((files / "own.pem").read_bytes() + b"\n")
    assert await shared_context(tls) is not first


def test_the_end_of_a_certificate(files: Path) -> None:
    own = ssl.PEM_cert_to_DER_cert((files / "own.pem").read_text())
    until = x509.load_der_x509_certificate(own).not_valid_after_utc
    assert ends_at(str(files / "own.pem")) == until.timestamp()
    assert [ends_at(str(files / name)) for name in ("own.der", "empty", "damaged", "nowhere")] == [None] * 4
    assert peer_ends_at({"notAfter": until.strftime("%b %d %H:%M:%S %Y GMT")}) == until.timestamp()
    assert [peer_ends_at(each) for each in (None, {}, {"notAfter": 5})] == [None] * 3
