"""A finance desk for expenses: a store in memory, and words for what the expense tool and the ERP answer.

No adapter takes part. What was delivered is shown from then on, so that reading back goes through the real checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from finsync_tui import documents
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.mapping import tables
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import MappingRow, Profile
from finsync_tui.reconcile import read_back
from finsync_tui.reconcile.checks import CHECKS
from finsync_tui.reconcile.read_back import Want
from store import Store, crossrefs, events, leases, outbox, records, workflows
from store.canonical.event import Event, event_type
from store.canonical.expense import (
    AdvanceApplication,
    ExpenseAllocation,
    ExpenseDocument,
    ExpenseEntry,
    ExpenseJournalLine,
    ExpenseTax,
)
from store.canonical.journal import JournalEntry
from store.canonical.money import Money
from store.canonical.organisation import FiscalPeriod
from store.canonical.payables import Invoice, PaidInvoice, Payment
from store.canonical.people import Employee
from store.canonical.record import CanonicalRecord
from store.outbox import Attempt, Claim, Settlement
from store.workflows import Workflow
from tests.builders import MONDAY, a_clock, a_cost_centre, a_store, a_supplier

SOURCE, TARGET = "concur", "oracle-emea"
DOCUMENT = "9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c.expense.4E6593CB987D459C88FA"
MARKER = "R-7001-9a41c6e0b7a9"

EXPENSE: dict[str, Any] = {
    "ledgers": ["DEFAULT", ""],
    "company": "01",
    "balance_cost_centre": "000",
    "accounts": {
        "employee": "330000",
        "individual_card": "331000",
        "company_card": "332000",
        "company_paid": "333000",
        "rounding": "699999",
    },
}
PROFILE: dict[str, Any] = {
    "systems": {
        SOURCE: {"adapter": "concur", "base_url": "https://source.example"},
        TARGET: {"adapter": "oracle_fusion", "base_url": "https://target.example"},
    },
    "flows": {"expense_to_reimbursement": {"source": SOURCE, "due": {"await_payment": "P14D"}}},
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
                {"name": "account", "from": 3, "table": "account"},
            ],
            "expense": EXPENSE,
        }
    },
}
ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cost_centre": (("420", "420"), ("000", "000")),
    "account": (("6640", "664000"), ("199999", "332900"), ("CADV", "118000")),
    "expense_account": (("FR/*", "665000"),),
    "tax_account": (("DE/VA", "154500"),),
}


def a_line(gross: str = "100", account: str = "6640", **changes: Any) -> ExpenseJournalLine:
    fields: dict[str, Any] = {
        "account_code": account,
        "payer": "COMP",
        "payee": "EMPL",
        "gross": gross,
        "net_of_tax": gross,
        "net_of_reclaim": gross,
    }
    return ExpenseJournalLine(**fields | changes)


def an_expense(amount: str = "100", **changes: Any) -> ExpenseEntry:
    """Return a hotel night in Germany, paid in cash, on one cost centre."""
    line = changes.pop("line", None) or a_line(amount)
    fields: dict[str, Any] = {
        "id": "E1",
        "type_code": "LODNG",
        "type_name": "Hotel",
        "spent_on": date(2025, 12, 30),
        "country": "DE",
        "approved": amount,
        "paid_by": "cash",
        "allocations": (
            ExpenseAllocation(id="A1", percentage=Decimal(100), codes={"custom1": "420"}, journal=(line,)),
        ),
    }
    return ExpenseEntry(**fields | changes)


def a_card_expense(amount: str = "100", payee: str = "CBCP", **changes: Any) -> ExpenseEntry:
    """Return an expense that a card, or the company, has paid."""
    how = {"CBCP": "company_card", "IBCP": "individual_card", "COPD": "company_paid"}[payee]
    return an_expense(amount, line=a_line(amount, payee=payee), paid_by=how, **changes)


def a_personal_charge(amount: str = "14", account: str = "199999", **changes: Any) -> ExpenseEntry:
    """Return a private purchase on a company's card: its two lines cancel on the card's account."""
    lines = (
        a_line(amount, account, payee="CBCP"),
        a_line(f"-{amount}", account, payer="EMPL", payee="COMP"),
    )
    parts = (ExpenseAllocation(id="P1#1", journal=lines),)
    fields: dict[str, Any] = {
        "id": "P1",
        "type_code": "ENTOT",
        "is_personal": True,
        "paid_by": "company_card",
        "clearing_account": account,
        "allocations": parts,
    }
    return an_expense("0", **fields | changes)


def a_taxed_expense(gross: str, tax: str, reclaim: str, **changes: Any) -> ExpenseEntry:
    line = a_line(
        gross,
        net_of_tax=str(Decimal(gross) - Decimal(tax)),
        net_of_reclaim=str(Decimal(gross) - Decimal(reclaim)),
        tax_ids=("T1",),
    )
    taxes = (
        ExpenseTax(id="T1", authority="DEVAT", reclaim_code="VA", country="DE", tax=tax, reclaim=reclaim),
    )
    part = ExpenseAllocation(id="A1", codes={"custom1": "420"}, journal=(line,), taxes=taxes)
    return an_expense(gross, allocations=(part,), **changes)


def a_report(total: str | None = None, currency: str = "EUR", **changes: Any) -> ExpenseDocument:
    """Return an approved report of one hotel night; with `entries`, the total follows them unless it is given."""
    entries = changes.pop("entries", (an_expense(total or "100"),))
    stated = Money.of(total or sum((e.approved for e in entries), Decimal(0)), currency)
    fields: dict[str, Any] = {
        "number": "R-7001",
        "kind": "report",
        "status": "ready",
        "document_type": "expense",
        "report_id": "4E6593CB987D459C88FA",
        "title": "Trip to Lyon",
        "ledger": "DEFAULT",
        "employee_id": "E-100",
        "employee_name": "Ana Ferrer",
        "country": "DE",
        "currency": currency,
        "total": stated,
        "approved_at": datetime(2026, 1, 3, 10, 0, tzinfo=UTC),
        "approver_id": "E-200",
        "entries": entries,
    }
    return ExpenseDocument(**fields | changes)


def an_advance(amount: str, kind: str = "applied", **changes: Any) -> AdvanceApplication:
    fields: dict[str, Any] = {"advance_id": "CA1", "kind": kind, "amount": amount, "clearing_account": "CADV"}
    return AdvanceApplication(**fields | changes)


def an_employee(number: str = "E-100", **changes: Any) -> Employee:
    return Employee(**{"number": number, "name": number, **changes})


class ExpenseDesk:
    """Reads documents in, runs the flow, and answers deliveries as a test says."""

    def __init__(self, **expense: Any) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.rows = dict(ROWS)
        self.judges: Mapping[str, Judging] = {}
        self.setup(**expense)
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1000), MONDAY)
        self.document = DOCUMENT
        self.document_is = a_report()
        """What a test submits that changes the document before it comes."""
        self.shown: dict[Want, CanonicalRecord] = {}
        """What systems show when they are read afresh."""
        self.put(TARGET, "900", a_supplier(number="E-100", name="Ana Ferrer", sites=()))
        self.put(TARGET, "cc420", a_cost_centre())
        self.put(SOURCE, "u100", an_employee(name="Ana Ferrer", manager_number="E-200"))
        self.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", manager_number="E-300"))
        self.put(SOURCE, "u300", an_employee("E-300", name="Cy Roth"))

    def setup(self, **expense: Any) -> None:
        """Change the company's expense set-up; accounts are added to, not replaced."""
        merged = EXPENSE | expense | {"accounts": EXPENSE["accounts"] | expense.get("accounts", {})}
        entity = PROFILE["legal_entities"]["DE01"] | {"expense": merged}
        self.profile = Profile.model_validate(PROFILE | {"legal_entities": {"DE01": entity}})

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def put(self, system: str, external_id: str, record: CanonicalRecord) -> int:
        """Store a record as sync would; return its version."""
        with self.store.transaction() as db:
            incoming = records.Incoming(external_id, record, record.canonical_json())
            (stored,) = records.put_page(db, record.entity, system, [incoming], self.now)
        return stored.version

    def tell(self, system: str, external_id: str, record: CanonicalRecord) -> None:
        """A system shows this document: store it, tell the flow, run."""
        version = self.put(system, external_id, record)
        described = documents.describe(record)
        assert described is not None
        event = Event(
            id=f"{system}:{record.entity}:{external_id}:v{version}",
            type=event_type(record.entity, described.participle),
            source=system,
            subject=f"{system}:{external_id}",
            time=self.now,
            data={},
        )
        with self.store.transaction() as db:
            events.append(db, [event])
        self.run()

    def submit(self, document: ExpenseDocument | None = None, external_id: str = DOCUMENT) -> None:
        """The expense tool hands a document over."""
        document = document or a_report()
        self.document = external_id
        self.shown[Want(SOURCE, document.entity, external_id)] = document
        self.tell(SOURCE, external_id, document)

    def pay(
        self, payment_id: str = "P1", amount: str = "100", status: str = "cleared", **changes: Any
    ) -> None:
        """The ERP shows a payment of the invoice."""
        money = Money.of(amount, "EUR")
        invoice = PaidInvoice(invoice_id="INV1", invoice_number=MARKER, amount=money)
        fields: dict[str, Any] = {
            "number": payment_id,
            "status": status,
            "currency": "EUR",
            "amount": money,
            "paid_on": date(2026, 1, 9),
            "invoices": (invoice,),
        }
        self.tell(TARGET, payment_id, Payment(**fields | changes))

    def period(self, *, is_open: bool, system: str = TARGET, subledger: str | None = None) -> None:
        period = FiscalPeriod(
            number="Jan-26", ledger="DE Ledger", name="Jan-26", starts_on=date(2026, 1, 1),
            ends_on=date(2026, 1, 31), is_open=is_open, subledger=subledger,  # type: ignore[arg-type]
        )  # fmt: skip
        self.put(system, f"{subledger}/Jan-26", period)

    def run(self) -> None:
        rows = {
            name: tuple(MappingRow(source=source, target=target) for source, target in pairs)
            for name, pairs in self.rows.items()
        }
        known = tables(rows, dict.fromkeys(rows, 1))
        facts = Facts(self.profile, known, "expense/1", "mapping/1", self.judges)
        runner.advance(self.store, FLOWS, facts, self.clock)

    def wait(self, **duration: float) -> None:
        """Let time pass, and whoever waits for it go on."""
        self.clock.advance(timedelta(**duration))
        self.run()

    def answer(
        self,
        state: str = "delivered",
        *,
        external_id: str | None = None,
        is_unknown: bool = False,
        is_pending: bool = False,
        **receipt: Any,
    ) -> Claim:
        """Let the one due delivery end so; return what was sent."""
        with self.store.transaction() as db:
            claims = [
                c for s in (SOURCE, TARGET) for c in outbox.claim(db, s, self.now, 10, self.lease.token)
            ]
            (claim,) = claims
            if state == "delivered" and external_id is None and not is_pending:
                external_id = _id_for(claim)
            settlement = Settlement(
                entry_id=claim.entry_id,
                state=state,  # type: ignore[arg-type]  # tests name any state
                attempt=Attempt(self.now, self.now, state),
                external_id=external_id,
                receipt={"is_pending": is_pending, "number": None, **receipt},
                message="as the test says",
                is_outcome_unknown=is_unknown,
            )
            outbox.settle(db, self.lease.token, [settlement], self.now)
            if state == "delivered":
                if claim.operation.endswith(".create") and external_id:
                    crossrefs.link(
                        db, claim.entity, claim.document_key, claim.system, external_id, number=None, revision=None,
                        why="created", linked_at=self.now,
                    )  # fmt: skip
                if not is_pending:
                    self._show(claim, external_id)
            assert claim.workflow_id is not None
            workflows.wake(db, [claim.workflow_id], self.now)
        self.run()
        if self.workflow.step == "compensate" and self.workflow.waiting_for == "read-back":
            self.read()  # in the cycle that undid it
        return claim

    def answers(self, count: int) -> None:
        for _ in range(count):
            self.answer()

    def read(self, *, is_gone: bool = False) -> None:
        """Reconcile reads back what the newest instance waits for: what systems show, unless it is gone."""
        workflow = self.workflow
        check = CHECKS[workflow.flow, workflow.step]
        wants = check.wants(self.store.db, workflow) or ()
        found = {} if is_gone else {want: self.shown[want] for want in wants if want in self.shown}
        with self.store.transaction() as db:
            read_back._tell(db, workflow, check.see(db, workflow, found), self.now)
        self.run()

    def change(self, system: str, entity: str, external_id: str, **fields: Any) -> None:
        """Somebody changes what a system holds."""
        want = Want(system, entity, external_id)
        self.shown[want] = self.shown[want].model_copy(update=fields)

    def post(self, document: ExpenseDocument | None = None) -> None:
        """Take a document up to the confirmation of its posting: nothing goes wrong."""
        self.submit(document)
        self.answer()
        self.answer()
        if self.workflow.step == "await_validation":
            self.answer()
        self.read()

    def finish(self) -> None:
        """Pay the invoice, tell it, and see that it shows."""
        self.post()
        self.answer()
        self.pay()
        self.answer()
        self.read()

    def _show(self, claim: Claim, external_id: str | None) -> None:
        """Keep what a system shows after a delivery that it took."""
        body = json.loads(claim.body)
        what = claim.operation.partition(".")[0]
        if what == "expense":
            self._show_document(claim.operation, body)
        elif what == "invoice":
            want = Want(TARGET, Invoice.entity, external_id or claim.external_id or "")
            if claim.operation == "invoice.create":
                self.shown[want] = Invoice.model_validate(body["invoice"])
            status = {"invoice.validate": "approved", "invoice.cancel": "cancelled"}.get(
                claim.operation, "draft"
            )
            self.shown[want] = self.shown[want].model_copy(update={"status": status})
        elif external_id:
            journal = JournalEntry.model_validate(body["journal"])
            self.shown[Want(TARGET, JournalEntry.entity, external_id)] = journal.model_copy(
                update={"status": "posted"}
            )

    def _show_document(self, operation: str, body: Mapping[str, Any]) -> None:
        if operation == "expense.acknowledge":
            status = "acknowledged"
        elif operation == "expense.confirm_posting":
            status = "posted" if body["outcome"] == "success" else "failed"
        else:
            status = {"paid": "paid", "partly_paid": "posted", "reversed": "reversed"}[body["status"]]
        self.change(SOURCE, ExpenseDocument.entity, self.document, status=status)

    @property
    def workflow(self) -> Workflow:
        """The instance of the document."""
        return workflows.of_document(self.store.db, f"{SOURCE}:{self.document}")[-1]

    @property
    def steps(self) -> list[str]:
        """Every step that was decided, in order."""
        rows = self.store.db.execute("SELECT name FROM workflow_step WHERE state = 'done' ORDER BY id")
        return [row[0] for row in rows]

    @property
    def case_id(self) -> int:
        """The one open exception."""
        ((case_id,),) = self.store.db.execute("SELECT id FROM exception_case WHERE state = 'open'").fetchall()
        return int(case_id)

    @property
    def exceptions(self) -> list[tuple[str, str]]:
        """(class, state) of every exception so far."""
        rows = self.store.db.execute("SELECT class, state FROM exception_case ORDER BY id")
        return [(row[0], row[1]) for row in rows]

    @property
    def cause(self) -> str:
        """What the newest exception says."""
        row = self.store.db.execute("SELECT cause FROM exception_case ORDER BY id DESC LIMIT 1").fetchone()
        return str(row[0])

    @property
    def sent(self) -> list[str]:
        """Every decision to write, in order."""
        return [row[0] for row in self.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id")]

    def body(self, operation: str) -> dict[str, Any]:
        """What the last decision of that kind says."""
        row = self.store.db.execute(
            "SELECT body FROM outbox_entry WHERE operation = ? ORDER BY id DESC LIMIT 1", (operation,)
        ).fetchone()
        found: dict[str, Any] = json.loads(row[0])
        return found

    def posted(self) -> dict[str, int]:
        """What the ERP was asked to hold: minor units by account, credits below zero; the payee's side of an invoice is `payee`."""
        if "invoice.create" in self.sent:
            invoice = Invoice.model_validate(self.body("invoice.create")["invoice"])
            sums = {"payee": -invoice.total.amount_minor}
            for line in invoice.lines:
                sums[str(line.account)] = sums.get(str(line.account), 0) + line.amount.amount_minor
            return sums
        journal = JournalEntry.model_validate(self.body("journal.create")["journal"])
        sums = {}
        for one in journal.lines:
            sign = 1 if one.side == "debit" else -1
            sums[one.account] = sums.get(one.account, 0) + sign * one.amount.amount_minor
        return sums


def _id_for(claim: Claim) -> str | None:
    """Return under which id the ERP would hold what is sent."""
    if claim.operation == "invoice.create":
        return "INV1"
    if not claim.operation.startswith("journal."):
        return None
    return "J2" if json.loads(claim.body)["journal"]["number"].endswith("-R") else "J1"
