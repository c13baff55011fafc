"""What the operating system refuses, as a sentence with what to do: every command that takes a path may end here."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

_PLAIN: Final = {
    errno.EACCES: "you have no right to use it. Name a place of your own, or have its owner give you the right",
    errno.EPERM: "the system does not allow that there. Name a place of your own, or have its owner give you the right",
    errno.EROFS: "it is on a disk or folder that can only be read. Name a place that can be written to",
    errno.ENOSPC: "the disk is full. Make room there, or name another disk",
    errno.EDQUOT: "your share of the disk is used up. Make room there, or name another disk",
    errno.EISDIR: "it is a folder. Name a file in it",
    errno.ENAMETOOLONG: "the name is longer than the system allows. Give a shorter one",
    errno.ELOOP: "its links lead in a circle. Name the real place",
    errno.EMFILE: "this process has too many files open. Close other programs, or raise the limit (`ulimit -n`)",
}


def sentence(error: OSError) -> str:
    """Return what was refused and what to do about it.

    >>> sentence(OSError(errno.ENOSPC, "No space left on device", "/books/x.db"))
    '/books/x.db: the disk is full. Make room there, or name another disk.'
    """
    if not isinstance(error.filename, str | Path) or not str(error.filename):
        return f"{error.strerror or error}. Try again, or name another place."
    path = Path(error.filename)
    if error.errno == errno.ENOENT:
        return f"{path}: {_missing(path)}."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{path}: {_in_the_way(path)}."
    return f"{path}: {_PLAIN.get(error.errno or 0) or f'{error.strerror or error}. Name another place'}."


def _missing(path: Path) -> str:
    folder = path.parent
    if _is_folder(folder):
        return "it is not there. Check the name"
    return f"there is no folder {folder}. Make it (`mkdir -p`), or name another place"


def _in_the_way(path: Path) -> str:
    for part in (path, *path.parents):
        try:
            if part.exists() and not part.is_dir():
                return f"{part} is a file, and no folder can be there. Move it away, or name another place"
        except OSError:  # below a file, or where we may not look
            continue
    return "it is there already. Name another place"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
