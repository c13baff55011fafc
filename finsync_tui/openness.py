"""Which files of a workspace others than its owner can read: the store and its copies, exports, and secrets kept as files.

Configuration (`workspace.toml`, `profiles/`, `keys.toml`) holds no secrets by rule and is left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from finsync_tui.credentials import FOLDER_VARIABLE
from finsync_tui.settings import FILE_NAME, Workspace

FILES_MAX: Final = 10_000
"""So many files are looked at; a workspace holds a few."""
_CONFIGURATION: Final = ("profiles", FILE_NAME, "keys.toml")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One file that others can read, and the mode that it should have."""

    path: Path
    mode: int
    closed: int


def open_files(workspace: Workspace) -> list[OpenFile]:
    """Return what others can read, in order of path. A shared workspace's group may read all but the secrets."""
    if os.name != "posix":
        return []
    group = _group_id(workspace.group)
    found = [_open(path, group) for path in _files(workspace.path, _CONFIGURATION)]
    folder = workspace.secrets_dir or os.environ.get(FOLDER_VARIABLE)
    if folder:
        found += [_open(path, None) for path in _files(Path(folder).expanduser(), ())]
    return [one for one in found if one is not None]


def _files(folder: Path, leaves_out: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files below a folder, without following links."""
    count = 0
    for root, folders, names in os.walk(folder):
        at_top = Path(root) == folder
        folders[:] = sorted(name for name in folders if not (at_top and name in leaves_out))
        for name in sorted(names):
            if at_top and name in leaves_out:
                continue
            count += 1
            if count > FILES_MAX:
                return
            yield Path(root) / name


def _open(path: Path, group: int | None) -> OpenFile | None:
    try:
        found = path.lstat()
    except OSError:  # gone meanwhile
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    closed = 0o660 if group is not None and found.st_gid == group else 0o600
    mode = stat.S_IMODE(found.st_mode)
    return OpenFile(path, mode, closed) if mode & 0o077 & ~closed else None


def _group_id(name: str) -> int | None:
    if not name:
        return None
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:  # said elsewhere
        return None
