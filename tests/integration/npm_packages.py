"""Pinned packages of npm that a test uses: installed once for each lock, whoever of many processes comes first."""

import fcntl
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

INSTALL_S = 90
# what npm says when no registry can be reached
_OFFLINE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "EHOSTUNREACH",
)


def installed(cache: pytest.Cache, wanted: Path) -> Path:
    """The folder of the packages, made on first use. wanted: has their package.json and its lock. Skips where node, npm
    or the registry is missing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing (Debian: apt-get install nodejs npm)")
    lock = (wanted / "package-lock.json").read_bytes()
    folder = cache.mkdir(f"{wanted.name}-{sha256(lock).hexdigest()[:12]}")
    with (folder / "lock").open("a") as turn:  # test processes side by side: one installs, the others wait
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder, wanted)
            (folder / "complete").touch()
    return folder / "node_modules"


def _install(folder: Path, wanted: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(wanted / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {wanted.name} within {INSTALL_S} s")
    if done.returncode and any(word in done.stderr for word in _OFFLINE):
        pytest.skip("npm reaches no registry")
    assert done.returncode == 0, done.stderr
