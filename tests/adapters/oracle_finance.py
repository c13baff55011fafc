"""Journals, invoices and people of the simulated Oracle company, to start a test from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters.base import WriteRequest
from store.canonical.journal import JournalEntry, JournalLine
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from tests.adapters.setup_oracle import ACCOUNT, LEDGER_ID, UNIT, OracleWorld

ACCESS_SET = 300000000900001
OTHER_ACCOUNT = "01-430-7310-0000-000"
EMPLOYEE = "10042"


class FinanceWorld(OracleWorld):
    """The company with a ledger that journals are imported into, and an employee who is paid."""

    def __post_init__(self) -> None:
        given = dict(self.options)
        self.options = {
            "ledgers": {
                "DE Ledger": {
                    "ledger_id": LEDGER_ID,
                    "data_access_set_id": ACCESS_SET,
                    "currency": "EUR",
                    "chart_id": 101,
                }
            },
            "payables": {"DE Operations": {"currency": "EUR", "employee_site": "OFFICE"}},
            **given,
        }
        super().__post_init__()
        self.simulator.add_employee(
            "10001", "Kurz, Eva", email="e.kurz@example.com", units=[UNIT], country="DE"
        )
        self.simulator.add_employee(
            EMPLOYEE,
            "Berg, Jonas",
            email="j.berg@example.com",
            manager="10001",
            units=[UNIT],
            country="DE",
            department="420",
            legal_entity="DE01",
            starts_on=date(2020, 4, 1),
        )

    def journal_request(
        self, journal: JournalEntry, operation: str = "journal.create", **more: Any
    ) -> WriteRequest:
        body = {"journal": journal.model_dump(mode="json"), **more.pop("body", {})}
        return WriteRequest(operation, f"{operation}/{journal.number}", None, body, **more)

    def confirm(self, journal: JournalEntry, request_id: str) -> WriteRequest:
        return self.journal_request(journal, "journal.confirm", body={"request_id": request_id})

    def invoice_request(self, invoice: Invoice) -> WriteRequest:
        body = {"invoice": invoice.model_dump(mode="json")}
        return WriteRequest("invoice.create", f"invoice.create/{invoice.number}", None, body)

    def wait(self, minutes: int = 30) -> None:
        self.clock.advance(timedelta(minutes=minutes))


def a_finance_world(**settings: Any) -> FinanceWorld:
    return FinanceWorld(**settings)


def a_journal(
    number: str = "EXP-1", *, amount: str = "119.00", currency: str = "EUR", **changes: Any
) -> JournalEntry:
    money = Money.of(amount, currency)
    fields: dict[str, Any] = {
        "number": number,
        "ledger": "DE Ledger",
        "batch": f"concur:{number}",
        "source": "Expenses",
        "category": "Reimbursement",
        "currency": currency,
        "accounting_on": date(2026, 1, 5),
        "description": "Travel to Hamburg",
        "reference": f"concur:{number}",
        "lines": (
            JournalLine(
                number="1", account=ACCOUNT, side="debit", amount=money, description="Hotel", reference="e1"
            ),
            JournalLine(number="2", account=OTHER_ACCOUNT, side="credit", amount=money, description="Owed"),
        ),
    }
    return JournalEntry(**fields | changes)


def an_invoice(
    number: str = "EXP-1", *, amount: str = "119.00", currency: str = "EUR", **changes: Any
) -> Invoice:
    money = Money.of(amount, currency)
    fields: dict[str, Any] = {
        "number": number,
        "status": "draft",
        "supplier_number": EMPLOYEE,
        "business_unit": "DE Operations",
        "currency": currency,
        "total": money,
        "invoiced_on": date(2026, 1, 5),
        "accounting_on": date(2026, 1, 5),
        "description": "Travel to Hamburg",
        "reference": f"concur:{number}",
        "lines": (InvoiceLine(number="1", amount=money, description="Hotel", account=ACCOUNT),),
    }
    return Invoice(**fields | changes)
