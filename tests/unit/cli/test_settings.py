"""What every command says of the configuration's secrets: where to look, and never what stands there."""

import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from unit.config_files import CARRIERS, COUNTRY

from broadcast import config
from broadcast.cli import main as entry
from broadcast.cli.settings import Settings, check_passwords

pytestmark = pytest.mark.usefixtures("root_as_it_was")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to all, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def written(folder: Path, key: str, value: str) -> Path:
    file = folder / "site.toml"
    file.write_text(COUNTRY + CARRIERS.replace("port = 2775", f'port = 2775\n{key} = "{value}"'), "utf-8")
    return file


@pytest.mark.parametrize("words", [["worker"], ["up"], ["carrier", "check", "viettel"]])
@pytest.mark.parametrize("typed", ["hunter2", "hunter-2", "Hunter 2!"])
@pytest.mark.parametrize("key", ["password_env", "password_file"])
def test_a_password_that_was_typed_for_a_name_is_not_repeated(
    folder: Path, words: list[str], typed: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.main(["--config", str(written(folder, key, typed)), *words])
    said = "".join(capsys.readouterr())
    assert ended.value.code in (1, 2)
    assert "carriers.viettel.binds.0" in said and key in said
    assert typed not in said


def test_a_password_file_that_all_may_read_is_warned_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = folder / "secret"
    secret.write_text("s3cret")
    secret.chmod(0o644)
    found = config.load([written(folder, "password_file", str(secret))])
    check_passwords(found)
    assert (
        f"secret_open carrier=viettel bind=0 why=every user of this machine may read password_file {secret}"
        in caplog.text
    )
    assert "s3cret" not in caplog.text
    caplog.clear()
    secret.chmod(stat.S_IRUSR)
    check_passwords(found)
    assert caplog.text == ""


def test_what_is_said_of_a_configuration_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert Settings(["\x1b[2J.toml"]).zone is UTC
    said = capsys.readouterr().err
    assert "\\u001b[2J.toml" in said and "\x1b" not in said


def test_keywords_that_would_be_misread_are_refused_at_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "site.toml"
    words = 'everyday_words = ["Huy"]\nkeywords = { opt_out = ["STOP", "HỦY"] }\n'
    file.write_text(COUNTRY.replace("[country.prefixes]", words + "[country.prefixes]") + CARRIERS, "utf-8")
    for command in (["carrier", "list"], ["worker"], ["up"]):
        with pytest.raises(SystemExit) as ended:
            entry.main(["--config", str(file), *command])
        assert ended.value.code == 2
        assert "'HỦY' reads as an everyday word" in capsys.readouterr().err
