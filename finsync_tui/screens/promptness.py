"""What lets a key be answered at once whatever else the process does: when garbage is looked for, who may run how long."""

from __future__ import annotations

import sys

from finsync_tui import garbage

SWITCH_S = 0.0005
"""So long may a thread that reads the store keep the loop from running when a key came."""
YOUNG = 10_000
"""Objects that may come before garbage is looked for: a window full of rows is not looked through ten times."""
START_S = 3.0
"""So long after its start a workbench has shown what it shows."""


def begin() -> None:
    """Let nothing hold up the loading, and no reader the loop."""
    garbage.begin()
    sys.setswitchinterval(SWITCH_S)


def go_on() -> None:
    """Look for garbage again, but never more among what was loaded at the start: it stays as long as the process does."""
    garbage.go_on(YOUNG)
