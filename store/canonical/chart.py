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
    contract: ClassVar[str] = "account_combination/1.0"

    chart: str | None = Field(default=None, description="Chart of accounts it belongs to")
    segments: tuple[str, ...]
    is_enabled: bool = True
    starts_on: date | None = None
    ends_on: date | None = None

    def is_usable_on(self, day: date) -> bool:
        return (
            self.is_enabled
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )


class Project(CanonicalRecord):
    """A project that cost can be charged to."""

    entity: ClassVar[str] = "project"
    contract: ClassVar[str] = "project/1.0"

    name: str
    status: str
    starts_on: date | None = None
    ends_on: date | None = None
    is_active: bool = True


class TaxCode(CanonicalRecord):
    """How a purchase is taxed. A code whose rate changed has several records, one for each time it was in force."""

    entity: ClassVar[str] = "tax_code"
    contract: ClassVar[str] = "tax_code/1.1"

    country: str | None = None
    description: str = ""
    rate_percent: ExactDecimal | None = None
    is_active: bool = True
    starts_on: date | None = None
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
