"""What happens at a supplier's source after it was onboarded, and follows into the systems that have it.

    find_known -> await_documents -> request_change -> await_change -> next_known -> verify
                                           ^ the next system ------------'

Fields follow where the source owns them; its status unless another system does. One that ends stays active elsewhere until
the last of what is under way with it has ended. One that is blocked changes nothing, but its documents say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from finsync_tui.flows import outgoing, supplier_requests
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Step, Wait
from finsync_tui.suppliers import in_flight
from store import crossrefs, findings, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier

ENTITY: Final = Supplier.entity
LOOK_AGAIN: Final = timedelta(hours=6)
SHOWN_MAX: Final = 5


def find_known(context: Context) -> Answer:
    """In which systems is it, and does its end mean theirs? A double that was merged leaves the supplier that stays alone."""
    source = RecordKey.parse(context.workflow.document_key).system
    links = crossrefs.of(context.db, ENTITY, context.workflow.document_key)
    policy = context.facts.profile.suppliers
    links = [link for link in links if link.system in policy.all_targets]
    is_end = context.workflow.kind == "deactivate"
    known = [link.system for link in links if not (is_end and _stands_for_others(context, link))]
    if not known:
        return Finish("done", {"note": "others stand for it there" if links else "it is in no other system"})
    fields = supplier_requests.owned(context.facts.profile, source)
    if (
        context.workflow.kind == "change"
    ):  # what is asked anew is what changed at the source, whatever others show by now
        before = _followed(context)
        fields = supplier_requests.differing(_supplier(context), before, fields) if before else fields
        if not fields:
            return Finish("done", {"note": "nothing that its source owns has changed"})
    context.data.update(targets=known, place=0, target=known[0], fields=fields)
    return Done({"targets": known, "fields": fields})


def _stands_for_others(context: Context, link: crossrefs.Crossref) -> bool:
    """Say whether another supplier, active at the same source, is this one in the other system too."""
    source = RecordKey.parse(context.workflow.document_key).system
    for other in crossrefs.leading_to(context.db, ENTITY, link.system, link.external_id):
        key = RecordKey.parse(other.document_key)
        if other.document_key == link.document_key or key.system != source:
            continue
        held = records.get(context.db, Supplier, key.system, key.external_id)
        if held is not None and held.record.status == "active":
            return True
    return False


def await_documents(context: Context) -> Answer:
    """One that ends ends elsewhere when nothing is under way with it any more."""
    if context.workflow.kind != "deactivate":
        return Done({}, is_skipped=True)
    found = _under_way(context)
    if not found:
        return Done({"under_way": 0})
    shown = ", ".join(one.number for one in found[:SHOWN_MAX])
    more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
    return Wait(f"documents under way: {shown}{more}", context.now + LOOK_AGAIN)


def request_change(context: Context) -> Answer:
    """Ask the next system for the fields that follow; the adapter sends what differs, everything else stays as it is there."""
    target = str(context.data["target"])
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    assert link is not None, "it was found there"
    supplier = _supplier(context)
    held = records.get(context.db, Supplier, target, link.external_id)
    fields = list(context.data["fields"])
    body = supplier_requests.change(supplier, held.record if held else supplier, fields, context.now.date())
    context.data["change_entry"] = outgoing.enqueue(
        context, target, "supplier.change", body, external_id=link.external_id, part=target
    )
    return Done({"target": target, "fields": fields})


def await_change(context: Context) -> Answer:
    return outgoing.await_delivery(context, int(context.data["change_entry"]))


def next_known(context: Context) -> Answer:
    """On to the next system that has it."""
    place, targets = int(context.data["place"]) + 1, context.data["targets"]
    if place < len(targets):
        context.data.update(place=place, target=targets[place])
        return Done({"target": targets[place]}, goto="request_change")
    return Done({"systems": len(targets)}, goto="verify")


def tell_documents(context: Context) -> Answer:
    """Blocked at its source: what is under way goes on, and says so; nothing new begins there."""
    found = _under_way(context)
    told = [
        findings.Finding(
            class_="SUPPLIER_BLOCKED", severity="warn", system=RecordKey.parse(context.workflow.document_key).system,
            message=f"supplier {context.workflow.document_number or context.workflow.document_key} was blocked at its source; "
            "this document is under way and goes on",
            noticed_at=context.now, entity=one.entity, document_key=one.document_key, document_number=one.number,
        )
        for one in found
    ]  # fmt: skip
    findings.append(context.db, told)
    return Finish("done", {"told": [one.number for one in found]})


def _followed(context: Context) -> Supplier | None:
    """Return the supplier as it was when other systems were told last; of a block nobody is told."""
    key = RecordKey.parse(context.workflow.document_key)
    done = [
        one
        for one in workflows.of_document(context.db, str(key), ENTITY)
        if one.flow == context.workflow.flow
        and one.id < context.workflow.id
        and one.state == "done"
        and one.kind != "block"
    ]
    if not done:
        return None
    held = records.get_version(context.db, Supplier, key.system, key.external_id, done[-1].document_version)
    return held.record if held is not None else None


def _under_way(context: Context) -> list[in_flight.InFlight]:
    """Return what is under way with it, at its source and in the systems that have it."""
    key = context.workflow.document_key
    known = [f"{link.system}:{link.external_id}" for link in crossrefs.of(context.db, ENTITY, key)]
    found = {one.document_key: one for each in (key, *known) for one in in_flight.of(context.db, each)}
    return [found[each] for each in sorted(found)]


def _supplier(context: Context) -> Supplier:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, Supplier, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


FOLLOW: Final[Mapping[str, Step]] = {
    step.__name__: step for step in (find_known, await_documents, request_change, await_change, next_known)
}
BLOCK: Final[Mapping[str, Step]] = {"tell_documents": tell_documents}
