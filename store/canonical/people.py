"""Employee, what will change of them, and Approval: one decision in the chain that approved a document."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from store.canonical.money import CurrencyCode, Money
from store.canonical.record import CanonicalModel, CanonicalRecord

READ_FIELDS = frozenset({"as_of_entry", "as_of_effective", "transport"})
"""As known at which moment, as valid on which day, and by which door a record of HR was read."""

LimitedTo = Literal["requisition", "invoice", "expense"]
"""What a limit may be for: requisitions and the orders made of them, invoices, expense reports."""


class ApprovalLimit(CanonicalModel):
    """Up to what somebody may approve documents of one kind."""

    of: LimitedTo = Field(description="What kind of document the limit is for")
    amount: Money = Field(description="Up to what they may approve")


class Employee(CanonicalRecord):
    """A person as one system knows them. `number` is the employee number: it joins HR, expense tool and ERP."""

    entity: ClassVar[str] = "employee"
    contract: ClassVar[str] = "employee/1.3"
    owner: ClassVar[str] = "hr"
    read_fields: ClassVar[frozenset[str]] = READ_FIELDS

    login: str | None = Field(default=None, description="What they sign in with, where the system says")
    name: str = Field(description="What people call them")
    email: str | None = Field(default=None, description="Where mail reaches them")
    is_active: bool = Field(default=True, description="Whether they work here")
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
    cost_centre: str | None = Field(default=None, description="Number of their cost centre")
    legal_entity: str | None = Field(default=None, description="Number of the company that employs them")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")
    currency: CurrencyCode | None = Field(
        default=None, description="ISO 4217 code that they are reimbursed in"
    )
    starts_on: date | None = Field(default=None, description="First day")
    ends_on: date | None = Field(default=None, description="Last day")
    worker_type: Literal["employee", "contingent"] | None = Field(
        default=None, description="Of the company or of somebody else, where the source tells them apart"
    )
    status: Literal["active", "on_leave", "future", "terminated"] | None = Field(
        default=None, description="Why they are active or not, where the source says"
    )
    org_unit: str | None = Field(default=None, description="Number of the organisation they sit in")
    position_id: str | None = Field(default=None, description="The position they hold, as HR numbers it")
    leaves_on: date | None = Field(
        default=None, description="Last day as announced; nothing ends before `is_active` says so"
    )
    next_change_on: date | None = Field(
        default=None, description="When the next change known today takes effect"
    )
    further_cost_centres: tuple[str, ...] = Field(
        default=(), description="Cost centres of additional jobs: they may be charged, too"
    )
    as_of_entry: datetime | None = Field(default=None, description="Read as known at this moment")
    as_of_effective: date | None = Field(default=None, description="Read as valid on this day")
    transport: str | None = Field(default=None, description="By which door it was read: raas or soap")

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


class ScheduledChange(CanonicalRecord):
    """A change that is entered today and takes effect on a later day. `number` is the event's own id.

    It is kept when its day has come or it was taken back: then it says what became of it.
    """

    entity: ClassVar[str] = "scheduled_change"
    contract: ClassVar[str] = "scheduled_change/1.1"
    owner: ClassVar[str] = "hr"
    read_fields: ClassVar[frozenset[str]] = READ_FIELDS

    subject_entity: Literal["employee", "organisation", "cost_centre", "other"] = Field(
        description="What kind of thing changes"
    )
    subject_id: str = Field(description="External id of what changes, in the same system")
    subject_number: str | None = Field(default=None, description="What people call it, where the source says")
    kind: str = Field(description="Type of the event, in the source's words")
    effective_on: date = Field(description="From when it holds")
    entered_at: datetime | None = Field(default=None, description="When it was recorded")
    status: Literal["scheduled", "pending", "rescinded", "corrected"] = Field(
        description="scheduled: decided and waiting for its day; pending: not decided yet; rescinded: taken back; "
        "corrected: another event has taken its place"
    )
    org_unit: str | None = Field(default=None, description="Organisation they will sit in")
    cost_centre: str | None = Field(default=None, description="Number of the cost centre they will have")
    manager_number: str | None = Field(default=None, description="Employee number of who they will report to")
    as_of_entry: datetime | None = Field(default=None, description="Read as known at this moment")
    as_of_effective: date | None = Field(default=None, description="Read as valid on this day")
    transport: str | None = Field(default=None, description="By which door it was read: raas or soap")

    @property
    def is_waiting(self) -> bool:
        """Say whether it will take effect on its day."""
        return self.status == "scheduled"

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """The subject: how what waits for somebody is found."""
        return (("subject", f"{self.subject_entity}:{self.subject_id}"),)


class Approval(CanonicalRecord):
    """Who decided what about which document, and when."""

    entity: ClassVar[str] = "approval"
    contract: ClassVar[str] = "approval/1.1"

    document_entity: str = Field(description="purchase_order, requisition, invoice, expense_report ...")
    document_id: str = Field(description="External id of the document in the same system")
    status: Literal["pending", "approved", "rejected", "escalated", "other"] = Field(
        description="What became of the decision"
    )
    approver: str | None = Field(default=None, description="Login or group name of whoever should decide")
    decided_by: str | None = Field(default=None, description="Login of who decided")
    decided_at: datetime | None = Field(default=None, description="When it was decided, in UTC")
    position: int | None = Field(default=None, description="Place in the chain, from 1")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("document", f"{self.document_entity}:{self.document_id}"),)
