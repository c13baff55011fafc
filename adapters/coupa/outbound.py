"""Our decisions as Coupa takes them. Pure.

A write-back touches custom fields only: any other attribute of an order would make a new supplier version,
send the order again and clear its export flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.coupa.options import Options


def write_back(fields: Mapping[str, str], options: Options) -> dict[str, str]:
    """Return the custom fields to set: Coupa's names for our logical ones. KeyError names one that is not
    configured.

    >>> write_back({"erp_number": "300200"}, Options())
    {'cf-erp-po-number': '300200'}
    """
    return {options.custom_fields[logical]: value for logical, value in fields.items()}


def body(custom_fields: Mapping[str, str]) -> dict[str, Any]:
    return {"custom-fields": dict(custom_fields)}


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
