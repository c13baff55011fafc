"""A finance desk for orders, receipts and invoices: a store in memory, and words for what both systems answer.

No adapter takes part. What was delivered is shown from then on, so that reading back goes through the real checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finsync_tui import actions, documents
from finsync_tui.actions import Actor
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.mapping import tables
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import MappingRow, Profile
from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.reconcile import read_back
from finsync_tui.reconcile.checks import CHECKS
from finsync_tui.reconcile.read_back import Want
from finsync_tui.suppliers import sweeping
from store import Store, commitments, crossrefs, events, leases, outbox, records, workflows
from store.canonical.budget import Commitment
from store.canonical.chart import TaxCode
from store.canonical.event import Event, event_type
from store.canonical.money import Money
from store.canonical.organisation import FiscalPeriod
from store.canonical.payables import (
    Invoice,
    InvoiceDistribution,
    InvoiceLine,
    PaidInvoice,
    Payment,
    RecordedPayment,
)
from store.canonical.people import Approval, Employee
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder, Receipt
from store.canonical.record import CanonicalRecord
from store.outbox import Attempt, Claim, Settlement
from store.workflows import Workflow
from tests.builders import (
    MONDAY,
    a_clock,
    a_cost_centre,
    a_purchase_order,
    a_store,
    a_supplier,
    an_order_line,
)

SOURCE, TARGET, TAXES = "coupa", "oracle-emea", "avatax"
ANALYST = Actor("ana", "cli")
INVOICE: dict[str, Any] = {
    "balance_cost_centre": "000",
    "match": {"quantity": {"percent": "5"}, "price": {"percent": "2"}},
}
PROFILE: dict[str, Any] = {
    "systems": {
        SOURCE: {"adapter": "coupa", "base_url": "https://source.example"},
        TARGET: {"adapter": "oracle_fusion", "base_url": "https://target.example"},
        TAXES: {"adapter": "avatax", "base_url": "https://taxes.example"},
    },
    "flows": {
        name: {"source": SOURCE} for name in ("requisition_to_pay", "goods_receipt", "invoice_to_payment")
    },
    "legal_entities": {
        "DE01": {
            "name": "Muster GmbH",
            "currency": "EUR",
            "source_chart": "DE Chart",
            "target": TARGET,
            "ledger": "DE Ledger",
            "business_unit": "DE Operations",
            "segments": [
                {"name": "company", "from": 1},
                {"name": "cost_centre", "from": 2, "table": "cost_centre"},
                {"name": "account", "from": 3},
            ],
            "invoice": INVOICE,
        }
    },
}
_ORDERS = {
    "order.cancel": "cancelled", "order.close": "closed", "order.reopen": "open", "order.change": "", "order.submit": "",
    "order.discard": "",
}  # fmt: skip
"""What becomes of an order in the ERP by each operation."""
ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cost_centre": (("420", "420"), ("430", "430"), ("000", "000")),
    "tax_account": (("DE/V19", "154500"),),
}


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def an_order(quantity: str = "10", price: str = "10", number: str = "PO-1", **changes: Any) -> PurchaseOrder:
    """Return an order of one line of desks."""
    amount = eur(str(Decimal(quantity) * Decimal(price)))
    (part,) = an_order_line(str(amount.amount)).distributions
    line = an_order_line(
        str(amount.amount), quantity=quantity, unit_price=price,
        distributions=(part.model_copy(update={"quantity": Decimal(quantity)}),),
    )  # fmt: skip
    return a_purchase_order(number=number, **{"lines": (line,), **changes})


def a_receipt(quantity: str = "10", number: str = "R1", **changes: Any) -> Receipt:
    fields: dict[str, Any] = {
        "number": number,
        "order_number": "PO-1",
        "order_line": "1",
        "quantity": quantity,
        "uom": "EA",
        "received_on": date(2026, 1, 5),
    }
    return Receipt(**fields | changes)


def a_line(quantity: str = "10", price: str = "10", number: str = "1", **changes: Any) -> InvoiceLine:
    """Return an invoice line of the order."""
    fields: dict[str, Any] = {
        "number": number,
        "amount": eur(str(Decimal(quantity) * Decimal(price))),
        "description": "Desk",
        "quantity": quantity,
        "unit_price": price,
        "uom": "EA",
        "order_number": "PO-1",
        "order_line": "1",
        "distributions": (),
    }
    return InvoiceLine(**fields | changes)


def a_free_line(amount: str = "100", number: str = "1", centre: str = "420", **changes: Any) -> InvoiceLine:
    """Return an invoice line without an order, charged to one account."""
    money = eur(amount)
    part = InvoiceDistribution(
        number="1",
        chart="DE Chart",
        account=f"01-{centre}-7110",
        segments=("01", centre, "7110"),
        amount=money,
    )
    fields: dict[str, Any] = {
        "number": number,
        "amount": money,
        "description": "Cleaning",
        "distributions": (part,),
    }
    return InvoiceLine(**fields | changes)


def a_tax_line(amount: str = "19", code: str = "V19", number: str = "T1", **changes: Any) -> InvoiceLine:
    fields: dict[str, Any] = {
        "number": number, "kind": "tax", "amount": eur(amount), "description": "VAT", "tax_code": code,
    }  # fmt: skip
    return InvoiceLine(**fields | changes)


def an_invoice(*lines: InvoiceLine, number: str = "INV-1", **changes: Any) -> Invoice:
    """Return an approved invoice of these lines; of ten desks at ten euros when none are given."""
    found = lines or (_charted(a_line()),)
    total = sum(line.amount.amount_minor for line in found)
    fields: dict[str, Any] = {
        "number": number,
        "status": "approved",
        "supplier_id": "501",
        "supplier_number": "S-1001",
        "supplier_name": "Muster Büromöbel GmbH",
        "currency": "EUR",
        "total": Money(amount_minor=total, currency="EUR"),
        "invoiced_on": date(2026, 1, 5),
        "ship_from_country": "DE",
        "ship_to_country": "DE",
        "lines": tuple(_charted(line) for line in found),
    }
    return Invoice(**fields | changes)


def a_prepayment(number: str = "PRE-1", amount: str = "40", **changes: Any) -> Invoice:
    """Return a prepayment as the ERP shows it: paid, on line 1 of its order."""
    fields: dict[str, Any] = {
        "number": number, "kind": "prepayment", "status": "approved", "paid_status": "paid", "supplier_id": "900",
        "supplier_number": "S-1001", "currency": "EUR", "total": eur(amount), "paid": eur(amount),
        "invoiced_on": date(2026, 1, 2),
        "lines": (InvoiceLine(number="1", amount=eur(amount), order_number="ERP-PO-1", order_line="1"),),
    }  # fmt: skip
    return Invoice(**fields | changes)


def _charted(line: InvoiceLine) -> InvoiceLine:
    """The source codes every line that is bought, also one of an order."""
    if line.kind != "item" or line.distributions or not line.order_number:
        return line
    part = InvoiceDistribution(
        number="1",
        chart="DE Chart",
        account="01-420-7110",
        segments=("01", "420", "7110"),
        amount=line.amount,
    )
    return line.model_copy(update={"distributions": (part,)})


class InvoiceDesk:
    """Reads documents in, runs the flows, and answers deliveries as a test says."""

    def __init__(self, tax: Mapping[str, Any] | None = None, **invoice: Any) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.rows = dict(ROWS)
        self.judges: Mapping[str, Judging] = {}
        self.judges_on: Callable[[date], Mapping[str, Judging]] | None = None
        self.setup(tax, **invoice)
        self.engines = 1
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1000), MONDAY)
        self.shown: dict[Want, CanonicalRecord] = {}
        """What systems show when they are read afresh."""
        self.made = 0
        self.prepaid: set[str] = set()
        self.drafts: dict[Want, Commitment] = {}
        self.reads_undoings = True
        """Prepayments that are applied to an invoice in the ERP."""
        self.put(TARGET, "900", a_supplier())
        self.put(SOURCE, "501", a_supplier(sites=()))
        sweeping.sweep(self.store, Thresholds(), self.clock.now())
        self.put(TARGET, "cc420", a_cost_centre())
        code = TaxCode(number="V19", country="DE", description="VAT 19", rate_percent=Decimal(19))
        self.put("extract", "DE/V19", code)

    def setup(self, tax: Mapping[str, Any] | None = None, **invoice: Any) -> None:
        """Change the company's invoice set-up and the tax policy; by default nothing is said about tax."""
        merged = {**INVOICE, **invoice}
        entity = PROFILE["legal_entities"]["DE01"] | {"invoice": merged}
        policy = (
            tax
            if tax is not None
            else {"severity": dict.fromkeys(("needs_review", "unknown_code", "undercharged"), "off")}
        )
        self.profile = Profile.model_validate(PROFILE | {"legal_entities": {"DE01": entity}, "tax": policy})

    @property
    def now(self) -> Any:
        return self.clock.now()

    # -- what systems show

    def put(self, system: str, external_id: str, record: CanonicalRecord) -> int:
        """Store a record as sync would; return its version."""
        with self.store.transaction() as db:
            incoming = records.Incoming(external_id, record, record.canonical_json())
            (stored,) = records.put_page(db, record.entity, system, [incoming], self.now)
        return stored.version

    def tell(self, system: str, external_id: str, record: CanonicalRecord, *, runs: bool = True) -> None:
        """A system shows this document: store it, tell the flows, run."""
        before = self.shown.get(Want(system, record.entity, external_id))
        if before is not None and system == SOURCE:  # what was written there stays
            record = record.model_copy(update={name: getattr(before, name) for name in record.echo_fields})
        version = self.put(system, external_id, record)
        self.shown[Want(system, record.entity, external_id)] = record
        described = documents.describe(record)
        assert described is not None
        event = Event(
            id=f"{system}:{record.entity}:{external_id}:v{version}",
            type=event_type(record.entity, described.participle),
            source=system,
            subject=f"{system}:{external_id}",
            time=self.now,
            data={"number": record.number},
        )
        with self.store.transaction() as db:
            events.append(db, [event])
        if runs:
            self.run()

    def order(self, order: PurchaseOrder | None = None, external_id: str = "4711") -> None:
        """An order goes all the way: an open commitment in the ERP, written back and verified."""
        order = order or an_order()
        self.tell(SOURCE, external_id, order)
        self.answer()
        self.answer()
        self.erp_issues(external_id)
        self.answer()
        self.read()

    def erp_issues(self, external_id: str = "4711") -> None:
        """The ERP has approved the order: it shows what it was asked to hold."""
        asked = records.get(self.store.db, Commitment, "finsync", f"{SOURCE}:{external_id}")
        link = crossrefs.get(self.store.db, "purchase_order", f"{SOURCE}:{external_id}", TARGET)
        assert asked is not None
        assert link is not None
        order = issued(asked.record, link.number or "")
        self.tell(TARGET, link.external_id, order)

    def receive(self, receipt: Receipt | None = None, *, is_posted: bool = True) -> None:
        """Goods arrive; in the ERP, too, unless it is said otherwise."""
        receipt = receipt or a_receipt()
        self.tell(SOURCE, receipt.number, receipt)
        if is_posted and self.pending and self.pending[0].startswith("receipt."):
            self.answer()
            self.read()

    def invoice(self, invoice: Invoice | None = None, external_id: str = "I1") -> None:
        self.tell(SOURCE, external_id, invoice or an_invoice())

    def pay(
        self,
        payment_id: str = "P1",
        amount: str = "100",
        status: str = "issued",
        *,
        of: str = "ERP-I1",
        **changes: Any,
    ) -> None:
        """The ERP shows a payment of the invoice."""
        money = eur(amount)
        fields: dict[str, Any] = {
            "number": payment_id,
            "status": status,
            "currency": "EUR",
            "amount": money,
            "paid_on": date(2026, 1, 9),
            "voided_on": date(2026, 1, 12) if status == "voided" else None,
            "invoices": (PaidInvoice(invoice_id=of, amount=money),),
        }
        self.tell(TARGET, payment_id, Payment(**fields | changes))

    def erp_shows(self, external_id: str = "ERP-I1", **fields: Any) -> None:
        """Sync reads the ERP's invoice: as it was delivered, changed as said."""
        record = self.shown[Want(TARGET, Invoice.entity, external_id)]
        self.tell(TARGET, external_id, record.model_copy(update=fields))

    def change(self, system: str, entity: str, external_id: str, **fields: Any) -> None:
        """Somebody changes what a system holds; nobody has read it yet."""
        want = Want(system, entity, external_id)
        self.shown[want] = self.shown[want].model_copy(update=fields)

    def approve(
        self, login: str = "a.berg", invoice_id: str = "I1", document: str = "invoice", **changes: Any
    ) -> None:
        fields: dict[str, Any] = {
            "number": f"A-{document}-{invoice_id}-{login}", "document_entity": document, "document_id": invoice_id,
            "status": "approved", "approver": login, "position": 1, "decided_at": MONDAY - timedelta(days=2),
        }  # fmt: skip
        record = Approval(**fields | changes)
        self.put(SOURCE, record.number, record)

    def person(self, number: str, login: str, **changes: Any) -> None:
        self.put(
            SOURCE, f"u{number}", Employee(**{"number": number, "login": login, "name": login, **changes})
        )

    def period(self, *, is_open: bool) -> None:
        month = FiscalPeriod(
            number="Jan-26", ledger="DE Ledger", name="Jan-26", starts_on=date(2026, 1, 1),
            ends_on=date(2026, 1, 31), is_open=is_open, subledger="payables",
        )  # fmt: skip
        self.put(TARGET, "Jan-26", month)

    # -- the engine

    def run(self) -> None:
        rows = {
            name: tuple(MappingRow(source=source, target=target) for source, target in pairs)
            for name, pairs in self.rows.items()
        }
        known = tables(rows, dict.fromkeys(rows, 1))
        facts = Facts(self.profile, known, "policy/1", "mapping/1", self.judges, judges_on=self.judges_on)
        while runner.advance(self.store, FLOWS, facts, self.clock).is_progress:
            pass  # what one flow says may be what another waits for

    def wait(self, **duration: float) -> None:
        """Let time pass, and whoever waits for it go on."""
        self.clock.advance(timedelta(**duration))
        self.run()

    @property
    def pending(self) -> list[str]:
        """Operations that may be delivered now."""
        rows = self.store.db.execute(
            "SELECT e.operation FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id WHERE d.state = 'pending'"
            " ORDER BY e.id"
        )
        return [row[0] for row in rows]

    def answer(
        self,
        state: str = "delivered",
        *,
        is_unknown: bool = False,
        is_pending: bool = False,
        **receipt: Any,
    ) -> Claim:
        """Let the first due delivery end so; return what was sent."""
        with self.store.transaction() as db:
            claims = [
                claim
                for system in (SOURCE, TARGET, TAXES)
                for claim in outbox.claim(db, system, self.now, 100, self.lease.token)
            ]
            claim = min(claims, key=lambda one: one.entry_id)
            external_id = None
            if state == "delivered" and not is_pending:
                external_id = self._show(claim)
            first = Settlement(
                entry_id=claim.entry_id,
                state=state,  # type: ignore[arg-type]  # tests name any state
                attempt=Attempt(self.now, self.now, state),
                external_id=external_id,
                receipt={
                    "is_pending": is_pending or claim.operation == "order.submit",
                    "number": None,
                    **receipt,
                },
                message="as the test says",
                is_outcome_unknown=is_unknown,
            )
            others = [
                Settlement(entry_id=one.entry_id, state="pending", attempt=None, spends_attempt=False)
                for one in claims
                if one is not claim
            ]
            outbox.settle(db, self.lease.token, [first, *others], self.now)
            if state == "delivered":
                self._link(db, claim, external_id)
            assert claim.workflow_id is not None
            workflows.wake(db, [claim.workflow_id], self.now)
        self.run()
        self.read_undoings()
        return claim

    def answers(self, count: int) -> None:
        for _ in range(count):
            self.answer()

    def crash(self) -> None:
        """The engine dies while it sends; another one takes over."""
        with self.store.transaction() as db:
            for system in (SOURCE, TARGET, TAXES):
                outbox.claim(db, system, self.now, 100, self.lease.token)
        self.engines += 1
        late = MONDAY + timedelta(days=2000 * self.engines)
        self.lease = leases.acquire(self.store, f"test:{self.engines}:1", timedelta(days=1000), late)
        with self.store.transaction() as db:
            outbox.recover(db, self.lease.token, self.now)
        self.run()

    def read(self, *, is_gone: bool = False) -> None:
        """Reconcile reads back what waits for it: what systems show, unless it is gone."""
        self._read(dict.fromkeys(step for _, step in CHECKS), is_gone=is_gone)

    def read_undoings(self) -> None:
        """What was undone is read back in the cycle that undid it."""
        while self.reads_undoings and self._read(("compensate",)):
            pass

    def _read(self, steps: Iterable[str], *, is_gone: bool = False) -> int:
        """Read back what waits for it at these steps; return how many documents that were."""
        count = 0
        for step in steps:
            for workflow in workflows.waiting_at(self.store.db, step, self.now, 100):
                check = CHECKS.get((workflow.flow, step))
                wants = check.wants(self.store.db, workflow) if check is not None else None
                if check is None or wants is None:
                    continue
                found = {} if is_gone else {want: self.shown[want] for want in wants if want in self.shown}
                with self.store.transaction() as db:
                    read_back._tell(db, workflow, check.see(db, workflow, found), self.now)
                count += 1
        self.run()
        return count

    def post(self, invoice: Invoice | None = None) -> None:
        """Take an invoice up to the wait for its payment: nothing goes wrong."""
        self.invoice(invoice)
        self.answers(2)
        self.read()
        self.answer()

    def finish(self, invoice: Invoice | None = None) -> None:
        self.post(invoice)
        self.pay(amount=str((invoice or an_invoice()).total.amount))
        self.answer()
        self.read()

    def retry(self) -> None:
        """An analyst retries every open exception."""
        actions.retry(self.store, ANALYST, self.open_cases)
        self.run()

    def abort(self) -> None:
        actions.abort_workflow(self.store, ANALYST, self.workflow.id, "entered twice")
        self.run()

    # -- what came of it

    def flow(self, key: str) -> Workflow:
        return workflows.of_document(self.store.db, f"{SOURCE}:{key}")[-1]

    def invoice_flows(self, key: str = "I1") -> list[Workflow]:
        """All instances of an invoice, oldest first."""
        return workflows.of_document(self.store.db, f"{SOURCE}:{key}", Invoice.entity)

    def order_flows(self, key: str = "4711") -> list[Workflow]:
        """All instances of an order, oldest first."""
        return workflows.of_document(self.store.db, f"{SOURCE}:{key}", PurchaseOrder.entity)

    @property
    def all_sent(self) -> list[str]:
        """Every decision to write, in order."""
        return [row[0] for row in self.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id")]

    @property
    def workflow(self) -> Workflow:
        """The newest instance of the first invoice."""
        return self.flow("I1")

    def step(self, key: str = "I1") -> str:
        found = self.flow(key)
        return found.step if found.ended_at is None else found.state

    def workflow_waits(self, key: str) -> str | None:
        return self.flow(key).waiting_for

    @property
    def open_cases(self) -> list[int]:
        rows = self.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL ORDER BY id")
        return [row[0] for row in rows.fetchall()]

    @property
    def exceptions(self) -> list[tuple[str, str]]:
        """(class, state) of every exception so far."""
        rows = self.store.db.execute("SELECT class, state FROM exception_case ORDER BY id")
        return [(row[0], row[1]) for row in rows]

    @property
    def cause(self) -> str:
        row = self.store.db.execute("SELECT cause FROM exception_case ORDER BY id DESC LIMIT 1").fetchone()
        return str(row[0])

    @property
    def noted(self) -> list[str]:
        """Classes of what was noticed and stops nobody."""
        return [row[0] for row in self.store.db.execute("SELECT class FROM finding ORDER BY id")]

    @property
    def sent(self) -> list[str]:
        """Every decision to write about receipts and invoices, in order."""
        rows = self.store.db.execute(
            "SELECT operation FROM outbox_entry WHERE operation NOT LIKE 'order.%' ORDER BY id"
        )
        return [row[0] for row in rows]

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        rows = self.store.db.execute(
            "SELECT body FROM outbox_entry WHERE operation = ? ORDER BY id", (operation,)
        )
        return [json.loads(row[0]) for row in rows]

    def body(self, operation: str) -> dict[str, Any]:
        """What the last decision of that kind says."""
        return self.bodies(operation)[-1]

    @property
    def recorded(self) -> list[tuple[str, str]]:
        """(note, amount) of every payment that the source was told."""
        return [(body["note"], body["amount"]) for body in self.bodies("invoice.record_payment")]

    @property
    def statuses(self) -> list[str]:
        return [body["fields"]["erp_status"] for body in self.bodies("invoice.write_back")]

    @property
    def posted(self) -> Invoice:
        return Invoice.model_validate(self.body("invoice.create")["invoice"])

    def charged(self) -> dict[str, int]:
        """Minor units by account, or by order line, of what was last asked of the ERP."""
        sums: dict[str, int] = {}
        for line in self.posted.lines:
            place = str(line.account or f"{line.order_number}/{line.order_line}")
            sums[place] = sums.get(place, 0) + line.amount.amount_minor
        return sums

    @property
    def open_minor(self) -> int:
        """What is still promised, in minor units."""
        return sum(one.amount_minor for one in commitments.totals(self.store.db))

    # -- what systems keep of what they took

    def _link(self, db: Any, claim: Claim, external_id: str | None) -> None:
        if claim.operation == "order.discard":
            crossrefs.unlink(db, claim.entity, claim.document_key, claim.system)
        if claim.operation.endswith(".create") and external_id:
            number = (
                f"ERP-{claim.document_number}" if claim.entity == "purchase_order" else claim.document_number
            )
            crossrefs.link(
                db, claim.entity, claim.document_key, claim.system, external_id, number=number, revision=None,
                why="created", linked_at=self.now,
            )  # fmt: skip

    def _show(self, claim: Claim) -> str | None:
        """Keep what a system shows after a delivery that it took; return its id there."""
        body = json.loads(claim.body)
        what, _, word = claim.operation.partition(".")
        if what == "receipt":
            return self._move(claim, Receipt.model_validate(body["receipt"]))
        if claim.operation == "order.create":
            return f"ERP-{claim.document_key.partition(':')[2]}"
        if claim.system == SOURCE:
            self._told(claim, body)
        elif what == "invoice":
            return self._payables(claim, word, body)
        elif claim.operation in _ORDERS:
            self._orders(claim, body)
        return claim.external_id

    def _orders(self, claim: Claim, body: Mapping[str, Any]) -> None:
        """The ERP ends, reopens and discards at once; a change is in force when it is submitted: nobody there objects."""
        want = Want(TARGET, "purchase_order", claim.external_id or "")
        if claim.operation == "order.change":
            self.drafts[want] = Commitment.model_validate(body["commitment"])
        elif claim.operation == "order.discard" and body.get("is_change"):
            self.drafts.pop(want, None)
        elif claim.operation == "order.discard":
            self.shown.pop(want, None)
        elif claim.operation == "order.submit" and want in self.drafts:
            self.shown[want] = issued(self.drafts.pop(want), str(body["number"]))
        elif claim.operation != "order.submit":
            self.shown[want] = a_purchase_order(status=_ORDERS[claim.operation])

    def _payables(self, claim: Claim, word: str, body: Mapping[str, Any]) -> str:
        if word == "create":
            external_id = f"ERP-{claim.document_key.partition(':')[2]}"
            self.shown[Want(TARGET, Invoice.entity, external_id)] = Invoice.model_validate(body["invoice"])
            return external_id
        want = Want(TARGET, Invoice.entity, claim.external_id or "")
        changes: dict[str, dict[str, Any]] = {
            "validate": {"status": "approved"},
            "cancel": {"status": "cancelled"},
            "hold": {"status": "on_hold", "holds": (str(body.get("name")),)},
            "release": {"status": "approved", "holds": ()},
            "apply_prepayment": {},
            "unapply_prepayment": {},
        }
        if word == "cancel":  # as Oracle, which cancels nothing that is held or paid in advance
            held = self.shown[want]
            assert isinstance(held, Invoice)
            assert held.status != "on_hold", "an invoice that is held can't be cancelled"
            assert not self.prepaid, "an invoice that a prepayment pays can't be cancelled"
        if word.endswith("apply_prepayment"):
            number = str(body["prepayment_number"])
            self.prepaid = {*self.prepaid, number} if word == "apply_prepayment" else self.prepaid - {number}
        self.shown[want] = self.shown[want].model_copy(update=changes[word])
        return claim.external_id or ""

    def _move(self, claim: Claim, receipt: Receipt) -> str:
        """The ERP keeps each movement for ever; what corrects a return counts in the return's own direction."""
        known = [
            want.external_id for want, one in self.shown.items()
            if want.system == TARGET and isinstance(one, Receipt) and one.reference == receipt.reference
        ]  # fmt: skip
        if known:
            return known[0]
        self.made += 1
        external_id = f"M{self.made}"
        of = self.shown.get(Want(TARGET, Receipt.entity, receipt.original_id or ""))
        if (
            receipt.kind == "correction"
            and isinstance(of, Receipt)
            and of.kind == "return"
            and receipt.quantity is not None
        ):
            receipt = receipt.model_copy(update={"quantity": -receipt.quantity})
        self.shown[Want(TARGET, Receipt.entity, external_id)] = receipt
        return external_id

    def _told(self, claim: Claim, body: Mapping[str, Any]) -> None:
        want = Want(SOURCE, claim.entity, claim.document_key.partition(":")[2])
        record = self.shown[want]
        if claim.operation.endswith(".mark_exported"):
            return
        if "fields" in body:
            changes: dict[str, Any] = {
                "target_number": body["fields"]["erp_number"],
                "target_status": body["fields"]["erp_status"],
            }
        elif claim.operation == "invoice.mark_paid":
            changes = {"is_marked_paid": body["is_paid"]}
        else:
            assert isinstance(record, Invoice)
            told = RecordedPayment(
                amount=Money.of(body["amount"], body["currency"]), paid_on=body["paid_on"], note=body["note"]
            )
            known = told in record.recorded_payments
            recorded = record.recorded_payments if known else (*record.recorded_payments, told)
            changes = {"recorded_payments": recorded, "is_marked_paid": body["is_paid"]}
        self.shown[want] = record.model_copy(update=changes)

    def received(self) -> Decimal:
        """What the ERP has received in all."""
        found = (one for want, one in self.shown.items() if want.system == TARGET)
        return sum((one.quantity or Decimal(0) for one in found if isinstance(one, Receipt)), Decimal(0))

    def in_force(self) -> int:
        """What the ERP's invoices that are not cancelled come to, in minor units."""
        found = (one for want, one in self.shown.items() if want.system == TARGET)
        return sum(
            one.total.amount_minor for one in found if isinstance(one, Invoice) and one.status != "cancelled"
        )


def issued(asked: Commitment, number: str) -> PurchaseOrder:
    """The ERP's order, made of what it was asked to hold."""
    lines = tuple(
        OrderLine(
            number=line.number,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            distributions=tuple(
                OrderDistribution(number=d.number, account=d.charge_account, amount=d.amount)
                for d in line.distributions
            ),
        )
        for line in asked.lines
    )
    return PurchaseOrder(
        number=number, status="open", revision=asked.revision, supplier_id=asked.supplier_id, currency=asked.currency,
        total=asked.total, reference=asked.marker, lines=lines,
    )  # fmt: skip
