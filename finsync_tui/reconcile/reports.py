"""A report read with its expenses to be judged, and read again to see that it moved."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.reconcile.compare import Difference
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store.canonical.expense import ExpenseReport
from store.canonical.keys import RecordKey
from store.workflows import Workflow

ENTITY = ExpenseReport.entity
_IN_VALIDATION = "in_validation"


def _want(workflow: Workflow) -> Want:
    key = RecordKey.parse(workflow.document_key)
    return Want(key.system, ENTITY, key.external_id)


class ReportRead:
    """The report as it is now, kept with the instance: its expenses are in no list."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        return [_want(workflow)]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        want = _want(workflow)
        shown = found.get(want)
        detail = shown.model_dump(mode="json") if isinstance(shown, ExpenseReport) else None
        return Seen({want.system: []}, kept={"detail": detail})


class DecisionCheck:
    """The report, read afresh, against what was decided about it."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        return [_want(workflow)]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        want = _want(workflow)
        shown = found.get(want)
        if not isinstance(shown, ExpenseReport) or shown.approval_status != _IN_VALIDATION:
            return Seen({want.system: []})  # it moved; where to is its approvers' business from here on
        expected = "returned" if workflow.data.get("is_returned") else "past the validation step"
        return Seen({want.system: [Difference("approval", expected, shown.approval_status)]})


class HeldReport:
    """A report that waits for an analyst: decided in the expense tool meanwhile, it is over."""

    step = "moved_on"

    def wants(self, db: Connection, workflow: Workflow) -> Want:
        return _want(workflow)

    def doubts(self, db: Connection, workflow: Workflow, found: Found) -> Want | None:
        return None

    def is_over(self, db: Connection, workflow: Workflow, found: Found) -> str | None:
        shown = found.get(_want(workflow))
        if not isinstance(shown, ExpenseReport) or shown.approval_status == _IN_VALIDATION:
            return None
        return "the report left the validation step"
