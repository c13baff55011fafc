"""The busy afternoon of a company with people: maria proposes a write-off, tom approves it, vera only looks."""

from __future__ import annotations

from pathlib import Path

import tomlkit

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.settings import Workspace
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.governance.council import PEOPLE, a_signer
from tests.finsync_tui.screens import break_store
from tests.finsync_tui.screens.filled_store import NOW


def workspace(path: Path, folder: Path) -> Workspace:
    """Make a workspace with breaks and people."""
    made = break_store.workspace(path, folder)
    layer = folder / "profiles" / "own" / "profile.toml"
    people = tomlkit.dumps({"people": PEOPLE})
    layer.write_text(layer.read_text(encoding="utf-8") + "\n" + people, encoding="utf-8")
    return made


def proposed(made: Workspace, number: str, by: str = "maria") -> None:
    """Somebody proposes to write off one break."""
    profile = profiles.load(made)
    with open_store(made.store_path, VirtualClock(NOW), durable=False) as store:
        (break_id,) = store.db.execute(
            "SELECT id FROM v_break WHERE document_number = ?", (number,)
        ).fetchone()
        who = actions.acting(profile, "cli", os_account=by)
        actions.write_off(store, profile, who, break_id, "the supplier is gone", a_signer(by))
