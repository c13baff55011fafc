"""Invoices and orders from their document to their end, with everything that a flow of theirs can wait for on the way."""

from __future__ import annotations

from typing import Any, ClassVar

from finsync_tui import actions
from finsync_tui.profile import Profile
from finsync_tui.reconcile.read_back import Want
from finsync_tui.tax import determine
from store import cases, crossrefs, records
from store.canonical.budget import Commitment
from store.canonical.chart import TaxCode
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder
from store.canonical.tax import TaxQuestion
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    a_line,
    a_prepayment,
    a_receipt,
    a_tax_line,
    an_invoice,
    eur,
    issued,
)
from tests.finsync_tui.flows.processes import Process
from tests.finsync_tui.flows.test_requisition_commitment import WISH, Desk, a_requisition, its_order

HOLD = "Supplier dispute"
PREPAID = 4_000
"""Of the prepayment that the ERP shows, in minor units."""


class BuyingProcess(Process):
    """Moves that orders and invoices share; a move's words after the first say what it is about."""

    ways: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.moves = tuple(one.strip() for one in getattr(cls, "ways", "").split(",") if one.strip())

    def __init__(self) -> None:
        super().__init__()
        self.desk = self.open_desk()

    def open_desk(self) -> Any:
        return InvoiceDesk(dispute_hold=HOLD)

    def move(self, name: str) -> None:
        word, *about = name.split()
        getattr(self, f"do_{word}")(*about)

    def do_answer(self) -> None:
        self.desk.answer()

    def do_take(self) -> None:
        """The system takes what it was asked and says nothing yet."""
        self.desk.answer(is_pending=True)

    def do_read(self) -> None:
        self.desk.read()


class InvoiceProcess(BuyingProcess):
    """An invoice of an order and its goods."""

    key, entity = "I1", "invoice"
    open_after: ClassVar[int] = 10_000
    """What its order promises when the invoice takes nothing of it."""

    def open_desk(self) -> Any:
        desk = super().open_desk()
        desk.order()
        desk.receive()
        return desk

    def invoice(self, **changes: Any) -> Invoice:
        return an_invoice(a_line(), **changes)

    def do_arrive(self) -> None:
        self.desk.invoice(self.invoice())

    def do_dispute(self) -> None:
        self.desk.invoice(self.invoice(status="on_hold", holds=("disputed", "Damaged goods")))

    def do_settle(self) -> None:
        self.desk.invoice(self.invoice())

    def do_void(self) -> None:
        self.desk.invoice(self.invoice(status="cancelled"))

    def do_receive(self) -> None:
        self.desk.receive(is_posted=False)

    def do_send_back(self) -> None:
        self.desk.tell(SOURCE, "R2", a_receipt("-10", "R2", kind="return", original_id="R1"))

    def do_hold(self) -> None:
        self.desk.erp_shows(status="on_hold", holds=("Bank account under review",))

    def do_release(self) -> None:
        self.desk.erp_shows(status="approved", holds=())

    def do_cancel(self) -> None:
        self.desk.erp_shows(status="cancelled")

    def do_settled(self, amount: str) -> None:
        self.desk.erp_shows(paid_status="paid", paid=eur(amount))

    def do_apply(self, amount: str) -> None:
        self.desk.answer(answer={"applied": amount})

    def do_pay(self, number: str, amount: str) -> None:
        self.desk.pay(number, amount)

    def do_call_back(self, number: str, amount: str) -> None:
        self.desk.pay(number, amount, status="voided")

    def undo(self) -> None:
        """Who holds it there lets it go first: the ERP cancels nothing that somebody there holds."""
        erp = self.desk.shown.get(Want(TARGET, Invoice.entity, "ERP-I1"))
        if self.pending()[:1] == ["invoice.cancel"] and isinstance(erp, Invoice) and erp.status == "on_hold":
            self.desk.answer("refused", case_class="REJECTED")
            self.do_release()
            self.desk.retry()
        super().undo()

    def held(self) -> object:
        source = self.desk.shown.get(Want(SOURCE, Invoice.entity, "I1"))
        recorded = source.recorded_payments if isinstance(source, Invoice) else ()
        told = sorted((one.note, one.amount.amount_minor) for one in recorded)
        owed = self.desk.in_force() - PREPAID * (Want(TARGET, Invoice.entity, "PRE-1") in self.desk.shown)
        return owed, self.desk.open_minor, sorted(self.desk.prepaid), told

    def is_clean(self) -> bool:
        """Nothing is owed, the order promises what it did, no prepayment is tied up, and what was told is taken back."""
        in_force, is_open, prepaid, told = self.held()  # type: ignore[misc]
        return (in_force, is_open, prepaid, sum(amount for _, amount in told)) == (0, self.open_after, [], 0)


class PaidInParts(InvoiceProcess):
    """Held and released, paid in parts of which one is voided and made anew."""

    ways = (
        "arrive, answer, answer, read, answer, hold, answer, release, read, answer,"
        "pay P1 45, answer, pay P2 20, answer, call_back P2 20, answer, pay P3 55, answer, read"
    )


class SettledWithLess(InvoiceProcess):
    """A discount settles it; the ERP's invoice is read long after the payment was told."""

    ways = "arrive, answer, answer, read, answer, pay P1 98, answer, read, settled 98, answer, read"


class WithheldOtherwise(SettledWithLess):
    """Two are kept back for the tax office, and the country's rule says ten."""

    def open_desk(self) -> Any:
        severity = dict.fromkeys(("needs_review", "unknown_code", "undercharged", "not_taxable"), "off")
        rules = {"withholding": [{"percent": "10"}]}
        desk = InvoiceDesk(dispute_hold=HOLD, tax={"severity": severity, "countries": {"DE": rules}})
        desk.order()
        desk.receive()
        return desk


class GoesBackLate(InvoiceProcess):
    """Its goods go back after it was paid."""

    ways = "arrive, answer, answer, read, answer, pay P1 100, answer, read, send_back"


class CancelledThere(InvoiceProcess):
    """Somebody cancels it in the ERP, and has it in force again before it is paid."""

    ways = "arrive, answer, answer, read, answer, cancel, answer, release, answer, pay P1 100, answer, read"


class PaidTwice(InvoiceProcess):
    """The ERP pays a part of it twice; the second is not told while it is in doubt, and is called back."""

    ways = "arrive, answer, answer, read, answer, pay P1 40, pay P2 40, answer, read, call_back P2 40, pay P3 60, answer, read"


class PrepaidAndDisputed(InvoiceProcess):
    """A prepayment pays the first part of it; it is disputed and settled before the rest is paid."""

    ways = (
        "arrive, answer, answer, read, apply 40.00, answer, answer,"
        "dispute, answer, answer, settle, answer, answer, pay P1 60, answer, read"
    )

    def open_desk(self) -> Any:
        desk = super().open_desk()
        desk.tell(TARGET, "PRE-1", a_prepayment())
        return desk


class WaitsForItsGoods(InvoiceProcess):
    """It comes before its goods, and the ERP validates in its own time."""

    ways = "arrive, receive, answer, answer, take, release, read, answer, pay P1 100, answer, read"

    def open_desk(self) -> Any:
        desk = InvoiceDesk(dispute_hold=HOLD)
        desk.order()
        return desk


class Credit(InvoiceProcess):
    """A credit note gives back what an invoice took, and nothing is paid for it."""

    ways = "arrive, answer, answer, read, answer, read"
    key = "I2"
    open_after = 0

    def open_desk(self) -> Any:
        desk = super().open_desk()
        desk.finish()
        return desk

    def do_arrive(self) -> None:
        credit = an_invoice(a_line("-2"), number="CN-1", kind="credit_memo", original_number="INV-1")
        self.desk.invoice(credit, self.key)

    def held(self) -> object:
        in_force, *rest = super().held()  # type: ignore[misc]
        return (in_force - 10_000, *rest)

    def is_clean(self) -> bool:
        in_force, is_open, prepaid, _ = self.held()  # type: ignore[misc]
        return (in_force, is_open, prepaid) == (0, 0, [])


class TaxedBySystem(InvoiceProcess):
    """A system determines its tax before anything is posted."""

    ways = "arrive, determine, answer, answer, read, answer, pay P1 119, answer, read"

    def open_desk(self) -> Any:
        return InvoiceDesk(tax={"provider": "avatax"})

    open_after = 0

    def invoice(self, **changes: Any) -> Invoice:
        lines = a_free_line(tax_code="V19"), a_tax_line("19", "V19", reference="1")
        return an_invoice(*lines, **changes)

    def do_determine(self) -> None:
        held = records.get(self.desk.store.db, TaxCode, "extract", "DE/V19")
        assert held is not None
        question = TaxQuestion.model_validate(self.desk.body("tax.determine")["question"])
        free = InvoiceDesk(tax={}).profile.tax
        self.desk.answer(answer=determine(question, [held.record], free).model_dump(mode="json"))


class RecalledInvoice(InvoiceProcess):
    """It is disputed at its source before anything of it was sent, by any engine."""

    ways = "arrive, dispute"

    def send(self) -> None:
        """Nothing: what may have arrived is no longer recalled but looked up, posted and held."""


class VoidedInvoice(InvoiceProcess):
    """The source voids one that is posted, disputed and prepaid in part: the ERP cancels it, and nothing stays tied up."""

    ways = "void, answer, answer, answer, answer, answer, read"
    is_ending = True

    def open_desk(self) -> Any:
        desk = super().open_desk()
        desk.tell(TARGET, "PRE-1", a_prepayment())
        desk.invoice(self.invoice())
        desk.answers(2)
        desk.read()
        desk.answer(answer={"applied": "40.00"})
        desk.answers(2)
        desk.invoice(self.invoice(status="on_hold", holds=("disputed",)))
        desk.answers(2)
        return desk


class OrderProcess(BuyingProcess):
    """An order, the requisition it came from, and an ERP that issues what it was asked to hold."""

    ways = "arrive, answer, answer, issue, answer, read"
    key, entity = WISH, "purchase_order"

    def open_desk(self) -> Any:
        desk = Desk()
        desk.wish(a_requisition("L1"))
        return desk

    def do_arrive(self, quantity: str = "10", revision: str = "1") -> None:
        self.desk.tell(SOURCE, WISH, its_order(quantity, revision=revision))

    def do_close(self) -> None:
        self.desk.tell(SOURCE, WISH, its_order(status="closed", revision="2"))

    def do_cancel(self) -> None:
        self.desk.tell(SOURCE, WISH, its_order(status="cancelled", revision="2"))

    def do_issue(self) -> None:
        self.show("open")

    def do_show(self, status: str) -> None:
        self.show(status)

    def show(self, status: str) -> None:
        """Sync reads the ERP's order."""
        db = self.desk.store.db
        asked = records.get(db, Commitment, "finsync", f"{SOURCE}:{WISH}")
        link = crossrefs.get(db, PurchaseOrder.entity, f"{SOURCE}:{WISH}", TARGET)
        assert asked is not None
        assert link is not None
        order = issued(asked.record, link.number or "").model_copy(
            update={"status": status, "buyer": f"seen after {len(self.desk.all_sent)}"}
        )
        self.desk.tell(TARGET, link.external_id, order)

    def made(self) -> None:
        """Take it up to its end: an open order in the ERP."""
        for name in ("arrive", "answer", "answer", "issue", "answer", "read"):
            self.move(name)

    def held(self) -> object:
        return self.desk.stages

    nothing: ClassVar[object] = {"commitment": 10_000}

    def decide(self) -> None:
        if self.desk.step(WISH) == "compensate" and not self.pending() and self.is_asked():
            self.show("open")

    def is_asked(self) -> bool:
        sent = self.desk.store.db.execute(
            "SELECT count(*) FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id"
            " WHERE e.operation = 'order.submit' AND d.state IN ('delivered', 'verified')"
        ).fetchone()
        return bool(sent[0])


class ChangedThere(OrderProcess):
    """Somebody changes it in the ERP by hand, and changes it back."""

    ways = "arrive, answer, answer, issue, answer, read, alter 120, answer, issue, answer"

    def do_alter(self, amount: str) -> None:
        order = self.desk.shown[Want(TARGET, PurchaseOrder.entity, f"ERP-{WISH}")]
        assert isinstance(order, PurchaseOrder)
        (line,) = order.lines
        changed = line.model_copy(update={"amount": eur(amount), "distributions": ()})
        self.desk.tell(
            TARGET, f"ERP-{WISH}", order.model_copy(update={"lines": (changed,), "total": eur(amount)})
        )


class OrderWithFundsCheck(OrderProcess):
    """The ERP is asked whether its budgets bear it, before anybody is asked to approve it."""

    ways = "arrive, answer, funds passed, answer, issue, answer, read"

    def open_desk(self) -> Any:
        desk = super().open_desk()
        setup = desk.profile.model_dump(mode="json", by_alias=True)
        setup["legal_entities"]["DE01"]["funds_check"] = "erp"
        desk.profile = Profile.model_validate(setup)
        return desk

    def do_funds(self, answer: str) -> None:
        self.desk.answer(answer={"funds": answer})


class ApprovedLate(OrderProcess):
    """The ERP refuses it, somebody settles the exception about that, and then it is approved there after all."""

    ways = "arrive, answer, answer, show rejected, settle, issue, answer, read"

    def do_settle(self) -> None:
        (case,) = cases.live_for_documents(self.desk.store.db, [f"{SOURCE}:{WISH}"])
        actions.resolve(self.desk.store, ANALYST, [case.id], "seen to there")
        self.desk.run()


class EndedThere(OrderProcess):
    """The ERP closes it by itself when all is done, and opens it again."""

    ways = "show closed, answer, show open, answer"

    def __init__(self) -> None:
        super().__init__()
        self.made()


class ChangedOrder(OrderProcess):
    """An open order becomes a smaller one."""

    ways = "arrive 5 2, answer, answer, issue, answer, read"
    nothing: ClassVar[object] = {"obligation": 10_000}

    def __init__(self) -> None:
        super().__init__()
        self.made()


class CancelledOrder(OrderProcess):
    """Its source gives an open order up."""

    ways = "cancel, answer, show cancelled, answer, read"
    is_ending = True

    def __init__(self) -> None:
        super().__init__()
        self.made()


class ClosedOrder(CancelledOrder):
    """Its source is done with it: nothing more is promised, until that is given up."""

    ways = "close, answer, show closed, answer, read"
    is_ending = False
    nothing: ClassVar[object] = {"obligation": 10_000}


class ReopenedOrder(OrderProcess):
    """A closed order is opened again and changed."""

    ways = "arrive 5 3, answer, show open, answer, answer, issue, answer, read"
    nothing: ClassVar[object] = {}

    def __init__(self) -> None:
        super().__init__()
        self.made()
        for name in ("close", "answer", "show closed", "answer", "read"):
            self.move(name)


class RequisitionOnly(BuyingProcess):
    """What is wanted is promised until it is withdrawn."""

    ways = "wish approved, wish ordered, wish cancelled"
    key, entity = WISH, "requisition"

    def open_desk(self) -> Any:
        return Desk()

    def do_wish(self, status: str) -> None:
        self.desk.wish(a_requisition("L1", status=status))

    def held(self) -> object:
        return self.desk.stages


BUYING: tuple[type[BuyingProcess], ...] = (
    PaidInParts, SettledWithLess, WithheldOtherwise, GoesBackLate, CancelledThere, PaidTwice, PrepaidAndDisputed, WaitsForItsGoods, Credit, TaxedBySystem, RecalledInvoice,
    VoidedInvoice,
    OrderProcess, OrderWithFundsCheck, ApprovedLate, EndedThere, ChangedThere, ChangedOrder, CancelledOrder, ClosedOrder, ReopenedOrder, RequisitionOnly,
)  # fmt: skip
