"""Budget, and Commitment: our promise to spend, as it is asked of an ERP."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from store.canonical.money import CurrencyCode, ExactDecimal, Money, total
from store.canonical.record import CanonicalModel, CanonicalRecord


class Budget(CanonicalRecord):
    """What may be spent on one account, cost centre or project in one period; for display, the ERP's check decides."""

    entity: ClassVar[str] = "budget"
    contract: ClassVar[str] = "budget/1.1"

    name: str
    legal_entity: str
    period: str
    cost_centre: str | None = None
    account: str | None = None
    project: str | None = None
    amount: Money
    remaining: Money

    @staticmethod
    def place(legal_entity: str, cost_centre: str | None, account: str | None, project: str | None) -> str:
        """Return where it is charged: empty parts are those that a budget does not state."""
        return "/".join((legal_entity, cost_centre or "", account or "", project or ""))

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """By what all budgets are found that a charge counts against."""
        return (("charged", self.place(self.legal_entity, self.cost_centre, self.account, self.project)),)


class CommitmentDistribution(CanonicalModel):
    number: str
    charge_account: str = Field(description="Account combination in the ERP")
    amount: Money
    quantity: ExactDecimal | None = None
    cost_centre: str | None = None
    account: str | None = Field(default=None, description="Natural account")
    project: str | None = None
    period: str | None = None
    budget_on: date | None = Field(
        default=None, description="Day it counts on: that of its document, within the period that it names"
    )


class CommitmentLine(CanonicalModel):
    number: str
    description: str
    quantity: ExactDecimal | None = None
    unit_price: ExactDecimal | None = None
    uom: str | None = None
    amount: Money
    category: str | None = None
    need_by_on: date | None = None
    distributions: tuple[CommitmentDistribution, ...]


class PolicyMetadata(CanonicalModel):
    """By which rules the commitment was decided."""

    policy_version: str
    mapping_version: str
    approval_chain: tuple[str, ...] = ()
    category: str | None = None
    tax_treatment: str | None = None


class Commitment(CanonicalRecord):
    """A purchase order as the ERP shall hold it (Oracle's budgets call it an obligation). `number` is the
    source's order number."""

    entity: ClassVar[str] = "commitment"
    contract: ClassVar[str] = "commitment/1.2"

    order_key: str = Field(description="Key of the order it comes from, system:id")
    revision: str
    marker: str = Field(
        description="Text by which the order is found again in the ERP, the same for all revisions"
    )
    stage: Literal["obligation"] = "obligation"
    legal_entity: str
    ledger: str | None = None
    business_unit: str
    supplier_id: str = Field(description="External id of the supplier in the ERP")
    supplier_site_id: str | None = None
    currency: CurrencyCode
    total: Money
    description: str
    policy: PolicyMetadata
    lines: tuple[CommitmentLine, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Commitment:
        if total((line.amount for line in self.lines), self.currency) != self.total:
            raise ValueError(f"the lines do not add up to {self.total}")
        for line in self.lines:
            if total((d.amount for d in line.distributions), self.currency) != line.amount:
                raise ValueError(f"the distributions of line {line.number} do not add up to {line.amount}")
        return self
