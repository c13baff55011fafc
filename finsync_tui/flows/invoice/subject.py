"""The invoice that a step is about, its company, and the words it is stopped with."""

from __future__ import annotations

from collections.abc import Mapping

from finsync_tui.flows.steps import Context, Hold
from finsync_tui.profile import LegalEntitySetup
from finsync_tui.profile.invoice import InvoiceSetup
from store import crossrefs, findings, records
from store.canonical.budget import Commitment
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.payables import Invoice
from store.records import Held

ENTITY = Invoice.entity


def held(context: Context) -> Held[Invoice]:
    """Return the invoice in the version that the instance is about."""
    return _held(context, context.workflow.document_version)


def version(context: Context, number: int) -> Invoice:
    """Return the invoice in another version."""
    return _held(context, number).record


def _held(context: Context, number: int) -> Held[Invoice]:
    key = RecordKey.parse(context.workflow.document_key)
    found = records.get_version(context.db, Invoice, key.system, key.external_id, number)
    assert found is not None, "a workflow starts in the transaction that stored its document"
    return found


def invoice(context: Context) -> Invoice:
    return held(context).record


def source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def external_id(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).external_id


def target(context: Context) -> str:
    return str(context.data["target"])


def company(context: Context) -> LegalEntitySetup:
    return context.facts.profile.legal_entities[str(context.data["legal_entity"])]


def setup(context: Context) -> InvoiceSetup:
    found = company(context).invoice
    assert found is not None, "only companies with an invoice set-up are routed to"
    return found


def mark(context: Context) -> str:
    """Return the text by which the invoice is found again in the ERP."""
    return f"{source(context)}:{external_id(context)}"


def link(context: Context) -> crossrefs.Crossref | None:
    """Return the invoice's twin in the ERP; None before it is posted or routed."""
    if "target" not in context.data:
        return None
    return crossrefs.get(context.db, ENTITY, context.workflow.document_key, target(context))


def shown(context: Context) -> Invoice | None:
    """Return the ERP's invoice as sync read it last."""
    twin = link(context)
    found = records.get(context.db, Invoice, target(context), twin.external_id) if twin else None
    return found.record if found is not None else None


def is_cancelled_there(context: Context) -> bool:
    """Say whether the ERP, as sync read it last, has cancelled what was posted and nobody has asked it to cancel."""
    found = shown(context)
    return context.workflow.kind != "void" and found is not None and found.status == "cancelled"


def remember(context: Context, entry_id: int) -> None:
    """Note a delivery beside the main way: it is verified with the instance's others."""
    context.data["side_entries"] = [*context.data.get("side_entries", []), entry_id]


def posted(context: Context) -> Invoice:
    """Return what this instance asked the ERP to hold, as it was sent."""
    version = int(context.data["posting_version"])
    found = records.get_version(context.db, Invoice, "finsync", context.workflow.document_key, version)
    assert found is not None
    return found.record


def commitment(context: Context, order_key: str) -> Commitment | None:
    """Return what was last asked of the ERP for an order."""
    found = records.get(context.db, Commitment, "finsync", order_key)
    return found.record if found is not None else None


def cancelled_there(context: Context) -> Hold:
    return stop(
        context, "READ_BACK_DIFFERS", f"it was cancelled in {target(context)} while the source shows it as approved",
        "Void it at its source too, or resolve this when it was entered in the ERP by hand.", target(context),
    )  # fmt: skip


def stop(
    context: Context,
    class_: str,
    cause: str,
    fix: str,
    system: str,
    evidence: Mapping[str, object] | None = None,
    *,
    amount: Money | None = None,
    is_same: bool = False,
) -> Hold:
    about = f"invoice {context.workflow.document_number}: {cause}"
    return Hold(class_, about, fix, system, dict(evidence or {}), amount=amount, is_same=is_same)


def note(context: Context, class_: str, message: str) -> None:
    """Keep what was noticed and does not stop the invoice."""
    if context.is_trial:
        return
    findings.append(
        context.db,
        [
            findings.Finding(
                class_=class_,
                severity="warn",
                system=source(context),
                entity=ENTITY,
                document_key=context.workflow.document_key,
                document_number=context.workflow.document_number,
                message=message,
                noticed_at=context.now,
            )
        ],
    )
