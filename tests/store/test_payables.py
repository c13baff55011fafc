"""Who bears an invoice, however its lines are grouped."""

from __future__ import annotations

from datetime import date
from typing import Any

from store.canonical.money import Money
from store.canonical.payables import Invoice


def an_invoice(*lines: dict[str, Any]) -> Invoice:
    amounts = [Money.of(one["amount"], "EUR") for one in lines]
    given = [
        {"number": str(n), **one, "amount": amount}
        for n, (one, amount) in enumerate(zip(lines, amounts, strict=True), 1)
    ]
    whole = sum(amounts[1:], amounts[0])
    return Invoice.model_validate(
        {
            "number": "INV-1", "status": "approved", "currency": "EUR", "total": whole, "invoiced_on": date(2026, 1, 5),
            "lines": given,
        }
    )  # fmt: skip


def parts(**amounts: str) -> list[dict[str, Any]]:
    return [
        {"number": str(n), "account": account, "amount": Money.of(amount, "EUR")}
        for n, (account, amount) in enumerate(amounts.items(), 1)
    ]


def test_lines_of_one_account_count_together() -> None:
    """An ERP that splits or joins lines changes nothing about who bears them."""
    joined = an_invoice({"amount": "100", "account": "A1"}, {"amount": "20", "account": "B2"})
    split = an_invoice(
        {"amount": "70", "distributions": parts(A1="50", B2="20")}, {"amount": "50", "account": "A1"}
    )

    assert ("A1 100.00 EUR", "B2 20.00 EUR") == joined.charges == split.charges


def test_what_moves_to_another_account_shows() -> None:
    """No amount of a line or of the whole differs."""
    before = an_invoice({"amount": "100", "account": "A1"})
    after = an_invoice({"amount": "100", "account": "C3"})

    assert ("A1 100.00 EUR",) == before.charges
    assert ("C3 100.00 EUR",) == after.charges


def test_an_order_bears_what_is_matched_to_it() -> None:
    """Its line has the accounts; what has none says so, and what comes to nothing is left out."""
    found = an_invoice(
        {"amount": "80", "order_number": "4711", "order_line": "2", "account": "A1"},
        {"amount": "20"},
        {"amount": "5", "account": "B2"},
        {"amount": "-5", "account": "B2"},
    )

    assert ("no account 20.00 EUR", "order 4711 line 2 80.00 EUR") == found.charges
