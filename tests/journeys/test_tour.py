"""The tour, typed as it is written: a company's year in virtual time, judged against what was planted, and a look at what it left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests import faces
from tests.conftest import Counts
from tests.journeys.asking import ask_everything
from tests.journeys.judging import assert_good_year

ROOT = Path(__file__).parents[2]
KEYS = {
    "orders_read", "commitments_created", "written_back", "exceptions", "planted", "found", "duplicates", "lost",
    "totals", "seconds",
}  # fmt: skip
EXPENSE_KEYS = {
    "reports_in", "posted", "confirmed", "paid", "returned", "exceptions", "planted", "found", "false_finds",
    "doubled", "lost", "totals",
}  # fmt: skip


ANSWERS_MIN = 200
"""Of what a script may ask of a small demo's year."""


def commands() -> list[list[str]]:
    """Return the words of each command that the tour asks to type."""
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line.split()[2:] for block in blocks for line in block.splitlines()]


def typed(words: list[str], workspace: Path) -> subprocess.CompletedProcess[str]:
    """Type one, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "finsync_tui", *words, "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("FINSYNC_")},
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )


def test_the_tour_can_be_followed(counts: Counts, tmp_path: Path) -> None:
    """The demo ends by itself: all that was planted is found, nothing doubled, lost or invented; every command answers afterwards."""
    demo, *others = commands()

    first = typed([*demo, "--scale", "0.02", "--edits", "2"], tmp_path / "w")
    endings = {" ".join(words): typed(words, tmp_path / "w") for words in others}

    assert 0 == first.returncode, first.stderr
    summary = json.loads(first.stdout)
    faces.judge(["demo", "--json"], first.stdout)
    if (
        counts.name == "full"
    ):  # a minute more; tests of commands hold the same answers against their contracts on smaller stores
        assert ask_everything(tmp_path / "w") > ANSWERS_MIN
    assert KEYS <= set(summary)
    assert EXPENSE_KEYS <= set(summary["expenses"])
    assert_good_year(summary, tmp_path / "w")
    assert {} == {name: done.stderr for name, done in endings.items() if done.returncode != 0}
    assert all(done.stdout for name, done in endings.items() if name.split()[0] not in ("store", "outbox"))
