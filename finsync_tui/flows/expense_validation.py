"""Expense validation: a report that stands in the expense tool's external validation step is judged before its approval.

    read_report -> route -> check_report -> approve -> await_decision -> verify
                                        \\-> return_report -/

The report is read with its expenses; nothing is posted. What would not be posted later is told now, while its owner can
still change it: classes in `returned_at_once` go back at once, all others wait for an analyst. A report that left the
step meanwhile is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from finsync_tui.flows.expense import validation
from finsync_tui.flows.steps import Step
from finsync_tui.flows.usual import UsualFlow
from store import outbox
from store.canonical.expense import ExpenseReport
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow

NAME = "expense_validation"


class ExpenseValidation(UsualFlow):
    """The flow for reports in validation."""

    name = NAME
    model = ExpenseReport
    listens_to = ("com.finsync.expense_report.",)
    returns_at: str | None = "return_report"
    under_way: frozenset[str] = frozenset({"await_decision", "verify"})

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _STEPS

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        assert isinstance(record, ExpenseReport)
        return "validate" if record.approval_status == "in_validation" else None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        if step == "verify":
            return step, False  # it is read again; nothing is sent
        return "read_report", True

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        if any(one.state in ("delivered", "verified") for one in outbox.of_workflow(db, workflow.id)):
            return "it was decided already; look at it in the expense tool, then resolve the exception"
        return None


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (
        validation.read_report,
        validation.route,
        validation.check_report,
        validation.approve,
        validation.await_decision,
        validation.verify,
        validation.return_report,
        validation.moved_on,
    )
}
