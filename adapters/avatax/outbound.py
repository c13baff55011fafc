"""A question about tax as AvaTax takes it: always an unsaved PurchaseOrder. Pure."""

from __future__ import annotations

from typing import Any, Final

from adapters.avatax.options import CODE_LENGTH_MAX, Options
from store.canonical.money import Money
from store.canonical.tax import TaxAddress, TaxQuestion, TaxQuestionLine

UNSAVED: Final = "PurchaseOrder"
"""The type that AvaTax calculates and forgets."""
INCLUDE: Final = "Lines,Details,AccountPayableSalesTaxDetails"
_ESCAPES: Final = {
    "/": "_-ava2f-_",
    "+": "_-ava2b-_",
    "?": "_-ava3f-_",
    "%": "_-ava25-_",
    "#": "_-ava23-_",
}
_LENGTHS: Final = {
    "number": 50,
    "taxCode": 25,
    "itemCode": 50,
    "hsCode": 25,
    "revenueAccount": 50,
    "ref1": 250,
    "ref2": 250,
}
"""How long AvaTax lets the keys of a line be."""
DESCRIPTION_LENGTH_MAX: Final = 255


class DoesNotFitError(ValueError):
    """A question is larger than AvaTax takes."""


def escaped(code: str) -> str:
    """Return a code as it stands in a path: some characters have spellings of AvaTax's own.

    >>> escaped("INV/2026#1+50%")
    'INV_-ava2f-_2026_-ava23-_1_-ava2b-_50_-ava25-_'
    """
    return "".join(_ESCAPES.get(character, character) for character in code)


def code_of(question: TaxQuestion) -> str:
    """Return the code a question goes under: ours, so that it is never that of a document anybody filed."""
    return f"finsync-{question.digest()[:32]}"


def transaction(question: TaxQuestion, options: Options) -> dict[str, Any]:
    """Return the body of the question; raise DoesNotFitError where it is too large."""
    if len(question.lines) > options.lines_max:
        raise DoesNotFitError(
            f"it has {len(question.lines):,} lines, and {options.lines_max:,} may be asked at once"
        )
    _check("the supplier's number", question.supplier.number, CODE_LENGTH_MAX)
    _check("the order's number", question.order_number, CODE_LENGTH_MAX)
    _check("the VAT number", _plain_vat(question), 25)
    addresses = {
        "shipFrom": _address(question.ship_from or options.ship_from),
        "shipTo": _address(question.ship_to or options.ship_to),
    }
    body = {
        "type": UNSAVED,
        "companyCode": options.company(question.legal_entity),
        "code": code_of(question),
        "date": question.taxed_on.isoformat(),
        "customerCode": question.supplier.number,
        "purchaseOrderNo": question.order_number,
        "referenceCode": question.document,
        "currencyCode": question.currency,
        "entityUseCode": question.entity_use,
        "exemptionNo": question.exemption,
        "businessIdentificationNo": _plain_vat(question),
        "addresses": _filled(addresses),
        "lines": [_line(question, line, options) for line in question.lines],
        "commit": False,
    }
    if all(line.charged is None for line in question.lines):
        body["taxOverride"] = _charged(question.charged_total())
    return _filled(body)


def _line(question: TaxQuestion, line: TaxQuestionLine, options: Options) -> dict[str, Any]:
    addresses: dict[str, Any] = {}
    if line.ship_from or line.ship_to:  # a line with addresses of its own takes none from its document
        addresses = _filled(
            {
                "shipFrom": _address(line.ship_from or question.ship_from or options.ship_from),
                "shipTo": _address(line.ship_to or question.ship_to or options.ship_to),
            }
        )
    sent = _filled(
        {
            "number": line.number,
            "quantity": 1 if line.quantity is None else line.quantity,
            "amount": line.amount.amount,
            "taxCode": options.sent_code(line.tax_code),
            "itemCode": line.item,
            "hsCode": line.hs_code,
            "description": line.description[:DESCRIPTION_LENGTH_MAX] or None,
            "revenueAccount": line.account,
            "ref1": line.cost_centre,
            "ref2": f"{question.document}#{line.number}",
            "addresses": addresses or None,
            "taxOverride": None if line.charged is None else _charged(line.charged),
        }
    )
    for name, length in _LENGTHS.items():
        _check(f"line {line.number}: {name}", sent.get(name), length)
    return sent


def _charged(tax: Money) -> dict[str, Any]:
    return {"type": "VendorChargedTax", "taxAmount": tax.amount, "reason": "Tax on the supplier's document"}


def _address(address: TaxAddress | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return _filled(
        {
            "line1": address.line1[:50] if address.line1 else None,
            "city": address.city[:50] if address.city else None,
            "region": address.region,
            "country": address.country,
            "postalCode": address.postal_code,
        }
    )


def _plain_vat(question: TaxQuestion) -> str | None:
    """Return the supplier's VAT number without blanks and dots."""
    given = question.supplier.vat_number
    return "".join(c for c in given if c.isalnum()).upper() or None if given else None


def _check(what: str, value: str | None, length: int) -> None:
    if value is not None and len(value) > length:
        raise DoesNotFitError(f"{what} is longer than {length} characters")


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
