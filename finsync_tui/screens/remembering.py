"""Keeping what a person set up: layouts, views, settings. Apart from the actions, which a look around does not need."""

from __future__ import annotations

from pathlib import Path

from store import preferences
from store.clock import Clock
from store.database import open_store


def remember(path: Path, clock: Clock, person: str, name: str, value: str | None) -> None:
    """Keep what a person set up, or forget it."""
    with open_store(path, clock, creates=False) as store, store.transaction() as db:
        if value is None:
            preferences.clear(db, person, name)
        else:
            preferences.set(db, person, name, value)
