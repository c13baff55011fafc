"""From an invoice to the body that creates it in Payables. Pure: nothing is asked, nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion import projects
from adapters.oracle_fusion.options import Options, PayablesUnit
from adapters.oracle_fusion.outbound import CannotExpressError, cut, identifier
from store.canonical.money import Money, plain, total
from store.canonical.payables import Invoice, InvoiceLine

NUMBER_MAX: Final = 50
DESCRIPTION_MAX: Final = 240
TYPES: Final[Mapping[str, str]] = {
    "standard": "Standard",
    "credit_memo": "Credit memo",
    "debit_memo": "Debit memo",
    "prepayment": "Prepayment",
}
LINE_TYPES: Final[Mapping[str, str]] = {
    "item": "Item",
    "tax": "Tax",
    "freight": "Freight",
    "other": "Miscellaneous",
}
MARK_END: Final = " | "
"""Between our mark and the rest of a description."""
MARK: Final = re.compile(r"^(?P<mark>[^\s:|]+:[^\s|]+)(?: \| (?P<rest>.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid, as Oracle names them."""

    name: str
    number: str
    site: str


def invoice(document: Invoice, payee: Payee, options: Options) -> dict[str, Any]:
    """Return the body that creates the whole invoice: header, lines, one distribution a line with an account."""
    unit = payables_unit(document, options)
    if total((line.amount for line in document.lines), document.currency) != document.total:
        raise CannotExpressError(
            "TOTALS_DIFFER", f"the lines of invoice {document.number} do not add up to {document.total}"
        )
    if document.kind not in TYPES:
        raise CannotExpressError(
            "PAYLOAD_INVALID", f"an invoice of the kind {document.kind} cannot be created"
        )
    body: dict[str, Any] = {
        "InvoiceNumber": invoice_number(document),
        "InvoiceCurrency": document.currency,
        "InvoiceAmount": document.total.amount,
        "InvoiceDate": document.invoiced_on.isoformat(),
        "BusinessUnit": document.business_unit,
        "Supplier": payee.name,
        "SupplierSite": payee.site,
        "InvoiceType": TYPES[document.kind],
        "Description": described(document.reference, document.description),
    }
    given = {
        "InvoiceSource": document.source or options.invoice_source,
        "AccountingDate": document.accounting_on.isoformat() if document.accounting_on else None,
        "PaymentTerms": document.payment_terms or unit.payment_terms,
        "PaymentMethodCode": unit.payment_method,
        "PayGroup": unit.pay_group,
    }
    if document.currency != unit.currency:
        given["ConversionRateType"] = unit.conversion_type
        given["ConversionDate"] = (document.accounting_on or document.invoiced_on).isoformat()
    body |= {name: value for name, value in given.items() if value}
    body["invoiceLines"] = [
        {**_line(position, line), **_project(line, document, options)}
        for position, line in enumerate(document.lines, 1)
    ]
    return body


def invoice_number(document: Invoice) -> str:
    return identifier(document.number, NUMBER_MAX, "invoice number")


def payables_unit(document: Invoice, options: Options) -> PayablesUnit:
    unit = options.payables.get(document.business_unit or "")
    if unit is None:
        raise CannotExpressError(
            "MAPPING_MISSING",
            f"business unit {document.business_unit!r} has no entry under payables of this system",
        )
    return unit


def described(mark: str | None, description: str) -> str:
    """Return a description that begins with our mark.

    >>> described("concur:R1", "Travel  to Oslo"), described(None, "Paper")
    ('concur:R1 | Travel to Oslo', 'Paper')
    """
    if mark is None:
        return cut(description, DESCRIPTION_MAX)
    if MARK.match(mark) is None or MARK_END in mark:
        raise CannotExpressError("PAYLOAD_INVALID", f"the mark {mark!r} is not a word like concur:1234")
    return cut(f"{mark}{MARK_END}{description}" if description.strip() else mark, DESCRIPTION_MAX)


def split_description(text: str) -> tuple[str | None, str]:
    """Return mark and rest of a description; one that we did not write has no mark.

    >>> split_description("concur:R1 | Travel to Oslo"), split_description("Paper | blue")
    (('concur:R1', 'Travel to Oslo'), (None, 'Paper | blue'))
    """
    found = MARK.match(text)
    return (found["mark"], found["rest"] or "") if found else (None, text)


def accounts(line: InvoiceLine) -> list[tuple[str, Money]]:
    """Return which account bears how much of a line; together it is the whole line."""
    parts = [(one.account, one.amount) for one in line.distributions]
    if not parts and line.account is not None:
        parts = [(line.account, line.amount)]
    if not parts:
        raise CannotExpressError("ACCOUNT_INVALID", f"line {line.number} has neither an account nor an order")
    if total((amount for _, amount in parts), line.amount.currency) != line.amount:
        raise CannotExpressError(
            "TOTALS_DIFFER", f"the distributions of line {line.number} do not add up to {line.amount}"
        )
    return parts


def _project(line: InvoiceLine, document: Invoice, options: Options) -> dict[str, Any]:
    """What matches an order has its project from there, and tax that comes back is no project's."""
    if line.order_number is not None:
        return {}
    try:
        coded = projects.of_line((account for account, _ in accounts(line)), document.invoiced_on, options)
    except projects.UncodedError as error:
        raise CannotExpressError("MAPPING_MISSING", f"line {line.number}: {error}") from None
    return {"invoiceLineProjectDff": coded} if coded is not None else {}


def _line(position: int, line: InvoiceLine) -> dict[str, Any]:
    kind = LINE_TYPES[line.kind]
    body: dict[str, Any] = {
        "LineNumber": int(line.number) if line.number.isdigit() else position,
        "LineType": kind,
        "LineAmount": line.amount.amount,
        "Description": described(None, line.description),
    }
    if line.quantity is not None and line.unit_price is not None:
        body |= {"Quantity": _exact(line.quantity), "UnitPrice": _exact(line.unit_price)}
    if line.tax_code:
        body["TaxClassification"] = line.tax_code
    if line.order_number is not None:
        body["PurchaseOrderNumber"] = line.order_number
        if line.order_line is not None:
            body |= {
                "PurchaseOrderLineNumber": Decimal(line.order_line),
                "PurchaseOrderScheduleLineNumber": 1,
            }
        if line.receipt_number is not None:
            body["ReceiptNumber"] = line.receipt_number
    else:
        body["invoiceDistributions"] = [
            {
                "DistributionLineNumber": number,
                "DistributionLineType": kind,
                "DistributionAmount": amount.amount,
                "DistributionCombination": account,
            }
            for number, (account, amount) in enumerate(accounts(line), 1)
        ]
    return body


def _exact(value: Decimal) -> Decimal:
    return Decimal(plain(value))
