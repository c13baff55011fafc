"""Which definitions have nothing to compare, because a side of them has no connected system: only the engine knows that."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from store import meta

_UNCONNECTED: Final = "reconcile_unconnected."


def note_connected(db: Connection, definition: str, is_connected: bool) -> None:
    """Note whether both sides of a definition have a connected system, as its last run that was due found."""
    name = f"{_UNCONNECTED}{definition}."
    if is_connected:
        meta.clear(db, name)
    else:
        meta.set(db, name, "yes")


def is_unconnected(db: Connection, definition: str) -> bool:
    """Say whether a definition was due and had nothing to compare."""
    return meta.get(db, f"{_UNCONNECTED}{definition}.") is not None
