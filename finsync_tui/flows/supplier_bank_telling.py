"""Who is told what becomes of changed bank details: documents under way with the supplier, and whoever listens to events."""

from __future__ import annotations

from finsync_tui.flows.steps import Context
from finsync_tui.suppliers import in_flight
from store import events, findings
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey

CHANGING = "its supplier's bank details are changing; the new ones are held until they are approved"
ENTERED = "a bank account of its supplier was entered in the ERP, and nobody has agreed on it yet: it is held"
REFUSED = "new bank details of its supplier were refused: it is paid to the old account"
CHANGED = "its supplier's bank details have changed, approved by two: it is paid to the new account"


def under_way(context: Context, most: int = in_flight.LIST_MAX) -> list[in_flight.InFlight]:
    """Return the documents that are on their way with the supplier, at its origin or in an ERP; of each record `most` at most."""
    keys = [context.data["supplier"], *(plan["supplier"] for plan in context.data["plans"])]
    found = {one.document_key: one for key in keys for one in in_flight.of(context.db, key, most)}
    return [found[key] for key in sorted(found)]


def documents(context: Context, what: str) -> None:
    """Payments on their way say in their own story what is going on."""
    told = [
        findings.Finding(
            class_="BANK_DETAILS_CHANGING", severity="warn", system=RecordKey.parse(context.workflow.document_key).system,
            message=what, noticed_at=context.now, entity=one.entity, document_key=one.document_key,
            document_number=one.number, detail={"change": context.workflow.id, "supplier": context.data["supplier"]},
        )
        for one in under_way(context, in_flight.ALL)
    ]  # fmt: skip
    findings.append(context.db, told)


def happened(context: Context, participle: str, account: str) -> None:
    """Publish what became of the change; `account` as far as it may be shown."""
    flow = context.workflow
    event = Event(
        id=f"finsync:{flow.entity}:{flow.document_key}:{flow.id}:{participle}", type=event_type(flow.entity, participle),
        source="finsync", subject=flow.document_key, time=context.now, correlation_id=flow.document_key,
        data={"supplier": context.data["supplier"], "account": account},
    )  # fmt: skip
    events.append(context.db, [event])
