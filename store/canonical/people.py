"""Employee, and Approval: one decision in the chain that approved a document."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from store.canonical.money import CurrencyCode, Money
from store.canonical.record import CanonicalModel, CanonicalRecord

LimitedTo = Literal["requisition", "invoice", "expense"]
"""What a limit may be for: requisitions and the orders made of them, invoices, expense reports."""


class ApprovalLimit(CanonicalModel):
    """Up to what somebody may approve documents of one kind."""

    of: LimitedTo
    amount: Money


class Employee(CanonicalRecord):
    """A person as one system knows them. `number` is the employee number: it joins HR, expense tool and ERP."""

    entity: ClassVar[str] = "employee"
    contract: ClassVar[str] = "employee/1.1"
    owner: ClassVar[str] = "hr"

    login: str | None = Field(default=None, description="What they sign in with, where the system says")
    name: str
    email: str | None = None
    is_active: bool = True
    manager_number: str | None = Field(default=None, description="Employee number of who they report to")
    approver_number: str | None = Field(
        default=None, description="Employee number of who approves their expenses; None: the manager"
    )
    approval_limit: Money | None = Field(
        default=None, description="Up to what they may approve; None: not known"
    )
    approval_limits: tuple[ApprovalLimit, ...] = Field(
        default=(),
        description="The same by kind of document, where the system keeps several; for any other kind approval_limit counts",
    )
    delegates: tuple[str, ...] = Field(default=(), description="Employee numbers of who may approve for them")
    cost_centre: str | None = None
    legal_entity: str | None = None
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")
    currency: CurrencyCode | None = None
    starts_on: date | None = None
    ends_on: date | None = Field(default=None, description="Last day")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        found = [("employee_number", self.number)]
        if self.login:
            found.append(("login", self.login.casefold()))
        return tuple(found)

    def limit_of(self, kind: LimitedTo) -> Money | None:
        """Return up to what they may approve documents of a kind; None: not known."""
        return next((one.amount for one in self.approval_limits if one.of == kind), self.approval_limit)

    def is_employed_on(self, day: date) -> bool:
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )


class Approval(CanonicalRecord):
    """Who decided what about which document, and when."""

    entity: ClassVar[str] = "approval"
    contract: ClassVar[str] = "approval/1.0"

    document_entity: str = Field(description="purchase_order, requisition, invoice, expense_report ...")
    document_id: str = Field(description="External id of the document in the same system")
    status: Literal["pending", "approved", "rejected", "escalated", "other"]
    approver: str | None = Field(default=None, description="Login or group name of whoever should decide")
    decided_by: str | None = None
    decided_at: datetime | None = None
    position: int | None = Field(default=None, description="Place in the chain, from 1")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("document", f"{self.document_entity}:{self.document_id}"),)
