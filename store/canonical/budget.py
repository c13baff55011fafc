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
    contract: ClassVar[str] = "budget/1.2"

    name: str = Field(description="As the system calls the budget")
    legal_entity: str = Field(description="Number of the company it is for")
    period: str = Field(description="Period it is for, as the system names it")
    cost_centre: str | None = Field(default=None, description="Cost centre it is for; null: all of them")
    account: str | None = Field(default=None, description="Natural account it is for; null: all of them")
    project: str | None = Field(default=None, description="Project it is for; null: all of them")
    amount: Money = Field(description="What may be spent in all")
    remaining: Money = Field(description="What is left of it, as the system says")

    @staticmethod
    def place(legal_entity: str, cost_centre: str | None, account: str | None, project: str | None) -> str:
        """Return where it is charged: empty parts are those that a budget does not state."""
        return "/".join((legal_entity, cost_centre or "", account or "", project or ""))

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """By what all budgets are found that a charge counts against."""
        return (("charged", self.place(self.legal_entity, self.cost_centre, self.account, self.project)),)


class CommitmentDistribution(CanonicalModel):
    number: str = Field(description="Number of the part within its line")
    charge_account: str = Field(description="Account combination in the ERP")
    amount: Money = Field(description="What the account bears of the line")
    quantity: ExactDecimal | None = Field(
        default=None,
        description="What the account bears of the line's quantity; null on lines ordered by amount",
    )
    cost_centre: str | None = Field(
        default=None, description="Cost centre that bears it, where the company has one among its segments"
    )
    account: str | None = Field(default=None, description="Natural account")
    project: str | None = Field(default=None, description="Project that bears it; null: none")
    period: str | None = Field(
        default=None, description="Budget period that the source names; null: that of the day"
    )
    budget_on: date | None = Field(
        default=None, description="Day it counts on: that of its document, within the period that it names"
    )


class CommitmentLine(CanonicalModel):
    number: str = Field(description="Number of the line, as in the order")
    description: str = Field(description="What is ordered")
    quantity: ExactDecimal | None = Field(
        default=None, description="How much is ordered; null on lines ordered by amount"
    )
    unit_price: ExactDecimal | None = Field(
        default=None, description="Price of one unit, in the order's currency"
    )
    uom: str | None = Field(default=None, description="Unit of measure, as the source writes it")
    amount: Money = Field(description="What the line comes to")
    category: str | None = Field(default=None, description="Category or commodity, as the source names it")
    need_by_on: date | None = Field(default=None, description="Day by which it is needed")
    distributions: tuple[CommitmentDistribution, ...] = Field(
        description="Which account bears how much; together the line's amount"
    )


class PolicyMetadata(CanonicalModel):
    """By which rules the commitment was decided."""

    policy_version: str = Field(description="Version of the company's rules that decided it, name and number")
    mapping_version: str = Field(
        description="Versions of the mapping tables that decided it, name and number of each"
    )
    approval_chain: tuple[str, ...] = Field(
        default=(), description="Who approved it, in the order of the chain"
    )
    category: str | None = Field(default=None, description="Category of the line that costs most")
    tax_treatment: str | None = Field(
        default=None, description="How the purchase is taxed, as the rules or the profile say"
    )


class Commitment(CanonicalRecord):
    """A purchase order as the ERP shall hold it (Oracle's budgets call it an obligation). `number` is the
    source's order number."""

    entity: ClassVar[str] = "commitment"
    contract: ClassVar[str] = "commitment/1.3"

    order_key: str = Field(description="Key of the order it comes from, system:id")
    revision: str = Field(description="Version of the order at its source that was decided")
    marker: str = Field(
        description="Text by which the order is found again in the ERP, the same for all revisions"
    )
    stage: Literal["obligation"] = Field(default="obligation", description="How binding the promise is")
    legal_entity: str = Field(description="Number of the company that buys")
    ledger: str | None = Field(default=None, description="Ledger of the ERP it counts in")
    business_unit: str = Field(description="Business unit of the ERP that buys")
    supplier_id: str = Field(description="External id of the supplier in the ERP")
    supplier_site_id: str | None = Field(
        default=None, description="External id of the supplier's site in the ERP"
    )
    currency: CurrencyCode = Field(description="ISO 4217 code of all its amounts")
    total: Money = Field(description="Sum of the lines")
    description: str = Field(description="What the order says of itself")
    policy: PolicyMetadata = Field(description="What decided it")
    lines: tuple[CommitmentLine, ...] = Field(description="What is promised, line by line")

    @model_validator(mode="after")
    def _adds_up(self) -> Commitment:
        if total((line.amount for line in self.lines), self.currency) != self.total:
            raise ValueError(f"the lines do not add up to {self.total}")
        for line in self.lines:
            if total((d.amount for d in line.distributions), self.currency) != line.amount:
                raise ValueError(f"the distributions of line {line.number} do not add up to {line.amount}")
        return self
