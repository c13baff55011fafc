"""The shapes of the rehearsed company: who it is, what it buys, what becomes of each order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from finsync_tui.rehearse.expense_shapes import Expenses
from store.canonical.money import Money, total

ChangeKind = Literal["revise", "cancel", "close"]


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """One company of the group: its books, and how its accounts are written on both sides."""

    number: str
    name: str
    country: str
    currency: str
    timezone: str
    system: str
    """The ERP instance that keeps its books."""
    ledger: str
    business_unit: str
    chart: str
    """Coupa's name of its chart of accounts."""
    source_code: str
    """The company segment in Coupa."""
    target_code: str
    """The company segment in the ERP."""


@dataclass(frozen=True, slots=True)
class Code:
    """A cost centre or natural account of one company: what Coupa calls it and what the ERP does."""

    legal_entity: str
    source: str
    target: str | None
    """None: the mapping tables have no rule for it."""
    name: str


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier in Coupa, and its twins in the ERP."""

    coupa_id: int
    number: str
    name: str
    country: str
    tax_id: str
    legal_entities: tuple[str, ...]
    """Who buys from it."""
    erp_numbers: tuple[str, ...]
    """Its numbers in each ERP it is in: none, one, or two when it is there twice."""


SupplierKind = Literal[
    "new", "double_by_tax_id", "double_by_name", "double_of_new", "look_alike", "double_in_expenses",
    "double_by_name_in_expenses",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SupplierPlant:
    """A supplier that turns up during the year, and what it really is."""

    kind: SupplierKind
    coupa_id: int
    name: str
    country: str
    tax_id: str
    system: str
    """The ERP it belongs in."""
    at: datetime
    of: str = ""
    """Name of the one it is a double of, or looks like."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks for things or approves them."""

    login: str
    first_name: str
    last_name: str
    department: str
    employee_number: str

    @property
    def email(self) -> str:
        return f"{self.login}@nordwerk.example"


@dataclass(frozen=True, slots=True)
class Split:
    """A share of a line and what it is charged to, in Coupa's codes."""

    cost_centre: str
    account: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order. Without a quantity it is ordered by amount."""

    number: int
    description: str
    commodity: str
    uom: str | None
    quantity: Decimal | None
    price: Decimal
    splits: tuple[Split, ...]

    @property
    def amount(self) -> Decimal:
        return self.price if self.quantity is None else self.quantity * self.price

    def shares(self) -> tuple[Decimal, ...]:
        """Return what each split costs, to the cent; the last one takes what rounding leaves."""
        left = self.amount
        found = []
        for split in self.splits[:-1]:
            share = (self.amount * split.percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
            found.append(share)
            left -= share
        return (*found, left)


@dataclass(frozen=True, slots=True)
class Step:
    """One approval of an order's requisition."""

    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An approved order as Coupa issues it."""

    number: str
    coupa_id: int
    legal_entity: str
    supplier: str
    issued_at: datetime
    requester: str
    approvals: tuple[Step, ...]
    lines: tuple[Line, ...]
    defect: str | None = None
    """What is wrong with its document, by the names of `documents.DEFECTS`."""

    def total(self, currency: str) -> Money:
        return total((Money.of(line.amount, currency) for line in self.lines), currency)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to an order later. `lines` is what a revision leaves."""

    number: str
    at: datetime
    kind: ChangeKind
    by: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Company:
    """Everything there is to know about one seeded company. Pure data: the same seed, the same company."""

    seed: int
    starts_at: datetime
    ends_at: datetime
    legal_entities: Mapping[str, LegalEntity]
    cost_centres: tuple[Code, ...]
    accounts: tuple[Code, ...]
    suppliers: Mapping[str, Supplier]
    people: Mapping[str, Person]
    orders: Mapping[str, Order]
    changes: tuple[Change, ...]
    expenses: Expenses = field(default_factory=Expenses)

    @property
    def systems(self) -> tuple[str, ...]:
        """The ERP instances."""
        return tuple(dict.fromkeys(one.system for one in self.legal_entities.values()))

    def entities_of(self, system: str) -> tuple[LegalEntity, ...]:
        return tuple(one for one in self.legal_entities.values() if one.system == system)
