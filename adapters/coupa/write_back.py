"""Custom fields of orders and invoices: the ERP's number and status, shown where people look.

A write touches custom fields only and is an overwrite, so it may be repeated. Coupa ignores a field that is not
API-editable with a 200: what the answer shows is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.base import Receipt, WriteRequest
from adapters.coupa import outbound, wire
from adapters.coupa.door import Door, a, document_id
from adapters.errors import SettingsError


class OrderEcho(wire.Wire):
    """What an order says of itself after a write."""

    id: int | None = None
    po_number: str | None = None
    version: int | None = None
    updated_at: str | None = None
    custom_fields: dict[str, Any] | None = None

    @property
    def number(self) -> str | None:
        return self.po_number

    @property
    def revision(self) -> str | None:
        return str(self.version) if self.version is not None else None


class InvoiceEcho(wire.Wire):
    """What an invoice says of itself after a write."""

    id: int | None = None
    invoice_number: str | None = None
    updated_at: str | None = None
    custom_fields: dict[str, Any] | None = None

    @property
    def number(self) -> str | None:
        return self.invoice_number

    @property
    def revision(self) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class WriteBack:
    """Writes the custom fields of one kind of document."""

    door: Door
    entity: str
    word: str
    path: str
    echo: type[OrderEcho] | type[InvoiceEcho]

    async def write(self, request: WriteRequest) -> Receipt:
        """Set the fields and verify that the answer shows them."""
        asked = self._asked(request)
        path = self._path(request)
        echo, answer = await self.door.put(path, outbound.body(asked), self.echo)
        if echo.custom_fields is None:  # an instance may answer with less than it was asked for
            echo = (await self.door.one(path, self.echo)) or echo
        different = outbound.differences(asked, echo.custom_fields)
        if different:
            raise self.door.ignored(
                f"{self.word} {request.external_id}",
                asked,
                different,
                fix="Make the custom field API-editable in Coupa's setup (or correct the option custom_fields), "
                "then retry",
                status=answer.status,
            )
        return self._receipt(request, echo, asked)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether the document shows what `request` asks for."""
        asked = self._asked(request)
        echo = await self.door.one(self._path(request), self.echo)
        if echo is None or outbound.differences(asked, echo.custom_fields):
            return None
        return replace(self._receipt(request, echo, asked), was_found=True)

    def _path(self, request: WriteRequest) -> str:
        return f"{self.path}/{document_id(self.door.system, request, a(self.word))}"

    def _asked(self, request: WriteRequest) -> dict[str, str]:
        try:
            return outbound.write_back(self.entity, request.body["fields"], self.door.options)
        except KeyError as error:
            raise SettingsError(
                self.door.system,
                f"no custom field of {a(self.word)} is configured for {error}: add it to the option custom_fields",
            ) from None

    def _receipt(
        self, request: WriteRequest, echo: OrderEcho | InvoiceEcho, asked: Mapping[str, str]
    ) -> Receipt:
        return Receipt(
            external_id=request.external_id,
            number=echo.number,
            revision=echo.revision,
            answer={"id": echo.id, "custom-fields": dict(asked)},
        )


def order(door: Door) -> WriteBack:
    return WriteBack(door, "purchase_order", "order", "/api/purchase_orders", OrderEcho)


def invoice(door: Door) -> WriteBack:
    return WriteBack(door, "invoice", "invoice", "/api/invoices", InvoiceEcho)
