"""The wheel: everything that the program reads is in it, and it runs where no repository is."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NO_INDEX = ("--no-index", "--no-deps", "--disable-pip-version-check", "--quiet")
_COUNTRY = """
from broadcast.config import load
from broadcast.config.profiles import VIETNAM
print(VIETNAM, load([VIETNAM]).country.name)
"""


def run(*words: object, cwd: Path) -> str:
    """What it prints; what it says of a failure is in the test's output."""
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel is made of, elsewhere, for building leaves its traces."""
    place = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    shutil.copytree(ROOT / "broadcast", place / "broadcast", ignore=shutil.ignore_patterns("__pycache__"))
    return place


@pytest.fixture(scope="session")
def wheel(source: Path) -> Path:
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        *_NO_INDEX,
        "--no-build-isolation",
        "-w",
        "dist",
        ".",
        cwd=source,
    )
    (made,) = (source / "dist").iterdir()
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin of a venv with the wheel, and with this one's packages in place of a registry's."""
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv)
    run(sys.executable, "-m", "pip", "--python", venv, "install", *_NO_INDEX, wheel, cwd=venv)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return venv / "bin"


def test_every_file_of_the_package_is_in_it(source: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        found = {name for name in packed.namelist() if ".dist-info/" not in name}
    package = (path for path in (source / "broadcast").rglob("*") if path.is_file())
    assert found == {str(path.relative_to(source)) for path in package}


def test_it_runs_without_a_repository(installed: Path, tmp_path: Path) -> None:
    assert "broadcast demo" in run(installed / "broadcast", "--help", cwd=tmp_path)
    place, name = run(installed / "python", "-c", _COUNTRY, cwd=tmp_path).split()
    assert Path(place).is_relative_to(installed.parent)
    assert name == "Vietnam"
    assert "correction-tsunami" in run(
        installed / "broadcast", "--config", place, "template", "list", cwd=tmp_path
    )
