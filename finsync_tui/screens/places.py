"""Every screen one can go to: those with a number, and those by palette and jump key."""

from __future__ import annotations

from finsync_tui.screens.widgets.top_bar import TopBar

PLACES: tuple[tuple[str, str, str], ...] = (
    *((mode, name, name[0].lower()) for _, mode, name in TopBar.MODES),
    ("events", "Events", "v"),
    ("findings", "Findings", "f"),
    ("reports", "Reports", "o"),
    ("settings", "Settings", "t"),
    ("suppliers", "Suppliers", "u"),
    ("golden", "Golden records", "g"),
    ("merges", "Merges", "l"),
    ("bank", "Bank details", "b"),
    ("policies", "Policies", "p"),
)
"""Mode, name, letter in the jump dialog."""
