"""Builders of tax questions and codes: valid by default, a test states only what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from store.canonical.chart import TaxCode
from store.canonical.money import Money
from store.canonical.tax import TaxAddress, TaxQuestion, TaxQuestionLine, TaxSupplier

DAY = date(2026, 1, 5)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def an_address(country: str = "DE", **changes: Any) -> TaxAddress:
    return TaxAddress(**{"country": country, **changes})


def a_tax_line(
    number: str = "1", amount: str = "100.00", charged: str | None = "19.00", **changes: Any
) -> TaxQuestionLine:
    """Return a line with a German standard rate, charged as it should be."""
    currency = changes.pop("currency", "EUR")
    fields = {
        "number": number,
        "amount": Money.of(amount, currency),
        "charged": None if charged is None else Money.of(charged, currency),
        "tax_code": "V19",
    }
    return TaxQuestionLine(**{**fields, **changes})


def a_tax_question(*lines: TaxQuestionLine, **changes: Any) -> TaxQuestion:
    """Return a German company's invoice from a German supplier."""
    fields: dict[str, Any] = {
        "document": "coupa:4711",
        "number": "INV-1",
        "taxed_on": DAY,
        "currency": "EUR",
        "supplier": TaxSupplier(number="V-1", name="Muster GmbH", country="DE", vat_number="DE811234567"),
        "ship_from": an_address("DE"),
        "ship_to": an_address("DE"),
        "lines": lines or (a_tax_line(),),
    }
    return TaxQuestion(**{**fields, **changes})


def a_tax_code(number: str = "V19", rate: str | None = "19", **changes: Any) -> TaxCode:
    return TaxCode(**{"number": number, "country": "DE", "rate_percent": rate, **changes})
