"""AccountCombination, Project, TaxCode."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from store.canonical.money import ExactDecimal
from store.canonical.record import CanonicalRecord


class AccountCombination(CanonicalRecord):
    """A full accounting key. `number` is the concatenated text, e.g. 01-420-7110-0000-000."""

    entity: ClassVar[str] = "account_combination"
    contract: ClassVar[str] = "account_combination/1.1"

    chart: str | None = Field(default=None, description="Chart of accounts it belongs to")
    segments: tuple[str, ...] = Field(description="Its segments, from the first")
    is_enabled: bool = Field(default=True, description="Whether anything may be charged to it")
    starts_on: date | None = Field(default=None, description="First day it may be used; null: ever since")
    ends_on: date | None = Field(default=None, description="Last day it may be used; null: for good")

    def is_usable_on(self, day: date) -> bool:
        return (
            self.is_enabled
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )


class Project(CanonicalRecord):
    """A project that cost can be charged to."""

    entity: ClassVar[str] = "project"
    contract: ClassVar[str] = "project/1.1"

    name: str = Field(description="What people call it")
    status: str = Field(description="As its system states it")
    starts_on: date | None = Field(default=None, description="First day of the project")
    ends_on: date | None = Field(default=None, description="Last day of the project")
    is_active: bool = Field(default=True, description="Whether anything may be charged to it")


class TaxCode(CanonicalRecord):
    """How a purchase is taxed. A code whose rate changed has several records, one for each time it was in force."""

    entity: ClassVar[str] = "tax_code"
    contract: ClassVar[str] = "tax_code/1.2"

    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the country whose tax it is")
    description: str = Field(default="", description="What the code is for")
    rate_percent: ExactDecimal | None = Field(default=None, description="Rate of the tax in percent")
    is_active: bool = Field(default=True, description="Whether it may be used")
    starts_on: date | None = Field(default=None, description="First day on which it is in force")
    ends_on: date | None = Field(default=None, description="Last day on which it is in force")
    recoverable_percent: ExactDecimal | None = Field(
        default=None, description="How much of the tax comes back; None: what the country's rules say"
    )
    is_reverse_charge: bool = Field(
        default=False, description="The buyer owes the tax, the supplier charges none"
    )
    document_kinds: tuple[str, ...] = Field(
        default=(), description="Documents it may be used on; none named: any"
    )
    from_countries: tuple[str, ...] = Field(
        default=(), description="Where what is bought may come from; none named: anywhere"
    )

    def is_in_force_on(self, day: date) -> bool:
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )
