"""Suppliers and their sites in Oracle: create, change, several in one batch; and whether that has been done already.

A name is unique there, so it is the natural key; a tax number that says otherwise is a person's matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
import pydantic

from adapters.base import Receipt, WriteRequest, not_these
from adapters.errors import RejectedError
from adapters.extended import with_extended
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, Params, is_id, one_of, quoted
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import CannotExpressError
from adapters.oracle_fusion.outbound_supplier import (
    ADDRESS_NAME,
    FIELDS,
    NewSite,
    address,
    address_changes,
    is_over,
    site,
    supplier,
    supplier_changes,
    tax_told,
)
from adapters.oracle_fusion.requests import document, refused, text_of
from adapters.paging import chunks
from adapters.tax_numbers import receipt_part
from store.canonical import tax_kinds
from store.canonical.supplier import Supplier

RESOURCE: Final = "suppliers"
LOAD_MAX: Final = 50
"""Suppliers in one batch: all of them or none."""
NAMES_MAX: Final = 20


class Suppliers:
    """Writes of suppliers to one instance."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options
        self.writers: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt]]]] = {
            "supplier.create": self._create,
            "supplier.change": self._change,
            "supplier.load": self._load,
            "supplier_site.create": self._create_site,
            "supplier_site.close": self._close_site,
        }
        self.finders: Final[Mapping[str, Callable[[WriteRequest], Awaitable[Receipt | None]]]] = {
            "supplier.create": self._find_created,
            "supplier.change": self._find_changed,
            "supplier.load": self._find_loaded,
            "supplier_site.create": self._find_site,
            "supplier_site.close": self._find_closed_site,
        }

    # -- create

    async def _create(self, request: WriteRequest) -> Receipt:
        wanted = self._supplier(request)
        body = with_extended(supplier(wanted, self._options), request)
        known = await self._find_created(request)
        if known is not None:
            return known
        upserts = self._options.upserts_suppliers
        answer = await self._api.create(RESOURCE, body, expects=(200, 201), upserts=upserts)
        return _receipt(answer.decode(wire.Supplier), answer=_told(wanted))

    async def _find_created(self, request: WriteRequest) -> Receipt | None:
        wanted = self._supplier(request)
        found = (await self._named([wanted])).get(wanted.name)
        others = not_these(request)
        if found is None:
            await self._refuse_registered(wanted, others)
            return None
        if str(found.SupplierId) in others:
            raise refused(
                self._api.system,
                "SUPPLIER_AMBIGUOUS",
                f"{wanted.name} is in Oracle as {found.SupplierNumber}, of which a person said that it is another, and a name stands "
                "there only once. Nothing was sent. Give the new one a name of its own",
            )
        return _receipt(found, was_found=True)

    async def _refuse_registered(self, wanted: Supplier, others: frozenset[str]) -> None:
        """Refuse what is there under another name with its tax number: somebody made it meanwhile."""
        if wanted.kind == "employee":
            return
        for number in sorted({one.number for one in wanted.tax_registrations}):
            for one in await self._rows(f"TaxpayerId = {quoted(number)}"):
                is_employee = wire.words(one.SupplierTypeCode) == wire.EMPLOYEE
                is_other = str(one.SupplierId) in others or one.Status == "INACTIVE"
                if is_employee or is_other or not tax_kinds.agree(wanted.tax_keys(), _tax_keys(one, wanted)):
                    continue
                raise refused(
                    self._api.system,
                    "SUPPLIER_DUPLICATE_POSSIBLE",
                    f"the tax number of {wanted.name} is in Oracle already, with {one.SupplierNumber} {one.Supplier}. Nothing was sent",
                )

    async def _named(self, wanted: Sequence[Supplier]) -> dict[str, wire.Supplier]:
        """Return those that are there already, by name; one with another tax number is refused."""
        found: dict[str, wire.Supplier] = {}
        by_name = {one.name: one for one in wanted}
        for part in chunks(list(by_name), NAMES_MAX):
            for one in await self._rows(one_of("Supplier", part, is_number=False)):
                if one.Supplier in by_name:
                    self._refuse_other(by_name[one.Supplier], one)
                    found[one.Supplier] = one
        return found

    def _refuse_other(self, wanted: Supplier, found: wire.Supplier) -> None:
        if (wire.words(found.SupplierTypeCode) == wire.EMPLOYEE) != (wanted.kind == "employee"):
            known = "an employee" if wanted.kind != "employee" else "a company"
            raise refused(
                self._api.system,
                "SUPPLIER_AMBIGUOUS",
                f"{wanted.name} is in Oracle as {found.SupplierNumber}, {known}, and a name stands there only once. Nothing was "
                "sent. Give the new one a name of its own",
            )
        if tax_kinds.contradict(wanted.tax_keys(), _tax_keys(found, wanted)):
            raise refused(
                self._api.system,
                "SUPPLIER_AMBIGUOUS",
                f"supplier {wanted.name} is in Oracle as {found.SupplierNumber} with another tax number. Nothing was sent. Say "
                "which of them it is, or give the new one a name of its own",
            )

    # -- change

    async def _change(self, request: WriteRequest) -> Receipt:
        found, changes = await self._plan(request)
        place = await self._address_plan(request, found)
        answer = self._told_of_change(request)
        if not changes and place is None:
            return _receipt(found, was_found=True, answer=answer)
        if found.href is None:
            raise self._refused(f"Oracle gave no address (self link) to change supplier {found.Supplier} at")
        if changes:
            again = await self._api.update(found.href, changes, found.etag)
            answer = {**answer, **_told_of_status(request, found, again.decode(wire.Supplier), changes)}
        if place is not None:
            await self._put_address(found.href, *place)
        return _receipt(found, answer=answer)

    async def _find_changed(self, request: WriteRequest) -> Receipt | None:
        try:
            found, changes = await self._plan(request)
            place = await self._address_plan(request, found)
        except CannotExpressError:
            return None
        if changes or place is not None:
            return None
        return _receipt(found, was_found=True, answer=self._told_of_change(request))

    def _told_of_change(self, request: WriteRequest) -> dict[str, Any]:
        fields = _fields(request)
        return _told(self._supplier(request)) if "tax_registrations" in fields else {}

    async def _address_plan(
        self, request: WriteRequest, found: wire.Supplier
    ) -> tuple[wire.SupplierAddress | None, dict[str, Any]] | None:
        """Return the address that is shown and what it lacks; None when nothing is asked or nothing is missing."""
        wanted = self._supplier(request)
        body = address(wanted)
        if "address" not in (request.body.get("fields") or ()) or body is None or found.href is None:
            return None
        rows = await self._api.rows(
            f"{found.href}/child/addresses", {"orderBy": "SupplierAddressId:asc", "links": "self"}
        )
        held = next((one for one in map(_address.decode, rows) if one.is_in_use), None)
        changes = body if held is None else address_changes(held, wanted)
        return (held, changes) if changes else None

    async def _put_address(
        self, href: str, held: wire.SupplierAddress | None, changes: Mapping[str, Any]
    ) -> None:
        """Change the address that is shown, or add the first one."""
        if held is None:
            body = {"AddressName": ADDRESS_NAME, **changes}
            await self._api.create(
                f"{href}/child/addresses", body, expects=(200, 201), upserts=self._options.upserts_suppliers
            )
            return
        if held.href is None:
            raise self._refused("Oracle gave no address (self link) to change the supplier's address at")
        await self._api.update(held.href, changes, held.etag)

    async def _plan(self, request: WriteRequest) -> tuple[wire.Supplier, dict[str, Any]]:
        wanted, found = self._supplier(request), await self._state(request)
        day = _day(text_of(request, "inactive_on"))
        return found, supplier_changes(found, wanted, day, _fields(request), _as_in(request))

    # -- several at once

    async def _load(self, request: WriteRequest) -> Receipt:
        """Create those that are missing in one batch: all of them or none."""
        wanted = self._several(request)
        known = await self._named(wanted)
        missing = [one for one in wanted if one.name not in known]
        parts = [
            {
                "id": f"part{position}",
                "path": f"/{RESOURCE}",
                "operation": "create",
                "payload": supplier(one, self._options),
            }
            for position, one in enumerate(missing, 1)
        ]
        if parts:
            await self._api.batch(parts)
            known = await self._named(wanted)
        return _loaded(known, was_found=not parts)

    async def _find_loaded(self, request: WriteRequest) -> Receipt | None:
        wanted = self._several(request)
        known = await self._named(wanted)
        return _loaded(known, was_found=True) if all(one.name in known for one in wanted) else None

    def _several(self, request: WriteRequest) -> list[Supplier]:
        rows = request.body.get("suppliers")
        if not isinstance(rows, list) or not 0 < len(rows) <= LOAD_MAX:
            raise CannotExpressError("PAYLOAD_INVALID", f"a load is 1 to {LOAD_MAX} suppliers")
        try:
            several = [Supplier.model_validate(one) for one in rows]
        except pydantic.ValidationError as error:
            raise CannotExpressError("PAYLOAD_INVALID", f"a supplier does not fit: {error}") from None
        return _once(several)

    # -- sites

    async def _create_site(self, request: WriteRequest) -> Receipt:
        wanted = document(self._api.system, request, "site", NewSite)
        unit = self._options.business_units.get(wanted.business_unit)
        if unit is None:
            raise CannotExpressError(
                "MAPPING_MISSING",
                f"business unit {wanted.business_unit!r} has no entry under business_units of this system",
            )
        known = await self._find_site(request)
        if known is not None:
            return known
        closed = await self._site(request)
        if closed is not None and closed.href is not None:  # it was closed: the same one is opened again
            answer = await self._api.update(closed.href, {"InactiveDate": None}, closed.etag)
            return _site_receipt(answer.decode(wire.SupplierSite), was_found=False)
        answer = await self._api.create(
            await self._sites(request),
            site(wanted, unit),
            expects=(200, 201),
            upserts=self._options.upserts_suppliers,
        )
        return _site_receipt(answer.decode(wire.SupplierSite), was_found=False)

    async def _find_site(self, request: WriteRequest) -> Receipt | None:
        found = await self._site(request)
        is_open = found is not None and found.InactiveDate is None
        return _site_receipt(found, was_found=True) if found is not None and is_open else None

    async def _close_site(self, request: WriteRequest) -> Receipt:
        """Make a site inactive from a day on: nothing is ordered from it or paid to it any more."""
        ends_on = _day(text_of(request, "inactive_on"))
        if ends_on is None:
            raise CannotExpressError(
                "PAYLOAD_INVALID", "a site is to be closed, and no day is given (inactive_on)"
            )
        found = await self._site(request)
        if found is None:
            raise self._refused("the site is not in Oracle (any more)")
        if found.InactiveDate is not None:
            return _site_receipt(found, was_found=True)
        if found.href is None:
            raise self._refused(f"Oracle gave no address (self link) to close site {found.SupplierSite} at")
        answer = await self._api.update(found.href, {"InactiveDate": ends_on.isoformat()}, found.etag)
        return _site_receipt(answer.decode(wire.SupplierSite), was_found=False)

    async def _find_closed_site(self, request: WriteRequest) -> Receipt | None:
        found = await self._site(request)
        is_closed = found is not None and found.InactiveDate is not None
        return _site_receipt(found, was_found=True) if found is not None and is_closed else None

    async def _site(self, request: WriteRequest) -> wire.SupplierSite | None:
        """Look a site up by its name and the unit that buys there."""
        wanted = document(self._api.system, request, "site", NewSite)
        unit = self._options.business_units.get(wanted.business_unit)
        params: Params = {
            "q": f"SupplierSite = {quoted(wanted.code)}",
            "orderBy": "SupplierSiteId:asc",
            "links": "self",
        }
        rows = [_site.decode(row) for row in await self._api.rows(await self._sites(request), params)]
        return next(
            (one for one in rows if unit and str(one.ProcurementBUId) == str(unit.procurement_bu_id)), None
        )

    async def _sites(self, request: WriteRequest) -> str:
        """Return the address of a supplier's sites."""
        found = await self._state(request)
        if found.href is None:
            raise self._refused(
                f"Oracle gave no address (self link) to find the sites of {found.Supplier} at"
            )
        return f"{found.href}/child/sites"

    # -- state

    async def _state(self, request: WriteRequest) -> wire.Supplier:
        key = request.external_id or ""
        if not is_id(key):
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{key!r} is not the id of a supplier in Oracle"
            )
        rows = await self._rows(f"SupplierId = {key}")
        if not rows:
            raise refused(
                self._api.system, "SUPPLIER_UNKNOWN", f"there is no supplier {key} in Oracle (any more)"
            )
        return rows[0]

    async def _rows(self, condition: str) -> list[wire.Supplier]:
        params: Params = {"q": condition, "orderBy": "SupplierId:asc", "links": "self"}
        return [_supplier.decode(row) for row in await self._api.rows(RESOURCE, params)]

    def _supplier(self, request: WriteRequest) -> Supplier:
        return document(self._api.system, request, "supplier", Supplier)

    def _refused(self, message: str) -> RejectedError:
        return refused(self._api.system, "REJECTED", message)


def _tax_keys(found: wire.Supplier, wanted: Supplier) -> frozenset[str]:
    """Return the tax number that Oracle shows, as it is compared; of one without a country, as if of that of the other."""
    if not found.TaxpayerId:
        return frozenset()
    return frozenset({tax_kinds.key(found.TaxpayerId, found.TaxpayerCountry or wanted.home)})


def _told(wanted: Supplier) -> dict[str, Any]:
    return receipt_part(wanted, tax_told(wanted))


def _fields(request: WriteRequest) -> Sequence[str]:
    asked = request.body.get("fields")
    return [str(one) for one in asked] if isinstance(asked, list) else FIELDS


def _receipt(
    found: wire.Supplier, *, was_found: bool = False, answer: Mapping[str, Any] | None = None
) -> Receipt:
    return Receipt(str(found.SupplierId), found.SupplierNumber, answer=answer or {}, was_found=was_found)


def _once(several: Sequence[Supplier]) -> list[Supplier]:
    """Return each supplier once: a name stands in Oracle only once, so two that differ under one are refused."""
    found: dict[str, Supplier] = {}
    for one in several:
        if found.setdefault(one.name, one) != one:
            raise CannotExpressError(
                "PAYLOAD_INVALID",
                f"supplier {one.name} is in the load twice, and the two differ. Nothing was sent. Leave one of them out, or give "
                "it a name of its own",
            )
    return list(found.values())


def _loaded(found: Mapping[str, wire.Supplier], *, was_found: bool) -> Receipt:
    kept = {name: {"id": str(one.SupplierId), "number": one.SupplierNumber} for name, one in found.items()}
    return Receipt(None, answer={"suppliers": kept}, was_found=was_found)


def _site_receipt(found: wire.SupplierSite, *, was_found: bool) -> Receipt:
    return Receipt(str(found.SupplierSiteId), found.SupplierSite, was_found=was_found)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CannotExpressError("PAYLOAD_INVALID", f"{text!r} is not a day") from None


_supplier = msgspec.json.Decoder(wire.Supplier)
_site = msgspec.json.Decoder(wire.SupplierSite)
_address = msgspec.json.Decoder(wire.SupplierAddress)


def _as_in(request: WriteRequest) -> Mapping[str, Any] | None:
    """Return what the supplier showed of its status once, and shall again; None: the request brings nothing back."""
    was = request.body.get("as_in")
    return was if isinstance(was, Mapping) else None


def _told_of_status(
    request: WriteRequest, before: wire.Supplier, now: wire.Supplier, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the day was on which it ended before, and that one which came back has come."""
    if "InactiveDate" not in changes:
        return {}
    if _as_in(request) is None:
        return {"was": {"InactiveDate": before.InactiveDate}}
    return {"has_ended": True} if is_over(now) else {}
