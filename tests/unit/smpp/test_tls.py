"""TLS settings that cannot work are named."""

import ssl
from pathlib import Path

import pytest

from broadcast.config import Tls
from broadcast.errors import ConfigError
from broadcast.smpp.tls import client_context


def test_the_peer_is_checked_and_old_versions_are_refused() -> None:
    context = client_context(Tls())
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
def test_a_file_that_cannot_be_used_is_named(key: str, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        with pytest.raises(ConfigError, match=rf"tls\.{key} .*{path.name}"):
            client_context(Tls(**{key: str(path)}))
        (tmp_path / "empty.pem").write_text("")
