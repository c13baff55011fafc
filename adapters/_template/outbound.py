"""Our decisions as the system takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def write_back(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that sets the ERP's number on an order.

    >>> write_back({"erp_number": "300200", "erp_status": "Open"})
    {'erpNumber': '300200'}
    """
    return {"erpNumber": fields["erp_number"]}
