"""`text cost` at a terminal: what is typed, and below it what that costs, on a screen in memory."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest
from waiting import PATIENCE_S, until

CONFIG = """
sender = "BOYTE"

[country]
name = "Vietnam"
country_code = "84"
national_lengths = [9]
time_zone = "Asia/Ho_Chi_Minh"
languages = ["vi"]
[country.prefixes]
viettel = ["98"]
mobifone = ["90"]

[wording]
official_domains = ["gov.vn"]

[carriers.viettel]
tps = 1
national_shift = "portuguese"
binds = [{ host = "127.0.0.1", port = 1, system_id = "a" }]
[carriers.mobifone]
tps = 1
binds = [{ host = "127.0.0.1", port = 1, system_id = "b" }]
"""
ROWS, COLUMNS = 30, 160


class Terminal:
    """A command with a terminal of its own, and what stands on its screen."""

    def __init__(self, config: Path, *words: str) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._desk, its_own = pty.openpty()
        fcntl.ioctl(its_own, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._screen.write_process_input = lambda said: os.write(self._desk, said.encode())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "broadcast", "--config", str(config), *words],
            stdin=its_own,
            stdout=its_own,
            stderr=its_own,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"},
        )
        os.close(its_own)

    def type(self, keys: str) -> None:
        os.write(self._desk, keys.encode())

    def shown(self) -> str:
        """Its lines, after all that came by now."""
        while select.select([self._desk], [], [], 0)[0]:
            try:
                octets = os.read(self._desk, 65536)
            except OSError:  # Linux: nobody has the other end any more
                break
            self._stream.feed(octets)
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def shows(self, *parts: str) -> None:
        try:
            await until(lambda: all(part in self.shown() for part in parts), repr(parts))
        except TimeoutError as error:
            raise AssertionError(f"{parts} not on:\n{self.shown()}") from error

    async def ends(self) -> int:
        await until(lambda: (self.shown(), self.process.poll())[1] is not None, "the command's end")
        code = self.process.returncode
        assert isinstance(code, int)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        os.close(self._desk)


Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    config = tmp_path / "site.toml"
    config.write_text(CONFIG, encoding="utf-8")
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        opened.append(Terminal(config, *words))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


async def test_the_cost_follows_every_key(open_terminal: Open) -> None:
    terminal = open_terminal("text", "cost")
    await terminal.shows(">", "GSM 03.38, 0 units, 160 left, 0 segments")
    terminal.type("ab")
    await terminal.shows("> ab", "GSM 03.38, 2 units, 158 left, 1 segment")
    terminal.type("\x7f")  # backspace
    await terminal.shows("> a", "GSM 03.38, 1 unit, 159 left, 1 segment")
    terminal.type("ã" * 71)
    await terminal.shows(
        "mobifone: UCS-2, 72 units, 62 left, 2 segments",
        "viettel: GSM 03.38, portuguese shift table, 143 units, 12 left, 1 segment",
        "not in GSM 03.38: ã 71",
        "with --plain: 1 segment",
    )
    terminal.type("\x15Rửa tay, xem evil.com")  # Ctrl-U: the line is empty again
    await terminal.shows(
        "> Rửa tay, xem evil.com", "UCS-2, 21 units, 49 left", "refused: ", "evil.com (official are"
    )
    terminal.type("\x15\x1b[200~Rửa tay\nĐeo khẩu trang\x1b[201~")  # a pasted text, in lines
    await terminal.shows("UCS-2, 22 units, 48 left, 1 segment")
    terminal.type("\r")
    assert await terminal.ends() == 0
    assert "22 │   48 │        1" in terminal.shown()


async def test_as_json_for_what_was_typed(open_terminal: Open) -> None:
    terminal = open_terminal("text", "cost", "--plain", "--json")
    terminal.type("đặ")
    await terminal.shows("> đặ", "GSM 03.38, 2 units, 158 left, 1 segment")
    terminal.type("注")
    await terminal.shows("no plain letters for U+6CE8")
    terminal.type("\x7f\r")
    assert await terminal.ends() == 0
    assert '"units": 2' in terminal.shown()


async def test_ctrl_c_ends_it(open_terminal: Open) -> None:
    terminal = open_terminal("text", "cost")
    await terminal.shows(">")
    terminal.type("a\x03")
    assert await terminal.ends() == 130
    assert "broadcast: stopped" in terminal.shown()
