"""The whole job, as a newcomer runs it: a company's year in virtual time, judged against what was planted."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finsync_tui.rehearse.demo import Options, run_headless, run_workbench, stage
from finsync_tui.rehearse.workspace import DemoFolderError
from finsync_tui.settings import Workspace
from tests.conftest import Counts
from tests.journeys.judging import assert_good_year

SMALL = 0.02
WAIT_S = 30.0


def test_any_other_year_of_headless_demo(counts: Counts, tmp_path: Path) -> None:
    """Another seed is another company, and all of the tour's promises hold there, too."""
    if counts.seeds == 1:
        pytest.skip("the tour runs one seed's year; the full counts run more")
    for seed in range(8, 7 + counts.seeds):
        workspace = tmp_path / str(seed)

        result = run_headless(Options(seed=seed, scale=SMALL, faults="typical", workspace=workspace, edits=2))

        assert_good_year(result, workspace)


def test_a_storm_changes_nothing_but_the_effort(counts: Counts, tmp_path: Path) -> None:
    """With ten times the technical trouble, the same orders end in the same state."""
    if counts.name == "reduced":
        pytest.skip("one year is enough for a short run; the full counts have the storm, too")

    result = run_headless(Options(scale=SMALL, faults="storm", workspace=tmp_path / "storm"))

    assert result["is_good"], result["problems"]
    assert result["planted"]["OUTCOME_UNKNOWN"] == 10


def test_stops_between_two_moments_and_goes_on(tmp_path: Path) -> None:
    """On SIGTERM the engine ends cleanly; the next one goes on at the same virtual time, none is skipped."""
    with stage(Options(scale=SMALL), tmp_path / "workspace") as scene:
        before = scene.now()
        for _ in range(2):
            engine = scene.start_engine()
            wait_until(lambda since=before: scene.now() > since)  # type: ignore[misc]
            engine.send_signal(signal.SIGTERM)
            assert 0 == engine.wait(WAIT_S)
            after = scene.now()
            assert before < after
            before = after
        assert list(range(len(slots(scene.workspace.store_path)))) == slots(scene.workspace.store_path)


def slots(store: Path) -> list[int]:
    """Return which of the order reads ran, counted from the first, once each."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    rows = db.execute(
        "SELECT DISTINCT started_at FROM sync_run WHERE system='coupa' AND entity='purchase_order' ORDER BY 1"
    ).fetchall()
    db.close()
    hours = [int(at[8:10]) * 24 + int(at[11:13]) for (at,) in rows if at[:7] == "2026-01"]
    step = hours[1] - hours[0]
    return [(one - hours[0]) // step for one in hours]


def wait_until(is_so: object) -> None:
    """Poll until something outside has happened, or fail."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_workbench_has_a_running_engine(tmp_path: Path) -> None:
    """While the workbench is shown the engine works on an accelerated clock; both children end with it."""
    folder = tmp_path / "workspace"
    shown: list[int] = []

    def show(workspace: Workspace) -> None:
        assert workspace.store_path.is_file(), "the workbench never opens on nothing"
        wait_until(lambda: cycles(workspace.store_path) > 3)
        shown.append(cycles(workspace.store_path))

    run_workbench(Options(scale=SMALL, workspace=folder, speed=30 * 86_400), show)

    assert shown
    assert "" == (folder / "engine.log").read_text()
    db = sqlite3.connect(f"file:{folder / 'finsync.db'}?mode=ro", uri=True)
    assert [("stopped", 1)] == db.execute("SELECT state, is_virtual FROM engine_state").fetchall()
    db.close()


def cycles(store: Path) -> int:
    """Return how many cycles the engine has reported; none while there is no store yet."""
    if not store.is_file():
        return 0
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        row = db.execute("SELECT cycle_count FROM engine_state").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        db.close()
    return row[0] if row else 0


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    """When the demo's own process is killed, world and engine end by themselves."""
    script = (
        "import sys; from pathlib import Path; from finsync_tui.rehearse.demo import Options, stage\n"
        f"with stage(Options(scale={SMALL}), Path({str(tmp_path / 'workspace')!r})) as scene:\n"
        "    engine = scene.start_engine(pace=3600.0)\n"
        "    print(engine.pid, flush=True); engine.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    engine_pid = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    wait_until(lambda: not is_alive(engine_pid))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").is_dir() else True


def test_leaves_other_folders_alone(tmp_path: Path) -> None:
    """A folder that holds something else than a demo is refused and stays as it is."""
    (tmp_path / "letters.txt").write_text("dear auditor")

    with pytest.raises(DemoFolderError, match="holds something that is no demo"):
        run_headless(Options(scale=SMALL, workspace=tmp_path))

    assert ["letters.txt"] == [one.name for one in tmp_path.iterdir()]
