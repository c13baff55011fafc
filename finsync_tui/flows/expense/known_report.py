"""What is known of the report behind a financial document: as it was validated, else its header after this approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from finsync_tui.flows.expense import comparison, subject
from finsync_tui.flows.steps import Context
from store import findings, records, workflows
from store.canonical.expense import ExpenseDocument, ExpenseReport

DIFFERS: Final = "REPORT_DIFFERS"
VALIDATION: Final = "expense_validation"
DETAIL: Final = "detail"
"""Under this name the validation keeps the report that it has judged."""
SAME_APPROVAL: Final = timedelta(minutes=1)
"""Two times of one approval differ by less: lists and documents cut them off differently."""


def note_differences(context: Context, document: ExpenseDocument) -> list[str]:
    """Say as a finding where the document is not what is known of its report; return what was said."""
    report = known(context, document)
    if document.kind != "report" or report is None:
        return []
    found = comparison.differences(report, document)
    if found:
        finding = findings.Finding(
            class_=DIFFERS,
            severity="warn",
            system=subject.source(context),
            entity=subject.ENTITY,
            document_key=context.workflow.document_key,
            document_number=context.workflow.document_number,
            message=f"report {document.number}: {'; '.join(found)}",
            noticed_at=context.now,
        )
        findings.append(context.db, [finding])
    return found


def known(context: Context, document: ExpenseDocument) -> ExpenseReport | None:
    """Return the report as it was validated last, else its header if that is of the same approval."""
    source = subject.source(context)
    for one in reversed(workflows.of_document(context.db, f"{source}:{document.report_id}")):
        if one.flow == VALIDATION and one.state == "done" and DETAIL in one.data:
            return ExpenseReport.model_validate(one.data[DETAIL])
    held = records.get(context.db, ExpenseReport, source, document.report_id)
    if held is None or held.record.approved_at is None or document.approved_at is None:
        return None
    is_same = abs(held.record.approved_at - document.approved_at) < SAME_APPROVAL
    return held.record if is_same and held.record.approval_status == "approved" else None
