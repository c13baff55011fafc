"""Documents of the financial integration that are no expenses, and cards that employees pay themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.base import Translated, Untranslatable
from adapters.concur.simulator_plan import EntryPlan
from store.canonical.expense import ExpenseDocument
from tests.adapters.setup_concur import ConcurWorld, setup_concur
from tests.adapters.test_concur_reads import read
from tests.adapters.test_promises import run

INVOICE: dict[str, Any] = {
    "requestHeader": {
        "requestId": "0A1B2C3D4E5F60718293",
        "vendorInvoiceNumber": "INV-7",
        "requestTotal": 119.00,
        "currencyAlphaCode": "EUR",
        "ledgerCode": "DEFAULT",
        "isTest": "N",
        "invoiceDate": "03/02/2026",
    },
    "ownerEmployee": {"employeeId": "100245", "loginId": "ana.ferrer@example.com"},
    "vendor": {"vendorCode": "V-1", "vendorName": "Acme GmbH"},
    "lineItem": [{"allocation": []}],
}
PAYROLL: dict[str, Any] = {
    "employee": {"employeeId": "100245"},
    "report": {
        "reportId": "4E6593CB987D459C88FA",
        "employeeCurrencyAlphaCode": "EUR",
        "totalApprovedAmount": 28.00,
    },
}


def a_world(*types: str) -> ConcurWorld:
    return setup_concur(options={"document_types": list(types)})


def documents(world: ConcurWorld) -> list[Any]:
    rows = [row for page in read(world, "expense_document") for row in page.rows]
    return list(world.adapter.translate("expense_document", rows))


def test_a_supplier_invoice_is_known_by_its_header() -> None:
    """Number, vendor, whose it is, what it takes: enough to answer it, nothing to post."""
    world = a_world("expense", "invoice")
    world.simulator.put_fis_document(INVOICE, doc_type="invoice", is_ready=True)

    (found,) = documents(world)

    assert isinstance(found, Translated), found
    document = found.record
    assert isinstance(document, ExpenseDocument)
    assert ("invoice", "INV-7", "Acme GmbH", "100245") == (
        document.kind,
        document.number,
        document.title,
        document.employee_id,
    )
    assert ("119.00 EUR", "DEFAULT", ()) == (str(document.total), document.ledger, document.entries)
    assert found.external_id.endswith(".invoice.0A1B2C3D4E5F60718293")


def test_payroll_data_is_known_by_the_header_of_its_report() -> None:
    """Its own shape is not published: what can't be read as such a header is an exception with its payload."""
    world = a_world("payroll")
    world.simulator.put_fis_document(PAYROLL, doc_type="payroll", is_ready=True)

    (found,) = documents(world)
    (refused,) = world.adapter.translate(
        "expense_document", [b'{"id":"a1","docType":"payroll","document":{"perDiem":{}}}']
    )

    assert isinstance(found, Translated), found
    assert isinstance(found.record, ExpenseDocument)
    assert ("payroll", "28.00 EUR") == (found.record.kind, str(found.record.total))
    assert isinstance(refused, Untranslatable)


def test_queues_that_nobody_named_are_not_read() -> None:
    """By default only expenses are: other documents are another integration's."""
    world = a_world("expense")
    world.simulator.put_fis_document(INVOICE, doc_type="invoice", is_ready=True)

    assert [] == documents(world)


def test_documents_that_stay_never_make_a_read_endless() -> None:
    """What nobody takes comes with every read, once: pages are walked to the last, not until the queue is empty."""
    world = a_world("invoice")
    for number in range(60):
        header = INVOICE["requestHeader"] | {"requestId": f"0A1B2C3D4E5F607182{number:02}"}
        world.simulator.put_fis_document(
            INVOICE | {"requestHeader": header}, doc_type="invoice", is_ready=True
        )

    first, second = read(world, "expense_document"), read(world, "expense_document")

    assert [25, 25, 10] == [len(page.rows) for page in first]
    assert [page.rows for page in first] == [page.rows for page in second]


def test_an_invoice_is_answered_in_its_own_queue() -> None:
    """Acknowledged and told to have failed; payments of it are told elsewhere."""
    world = a_world("invoice")
    (own_id,) = world.simulator.put_fis_document(INVOICE, doc_type="invoice", is_ready=True)
    name = f"{own_id}.invoice.0A1B2C3D4E5F60718293"

    run(world.adapter.write(world.confirm(name, "error")))

    assert "POSTING_CONFIRMED_FAILURE" == world.status_of(name)


def test_a_card_that_the_employee_pays_is_reimbursed_like_cash() -> None:
    """IBIP: billed to the employee and paid by them; the company owes the employee, not the card."""
    world = setup_concur()
    world.a_document(world.plan(entries=(EntryPlan(amount=Decimal("35.00"), payment="employee_card"),)))

    (found,) = documents(world)

    assert isinstance(found, Translated), found
    assert isinstance(found.record, ExpenseDocument)
    (entry,) = found.record.entries
    assert ("individual_card", "IBIP") == (entry.paid_by, entry.payment_code)
    assert [("COMP", "EMPL")] == [(line.payer, line.payee) for line in entry.allocations[0].journal]
