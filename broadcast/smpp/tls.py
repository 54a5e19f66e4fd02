"""The TLS settings of a bind made into what the connection needs (quirk 39)."""

import ssl

from broadcast.config import Tls
from broadcast.errors import ConfigError


def client_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or later, the peer's name checked. Raises ConfigError naming the file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except OSError as error:
        raise ConfigError(f"tls.ca_file {tls.ca_file} cannot be used: {error.strerror or error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert_file:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except OSError as error:
            raise ConfigError(
                f"tls.cert_file {tls.cert_file} and key_file {tls.key_file} cannot be used: "
                f"{error.strerror or error}"
            ) from error
    return context
