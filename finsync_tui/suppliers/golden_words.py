"""A field of a golden record in a line. Pure."""

from __future__ import annotations

from typing import Any


def shown(value: Any) -> str:
    """Return a field's value in a line.

    >>> shown({"town": "Hull", "postcode": "HU1 1AA"}), shown([{"number": "GB1", "country": "GB"}, {"masked": "GB…3000"}])
    ('HU1 1AA Hull', 'GB1, GB…3000')
    """
    if isinstance(value, dict):
        parts = [value.get(name) for name in ("street", "postcode", "town", "country")]
        return " ".join(str(part) for part in parts if part)
    if isinstance(value, list):
        return ", ".join(str(one.get("number") or one.get("masked") or "") for one in value)
    return str(value)
