"""The TLS settings of a bind made into what the connection needs, and its failures in a person's words (quirk 39)."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NoReturn

from broadcast.config import Tls
from broadcast.errors import ConfigError

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

# X509_V_ERR_* of OpenSSL
_NOT_YET_VALID: Final = frozenset({9, 13})
_EXPIRED: Final = frozenset({10, 14})
_WRONG_NAME: Final = frozenset({62, 64})
_UNKNOWN_AUTHORITY: Final = frozenset({2, 18, 19, 20, 21, 24, 26, 27})

# ssl.SSLError.reason, without the version that OpenSSL puts in front of alerts
_CERTIFICATE_WANTED: Final = frozenset({"CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "NO_CERTIFICATE"})
_CERTIFICATE_REFUSED: Final = frozenset(
    {
        *("UNKNOWN_CA", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED"),
        *("CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED", "DECRYPT_ERROR"),
    }
)
_VERSION_REFUSED: Final = frozenset(
    {
        *("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "INSUFFICIENT_SECURITY"),
        *("VERSION_TOO_LOW", "INAPPROPRIATE_FALLBACK"),
    }
)
_NOT_TLS: Final = frozenset(
    {
        *("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"),
        *("PACKET_LENGTH_TOO_LONG", "BAD_RECORD_TYPE", "WRONG_SSL_VERSION", "UNEXPECTED_MESSAGE"),
    }
)


class TlsFileError(ConfigError):
    """A file of tls cannot be used

    setting: the key that names it.
    """

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting} {why}")
        self.setting = setting


async def shared_context(tls: Tls) -> ssl.SSLContext:
    """`client_context`, made off the event loop and kept for as long as none of its files changes.

    So it is made once for all the links of a bind and not at every reconnect, and a renewed certificate is
    taken up without a restart.
    """
    return await asyncio.to_thread(_kept, tls)


def client_context(tls: Tls) -> ssl.SSLContext:
    """The peer's certificate and name are checked. Raises TlsFileError naming the file that cannot be used."""
    context = _trusting(tls.ca_file)
    context.minimum_version = _VERSIONS[tls.min_version]
    if tls.cert_file:
        _present(context, tls.cert_file, tls.key_file)
    return context


def ends_at(cert_file: str) -> float | None:
    """When its first certificate ends, in Unix seconds; None where it cannot be read: links say why."""
    from cryptography import x509  # large, and few have one

    try:
        return x509.load_pem_x509_certificate(Path(cert_file).read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None


def peer_ends_at(shown: Mapping[str, object] | None) -> float | None:
    """Of a certificate as `SSLObject.getpeercert` has it."""
    until = (shown or {}).get("notAfter")
    return ssl.cert_time_to_seconds(until) if isinstance(until, str) else None


def explain(error: Exception, tls: Tls, name: str) -> tuple[str, str]:
    """(what went wrong and the way out, the key to look at) of a handshake that failed. name: as checked."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _unverified(error, tls, name)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _refused(error, tls)
    said = "did not answer" if isinstance(error, TimeoutError) else "closed the connection"
    return (
        f"the SMSC {said} during the TLS handshake: the port may speak plain SMPP (take tls away, or change "
        f"port), {_or_certificate(tls)}or it does not let this machine's address in",
        "tls",
    )


def _unverified(error: ssl.SSLCertVerificationError, tls: Tls, name: str) -> tuple[str, str]:
    if error.verify_code in _WRONG_NAME:
        return (
            f"the SMSC's certificate is not for {name}: set tls.server_name to the name in it",
            "tls.server_name",
        )
    if error.verify_code in _EXPIRED:
        return (
            "the SMSC's certificate, or its authority in tls.ca_file, has expired: "
            "the carrier must renew it; check this machine's clock too",
            "tls.ca_file",
        )
    if error.verify_code in _NOT_YET_VALID:
        return (
            "the SMSC's certificate, or its authority in tls.ca_file, is not valid yet: "
            "check this machine's clock, then ask the carrier",
            "tls.ca_file",
        )
    if error.verify_code in _UNKNOWN_AUTHORITY:
        known = f"in tls.ca_file {tls.ca_file}" if tls.ca_file else "known to this system"
        return (
            f"the SMSC's certificate is signed by an authority that is not {known} ({error.verify_message}): "
            "put the carrier's authority into tls.ca_file",
            "tls.ca_file",
        )
    return (
        f"the SMSC's certificate cannot be trusted ({error.verify_message}): ask the carrier",
        "tls.ca_file",
    )


def _refused(error: ssl.SSLError, tls: Tls) -> tuple[str, str]:
    """An alert of the SMSC, or what our own side would not take."""
    reason = (error.reason or "unknown").upper()
    word = reason.partition("_ALERT_")[2] or reason.removeprefix("TLSV1_").removeprefix("SSLV3_")
    shown = word.lower().replace("_", " ")
    if word in _NOT_TLS:
        return "the port does not speak TLS: take tls away, or set port to the carrier's TLS port", "tls"
    if word in _VERSION_REFUSED:
        return (
            f"the SMSC speaks no TLS of version {tls.min_version} or later ({shown}): "
            + ('set tls.min_version to "1.2"' if tls.min_version == "1.3" else "the carrier must update it"),
            "tls.min_version",
        )
    if word in _CERTIFICATE_REFUSED | _CERTIFICATE_WANTED and not tls.cert_file:
        return (
            f"the SMSC wants a client certificate ({shown}): set tls.cert_file and tls.key_file",
            "tls.cert_file",
        )
    if word in _CERTIFICATE_REFUSED | _CERTIFICATE_WANTED:
        return (
            f"the SMSC refuses the client certificate of tls.cert_file ({shown}): "
            "give the one that the carrier issued or knows, with its chain",
            "tls.cert_file",
        )
    if word == "UNRECOGNIZED_NAME":
        return "the SMSC does not know the name that was asked for: set tls.server_name", "tls.server_name"
    return f"TLS failed ({shown}): ask the carrier which versions and ciphers it speaks", "tls"


def _or_certificate(tls: Tls) -> str:
    return "" if tls.cert_file else "want a client certificate (tls.cert_file), "


def _kept(tls: Tls) -> ssl.SSLContext:
    return _made(tls, tuple(_stamp(path) for path in (tls.ca_file, tls.cert_file, tls.key_file)))


@lru_cache(maxsize=64)
def _made(tls: Tls, stamps: tuple[tuple[int, int, int] | None, ...]) -> ssl.SSLContext:
    """stamps: another file is another context."""
    return client_context(tls)


def _stamp(path: str | None) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat() if path else None
    except OSError:  # `client_context` says it better
        return None
    return found and (found.st_ino, found.st_size, found.st_mtime_ns)


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return ssl.create_default_context()
    _read("tls.ca_file", ca_file)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise TlsFileError("tls.ca_file", f"{ca_file} holds no certificate in PEM: {_CONVERT}") from error


def _present(context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    """Load our own certificate. OpenSSL says of most faults only that there is one, so they are looked for."""
    if b"-----BEGIN CERTIFICATE-----" not in _read("tls.cert_file", cert_file):
        raise TlsFileError("tls.cert_file", f"{cert_file} holds no certificate in PEM: {_CONVERT}")
    setting, path = ("tls.key_file", key_file) if key_file else ("tls.cert_file", cert_file)
    if b"PRIVATE KEY-----" not in _read(setting, path):
        way_out = _CONVERT if key_file else "name the file that does in tls.key_file"
        raise TlsFileError(setting, f"{path} holds no private key in PEM: {way_out}")

    def asked() -> NoReturn:  # without it OpenSSL would ask on the terminal
        raise TlsFileError(
            setting,
            f"{path} is encrypted, and nobody is there to be asked for its passphrase: "
            f"decrypt it (openssl pkey -in {path} -out NEW, readable by the worker alone)",
        )

    try:
        context.load_cert_chain(cert_file, key_file, password=asked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = f"{path} does not fit the first certificate of tls.cert_file {cert_file}: give its own key"
        else:
            why = f"{path} cannot be used with tls.cert_file {cert_file} ({error.reason or 'damaged'})"
        raise TlsFileError(setting, why) from error


_CONVERT: Final = "convert it (openssl x509 or pkey, -inform der), or give another file"


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TlsFileError(setting, f"{path} cannot be read: {error.strerror}") from error
