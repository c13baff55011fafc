"""Supplier onboarding: a supplier that is active at its source exists in each ERP, once, and its number comes back.

    check_data -> match -> await_parent -> request_supplier -> await_supplier -> request_sites -> await_sites -> next_erp
        -> write_back -> await_write_back -> verify

The middle runs for each system that the profile names: ERPs where suppliers begin in procurement, procurement where they
begin in an ERP. Before anything is created, the supplier is compared with all of that system and with those of its source
that are on their way there. What changes at the source afterwards follows: `supplier_following`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows import (
    outgoing,
    supplier_above,
    supplier_block,
    supplier_following,
    supplier_requests,
    supplier_sameness,
    supplier_sites,
)
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.flows.supplier_sameness import is_different
from finsync_tui.flows.usual import UsualFlow
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import checks, identity, index, searching
from store import crossrefs, events, findings, records, supplier_answers, supplier_forms, workflows
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount
from store.workflows import Workflow

NAME = "supplier_onboarding"
ENTITY = Supplier.entity
SIMILAR_MAX = 5
LOOK_AGAIN = timedelta(hours=1)


class SupplierOnboarding(UsualFlow):
    """The flow for suppliers."""

    name = NAME
    model = Supplier
    listens_to = ("com.finsync.supplier.",)
    rechecks = frozenset(("check_data",))
    under_way = frozenset(
        ("await_supplier", "request_sites", "await_sites", "next_erp", "write_back", "await_write_back", "verify",
         "await_change", "change_sites", "next_known", "await_holds", "await_releases")
    )  # fmt: skip

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _ONBOARD if kind == "onboard" else supplier_block.BLOCK if kind == "block" else _FOLLOW

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Onboarded once; after that what the source says of it follows."""
        assert isinstance(record, Supplier)
        own = [w for w in earlier if w.flow == NAME]
        known = any(w.kind == "onboard" and w.state != "aborted" for w in own)
        if record.status == "active":
            inactive = known and _last_status(own) == "inactive"
            return "activate" if inactive else "change" if _is_done(own) else "onboard"
        if record.status == "on_hold":
            return "block" if known and own[-1].kind != "block" else None
        return "deactivate" if known and record.status == "inactive" else None

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        """News of the supplier itself, or that the one above it is there now."""
        return (event.subject, *workflows.waiting_on(db, NAME, supplier_above.wait(event.subject)))

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER" or step == "verify":
            return step, False
        return next(iter(self.steps(kind))), True


def _is_done(earlier: Sequence[Workflow]) -> bool:
    return any(w.kind == "onboard" and w.state == "done" for w in earlier)


def _last_status(earlier: Sequence[Workflow]) -> str:
    last = [
        w.kind
        for w in earlier
        if w.state in ("done", "running", "waiting", "held") and w.kind in ("activate", "deactivate")
    ]
    return "inactive" if last and last[-1] == "deactivate" else "active"


def check_data(context: Context) -> Answer:
    """Is it complete, and can its numbers be right? Nothing is created that has to be corrected at once."""
    if supplier_block.holds_any(context):  # it was blocked before it was onboarded, and is not any more
        return Done({"note": "what was held is released first"}, goto="release_payments", is_skipped=True)
    policy, supplier, key = context.facts.profile.suppliers, _supplier(context), _key(context)
    targets = policy.targets(supplier.country or (supplier.address.country if supplier.address else None))
    if not targets:
        return Finish("done", {"note": "no ERP is named under suppliers.create_in"})
    if supplier.kind not in policy.kinds:
        return Finish("done", {"note": f"{supplier.kind.replace('_', ' ')} suppliers are not onboarded"})
    if policy.since is not None and _changed_at(context) < policy.since:
        return Finish("done", {"note": f"it was there before {policy.since:%Y-%m-%d} and is taken as it is"})
    ids = records.twins(context.db, SupplierBankAccount.entity, "supplier", key.external_id, key.system)
    accounts = records.get_many(context.db, SupplierBankAccount, key.system, ids).values()
    listed = [account.record for account in accounts]
    found = checks.problems(supplier, listed, policy)
    found += checks.countries(supplier, listed) if policy.bank.countries == "hold" else []
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


def await_releases(context: Context) -> Answer:
    """What was held because of a block is released; then it is looked at as every other."""
    answer = supplier_block.await_releases(context)
    return replace(answer, goto="check_data") if isinstance(answer, Done) else answer


def match(context: Context) -> Answer:
    """Is it in this ERP already, or on its way there under another name?"""
    supplier, key, target = _supplier(context), _key(context), _target(context)
    found = identity.identify(
        context.db, key, supplier.number or None, target, supplier_sameness.doubt(context)
    )
    if isinstance(found, identity.Ambiguous):
        return Hold(
            "SUPPLIER_AMBIGUOUS",
            f"supplier {_shown(supplier)} could be several in {target}: {found.reason} ({'; '.join(found.candidates)})",
            f"Merge the duplicates in {target}, or say which it is with `finsync supplier same KEY KEY`, then retry.",
            target,
            {"candidates": list(found.candidates)},
        )
    if isinstance(found, identity.Identified):
        if found.supplier.status == "inactive" and found.proof != "linked":
            return _ended_there(context, found)
        _link(context, found.external_id, found.supplier.number, found.proof)
        return Done({"found": found.external_id, "proof": found.proof}, goto="request_sites")
    limits = context.facts.profile.suppliers.thresholds
    likely = _similar(context, key, target)
    sure = [one for one in likely if one.form.system == target and one.score >= limits.link]
    if len(sure) == 1 and len(likely) == 1 and sure[0].answer != "different":
        held = records.get(context.db, Supplier, target, sure[0].form.external_id)
        if held is not None and held.record.status == "inactive":
            return _ended_there(context, identity.Identified(held.record, sure[0].form.external_id, "match"))
        _link(context, sure[0].form.external_id, sure[0].form.number, "match")
        return Done(
            {"found": sure[0].form.external_id, "proof": "match", "score": sure[0].score},
            goto="request_sites",
        )
    shown = {one.form.key: f"{one.form.key} {one.form.name} ({one.score:.0f} of 100)" for one in likely}
    shown |= {one: f"{one} (the same bank account)" for one in found.paid_alike if one not in shown}
    if shown:
        first = next(iter(shown))
        return Hold(
            "SUPPLIER_DUPLICATE_POSSIBLE",
            f"supplier {_shown(supplier)} may be there already: {', '.join(shown.values())}",
            f"Say `finsync supplier same {key} {first}` or `finsync supplier different {key} {first}`, for each of them; then retry.",
            target,
            {"similar": [_evidence(one) for one in likely], "same_account": list(found.paid_alike)},
        )
    return Done({"looked_for": list(found.looked_for)})


def _ended_there(context: Context, found: identity.Identified) -> Hold:
    """Somebody ended it in the ERP, and may have had a reason: it comes back by a person's hand only."""
    key, target = _key(context), _target(context)
    there = f"{target}:{found.external_id}"
    return Hold(
        "SUPPLIER_INACTIVE",
        f"supplier {_shown(_supplier(context))} is in {target} already, as {found.supplier.number} {found.supplier.name}, which is "
        "inactive there",
        f"Activate it in {target} if it is to be used again, or say `finsync supplier different {key} {there}` so that another is "
        "made; then retry.",
        target,
        {"supplier": there, "proof": found.proof},
    )


def _similar(context: Context, key: RecordKey, target: str) -> list[searching.Candidate]:
    """Return those of the ERP, and those of the source that are there or on their way, that may be this supplier."""
    accounts = supplier_forms.accounts_of(context.db, key.system, [key.external_id]).get(
        key.external_id, set()
    )
    own = index.stored(_supplier(context), key.system, key.external_id, 0, frozenset(accounts))
    ask = context.facts.profile.suppliers.ask
    found = searching.similar(context.db, own, ask, systems=(target, key.system))
    profile = context.facts.profile
    return [
        one
        for one in found
        if not (one.answer == "different" and is_different(context.db, profile, str(key), one.form.key))
        and (one.form.system == target or _is_ahead(context, one.form.key, target))
    ][:SIMILAR_MAX]


def _is_ahead(context: Context, key: str, target: str) -> bool:
    """Say whether a supplier of the source is in the ERP, or will be before this one."""
    if crossrefs.get(context.db, ENTITY, key, target) is not None:
        return True
    others = workflows.of_document(context.db, key, ENTITY)
    return any(w.flow == NAME and w.ended_at is None and w.id < context.workflow.id for w in others)


def await_parent(context: Context) -> Answer:
    """The supplier above it comes first, if it is on its way there."""
    parent = supplier_above.key_of(context, _supplier(context))
    if parent is None or _parent_in(context, _target(context)) is not None:
        return Done({"parent": parent}, is_skipped=parent is None)
    if supplier_above.stands_above(context.db, context.workflow.document_key, parent):
        return Done({"note": f"it stands above {parent} itself: it comes without one above it"})
    if supplier_above.is_on_its_way(context, parent):
        return Wait(supplier_above.wait(parent), context.now + LOOK_AGAIN)
    return Done({"note": f"{parent} is not in {_target(context)}: it stands there without one above it"})


def _parent_in(context: Context, target: str) -> str | None:
    return supplier_above.id_in(context, supplier_above.key_of(context, _supplier(context)), target)


def request_supplier(context: Context) -> Answer:
    """Decide to create it, once."""
    target = _target(context)
    supplier = _supplier(context)
    if not supplier.number:  # where it is known by its number, that is the one the first ERP gave
        supplier = supplier.model_copy(update={"number": _number_given(context)})
    others = supplier_answers.said_in(context.db, context.workflow.document_key, target, "different")
    body = supplier_requests.creation(supplier, _parent_in(context, target), others)
    body = outgoing.extended(context, target, supplier, body)
    context.data["supplier_entry"] = outgoing.enqueue(
        context, target, "supplier.create", body, external_id=None, part=target
    )
    return Done({"operation": "supplier.create", "target": target})


def _number_given(context: Context) -> str:
    links = crossrefs.of(context.db, ENTITY, context.workflow.document_key)
    by_system = {link.system: link.number for link in links}
    return next((number for one in context.data["targets"] if (number := by_system.get(one))), "")


def await_supplier(context: Context) -> Answer:
    """Wait until the ERP has it; delivery links it."""
    return outgoing.await_delivery(context, int(context.data["supplier_entry"]))


def request_sites(context: Context) -> Answer:
    """A site for each company that buys through this ERP, unless it has one."""
    target = _target(context)
    if not takes(context.facts.profile, target, "supplier_site.create"):
        context.data["site_entries"] = []
        return Done({"note": f"{target} has no sites of its own for companies"}, is_skipped=True)
    link = crossrefs.get(context.db, ENTITY, context.workflow.document_key, target)
    assert link is not None, "it was found or created"
    held = records.get(context.db, Supplier, target, link.external_id)
    wanted = supplier_sites.missing(
        context, _supplier(context), held.record if held is not None else None, target
    )
    context.data["site_entries"] = supplier_sites.open_all(context, wanted, target, link.external_id)
    return Done({"sites": [f"{code} {unit}" for code, unit in wanted]}, is_skipped=not wanted)


def await_sites(context: Context) -> Answer:
    """Wait until each company has its site."""
    return outgoing.await_all(context, context.data["site_entries"])


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
    bearer = records.find_by_number(context.db, Supplier, key.system, number)
    if bearer is not None and bearer.external_id != key.external_id:  # it is unique there: this one gets none
        if _is_another(context, bearer.key):
            _tell_taken(context, bearer.key, number)
        return Done({"note": f"{bearer.key} bears {number}"}, goto="verify", is_skipped=True)
    context.data["number"] = number
    context.data["write_back_entry"] = outgoing.enqueue(
        context, key.system, "supplier.change", {"number": number}, external_id=key.external_id,
        priority=outgoing.PRIORITY_STATUS,
    )  # fmt: skip
    return Done({"number": number})


def _is_another(context: Context, bearer: RecordKey) -> bool:
    """Say whether the supplier that bears a number is another one, of another ERP, and not this one's double."""
    own = crossrefs.get(context.db, ENTITY, context.workflow.document_key, _target(context))
    theirs = {link.system: link.external_id for link in crossrefs.of(context.db, ENTITY, str(bearer))}
    return bool(theirs) and (own is None or theirs.get(own.system) != own.external_id)


def _tell_taken(context: Context, bearer: RecordKey, number: str) -> None:
    """Two ERPs number alike, and their suppliers meet at the source: each is found by its link, only one by its number."""
    told = findings.Finding(
        class_="SUPPLIER_NUMBER_TAKEN", severity="warn", system=bearer.system, entity=ENTITY,
        document_key=context.workflow.document_key, document_number=_supplier(context).name, noticed_at=context.now,
        message=f"it is {number} in {_target(context)}, but {bearer} bears that number at the source: it was given none. Let the "
        "ERPs number apart, or give it one by hand",
    )  # fmt: skip
    findings.append(context.db, [told])


def await_write_back(context: Context) -> Answer:
    """Wait until the source shows the number."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def verify(context: Context) -> Answer:
    """Done only when every system, read afresh, shows it."""
    answer = supplier_following.verify(context)
    if isinstance(answer, Finish) and context.workflow.kind == "onboard":
        _tell_onboarded(context)
    return answer


def _tell_onboarded(context: Context) -> None:
    """What waits for the supplier to be in the ERPs, its bank accounts for example, goes on."""
    flow = context.workflow
    happened = Event(
        id=f"finsync:{ENTITY}:{flow.document_key}:{flow.id}:onboarded", type=event_type(ENTITY, "onboarded"), source="finsync",
        subject=flow.document_key, time=context.now, correlation_id=flow.document_key, data={"targets": context.data["targets"]},
    )  # fmt: skip
    events.append(context.db, [happened])


def _link(context: Context, external_id: str, number: str, why: str) -> None:
    _tell_prevented(context, external_id, why)
    crossrefs.link(
        context.db, ENTITY, context.workflow.document_key, _target(context), external_id, number=number, revision=None,
        why=why, linked_at=context.now,
    )  # fmt: skip


def _tell_prevented(context: Context, external_id: str, why: str) -> None:
    """One that another supplier of its source stands for already would have been the second in that system."""
    target, own = _target(context), context.workflow.document_key
    known = [one.document_key for one in crossrefs.leading_to(context.db, ENTITY, target, external_id)]
    if own in known:
        return
    source = _key(context).system
    before = [key for key in known if RecordKey.parse(key).system == source]
    for kind, value in records.identifiers(context.db, ENTITY, target, external_id):
        if kind in ("number", "tax_id"):
            twins = records.twins(context.db, ENTITY, kind, value, source)
            before += [f"{source}:{one}" for one in twins if f"{source}:{one}" != own]
    if not before:
        return
    told = findings.Finding(
        class_="SUPPLIER_DUPLICATE_PREVENTED", severity="info", system=target, entity=ENTITY, document_key=own,
        document_number=_supplier(context).number or _supplier(context).name, noticed_at=context.now,
        message=f"it is {target}:{external_id} already, for which {before[0]} stands: no second one was made there "
        f"(`finsync supplier merge {before[0]} {own} --preview`)",
        detail={"is": f"{target}:{external_id}", "double_of": before[0], "proof": why},
    )  # fmt: skip
    findings.append(context.db, [told])


def _evidence(one: searching.Candidate) -> dict[str, Any]:
    reasons = [{"what": reason.what, "points": round(reason.points, 1)} for reason in one.reasons]
    return {"key": one.form.key, "name": one.form.name, "score": round(one.score, 1), "evidence": reasons}


def _supplier(context: Context) -> Supplier:
    key = _key(context)
    held = records.get_version(
        context.db, Supplier, key.system, key.external_id, context.workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def _changed_at(context: Context) -> datetime:
    key = _key(context)
    held = records.get(context.db, Supplier, key.system, key.external_id)
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.source_updated_at or held.fetched_at


def _shown(supplier: Supplier) -> str:
    return f"{supplier.number} {supplier.name}".strip()


def _key(context: Context) -> RecordKey:
    return RecordKey.parse(context.workflow.document_key)


def _target(context: Context) -> str:
    return str(context.data["target"])


_ONBOARD: Mapping[str, Step] = {
    step.__name__: step
    for step in (check_data, match, await_parent, request_supplier, await_supplier, request_sites, await_sites, next_erp, write_back,
                 await_write_back, verify, supplier_block.release_payments, await_releases)
}  # fmt: skip
_FOLLOW: Mapping[str, Step] = {**supplier_following.FOLLOW, "verify": verify}
