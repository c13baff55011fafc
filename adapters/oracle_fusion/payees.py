"""Who an invoice pays, as Oracle names them. Employees are suppliers whose number is the employee number."""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Children, expand, quoted
from adapters.oracle_fusion.outbound_invoice import Payee
from adapters.oracle_fusion.requests import refused
from store.canonical.payables import Invoice

SITES: Final[Children] = {"sites": {}}


class Payees:
    """Payees of one instance."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def find(self, document: Invoice, default_site: str | None) -> Payee:
        """Return the payee, with the site that is paid in the invoice's business unit."""
        supplier = await self._supplier(document)
        named = document.supplier_number or supplier.Supplier
        active = [one for one in wire.rows(supplier.sites) if (one.Status or "ACTIVE").upper() == "ACTIVE"]
        # A unit may also be served by another unit's site: which ones, Oracle knows best.
        sites = [one for one in active if one.ProcurementBU in (None, document.business_unit)] or active
        wanted = document.supplier_site or (default_site if len(sites) > 1 else None)
        if wanted is not None:
            sites = [one for one in sites if one.SupplierSite == wanted]
        if len(sites) != 1 or sites[0].SupplierSite is None:
            found = f"{len(sites)} active sites" + (f" named {wanted}" if wanted else "")
            raise refused(
                self._api.system,
                "SUPPLIER_AMBIGUOUS" if len(sites) > 1 else "SUPPLIER_INACTIVE",
                f"payee {named} has {found} in business unit {document.business_unit}, and the invoice needs one. Nothing was "
                "sent. Name the site on the invoice or as employee_site, or make one site active",
            )
        return Payee(supplier.Supplier, supplier.SupplierNumber or "", sites[0].SupplierSite)

    async def _supplier(self, document: Invoice) -> wire.Supplier:
        number, name = document.supplier_number, document.supplier_name
        if not number and not name:
            raise refused(self._api.system, "PAYLOAD_INVALID", f"invoice {document.number} names no payee")
        condition = f"SupplierNumber = {quoted(number)}" if number else f"Supplier = {quoted(name or '')}"
        params = {"q": condition, "orderBy": "SupplierId:asc", "expand": expand(SITES), "links": "self"}
        rows = [
            msgspec.convert(
                await self._api.complete(wire.decode_any(row), SITES), wire.Supplier, strict=False
            )
            for row in await self._api.rows("suppliers", params)
        ]
        if not rows:
            raise refused(
                self._api.system,
                "SUPPLIER_UNKNOWN",
                f"no supplier in Oracle has the {'number' if number else 'name'} {number or name}; an employee is paid as the "
                "supplier that bears the employee number. Nothing was sent. Create the supplier, then retry",
            )
        found = rows[0]
        if (found.Status or "ACTIVE").upper() != "ACTIVE":
            raise refused(
                self._api.system,
                "SUPPLIER_INACTIVE",
                f"supplier {found.Supplier} ({found.SupplierNumber}) is inactive in Oracle. Nothing was sent",
            )
        return found
