"""Journals, invoices and people of the simulated Oracle company, to start a test from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters.base import WriteRequest
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.outbound_invoice import Payee, invoice
from adapters.oracle_fusion.simulator_invoices import InvoiceDesk
from adapters.oracle_fusion.simulator_payload import decode, read
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

    def invoice_request(self, document: Invoice) -> WriteRequest:
        body = {"invoice": document.model_dump(mode="json")}
        return WriteRequest("invoice.create", f"invoice.create/{document.number}", None, body)

    def wait(self, minutes: int = 30) -> None:
        self.clock.advance(timedelta(minutes=minutes))


class InvoiceWorld(FinanceWorld):
    """The same company, as the promises want it: invoices are the documents."""

    entity = "invoice"
    read_path = r"/invoices\?"
    write_path = r"/invoices$"

    def add(self, count: int) -> list[str]:
        """Make invoices as another client would."""
        world, made = self.simulator.world, []
        resource, payee = world.catalogue["invoices"], Payee("Berg, Jonas", EMPLOYEE, "OFFICE")
        for _ in range(count):
            body = decode(wire.encode(invoice(self.an_invoice(), payee, self.parsed_options)))
            made.append(str(InvoiceDesk(world).create([], resource, read(resource, body, "create")).id))
        return made

    def touch(self, external_id: str) -> None:
        world = self.simulator.world
        row = world.row("invoices", int(external_id))
        assert row is not None
        row.data["Description"] = f"{row.data['Description']} (again)"
        row.touch(world.now())
        world.tables["invoices"].put(row)

    def an_invoice(self) -> Invoice:
        self._count += 1
        return an_invoice(f"EXP-{self._count}")

    def a_write(self) -> WriteRequest:
        return self.invoice_request(self.an_invoice())

    def effects(self, request: WriteRequest) -> int:
        number = request.body["invoice"]["number"]
        return sum(one["number"] == number for one in self.simulator.invoices())


def setup_oracle_invoices(**settings: Any) -> InvoiceWorld:
    return InvoiceWorld(**settings)


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
