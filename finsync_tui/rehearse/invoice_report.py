"""What Coupa and the ERPs hold of receipts, invoices and payments at the end, as the judge reads it from them: plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceReceipt:
    """A receipt, or a return, as Coupa holds it."""

    key: str
    order_line: str
    """Order number and line."""
    legal_entity: str
    currency: str
    size: str
    """Exact text; below zero on what went back."""
    worth_minor: int


@dataclass(frozen=True, slots=True)
class TargetReceipt:
    """A movement of goods as an ERP holds it."""

    system: str
    mark: str
    size: str


@dataclass(frozen=True, slots=True)
class SourceInvoice:
    """An invoice as Coupa holds it."""

    key: str
    number: str
    legal_entity: str
    currency: str
    status: str
    total_minor: int
    """Below zero on a credit note."""
    on_orders: tuple[tuple[str, int], ...]
    """Order number and what its lines come to."""
    erp_number: str | None
    erp_status: str | None
    recorded: tuple[tuple[str, int], ...]
    """Note and amount of each payment it was told of."""


@dataclass(frozen=True, slots=True)
class TargetInvoice:
    """An invoice as an ERP holds it."""

    system: str
    mark: str
    number: str
    status: str
    """draft, validated, held or cancelled."""
    currency: str
    total_minor: int
    paid_minor: int
    payments: tuple[tuple[str, bool, int], ...]
    """Id, whether it was called back, and amount of each payment."""

    @property
    def is_live(self) -> bool:
        return self.status != "cancelled"


@dataclass(frozen=True, slots=True)
class TargetCommitment:
    """What an ERP's order, in force and not ended, still promises."""

    marker: str
    currency: str
    open_minor: int
    """Ordered on live lines less invoiced."""


@dataclass(frozen=True, slots=True)
class SourceRequisition:
    """An approved requisition that promises money until an order does, as Coupa holds it."""

    number: str
    legal_entity: str
    currency: str
    order: str | None
    """Key of the order that it became; None: it still waits for one."""
    total_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceReport:
    """Both sides of payables at one instant."""

    receipts: tuple[SourceReceipt, ...] = ()
    movements: tuple[TargetReceipt, ...] = ()
    invoices: tuple[SourceInvoice, ...] = ()
    postings: tuple[TargetInvoice, ...] = ()
    commitments: tuple[TargetCommitment, ...] = ()
    requisitions: tuple[SourceRequisition, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all its documents in Coupa."""
        return frozenset((*(one.key for one in self.receipts), *(one.key for one in self.invoices)))

    @property
    def orders(self) -> frozenset[str]:
        """Numbers of the orders that something arrived for, or was invoiced."""
        received = (one.order_line.partition("/")[0] for one in self.receipts)
        return frozenset((*received, *(number for one in self.invoices for number, _ in one.on_orders)))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> InvoiceReport:
        return cls(
            tuple(SourceReceipt(**one) for one in value["receipts"]),
            tuple(TargetReceipt(**one) for one in value["movements"]),
            tuple(SourceInvoice(**_tuples(one, "on_orders", "recorded")) for one in value["invoices"]),
            tuple(TargetInvoice(**_tuples(one, "payments")) for one in value["postings"]),
            tuple(TargetCommitment(**one) for one in value["commitments"]),
            tuple(SourceRequisition(**one) for one in value["requisitions"]),
        )


def _tuples(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: tuple(tuple(one) for one in row[name]) for name in names}}
