"""The folder for secrets that a demo's systems renew; those of demos that were killed go away with the next one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "finsync-demo-secrets-"
_OF = re.compile(rf"{PREFIX}(?P<pid>\d+)-\w+")


@contextmanager
def folder() -> Iterator[str]:
    """Give a folder that says whose it is, and take it away afterwards."""
    clear(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as path:
        yield path


def clear(place: Path) -> None:
    """Remove what processes left there that are gone. What can't be removed, or is another user's, stays."""
    for left in place.glob(f"{PREFIX}*"):
        named = _OF.fullmatch(left.name)
        if named is not None and not _lives(int(named["pid"])) and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    """Say whether a process may live; where that can't be asked, it may."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
