"""The documentation as a site: built strictly, so that a link or heading that is not there ends it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("material") is None, reason="no mkdocs-material: `make docs` brings it"
)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=quiet)


def test_every_page_is_in_the_site(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = build(ROOT / "mkdocs.yml", site)
    assert built.returncode == 0, built.stderr
    assert (site / "index.html").is_file()
    for page in [*ROOT.glob("docs/*.md"), *ROOT.glob("ops/runbooks/*.md")]:
        assert (site / page.relative_to(ROOT).with_suffix("") / "index.html").is_file()


def test_a_link_that_leads_nowhere_ends_it(tmp_path: Path) -> None:
    """The hook's pages are checked like those of mkdocs itself."""
    for name in ("mkdocs.yml", "ops/site.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("[here](docs/page.md#nothing)\n", encoding="utf-8")
    (tmp_path / "docs" / "page.md").write_text("# A page\n", encoding="utf-8")
    built = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode != 0
    assert "#nothing" in built.stderr
