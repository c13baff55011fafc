"""A Coupa whose documents are approved invoices and whose write is a payment that is told: for the promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.base import WriteRequest
from tests.adapters.coupa_world import CoupaWorld


@dataclass
class CoupaInvoiceWorld(CoupaWorld):
    """Payments append: what is sent twice is paid twice on paper."""

    options: Mapping[str, object] = field(default_factory=lambda: {"append_settle_s": 0})

    entity = "invoice"
    read_path = r"^/api/invoices\?"
    write_path = r"^/api/invoices/\d+"
    write_method = "PUT"

    def add(self, count: int) -> list[str]:
        return [str(self.simulator.put("invoices", self.an_invoice())["id"]) for _ in range(count)]

    def touch(self, external_id: str) -> None:
        held = self.simulator.document("invoices", int(external_id))
        terms = {"payment-term": {"code": f"Net {held['lock-version-key']}"}}
        self.simulator.put("invoices", held | terms, by="amy")

    def a_write(self) -> WriteRequest:
        (external_id,) = self.add(1)
        return a_payment(external_id, amount="40.00", note=f"CHK-{external_id}")

    def effects(self, request: WriteRequest) -> int:
        invoice = self.simulator.document("invoices", int(request.external_id or ""))
        return sum(one["notes"] == request.body["note"] for one in invoice["payments"])


def a_payment(external_id: str, **changes: Any) -> WriteRequest:
    """Return a payment that Coupa is to be told."""
    body = {
        "amount": "100.00",
        "currency": "EUR",
        "paid_on": "2026-01-20",
        "note": "CHK-1",
        "is_paid": True,
        **changes,
    }
    key = f"coupa/invoice.record_payment/{external_id}/{body['note']}"
    return WriteRequest("invoice.record_payment", key, external_id, body)


def setup_coupa_invoices(**settings: Any) -> CoupaInvoiceWorld:
    return CoupaInvoiceWorld(**settings)
