"""What the systems hold at the end, as the judge reads it from them: plain rows, carried as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from finsync_tui.rehearse.expense_report import ExpenseReport
from finsync_tui.rehearse.invoice_report import InvoiceReport
from finsync_tui.rehearse.planted import Plant
from store.clock import instant, text


@dataclass(frozen=True, slots=True)
class SourceOrder:
    """An order as the procurement system holds it."""

    key: str
    """The document's key: system and id."""
    number: str | None
    legal_entity: str
    currency: str
    status: str
    total_minor: int
    erp_number: str | None
    """What was written back."""


@dataclass(frozen=True, slots=True)
class TargetOrder:
    """An order as an ERP holds it."""

    system: str
    marker: str
    """The text by which it is known where it came from."""
    number: str
    status: str
    """draft, pending, rejected, open, closed or cancelled."""
    currency: str
    total_minor: int

    @property
    def is_issued(self) -> bool:
        return self.status in ("open", "closed", "cancelled")

    @property
    def is_posted(self) -> bool:
        return self.status in ("open", "closed")


@dataclass(frozen=True, slots=True)
class Lie:
    """An answer of success to what was not kept."""

    document: str
    """The document's key, or an expense report's id."""
    system: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class TargetSupplier:
    """A supplier as an ERP holds it, or a vendor of the expense tool."""

    system: str
    number: str
    name: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class Report:
    """Both sides at one instant."""

    at: datetime
    source_orders: tuple[SourceOrder, ...]
    target_orders: tuple[TargetOrder, ...]
    expenses: ExpenseReport = field(default_factory=ExpenseReport)
    invoices: InvoiceReport = field(default_factory=InvoiceReport)
    source_errors: tuple[str, ...] = ()
    """The errors of ours that stand open in the procurement system: document's key and class."""
    lies: tuple[Lie, ...] = ()
    suppliers: tuple[TargetSupplier, ...] = ()
    supplier_numbers: Mapping[str, str] = field(default_factory=dict)
    """What the procurement system calls each of its suppliers, by key."""
    vendors: tuple[TargetSupplier, ...] = ()
    """Suppliers as the expense tool holds them."""

    def to_json(self) -> dict[str, Any]:
        return {
            "at": text(self.at),
            "source_orders": [asdict(one) for one in self.source_orders],
            "target_orders": [asdict(one) for one in self.target_orders],
            "expenses": asdict(self.expenses),
            "invoices": asdict(self.invoices),
            "source_errors": list(self.source_errors),
            "lies": [asdict(one) | {"told_at": text(one.told_at)} for one in self.lies],
            "suppliers": [asdict(one) for one in self.suppliers],
            "supplier_numbers": dict(self.supplier_numbers),
            "vendors": [asdict(one) for one in self.vendors],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        return cls(
            instant(value["at"]),
            tuple(SourceOrder(**one) for one in value["source_orders"]),
            tuple(TargetOrder(**one) for one in value["target_orders"]),
            ExpenseReport.from_json(value["expenses"]),
            InvoiceReport.from_json(value["invoices"]),
            tuple(value["source_errors"]),
            tuple(Lie(**one | {"told_at": instant(one["told_at"])}) for one in value["lies"]),
            tuple(TargetSupplier(**one) for one in value["suppliers"]),
            value["supplier_numbers"],
            tuple(TargetSupplier(**one) for one in value.get("vendors", ())),
        )


def plants_to_json(plants: tuple[Plant, ...]) -> list[dict[str, Any]]:
    return [
        {**asdict(one), "at": text(one.at), "until": text(one.until) if one.until else None} for one in plants
    ]


def plants_from_json(rows: list[Mapping[str, Any]]) -> tuple[Plant, ...]:
    return tuple(
        Plant(
            class_=row["class_"],
            subject=row["subject"],
            key=row["key"],
            system=row["system"],
            at=instant(row["at"]),
            until=instant(row["until"]) if row["until"] else None,
            about=row["about"],
            truth=row["truth"],
        )
        for row in rows
    )
