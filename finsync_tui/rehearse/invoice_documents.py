"""Invoices as Coupa shows them: one function, in Coupa's own names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.simulation import Document
from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.documents import TERMS, AccountKey
from finsync_tui.rehearse.invoice_shapes import Bill, BillLine
from finsync_tui.rehearse.shapes import Company
from store.canonical.money import plain

UNKNOWN_ORDER: Final = "199999"
_EU: Final = frozenset({"DE", "FR"})


def invoice(
    company: Company, bill: Bill, accounts: Mapping[AccountKey, int], order_lines: Mapping[str, int]
) -> Document:
    """Return the invoice as it is entered. `order_lines` are Coupa's ids of the order's lines, by number."""
    buyer, supplier = company.legal_entities[bill.legal_entity], company.suppliers[bill.supplier]
    # A header has room for one code only.
    is_by_line = buyer.country in catalogue.LINE_TAXED or len({one.tax_code for one in bill.lines}) > 1
    document: Document = {
        "id": bill.invoice_id,
        "invoice-number": bill.number,
        "invoice-date": bill.dated.isoformat(),
        "document-type": "Credit Note" if bill.kind == "credit" else "Invoice",
        "original-invoice-number": bill.original,
        "status": "pending_approval",
        "supplier": {"number": supplier.number},
        "account-type": {"name": buyer.chart},
        "currency": {"code": bill.currency},
        "payment-term": {"code": list(TERMS)[bill.invoice_id % len(TERMS)]},
        "ship-to-address": {"country": {"code": buyer.country}},
        "ship-from-address": {"country": {"code": supplier.country}},
        "line-level-taxation": is_by_line,
        "invoice-lines": [
            _line(bill, n, one, accounts, order_lines, is_by_line=is_by_line)
            for n, one in enumerate(bill.lines, 1)
        ],
        "custom-fields": {"cf-erp-invoice-number": None, "cf-erp-status": None},
    }
    if supplier.country in _EU:
        document["supplier-tax-registration"] = {
            "number": supplier.tax_id,
            "country": {"code": supplier.country},
        }
    if is_by_line:
        if bill.freight:
            document["invoice-charges"] = [
                {"type": "InvoiceShippingCharge", "total": f"{bill.freight:.2f}",
                 "tax-lines": [_tax(bill.freight_code, _charged(bill.freight_code, bill.freight))]}
            ]  # fmt: skip
    else:
        document["tax-lines"] = [_tax(bill.freight_code, bill.tax)]
        if bill.freight:
            document["shipping-amount"] = f"{bill.freight:.2f}"
    return document


def _line(
    bill: Bill,
    number: int,
    one: BillLine,
    accounts: Mapping[AccountKey, int],
    order_lines: Mapping[str, int],
    *,
    is_by_line: bool,
) -> Document:
    line = one.what
    document: Document = {
        "line-num": number,
        "type": "InvoiceAmountLine" if line.quantity is None else "InvoiceQuantityLine",
        "description": line.description,
        "quantity": None if line.quantity is None else plain(line.quantity),
        "price": plain(line.price),
        "total": f"{one.amount:.2f}",
        "currency": {"code": bill.currency},
        "uom": None if line.uom is None else {"code": line.uom},
        "commodity": {"name": line.commodity},
        **_coding(bill, one, accounts),
    }
    if bill.order_number_shown is not None:
        document |= {"po-number": bill.order_number_shown, "order-line-num": str(line.number)}
    elif bill.order is not None:
        document["order-line-id"] = order_lines[str(line.number)]
    if is_by_line:
        error = bill.tax_error if number == 1 else Decimal(0)
        document["tax-lines"] = [_tax(one.tax_code, _charged(one.tax_code, one.amount) + error)]
    return document


def _coding(bill: Bill, one: BillLine, accounts: Mapping[AccountKey, int]) -> dict[str, Any]:
    splits = one.what.splits
    refs = [{"id": accounts[bill.legal_entity, part.cost_centre, part.account]} for part in splits]
    if len(refs) == 1:
        return {"account": refs[0], "account-allocations": []}
    shares = zip(refs, splits, one.what.shares(), strict=True)
    return {
        "account": None,
        "account-allocations": [
            {"account": ref, "pct": f"{split.percent:.10f}", "amount": f"{share:.4f}"}
            for ref, split, share in shares
        ],
    }


def _charged(code: str, net: Decimal) -> Decimal:
    known = catalogue.TAX_CODES.get(code)
    return known.on(net) if known is not None else Decimal(0)


def _tax(code: str, amount: Decimal) -> Document:
    known = catalogue.TAX_CODES.get(code)
    rate = Decimal(0) if known is None or known.is_reverse_charge else known.rate
    return {"amount": f"{amount:.4f}", "rate": plain(rate), "code": code}
