"""Suppliers with their remit-to addresses, and users, as Coupa is to know them.

Every create looks for the natural key first; every change sends only what differs, because an object that was read
earlier and is sent whole would add lines to its lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.base import Receipt, WriteRequest, not_these
from adapters.coupa import outbound_masters as outbound
from adapters.coupa import tax_numbers, wire
from adapters.coupa.door import Door, document_id

_SUPPLIERS: Final = "/api/suppliers"
_USERS: Final = "/api/users"


class RemitTo(wire.Wire):
    id: int
    remit_to_code: str | None = None
    name: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: wire.Coded | None = None
    active: bool | None = None
    external_src_name: str | None = None
    external_src_ref: str | None = None


class SupplierEcho(wire.Wire):
    id: int
    number: str | None = None
    name: str | None = None
    status: str | None = None
    tax_id: str | None = None
    website: str | None = None
    duns: str | None = None
    po_method: str | None = None
    po_email: str | None = None
    payment_method: str | None = None
    invoice_matching_level: str | None = None
    on_hold: bool | None = None
    hold_invoices_for_ap_review: bool | None = None
    payment_term: wire.Coded | None = None
    primary_address: wire.Address | None = None
    parent: wire.IdRef | None = None


class LimitEcho(wire.Wire):
    name: str | None = None


class UserRef(wire.Wire):
    login: str | None = None
    employee_number: str | None = None


class UserEcho(wire.Wire):
    id: int
    login: str | None = None
    email: str | None = None
    employee_number: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    active: bool | None = None
    manager: UserRef | None = None
    department: wire.Named | None = None
    requisition_approval_limit: LimitEcho | None = None
    invoice_approval_limit: LimitEcho | None = None
    expense_approval_limit: LimitEcho | None = None


@dataclass(frozen=True, slots=True)
class CreateSupplier:
    """Makes a supplier that has neither our number, nor our tax id, nor our name there yet."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        wanted = outbound.supplier(request.body)
        held = await self._held(request, wanted)
        if held is not None:
            return await self._adopt(request, held, wanted)
        if not wanted.get("name"):
            raise self.door.refused("PAYLOAD_INVALID", "a supplier is not created without a name")
        echo, _ = await self.door.post(_SUPPLIERS, {"status": "active", **wanted}, SupplierEcho)
        self.door.verify(f"supplier {echo.id}", wanted, echo)
        return await self._with_parts(request, echo)

    async def _with_parts(self, request: WriteRequest, echo: SupplierEcho) -> Receipt:
        await _put_addresses(self.door, str(echo.id), request.body)
        planned = await tax_numbers.plan(self.door, str(echo.id), request.body)
        await tax_numbers.put(self.door, str(echo.id), planned)
        return _supplier_receipt(echo, planned)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether it is there, with all its addresses and tax numbers."""
        wanted = outbound.supplier(request.body)
        held = await self._held(request, wanted)
        if held is None or (wanted.get("number") and held.number != wanted["number"]):
            return None
        if await _missing_addresses(self.door, str(held.id), request.body):
            return None
        planned = await tax_numbers.plan(self.door, str(held.id), request.body)
        return None if planned.to_send else replace(_supplier_receipt(held), was_found=True)

    async def _adopt(self, request: WriteRequest, held: SupplierEcho, wanted: Mapping[str, Any]) -> Receipt:
        """Take the supplier that is there for ours: it gets our number if it has none, and its addresses."""
        number = wanted.get("number")
        if number and held.number and held.number != number:
            raise self.door.refused(
                "SUPPLIER_AMBIGUOUS",
                f"Coupa has supplier {held.number} {held.name} with the tax id or name of {number}; nothing was written. "
                "Merge them or correct one, then retry",
            )
        if number and not held.number:
            echo, _ = await self.door.put(f"{_SUPPLIERS}/{held.id}", {"number": number}, SupplierEcho)
            self.door.verify(f"supplier {held.id}", {"number": number}, echo)
            held = echo
        return replace(await self._with_parts(request, held), was_found=True)

    async def _held(self, request: WriteRequest, wanted: Mapping[str, Any]) -> SupplierEcho | None:
        """Look for it, among those of which nobody said that they are others."""
        others = not_these(request)
        for name in ("number", "tax-id", "name"):
            value = wanted.get(name)
            if not value:
                continue
            found = await self.door.some(_SUPPLIERS, SupplierEcho, {name.replace("-", "_"): value})
            free = [one for one in found if str(one.id) not in others]
            if free:
                return free[0]
        return None


@dataclass(frozen=True, slots=True)
class ChangeSupplier:
    """Writes number, name, status and details of a supplier, its remit-to addresses by their codes, and its tax numbers."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        path = self._path(request)
        before = await self._read(request, path)
        wanted = outbound.changed(outbound.supplier(request.body), outbound.shown(before))
        echo = before
        if wanted:
            echo, _ = await self.door.put(path, wanted, SupplierEcho)
            self.door.verify(f"supplier {request.external_id}", wanted, echo)
        sent = await _put_addresses(self.door, str(before.id), request.body)
        planned = await tax_numbers.plan(self.door, str(before.id), request.body)
        await tax_numbers.put(self.door, str(before.id), planned)
        receipt = _supplier_receipt(echo, planned)
        if "status" in wanted:  # there are more words for one than ours
            receipt = replace(receipt, answer={**receipt.answer, "was": {"status": before.status}})
        return replace(receipt, was_found=not (wanted or sent or planned.to_send))

    async def find(self, request: WriteRequest) -> Receipt | None:
        echo = await self._read(request, self._path(request))
        if outbound.changed(outbound.supplier(request.body), outbound.shown(echo)):
            return None
        if await _missing_addresses(self.door, str(echo.id), request.body):
            return None
        planned = await tax_numbers.plan(self.door, str(echo.id), request.body)
        return None if planned.to_send else replace(_supplier_receipt(echo, planned), was_found=True)

    async def _read(self, request: WriteRequest, path: str) -> SupplierEcho:
        found = await self.door.one(path, SupplierEcho)
        if found is None:
            raise self.door.gone(f"supplier {request.external_id}")
        return found

    def _path(self, request: WriteRequest) -> str:
        return f"{_SUPPLIERS}/{document_id(self.door.system, request, 'a supplier')}"


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """Writes manager, department, limits and state of a user, who is found by id, else by employee number."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        before = await self._read(request)
        wanted = outbound.changed(outbound.user(request.body), outbound.shown(before))
        if not wanted:
            return replace(_user_receipt(before), was_found=True)
        echo, _ = await self.door.put(f"{_USERS}/{before.id}", wanted, UserEcho)
        self.door.verify(f"user {before.login or before.id}", wanted, echo)
        return _user_receipt(echo)

    async def find(self, request: WriteRequest) -> Receipt | None:
        echo = await self._read(request)
        if outbound.changed(outbound.user(request.body), outbound.shown(echo)):
            return None
        return replace(_user_receipt(echo), was_found=True)

    async def _read(self, request: WriteRequest) -> UserEcho:
        number = request.body.get("employee_number")
        if request.external_id is not None or not number:
            found = await self.door.one(
                f"{_USERS}/{document_id(self.door.system, request, 'a user')}", UserEcho
            )
        else:
            rows = await self.door.some(_USERS, UserEcho, {"employee_number": str(number)})
            found = rows[0] if rows else None
        if found is None:
            raise self.door.gone(f"user {request.external_id or number}")
        return found


async def _put_addresses(door: Door, supplier_id: str, body: Mapping[str, Any]) -> int:
    """Write the remit-to addresses that are missing or differ; return how many."""
    path = f"{_SUPPLIERS}/{supplier_id}/addresses"
    to_send = await _missing_addresses(door, supplier_id, body)
    for held, wanted in to_send:
        if held is None:
            echo, _ = await door.post(path, wanted, RemitTo)
        else:
            echo, _ = await door.put(f"{path}/{held.id}", wanted, RemitTo)
        door.verify(f"remit-to address {echo.remit_to_code} of supplier {supplier_id}", wanted, echo)
    return len(to_send)


async def _missing_addresses(
    door: Door, supplier_id: str, body: Mapping[str, Any]
) -> list[tuple[RemitTo | None, dict[str, Any]]]:
    """Return what is held and what is to be sent, for each address that is not as it should be."""
    wanted = [outbound.remit_to(one) for one in body.get("remit_to") or ()]
    if not wanted:
        return []
    rows = await door.some(f"{_SUPPLIERS}/{supplier_id}/addresses", RemitTo, {})
    by_code = {row.remit_to_code: row for row in rows}
    found: list[tuple[RemitTo | None, dict[str, Any]]] = []
    for one in wanted:
        held = by_code.get(one["remit-to-code"])
        if held is None:
            found.append((None, {"active": True, **one}))
        elif changed := outbound.changed(one, outbound.shown(held)):
            found.append((held, changed))
    return found


def _supplier_receipt(echo: SupplierEcho, planned: tax_numbers.Plan | None = None) -> Receipt:
    told = planned.receipt if planned is not None else {}
    answer = {"id": echo.id, "name": echo.name, "status": echo.status, **told}
    return Receipt(str(echo.id), number=echo.number, answer=answer)


def _user_receipt(echo: UserEcho) -> Receipt:
    return Receipt(
        str(echo.id), number=echo.employee_number or echo.login, answer={"id": echo.id, "active": echo.active}
    )
