"""Who may read the workspace's files: their owner, or one named group.

SQLite gives the -wal and -shm files beside a database the database's own mode, so that the mode of the database,
set before SQLite sees it, decides for all three.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from store.errors import FileInTheWayError, NotAWorkspaceError, StoreAccessError, StoreMissingError

OWNER_FILE = 0o600
OWNER_FOLDER = 0o700
GROUP_FILE = 0o660
GROUP_FOLDER = 0o2770  # setgid: files made in it belong to the group as well


def prepare(path: Path, group: str | None, *, creates: bool) -> None:
    """Make the folder and an empty file where there is none and one may be made; see that nobody else may read them."""
    if path.is_dir():
        raise NotAWorkspaceError(str(path), "it is a folder")
    try:
        if not creates:
            _require(path)
        prepare_folder(path.parent, group)
        is_new = _create(path, group)
        if not is_new:
            _check_readable(path)
            _close_to_others(path, group)
    except OSError as error:
        raise StoreAccessError(str(path), error.strerror or str(error)) from error


def check(path: Path) -> None:
    """Refuse what can't be a store, without touching it."""
    if path.is_dir():
        raise NotAWorkspaceError(str(path), "it is a folder")
    try:
        _require(path)
        _check_readable(path)
    except OSError as error:
        raise StoreAccessError(str(path), error.strerror or str(error)) from error


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    if os.name != "posix" and path.is_dir():
        return  # only Unix lets a folder be flushed
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare_folder(folder: Path, group: str | None) -> None:
    """Make a folder that only its owner (or `group`) may look into; an owner's folder that is there stays as it is."""
    if group is not None:
        _group_id(folder, group)  # a group that does not exist is said before anything is made
    is_new = not folder.exists()
    if is_new:
        folder.mkdir(parents=True, mode=OWNER_FOLDER)
    if group is not None and (is_new or not _is_shared(folder, group, GROUP_FOLDER)):
        _share(folder, group, GROUP_FOLDER)


def is_shared_folder(folder: Path, group: str) -> bool:
    """Whether a folder belongs to a group as a shared workspace has to."""
    return _is_shared(folder, group, GROUP_FOLDER)


def write_private(path: Path, content: bytes, *, replaces: bool) -> None:
    """Write a file that only its owner can read. One that is there stays, unless it is to be replaced."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replaces else os.O_EXCL)
    try:
        handle = os.open(path, flags, OWNER_FILE)
    except FileExistsError:
        raise FileInTheWayError(str(path)) from None
    with os.fdopen(handle, "wb") as target:
        target.write(content)


def create_private(path: Path, group: str | None = None) -> None:
    """Make an empty file that only its owner (or `group`) may read; it must not exist."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_FILE)
    os.close(handle)
    if group is not None:
        _share(path, group, GROUP_FILE)


def _create(path: Path, group: str | None) -> bool:
    try:
        create_private(path, group)
    except FileExistsError:
        return False
    return True


def _require(path: Path) -> None:
    """Refuse a file that is gone or empty: SQLite would take it for a new one."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise StoreMissingError(str(path), "is not there") from None
    if size == 0:
        raise StoreMissingError(str(path), "is empty (0 bytes)")


def _check_readable(path: Path) -> None:
    """Refuse a file that may not be read, without opening it.

    Whatever opens and closes a database beside SQLite takes the locks of every connection that this process has on it
    (POSIX locks belong to the process): another process could then throw away the log that we still write to. What the
    file is, SQLite says itself.
    """
    path.stat()
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _close_to_others(path: Path, group: str | None) -> None:
    """Take rights away from everybody else, also on files that an earlier umask left open."""
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except FileNotFoundError:
            continue
        if group is not None:
            if not _is_shared(file, group, GROUP_FILE):
                _share(file, group, GROUP_FILE)
        elif mode & 0o077 and os.name == "posix":
            file.chmod(OWNER_FILE)


def _is_shared(path: Path, group: str, mode: int) -> bool:
    found = path.stat()
    return found.st_gid == _group_id(path, group) and stat.S_IMODE(found.st_mode) == mode


def _share(path: Path, group: str, mode: int) -> None:
    os.chown(path, -1, _group_id(path, group))
    path.chmod(mode)


def _group_id(path: Path, group: str) -> int:
    if os.name != "posix":
        raise StoreAccessError(str(path), "a shared workspace needs a system with Unix groups")
    import grp

    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise StoreAccessError(
            str(path),
            f"there is no group {group!r} on this machine",
            "Correct the group (`group` in workspace.toml), or have an administrator make it.",
        ) from None
