"""Custom fields of orders and invoices: the ERP's number and status, shown where people look.

A write touches custom fields only and is an overwrite, so it may be repeated. What Coupa does without saying so is told by
comparing: a field that is not API-editable is ignored with a 200, and a document that has another version or other lines
than a moment before was changed by more than we sent. So it is looked at first; what shows the fields already is left
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.base import Receipt, WriteRequest
from adapters.coupa import outbound, wire
from adapters.coupa.door import Door, a, document_id
from adapters.errors import SettingsError


class Row(wire.IdRef):
    """A line, as far as we must see that there are no others than before."""


class OrderEcho(wire.Wire):
    """What an order says of itself."""

    id: int | None = None
    po_number: str | None = None
    version: int | None = None
    order_lines: list[Row] | None = None
    custom_fields: dict[str, Any] | None = None

    @property
    def number(self) -> str | None:
        return self.po_number

    @property
    def revision(self) -> str | None:
        return str(self.version) if self.version is not None else None

    @property
    def rows(self) -> list[Row] | None:
        return self.order_lines


class InvoiceEcho(wire.Wire):
    """What an invoice says of itself."""

    id: int | None = None
    invoice_number: str | None = None
    invoice_lines: list[Row] | None = None
    custom_fields: dict[str, Any] | None = None

    @property
    def number(self) -> str | None:
        return self.invoice_number

    @property
    def revision(self) -> str | None:
        return None

    @property
    def rows(self) -> list[Row] | None:
        return self.invoice_lines


@dataclass(frozen=True, slots=True)
class WriteBack:
    """Writes the custom fields of one kind of document."""

    door: Door
    entity: str
    word: str
    path: str
    echo: type[OrderEcho] | type[InvoiceEcho]

    async def write(self, request: WriteRequest) -> Receipt:
        """Set the fields; verify that the answer shows them, and nothing else that moved."""
        asked, path = self._asked(request), self._path(request)
        before = await self.door.one(path, self.echo)
        if before is None:
            raise self.door.gone(f"{self.word} {request.external_id}")
        if not outbound.differences(asked, before.custom_fields):
            return replace(self._receipt(request, before, asked), was_found=True)
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
        moved = _moved(before, echo)
        if moved:
            raise self.door.differs(
                f"{self.word} {request.external_id}",
                f"only custom fields were sent, and {moved}. If nobody else changed it at that moment, the custom field is "
                "set up to make a new version, and its supplier got it again",
                moved=moved,
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


def _moved(before: OrderEcho | InvoiceEcho, after: OrderEcho | InvoiceEcho) -> str:
    """Say what is not as it was, as far as both show it; empty when all of it is.

    >>> _moved(OrderEcho(version=1, order_lines=[Row(id=7)]), OrderEcho(version=2, order_lines=[Row(id=7), Row(id=8)]))
    'its version went from 1 to 2, lines were added: 8'
    """
    told = []
    if None not in (before.revision, after.revision) and before.revision != after.revision:
        told.append(f"its version went from {before.revision} to {after.revision}")
    if before.rows is not None and after.rows is not None:
        held, shown = {row.id for row in before.rows}, {row.id for row in after.rows}
        for what, ids in (("added", shown - held), ("taken away", held - shown)):
            if ids:
                told.append(f"lines were {what}: {', '.join(sorted(map(str, ids)))}")
    return ", ".join(told)


def order(door: Door) -> WriteBack:
    return WriteBack(door, "purchase_order", "order", "/api/purchase_orders", OrderEcho)


def invoice(door: Door) -> WriteBack:
    return WriteBack(door, "invoice", "invoice", "/api/invoices", InvoiceEcho)
