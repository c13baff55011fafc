"""The part of a simulated pod's stage that journals, invoices, payments and people play on: hands and readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.oracle_fusion.simulator_finance import Finance
from adapters.oracle_fusion.simulator_finance_views import invoice_view, journal_views, payment_view
from adapters.oracle_fusion.simulator_journals import post
from adapters.oracle_fusion.simulator_payments import unpaid
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_supplier_scene import SupplierScene


class FinanceScene(SupplierScene):
    """Hands that set a scene, and readers that look at the result. What is read is up to the clock's minute."""

    finance: Finance

    # The scene: general ledger

    def add_journal_source(self, name: str) -> None:
        """Add a journal source. While there is none, any will do."""
        self.world.journal_sources[name] = None

    def add_journal_category(self, name: str) -> None:
        """Add a journal category. While there is none, any will do."""
        self.world.journal_categories[name] = None

    def post_journal(self, je_batch_id: int) -> None:
        """Post a batch now."""
        self.settle_due()
        post(self.world, self._row("journalBatches", je_batch_id), self.world.now())

    # The scene: people

    def add_employee(
        self,
        number: str,
        name: str,
        *,
        email: str | None = None,
        manager: str | None = None,
        units: Sequence[int] = (),
        site: str = "OFFICE",
        department: str | None = None,
        legal_entity: str | None = None,
        country: str | None = None,
        is_payee: bool = True,
        starts_on: date | None = None,
    ) -> int:
        """Add a person, and the supplier by which they are paid; return the supplier's id, or the person's."""
        assignment = {
            "AssignmentId": self.world.new_id(),
            "AssignmentNumber": f"E{number}",
            "PrimaryFlag": True,
            "DepartmentName": department,
            "LegalEmployerName": legal_entity,
            "CountryCode": country,
            "StartDate": starts_on,
        }
        person = self.put(
            "publicWorkers",
            {
                "PersonId": self.world.new_id(),
                "PersonNumber": number,
                "DisplayName": name,
                "WorkEmail": email,
                "Username": email,
                "assignments": [assignment],
            },
        )
        if manager is not None:
            self.set_manager(number, manager)
        if not is_payee:
            assert isinstance(person.id, int)
            return person.id
        supplier_id = self.add_supplier(name, number=number, units=units, site=site, country=country)
        row = self._row("suppliers", supplier_id)
        row.data |= {"SupplierType": "Employee", "SupplierTypeCode": "EMPLOYEE"}
        self.world.tables["suppliers"].put(row)
        return supplier_id

    def set_manager(self, number: str, manager: str | None) -> None:
        """Change who a person reports to."""
        row = self.world.tables["publicWorkers"].first("PersonNumber", number)
        if row is None:
            raise KeyError(f"there is no employee {number}")
        for assignment in row.of("assignments"):
            assignment.children["managers"] = []
            if manager is not None:
                resource = assignment.resource.children["managers"]
                facts = {"ManagerType": "LINE_MANAGER", "PersonNumber": manager}
                assignment.of("managers").append(self.world.new_row(resource, facts))
        row.touch(self.world.now())

    # The scene: Payables

    def hold_invoice(self, invoice_id: int, name: str, reason: str = "") -> None:
        """Put a hold on an invoice, as a clerk would."""
        self.settle_due()
        self.finance.invoices.put_on_hold(self._row("invoices", invoice_id), name, reason or name)

    def release_holds(self, invoice_id: int) -> None:
        """Release all holds of an invoice, as a clerk would."""
        self.settle_due()
        self.finance.invoices.release_all(self._row("invoices", invoice_id))

    def validate_invoice(self, invoice_id: int) -> None:
        """Validate an invoice now, as the scheduled process would."""
        self.settle_due()
        self.finance.invoices.validate(self._row("invoices", invoice_id), self.world.now())

    def pay(self, invoice_id: int, amount: Decimal | None = None, on: date | None = None) -> int:
        """Pay an invoice, all that is owed or `amount` in its currency; return the payment's id (CheckId)."""
        self.settle_due()
        invoice = self._row("invoices", invoice_id)
        value = unpaid(invoice) if amount is None else Decimal(amount)
        self.finance.payments.check(invoice, value)
        row = self.finance.payments.pay([(invoice, value)], self.world.now(), on or self.world.today())
        assert isinstance(row.id, int)
        return row.id

    def pay_together(self, amounts: Mapping[int, Decimal | None], on: date | None = None) -> int:
        """Pay several invoices, credit notes among them, with one payment: all that is owed, or an amount of each."""
        self.settle_due()
        parts = []
        for invoice_id, amount in amounts.items():
            invoice = self._row("invoices", invoice_id)
            value = unpaid(invoice) if amount is None else Decimal(amount)
            self.finance.payments.check(invoice, value)
            parts.append((invoice, value))
        row = self.finance.payments.pay(parts, self.world.now(), on or self.world.today())
        assert isinstance(row.id, int)
        return row.id

    def pay_in(self, invoice_id: int, currency: str) -> None:
        """Have an invoice paid in another currency than its own from now on, as a clerk would in its header."""
        row = self._row("invoices", invoice_id)
        row.data["PaymentCurrency"] = currency
        row.touch(self.world.now())
        self.world.tables["invoices"].put(row)

    def void(self, payment_id: int, on: date | None = None) -> None:
        """Void a payment: its invoices are owed again."""
        self.settle_due()
        row = self._row("payablesPayments", payment_id)
        self.finance.payments.void(row, self.world.now(), on or self.world.today())

    def reissue(self, payment_id: int, on: date | None = None) -> int:
        """Void a payment and pay the same invoices again with another; return the new one's id."""
        old = self._row("payablesPayments", payment_id)
        parts = [
            (self._row("invoices", int(str(one.data["InvoiceId"]))), amount)
            for one in old.of("relatedInvoices")
            if isinstance(amount := one.data["AmountPaidInvoiceCurrency"], Decimal)
        ]
        self.void(payment_id, on)
        row = self.finance.payments.pay(parts, self.world.now(), on or self.world.today())
        assert isinstance(row.id, int)
        return row.id

    def add_rate(self, source: str, target: str, on: date, rate: Decimal, kind: str = "Corporate") -> None:
        """Add a daily rate. While there is none, invoices in any currency have one."""
        self.world.rates[source, target, kind, on.isoformat()] = Decimal(rate)

    def clear_payment(self, payment_id: int, on: date | None = None) -> None:
        """Have the bank confirm a payment."""
        self.settle_due()
        row = self._row("payablesPayments", payment_id)
        self.finance.payments.clear(row, self.world.now(), on or self.world.today())

    # What happened

    def journals(self) -> list[dict[str, Any]]:
        """Return every journal there is: see `simulator_finance_views`. One sent twice is there twice."""
        self.settle_due()
        return [one for batch in self.world.tables["journalBatches"] for one in journal_views(batch)]

    def invoices(self) -> list[dict[str, Any]]:
        """Return every invoice as it stands."""
        self.settle_due()
        holds = self.finance.invoices.open_holds
        return [invoice_view(row, holds(row)) for row in self.world.tables["invoices"]]

    def payments(self) -> list[dict[str, Any]]:
        """Return every payment as it stands."""
        self.settle_due()
        return [payment_view(row) for row in self.world.tables["payablesPayments"]]

    def _row(self, resource: str, row_id: int) -> Row:
        found = self.world.row(resource, row_id)
        if found is None:
            raise KeyError(f"{resource} has no row {row_id}")
        return found
