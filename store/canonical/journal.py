"""JournalEntry: balanced by construction. ImportJob: what became of a file that a system imports on its own time."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from store.canonical.money import CurrencyCode, Money, by_bearer
from store.canonical.record import CanonicalModel, CanonicalRecord

Side = Literal["debit", "credit"]


class JournalLine(CanonicalModel):
    """One line: an account, a side, an amount that is not negative."""

    number: str = Field(description="Number of the line")
    account: str = Field(description="Account combination in the ERP")
    side: Side = Field(description="Debit or credit")
    amount: Money = Field(description="Amount on that side, never negative")
    description: str = Field(default="", description="What the line is for")
    reference: str | None = Field(default=None, description="What in the source it comes from")

    @model_validator(mode="after")
    def _not_negative(self) -> JournalLine:
        if self.amount.amount_minor < 0:
            raise ValueError(f"line {self.number} is negative: put it on the other side")
        return self


class JournalEntry(CanonicalRecord):
    """Debits and credits of one ledger that add up to nothing. `number` is the name it is found by."""

    entity: ClassVar[str] = "journal_entry"
    contract: ClassVar[str] = "journal_entry/1.1"

    status: Literal["unposted", "posted", "failed", "reversed"] = Field(
        default="unposted", description="Where it stands in the ERP"
    )
    legal_entity: str | None = Field(default=None, description="Number of the company")
    ledger: str = Field(description="Ledger of the ERP")
    batch: str | None = Field(default=None, description="Name of the batch it lies in, the ERP's or ours")
    source: str = Field(description="Journal source in the ERP")
    category: str = Field(description="Journal category in the ERP")
    currency: CurrencyCode = Field(description="ISO 4217 code of all its amounts")
    accounting_on: date = Field(description="Day on which it counts")
    period: str | None = Field(default=None, description="Period it counts in, as the ERP names it")
    description: str = Field(default="", description="What it is for")
    reference: str | None = Field(default=None, description="The mark by which the source knows it")
    lines: tuple[JournalLine, ...] = Field(description="Its lines; debits and credits are equal")

    @model_validator(mode="after")
    def _balances(self) -> JournalEntry:
        sums = {"debit": 0, "credit": 0}
        for line in self.lines:
            if line.amount.currency != self.currency:
                raise ValueError(
                    f"line {line.number} is in {line.amount.currency}, the journal in {self.currency}"
                )
            sums[line.side] += line.amount.amount_minor
        if sums["debit"] != sums["credit"]:
            debit, credit = (Money(amount_minor=sums[side], currency=self.currency) for side in sums)
            raise ValueError(f"debits of {debit} and credits of {credit} do not balance")
        return self

    @property
    def total(self) -> Money:
        """The sum of the debits."""
        minor = sum(line.amount.amount_minor for line in self.lines if line.side == "debit")
        return Money(amount_minor=minor, currency=self.currency)

    @property
    def charges(self) -> tuple[str, ...]:
        """Which account bears how much, credits as negative amounts: `01-420-7110 120.00 EUR`."""
        return by_bearer(
            (line.account, line.amount if line.side == "debit" else -line.amount) for line in self.lines
        )


class ImportJob(CanonicalRecord):
    """One request to import a file. `number` is the request's id.

    `succeeded` says only that the system found nothing wrong: whether a document exists is learnt by reading it.
    """

    entity: ClassVar[str] = "import_job"
    contract: ClassVar[str] = "import_job/1.1"

    status: Literal["running", "succeeded", "failed", "unknown"] = Field(
        description="What became of the import, as far as is known"
    )
    case_class: str | None = Field(default=None, description="Exception class of what it failed with")
    codes: tuple[str, ...] = Field(default=(), description="The system's own error codes")
    messages: tuple[str, ...] = Field(default=(), description="The system's own sentences")
