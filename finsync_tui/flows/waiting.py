"""Since when an instance waits for one thing: patience counts from there, whatever it had waited for before."""

from __future__ import annotations

from datetime import datetime

from finsync_tui.flows.steps import Context


def since(context: Context, what: str) -> datetime:
    """Return when the wait for it began: now, if it is the first look."""
    waits: dict[str, str] = context.data.setdefault("waits_since", {})
    return datetime.fromisoformat(waits.setdefault(what, context.now.isoformat()))


def over(context: Context, *what: str) -> None:
    """Nothing of it is waited for any more; a later wait begins anew."""
    for one in what:
        context.data.get("waits_since", {}).pop(one, None)
