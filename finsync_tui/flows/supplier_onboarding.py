"""Supplier onboarding: a supplier that is active at its source exists in each ERP, once, and its number comes back.

    check_data -> match -> request_supplier -> await_supplier -> request_sites -> await_sites -> next_erp
        -> write_back -> await_write_back -> verify

The middle runs for each ERP that the profile names. Before anything is created, the supplier is compared with all of that
ERP and with those of its source that are on their way there. One whose status changes at the source follows:

    find_known -> request_change -> await_change -> next_known -> verify
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.suppliers import checks, identity, index, searching
from store import crossrefs, events, records, supplier_forms, workflows
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount
from store.workflows import Workflow

NAME = "supplier_onboarding"
ENTITY = Supplier.entity
SIMILAR_MAX = 5


class SupplierOnboarding:
    """The flow for suppliers."""

    name = NAME
    model = Supplier
    listens_to = ("com.finsync.supplier.",)
    returns_at: str | None = None
    rechecks = frozenset(("check_data",))
    under_way = frozenset(
        ("await_supplier", "request_sites", "await_sites", "next_erp", "write_back", "await_write_back", "verify",
         "await_change", "next_known")
    )  # fmt: skip

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _ONBOARD if kind == "onboard" else _FOLLOW

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Onboarded once; after that only what the source says of its status follows."""
        assert isinstance(record, Supplier)
        known = any(w.kind == "onboard" and w.state != "aborted" for w in earlier)
        if record.status == "active":
            inactive = known and _last_status(earlier) == "inactive"
            return "activate" if inactive else None if _is_done(earlier) else "onboard"
        return "deactivate" if known and record.status == "inactive" else None

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        return False

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        return (event.subject,)

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        return None

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        return None

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER" or step == "verify":
            return step, False
        return next(iter(self.steps(kind))), True


def _is_done(earlier: Sequence[Workflow]) -> bool:
    return any(w.kind == "onboard" and w.state == "done" for w in earlier)


def _last_status(earlier: Sequence[Workflow]) -> str:
    last = [
        w.kind for w in earlier if w.state in ("done", "running", "waiting", "held") and w.kind != "onboard"
    ]
    return "inactive" if last and last[-1] == "deactivate" else "active"


def check_data(context: Context) -> Answer:
    """Is it complete, and can its numbers be right? Nothing is created that has to be corrected at once."""
    targets = list(context.facts.profile.suppliers.create_in)
    if not targets:
        return Finish("done", {"note": "no ERP is named under suppliers.create_in"})
    supplier = _supplier(context)
    if supplier.kind not in searching.COMPARED_KINDS:
        return Finish("done", {"note": f"{supplier.kind.replace('_', ' ')} suppliers are not onboarded"})
    key = _key(context)
    ids = records.twins(context.db, SupplierBankAccount.entity, "supplier", key.external_id, key.system)
    accounts = records.get_many(context.db, SupplierBankAccount, key.system, ids).values()
    found = checks.problems(supplier, [account.record for account in accounts])
    if found:
        return Hold(
            found[0].class_,
            f"supplier {_shown(supplier)}: " + "; ".join(one.cause for one in found),
            f"{found[0].fix} It is looked at again when it was changed.",
            key.system,
            {"problems": [one._asdict() for one in found]},
        )
    context.data.update(targets=targets, place=0, target=targets[0])
    return Done({"targets": targets})


def match(context: Context) -> Answer:
    """Is it in this ERP already, or on its way there under another name?"""
    supplier, key, target = _supplier(context), _key(context), _target(context)
    found = identity.identify(context.db, key, supplier.number or None, target)
    if isinstance(found, identity.Ambiguous):
        return Hold(
            "SUPPLIER_AMBIGUOUS",
            f"supplier {_shown(supplier)} could be several in {target}: {found.reason} ({'; '.join(found.candidates)})",
            f"Merge the duplicates in {target}, or say which it is with `finsync supplier same KEY KEY`, then retry.",
            target,
            {"candidates": list(found.candidates)},
        )
    if isinstance(found, identity.Identified):
        _link(context, found.external_id, found.supplier.number, found.proof)
        return Done({"found": found.external_id, "proof": found.proof}, goto="request_sites")
    limits = context.facts.profile.suppliers.thresholds
    likely = _similar(context, key, target)
    sure = [one for one in likely if one.form.system == target and one.score >= limits.link]
    if len(sure) == 1 and len(likely) == 1:
        _link(context, sure[0].form.external_id, sure[0].form.number, "match")
        return Done(
            {"found": sure[0].form.external_id, "proof": "match", "score": sure[0].score},
            goto="request_sites",
        )
    if likely:
        names = ", ".join(f"{one.form.key} {one.form.name} ({one.score:.0f} of 100)" for one in likely)
        first = likely[0].form.key
        return Hold(
            "SUPPLIER_DUPLICATE_POSSIBLE",
            f"supplier {_shown(supplier)} may be there already: {names}",
            f"Say `finsync supplier same {key} {first}` or `finsync supplier different {key} {first}`, for each of them; then retry.",
            target,
            {"similar": [_evidence(one) for one in likely]},
        )
    return Done({"looked_for": list(found.looked_for)})


def _similar(context: Context, key: RecordKey, target: str) -> list[searching.Candidate]:
    """Return those of the ERP, and those of the source that are there or on their way, that may be this supplier."""
    accounts = supplier_forms.accounts_of(context.db, key.system, [key.external_id]).get(
        key.external_id, set()
    )
    own = index.stored(_supplier(context), key.system, key.external_id, 0, frozenset(accounts))
    ask = context.facts.profile.suppliers.ask
    found = searching.similar(context.db, own, ask, systems=(target, key.system))
    return [
        one
        for one in found
        if one.answer != "different"
        and (one.form.system == target or _is_ahead(context, one.form.key, target))
    ][:SIMILAR_MAX]


def _is_ahead(context: Context, key: str, target: str) -> bool:
    """Say whether a supplier of the source is in the ERP, or will be before this one."""
    if crossrefs.get(context.db, ENTITY, key, target) is not None:
        return True
    others = workflows.of_document(context.db, key, ENTITY)
    return any(w.flow == NAME and w.ended_at is None and w.id < context.workflow.id for w in others)


def request_supplier(context: Context) -> Answer:
    """Decide to create it, once."""
    wanted = _supplier(context).model_copy(update={"sites": ()})
    body = {"supplier": wanted.model_dump(mode="json")}
    target = _target(context)
    context.data["supplier_entry"] = outgoing.enqueue(
        context, target, "supplier.create", body, external_id=None, part=target
    )
    return Done({"operation": "supplier.create", "target": target})


def await_supplier(context: Context) -> Answer:
    """Wait until the ERP has it; delivery links it."""
    return outgoing.await_delivery(context, int(context.data["supplier_entry"]))


def request_sites(context: Context) -> Answer:
    """A site for each company that buys through this ERP, unless it has one."""
    target = _target(context)
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    assert link is not None, "it was found or created"
    held = records.get(context.db, Supplier, target, link.external_id)
    have = {site.business_unit for site in held.record.sites} if held is not None else set()
    setups = context.facts.profile.legal_entities.values()
    units = sorted({setup.business_unit for setup in setups if setup.target == target})
    code = context.facts.profile.suppliers.site_code
    wanted = [unit for unit in units if not have & {unit, _unit_id(context, target, unit)}]
    context.data["site_entries"] = [
        outgoing.enqueue(
            context, target, "supplier_site.create", {"site": {"code": code, "business_unit": unit}},
            external_id=link.external_id, part=f"{target}/{unit}",
        )
        for unit in wanted
    ]  # fmt: skip
    return Done({"sites": wanted}, is_skipped=not wanted)


def await_sites(context: Context) -> Answer:
    """Wait until each company has its site."""
    return _await_all(context, "site_entries")


def next_erp(context: Context) -> Answer:
    """On to the next ERP, until it is in all of them."""
    place = int(context.data["place"]) + 1
    targets = context.data["targets"]
    if place >= len(targets):
        context.data["target"] = targets[0]
        return Done({"erps": len(targets)})
    context.data.update(place=place, target=targets[place])
    return Done({"target": targets[place]}, goto="match")


def write_back(context: Context) -> Answer:
    """The first ERP's number goes onto the supplier at its source, unless it bears one."""
    supplier, key = _supplier(context), _key(context)
    link = crossrefs.get(context.db, ENTITY, str(key), _target(context))
    number = link.number if link is not None else None
    if supplier.number or not number:
        return Done({"note": f"it bears the number {supplier.number}"}, goto="verify", is_skipped=True)
    context.data["number"] = number
    context.data["write_back_entry"] = outgoing.enqueue(
        context, key.system, "supplier.change", {"number": number}, external_id=key.external_id,
        priority=outgoing.PRIORITY_STATUS,
    )  # fmt: skip
    return Done({"number": number})


def await_write_back(context: Context) -> Answer:
    """Wait until the source shows the number."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def verify(context: Context) -> Answer:
    """Done only when every system, read afresh, shows it."""
    seen = context.data.get("read_back")
    if not seen:
        return Wait("read-back")
    context.data["read_back"] = None
    for system, differences in sorted(seen.items()):
        if differences:
            shown = "; ".join(
                f"{d['field']}: expected {d['expected']}, found {d['found']}" for d in differences[:5]
            )
            return Hold(
                "READ_BACK_DIFFERS",
                f"{system} does not show supplier {context.workflow.document_number} as it was delivered: {shown}",
                f"Find out who changed it in {system}; correct it there and retry.",
                system,
                {"differences": differences},
            )
    outgoing.mark_verified(context)
    if context.workflow.kind == "onboard":
        _tell_onboarded(context)
    return Finish("done", {"read_back": sorted(seen)})


def _tell_onboarded(context: Context) -> None:
    """What waits for the supplier to be in the ERPs, its bank accounts for example, goes on."""
    flow = context.workflow
    happened = Event(
        id=f"finsync:{ENTITY}:{flow.document_key}:{flow.id}:onboarded", type=event_type(ENTITY, "onboarded"), source="finsync",
        subject=flow.document_key, time=context.now, correlation_id=flow.document_key, data={"targets": context.data["targets"]},
    )  # fmt: skip
    events.append(context.db, [happened])


def find_known(context: Context) -> Answer:
    """In which ERPs is it, and does its end mean theirs? A double that was merged leaves the supplier that stays alone."""
    links = crossrefs.of(context.db, ENTITY, context.workflow.document_key)
    links = [link for link in links if link.system in context.facts.profile.suppliers.create_in]
    is_end = context.workflow.kind == "deactivate"
    known = [link.system for link in links if not (is_end and _stands_for_others(context, link))]
    if not known:
        return Finish("done", {"note": "others stand for it there" if links else "it is in no ERP"})
    context.data.update(targets=known, place=0, target=known[0])
    return Done({"targets": known})


def _stands_for_others(context: Context, link: crossrefs.Crossref) -> bool:
    """Say whether another supplier, active at the same source, is this one in the ERP too."""
    source = _key(context).system
    for other in crossrefs.leading_to(context.db, ENTITY, link.system, link.external_id):
        key = RecordKey.parse(other.document_key)
        if other.document_key == link.document_key or key.system != source:
            continue
        held = records.get(context.db, Supplier, key.system, key.external_id)
        if held is not None and held.record.status == "active":
            return True
    return False


def request_change(context: Context) -> Answer:
    """Its status follows; everything else stays as the ERP has it."""
    target = _target(context)
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    assert link is not None, "it was found there"
    held = records.get(context.db, Supplier, target, link.external_id)
    status = _supplier(context).status
    wanted = (held.record if held is not None else _supplier(context)).model_copy(update={"status": status})
    body = {"supplier": wanted.model_dump(mode="json"), "inactive_on": context.now.date().isoformat()}
    context.data["change_entry"] = outgoing.enqueue(
        context, target, "supplier.change", body, external_id=link.external_id, part=target
    )
    return Done({"status": status, "target": target})


def await_change(context: Context) -> Answer:
    return outgoing.await_delivery(context, int(context.data["change_entry"]))


def next_known(context: Context) -> Answer:
    """On to the next ERP that has it."""
    answer = next_erp(context)
    assert isinstance(answer, Done)
    return Done(answer.detail, goto="request_change" if answer.goto else "verify")


def _await_all(context: Context, name: str) -> Answer:
    for entry_id in context.data[name]:
        answer = outgoing.await_delivery(context, int(entry_id))
        if not isinstance(answer, Done):
            return answer
    return Done({"entries": list(context.data[name])})


def _link(context: Context, external_id: str, number: str, why: str) -> None:
    crossrefs.link(
        context.db, ENTITY, context.workflow.document_key, _target(context), external_id, number=number, revision=None,
        why=why, linked_at=context.now,
    )  # fmt: skip


def _evidence(one: searching.Candidate) -> dict[str, Any]:
    reasons = [{"what": reason.what, "points": round(reason.points, 1)} for reason in one.reasons]
    return {"key": one.form.key, "name": one.form.name, "score": round(one.score, 1), "evidence": reasons}


def _unit_id(context: Context, target: str, unit: str) -> str:
    units = context.facts.profile.systems[target].options.get("business_units", {})
    return str(units.get(unit, {}).get("procurement_bu_id", unit))


def _supplier(context: Context) -> Supplier:
    key = _key(context)
    held = records.get_version(
        context.db, Supplier, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def _shown(supplier: Supplier) -> str:
    return f"{supplier.number} {supplier.name}".strip()


def _key(context: Context) -> RecordKey:
    return RecordKey.parse(context.workflow.document_key)


def _target(context: Context) -> str:
    return str(context.data["target"])


_ONBOARD: Mapping[str, Step] = {
    step.__name__: step
    for step in (check_data, match, request_supplier, await_supplier, request_sites, await_sites, next_erp, write_back,
                 await_write_back, verify)
}  # fmt: skip
_FOLLOW: Mapping[str, Step] = {
    step.__name__: step for step in (find_known, request_change, await_change, next_known, verify)
}
