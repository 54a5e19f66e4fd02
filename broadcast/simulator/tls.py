"""The [tls] of a personality made into what its port needs (quirk 39)."""

import ssl
from typing import Final

from broadcast.errors import ConfigError
from broadcast.simulator.habits import TlsFiles

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(files: TlsFiles) -> ssl.SSLContext | None:
    """None without a certificate. Raises ConfigError naming the file that cannot be used."""
    if not files.cert_file:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = _VERSIONS[files.min_version]
    context.maximum_version = _VERSIONS[files.max_version]
    try:
        context.load_cert_chain(files.cert_file, files.key_file or None)
    except OSError as error:
        names = " and ".join(name for name in (files.cert_file, files.key_file) if name)
        raise ConfigError(f"tls: {names} cannot be used: {error.strerror or error}") from error
    if files.client_ca_file:
        try:
            context.load_verify_locations(files.client_ca_file)
        except OSError as error:
            raise ConfigError(
                f"tls.client_ca_file {files.client_ca_file} cannot be used: {error.strerror or error}"
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context
