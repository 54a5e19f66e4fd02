"""Configuration files for tests: texts, and how they are written and found faulty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.config import load
from broadcast.errors import ConfigError

COUNTRY = """
sender = "BOYTE"

[country]
name = "Vietnam"
country_code = "84"
trunk_prefix = "0"
national_lengths = [9]
time_zone = "Asia/Ho_Chi_Minh"

[country.prefixes]
viettel = ["32", "98"]
mobifone = ["90"]
"""

CARRIERS = """
[carriers.viettel]
tps = 100

[[carriers.viettel.binds]]
host = "smsc.viettel.example"
port = 2775
system_id = "moh"
"""

Write = Callable[..., Path]
Fault = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file, return its path."""

    def write(text: str, name: str = "site.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def fault(write: Write) -> Fault:
    """What `load` says of COUNTRY + CARRIERS after these replacements, without the file's name in front."""

    def fault(*replacements: tuple[str, str], more: str = "") -> str:
        text = COUNTRY + CARRIERS
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = write(text + more)
        with pytest.raises(ConfigError) as raised:
            load([path])
        message = str(raised.value)
        assert raised.value.exit_code == 2
        assert "\n" not in message
        assert message.startswith(f"{path}: ")
        return message.removeprefix(f"{path}: ")

    return fault
