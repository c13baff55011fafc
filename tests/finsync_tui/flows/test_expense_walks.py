"""Expense to reimbursement under any order of answers, refusals, silence, crashes and people."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import actions
from finsync_tui.actions import Actor
from store import leases, outbox
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry
from store.canonical.payables import Invoice
from store.errors import NotAllowedError
from tests.builders import MONDAY
from tests.finsync_tui.flows.expense_desk import DOCUMENT, SOURCE, TARGET, ExpenseDesk, a_report
from tests.finsync_tui.flows.expense_strategies import reports

ANALYST = Actor("ana", "cli")
ANSWERS = (
    "deliver",
    "deliver",
    "deliver",
    "deliver",
    "pending",
    "refuse",
    "recall",
    "bury",
    "bury_unknown",
    "crash",
)
"""More good ones than would be fair: a walk is to get somewhere."""
TAKES_TIME = ("journal.create", "journal.reverse", "journal.confirm", "invoice.validate")
STEPS_MAX = 40


class Walk:
    """One document, pushed about; after every move the promises hold."""

    def __init__(self, post_as: str) -> None:
        self.desk = ExpenseDesk(post_as=post_as, returned_at_once=["COST_CENTRE_INACTIVE"])
        self.desk.submit()
        self.engines = 1

    def moves(self) -> tuple[str, ...]:
        """What can happen now."""
        workflow = self.desk.workflow
        always = ("wait", "pay", "pay_part", "void") if "invoice.create" in self.desk.sent else ("wait",)
        if self._due() is not None:
            return ANSWERS
        if workflow.state == "held":
            return ("retry", "retry", "return", *always)
        if workflow.state == "waiting" and workflow.step in ("verify", "verify_posting"):
            return ("read", "read", "read", "read_gone", *always)
        return always

    def move(self, name: str) -> None:
        if name in ("read", "read_gone"):
            self.desk.read(is_gone=name == "read_gone")
        elif name in ("retry", "return"):
            self._act(name)
        elif name == "wait":
            self.desk.wait(minutes=5)
        elif name in ("pay", "pay_part", "void"):
            amount = "40" if name == "pay_part" else "100"
            status = "voided" if name == "void" else "issued"
            self.desk.pay("P1" if name != "pay_part" else "P2", amount, status)
        else:
            operation = self._due()
            assert operation is not None, "there is something to answer"
            self._answer(name, operation)

    def _due(self) -> str | None:
        rows = self.desk.store.db.execute(
            "SELECT e.operation FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id WHERE d.state = 'pending'"
        ).fetchall()
        assert len(rows) <= 1, "one decision of a document is told after the other"
        return rows[0][0] if rows else None

    def _answer(self, name: str, operation: str) -> None:
        if name == "deliver" or (name == "pending" and operation not in TAKES_TIME):
            self.desk.answer()
        elif name == "pending":
            self.desk.answer(is_pending=True, answer={"ReqstId": "1"})
        elif name == "refuse" or (name == "recall" and not operation.startswith("expense.")):
            self.desk.answer("refused", case_class="COST_CENTRE_INACTIVE")
        elif name == "recall":
            self.desk.answer("refused", case_class="RECALLED")
        elif name == "crash":
            self._crash()
        else:
            self.desk.answer("buried", is_unknown=name == "bury_unknown")

    def _crash(self) -> None:
        """The engine dies while it sends; another one takes over."""
        desk = self.desk
        with desk.store.transaction() as db:
            for system in (SOURCE, TARGET):
                outbox.claim(db, system, desk.now, 10, desk.lease.token)
        self.engines += 1
        late = MONDAY + timedelta(days=2000 * self.engines)
        desk.lease = leases.acquire(desk.store, f"test:{self.engines}:1", timedelta(days=1000), late)
        with desk.store.transaction() as db:
            outbox.recover(db, desk.lease.token, desk.now)
        desk.run()

    def _act(self, name: str) -> None:
        rows = self.desk.store.db.execute("SELECT id FROM exception_case WHERE state = 'open'").fetchall()
        for (case_id,) in rows:
            try:
                if name == "retry":
                    actions.retry(self.desk.store, ANALYST, [case_id])
                else:
                    actions.send_back(self.desk.store, ANALYST, [case_id], "please correct it")
            except NotAllowedError:
                continue
        self.desk.run()

    def check(self) -> None:
        """The promises about one document."""
        told = [
            (d.state, json.loads(d.body)["outcome"])
            for d in outbox.of_document(self.desk.store.db, "expense_document", f"{SOURCE}:{DOCUMENT}")
            if d.operation == "expense.confirm_posting"
        ]
        taken = [outcome for state, outcome in told if state in ("delivered", "verified")]
        assert len(taken) <= 1, "an outcome is told once"
        if any(outcome == "success" for _, outcome in told):
            assert "verify_posting" in self.desk.steps, "nothing is confirmed that was not read back"
        if "error" in taken or self.desk.workflow.state == "aborted":
            assert self._in_force() == 0, "what is not confirmed leaves nothing behind"
        if self.desk.workflow.state == "done":
            assert ["success"] == taken
        assert self._creates() <= 1, "nothing is created twice"
        if any(one.endswith(".create") for one in self.desk.sent):
            assert "await_acknowledgement" in self.desk.steps, "nothing is posted before the lock holds"

    def _in_force(self) -> int:
        """What the ERP still holds of the document, in minor units."""
        held = 0
        for record in self.desk.shown.values():
            if isinstance(record, Invoice) and record.status != "cancelled":
                held += record.total.amount_minor
            elif isinstance(record, JournalEntry):
                first = record.lines[0]
                held += first.amount.amount_minor if first.side == "debit" else -first.amount.amount_minor
        return held

    def _creates(self) -> int:
        return sum(isinstance(record, Invoice | JournalEntry) and record.number[-2:] != "-R" for record in self.desk.shown.values())  # fmt: skip


@given(
    post_as=st.sampled_from(("invoice", "journal")),
    choices=st.lists(st.integers(0, 59), min_size=5, max_size=STEPS_MAX),
)
def test_the_promises_hold_whatever_happens(post_as: str, choices: list[int]) -> None:
    """Nothing is confirmed unseen, nothing twice, nothing stays posted of what was recalled or returned."""
    walk = Walk(post_as)

    for choice in choices:
        moves = walk.moves()
        walk.move(moves[choice % len(moves)])
        walk.check()


@given(document=reports())
def test_any_document_is_posted_as_it_is_decided(document: ExpenseDocument) -> None:
    """Arbitrary documents get as far as the ERP: an invoice whose lines make its total, or a journal that balances."""
    desk = ExpenseDesk()
    for table in ("cost_centre", "account", "tax_account"):
        desk.rows[table] = (("*", "="),)

    desk.submit(document.model_copy(update={"approver_id": "E-200"}))
    desk.answer()

    assert [] == desk.exceptions
    if desk.workflow.step == "await_posting":
        assert 0 == sum(desk.posted().values())
    else:
        assert ["expense.acknowledge", "expense.confirm_posting"] == desk.sent


def test_a_straight_walk_ends_as_done() -> None:
    """The walk itself can reach the end: its promises are not kept by standing still."""
    walk = Walk("invoice")

    for move in ("deliver", "deliver", "deliver", "read", "deliver", "pay", "deliver", "read"):
        walk.move(move)
        walk.check()

    assert ("done", a_report().number) == (walk.desk.workflow.state, walk.desk.workflow.document_number)
