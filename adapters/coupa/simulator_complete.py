"""What documents of the simulated Coupa always have, whoever made them, and where approvals and runs move to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.coupa.simulator_orders import ORDERS
from adapters.coupa.simulator_tables import RefusedError, Tables
from adapters.coupa.simulator_writes import SEGMENTS, place_in_lookup
from adapters.simulation import Document

_RUN_STATES: Final = {
    "run": "running",
    "pause": "paused",
    "pending": "pending",
    "success": "successful",
    "fail": "failed",
}
_RUN_MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "run": ("pending", "paused", "running"),
    "pause": ("running",),
    "pending": ("pending", "paused"),
    "success": ("running", "errored"),
    "finish": ("running", "errored"),
    "fail": ("pending", "running", "paused"),
    "max_updated_at": ("pending", "running", "paused"),
}
"""By action: the states of a run that it may be taken from. What has ended stays so, until errors of it are resolved."""


def completed(tables: Tables, resource: str, document: Document) -> Document:
    """Add what a document of this kind always has; what is there stays."""
    if resource == ORDERS:
        defaults: Document = {
            "status": "issued",
            "version": 1,
            "internal-revision": 0,
            "exported": False,
            "last-exported-at": None,
            "custom-fields": {},
            "order-lines": [],
        }
        return defaults | document
    if resource == "accounts":
        segments = [document[name] for name in SEGMENTS if document.get(name)]
        chart = tables.live("account_type", document.get("account-type") or {})
        return {"code": "-".join(segments), "active": True, "account-type-id": chart.get("id")} | document
    if resource == "lookup_values":
        parent = tables.collections["lookup_values"].get((document.get("parent") or {}).get("id"))
        lookup_id = (document.get("lookup") or {}).get("id")
        ids = {"lookup-id": lookup_id, "parent-id": parent and parent["id"], "active": True}
        return ids | place_in_lookup(document, parent) | document
    return {"remaining": document.get("amount")} | document if resource == "budget_lines" else document


def completed_lines(order: Document) -> Any:
    """Return an order's lines with numbers, stamps and the order they belong to; no list stays what it is."""
    rows = order["order-lines"]
    if not isinstance(rows, list):
        return rows
    return [_line(order, number, row) for number, row in enumerate(rows, 1)]


def _line(order: Document, number: int, line: Any) -> Any:
    if not isinstance(line, dict):
        return line
    return {
        "line-num": str(number),
        "status": "created",
        "version": 1,
        "order-header-id": order["id"],
        "order-header-number": order.get("po-number"),
        "created-at": order["created-at"],
        "updated-at": order["updated-at"],
    } | line


def decided(
    approval: Document, action: str, reason: str | None, *, at: str, by: Mapping[str, Any]
) -> Document:
    """Return an approval after approve, hold or reject; only a pending one can be acted on."""
    if approval.get("status") != "pending_approval":
        raise RefusedError("Only a pending approval can be acted on")
    if action == "hold":
        if not approval.get("holdable"):
            raise RefusedError("Approval cannot be held")
        return approval | {"status": "on_hold", "note": reason}
    status = "approved" if action == "approve" else "rejected"
    return approval | {"status": status, "approval-date": at, "approved-by": dict(by), "note": reason}


def moved_run(run: Document, action: str, *, at: str) -> Document:
    """Return an integration run after an action; one with open errors does not finish well, and none ends before it began."""
    status = run.get("status") or "pending"
    if status not in _RUN_MOVES.get(action, (status,)):
        raise RefusedError(f"Integration run cannot {action} from status {status}")
    if action == "max_updated_at":
        return run
    has_errors = any(not one.get("resolved") for one in run.get("integration-errors") or [])
    state = _RUN_STATES.get(action) or ("errored" if has_errors else "successful")
    if state == "running":
        return run | {"status": state, "start-time": run.get("start-time") or at}
    ended = {"end-time": at} if state in ("successful", "failed", "errored") else {}
    return run | {"status": state, **ended}
