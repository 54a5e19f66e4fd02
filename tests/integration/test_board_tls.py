"""The board with TLS and behind a proxy: cookies, HSTS, names of its certificate, who is refused at the start."""

import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme
from click.testing import CliRunner
from integration.board_world import browsing, serving

from broadcast.cli.main import broadcast
from broadcast.config import Config
from broadcast.errors import BroadcastError, ConfigError
from broadcast.web.security import Front, form_token
from broadcast.web.serve import names_of, tls_context


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, ssl.SSLContext]:
    """Certificate, key, and what trusts its authority."""
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "board.example", "10.0.0.5")
    certificate, key = tmp_path / "board.pem", tmp_path / "board.key"
    certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return certificate, key, trusting


async def test_with_tls(database_url: str, config: Config, files: tuple[Path, Path, ssl.SSLContext]) -> None:
    certificate, key, trusting = files
    front = Front(True, names_of(certificate))
    async with (
        serving(database_url, config, front, tls=tls_context(certificate, key)) as (base, _run),
        browsing(base, connector=aiohttp.TCPConnector(ssl=trusting)) as browser,
    ):
        answer, _ = await browser.get("/login")
        assert answer.status == 200 and answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        cookie = answer.cookies["__Host-form"]
        assert cookie["secure"] and cookie["httponly"] and cookie["path"] == "/" and not cookie["domain"]
        assert (
            await browser.log_in("lan", "wrong")
        ).status == 403  # its form was one of ours, of this origin
        plain = {"Origin": base.replace("https", "http")}
        assert (await browser.log_in("lan", headers=plain)).status == 403
        with pytest.raises(aiohttp.ClientError):
            await browser.client.get(base.replace("https", "http"))
    assert tls_context(certificate, key).minimum_version == ssl.TLSVersion.TLSv1_2


async def test_behind_a_proxy_addresses_are_what_it_says(database_url: str, config: Config) -> None:
    """Its failures are not everybody's: the proxy's address is not counted."""
    front = Front(True, frozenset({"board.example"}), behind_proxy=True)
    async with serving(database_url, config, front) as (base, run), browsing(base) as browser:
        browser.base = base.replace("https", "http")  # from the proxy to it
        said = {"Host": "board.example", "X-Forwarded-For": "10.1.1.1, 198.51.100.7"}
        answer, _ = await browser.get("/login", headers=said)
        assert answer.status == 200 and answer.cookies["__Host-form"]["secure"]
        assert "Strict-Transport-Security" in answer.headers
        assert (await browser.get("/login"))[0].status == 421  # by no name but its own
        cookie = answer.cookies["__Host-form"].value
        form = {"csrf": form_token(run.key, cookie), "name": "lan", "password": "wrong"}
        headers = {**said, "Origin": "https://board.example", "Cookie": f"__Host-form={cookie}"}
        assert (await browser.post("/login", form, headers=headers))[0].status == 403
        assert {key[1] for key in run.limiter._failures} == {"198.51.100.7"}


def test_names_of_a_certificate(files: tuple[Path, Path, ssl.SSLContext], tmp_path: Path) -> None:
    assert names_of(files[0]) == {"localhost", "board.example", "10.0.0.5"}
    for wrong in (files[1], tmp_path / "none"):
        with pytest.raises(ConfigError):
            names_of(wrong)
    with pytest.raises(ConfigError):
        tls_context(files[0], tmp_path / "none")
    with pytest.raises(ConfigError):
        tls_context(files[1], files[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "give --tls-cert and --tls-key"),
        (["--host", "10.0.0.5"], "give --tls-cert and --tls-key"),
        (["--tls-cert", "x.pem"], "go together"),
        (["--behind-proxy"], "needs --name"),
        (["--host", "0.0.0.0", "--behind-proxy"], "needs --name"),
        (["--tls-cert", "none.pem", "--tls-key", "none.key"], "cannot be used"),
    ],
)
def test_what_it_refuses_to_start_with(words: list[str], said: str, root_as_it_was: None) -> None:
    result = CliRunner().invoke(broadcast, ["board", *words])
    assert result.exit_code != 0
    error = result.exception
    assert said in (str(error) if isinstance(error, BroadcastError) else result.output)
