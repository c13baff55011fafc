"""What changes at an owner of a supplier's fields after it was onboarded, and follows into the systems that have it.

    find_known -> await_documents -> await_parent -> request_change -> await_change -> change_sites -> await_sites -> next_known -> verify
                                         ^ the next system ---------------------------------------------------'

Fields follow where the system owns them; the status from where suppliers begin unless another system owns it. One that ends
stays active elsewhere until the last of what is under way with it has ended. One that is blocked changes nothing, but its
documents say so. Owners beside the source have a flow of their own with the same steps: `SupplierFollowing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows import (
    outgoing,
    reading_back,
    supplier_above,
    supplier_block,
    supplier_requests,
    supplier_sites,
)
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Step, Wait
from finsync_tui.flows.usual import UsualFlow
from store import crossrefs, findings, outbox, records, workflows
from store.canonical.event import Event
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier
from store.columns import from_json
from store.outbox import Delivery
from store.workflows import Workflow

NAME: Final = "supplier_following"
ENTITY: Final = Supplier.entity
LOOK_AGAIN: Final = timedelta(hours=6)
SHOWN_MAX: Final = 5


class SupplierFollowing(UsualFlow):
    """The flow for suppliers as another system than their source shows them, where that one owns fields of theirs."""

    name = NAME
    model = Supplier
    listens_to = (f"com.finsync.{ENTITY}.",)
    under_way = frozenset(("await_change", "change_sites", "await_sites", "next_known", "verify"))

    def steps(self, kind: str) -> Mapping[str, Step]:
        return {**FOLLOW, "verify": verify}

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        assert isinstance(record, Supplier)
        return "deactivate" if record.status == "inactive" else "change"

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        return (event.subject,)

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        is_asked_only = class_ == "DEAD_LETTER" or step == "verify"
        return (step, False) if is_asked_only else (next(iter(FOLLOW)), True)


def find_known(context: Context) -> Answer:
    """In which systems is it, and does its end mean theirs? A double that was merged leaves the supplier that stays alone."""
    is_source = context.workflow.flow != NAME
    known, is_anywhere = _known_to_source(context) if is_source else _known_to_owner(context)
    if not known:
        return Finish(
            "done", {"note": "others stand for it there" if is_anywhere else "it is in no other system"}
        )
    source = RecordKey.parse(context.workflow.document_key).system
    fields = supplier_requests.owned(context.facts.profile, source)
    if not is_source or context.workflow.kind == "change":
        # what is asked anew is what changed at its owner, whatever others show by now
        before = _followed(context)
        if before is None and not is_source:
            return Finish("done", {"note": "it is seen for the first time: nothing has changed"})
        fields = supplier_requests.differing(_supplier(context), before, fields) if before else fields
    if not fields:
        return Finish("done", {"note": "nothing that its system owns has changed"})
    targets = list(dict.fromkeys(system for system, _ in known))
    context.data.update(targets=targets, known=known, place=0, target=known[0][0], fields=fields, asked={})
    return Done({"targets": targets, "fields": fields})


def _known_to_source(context: Context) -> tuple[list[list[str]], bool]:
    policy = context.facts.profile.suppliers
    links = crossrefs.of(context.db, ENTITY, context.workflow.document_key)
    links = [link for link in links if link.system in policy.all_targets]
    is_end = context.workflow.kind == "deactivate"
    found = [
        [one.system, one.external_id] for one in links if not (is_end and _stands_for_others(context, one))
    ]
    return found, bool(links)


def _known_to_owner(context: Context) -> tuple[list[list[str]], bool]:
    """Return the suppliers that lead to this one, and what else they lead to: each once, without ended doubles."""
    own = RecordKey.parse(context.workflow.document_key)
    found: dict[tuple[str, str], None] = {}
    for lead in crossrefs.leading_to(context.db, ENTITY, own.system, own.external_id):
        beside = crossrefs.of(context.db, ENTITY, lead.document_key)
        for key in (
            RecordKey.parse(lead.document_key),
            *(RecordKey(one.system, one.external_id) for one in beside),
        ):
            if key.system != own.system:
                found.setdefault((key.system, key.external_id))
    is_end = context.workflow.kind == "deactivate"
    live = [list(key) for key in found if is_end or _is_in_use(context, *key)]
    return live, bool(found)


def _is_in_use(context: Context, system: str, external_id: str) -> bool:
    held = records.get(context.db, Supplier, system, external_id)
    return held is not None and held.record.status != "inactive"


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
    if context.workflow.kind != "deactivate" or "status" not in context.data["fields"]:
        return Done({}, is_skipped=True)
    found = supplier_block.under_way(context)
    if not found:
        return _still_known(context)
    shown = ", ".join(one.number for one in found[:SHOWN_MAX])
    more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
    return Wait(f"documents under way: {shown}{more}", context.now + LOOK_AGAIN)


def _still_known(context: Context) -> Answer:
    """After the wait: where another supplier has come to stand for the same one meanwhile, that one stays as it is."""
    if context.workflow.flow == NAME:
        return Done({"under_way": 0})
    now, _ = _known_to_source(context)
    known = [one for one in context.data["known"] if one in now]
    if not known:
        return Finish("done", {"note": "others stand for it there by now"})
    context.data.update(
        targets=list(dict.fromkeys(system for system, _ in known)), known=known, target=known[0][0]
    )
    return Done({"under_way": 0, "targets": context.data["targets"]})


def await_parent(context: Context) -> Answer:
    """A supplier that is put above it has to be there first, if it is on its way."""
    parent = supplier_above.key_of(context, _supplier(context))
    if "parent" not in context.data["fields"] or parent is None:
        return Done({}, is_skipped=True)
    target = str(context.data["target"])
    if supplier_above.id_in(context, parent, target) is not None:
        return Done({"parent": parent})
    if supplier_above.stands_above(context.db, context.workflow.document_key, parent):
        return Done({"note": f"it stands above {parent} itself: what stands above it in {target} stays"})
    if supplier_above.is_on_its_way(context, parent):
        return Wait(supplier_above.wait(parent), context.now + LOOK_AGAIN)
    return Done({"note": f"{parent} is not in {target}: what stands above it there stays"})


def request_change(context: Context) -> Answer:
    """Ask the next system for the fields that follow; the adapter sends what differs, everything else stays as it is there."""
    target, external_id = context.data["known"][int(context.data["place"])]
    supplier = _supplier(context)
    held = records.get(context.db, Supplier, target, external_id)
    shown = held.record if held else supplier
    parent = supplier_above.key_of(context, supplier)
    above = supplier_above.id_in(context, parent, target)
    fields = [one for one in context.data["fields"] if one != "parent" or parent is None or above is not None]
    before = _followed(context)
    sites = supplier_sites.plan(context, supplier, before, shown, target) if "sites" in fields else None
    context.data["sites"] = sites
    plain = [one for one in fields if one != "sites"]
    earlier = [one.number for one in before.tax_registrations] if before is not None else []
    body = supplier_requests.change(supplier, shown, plain, context.now.date(), above, earlier)
    context.data["asked"][f"{target}:{external_id}"] = {"fields": fields, "parent": above, "sites": sites}
    if not plain:
        context.data["change_entry"] = None
        return Done({"target": target, "fields": fields}, is_skipped=True)
    if held is not None:
        body["was"] = shown.model_dump(mode="json")
    context.data["change_entry"] = outgoing.enqueue(
        context, target, "supplier.change", body, external_id=external_id, part=f"{target}:{external_id}"
    )
    return Done({"target": target, "fields": fields})


def await_change(context: Context) -> Answer:
    entry_id = context.data["change_entry"]
    return Done({}, is_skipped=True) if entry_id is None else outgoing.await_delivery(context, int(entry_id))


def change_sites(context: Context) -> Answer:
    """Where a system has sites of its own for companies, open those that came and close those that went."""
    sites = context.data.get("sites")
    target, external_id = context.data["known"][int(context.data["place"])]
    entries = supplier_sites.request(context, sites, target, external_id) if sites else []
    context.data["site_entries"] = entries
    return Done({"sites": len(entries)}, is_skipped=not entries)


def await_sites(context: Context) -> Answer:
    return outgoing.await_all(context, context.data["site_entries"])


def next_known(context: Context) -> Answer:
    """On to the next system that has it."""
    place, known = int(context.data["place"]) + 1, context.data["known"]
    if place < len(known):
        context.data.update(place=place, target=known[place][0])
        return Done({"target": known[place][0]}, goto="await_parent")
    return Done({"systems": len(known)}, goto="verify")


def verify(context: Context) -> Answer:
    """Done only when every system, read afresh, shows it."""
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    what = f"supplier {context.workflow.document_number} as it was delivered"
    held = reading_back.unlike(context, seen, what, partial(_teller, context))
    if held is not None:
        return held
    outgoing.mark_verified(context)
    _tell_left_out(context)
    return Finish("done", {"read_back": sorted(seen)})


def _tell_left_out(context: Context) -> None:
    """A system with fewer places for tax numbers than the supplier has numbers shows some of them: which, is said."""
    found: dict[str, set[str]] = {}
    for one in outbox.of_workflow(context.db, context.workflow.id):
        answer = (one.receipt or {}).get("answer") or {}
        left_out = found.setdefault(one.system, set())
        left_out |= {*answer.get("tax_numbers_left_out", ())}
        left_out -= {*answer.get("tax_numbers", ())}
    told = [
        findings.Finding(
            class_="TAX_NUMBERS_LEFT_OUT", severity="info", system=system, entity=ENTITY,
            document_key=context.workflow.document_key, document_number=_supplier(context).name, noticed_at=context.now,
            message=f"{system} has no place for {', '.join(sorted(numbers))}: it shows the supplier's other tax numbers",
        )
        for system, numbers in sorted(found.items()) if numbers
    ]  # fmt: skip
    findings.append(context.db, told)


def _teller(context: Context, system: str, field: str) -> int | None:
    """Return the delivery that told a system what it does not show."""

    def told(one: Delivery) -> bool:
        if not one.operation.startswith("supplier_site."):
            return one.operation.startswith("supplier.") and not field.startswith("site ")
        site = from_json(one.body)["site"]
        return field in (f"site {site['code']}", f"site {site['code']} of {site.get('business_unit')}")

    return outgoing.newest_to(context, system, told)


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
    if done:
        version = done[-1].document_version
    elif context.workflow.flow == NAME and context.workflow.document_version > 1:
        version = context.workflow.document_version - 1  # nobody was told of anything before
    else:
        return None
    held = records.get_version(context.db, Supplier, key.system, key.external_id, version)
    return held.record if held is not None else None


def _supplier(context: Context) -> Supplier:
    key = RecordKey.parse(context.workflow.document_key)
    held = records.get_version(
        context.db, Supplier, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


FOLLOW: Final[Mapping[str, Step]] = {
    step.__name__: step
    for step in (
        supplier_block.release_payments,
        supplier_block.await_releases,
        find_known,
        await_documents,
        await_parent,
        request_change,
        await_change,
        change_sites,
        await_sites,
        next_known,
    )
}
