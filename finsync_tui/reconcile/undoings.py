"""Does a system show that what an instance had done there is undone? What it has to show is said where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from finsync_tui.reconcile.compare import Difference, commitment_differences
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store.canonical.budget import Commitment
from store.canonical.money import Money
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder, Receipt
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow


class UndoingCheck:
    """The one document that an undoing is about, read afresh."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want] | None:
        undoing = workflow.data.get("undoing")
        if not undoing or workflow.waiting_for != "read-back":
            return None
        return [Want(undoing["system"], undoing["entity"], str(undoing["external_id"]))]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        undoing: dict[str, Any] = workflow.data["undoing"]
        system, shows = str(undoing["system"]), undoing["shows"]
        shown = found.get(Want(system, undoing["entity"], str(undoing["external_id"])))
        if "commitment" in shows and isinstance(shown, PurchaseOrder) and shown.status == "pending_approval":
            return Seen({}, still_waits_for=f"{system} approval")
        return Seen({system: _differences(shows, undoing["entity"], shown)})


def _differences(shows: Mapping[str, Any], entity: str, shown: CanonicalRecord | None) -> list[Difference]:
    if "status" in shows:
        return _status(list(shows["status"]), entity, shown)
    if shown is None:
        return [Difference(entity, "shown", "missing")]
    if "commitment" in shows and isinstance(shown, PurchaseOrder):
        return _order(Commitment.model_validate(shows["commitment"]), shown)
    if "receipt" in shows and isinstance(shown, Receipt):
        return _movement(Receipt.model_validate(shows["receipt"]), shown)
    if "fields" in shows and isinstance(shown, PurchaseOrder | Invoice):
        have = {"erp_number": shown.target_number or "", "erp_status": shown.target_status or ""}
        told = {str(name): str(value) for name, value in shows["fields"].items()}
        return [Difference(name, want, have[name]) for name, want in told.items() if have.get(name) != want]
    if isinstance(shown, Invoice):
        return _paid(shows, shown)
    return []


def _status(wanted: list[str], entity: str, shown: CanonicalRecord | None) -> list[Difference]:
    if not isinstance(shown, PurchaseOrder | Invoice):
        # What has ended may be shown no more; what was to be in force again has to be there.
        return [] if "cancelled" in wanted else [Difference(entity, wanted[0], "missing")]
    if shown.status in wanted:
        return []
    return [
        Difference("status", wanted[0], shown.status),
        Difference("in force", str(_none(shown.total)), str(shown.total)),
    ]


def _order(wanted: Commitment, shown: PurchaseOrder) -> list[Difference]:
    """A change back that was refused shows its own lines, and is not what is in force."""
    found = [] if shown.status in ("open", "on_hold") else [Difference("status", "open", shown.status)]
    return [*found, *commitment_differences(wanted, shown)]


def _movement(wanted: Receipt, shown: Receipt) -> list[Difference]:
    if shown.status != "received":
        return [Difference("receipt", "received", shown.status)]
    asked = (abs(wanted.quantity or 0), abs(wanted.amount.amount_minor) if wanted.amount else 0)
    have = (abs(shown.quantity or 0), abs(shown.amount.amount_minor) if shown.amount else 0)
    is_alike = asked[0] == have[0] if wanted.quantity is not None else asked[1] == have[1]
    return [] if is_alike else [Difference("quantity or amount", str(asked), str(have))]


def _paid(shows: Mapping[str, Any], shown: Invoice) -> list[Difference]:
    if "is_paid" in shows:
        want, have = bool(shows["is_paid"]), bool(shown.is_marked_paid)
        return [] if want == have else [Difference("paid", *("yes" if one else "no" for one in (want, have)))]
    note, minor = shows["payment"]
    told = [(one.note, one.amount.amount_minor) for one in shown.recorded_payments]
    return [] if (note, minor) in told else [Difference(f"payment {note}", "recorded", "missing")]


def _none(amount: Money) -> Money:
    return Money(amount_minor=0, currency=amount.currency)
