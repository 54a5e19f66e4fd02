"""Lists that come from another program, and files of which nothing is left, by the command as people type it."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import asyncpg
import pytest
from waiting import until

from broadcast.audience import subscribers

VIETNAM = Path(__file__).parents[2] / "config" / "vietnam.toml"
LIST = "msisdn,note\n" + "".join(f'0912{n:06},"a\nb"\n' for n in range(3_000)) + "0912,x\n"


class Desk:
    """Types a line into a shell."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        (folder / "people.csv").write_text(LIST)
        # So that `broadcast` is this code's.
        (folder / "broadcast").write_text(f'#!/bin/sh\nexec {sys.executable} -m broadcast "$@"\n')
        (folder / "broadcast").chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        self.env = {
            **os.environ, "PATH": path, "BROADCAST_DATABASE_URL": url, "BROADCAST_CONFIG": str(VIETNAM)
        }  # fmt: skip

    def __call__(self, line: str, code: int = 0) -> tuple[str, str]:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Desk:
    return Desk(database_url, tmp_path)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("cat people.csv | broadcast subscriber import - --json", '"source": "stdin"'),
        ("gzip -c people.csv | broadcast subscriber import - --json", '"source": "stdin"'),
        ("broadcast subscriber import - --json < people.csv", '"source": "stdin"'),
        ("cat people.csv | broadcast subscriber import /dev/stdin --json", '"source": "/dev/stdin"'),
        ("broadcast subscriber import <(gzip -c people.csv | zcat) --json", '"source": "/dev/fd/'),
        ("mkfifo p; cat people.csv > p & broadcast subscriber import p --json", '"source": "p"'),
    ],
)
def test_a_pipe(desk: Desk, line: str, name: str) -> None:
    out, err = desk(line)
    assert name in out
    assert '"lines": 3001' in out and '"imported": 3000' in out and '"too_short": 1' in out
    assert err == ""
    assert (desk.folder / "piped.refused.csv").read_text(encoding="utf-8-sig") == (
        "line,reason,msisdn,note\n3002,too_short,0912,x\n"
    )


def test_octets_that_come_one_by_one(desk: Desk) -> None:
    out, _ = desk(
        f"{sys.executable} -c \"import os; [os.write(1, bytes([each])) for each in b'msisdn\\n0912345678\\n']\""
        " | broadcast subscriber import -"
    )
    assert "imported" in out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "cat people.csv | broadcast subscriber import - --resumable",
            "no file that --resumable could come back to",
        ),
        (
            "broadcast subscriber import <(cat people.csv) --resumable",
            "no file that --resumable could come back to",
        ),
        ("printf PAR1xxxx | broadcast subscriber import -", "give it as a file, not through a pipe"),
        ("broadcast subscriber import - < /dev/null", "stdin is empty"),
        ("printf 'msisdn\\n' | broadcast subscriber import -", "stdin has a header but no lines"),
        ("broadcast subscriber import - --refused people.csv < people.csv", "is the file to import"),
        (
            "mkfifo p; broadcast subscriber import people.csv --refused p",
            "p is no file: the refused lines",
        ),
        (
            "mkfifo p; broadcast subscriber import people.csv --resumable --refused p",
            "p is no file: the refused lines",
        ),
        ("broadcast subscriber import . ", "Is a directory|is a directory"),
    ],
)
def test_what_cannot_be_read_is_one_line(desk: Desk, line: str, message: str) -> None:
    _, err = desk(line, code=2)
    assert any(each in err for each in message.split("|"))
    assert "Traceback" not in err
    assert (desk.folder / "people.csv").read_text() == LIST


@pytest.mark.parametrize("more", ["", "--resumable"])
def test_no_room_for_the_refused_lines(desk: Desk, more: str) -> None:
    (desk.folder / "bad.csv").write_text("msisdn\n0912345678\n" + "garbage\n" * 5_000)
    _, err = desk(f"ulimit -f 8; broadcast subscriber import bad.csv {more}", code=1)
    assert err.startswith(
        "broadcast: cannot write the refused lines to bad.refused.csv: File too large; make room"
    )
    assert len(err.splitlines()) == 1
    assert not (desk.folder / "bad.refused.csv.part").exists()
    out, _ = desk(f"broadcast subscriber import bad.csv {more} --json")
    assert '"garbage": 5000' in out


@pytest.mark.parametrize("more", ["", "--resumable", "--json"])
def test_a_file_of_which_every_line_is_refused_is_no_success(desk: Desk, more: str) -> None:
    (desk.folder / "e.csv").write_text('msisdn\n8.49123E+10\n8,49123E+10\n"8,49E+10"\n8.4912345678E+10\n')
    out, err = desk(f"broadcast subscriber import e.csv {more}", code=2)
    assert "scientific_notation" in out
    assert err.splitlines() == [
        "broadcast: e.csv: every line is refused, nobody is imported: the reasons stand in e.refused.csv"
    ]
    assert (desk.folder / "e.refused.csv").read_text(encoding="utf-8-sig").count("scientific_notation") == 4


@pytest.mark.parametrize("said", [b"", b"msi", b"msisdn"])
async def test_ctrl_c_before_the_first_line(desk: Desk, said: bytes) -> None:
    """It has read what was said, and waits for more."""
    os.mkfifo(desk.folder / "p")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broadcast", "subscriber", "import", "p",
        cwd=desk.folder, env=desk.env, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    files = Path(f"/proc/{process.pid}/fd")
    there = str(desk.folder / "p")
    if said:
        writer = await asyncio.to_thread(os.open, there, os.O_WRONLY)
        os.write(writer, said)
        left = bytearray(4)

        def read() -> bool:
            fcntl.ioctl(writer, termios.FIONREAD, left)
            return not any(left)

        await until(read, "it has read that")
    else:

        def opened() -> bool:
            try:
                return any(file.samefile(there) for file in files.iterdir())
            except OSError:  # one was closed meanwhile
                return False

        await until(opened, "it has opened the pipe")
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, err.strip()) == (130, b"broadcast: stopped")


async def test_ctrl_c_while_the_other_program_says_nothing(desk: Desk, conn: asyncpg.Connection) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broadcast", "subscriber", "import", "-",
        cwd=desk.folder, env=desk.env, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"msisdn\n0912345678\n")
    await process.stdin.drain()
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7103"
    await until(lambda: conn.fetchval(held), "the import has begun")
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        _, err = await process.communicate()
    assert process.returncode not in (0, None)
    assert b"Traceback" not in err
    assert sum(each.subscribers for each in await subscribers.counts(conn)) == 0
