"""What a company's policy says about tax: who determines it, what a verdict does, and each country's rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from store.canonical.money import ExactDecimal
from store.canonical.tax import Country, Verdict

Severity = Literal["block", "note", "off"]
Percent = Annotated[ExactDecimal, Field(ge=0, le=100)]
Name = Annotated[str, StringConstraints(min_length=1)]

TABLE = "table"
"""The provider that is always there: the rates among our own records of tax codes."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class VerdictSeverity(_Part):
    """What each verdict does: stops the document before it is posted, is noted with it, or is no news."""

    match: Severity = "off"
    undercharged: Severity = "block"
    overcharged: Severity = "block"
    not_taxable: Severity = "off"
    exempt: Severity = "note"
    reverse_charge: Severity = "off"
    accrued: Severity = Field(
        default="note",
        description="undercharged, where the shortfall is use tax that the buyer accrues, or takes back with a credit note: the "
        "supplier is owed what it charged",
    )
    needs_review: Severity = "block"
    unknown_code: Severity = "block"

    def of(self, verdict: Verdict) -> Severity:
        severity: Severity = getattr(self, verdict)
        return severity


class Recovery(_Part):
    """How much of the tax on some purchases comes back. Names that are left out mean any."""

    percent: Percent
    expense_types: tuple[Name, ...] = ()
    tax_codes: tuple[Name, ...] = ()
    accounts: tuple[Name, ...] = Field(default=(), description="Natural accounts")


class Withholding(_Part):
    """What is kept back from a supplier's net amount for the tax office. Names that are left out mean any."""

    percent: Percent
    tax_codes: tuple[Name, ...] = ()
    expense_types: tuple[Name, ...] = ()
    supplier_countries: tuple[Country, ...] = ()


class CountryTax(_Part):
    """The rules of the country where what was bought arrives."""

    requires_reverse_charge: bool = Field(
        default=True,
        description="An untaxed purchase from another EU member state with the supplier's VAT number must carry a "
        "reverse-charge code",
    )
    accrues_shortfall: bool = Field(
        default=False, description="Tax that was not charged is use tax that the buyer accrues"
    )
    use_tax: Literal["erp", "post"] = Field(
        default="erp",
        description="Use tax that the buyer accrues: the ERP books it by its own tax set-up, and it is a finding; or it is posted "
        "with the invoice, to the cost, against the account of the table owed_tax_account",
    )
    rounding: Literal["line", "document"] = Field(
        default="line",
        description="Tax, what comes back of it and what is withheld is rounded on each line; or once for all lines of a document "
        "with the same code or rule, which then share it to the minor unit",
    )
    recoverable_percent: Percent = Field(
        default=Decimal(100),
        description="What comes back where neither code nor rule says more; 0: sales tax",
    )
    own_loss: Literal["erp", "post"] = Field(
        default="erp",
        description="What does not come back of tax that the buyer declares itself (reverse charge): the ERP charges it by its "
        "own tax set-up, and it is a finding; or it is posted with the invoice, to the cost, against the account of the table "
        "owed_tax_account",
    )
    blocked_expense_types: tuple[Name, ...] = Field(
        default=(),
        description="Entertainment, private use: nothing comes back, and no recoverable code may be used",
    )
    recovery: tuple[Recovery, ...] = Field(default=(), description="The first that fits counts")
    withholding: tuple[Withholding, ...] = Field(default=(), description="The first that fits counts")


class TaxPolicy(_Part):
    """`[tax]` of a profile."""

    provider: Name = Field(default=TABLE, description="`table`, or the name of a system that determines tax")
    tolerance_minor: int = Field(
        default=1, ge=0, le=10_000, description="Minor units by which a line, and a document, may differ"
    )
    severity: VerdictSeverity = VerdictSeverity()
    withholding_differs: Severity = Field(
        default="note",
        description="A settled invoice of which the ERP kept back another amount than the country's rule says",
    )
    countries: dict[Country, CountryTax] = Field(default_factory=dict)

    def country(self, code: str) -> CountryTax:
        return self.countries.get(code) or CountryTax()
