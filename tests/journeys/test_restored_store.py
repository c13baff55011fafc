"""Promise 1 beyond the store: a backup that was restored, or a store that is gone, makes no second order in an ERP.

The engine dies, its file is replaced by an older copy or by nothing, and the year goes on. What the ERPs hold by then is
known again by the mark on it.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Literal

import pytest

from finsync_tui.rehearse.demo import Options, Stage, stage
from store import backup, open_store
from store.clock import SystemClock

CALLS = 1_500
"""Outside calls of each of the two parts before the file is replaced: about a quarter of the year."""
WAIT_S = 600


def run(scene: Stage, calls: int | None = None) -> int:
    """Run an engine to the year's end, or to its death at that outside call."""
    engine = scene.start_engine()
    if calls is not None:
        scene.arm_tripwire(engine.pid, calls, "after")
    try:
        return engine.wait(WAIT_S)
    finally:
        scene.disarm_tripwire()
        assert engine.stdin is not None
        engine.stdin.close()


@pytest.mark.parametrize("left", ["an older copy", "nothing"])
def test_nothing_is_created_again_by_an_engine_that_knows_less(
    left: Literal["an older copy", "nothing"], tmp_path: Path
) -> None:
    """Orders that were created after the copy was made are found, linked and followed to their end."""
    with stage(Options(seed=7, scale=0.02), tmp_path / "workspace") as scene:
        path = scene.workspace.store_path
        assert -signal.SIGKILL == run(scene, CALLS)
        store = open_store(path, SystemClock())
        backup.backup(store, tmp_path / "backup.db")
        store.close()
        assert -signal.SIGKILL == run(scene, CALLS)
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        if left == "an older copy":
            shutil.copy(tmp_path / "backup.db", path)

        assert 0 == run(scene)

        found = scene.verdict()
    assert () == found.duplicates
    assert () == found.lost
    assert [0] * len(found.totals) == [one.difference for one in found.totals]
    assert len(scene.company.orders) == found.orders_read
