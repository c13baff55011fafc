"""The document that a step is about, its company, and how it is stopped: by an analyst's case, or back to its sender."""

from __future__ import annotations

from collections.abc import Mapping

from finsync_tui.flows.steps import Answer, Context, Done, Hold
from finsync_tui.profile import LegalEntitySetup
from finsync_tui.profile.expense import ExpenseSetup
from store import outbox, records
from store.canonical.expense import ExpenseDocument
from store.canonical.keys import RecordKey

ENTITY = ExpenseDocument.entity
NUMBER_MAX = 20
"""So much of a number stands in a mark: cash advances have none but an id of 32 characters, and ERPs limit names."""


def document(context: Context) -> ExpenseDocument:
    """Return the document in the version that the instance is about."""
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, ExpenseDocument, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def is_forgotten(document: ExpenseDocument) -> bool:
    """Say whether it had been taken over when we first saw it: an earlier store knew more, and it may be posted."""
    return document.status in ("acknowledged", "posted")


def may_be_posted(context: Context) -> bool:
    """Say whether the ERP may hold a posting that this store knows nothing of."""
    return context.workflow.entity == ENTITY and is_forgotten(document(context))


def source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def external_id(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).external_id


def target(context: Context) -> str:
    return str(context.data["target"])


def company(context: Context) -> LegalEntitySetup:
    return context.facts.profile.legal_entities[str(context.data["legal_entity"])]


def expense_setup(context: Context) -> ExpenseSetup:
    found = company(context).expense
    assert found is not None, "only companies with an expense set-up are routed to"
    return found


def marker(context: Context) -> str:
    """Return the text by which the posting is found again in the ERP: the report's number and the document's own id.

    >>> short_id("9a41c6e0-b7a9-4c0d-8c5b-7f0d1e2a3b4c.expense.4E6593CB")
    '9a41c6e0b7a9'
    """
    return f"{document(context).number[:NUMBER_MAX]}-{short_id(external_id(context))}"


def short_id(external_id: str) -> str:
    """Return enough of a document's own id, which comes first, to tell it from any other of the same report."""
    return external_id.partition(".")[0].replace("-", "")[:12]


def stop(
    context: Context,
    class_: str,
    cause: str,
    fix: str,
    system: str,
    evidence: Mapping[str, object] | None = None,
    *,
    entry_id: str | None = None,
    delivery_id: int | None = None,
) -> Answer:
    """Stop the document: some classes go back to the employee at once, all others wait for an analyst.

    `entry_id` names the expense at fault; an analyst who sends the document back tells the employee of it, too.
    `delivery_id` is the write that was refused. Nothing goes back by itself while a write may have happened unseen, nor
    what an earlier store may have posted.
    """
    reason = {"class": class_, "cause": cause, "entry_id": entry_id}
    setup = context.facts.profile.legal_entities.get(str(context.data.get("legal_entity", "")))
    is_policy = setup is not None and setup.expense is not None and class_ in setup.expense.returned_at_once
    may_be_there = may_be_posted(context) or any(
        outbox.may_have_happened(one) for one in outbox.of_workflow(context.db, context.workflow.id)
    )
    if is_policy and not may_be_there:
        context.data["return"] = reason
        return Done({"returned": class_, "cause": cause}, goto="return_document")
    context.data["doubt"] = reason
    return Hold(class_, cause, fix, system, dict(evidence or {}), delivery_id)
