"""LegalEntity, Ledger, FiscalPeriod, CostCentre, Organisation, ExchangeRate."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from store.canonical.money import CurrencyCode, ExactDecimal
from store.canonical.people import READ_FIELDS
from store.canonical.record import CanonicalModel, CanonicalRecord


class LegalEntity(CanonicalRecord):
    """A company that keeps its own books."""

    entity: ClassVar[str] = "legal_entity"
    contract: ClassVar[str] = "legal_entity/1.1"

    name: str = Field(description="Registered name")
    currency: CurrencyCode | None = Field(default=None, description="Functional currency")
    parent: str | None = Field(default=None, description="Number of the entity above it")
    is_active: bool = Field(default=True, description="Whether the company does business")


class Ledger(CanonicalRecord):
    """A set of books in an ERP: chart, calendar, currency."""

    entity: ClassVar[str] = "ledger"
    contract: ClassVar[str] = "ledger/1.1"

    name: str = Field(description="As the ERP names it")
    currency: CurrencyCode = Field(description="ISO 4217 code of the books")
    calendar: str | None = Field(default=None, description="Accounting calendar")
    chart: str | None = Field(default=None, description="Chart of accounts structure in the ERP")
    has_budgetary_control: bool = Field(default=False, description="The ERP checks budgets in this ledger")


class FiscalPeriod(CanonicalRecord):
    """One accounting period of one ledger, or of a subledger of it: each opens and closes by itself."""

    entity: ClassVar[str] = "fiscal_period"
    contract: ClassVar[str] = "fiscal_period/1.2"

    ledger: str = Field(description="Ledger whose period it is")
    name: str = Field(description="As the ERP names it, e.g. Jan-26")
    starts_on: date = Field(description="First day")
    ends_on: date = Field(description="Last day")
    is_open: bool = Field(description="Whether anything may be posted to it")
    subledger: Literal["payables"] | None = Field(default=None, description="None: the general ledger itself")

    @model_validator(mode="after")
    def _ordered(self) -> FiscalPeriod:
        if self.ends_on < self.starts_on:
            raise ValueError("a period ends before it starts")
        return self

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """The month it begins in: how the period of a day is found without a scan."""
        return (("month", f"{self.ledger}/{self.starts_on:%Y-%m}"),)


class CostCentre(CanonicalRecord):
    """A place where cost arises; in an ERP a value of the cost-centre segment."""

    entity: ClassVar[str] = "cost_centre"
    contract: ClassVar[str] = "cost_centre/1.2"
    read_fields: ClassVar[frozenset[str]] = READ_FIELDS

    name: str = Field(description="What people call it")
    chart: str | None = Field(default=None, description="Chart or value set it belongs to")
    parent: str | None = Field(default=None, description="Number of the cost centre above it")
    is_active: bool = Field(default=True, description="Whether anything may be charged to it")
    starts_on: date | None = Field(default=None, description="First day it may be used")
    ends_on: date | None = Field(default=None, description="Last day it may be used")
    reference_id: str | None = Field(default=None, description="Its id in HR, where that is not its number")
    code: str | None = Field(default=None, description="Its code in HR, where that is not its number")
    roll_ups: tuple[str, ...] = Field(
        default=(),
        description="Every node of a hierarchy that it is included in; `parent` is the one that counts",
    )
    as_of_entry: datetime | None = Field(default=None, description="Read as known at this moment")
    as_of_effective: date | None = Field(default=None, description="Read as valid on this day")
    transport: str | None = Field(default=None, description="By which door it was read: raas or soap")

    def is_usable_on(self, day: date) -> bool:
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )


class Organisation(CanonicalRecord):
    """A node of a hierarchy in HR: a supervisory organisation with its managers, or a node that cost centres roll up to."""

    entity: ClassVar[str] = "organisation"
    contract: ClassVar[str] = "organisation/1.1"
    owner: ClassVar[str] = "hr"
    read_fields: ClassVar[frozenset[str]] = READ_FIELDS

    name: str = Field(description="What people call it")
    kind: Literal["supervisory", "cost_centre_hierarchy", "other"] = Field(
        description="Which hierarchy it is a node of"
    )
    code: str | None = Field(default=None, description="Its code in HR")
    parent: str | None = Field(default=None, description="Number of the organisation above it")
    managers: tuple[str, ...] = Field(
        default=(), description="Employee numbers of all who lead it, in order; none: vacant"
    )
    is_active: bool = Field(default=True, description="Whether it is in use")
    starts_on: date | None = Field(default=None, description="First day")
    ends_on: date | None = Field(default=None, description="Last day")
    default_cost_centre: str | None = Field(default=None, description="For new positions in it")
    default_legal_entity: str | None = Field(default=None, description="For new positions in it")
    as_of_entry: datetime | None = Field(default=None, description="Read as known at this moment")
    as_of_effective: date | None = Field(default=None, description="Read as valid on this day")
    transport: str | None = Field(default=None, description="By which door it was read: raas or soap")


class ExchangeRate(CanonicalRecord):
    """What one unit of a currency was worth in another on a day. `number` is `FROM/TO/DATE`, and `/KIND`
    where the system has kinds.
    """

    entity: ClassVar[str] = "exchange_rate"
    contract: ClassVar[str] = "exchange_rate/1.1"

    from_currency: CurrencyCode = Field(description="ISO 4217 code of what is converted")
    to_currency: CurrencyCode = Field(description="ISO 4217 code of what it is converted to")
    rate_on: date = Field(description="Day it is for")
    rate: ExactDecimal = Field(description="How much of the second currency one unit of the first is")
    kind: str | None = Field(
        default=None, description="Corporate, spot ..., where the system tells them apart"
    )

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """The pair and its day: how all kinds of a rate are found without a scan."""
        return (("pair", f"{self.from_currency}/{self.to_currency}/{self.rate_on.isoformat()}"),)


__all__ = [
    "CanonicalModel",
    "CostCentre",
    "ExchangeRate",
    "FiscalPeriod",
    "Ledger",
    "LegalEntity",
    "Organisation",
]
