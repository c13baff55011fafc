"""Coupa's invoice or credit note to ours. Pure.

Coupa keeps what is bought, charges and tax apart; here they are lines of their own, so that the lines add up to what
is owed. Tax stands on the header or on the lines, as `line-level-taxation` says; a tax line of a line names it in
`reference`. A credit note's amounts are negative here, whichever sign the instance writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapters.base import Translated
from adapters.coupa import wire
from adapters.coupa.inbound_amounts import (
    Priced,
    Unit,
    check_numbers,
    check_total,
    common_unit,
    distributions,
    line_amount,
    line_number,
    minor_units,
)
from adapters.coupa.inbound_parts import Unfit, custom_field, day, number, text
from adapters.coupa.options import Options
from adapters.coupa.wire_invoice import Charge, Invoice, InvoiceLine, PaymentRecord, TaxLine, payment_records
from store.canonical import payables
from store.canonical.money import plain

COUNTRY = re.compile("[A-Z]{2}")
STATUS = {
    "new": "draft",
    "draft": "draft",
    "save_as_draft": "draft",
    "processing": "draft",
    "pending_action": "draft",
    "invalid": "draft",
    "pending_approval": "pending_approval",
    "pending_receipt": "on_hold",
    "on_hold": "on_hold",
    "ap_hold": "on_hold",
    "booking_hold": "on_hold",
    "disputed": "on_hold",
    "payable_adjustment": "on_hold",
    "approved": "approved",
    "rejected": "rejected",
    "abandoned": "cancelled",
    "voided": "cancelled",
}
_KINDS = {"invoice": "standard", "credit note": "credit_memo"}
_CHARGES = {
    "InvoiceShippingCharge": ("freight", "shipping"),
    "InvoiceHandlingCharge": ("other", "handling"),
    "InvoiceMiscCharge": ("other", "misc"),
}
ERP_CHANNEL = "ERP"
"""The payment channel of invoices that somebody else pays: the usual one."""

_invoice = payables.Invoice.model_validate


def invoice(document: Invoice, options: Options) -> Translated:
    """Return the invoice, or raise Unfit with the place and the reason."""
    if not (document.invoice_number or "").strip():
        raise Unfit("$.invoice-number", "the invoice has no number")
    status = STATUS.get(document.status or "")
    if status is None:
        raise Unfit("$.status", f"the status {document.status!r} of an invoice is not one we know")
    invoiced_on = day(document.invoice_date, "$.invoice-date")
    if invoiced_on is None:
        raise Unfit("$.invoice-date", "the invoice has no date")
    if document.invoice_lines is None and status == "approved":
        raise Unfit("$.invoice-lines", "the invoice comes without its lines")
    unit = common_unit(
        document.currency,
        ((f"$.invoice-lines[{n}]", line.currency) for n, line in enumerate(document.invoice_lines or ())),
        "invoice",
    )
    lines = _lines(document, unit, options)
    check_numbers(
        (f"$.invoice-lines[{n}]", one["number"]) for n, one in enumerate(lines) if one["kind"] == "item"
    )
    total = sum([line["amount"]["amount_minor"] for line in lines])
    _check_totals(document, total, unit, status)
    kind = _KINDS.get((document.document_type or "Invoice").lower(), "other")
    if kind == "credit_memo" and total > 0:
        total = -total
        lines = [_turned(line) for line in lines]
    channel = document.payment_channel
    record = _invoice(
        {
            "number": document.invoice_number,
            "kind": kind,
            "status": status,
            "currency": unit.currency,
            "total": unit.money(total),
            "tax": unit.money(sum([x["amount"]["amount_minor"] for x in lines if x["kind"] == "tax"])),
            "invoiced_on": invoiced_on,
            "due_on": day(document.net_due_date, "$.net-due-date"),
            "original_number": document.original_invoice_number,
            "payment_terms": document.payment_term.code if document.payment_term else None,
            "payment_channel": channel if channel and channel.upper() != ERP_CHANNEL else None,
            "tolerance_failures": _failures(document),
            "holds": _holds(document, status),
            **_parties(document),
            **_told(document, unit, options),
            "lines": tuple(lines),
        }
    )
    by = document.updated_by
    return Translated(str(document.id), record, None, document.updated_at, by.login if by else None)


def _lines(document: Invoice, unit: Unit, options: Options) -> list[dict[str, Any]]:
    """Return items, charges and taxes, in this order: what was bought keeps its numbers."""
    chart = document.account_type.name if document.account_type else None
    is_by_line = bool(document.line_level_taxation)
    lines: list[dict[str, Any]] = []
    taxes: list[dict[str, Any]] = []
    for n, line in enumerate(document.invoice_lines or ()):
        path = f"$.invoice-lines[{n}]"
        item = _item(line, unit, path, options)
        if is_by_line:
            taxes += _taxed(item, list(_taxes(line, item["number"], unit, path)), unit)
        lines.append(item)
    for n, charge in enumerate(_charges(document)):
        path = f"$.invoice-charges[{n}]"
        number_ = f"C{n + 1}"
        made = _charge(charge, number_, unit, path, options)
        own = _tax_lines(charge.tax_lines, number_, unit, path)
        taxes += _taxed(made, own, unit) if is_by_line else own
        lines.append(made)
    if not is_by_line:
        taxes += _taxes(document, None, unit, "$")
    lines += taxes
    for one in lines:
        for part in one["distributions"]:
            part["chart"] = part["chart"] or chart
    return lines


def _taxed(line: dict[str, Any], own: list[dict[str, Any]], unit: Unit) -> list[dict[str, Any]]:
    """Let a line say the tax that was charged on it, none where it has none, and return its tax lines."""
    line["tax"] = unit.money(sum([tax["amount"]["amount_minor"] for tax in own]))
    return own


def _item(line: InvoiceLine, unit: Unit, path: str, options: Options) -> dict[str, Any]:
    for value in (line.quantity, line.price):
        if value is not None:
            number(value, path)
    is_by_amount = line.type == "InvoiceAmountLine"
    price = Priced(line.quantity, line.price, line.total, is_by_amount)
    minor = line_amount(price, unit, path)
    parts = distributions(line.account, line.account_allocations, line.period, minor, unit, path, options)
    code = line.tax_code.code if line.tax_code else None
    return {
        "number": line_number(line.line_num, None, path),
        "kind": "item",
        "amount": unit.money(minor),
        "description": line.description or "",
        "account": parts[0]["account"] if len(parts) == 1 else None,
        "distributions": parts,
        "quantity": None if is_by_amount else line.quantity,
        "unit_price": None if is_by_amount else line.price,
        "uom": line.uom.code if line.uom else None,
        "category": line.commodity.name if line.commodity else None,
        "order_number": line.po_number or line.order_header_num or None,
        "order_line": str(line.order_line_num) if line.order_line_num not in (None, "") else None,
        "tax_code": code,
        "tax_rate_percent": _rate(line.tax_rate, f"{path}.tax-rate"),
    }


def _charges(document: Invoice) -> list[Charge]:
    """Return the charges; where they are stated as sums on the header only, one for each sum."""
    if document.invoice_charges:
        return document.invoice_charges
    sums = (
        ("InvoiceShippingCharge", document.shipping_amount),
        ("InvoiceHandlingCharge", document.handling_amount),
        ("InvoiceMiscCharge", document.misc_amount),
    )
    return [Charge(type=type_, total=amount) for type_, amount in sums if amount]


def _charge(charge: Charge, number_: str, unit: Unit, path: str, options: Options) -> dict[str, Any]:
    kind, word = _CHARGES.get(charge.type or "", ("other", charge.type or "charge"))
    if charge.total is None:
        raise Unfit(f"{path}.total", "the charge has no amount")
    minor = minor_units(charge.total, unit, f"{path}.total")
    parts = distributions(
        charge.account, charge.account_allocations, charge.period, minor, unit, path, options
    )
    return {
        "number": number_,
        "kind": kind,
        "amount": unit.money(minor),
        "description": charge.description or word,
        "account": parts[0]["account"] if len(parts) == 1 else None,
        "distributions": parts,
    }


def _taxes(taxed: Invoice | InvoiceLine, of: str | None, unit: Unit, path: str) -> Iterator[dict[str, Any]]:
    """Walk the taxes of a header or a line: the tax lines where there are any, else the one amount."""
    amount = taxed.tax_amount
    if taxed.tax_lines:
        lines = _tax_lines(taxed.tax_lines, of, unit, path)
        if amount is not None:
            added = sum([line["amount"]["amount_minor"] for line in lines])
            stated = minor_units(amount, unit, f"{path}.tax-amount")
            if stated not in (added, 0):
                raise Unfit(
                    f"{path}.tax-amount",
                    f"totals: the tax is said to be {plain(amount)}, its lines add up to {unit.shown(added)}",
                )
        yield from lines
    elif amount:
        yield _tax(
            1,
            of,
            unit.money(minor_units(amount, unit, f"{path}.tax-amount")),
            taxed.tax_code.code if taxed.tax_code else None,
            _rate(taxed.tax_rate, f"{path}.tax-rate"),
        )


def _tax_lines(found: list[TaxLine] | None, of: str | None, unit: Unit, path: str) -> list[dict[str, Any]]:
    taxes = []
    for n, tax in enumerate(found or ()):
        place = f"{path}.tax-lines[{n}]"
        if tax.amount is None:
            raise Unfit(f"{place}.amount", "the tax has no amount")
        code = (tax.tax_code.code if tax.tax_code else None) or tax.code
        amount = unit.money(minor_units(tax.amount, unit, f"{place}.amount"))
        taxes.append(_tax(n + 1, of, amount, code, _rate(tax.rate, f"{place}.rate"), tax.description))
    return taxes


def _tax(
    n: int,
    of: str | None,
    amount: dict[str, Any],
    code: str | None,
    rate: Decimal | None,
    description: str | None = None,
) -> dict[str, Any]:
    return {
        "number": f"{of or ''}T{n}",
        "kind": "tax",
        "amount": amount,
        "description": description or code or "tax",
        "distributions": (),
        "tax_code": code,
        "tax_rate_percent": rate,
        "reference": of,
    }


def _rate(rate: Decimal | None, path: str) -> Decimal | None:
    return None if rate is None else number(rate, path)


def _turned(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line of a credit note that was written with positive amounts."""
    turned = dict(line)
    for name in ("amount", "tax"):
        if line.get(name) is not None:
            turned[name] = line[name] | {"amount_minor": -line[name]["amount_minor"]}
    if line.get("quantity") is not None:
        turned["quantity"] = -line["quantity"]
    turned["distributions"] = tuple(
        [
            part | {"amount": part["amount"] | {"amount_minor": -part["amount"]["amount_minor"]}}
            for part in line["distributions"]
        ]
    )
    return turned


def _check_totals(document: Invoice, total: int, unit: Unit, status: str) -> None:
    """Compare with what Coupa adds up. While somebody works on it, a draft may be anything; what has ended may have lost its lines."""
    if status in ("draft", "on_hold") or (status != "approved" and not document.invoice_lines):
        return
    check_total(document.total_with_taxes, total, unit, "$.total-with-taxes", "invoice")
    check_total(document.gross_total, total, unit, "$.gross-total", "invoice")


def _failures(document: Invoice) -> tuple[str, ...]:
    """Return what Coupa found out of tolerance and nobody has settled yet."""
    found = []
    for one in document.failed_tolerances or ():
        if one.code and not one.resolved:
            limit = f" (limit {one.breach_limit})" if one.breach_limit else ""
            found.append(f"{one.code}: {one.breach_amount}{limit}" if one.breach_amount else one.code)
    if not found and document.failed_tolerances is None and document.tolerance_failures:
        found = [document.tolerance_failures]
    return tuple(dict.fromkeys(found))


def _holds(document: Invoice, status: str) -> tuple[str, ...]:
    if status != "on_hold" or not document.status:
        return ()
    reasons = [one.code for one in document.dispute_reasons or () if one.code]
    return tuple(dict.fromkeys([document.status, *reasons]))


def _parties(document: Invoice) -> dict[str, Any]:
    supplier, site = document.supplier, document.supplier_site
    seller, buyer = document.supplier_tax_registration, document.buyer_tax_registration
    return {
        "supplier_id": text(supplier.id) if supplier else None,
        "supplier_number": supplier.number if supplier else None,
        "supplier_name": supplier.name if supplier else None,
        "supplier_site": site.code if site else None,
        "supplier_tax_number": seller.number if seller else None,
        "buyer_tax_number": buyer.number if buyer else None,
        **_place("ship_from", document.ship_from_address, document.remit_to_address),
        **_place("ship_to", document.ship_to_address, document.bill_to_address),
    }


def _place(name: str, *addresses: wire.Address | None) -> dict[str, Any]:
    """Return where it leaves or arrives, by the first address that names a country, and all that it says."""
    found = next((a for a in addresses if a and a.country and a.country.code), None)
    country = found.country.code if found and found.country else None
    whole = None
    if found is not None and country is not None and COUNTRY.fullmatch(country):
        whole = {
            "country": country,
            "region": _region(found),
            "city": found.city,
            "postal_code": found.postal_code,
            "line1": found.street1,
        }
    return {f"{name}_country": country, name: whole}


def _region(address: wire.Address) -> str | None:
    """Return the state as its country's post writes it: of `US-CA` what follows the country."""
    code = (address.state_iso_code or "").rpartition("-")[2]
    return code or address.state or None


def _told(document: Invoice, unit: Unit, options: Options) -> dict[str, Any]:
    """Return what we, or others, wrote into the invoice about the ERP and about payments."""
    fields = options.fields_of("invoice")
    payments = [
        _payment(one, unit, f"$.payments[{n}]") for n, one in enumerate(payment_records(document.payments))
    ]
    told: dict[str, Any] = {
        "target_number": custom_field(document.custom_fields, fields, "erp_number"),
        "target_status": custom_field(document.custom_fields, fields, "erp_status"),
        "recorded_payments": tuple(payments),
        "is_marked_paid": bool(document.paid),
    }
    channel = document.payment_channel
    if channel and channel.upper() != ERP_CHANNEL:  # Coupa pays it itself, so this is no echo of ours
        paid = sum([one["amount"]["amount_minor"] for one in payments])
        told["paid"] = unit.money(paid)
        told["paid_status"] = "paid" if document.paid else "partly_paid" if paid else "unpaid"
    return told


def _payment(one: PaymentRecord, unit: Unit, path: str) -> dict[str, Any]:
    if one.amount_paid is None:
        raise Unfit(f"{path}.amount-paid", "the payment has no amount")
    return {
        "id": text(one.id),
        "amount": unit.money(minor_units(one.amount_paid, unit, f"{path}.amount-paid")),
        "paid_on": day(one.payment_date, f"{path}.payment-date"),
        "note": one.notes or "",
    }
