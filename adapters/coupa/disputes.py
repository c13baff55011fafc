"""Invoices that are disputed with their supplier, and no longer. Coupa has no hold that a program could set."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.base import Receipt, WriteRequest
from adapters.coupa import wire
from adapters.coupa.door import Door, document_id
from adapters.coupa.wire_invoice import DisputeReason

DISPUTED = "disputed"


class DisputeEcho(wire.Wire):
    """What an invoice says of its dispute."""

    id: int | None = None
    invoice_number: str | None = None
    status: str | None = None
    dispute_reasons: list[DisputeReason] | None = None


@dataclass(frozen=True, slots=True)
class Dispute:
    """Tells the supplier that something is wrong, with a reason that Coupa knows; or takes that back."""

    door: Door
    is_open: bool = True

    async def write(self, request: WriteRequest) -> Receipt:
        path = self._path(request)
        before = await self._read(request, path)
        if self._is_done(before):
            return replace(self._receipt(request, before), was_found=True)
        reason = request.body.get("reason")
        if self.is_open:
            body = {"dispute-reason": {"code": reason}} if reason else None
            after, _ = await self.door.put(f"{path}/dispute", body, DisputeEcho)
        else:
            after, _ = await self.door.put(f"{path}/withdraw_dispute", None, DisputeEcho)
        if after.status is None:
            after = await self._read(request, path)
        if not self._is_done(after):
            raise self.door.ignored(
                f"invoice {request.external_id}",
                {"status": DISPUTED if self.is_open else f"no longer {DISPUTED}"},
                {"status": after.status},
                fix="See in Coupa what became of it, then retry",
            )
        return self._receipt(request, after)

    async def find(self, request: WriteRequest) -> Receipt | None:
        echo = await self._read(request, self._path(request))
        return replace(self._receipt(request, echo), was_found=True) if self._is_done(echo) else None

    def _is_done(self, echo: DisputeEcho) -> bool:
        return (echo.status == DISPUTED) is self.is_open

    async def _read(self, request: WriteRequest, path: str) -> DisputeEcho:
        found = await self.door.one(path, DisputeEcho)
        if found is None:
            raise self.door.gone(f"invoice {request.external_id}")
        return found

    def _receipt(self, request: WriteRequest, echo: DisputeEcho) -> Receipt:
        reasons = [one.code for one in echo.dispute_reasons or () if one.code]
        return Receipt(
            external_id=request.external_id,
            number=echo.invoice_number,
            answer={"id": echo.id, "status": echo.status, "reasons": reasons},
        )

    def _path(self, request: WriteRequest) -> str:
        return f"/api/invoices/{document_id(self.door.system, request, 'an invoice')}"


def withdraw(door: Door) -> Dispute:
    return Dispute(door, is_open=False)
