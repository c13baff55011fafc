"""What people do inside the simulated Coupa, and a look at what it holds: no token, no HTTP, nobody asked.

| hand | does |
| --- | --- |
| `put(resource, document)` | makes or replaces any document, good or bad |
| `revise_order`, `touch_order`, `set_order_status`, `serve_stale` | what becomes of orders |
| `receive`, `receipts_of`, `give_back`, `dispose`, `void_receipt` | what arrives, goes back, or was a mistake |
| `submit_requisition`, `approve_requisition`, `decide` | how a wish becomes an order, and what approvers say |
| `approve_invoice`, `void_invoice`, `dispute_invoice`, `settle_dispute`, `set_invoice_status`, `pay_invoice` | what becomes of invoices |
| `documents(resource)`, `document(resource, id)`, `order(po_number)` | readers: whole documents as JSON values |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from adapters.coupa.simulator_complete import completed, completed_lines, decided
from adapters.coupa.simulator_door import Door
from adapters.coupa.simulator_invoices import INVOICES, Invoices
from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_orders import ORDERS, LateReplica, Orders
from adapters.coupa.simulator_receipts import RECEIPTS, Receipts
from adapters.coupa.simulator_requisitions import REQUISITIONS, Requisitions
from adapters.coupa.simulator_resources import RESOURCES
from adapters.coupa.simulator_tables import Tables
from adapters.simulation import Document, FaultPlan


class Hands:
    """The people's side of `CoupaSimulator`, which makes the parts."""

    door: Door
    faults: FaultPlan
    _tables: Tables
    _orders: Orders
    _receipts: Receipts
    _invoices: Invoices
    _requisitions: Requisitions
    _replica: LateReplica
    _encoded: dict[tuple[str, int], dict[object, tuple[int, int, bytes]]]

    def put(self, resource: str, document: Mapping[str, Any], by: str = "someone") -> Document:
        """Create or replace a document without asking anyone; return it with id and stamps.

        Nothing is refused: bad data happens. References that name something we hold are tied to it.
        """
        tables, model = self._tables, MODELS[RESOURCES[resource].model]
        tidied = tables.tidy(model, document)
        held = tables.collections[resource].get(tidied.get("id"))
        now, author = tables.now_text(), tables.user(by)
        stamps = {
            "created-at": (held or tidied).get("created-at") or now,
            "updated-at": now,
            "created-by": (held or tidied).get("created-by") or author,
            "updated-by": author,
        }
        kept = tables.keep(resource, completed(tables, resource, tidied) | stamps)
        if resource == INVOICES:
            kept = tables.keep(resource, self._invoices.complete(kept))
        elif resource == REQUISITIONS:
            kept = tables.keep(resource, self._requisitions.complete(kept))
        elif resource == RECEIPTS:
            kept = tables.keep(resource, self._receipts.complete(kept))
        elif resource == ORDERS:
            kept = tables.keep(resource, kept | {"order-lines": completed_lines(kept)})
        return self._whole(resource, kept)

    def revise_order(self, po_number: str, changes: Mapping[str, Any], by: str) -> Document:
        """Change an order as a buyer does: a new version, not exported. Lines may be named by `line-num`."""
        return self._whole(ORDERS, self._orders.revise(self._order(po_number), changes, by))

    def touch_order(self, po_number: str, by: str) -> Document:
        """Move `updated-at` and nothing else. Times have whole seconds: let the clock pass one first."""
        return self._whole(ORDERS, self._orders.touch(self._order(po_number), by))

    def set_order_status(self, po_number: str, status: str, by: str) -> Document:
        return self._whole(ORDERS, self._orders.set_status(self._order(po_number), status, by))

    def serve_stale(self, po_number: str) -> None:
        """Once polling has shown the order as it is now, show it as it was before its last change, once."""
        order = self._order(po_number)
        previous = self._orders.previous.get(order["id"])
        if previous is None:
            raise ValueError(f"order {po_number} has not changed yet")
        self._replica.unseen[order["id"]] = previous

    # -- requisitions and approvals ---------------------------------------------------------------

    def submit_requisition(
        self, requisition_id: int, approvers: Iterable[str], by: str = "someone"
    ) -> Document:
        """Ask these people, by login, one after the other."""
        held = self._tables.collections[REQUISITIONS].at(requisition_id)
        return self._whole(REQUISITIONS, self._requisitions.submit(held, list(approvers), by))

    def approve_requisition(self, requisition_id: int, by: str = "someone") -> list[Document]:
        """Approve it whatever is still pending; return the orders it becomes, one a supplier."""
        held = self._tables.collections[REQUISITIONS].at(requisition_id)
        return [self._whole(ORDERS, one) for one in self._requisitions.approve(held, by)]

    def decide(self, approval_id: int, action: str, by: str, reason: str | None = None) -> Document:
        """Approve, hold or reject as the approver does; what it is about moves on with the last of them."""
        tables = self._tables
        held = tables.collections["approvals"].at(approval_id)
        changed = decided(held, action, reason, at=tables.now_text(), by=tables.user(by))
        stamps = {"updated-at": tables.now_text(), "updated-by": tables.user(by)}
        kept = tables.keep("approvals", changed | stamps)
        self._invoices.after_decision(kept, by)
        self._requisitions.after_decision(kept, by)
        return self._whole("approvals", kept)

    # -- receipts ---------------------------------------------------------------------------------

    def receive(
        self,
        po_number: str,
        line_num: str = "1",
        *,
        quantity: str | None = None,
        amount: str | None = None,
        by: str = "someone",
    ) -> Document:
        """Receive on an order line; without quantity or amount, all that is left of it."""
        line = self._line(self._order(po_number), line_num)
        return self._whole(RECEIPTS, self._receipts.receive(line["id"], quantity, amount, by))

    def receipts_of(self, line_id: int) -> list[Document]:
        """Return what was received on an order line and not voided, by id."""
        return [
            self._whole(RECEIPTS, one)
            for one in self._tables.collections[RECEIPTS]
            if (one.get("order-line") or {}).get("id") == line_id
            and str(one["type"]).removeprefix("Receiving") in ("QuantityConsumption", "AmountConsumption")
            and one.get("status") != "voided"
        ]

    def give_back(self, receipt_id: int, size: str | None = None, by: str = "someone") -> Document:
        """Return to the supplier what a receipt brought, all or `size` of it."""
        held = self._tables.collections[RECEIPTS].at(receipt_id)
        return self._whole(RECEIPTS, self._receipts.give_back(held, size, by))

    def dispose(self, receipt_id: int, size: str | None = None, by: str = "someone") -> Document:
        """Throw away what a receipt brought."""
        held = self._tables.collections[RECEIPTS].at(receipt_id)
        return self._whole(RECEIPTS, self._receipts.give_back(held, size, by, word="Disposal"))

    def void_receipt(self, receipt_id: int, by: str = "someone") -> Document:
        """Void a receipt, return or disposal; return the void that now stands beside it."""
        return self._whole(
            RECEIPTS, self._receipts.void(self._tables.collections[RECEIPTS].at(receipt_id), by)
        )

    # -- invoices ---------------------------------------------------------------------------------

    def approve_invoice(self, invoice_id: int, by: str = "someone") -> Document:
        return self._whole(INVOICES, self._invoices.approve(self._invoice(invoice_id), by))

    def void_invoice(self, invoice_id: int, by: str = "someone") -> Document:
        return self._whole(INVOICES, self._invoices.void(self._invoice(invoice_id), by))

    def dispute_invoice(self, invoice_id: int, reason: str | None = None, by: str = "someone") -> Document:
        reasons = [reason] if reason else []
        return self._whole(INVOICES, self._invoices.dispute(self._invoice(invoice_id), reasons, by))

    def settle_dispute(self, invoice_id: int, by: str = "someone") -> Document:
        """Withdraw a dispute: the invoice goes on where it was."""
        return self._whole(
            INVOICES, self._invoices.act(self._invoice(invoice_id), "withdraw_dispute", {}, by)
        )

    def set_invoice_status(self, invoice_id: int, status: str, by: str = "someone") -> Document:
        return self._whole(INVOICES, self._invoices.set_status(self._invoice(invoice_id), status, by))

    def pay_invoice(
        self,
        invoice_id: int,
        amount: str,
        *,
        note: str,
        paid_on: str,
        is_paid: bool = False,
        by: str = "someone",
    ) -> Document:
        """Record a payment as somebody beside us does, without a look at what is there."""
        payment = {"amount-paid": amount, "payment-date": paid_on, "notes": note}
        return self._whole(INVOICES, self._invoices.pay(self._invoice(invoice_id), payment, is_paid, by))

    # -- readers and state ------------------------------------------------------------------------

    def document(self, resource: str, document_id: int) -> Document:
        """Return one document in full."""
        return self._whole(resource, self._tables.collections[resource].at(document_id))

    def documents(self, resource: str) -> list[Document]:
        """Return all documents of a resource in full, by id."""
        return [self._whole(resource, one) for one in self._tables.collections[resource]]

    def order(self, po_number: str) -> Document:
        return self._whole(ORDERS, self._order(po_number))

    def end_tokens(self) -> None:
        """Make every token that is out worthless."""
        self.door.end_tokens()

    def dump(self) -> Document:
        """Return the whole state as JSON values."""
        return {
            "tables": self._tables.dump(),
            "door": self.door.dump(),
            "faults": self.faults.dump(),
            "previous": list(self._orders.previous.items()),
            "unseen": list(self._replica.unseen.items()),
            "due": list(self._replica.due.items()),
            "before_dispute": list(self._invoices.before_dispute.items()),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from `dump()`."""
        self._tables.load(state["tables"])
        self.door.load(state["door"])
        self.faults.load(state["faults"])
        self._orders.previous = {int(one): document for one, document in state["previous"]}
        self._replica.unseen = {int(one): document for one, document in state["unseen"]}
        self._replica.due = {int(one): document for one, document in state["due"]}
        self._invoices.before_dispute = {int(one): status for one, status in state.get("before_dispute", ())}
        self._encoded.clear()

    def _order(self, po_number: str) -> Document:
        found = self._tables.collections[ORDERS].find("po-number", po_number)
        if not found:
            raise KeyError(f"there is no order {po_number}")
        return found[0]

    def _invoice(self, invoice_id: int) -> Document:
        return self._tables.collections[INVOICES].at(invoice_id)

    def _line(self, order: Document, line_num: str) -> Document:
        lines: Iterable[Document] = self._tables.lines([order])
        found = next((line for line in lines if str(line.get("line-num")) == line_num), None)
        if found is None:
            raise KeyError(f"order {order.get('po-number')} has no line {line_num}")
        return found

    def _whole(self, resource: str, document: Document) -> Document:
        model = MODELS[RESOURCES[resource].model]
        shown = self._tables.show(model, document, None, has_deleted=True)
        whole: Document = msgspec.json.decode(msgspec.json.encode(shown))
        return whole
