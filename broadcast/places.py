"""Whether root may make files at a place: nobody else decides where they end up (a link in /tmp to /etc).

What an operator names is the operator's choice, but for links of others. Trusted are root, who owns this program (root
runs what that user wrote anyway), and users that a caller names.
"""

import grp
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path

from broadcast.errors import RefusedError
from broadcast.languages import _

_LINKS_MOST = 40


def check(path: Path, way_out: str, also: Collection[int] = (), *, own: bool = False) -> None:
    """Raises RefusedError for root when another user could lead what is made at `path`, or below it, elsewhere.

    way_out: how to name another place. also: numbers of more users who are trusted. own: files of known names are made
    in it, so that it must not be open to all as /tmp is.
    """
    if os.geteuid() == 0:
        trusted = {0, Path(__file__).stat().st_uid, *also, *_unknown_users()}
        found = _walk(path, trusted, way_out)
        if own and (others := _others(found.stat())):
            raise _refusal(_("{others} can write to {found}", others=others, found=found), way_out)


def _walk(path: Path, trusted: Collection[int], way_out: str) -> Path:
    """From the root on, by way of the links that may be followed. The last of it that is there."""
    place, rest, links = Path("/"), list(path.absolute().parts[1:]), 0
    while True:
        found = place.stat()
        if found.st_uid not in trusted:
            raise _refusal(_("{place} belongs to {name}", place=place, name=_name(found.st_uid)), way_out)
        if not found.st_mode & stat.S_ISVTX and (others := _others(found)):
            raise _refusal(_("{others} can write to {place}", others=others, place=place), way_out)
        if not rest:
            return place
        entry = place / rest.pop(0)
        if entry.name == "..":
            place = place.parent
            continue
        try:
            inner = entry.lstat()
        except FileNotFoundError:  # it is made by us
            return place
        except OSError as error:
            raise RefusedError(
                _(
                    "cannot look at {entry}: {strerror}; {way_out}",
                    entry=entry,
                    strerror=error.strerror,
                    way_out=way_out,
                )
            ) from error
        if not stat.S_ISLNK(inner.st_mode):
            place = entry
            continue
        links += 1
        if inner.st_uid not in trusted or links > _LINKS_MOST:
            raise _refusal(
                _("{entry} is a link that {name} made", entry=entry, name=_name(inner.st_uid)), way_out
            )
        target = entry.readlink()
        place, rest = (Path("/") if target.is_absolute() else place), [*_parts(target), *rest]


def _others(found: os.stat_result) -> str:
    """Who may write to it beside its owner and root: empty, or words."""
    if found.st_mode & stat.S_IWOTH:
        return "anybody"
    if not found.st_mode & stat.S_IWGRP or found.st_gid == 0:
        return ""
    try:
        group = grp.getgrgid(found.st_gid)
    except KeyError:
        return _("the group {name}", name=found.st_gid)
    owner = _user(found.st_uid)
    alone = group.gr_name == owner and set(group.gr_mem) <= {owner}
    return "" if alone else _("the group {name}", name=group.gr_name)


def _parts(path: Path) -> tuple[str, ...]:
    return path.parts[1:] if path.is_absolute() else path.parts


def _refusal(why: str, way_out: str) -> RefusedError:
    return RefusedError(
        _("{why}, and could lead files of root's elsewhere: {way_out}", why=why, way_out=way_out)
    )


def _unknown_users() -> set[int]:
    """In a container whose users are not the machine's: the number that stands for all of those."""
    try:
        if Path("/proc/self/uid_map").read_text().split()[1] == "0":
            return set()
        return {int(Path("/proc/sys/kernel/overflowuid").read_text())}
    except (OSError, ValueError, IndexError):
        return set()


def _name(uid: int) -> str:
    return _("the user {name}", name=_user(uid))


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
