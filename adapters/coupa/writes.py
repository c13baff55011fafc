"""Which operation is done by whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from adapters.base import Receipt, WriteRequest
from adapters.coupa import disputes, exports, labels, masters, payments, reference, runs, write_back
from adapters.coupa.door import Door
from adapters.errors import SettingsError


class Desk(Protocol):
    """Does one operation, and finds out whether it has been done."""

    async def write(self, request: WriteRequest) -> Receipt: ...

    async def find(self, request: WriteRequest) -> Receipt | None: ...


OPERATIONS: Final[Mapping[str, Callable[[Door], Desk]]] = {
    "order.write_back": write_back.order,
    "invoice.write_back": write_back.invoice,
    "invoice.record_payment": payments.RecordPayment,
    "invoice.mark_paid": payments.MarkPaid,
    "invoice.dispute": disputes.Dispute,
    "invoice.withdraw_dispute": disputes.withdraw,
    "order.mark_exported": exports.order,
    "invoice.mark_exported": exports.invoice,
    "receipt.mark_exported": exports.receipt,
    "supplier.create": masters.CreateSupplier,
    "supplier.change": masters.ChangeSupplier,
    "supplier_remit_to.change": masters.ChangeSupplier,
    "user.change": masters.ChangeUser,
    "department.create": labels.department,
    "department.change": labels.department,
    "lookup.create": labels.lookup,
    "lookup.change": labels.lookup,
    "lookup_value.create": reference.PutLookupValue,
    "lookup_value.change": reference.PutLookupValue,
    "account.create": reference.CreateAccount,
    "budget.set": reference.SetBudget,
    "exchange_rate.create": reference.CreateRate,
    "run.start": runs.StartRun,
    "run.finish": runs.FinishRun,
    "run.error": runs.NoteError,
    "run.resolve_error": runs.Resolve,
}


def desk(door: Door, operation: str) -> Desk:
    """Return who does `operation`."""
    made = OPERATIONS.get(operation)
    if made is None:
        raise SettingsError(
            door.system, f"Coupa takes no {operation}; it takes {', '.join(sorted(OPERATIONS))}"
        )
    return made(door)
