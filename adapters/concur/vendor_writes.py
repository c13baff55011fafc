"""Vendors made, changed and switched off. Their key is the vendor code with the address code: asked again, it is found.

A vendor is never deleted: what was invoiced names it. One that ends is not approved any more, and nobody can choose it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pydantic

from adapters.base import Receipt, WriteRequest, not_these
from adapters.concur import outbound_vendor, wire_masters
from adapters.concur.inbound_masters import SEPARATOR
from adapters.concur.masters import VENDORS, Vendors
from adapters.concur.options import Options
from adapters.concur.outbound import UnsendableError
from adapters.concur.session import Session
from adapters.errors import Refusal, RejectedError
from adapters.tax_numbers import receipt_part
from store.canonical import tax_kinds
from store.canonical.supplier import Supplier

CREATE: Final = "supplier.create"
CHANGE: Final = "supplier.change"


class VendorDesk:
    """The writes to vendors."""

    operations = (CREATE, CHANGE)

    def __init__(self, session: Session, options: Options, vendors: Vendors) -> None:
        self._session = session
        self._options = options
        self._vendors = vendors

    async def write(self, request: WriteRequest) -> Receipt:
        key, record = await self._lacking(request)
        if record is None:
            return self._receipt(request, key, was_found=True)
        code, _, address = key.partition(SEPARATOR)
        method = "POST" if request.operation == CREATE else "PUT"
        body = {"Vendor": [{**record, "VendorCode": code, "AddressCode": address}]}
        answer = await self._session.request(method, VENDORS, json=body, is_write=True, expects=(200,))
        for one in answer.decode(_Answered).vendor:
            for told in one.status_list:
                if told.is_error:
                    raise self._refused("REJECTED", f"Concur did not take vendor {key}: {told.message}")
        return self._receipt(request, key)

    async def find(self, request: WriteRequest) -> Receipt | None:
        key, record = await self._lacking(request)
        return self._receipt(request, key, was_found=True) if record is None else None

    def _receipt(self, request: WriteRequest, key: str, *, was_found: bool = False) -> Receipt:
        """A vendor has one tax number; of one that was there already nothing is said when it was to be made."""
        wanted, fields = self._supplier(request), request.body.get("fields")
        is_told = request.operation == CHANGE or not was_found
        if fields is not None and "tax_registrations" not in fields:
            is_told = False
        answer = receipt_part(wanted, wanted.registrations()[:1]) if is_told else {}
        return Receipt(key, key.partition(SEPARATOR)[0], answer=answer, was_found=was_found)

    async def _lacking(self, request: WriteRequest) -> tuple[str, dict[str, Any] | None]:
        """Return the vendor's key and what Concur lacks of it; None: nothing."""
        wanted = self._supplier(request)
        try:
            if request.operation == CREATE:
                return await self._new(wanted, not_these(request))
            asked = request.body.get("fields")
            fields = (
                [one for one in asked if one in outbound_vendor.FIELDS] if isinstance(asked, list) else []
            )
            key = request.external_id or ""
            held = await self._held(key)
            if held is None:
                raise self._refused("SUPPLIER_UNKNOWN", f"there is no vendor {key} in Concur (any more)")
            return key, outbound_vendor.changes(wanted, held, fields or outbound_vendor.FIELDS) or None
        except UnsendableError as error:
            raise self._refused("PAYLOAD_INVALID", f"supplier {wanted.name} can't be sent: {error}") from None

    async def _new(self, wanted: Supplier, others: frozenset[str]) -> tuple[str, dict[str, Any] | None]:
        record = outbound_vendor.vendor(
            wanted, self._options.vendor_address_code, self._options.vendor_currencies
        )
        key = f"{record['VendorCode']}{SEPARATOR}{record['AddressCode']}"
        held = await self._held(key)
        if held is None:
            return key, record
        theirs = {tax_kinds.key(held.tax_id, wanted.home)} if held.tax_id else set()
        if key in others or tax_kinds.contradict(wanted.tax_keys(), theirs):
            why = "of which a person said that it is another" if key in others else "with another tax number"
            raise self._refused(
                "SUPPLIER_AMBIGUOUS",
                f"vendor {key} is in Concur as {held.vendor_name}, {why}. Nothing was sent. Say which of them it "
                "is, or give one of them another number",
            )
        return key, None

    async def _held(self, key: str) -> wire_masters.Vendor | None:
        rows = await self._vendors.read_many([key])
        return msgspec.json.decode(rows[0], type=wire_masters.Vendor) if rows else None

    def _supplier(self, request: WriteRequest) -> Supplier:
        try:
            return Supplier.model_validate(request.body.get("supplier"))
        except pydantic.ValidationError as error:
            told = f"{request.operation} holds no supplier that fits: {error.error_count()} fields are wrong"
            raise self._refused("PAYLOAD_INVALID", told) from None

    def _refused(self, case_class: str, told: str) -> RejectedError:
        return RejectedError(self._session.system, Refusal(case_class, told))


class _Status(msgspec.Struct, rename="pascal"):
    code: str | int | None = None
    message: str | None = None
    type: str | None = None

    @property
    def is_error(self) -> bool:
        return "ERROR" in (str(self.type).upper(), str(self.code).upper())


class _Record(msgspec.Struct, rename="pascal"):
    status_list: list[_Status] = []


class _Answered(msgspec.Struct, rename="pascal"):
    vendor: list[_Record] = []
