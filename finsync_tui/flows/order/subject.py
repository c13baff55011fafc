"""The order that a step is about, its company, and what was asked of the ERP for it."""

from __future__ import annotations

from collections.abc import Mapping

from finsync_tui.flows.steps import Context, Hold
from finsync_tui.profile import LegalEntitySetup
from store import crossrefs, events, findings, records
from store.canonical.budget import Commitment
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder
from store.records import Held

ENTITY = PurchaseOrder.entity


def held(context: Context) -> Held[PurchaseOrder]:
    """Return the order in the version that the instance is about."""
    key = RecordKey.parse(context.workflow.document_key)
    found = records.get_version(
        context.db, PurchaseOrder, key.system, key.external_id, context.workflow.document_version
    )
    assert found is not None, "a workflow starts in the transaction that stored its document"
    return found


def order(context: Context) -> PurchaseOrder:
    return held(context).record


def source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def external_id(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).external_id


def target(context: Context) -> str:
    return str(context.data["target"])


def company(context: Context) -> LegalEntitySetup:
    return context.facts.profile.legal_entities[str(context.data["legal_entity"])]


def marker(context: Context) -> str:
    """Return the text by which the order is found again in the ERP."""
    return f"{source(context)}:{context.workflow.document_number}"


def link(context: Context) -> crossrefs.Crossref | None:
    """Return the order's twin in the ERP."""
    return crossrefs.get(context.db, ENTITY, context.workflow.document_key, target(context))


def shown(context: Context) -> Held[PurchaseOrder] | None:
    """Return the ERP's order as sync read it last."""
    twin = link(context)
    return records.get(context.db, PurchaseOrder, target(context), twin.external_id) if twin else None


def distributions(order: PurchaseOrder) -> list[tuple[OrderLine, OrderDistribution]]:
    """Return what is charged where, of lines that live."""
    return [(line, d) for line in order.lines if not line.is_cancelled for d in line.distributions]


def asked(context: Context) -> Commitment:
    """Return what this instance asked the ERP to hold."""
    version = int(context.data["commitment_version"])
    found = records.get_version(context.db, Commitment, "finsync", context.workflow.document_key, version)
    assert found is not None
    return found.record


def tell(context: Context, participle: str, data: Mapping[str, object], *, part: str = "") -> None:
    """Say what has become of the order's commitment; `part` tells apart what becomes of one version again and again."""
    flow = context.workflow
    event = Event(
        id=f"finsync:commitment:{flow.document_key}:v{flow.document_version}:{participle}{part and f':{part}'}",
        type=event_type("commitment", participle),
        source="finsync",
        subject=flow.document_key,
        time=context.now,
        correlation_id=flow.document_key,
        data={"number": flow.document_number, "erp_number": context.data.get("erp_number"), **data},
    )
    events.append(context.db, [event])


def stop(
    context: Context,
    class_: str,
    cause: str,
    fix: str,
    evidence: Mapping[str, object],
    amount: Money | None = None,
) -> Hold:
    """Have a person decide about what the ERP holds."""
    return Hold(class_, cause, fix, target(context), dict(evidence), amount=amount)


def note(context: Context, class_: str, message: str) -> None:
    """Keep what was noticed and does not stop the order."""
    if context.is_trial:
        return
    found = findings.Finding(
        class_=class_,
        severity="warn",
        system=target(context),
        entity=ENTITY,
        document_key=context.workflow.document_key,
        document_number=context.workflow.document_number,
        message=message,
        noticed_at=context.now,
    )
    findings.append(context.db, [found])
