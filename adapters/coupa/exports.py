"""The export flag of orders, invoices and receipts: "taken over", for those who run Coupa and for other integrations.

Marking is a request of its own, since anything else in it may be ignored. A document that moved after we read it must
not be marked: what moved would leave the queue unread. So it is looked at before, and again after, because it may
have moved in between; then the receipt says so, and the sweep by change date brings the new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adapters.base import Receipt, WriteRequest
from adapters.coupa import inbound_invoice, inbound_order, wire
from adapters.coupa.door import Door, a, document_id
from adapters.errors import SettingsError


class Exported(wire.Wire):
    """What tells one version of a document from another, and whether it is taken over. Only orders have versions."""

    id: int | None = None
    exported: bool | None = None
    updated_at: str | None = None
    status: str | None = None


class ExportedOrder(Exported):
    """An order has versions; whether marking moves its time of change is not known, so that does not count."""

    version: int | None = None
    internal_revision: int | None = None


@dataclass(frozen=True, slots=True)
class MarkExported:
    """Marks one kind of document."""

    door: Door
    word: str
    path: str
    shape: type[Exported]
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Our words for Coupa's: a request may name either."""

    async def write(self, request: WriteRequest) -> Receipt:
        path = self._path(request)
        before = await self._read(request, path)
        if self._is_newer(request, before):
            return self._receipt(request, before, has_moved=True)  # not marked: the new version is to be read
        if not before.exported:
            await self.door.put(path, None, self.shape, exported="true")
        after = await self._read(request, path)
        has_moved = _state(after) != _state(before)
        if not after.exported and not has_moved:
            raise self.door.ignored(
                f"{self.word} {request.external_id}",
                {"exported": True},
                {"exported": after.exported},
                fix="See whether our client may mark documents as exported, then retry",
            )
        return replace(self._receipt(request, after, has_moved=has_moved), was_found=bool(before.exported))

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether it is marked, or need not be any more."""
        echo = await self._read(request, self._path(request))
        has_moved = self._is_newer(request, echo)
        if not (echo.exported or has_moved):
            return None
        return replace(self._receipt(request, echo, has_moved=has_moved), was_found=True)

    async def _read(self, request: WriteRequest, path: str) -> Exported:
        found = await self.door.one(path, self.shape)
        if found is None:
            raise self.door.gone(f"{self.word} {request.external_id}")
        return found

    def _path(self, request: WriteRequest) -> str:
        if self.door.options.export_flag != "mark":
            raise SettingsError(
                self.door.system,
                f"{a(self.word)} is not marked as exported: other integrations may read the same queue. Set the option "
                "export_flag to mark if finsync is the one that takes documents over",
            )
        return f"{self.path}/{document_id(self.door.system, request, a(self.word))}"

    def _is_newer(self, request: WriteRequest, echo: Exported) -> bool:
        """Say whether the document is another than the one that was taken over, as far as the request knows that."""
        status, revision = request.body.get("status"), request.body.get("revision")
        known = (echo.status, self.statuses.get(echo.status or ""))
        if status is not None and echo.status is not None and status not in known:
            return True
        version = echo.version if isinstance(echo, ExportedOrder) else None
        return revision is not None and version is not None and str(version) != str(revision)

    def _receipt(self, request: WriteRequest, echo: Exported, *, has_moved: bool) -> Receipt:
        version = echo.version if isinstance(echo, ExportedOrder) else None
        return Receipt(
            external_id=request.external_id,
            revision=str(version) if version is not None else None,
            answer={"id": echo.id, "exported": bool(echo.exported), "has_moved": has_moved},
        )


def _state(echo: Exported) -> tuple[object, ...]:
    if isinstance(echo, ExportedOrder):
        return (echo.status, echo.version, echo.internal_revision)
    return (echo.status,)


def order(door: Door) -> MarkExported:
    return MarkExported(door, "order", "/api/purchase_orders", ExportedOrder, inbound_order.STATUS)


def invoice(door: Door) -> MarkExported:
    return MarkExported(door, "invoice", "/api/invoices", Exported, inbound_invoice.STATUS)


def receipt(door: Door) -> MarkExported:
    return MarkExported(door, "receipt", "/api/receiving_transactions", Exported)
