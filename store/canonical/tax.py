"""TaxQuestion and TaxAnswer: is the tax on a document right, what should it be, how much of it comes back?

Both travel with their document: the question as the body of a decision, the answer as its outcome. Nobody reads them
from a system and nothing has them as its twin, so they are no records and no contracts of their own.

>>> compare(Money.of("19.00", "EUR"), Money.of("17.00", "EUR"), tolerance_minor=1)
'undercharged'
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from store.canonical.money import CurrencyCode, ExactDecimal, Money, total
from store.canonical.record import CanonicalModel

Verdict = Literal[
    "match",
    "undercharged",
    "overcharged",
    "not_taxable",
    "exempt",
    "reverse_charge",
    "needs_review",
    "unknown_code",
]
DocumentKind = Literal["invoice", "credit_memo", "order", "expense"]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1, two letters."""

OPEN_VERDICTS: frozenset[Verdict] = frozenset(("needs_review", "unknown_code"))
"""Verdicts that say nothing about the amount: somebody has to look."""
_DIFFERENCES: frozenset[Verdict] = frozenset(("undercharged", "overcharged"))
_BY_WEIGHT: tuple[Verdict, ...] = ("unknown_code", "needs_review")
_RIGHT: tuple[Verdict, ...] = ("reverse_charge", "exempt", "match", "not_taxable")


class TaxAddress(CanonicalModel):
    """Where goods leave or arrive, or a service is used: as much of it as decides about tax."""

    country: Country = Field(description="ISO 3166 alpha-2")
    region: str | None = Field(default=None, description="State or province, as its country's post writes it")
    city: str | None = Field(default=None, description="Town")
    postal_code: str | None = Field(default=None, description="Postal code")
    line1: str | None = Field(default=None, description="Street and house number")


class TaxSupplier(CanonicalModel):
    """Who charges the tax."""

    number: str
    name: str | None = None
    country: Country | None = None
    vat_number: str | None = Field(default=None, description="With its country's two letters")


class TaxQuestionLine(CanonicalModel):
    """One line that tax is asked about."""

    number: str
    amount: Money = Field(description="Net of tax; negative on lines that reduce what is owed")
    charged: Money | None = Field(
        default=None, description="Tax on this line as charged; None: see the document"
    )
    tax_code: str | None = None
    quantity: ExactDecimal | None = None
    item: str | None = Field(default=None, description="Item or commodity code")
    hs_code: str | None = None
    description: str = ""
    account: str | None = Field(default=None, description="Natural account")
    cost_centre: str | None = None
    expense_type: str | None = None
    booked_recoverable: Money | None = Field(
        default=None, description="What the document books to the account of recoverable tax"
    )
    ship_from: TaxAddress | None = Field(default=None, description="Where it is not the document's")
    ship_to: TaxAddress | None = None


class TaxQuestion(CanonicalModel):
    """A document as far as its tax depends on it."""

    document: str = Field(description="Record key of the document, e.g. coupa:4711")
    number: str = Field(description="What people call the document")
    kind: DocumentKind = "invoice"
    taxed_on: date
    currency: CurrencyCode
    supplier: TaxSupplier
    legal_entity: str | None = None
    order_number: str | None = None
    ship_from: TaxAddress | None = None
    ship_to: TaxAddress | None = None
    exemption: str | None = Field(default=None, description="Number of an exemption certificate")
    entity_use: str | None = Field(default=None, description="Code of the reason why the buyer is exempt")
    charged: Money | None = Field(
        default=None, description="Tax as charged on the whole document; None: the sum of the lines"
    )
    lines: tuple[TaxQuestionLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> TaxQuestion:
        numbers = [line.number for line in self.lines]
        if len(set(numbers)) != len(numbers):
            raise ValueError("two lines have the same number")
        amounts = [
            a for line in self.lines for a in (line.amount, line.charged, line.booked_recoverable) if a
        ]
        if any(a.currency != self.currency for a in (*amounts, *([self.charged] if self.charged else ()))):
            raise ValueError(f"an amount is not in {self.currency}")
        stated = [line.charged for line in self.lines if line.charged is not None]
        if self.charged is not None and stated and total(stated, self.currency) != self.charged:
            raise ValueError(f"the tax of the lines does not add up to {self.charged}")
        if stated and len(stated) != len(self.lines):
            raise ValueError("either each line says the tax that was charged on it, or none does")
        return self

    def charged_total(self) -> Money:
        """Return the tax that was charged on the whole document; none stated is none charged."""
        if self.charged is not None:
            return self.charged
        return total((line.charged for line in self.lines if line.charged is not None), self.currency)

    def digest(self) -> str:
        """Return what tells one question from another."""
        return hashlib.sha256(self.__pydantic_serializer__.to_json(self)).hexdigest()


class TaxDetail(CanonicalModel):
    """What one jurisdiction takes of a line."""

    country: str
    region: str | None = None
    jurisdiction: str | None = None
    jurisdiction_type: str | None = None
    tax_type: str | None = None
    tax_name: str | None = None
    rate_percent: ExactDecimal | None = None
    taxable: Money | None = None
    tax: Money


class TaxFinding(CanonicalModel):
    """One line as a source of rates sees it, before it is compared with what was charged."""

    number: str
    determined: Money = Field(description="Tax due on the line, whoever owes it")
    recoverable: Money = Field(description="The part of it that comes back")
    is_self_assessed: bool = Field(
        default=False, description="The buyer owes it; the supplier charges nothing"
    )
    rate_percent: ExactDecimal | None = None
    details: tuple[TaxDetail, ...] = ()
    standing: Verdict | None = Field(
        default=None, description="A verdict that does not come from comparing amounts"
    )
    note: str = ""


class TaxAnswerLine(CanonicalModel):
    """The verdict on one line. `recoverable` and `non_recoverable` make up `determined`."""

    number: str
    verdict: Verdict
    note: str = ""
    tax_code: str | None = None
    net: Money
    determined: Money
    charged: Money
    variance: Money = Field(description="What the supplier should have charged less what it charged")
    recoverable: Money
    non_recoverable: Money
    withheld: Money = Field(
        description="Kept back from the supplier for its tax office, by the country's rules"
    )
    rate_percent: ExactDecimal | None = None
    is_self_assessed: bool = False
    details: tuple[TaxDetail, ...] = ()


class TaxAnswer(CanonicalModel):
    """The verdict on a document; sums are those of its lines."""

    question: str = Field(description="Digest of the question that it answers")
    provider: str = Field(description="`table`, or the system that was asked")
    verdict: Verdict
    note: str = ""
    accrues: bool = Field(default=False, description="The buyer has to accrue the tax that was not charged")
    status: str | None = Field(default=None, description="The provider's own word for it, where it has one")
    taxed_on: date
    currency: CurrencyCode
    net: Money
    determined: Money
    charged: Money
    variance: Money
    recoverable: Money
    non_recoverable: Money
    withheld: Money
    lines: tuple[TaxAnswerLine, ...]
    messages: tuple[str, ...] = Field(default=(), description="What else the provider said")


class Opinion(CanonicalModel):
    """What a provider says about the whole document in its own words; it wins over comparing amounts."""

    verdict: Verdict
    note: str = ""
    accrues: bool = False
    status: str | None = None


def compare(due: Money, charged: Money, *, tolerance_minor: int) -> Verdict:
    """Compare what a supplier should have charged with what it charged.

    Rises with `charged`: undercharged, match, overcharged.
    """
    variance = (due - charged).amount_minor
    if abs(variance) <= tolerance_minor:
        return "match"
    return "undercharged" if variance > 0 else "overcharged"


def spread(charged: Money, due: Sequence[Money]) -> tuple[Money, ...]:
    """Return how much of the tax on a document falls on each line: what is due there, and a share of the difference.

    Where the document as a whole is right, so is each of its lines. Where too little was charged it is so on each line, in
    proportion, also on one that reduces what is due: on a document without tax, every line has none.
    """
    whole = total(due, charged.currency)
    sign = -1 if whole.amount_minor < 0 else 1
    if 0 <= sign * charged.amount_minor < abs(whole.amount_minor):
        return charged.share([one.amount_minor for one in due])
    difference = charged - whole
    weights = [abs(one.amount_minor) for one in due]
    shares = difference.split(weights if any(weights) else [1] * len(due))
    return tuple(one + share for one, share in zip(due, shares, strict=True))


def settle(
    question: TaxQuestion,
    findings: Sequence[TaxFinding],
    *,
    provider: str,
    tolerance_minor: int,
    opinion: Opinion | None = None,
    messages: Sequence[str] = (),
) -> TaxAnswer:
    """Compare what was found with what was charged, line by line and for the document.

    `findings` are those of the question's lines, in their order.
    """
    nothing = Money(amount_minor=0, currency=question.currency)
    due = [nothing if one.is_self_assessed else one.determined for one in findings]
    stated = [line.charged for line in question.lines if line.charged is not None]
    charged = stated or spread(question.charged_total(), due)
    lines = tuple(
        _line(asked, found, supplier_owes, paid, tolerance_minor)
        for asked, found, supplier_owes, paid in zip(question.lines, findings, due, charged, strict=True)
    )
    told = opinion or _overall(
        lines, total(due, question.currency), question.charged_total(), tolerance_minor
    )

    def summed(name: str) -> Money:
        return total((getattr(line, name) for line in lines), question.currency)

    return TaxAnswer(
        question=question.digest(),
        provider=provider,
        verdict=told.verdict,
        note=told.note,
        accrues=told.accrues,
        status=told.status,
        taxed_on=question.taxed_on,
        currency=question.currency,
        net=summed("net"),
        determined=summed("determined"),
        charged=summed("charged"),
        variance=summed("variance"),
        recoverable=summed("recoverable"),
        non_recoverable=summed("non_recoverable"),
        withheld=summed("withheld"),
        lines=lines,
        messages=tuple(messages),
    )


def _line(
    asked: TaxQuestionLine, found: TaxFinding, due: Money, charged: Money, tolerance_minor: int
) -> TaxAnswerLine:
    verdict = compare(due, charged, tolerance_minor=tolerance_minor)
    if found.standing in OPEN_VERDICTS:
        verdict = found.standing
    elif verdict == "match":
        verdict = "reverse_charge" if found.is_self_assessed else found.standing or verdict
    return TaxAnswerLine(
        number=asked.number,
        verdict=verdict,
        note=found.note or _difference(verdict, due, charged),
        tax_code=asked.tax_code,
        net=asked.amount,
        determined=found.determined,
        charged=charged,
        variance=due - charged,
        recoverable=found.recoverable,
        non_recoverable=found.determined - found.recoverable,
        withheld=due - due,
        rate_percent=found.rate_percent,
        is_self_assessed=found.is_self_assessed,
        details=found.details,
    )


def _overall(lines: Sequence[TaxAnswerLine], due: Money, charged: Money, tolerance_minor: int) -> Opinion:
    """Judge the document: what is open first, then its sum, then its lines, then what is unusual among what is right."""
    for verdict in _BY_WEIGHT:
        worst = [line for line in lines if line.verdict == verdict]
        if worst:
            return Opinion(verdict=verdict, note="; ".join(_told(line) for line in worst[:3]))
    whole = compare(due, charged, tolerance_minor=tolerance_minor)
    if whole != "match":
        return Opinion(verdict=whole, note=_difference(whole, due, charged))
    differing = next((line for line in lines if line.verdict in _DIFFERENCES), None)
    if differing is not None:
        return Opinion(verdict=differing.verdict, note=f"{_told(differing)}; the lines even out in total")
    found = {line.verdict for line in lines}
    return Opinion(verdict=next(one for one in _RIGHT if one in found))


def _difference(verdict: Verdict, due: Money, charged: Money) -> str:
    return f"{charged} charged, {due} due" if verdict in _DIFFERENCES else ""


def _told(line: TaxAnswerLine) -> str:
    return f"line {line.number}: {line.note}"
