"""Promise 1 beyond the store: a backup that was restored, or a store that is gone, makes no second document in an ERP.

The engine dies, its file is replaced by an older copy, later by nothing, and the year goes on. What the ERPs hold by then
is known again by the mark on it.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from finsync_tui.rehearse.demo import Options, Stage, stage
from store import backup, open_store
from store.clock import SystemClock
from tests.journeys.rhythm import read_every

CALLS = 800
"""Outside calls between two losses: a good two weeks of a small company's year.

All is lost before the first cost centre closes: an order that was created before, and is known by nothing but the ERP, is held
for its account by an engine that reads it anew after that (docs/store.md).
"""
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


def lose(store_path: Path, left: Path | None = None) -> None:
    """Take the engine's file away, and put an older copy in its place if there is one."""
    for file in store_path.parent.glob(f"{store_path.name}*"):
        file.unlink()
    if left is not None:
        shutil.copy(left, store_path)


def test_nothing_is_created_again_by_an_engine_that_knows_less(tmp_path: Path) -> None:
    """What was created after a copy was made is found, linked and followed to its end: by an engine with the copy, and by one with nothing."""
    with stage(Options(seed=8, scale=0.02), tmp_path / "workspace") as scene:
        read_every(scene.workspace, "P2D")
        path = scene.workspace.store_path
        assert -signal.SIGKILL == run(scene, CALLS)
        store = open_store(path, SystemClock())
        backup.backup(store, tmp_path / "backup.db")
        store.close()
        assert -signal.SIGKILL == run(scene, CALLS)
        lose(path, left=tmp_path / "backup.db")
        assert -signal.SIGKILL == run(scene, CALLS)
        lose(path)

        assert 0 == run(scene)

        found = scene.verdict()
    assert () == found.duplicates
    assert () == found.lost
    assert [0] * len(found.totals) == [one.difference for one in found.totals]
    assert len(scene.company.orders) == found.orders_read
    assert ((), ()) == (found.expenses.doubled, found.expenses.lost)
    assert ((), ()) == (found.invoices.doubled, found.invoices.lost)
    assert [] == [one for one in found.invoices.totals if not one.is_even]
    # What is requested is not compared: a requisition that an engine first sees as an order promises nothing by itself,
    # and this engine saw none of them earlier.
    assert [] == [one for one in found.invoices.commitments if not one.in_coupa == one.in_erp == one.in_store]
