"""Documents of the expense tool that are no expenses: left in their queue, held, or returned, as the profile says.

What is left there comes with every read, in the same bytes, and ends at its digest: it is decided once. Nothing of it
is acknowledged, so whoever it is meant for still finds it.
"""

from __future__ import annotations

from finsync_tui.flows.expense import subject
from finsync_tui.flows.expense.checks import is_of
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold
from store import findings
from store.canonical.expense import ExpenseDocument

_WORDS = {"invoice": "a supplier invoice", "payroll": "payroll data"}


def set_aside(context: Context) -> Answer:
    """Decide what becomes of it; who is not told what to do leaves it alone."""
    document = subject.document(context)
    cause = (
        f"document {document.number} is {_WORDS.get(document.kind, document.kind)}, which is not booked here"
    )
    answer = _answer(context, document)
    if answer == "return":
        context.data["return"] = {"class": "DOCUMENT_UNSUPPORTED", "cause": cause, "entry_id": None}
        return Done({"returned": "DOCUMENT_UNSUPPORTED"})
    if answer == "hold":
        return Hold(
            "DOCUMENT_UNSUPPORTED",
            cause,
            "Book it another way and resolve this, or return it; other_documents in the profile decides it for all.",
            subject.source(context),
            {"document_type": document.document_type},
        )
    finding = findings.Finding(
        class_="DOCUMENT_LEFT",
        severity="info",
        system=subject.source(context),
        entity=subject.ENTITY,
        document_key=context.workflow.document_key,
        document_number=context.workflow.document_number,
        message=f"{cause}; it stays in its queue for whoever takes it",
        noticed_at=context.now,
    )
    findings.append(context.db, [finding])
    return Finish("aborted", {"note": "left in its queue"})


def _answer(context: Context, document: ExpenseDocument) -> str:
    """Return what the company of the document says; of a company that is not known, nothing is told to anybody."""
    fitting = [
        one.expense
        for one in context.facts.profile.legal_entities.values()
        if one.expense is not None and is_of(document, one.expense)
    ]
    if len(fitting) != 1 or document.kind not in ("invoice", "payroll"):
        return "leave"
    return fitting[0].other_documents.get(document.kind, "leave")
