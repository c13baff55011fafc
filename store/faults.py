"""What SQLite's error codes mean to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import (
    NotAWorkspaceError,
    StoreAccessError,
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
)

_PRIMARY = 0xFF  # SQLite puts details into the higher bits of an error code


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """Turn what SQLite says of this file, wherever it is read, into the store's own error."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        known = from_sqlite(error, path)
        if known is error:
            raise
        raise known from error


def from_sqlite(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Return the store's own error for what the file or the disk did; anything else stays what it is."""
    code = getattr(error, "sqlite_errorcode", None)
    match None if code is None else code & _PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusyError(str(path))
        case sqlite3.SQLITE_NOTADB:
            return NotAWorkspaceError(str(path), "it is not an SQLite file")
        case sqlite3.SQLITE_CORRUPT:
            return StoreDamagedError(str(path), str(error))
        case sqlite3.SQLITE_FULL:
            return StoreFullError(str(path))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StoreAccessError(str(path), str(error))
        case sqlite3.SQLITE_IOERR:
            return StoreAccessError(str(path), f"the disk reports: {error}")
        case _:
            return error
