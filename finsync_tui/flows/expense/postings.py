"""Steps at the ERP: ask for the posting, see that it is there, tell others; and take it back as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from finsync_tui.flows import looking, outgoing, reading_back, sent, supplier_bank_waiting
from finsync_tui.flows.expense import posting, subject, words
from finsync_tui.flows.expense.checks import account_key
from finsync_tui.flows.expense.posting import Line
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from store import crossrefs, events, records
from store.canonical.event import Event, event_type
from store.canonical.expense import ExpenseDocument
from store.canonical.journal import JournalEntry, JournalLine
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from store.records import Held

_MAY_BE_THERE = ("DEAD_LETTER", "READ_BACK_DIFFERS", "VERSION_CONFLICT")
"""Refusals after which the ERP may hold something under our name."""


def request_posting(context: Context) -> Answer:
    """Decide what the ERP shall hold, once, and put the decision into the outbox."""
    document = subject.document(context)
    lines = posting.lines(document, subject.expense_setup(context))
    if not lines:
        return Done({"note": "it moves no money; nothing to post"}, goto="publish")
    waits = _waits_for_account(context) if context.data["post_as"] == "invoice" else None
    if waits is not None:
        context.data["has_waited"] = True
        return waits
    if context.data.pop("has_waited", False):
        return Done({"note": "it has waited for an account: it is looked at anew"}, goto="route")
    for earlier in ("import", "validation"):
        looking.forget(context, earlier)
    context.data["is_import_refused"] = False
    if context.data["post_as"] == "invoice":
        record: Invoice | JournalEntry = _invoice(context, document, lines)
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


def _waits_for_account(context: Context) -> Wait | None:
    """Wait while an account that somebody entered for the employee in the ERP is asked about; None: none is."""
    payee = context.data["payee"]["id"]
    return supplier_bank_waiting.of_payee(context.db, subject.target(context), payee, context.now)


def await_posting(context: Context) -> Answer:
    """Wait until the ERP has taken it. Of an import it says no more than that it will look at it."""
    answer = outgoing.await_delivery(context, int(context.data["posting_entry"]))
    if isinstance(answer, Hold):
        return _refused(context, answer)
    if isinstance(answer, Done):
        is_invoice = context.data["posted_entity"] == "invoice"
        name, model = ("invoice", Invoice) if is_invoice else ("journal", JournalEntry)
        sent.keep(context, "posting_entry", "posting_version", name, model)
        context.data["is_imported"] = looking.is_pending(context, "posting_entry")
    return answer


def await_import(context: Context) -> Answer:
    """Ask what became of an import, until there is a journal or a reason why not."""
    if not context.data.get("is_imported"):
        return Done({"note": "nothing was imported by file"}, is_skipped=True)
    target = subject.target(context)
    body = {
        "journal": _held(context, JournalEntry).record.model_dump(mode="json"),
        "request_id": looking.request_id(context, "posting_entry"),
    }

    def ask(part: str) -> int:
        return outgoing.enqueue(context, target, "journal.confirm", body, external_id=None, part=part)

    answer = looking.follow(context, "import", ask, system=target, what="import the journal")
    if isinstance(answer, Hold):
        context.data["is_import_refused"] = answer.class_ not in _MAY_BE_THERE
        if context.data["is_import_refused"] and context.data.get("return"):
            return Done({"note": "it was not imported; nothing has to be taken back"}, goto="return_document")
        return _refused(context, answer)
    if isinstance(answer, Done):
        return _imported(context)
    return answer


def _imported(context: Context) -> Answer:
    delivery = looking.delivery(context, "import_entry")
    assert delivery.external_id, "a journal that was found has an id"
    crossrefs.link(
        context.db, subject.ENTITY, context.workflow.document_key, subject.target(context), delivery.external_id,
        number=(delivery.receipt or {}).get("number"), revision=None, why="created", linked_at=context.now,
    )  # fmt: skip
    detail = {"journal": delivery.external_id, "looks": context.data["import_looks"]}
    return Done(detail, goto="return_document" if context.data.get("return") else None)


def validate(context: Context) -> Answer:
    """Ask the ERP to validate a payables document: only then does it pay."""
    if context.data["posted_entity"] != "invoice":
        return Done({"note": "a journal needs no validation"}, goto="verify_posting", is_skipped=True)
    waits = _waits_for_account(context)
    if waits is not None:
        return waits  # it was on its way to the ERP when the account was entered, so nothing there holds it
    looking.forget(context, "validation")
    context.data["validation_entry"] = _ask_validation(context, "")
    return Done({"entry": context.data["validation_entry"]})


def _ask_validation(context: Context, part: str) -> int:
    link = _link(context)
    body = {"number": link.number or _held(context, Invoice).record.number}
    return outgoing.enqueue(
        context, subject.target(context), "invoice.validate", body, external_id=link.external_id, part=part
    )


def await_validation(context: Context) -> Answer:
    """Wait until the ERP has validated it, or has put it on hold: some do it later, by a job of their own."""
    answer = looking.follow(
        context,
        "validation",
        lambda part: _ask_validation(context, part),
        system=subject.target(context),
        what="validate the invoice",
    )
    return _refused(context, answer) if isinstance(answer, Hold) else answer


def verify_posting(context: Context) -> Answer:
    """Confirm nothing that was not read back: the ERP, read afresh, holds what was decided."""
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    target = subject.target(context)
    differences = seen.get(target) or []
    context.data["is_gone"] = reading_back.is_gone(differences, str(context.data["posted_entity"]))
    if differences:
        return subject.stop(
            context,
            "READ_BACK_DIFFERS",
            f"{target} does not hold what was posted: {reading_back.told(differences)}",
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
    looking.forget(context, "undone")
    if context.data["posted_entity"] == "invoice":
        operation, body = "invoice.cancel", dict[str, Any](number=link.number or "", reason=reason)
    else:
        operation, body = "journal.reverse", {"journal": _reversal(context).model_dump(mode="json")}
    entry_id = outgoing.enqueue(
        context, subject.target(context), operation, body, external_id=link.external_id
    )
    context.data["undo_entry"] = entry_id
    return Done({"operation": operation, "entry": entry_id})


def await_undo(context: Context) -> Answer:
    """Wait until the ERP has taken it back; then the sender hears why, unless the sender has recalled it."""
    if "undo_entry" in context.data:
        answer = outgoing.await_delivery(context, int(context.data["undo_entry"]))
        if isinstance(answer, Done) and looking.is_pending(context, "undo_entry"):
            answer = _await_reversal(context)
        if not isinstance(answer, Done):
            return answer
    return _undone(context)


def await_taken_back(context: Context) -> Answer:
    """Somebody has settled why it could not be taken back: it stays in force until the ERP shows it cancelled."""
    target = subject.target(context)
    there = records.get(context.db, Invoice, target, _link(context).external_id)
    if there is None or there.record.status != "cancelled":
        return Wait(f"{target} to cancel it")
    return _undone(context)


def _undone(context: Context) -> Answer:
    context.data["is_undone"] = True
    if context.data.get("return"):
        return Done({"note": "undone; the sender is told why"}, goto="return_document")
    return Finish("aborted", {"note": "recalled in the expense tool; what was posted is taken back"})


def _await_reversal(context: Context) -> Answer:
    """A reversal comes by file like the journal did: only one that is found has taken anything back."""
    target = subject.target(context)
    body = {
        "journal": _reversal(context).model_dump(mode="json"),
        "request_id": looking.request_id(context, "undo_entry"),
    }

    def ask(part: str) -> int:
        return outgoing.enqueue(context, target, "journal.confirm", body, external_id=None, part=part)

    return looking.follow(context, "undone", ask, system=target, what="import the reversal")


def _reversal(context: Context) -> JournalEntry:
    """Return the journal that was posted with its sides exchanged, whatever the profile says by now."""
    journal = _held(context, JournalEntry).record
    name = f"{journal.number}-R"
    lines = tuple(
        line.model_copy(update={"side": "credit" if line.side == "debit" else "debit"})
        for line in journal.lines
    )
    return journal.model_copy(
        update={"number": name, "batch": f"{subject.source(context)}:{name}", "lines": lines}
    )


def _refused(context: Context, held: Hold) -> Answer:
    """Word a refusal of the ERP's for people, and let it go back to the sender where the profile says so."""
    document = subject.document(context)
    return subject.stop(
        context, held.class_, f"{words.named(document)}: {held.cause}", held.fix, held.system, held.evidence,
        delivery_id=held.entry_id,
    )  # fmt: skip


def _invoice(context: Context, document: ExpenseDocument, lines: Sequence[Line]) -> Invoice:
    """Everything but the employee's own side is a line; what is left over is what they are owed."""
    owed_minor = posting.owed_to_employee(lines)
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
