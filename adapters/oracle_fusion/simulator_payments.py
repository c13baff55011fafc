"""Payments of a simulated Payables: by hand, or by a run that the clock starts. A void is a new state, never a new payment.

What is paid of an invoice is counted in the invoice's currency; the money leaves in the currency that the invoice is paid
in, at the cross-currency rate of the day. Withheld tax settles what it keeps back: by a line of the invoice, which the
header's amount does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row, Value, stamp
from adapters.oracle_fusion.simulator_world import World
from store.canonical.currency import exponent
from store.clock import instant, text

FIRST_NUMBER: Final = 70_001
WITHHOLDING_LINE_TYPE: Final = "Withholding tax"
NET_LINES: Final = ("Item", "Freight", "Miscellaneous")
CROSS_RATE_KIND: Final = "Corporate"
"""By which rate an invoice is paid in another currency that names no kind of rate itself."""


class Payments:
    """The payments of one pod."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["payablesPayments"]
        self._invoices = world.tables["invoices"]
        self._last_number = FIRST_NUMBER - 1
        self._run_count = 0
        every = world.settings.payment_run_every
        self._next_run = None if every is None else world.now() + every

    def pay(
        self, parts: Sequence[tuple[Row, Decimal]], at: datetime, on: date, run: str | None = None
    ) -> Row:
        """Settle these amounts of these invoices, each in its own currency, all of one payee, with one payment."""
        first, world = parts[0][0].data, self._world
        kept = [self._withholding(invoice, amount) for invoice, amount in parts]
        rated = [
            (invoice, amount - less, self.cross_rate(invoice, on))
            for (invoice, amount), less in zip(parts, kept, strict=True)
        ]
        self._last_number += 1
        row = world.new_row(
            self._table.resource,
            {
                "PaymentNumber": self._last_number,
                "PaymentId": world.new_id(),
                "PaymentReference": self._last_number,
                "PaymentAmount": sum((_converted(*one) for one in rated), Decimal(0)),
                "WithheldAmount": sum(
                    (
                        _converted(invoice, less, rate)
                        for (invoice, _, rate), less in zip(rated, kept, strict=True)
                    ),
                    Decimal(0),
                ),
                "PaymentCurrency": first["PaymentCurrency"],
                "PaymentDate": on.isoformat(),
                "AccountingDate": on.isoformat(),
                "PaymentStatus": "Negotiable",
                "PaymentType": "Payment Process Request" if run else "Manual",
                "PaymentMethod": first["PaymentMethod"],
                "Payee": first["Supplier"],
                "PayeeSite": first["SupplierSite"],
                "SupplierNumber": first["SupplierNumber"],
                "BusinessUnit": first["BusinessUnit"],
                "LegalEntity": first["LegalEntity"],
                "ReconciledFlag": False,
                "AccountingStatus": "Unaccounted",
                "PaymentProcessRequest": run,
            },
            at,
        )
        for (invoice, amount, rate), less in zip(rated, kept, strict=True):
            row.of("relatedInvoices").append(self._related(row, invoice, amount, rate, at))
            self._withhold(invoice, row, less)
            self._book(invoice, amount, at)
        return self._table.put(row)

    def _withholding(self, invoice: Row, amount: Decimal) -> Decimal:
        """Return what is kept back of so much of an invoice: the supplier's percentage of the net, in proportion; the
        last payment keeps what is left of it."""
        data, lines = invoice.data, invoice.of("invoiceLines")
        percent = self._world.settings.withholding_percent.get(str(data["SupplierNumber"]), Decimal(0))
        net = _sum(line.data["LineAmount"] for line in lines if line.data["LineType"] in NET_LINES)
        digits = exponent(str(data["InvoiceCurrency"]))
        whole = round(net * percent / 100, digits)
        if amount == unpaid(invoice):
            return whole - _withheld(invoice)
        return round(whole * amount / _number(data["InvoiceAmount"]), digits)

    def _withhold(self, invoice: Row, payment: Row, amount: Decimal) -> None:
        """Note on the invoice what a payment keeps back of it, or gives back."""
        if not amount:
            return
        number = max((int(str(one.id)) for one in invoice.of("invoiceLines")), default=0) + 1
        line: Data = {
            "LineNumber": number,
            "LineType": WITHHOLDING_LINE_TYPE,
            "LineAmount": -amount,
            "AccountingDate": payment.data["AccountingDate"],
            "Description": f"Withheld with payment {payment.data['PaymentNumber']}",
        }
        invoice.of("invoiceLines").append(
            self._world.new_row(invoice.resource.children["invoiceLines"], line)
        )

    def cross_rate(self, invoice: Row, on: date) -> Decimal | None:
        """Return the rate from an invoice's currency to the one it is paid in; None where that is the same."""
        data = invoice.data
        given, wanted = str(data["InvoiceCurrency"]), str(data["PaymentCurrency"])
        if given == wanted:
            return None
        kind = str(data["ConversionRateType"] or CROSS_RATE_KIND)
        rate = self._world.rates.get((given, wanted, kind, on.isoformat()))
        if rate is None:
            raise ValueError(f"there is no {kind} rate of {given} to {wanted} on {on}")
        return rate

    def stop_runs(self) -> None:
        """Have no payment run any more: who is paid, and when, is decided by hand."""
        self._next_run = None

    def check(self, invoice: Row, amount: Decimal) -> None:
        """Raise ValueError when an invoice can't be paid that much."""
        data = invoice.data
        if data["ValidationStatus"] != "Validated":
            raise ValueError(f"invoice {data['InvoiceNumber']} is {data['ValidationStatus']}, not validated")
        if not amount or abs(amount) > abs(unpaid(invoice)):
            raise ValueError(f"invoice {data['InvoiceNumber']} has {unpaid(invoice)} unpaid, not {amount}")

    def void(self, row: Row, at: datetime, on: date) -> None:
        """Call a payment back: what it paid is owed again."""
        data = row.data
        if data["VoidDate"] is not None or data["PaymentStatus"] == "Cleared":
            raise refused("PAYMENT_VOID", number=data["PaymentNumber"], status=data["PaymentStatus"])
        data |= {
            "VoidDate": on.isoformat(),
            "VoidAccountingDate": data["VoidAccountingDate"] or on.isoformat(),
            "PaymentStatus": "Voided",
        }
        for related in list(row.of("relatedInvoices")):
            invoice = self._invoices.get(related.data["InvoiceId"])
            amount, rate = (
                _number(related.data["AmountPaidInvoiceCurrency"]),
                related.data["CrossCurrencyRate"],
            )
            if invoice is not None:
                row.of("relatedInvoices").append(
                    self._related(row, invoice, -amount, None if rate is None else _number(rate), at)
                )
                name = f"Withheld with payment {data['PaymentNumber']}"
                lines = (one for one in invoice.of("invoiceLines") if one.data["Description"] == name)
                self._withhold(invoice, row, _sum(one.data["LineAmount"] for one in lines))
                self._book(invoice, -amount, at)
        row.touch(at)
        self._table.put(row)

    def change(self, row: Row, invoice: Row, by: Decimal, at: datetime) -> None:
        """Have a payment settle more of an invoice than it did, or less."""
        related = next(one for one in row.of("relatedInvoices") if one.data["InvoiceId"] == invoice.id)
        rate = related.data["CrossCurrencyRate"]
        before = _number(related.data["AmountPaidPaymentCurrency"])
        related.data |= self._amounts(
            invoice,
            _number(related.data["AmountPaidInvoiceCurrency"]) + by,
            None if rate is None else _number(rate),
        )
        row.data["PaymentAmount"] = (
            _number(row.data["PaymentAmount"]) + _number(related.data["AmountPaidPaymentCurrency"]) - before
        )
        self._book(invoice, by, at)
        row.touch(at)
        self._table.put(row)

    def clear(self, row: Row, at: datetime, on: date) -> None:
        """Have the bank confirm a payment."""
        amount = row.data["PaymentAmount"]
        row.data |= {
            "ClearingDate": on.isoformat(),
            "ClearingAmount": amount,
            "PaymentStatus": "Cleared",
            "ReconciledFlag": True,
        }
        row.touch(at)
        self._table.put(row)

    def settle_due(self) -> int:
        """Do the payment runs whose time has come; return how many payments they made."""
        every, count = self._world.settings.payment_run_every, 0
        while every is not None and self._next_run is not None and self._next_run <= self._world.now():
            count += self._run(self._next_run)
            self._next_run += every
        return count

    def dump(self) -> dict[str, Any]:
        run = None if self._next_run is None else text(self._next_run)
        return {"last_number": self._last_number, "run_count": self._run_count, "next_run": run}

    def load(self, state: Mapping[str, Any]) -> None:
        self._last_number, self._run_count = state["last_number"], state["run_count"]
        if state["next_run"] is not None:
            self._next_run = instant(state["next_run"])

    def _run(self, at: datetime) -> int:
        """Pay every invoice that was validated by then and is owed something, one payment a payee."""
        by_payee: dict[tuple[Value, ...], list[tuple[Row, Decimal]]] = {}
        for invoice in self._invoices:
            data = invoice.data
            is_ready = data["ValidationStatus"] == "Validated" and str(data["LastUpdateDate"]) <= stamp(at)
            if is_ready and unpaid(invoice):
                key = tuple(
                    data[name] for name in ("BusinessUnit", "Supplier", "SupplierSite", "PaymentCurrency")
                )
                by_payee.setdefault(key, []).append((invoice, unpaid(invoice)))
        paid = [one for one in by_payee.values() if sum((amount for _, amount in one), Decimal(0)) > 0]
        if paid:
            self._run_count += 1
        for parts in paid:
            self.pay(parts, at, at.date(), f"PPR {self._run_count}")
        return len(paid)

    def _related(self, row: Row, invoice: Row, amount: Decimal, rate: Decimal | None, at: datetime) -> Row:
        data = invoice.data
        return self._world.new_row(
            self._table.resource.children["relatedInvoices"],
            {
                "CheckId": row.id,
                "InvoiceId": invoice.id,
                "InvoiceNumber": data["InvoiceNumber"],
                "InvoiceBusinessUnit": data["BusinessUnit"],
                "InstallmentNumber": 1,
                "InvoiceAmount": data["InvoiceAmount"],
                "InvoiceCurrency": data["InvoiceCurrency"],
                **self._amounts(invoice, amount, rate),
            },
            at,
        )

    def _amounts(self, invoice: Row, amount: Decimal, rate: Decimal | None) -> Data:
        """Return what one payment pays of an invoice, in both currencies."""
        return {
            "AmountPaidInvoiceCurrency": amount,
            "AmountPaidPaymentCurrency": _converted(invoice, amount, rate),
            "InvoicePaymentAmount": amount,
            "CrossCurrencyRate": rate,
        }

    def _book(self, invoice: Row, amount: Decimal, at: datetime) -> None:
        data = invoice.data
        paid = _number(data["AmountPaid"]) + amount
        data["AmountPaid"] = paid
        rest = unpaid(invoice)
        is_settled = rest * _number(data["InvoiceAmount"]) <= 0
        data["PaidStatus"] = "Unpaid" if not paid else "Paid" if is_settled else "Partially paid"
        for one in invoice.of("invoiceInstallments"):
            one.data["UnpaidAmount"] = rest
        invoice.touch(at)
        self._invoices.put(invoice)


class PaymentDesk:
    """Changes payments as clients do: they can be voided and nothing else."""

    def __init__(self, world: World, payments: Payments) -> None:
        self._world = world
        self._payments = payments

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        raise AssertionError("payments are not created here")

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row, data = path[0], parsed.data
        if not (isinstance(data.get("VoidDate"), str) and isinstance(data.get("VoidAccountingDate"), str)):
            raise refused("PAYMENT_VOID_DATES", "/VoidDate")
        accounting: Data = {"VoidAccountingDate": data["VoidAccountingDate"]}
        before = row.data["VoidAccountingDate"]
        row.data |= accounting
        try:
            self._payments.void(row, self._world.now(), date.fromisoformat(str(data["VoidDate"])))
        except Exception:
            row.data["VoidAccountingDate"] = before
            raise
        return row

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("payments are never deleted")


def unpaid(invoice: Row) -> Decimal:
    """Return what is still owed of an invoice: less what was paid, and less what was withheld."""
    data = invoice.data
    return _number(data["InvoiceAmount"]) - _number(data["AmountPaid"]) - _withheld(invoice)


def _withheld(invoice: Row) -> Decimal:
    lines = (one for one in invoice.of("invoiceLines") if one.data["LineType"] == WITHHOLDING_LINE_TYPE)
    return -_sum(one.data["LineAmount"] for one in lines)


def _sum(values: Iterable[Value]) -> Decimal:
    return sum((_number(one) for one in values), Decimal(0))


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def _converted(invoice: Row, amount: Decimal, rate: Decimal | None) -> Decimal:
    """Return an amount of an invoice in the currency that it is paid in."""
    if rate is None:
        return amount
    return round(amount * rate, exponent(str(invoice.data["PaymentCurrency"])))
