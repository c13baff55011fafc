"""Our decisions as Coupa takes them. Pure.

A write-back touches custom fields only: any other attribute of an order would make a new supplier version,
send the order again and clear its export flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.coupa.options import Options
from store.canonical.money import plain


def write_back(entity: str, fields: Mapping[str, str], options: Options) -> dict[str, str]:
    """Return the custom fields to set: Coupa's names for our logical ones. KeyError names one that is not
    configured.

    >>> write_back("purchase_order", {"erp_number": "300200"}, Options())
    {'cf-erp-po-number': '300200'}
    """
    names = options.fields_of(entity)
    return {names[logical]: value for logical, value in fields.items()}


def body(custom_fields: Mapping[str, str]) -> dict[str, Any]:
    return {"custom-fields": dict(custom_fields)}


def payment(amount: Decimal, paid_on: date, note: str) -> dict[str, str]:
    """Return one payment as it is appended.

    >>> payment(Decimal("500.00"), date(2026, 2, 20), "CHK-100233")
    {'amount-paid': '500', 'payment-date': '2026-02-20T00:00:00Z', 'notes': 'CHK-100233'}
    """
    return {"amount-paid": plain(amount), "payment-date": midnight(paid_on), "notes": note}


def paid(is_paid: bool, paid_on: date, note: str) -> dict[str, Any]:
    """Return what is overwritten when a payment is told: may it be seen as paid, when, by what."""
    return {"paid": is_paid, "payment-date": midnight(paid_on), "payment-notes": note}


def midnight(on: date) -> str:
    """Return a day as Coupa takes it, with its zone: without one it would be taken for the same."""
    return f"{on.isoformat()}T00:00:00Z"


def differences(asked: Mapping[str, str], shown: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Return the fields that do not show what we asked for, with what they show.

    >>> differences({"cf-a": "1", "cf-b": "2"}, {"cf-a": "1", "cf-b": None})
    {'cf-b': None}
    """
    held = shown or {}
    return {name: _text(held.get(name)) for name, value in asked.items() if _text(held.get(name)) != value}


def _text(value: Any) -> str | None:
    if isinstance(value, dict):  # a lookup field shows its value as an object
        value = value.get("name")
    return None if value is None else str(value)
