"""How often a rehearsed company's engine reads its systems: in a small company most of a year's looks find nothing new."""

from __future__ import annotations

import tomlkit

from finsync_tui.rehearse.workspace import EVERY, LAYER
from finsync_tui.settings import Workspace


def read_every(workspace: Workspace, every: str, *but: str) -> None:
    """Have the engine that starts next read `every` so often what it read twice a day, leaving some systems alone."""
    file = workspace.path / "profiles" / LAYER / "profile.toml"
    settings = tomlkit.parse(file.read_text(encoding="utf-8"))
    slower = [
        one for one in settings["schedules"].values() if one["every"] == EVERY and one["system"] not in but
    ]
    assert slower
    for one in slower:
        one["every"] = every
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")
