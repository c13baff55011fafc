"""Processes from their document to their end, move by move, and what both systems hold of each: for tests that disturb them."""

from __future__ import annotations

import json
from abc import abstractmethod
from datetime import timedelta
from typing import Any, ClassVar

from store import leases, outbox
from store.canonical.journal import JournalEntry
from store.canonical.payables import Invoice
from tests.builders import MONDAY
from tests.finsync_tui.flows.expense_desk import ExpenseDesk
from tests.finsync_tui.flows.invoice_desk import SOURCE, InvoiceDesk, a_receipt
from tests.finsync_tui.flows.test_requisition_commitment import WISH, Desk, a_requisition, its_order
from tests.finsync_tui.flows.test_supplier_onboarding import SupplierDesk


class Process:
    """One process from its document to its end, and what both systems hold of it."""

    moves: ClassVar[tuple[str, ...]]
    begins_after: ClassVar[int] = 1
    """So many moves before there is something to give up."""
    is_ending: ClassVar[bool] = False
    """It takes away what its source has given up: that can't be given up itself."""
    key: ClassVar[str]
    entity: ClassVar[str]
    desk: Any

    def __init__(self) -> None:
        self.engines = 1

    @abstractmethod
    def move(self, name: str) -> None:
        """Let happen what comes next when all is well."""

    def undo(self) -> None:
        """Let the system do what undoes an effect."""
        self.desk.answer()

    def decide(self) -> None:
        """Let the ERP decide what waits for its approval: until then nothing of it can be undone."""

    @abstractmethod
    def held(self) -> object:
        """What stands in force outside."""

    nothing: ClassVar[object] = 0
    """What stands there when nothing is left."""

    def is_clean(self) -> bool:
        return self.held() == self.nothing

    def crash(self) -> None:
        """The engine dies while it sends, and whatever it was sending has an outcome that nobody knows."""
        desk, now = self.desk, self.desk.clock.now()
        self.send()
        self.engines += 1
        late = MONDAY + timedelta(days=5000 * self.engines)
        desk.lease = leases.acquire(desk.store, f"test:{self.engines}:9", timedelta(days=1000), late)
        with desk.store.transaction() as db:
            outbox.recover(db, desk.lease.token, now)
        desk.run()

    def send(self) -> None:
        """The engine begins to send whatever may be sent."""
        with self.desk.store.transaction() as db:
            for system in sorted(self.desk.profile.systems):
                outbox.claim(db, system, self.desk.clock.now(), 100, self.desk.lease.token)

    def pending(self) -> list[str]:
        rows = self.desk.store.db.execute(
            "SELECT e.operation FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id WHERE d.state = 'pending' ORDER BY e.id"
        )
        return [row[0] for row in rows]

    def state(self) -> str:
        row = self.desk.store.db.execute(
            "SELECT state FROM workflow WHERE entity = ? AND document_key LIKE ? ORDER BY id DESC LIMIT 1",
            (self.entity, f"%:{self.key}"),
        ).fetchone()
        return str(row[0])

    def flow_id(self) -> int:
        row = self.desk.store.db.execute(
            "SELECT id FROM workflow WHERE entity = ? AND document_key LIKE ? ORDER BY id DESC LIMIT 1",
            (self.entity, f"%:{self.key}"),
        ).fetchone()
        return int(row[0])

    def told(self) -> list[tuple[str, str, object]]:
        """Everything that was decided to be told: operation, key, body."""
        rows = self.desk.store.db.execute(
            "SELECT operation, idempotency_key, body FROM outbox_entry ORDER BY id"
        )
        return [(operation, key, json.loads(body)) for operation, key, body in rows]

    def end(self) -> object:
        """Everything that may not depend on who died when."""
        cases = self.desk.store.db.execute("SELECT class, state FROM exception_case ORDER BY id").fetchall()
        return self.state(), self.told(), self.held(), [tuple(row) for row in cases]


class GoodsReceipt(Process):
    moves: ClassVar[tuple[str, ...]] = ("arrive", "answer", "read")
    key, entity = "R1", "receipt"

    def __init__(self) -> None:
        super().__init__()
        self.desk = InvoiceDesk()
        self.desk.order()

    def move(self, name: str) -> None:
        match name:
            case "arrive":
                self.desk.tell(SOURCE, self.key, a_receipt())
            case "answer":
                self.desk.answer()
            case "read":
                self.desk.read()

    def held(self) -> object:
        return self.desk.received()


class GoodsReturn(GoodsReceipt):
    key = "R2"
    nothing: ClassVar[object] = 10

    def __init__(self) -> None:
        super().__init__()
        self.desk.receive()

    def move(self, name: str) -> None:
        if name == "arrive":
            self.desk.tell(SOURCE, self.key, a_receipt("-4", self.key, kind="return", original_id="R1"))
        else:
            super().move(name)


class VoidedReceipt(GoodsReceipt):
    """The source takes back what it said had come."""

    is_ending = True

    def __init__(self) -> None:
        super().__init__()
        self.desk.receive()

    def move(self, name: str) -> None:
        if name == "arrive":
            self.desk.tell(SOURCE, self.key, a_receipt(status="voided"))
        else:
            super().move(name)


class Expense(Process):
    moves: ClassVar[tuple[str, ...]] = (
        "submit",
        "answer",
        "answer",
        "answer",
        "read",
        "answer",
        "pay",
        "answer",
        "read",
    )
    key, entity = "%", "expense_document"
    post_as = "invoice"

    def __init__(self) -> None:
        super().__init__()
        self.desk = ExpenseDesk(post_as=self.post_as)

    def move(self, name: str) -> None:
        match name:
            case "submit":
                self.desk.submit()
            case "answer":
                self.desk.answer()
            case "read":
                self.desk.read()
            case "pay":
                self.desk.pay()

    def held(self) -> object:
        """What the ERP still owes or has booked, in minor units."""
        held = 0
        for record in self.desk.shown.values():
            if isinstance(record, Invoice) and record.status != "cancelled":
                held += record.total.amount_minor
            elif isinstance(record, JournalEntry):
                first = record.lines[0]
                held += first.amount.amount_minor * (1 if first.side == "debit" else -1)
        return held


class ExpenseJournal(Expense):
    moves: ClassVar[tuple[str, ...]] = ("submit", "answer", "answer", "read", "answer", "read")
    post_as = "journal"


class RequisitionAndOrder(Process):
    moves: ClassVar[tuple[str, ...]] = ("wish", "order", "answer", "answer", "issue", "answer", "read")
    begins_after = 2
    key, entity = WISH, "purchase_order"

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()

    def move(self, name: str) -> None:
        match name:
            case "wish":
                self.desk.wish(a_requisition("L1"))
            case "order":
                self.desk.tell(SOURCE, WISH, its_order())
            case "answer":
                self.desk.answer()
            case "issue":
                self.desk.erp_issues(WISH)
            case "read":
                self.desk.read()

    def held(self) -> object:
        return self.desk.stages

    nothing: ClassVar[object] = {"commitment": 10_000}
    """The ERP's order promises nothing; what was requested is promised again."""

    def decide(self) -> None:
        if self.desk.step(WISH) == "compensate" and not self.pending():
            self.desk.erp_issues(WISH)


class Supplier(Process):
    moves: ClassVar[tuple[str, ...]] = ("come", "create", "site", "number", "read")
    key, entity = "501", "supplier"
    nothing: ClassVar[object] = "inactive"

    def __init__(self) -> None:
        super().__init__()
        self.desk = SupplierDesk()
        self.in_force = "inactive"
        """What the ERP has of it; one that never was is as good as inactive."""

    def move(self, name: str) -> None:
        match name:
            case "come":
                self.desk.put(SOURCE, self.key)
            case "create":
                self.in_force = "active"
                self.desk.deliver("900", "10042")
            case "site":
                self.desk.deliver("71", "MAIN")
            case "number":
                self.desk.deliver(self.key, "10042")
            case "read":
                self.desk.read_back()

    def undo(self) -> None:
        claim = self.desk.deliver("900", "10042")
        if '"status": "inactive"' in claim.body:
            self.in_force = "inactive"

    def held(self) -> object:
        return self.in_force


PROCESSES: tuple[type[Process], ...] = (
    GoodsReceipt, GoodsReturn, VoidedReceipt, Expense, ExpenseJournal, RequisitionAndOrder, Supplier,
)  # fmt: skip
