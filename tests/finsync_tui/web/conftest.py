"""A filled store for the workbench behind the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.finsync_tui.screens import filled_store


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A busy afternoon."""
    return filled_store.filled(tmp_path / "filled.db")
