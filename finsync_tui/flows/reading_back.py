"""What systems showed when they were read again after a delivery, and how a difference is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from finsync_tui.flows.steps import Context

SHOWN_MAX: Final = 5


def take(context: Context) -> dict[str, list[dict[str, Any]]]:
    """Return the differences found in each system that was read again, once; empty: nothing was read yet."""
    seen: dict[str, list[dict[str, Any]]] = context.data.get("read_back") or {}
    if seen:
        context.data["read_back"] = None
    return dict(sorted(seen.items()))


def told(differences: Sequence[Mapping[str, Any]]) -> str:
    """Return the first few differences in words."""
    return "; ".join(
        f"{one['field']}: expected {one['expected']}, found {one['found']}" for one in differences[:SHOWN_MAX]
    )
