"""Steps at the ERP: ask for the posting, see that it is there, tell others; and take it back as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from finsync_tui.flows import outgoing
from finsync_tui.flows.expense import posting, subject, words
from finsync_tui.flows.expense.checks import account_key
from finsync_tui.flows.expense.posting import Line
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import crossrefs, events, outbox, records
from store.canonical.event import Event, event_type
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry, JournalLine
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from store.records import Held

IMPORT_LOOK_AGAIN = timedelta(minutes=2)
LOOKS_MAX = 720
"""So often an import is asked for: a day of it. Longer than that, a person has to look."""


def request_posting(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    document = subject.document(context)
    lines = posting.lines(document, subject.expense_setup(context))
    if not lines:
        return Done({"note": "it moves no money; nothing to post"}, goto="publish")
    owed = -sum(line.amount_minor for line in lines if line.account.role == "employee")
    if context.data["post_as"] == "invoice" and owed == 0:
        context.data["post_as"] = "journal"  # a payables document of nothing pays nobody
    if context.data["post_as"] == "invoice":
        record: Invoice | JournalEntry = _invoice(context, document, lines, owed)
    else:
        record = _journal(context, document, lines, subject.marker(context))
    version = _keep(context, record)
    entity = record.entity
    name = "invoice" if entity == "invoice" else "journal"
    entry_id = outgoing.enqueue(
        context,
        subject.target(context),
        f"{name}.create",
        {name: record.model_dump(mode="json")},
        external_id=None,
    )
    context.data.update(posting_entry=entry_id, posted_entity=entity, posting_version=version)
    return Done({"operation": f"{name}.create", "entry": entry_id, "number": record.number})


def await_posting(context: Context) -> Answer:
    """Wait until the ERP has taken it. Of an import it says no more than that it will look at it."""
    answer = outgoing.await_delivery(context, int(context.data["posting_entry"]))
    if isinstance(answer, Hold):
        return _refused(context, answer)
    if isinstance(answer, Done):
        receipt = _receipt(context, "posting_entry")
        context.data["request_id"] = str(receipt.get("answer", {}).get("ReqstId") or "")
        context.data["is_imported"] = bool(receipt.get("is_pending"))
    return answer


def await_import(context: Context) -> Answer:
    """Ask what became of an import, until there is a journal or a reason why not."""
    if not context.data.get("is_imported"):
        return Done({"note": "nothing was imported by file"}, is_skipped=True)
    entry_id = context.data.get("import_entry")
    if entry_id is not None:
        answer = outgoing.await_delivery(context, int(entry_id))
        if isinstance(answer, Hold):
            return _refused(context, answer)
        if not isinstance(answer, Done):
            return answer
        receipt = _receipt(context, "import_entry")
        if not receipt.get("is_pending"):
            return _imported(context, int(entry_id), receipt)
        if not context.data.pop("looks_again", False):
            context.data["looks_again"] = True
            return Wait(f"{subject.target(context)} to import the journal", context.now + IMPORT_LOOK_AGAIN)
    looks = int(context.data.get("looks", 0)) + 1
    if looks > LOOKS_MAX:
        return Hold(
            "DEAD_LETTER",
            f"{subject.target(context)} has not finished request {context.data['request_id']} in a day",
            f"Look at the request under Scheduled Processes in {subject.target(context)}; retry when it has ended.",
            subject.target(context),
            {"request": context.data["request_id"]},
        )
    journal = _held(context, JournalEntry).record
    context.data["looks"] = looks
    context.data["import_entry"] = outgoing.enqueue(
        context,
        subject.target(context),
        "journal.confirm",
        {"journal": journal.model_dump(mode="json"), "request_id": context.data["request_id"]},
        external_id=None,
        part=str(looks),
    )
    return Wait(f"{subject.target(context)} to import the journal")


def _imported(context: Context, entry_id: int, receipt: dict[str, Any]) -> Answer:
    delivery = outbox.get(context.db, entry_id)
    assert delivery is not None, "an entry is never taken away"
    assert delivery.external_id, "a journal that was found has an id"
    crossrefs.link(
        context.db, subject.ENTITY, context.workflow.document_key, subject.target(context), delivery.external_id,
        number=receipt.get("number"), revision=None, why="created", linked_at=context.now,
    )  # fmt: skip
    return Done({"journal": delivery.external_id, "looks": context.data.get("looks", 0)})


def validate(context: Context) -> Answer:
    """Ask the ERP to validate a payables document: only then does it pay."""
    if context.data["posted_entity"] != "invoice":
        return Done({"note": "a journal needs no validation"}, goto="verify_posting", is_skipped=True)
    link = _link(context)
    body = {"number": link.number or _held(context, Invoice).record.number}
    entry_id = outgoing.enqueue(
        context, subject.target(context), "invoice.validate", body, external_id=link.external_id
    )
    context.data["validation_entry"] = entry_id
    return Done({"entry": entry_id})


def await_validation(context: Context) -> Answer:
    """Wait until the ERP has validated it, or has put it on hold."""
    answer = outgoing.await_delivery(context, int(context.data["validation_entry"]))
    return _refused(context, answer) if isinstance(answer, Hold) else answer


def verify_posting(context: Context) -> Answer:
    """Confirm nothing that was not read back: the ERP, read afresh, holds what was decided."""
    seen = context.data.get("read_back")
    if not seen:
        return Wait("read-back")
    context.data["read_back"] = None
    target = subject.target(context)
    differences = seen.get(target) or []
    if differences:
        shown = "; ".join(
            f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
        )
        return subject.stop(
            context,
            "READ_BACK_DIFFERS",
            f"{target} does not hold what was posted: {shown}",
            f"Find out who changed it in {target}; correct it there and retry, or return the document.",
            target,
            {"differences": differences},
        )
    link = _link(context)
    context.data["erp_number"] = link.number or _number(context)
    return Done({"verified": f"{target}:{link.external_id}", "number": context.data["erp_number"]})


def publish(context: Context) -> Answer:
    """Tell others that it is posted."""
    flow = context.workflow
    events.append(
        context.db,
        [
            Event(
                id=f"finsync:expense_document:{flow.document_key}:v{flow.document_version}:posted",
                type=event_type(subject.ENTITY, "posted"),
                source="finsync",
                subject=flow.document_key,
                time=context.now,
                correlation_id=flow.document_key,
                data={
                    "number": flow.document_number,
                    "erp_number": context.data.get("erp_number"),
                    "posted_as": context.data.get("posted_entity"),
                },
            )
        ],
    )
    return Done()


def undo_posting(context: Context) -> Answer:
    """Take back what the ERP holds of this document: all of it, or it stays with an analyst."""
    link = crossrefs.get(context.db, subject.ENTITY, context.workflow.document_key, subject.target(context))
    if link is None:
        return Done({"note": "the ERP holds nothing of it"}, is_skipped=True)
    reason = str((context.data.get("return") or {}).get("cause") or "recalled in the expense tool")
    if context.data["posted_entity"] == "invoice":
        operation, body = "invoice.cancel", dict[str, Any](number=link.number or "", reason=reason)
    else:
        document = subject.document(context)
        lines = posting.lines(document, subject.expense_setup(context))
        back = [Line(one.account, -one.amount_minor, one.entry_id, one.text) for one in lines]
        journal = _journal(context, document, back, f"{subject.marker(context)}-R")
        operation, body = "journal.reverse", {"journal": journal.model_dump(mode="json")}
    entry_id = outgoing.enqueue(
        context, subject.target(context), operation, body, external_id=link.external_id
    )
    context.data["undo_entry"] = entry_id
    return Done({"operation": operation, "entry": entry_id})


def await_undo(context: Context) -> Answer:
    """Wait until the ERP has taken it back; then the sender hears why, unless the sender has recalled it."""
    if "undo_entry" in context.data:
        answer = outgoing.await_delivery(context, int(context.data["undo_entry"]))
        if not isinstance(answer, Done):
            return answer
    if context.data.get("return"):
        return Done({"note": "undone; the sender is told why"})
    return Finish("aborted", {"note": "recalled in the expense tool; what was posted is taken back"})


def _refused(context: Context, held: Hold) -> Answer:
    """Word a refusal of the ERP's for people, and let it go back to the sender where the profile says so."""
    document = subject.document(context)
    return subject.stop(
        context, held.class_, f"report {document.number}: {held.cause}", held.fix, held.system, held.evidence
    )


def _invoice(context: Context, document: ExpenseDocument, lines: Sequence[Line], owed_minor: int) -> Invoice:
    """Everything but the employee's own side is a line; what is left over is what they are owed."""
    payee = context.data["payee"]
    on = date.fromisoformat(context.data["accounting_on"])
    return Invoice(
        number=subject.marker(context),
        kind="standard" if owed_minor > 0 else "credit_memo",
        status="draft",
        supplier_id=payee["id"],
        supplier_number=payee["number"],
        supplier_name=payee["name"],
        supplier_site=payee["site"],
        business_unit=subject.company(context).business_unit,
        legal_entity=str(context.data["legal_entity"]),
        currency=document.currency,
        total=Money(amount_minor=owed_minor, currency=document.currency),
        invoiced_on=on,
        accounting_on=on,
        description=words.title(document),
        reference=f"{subject.source(context)}:{subject.marker(context)}",
        lines=tuple(
            InvoiceLine(
                number=str(n),
                amount=Money(amount_minor=line.amount_minor, currency=document.currency),
                description=line.text,
                account=context.data["accounts"][account_key(line.account)],
                reference=line.entry_id,
            )
            for n, line in enumerate((one for one in lines if one.account.role != "employee"), 1)
        ),
    )


def _journal(context: Context, document: ExpenseDocument, lines: Sequence[Line], name: str) -> JournalEntry:
    setup = subject.expense_setup(context)
    return JournalEntry(
        number=name,
        legal_entity=str(context.data["legal_entity"]),
        ledger=subject.company(context).ledger,
        batch=f"{subject.source(context)}:{name}",
        source=setup.journal_source,
        category=setup.journal_category,
        currency=document.currency,
        accounting_on=date.fromisoformat(context.data["accounting_on"]),
        period=context.data.get("period"),
        description=words.title(document),
        reference=f"{subject.source(context)}:{subject.marker(context)}",
        lines=tuple(
            JournalLine(
                number=str(n),
                account=context.data["accounts"][account_key(line.account)],
                side="debit" if line.amount_minor > 0 else "credit",
                amount=Money(amount_minor=abs(line.amount_minor), currency=document.currency),
                description=line.text,
                reference=line.entry_id,
            )
            for n, line in enumerate(lines, 1)
        ),
    )


def _keep(context: Context, record: Invoice | JournalEntry) -> int:
    """Store what is decided under our own name, so that read-back and explain know it later."""
    incoming = records.Incoming(
        external_id=context.workflow.document_key, record=record, payload=record.canonical_json()
    )
    (stored,) = records.put_page(context.db, record.entity, "finsync", [incoming], context.now)
    return stored.version


def _held(context: Context, model: type[records.R]) -> Held[records.R]:
    held = records.get_version(
        context.db, model, "finsync", context.workflow.document_key, int(context.data["posting_version"])
    )
    assert held is not None, "it was stored with the decision to ask for it"
    return held


def _number(context: Context) -> str:
    model = Invoice if context.data["posted_entity"] == "invoice" else JournalEntry
    return _held(context, model).record.number


def _link(context: Context) -> crossrefs.Crossref:
    link = crossrefs.get(context.db, subject.ENTITY, context.workflow.document_key, subject.target(context))
    assert link is not None, "a delivered posting is linked in the transaction that recorded it"
    return link


def _receipt(context: Context, name: str) -> dict[str, Any]:
    delivery = outbox.get(context.db, int(context.data[name]))
    return (delivery.receipt if delivery else None) or {}
