"""Nobody but root leads root's files anywhere."""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast import places
from broadcast.cli.files import replacing, write_text
from broadcast.demo.command import _make_folder
from broadcast.errors import InputError, RefusedError
from broadcast.store import embedded, pool, system_user
from broadcast.store.system_user import Owner

OTHER = 65533
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make what another user made")


@pytest.fixture
def shared() -> Iterator[Path]:
    """As /tmp is."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        yield Path(name)


def theirs(path: Path, target: Path | None = None) -> Path:
    if target is None:
        path.mkdir()
    else:
        path.symlink_to(target)
    os.chown(path, OTHER, OTHER, follow_symlinks=False)
    return path


def test_places_of_roots(shared: Path) -> None:
    places.check(shared / "new" / "deeper", "")
    mine = shared / "mine"
    mine.mkdir()
    (shared / "link").symlink_to("mine")
    (shared / "up").symlink_to(mine / ".." / "mine")
    for path in (mine, shared / "link" / "new", shared / "up", mine / ".." / "mine"):
        places.check(path, "", own=True)
    places.check(shared, "")


def test_places_that_another_leads(shared: Path, tmp_path: Path) -> None:
    folder, link = theirs(shared / "folder"), theirs(shared / "link", tmp_path)
    (folder / "inner").mkdir()
    (shared / "to-link").symlink_to("link")
    (shared / "loop").symlink_to("loop")
    for path in (
        folder,
        folder / "new",
        folder / "inner",
        link,
        link / "new",
        shared / "to-link" / "x",
        shared / "loop",
    ):
        with pytest.raises(RefusedError, match="could lead files of root's elsewhere: go away"):
            places.check(path, "go away")
    places.check(folder / "inner", "", also=[OTHER])
    with pytest.raises(RefusedError, match="anybody can write to"):
        places.check(shared, "", own=True)
    shared.chmod(0o2775)
    os.chown(shared, 0, 50)  # as Debian's /var/local is: root's, and for staff
    with pytest.raises(RefusedError, match=r"the group .* can write to"):
        places.check(shared / "new", "")
    shared.chmod(0o3775)
    places.check(shared / "new", "")
    with pytest.raises(RefusedError, match=r"the group .* can write to"):
        places.check(shared, "", own=True)
    os.chown(shared, 0, 0)
    shared.chmod(0o775)
    places.check(shared, "", own=True)
    daemon = pwd.getpwnam("daemon")
    os.chown(shared, daemon.pw_uid, daemon.pw_gid)  # a group of that user alone
    places.check(shared / "new", "", also=[daemon.pw_uid])
    os.chown(shared, 0, 0)
    shared.chmod(0o777)  # not sticky: whatever is in it, another may put a link there instead
    with pytest.raises(RefusedError, match="anybody can write to"):
        places.check(shared / "new", "")


def test_the_database_and_the_demo_go_nowhere_else(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "etc"
    victim.mkdir()
    link, folder = theirs(shared / "home", victim), theirs(shared / "folder")
    for place in (link, folder, folder / "home", shared):
        with pytest.raises(RefusedError, match="set BROADCAST_HOME to a folder of root's"):
            embedded.make_home(place, Owner("root", 0, 0, switch=False))
    for place in (link, folder):
        with pytest.raises(RefusedError, match="with --out"):
            _make_folder(place)
        with pytest.raises(RefusedError, match="BROADCAST_HOME"), embedded.Server(place)._locked():
            pass
    monkeypatch.setenv("BROADCAST_HOME", str(link))
    monkeypatch.delenv("BROADCAST_DATABASE_URL", raising=False)
    with pytest.raises(
        RefusedError, match="BROADCAST_HOME"
    ):  # nobody else's server gets the people of a list
        pool.database_url()
    for server in system_user.numbers():
        os.chown(folder, server, server)
        embedded.check_home(folder)
    assert list(victim.iterdir()) == list(folder.iterdir()) == []
    made = _make_folder(shared / "demo-out")
    assert stat.S_IMODE(made.stat().st_mode) == 0o755


def test_files_are_put_in_the_place_of_links(shared: Path, tmp_path: Path) -> None:
    victim = tmp_path / "passwd"
    victim.write_text("root")
    victim.chmod(0o600)
    link = theirs(shared / "report.html", victim)
    write_text(link, "new")
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("root", 0o600)
    assert (link.read_text(), link.is_symlink()) == ("new", False)


def test_devices_and_pipes_stay_what_they_are(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(InputError, match="cannot write"), replacing(tmp_path):
        pass
