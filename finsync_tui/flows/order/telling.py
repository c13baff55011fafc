"""What people and the source of an order read of what the ERP made of it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finsync_tui.flows import outgoing
from finsync_tui.flows.order import subject
from finsync_tui.flows.order.takeover import ENDED
from finsync_tui.flows.steps import Context

NAMED_MAX = 5
"""So many lines are named; the field of the source may be short."""


def status_text(status: str, cancelled: Sequence[str] = (), changed: Sequence[str] = ()) -> str:
    """Say how an order stands in the ERP, and which of its lines were cancelled or changed there while it is not ended.

    >>> status_text("open", ["2"]), status_text("closed", ["2"]), status_text("open")
    ('Open, line 2 cancelled', 'Closed', 'Open')
    >>> status_text("open", ["2"], ["1", "3"])
    'Open, line 2 cancelled, lines 1, 3 changed'
    """
    parts = () if status in ENDED else ((cancelled, "cancelled"), (changed, "changed"))
    return ", ".join((status.capitalize(), *(f"{named(lines)} {what}" for lines, what in parts if lines)))


def named(lines: Sequence[str]) -> str:
    """Name lines, the first few of many.

    >>> named(["2"]), named(["2", "3"]), named(list("1234567"))
    ('line 2', 'lines 2, 3', 'lines 1, 2, 3, 4, 5 and 2 more')
    """
    rest = f" and {len(lines) - NAMED_MAX} more" if lines[NAMED_MAX:] else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(lines[:NAMED_MAX])}{rest}"


def write_back(context: Context, participle: str, status: str) -> dict[str, Any]:
    """Tell others what became of the order, and have its source read its status; return what was decided.

    The ERP may change one version again and again: each time is told for itself.
    """
    count = int(context.data.get("ended_count", 0)) + 1
    part = f"erp-{count}"
    subject.tell(context, participle, {}, part=part)
    fields = {"erp_number": str(context.data.get("erp_number") or ""), "erp_status": status}
    entry_id = outgoing.enqueue(
        context, subject.source(context), "order.write_back", {"fields": fields},
        external_id=subject.external_id(context), priority=outgoing.PRIORITY_STATUS, part=part,
    )  # fmt: skip
    context.data.update(write_back_entry=entry_id, written=fields, ended_count=count)
    return {"entry": entry_id, **fields}
