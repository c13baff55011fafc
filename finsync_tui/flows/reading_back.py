"""What systems showed when they were read again after a delivery, how a difference is told, and what is held because of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Context, Hold

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


def is_gone(differences: Sequence[Mapping[str, Any]], entity: str) -> bool:
    """Say whether a system holds the document no more, or not in force."""
    return any(
        (one["field"], one["found"]) in ((entity, "missing"), ("status", "cancelled")) for one in differences
    )


def unlike(
    context: Context,
    seen: Mapping[str, Sequence[Mapping[str, Any]]],
    what: str,
    teller: Callable[[str, str], int | None],
) -> Hold | None:
    """Hold because a system does not show `what` was asked of it; None: each shows it.

    `teller` gives the delivery that told a system the field that it does not show: a retry looks for that, and tells it again.
    """
    for system, differences in seen.items():
        if differences:
            held = Hold(
                "READ_BACK_DIFFERS",
                f"{system} does not show {what}: {told(differences)}",
                f"Find out who changed it in {system}; correct it there and retry.",
                system,
                {"differences": differences},
            )
            return outgoing.unseen(context, held, teller(system, str(differences[0]["field"])))
    return None
