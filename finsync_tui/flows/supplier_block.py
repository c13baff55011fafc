"""A supplier that is blocked at its source, with documents under way: payments are held in the ERP, and documents say so.

    hold_payments -> await_holds -> tell_documents

What is held and when is the profile's matter: `suppliers.blocked_hold` names a hold of the ERP for invoices that are posted and
not yet paid, and `suppliers.blocked = "stop"` lets no new document pass. When the block is lifted, our own holds are released.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Final

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Step
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import in_flight
from store import crossrefs, findings, outbox
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder
from store.canonical.supplier import Supplier

HOLD, RELEASE = "invoice.hold", "invoice.release"


def hold_payments(context: Context) -> Answer:
    """Ask each ERP to hold what it has posted of this supplier and not paid, where the profile names a hold."""
    name = context.facts.profile.suppliers.blocked_hold
    entries: list[int] = []
    for one in under_way(context) if name else ():
        if one.entity != Invoice.entity:
            continue
        for link in crossrefs.of(context.db, Invoice.entity, one.document_key):
            if takes(context.facts.profile, link.system, HOLD):
                body = {
                    "number": link.number or one.number, "name": name, "reason": f"its supplier is blocked in {_source(context)}",
                }  # fmt: skip
                part = f"{link.system}:{link.external_id}"
                entries.append(
                    outgoing.enqueue(
                        context, link.system, HOLD, body, external_id=link.external_id, part=part,
                        priority=outgoing.PRIORITY_STATUS,
                    )
                )  # fmt: skip
    context.data["hold_entries"] = entries
    return Done({"invoices": len(entries)}, is_skipped=not entries)


def await_holds(context: Context) -> Answer:
    return outgoing.await_all(context, context.data["hold_entries"])


def tell_documents(context: Context) -> Answer:
    """What is under way says so, and what becomes of it; nothing new begins with the supplier at its source."""
    found = under_way(context)
    held = [outbox.get(context.db, int(one)) for one in context.data.get("hold_entries", ())]
    numbers = {str(json.loads(one.body)["number"]) for one in held if one is not None}
    supplier = context.workflow.document_number or context.workflow.document_key
    told = [
        findings.Finding(
            class_="SUPPLIER_BLOCKED", severity="warn", system=_source(context),
            message=f"supplier {supplier} was blocked at its source; this document is under way and {_becomes(context, one, numbers)}",
            noticed_at=context.now, entity=one.entity, document_key=one.document_key, document_number=one.number,
        )
        for one in found
    ]  # fmt: skip
    findings.append(context.db, told)
    return Finish("done", {"told": [one.number for one in found], "held": sorted(numbers)})


def _becomes(context: Context, one: in_flight.InFlight, held: Collection[str]) -> str:
    """Say what becomes of a document: what no ERP has yet is not sent there, where the profile says so."""
    policy = context.facts.profile.suppliers
    if one.entity == Invoice.entity and one.number in held:
        return "its payment is held"
    is_stopped = one.entity in (Invoice.entity, PurchaseOrder.entity) and policy.blocked == "stop"
    is_stopped = is_stopped or (one.entity == Invoice.entity and policy.blocked_hold is not None)
    is_sent = any(True for _ in crossrefs.of(context.db, one.entity, one.document_key))
    return "is not posted before the block is lifted" if is_stopped and not is_sent else "goes on"


def release_payments(context: Context) -> Answer:
    """The block was lifted: the holds that we put on because of it are taken off, all others stay."""
    context.data["release_entries"] = []
    held = _held(context) if _is_active(context) else {}
    for (system, external_id), body in sorted(held.items()):
        wanted = {**body, "reason": f"its supplier is not blocked in {_source(context)} any more"}
        context.data["release_entries"].append(
            outgoing.enqueue(
                context, system, RELEASE, wanted, external_id=external_id, part=f"{system}:{external_id}",
                priority=outgoing.PRIORITY_STATUS,
            )
        )  # fmt: skip
    return Done({"invoices": len(held)}, is_skipped=not held)


def holds_any(context: Context) -> bool:
    """Say whether any invoice is held because of a block of this supplier."""
    return bool(_held(context))


def await_releases(context: Context) -> Answer:
    return outgoing.await_all(context, context.data.get("release_entries", ()))


def under_way(context: Context) -> list[in_flight.InFlight]:
    """Return what is under way with it, at its source and in the systems that have it."""
    key = context.workflow.document_key
    known = [f"{link.system}:{link.external_id}" for link in crossrefs.of(context.db, Supplier.entity, key)]
    found = {
        one.document_key: one
        for each in (key, *known)
        for one in in_flight.of(context.db, each, in_flight.ALL)
    }
    return [found[each] for each in sorted(found)]


def _held(context: Context) -> dict[tuple[str, str], dict[str, str]]:
    """Return the invoices that we hold because of a block of this supplier, with what holds them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in outbox.of_document(context.db, Supplier.entity, context.workflow.document_key):
        if one.state in ("delivered", "verified") and one.external_id is not None:
            if one.operation == HOLD:
                found[one.system, one.external_id] = json.loads(one.edited_body or one.body)
            elif one.operation == RELEASE:
                found.pop((one.system, one.external_id), None)
    return found


def _is_active(context: Context) -> bool:
    return context.workflow.kind in ("onboard", "change", "activate")


def _source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


BLOCK: Final[Mapping[str, Step]] = {
    step.__name__: step for step in (hold_payments, await_holds, tell_documents)
}
