"""What killed demos leave in the folder for temporary files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from finsync_tui.rehearse import leftovers


def test_folders_of_dead_demos_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    """Whose one is stands in its name; what is named otherwise is nobody's to remove."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive, other = (
        tmp_path / f"{leftovers.PREFIX}{name}" for name in (f"{ended.pid}-a1", f"{os.getpid()}-a2", "abc")
    )
    for folder in (dead, alive, other):
        folder.mkdir()
    (dead / "coupa.token").write_text("x")

    leftovers.clear(tmp_path)

    assert [False, True, True] == [folder.exists() for folder in (dead, alive, other)]


def test_a_demo_takes_its_own_folder_away() -> None:
    """While it runs the folder says whose it is."""
    with leftovers.folder() as path:
        assert f"{leftovers.PREFIX}{os.getpid()}-" in path
        assert Path(path).is_dir()
    assert not Path(path).exists()
