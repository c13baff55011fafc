"""Prepayments of a simulated Payables: money paid in advance that invoices are paid with (contract sheet, section 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payments import unpaid
from adapters.oracle_fusion.simulator_rows import Data, Row, Value
from adapters.oracle_fusion.simulator_world import World

LINE_TYPE: Final = "Prepayment"
APPLY_MEMBERS: Final = frozenset(
    {
        *("PrepaymentInvoiceNumber", "PrepaymentLineNumber", "PrepaymentApplicationAmount"),
        *("PrepaymentAccountingDate", "InvoiceIncludesPrepaymentFlag"),
    }
)
UNAPPLY_MEMBERS: Final = frozenset(
    {
        *("PrepaymentInvoiceNumber", "PrepaymentLineNumber", "PrepaymentAppliedAmount", "PurchaseOrder"),
        *("PrepaymentApplicationAccountingDate", "PrepaymentUnapplicationAccountingDate"),
    }
)


class Prepayments:
    """Applies prepayments to invoices, and takes them off again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["invoices"]

    def apply(self, invoice: Row, parameters: Mapping[str, Any]) -> str:
        number = parameters.get("PrepaymentInvoiceNumber")
        prepayment = self._prepayment(invoice, number)
        left, owed = self.left(prepayment), unpaid(invoice)
        asked = parameters.get("PrepaymentApplicationAmount")
        amount = min(left, owed) if asked is None else Decimal(str(asked))
        reason = self._against(invoice, prepayment, amount, left, owed)
        if reason:
            raise refused("PREPAYMENT", number=number, reason=reason)
        day = str(parameters.get("PrepaymentAccountingDate") or self._world.today())
        self._put(invoice, prepayment, amount, day)
        return "The current action Apply Prepayment has completed successfully."

    def unapply(self, invoice: Row, parameters: Mapping[str, Any]) -> str:
        number = parameters.get("PrepaymentInvoiceNumber")
        rows = [one for one in invoice.of("appliedPrepayments") if one.data["InvoiceNumber"] == number]
        if not rows:
            name = invoice.data["InvoiceNumber"]
            raise refused("PREPAYMENT_APPLIED", number=number, invoice=name)
        amount = sum((_number(one.data["AppliedAmount"]) for one in rows), Decimal(0))
        invoice.children["appliedPrepayments"] = [
            one for one in invoice.of("appliedPrepayments") if one not in rows
        ]
        invoice.children["invoiceLines"] = [
            one for one in invoice.of("invoiceLines") if one.data["PrepaymentNumber"] != number
        ]
        self._paid(invoice, -amount)
        return "The current action Unapply Prepayment has completed successfully."

    def left(self, prepayment: Row) -> Decimal:
        """Return what of a prepayment is still to be applied."""
        used = (
            _number(one.data["AppliedAmount"])
            for invoice in self._table.find("Supplier", prepayment.data["Supplier"])
            for one in invoice.of("appliedPrepayments")
            if one.data["InvoiceNumber"] == prepayment.data["InvoiceNumber"]
        )
        return _number(prepayment.data["InvoiceAmount"]) - sum(used, Decimal(0))

    def _prepayment(self, invoice: Row, number: Value) -> Row:
        for one in self._table.find("InvoiceNumber", number):
            if one.data["Supplier"] == invoice.data["Supplier"] and one.data["InvoiceType"] == "Prepayment":
                return one
        raise refused("PREPAYMENT", number=number, reason="isn't found for the supplier")

    def _against(
        self, invoice: Row, prepayment: Row, amount: Decimal, left: Decimal, owed: Decimal
    ) -> str | None:
        if prepayment.data["PaidStatus"] != "Paid" or prepayment.data["ValidationStatus"] != "Validated":
            return "isn't validated and fully paid"
        if invoice.data["ValidationStatus"] != "Validated" or invoice.data["InvoiceType"] != "Standard":
            return "can only be applied to a validated standard invoice"
        if invoice.data["InvoiceCurrency"] != prepayment.data["InvoiceCurrency"]:
            return "is in another currency"
        if amount <= 0 or amount > left:
            return f"has {left} left"
        return f"is more than the {owed} the invoice owes" if amount > owed else None

    def _put(self, invoice: Row, prepayment: Row, amount: Decimal, day: str) -> None:
        children = invoice.resource.children
        number = prepayment.data["InvoiceNumber"]
        line_number = max((int(str(one.id)) for one in invoice.of("invoiceLines")), default=0) + 1
        line: Data = {
            "LineNumber": line_number,
            "LineType": LINE_TYPE,
            "LineAmount": -amount,
            "AccountingDate": day,
            "PrepaymentNumber": number,
            "PrepaymentLineNumber": 1,
            "PrepaymentIncludedonInvoiceFlag": False,
        }
        invoice.of("invoiceLines").append(self._world.new_row(children["invoiceLines"], line))
        applied: Data = {
            "InvoiceNumber": number,
            "LineNumber": 1,
            "AppliedAmount": amount,
            "Currency": invoice.data["InvoiceCurrency"],
            "AccountingDate": day,
            "IncludedonInvoiceFlag": False,
        }
        invoice.of("appliedPrepayments").append(self._world.new_row(children["appliedPrepayments"], applied))
        self._paid(invoice, amount)

    def _paid(self, invoice: Row, amount: Decimal) -> None:
        data, owed = invoice.data, _number(invoice.data["InvoiceAmount"])
        paid = _number(data["AmountPaid"]) + amount
        data["AmountPaid"] = paid
        rest = unpaid(invoice)
        data["PaidStatus"] = "Unpaid" if rest == owed else "Partially paid" if rest else "Paid"
        for one in invoice.of("invoiceInstallments"):
            one.data["UnpaidAmount"] = rest
        invoice.touch(self._world.now())
        self._table.put(invoice)


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
