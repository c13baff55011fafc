"""Is the supplier of a document known in the ERP, exactly once, active, with a site for this company?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finsync_tui.flows import supplier_sameness
from finsync_tui.flows.steps import Context, Hold
from finsync_tui.profile import LegalEntitySetup, business_units
from finsync_tui.suppliers import identity, searching
from store import crossrefs, events, records, supplier_forms
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierSite

SIMILAR_MAX = 3
"""So many likely ones are named; the rest is in `finsync supplier show`."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ERP's supplier, the site for this company's business unit, and what proved it."""

    supplier: Supplier
    external_id: str
    site: SupplierSite | None
    proof: str


def confirm(
    context: Context, setup: LegalEntitySetup, supplier_id: str | None, number: str | None, name: str | None
) -> Confirmed | Hold:
    """Find the supplier of a document in the company's ERP and remember the link; or say what a person has to do."""
    source = RecordKey.parse(context.workflow.document_key).system
    target = setup.target
    shown = " ".join(filter(None, (number, name))) or "without a name"
    key = RecordKey(source, supplier_id or "none")
    found = identity.identify(context.db, key, number, target, supplier_sameness.doubt(context), name)
    if isinstance(found, identity.Unknown):
        likely = similar_in(context, key, target)
        first = next(iter([one.form.key for one in likely] + list(found.paid_alike)), None)
        looked_for = ", ".join(found.looked_for) or "nothing: it has no identifiers"
        return Hold(
            "SUPPLIER_UNKNOWN",
            f"supplier {shown} is not known in {target} (looked for {looked_for})"
            + _likely(likely)
            + paid_alike(found, likely),
            f"Say `finsync supplier same {key} {first}` if it is that one, else create it in {target}; then retry."
            if first
            else f"Create the supplier in {target}, or put its ERP number on the supplier in {source}, then retry.",
            target,
            {
                "supplier": str(key),
                "similar": [
                    {"key": one.form.key, "name": one.form.name, "score": round(one.score)} for one in likely
                ],
            },
        )
    if isinstance(found, identity.Ambiguous):
        return Hold(
            "SUPPLIER_AMBIGUOUS",
            f"supplier {shown} could be several in {target}: {found.reason} ({'; '.join(found.candidates)})",
            f"Merge the duplicates in {target}, or put the right ERP number on the supplier in {source}, then retry.",
            target,
            {"supplier": str(key), "candidates": list(found.candidates)},
        )
    units = business_units.words(context.facts.profile, target, setup.business_unit)
    blocked = stopped(context, supplier_id, shown)
    if blocked is not None:
        return blocked
    site = identity.purchasing_site(found.supplier, units)
    if found.supplier.status != "active" or (found.supplier.sites and site is None):
        why = (
            f"is {found.supplier.status.replace('_', ' ')}"
            if found.supplier.status != "active"
            else f"has no active purchasing site for {setup.business_unit}"
        )
        return Hold(
            "SUPPLIER_INACTIVE",
            f"supplier {found.supplier.number} {found.supplier.name} {why} in {target}",
            f"Activate the supplier or its site in {target}, or choose another supplier on the document, then retry.",
            target,
            {"supplier": f"{target}:{found.external_id}"},
        )
    if found.proof != "linked":
        crossrefs.link(
            context.db, "supplier", str(key), target, found.external_id, number=found.supplier.number,
            revision=None, why=found.proof, linked_at=context.now,
        )  # fmt: skip
        tell_linked(context, str(key), target)
    return Confirmed(found.supplier, found.external_id, site, found.proof)


def tell_linked(context: Context, key: str, target: str) -> None:
    """What waits for the supplier to be in an ERP, its bank accounts for example, goes on."""
    flow = context.workflow
    happened = Event(
        id=f"finsync:{Supplier.entity}:{key}:{target}:{flow.id}:linked", type=event_type(Supplier.entity, "linked"),
        source="finsync", subject=key, time=context.now, correlation_id=flow.document_key, data={"targets": [target]},
    )  # fmt: skip
    events.append(context.db, [happened])


def stopped(context: Context, supplier_id: str | None, shown: str) -> Hold | None:
    """Hold a document whose supplier is blocked at its source by now, where the profile says that it stops."""
    source = RecordKey.parse(context.workflow.document_key).system
    if context.facts.profile.suppliers.blocked != "stop" or not is_blocked(context, supplier_id):
        return None
    return Hold(
        "SUPPLIER_ON_HOLD",
        f"supplier {shown} is blocked in {source}, and the company lets nothing of a blocked supplier pass",
        f"Lift the block in {source} or choose another supplier on the document; then retry.",
        source,
        {"supplier": f"{source}:{supplier_id}"},
    )


def is_blocked(context: Context, supplier_id: str | None) -> bool:
    """Say whether the supplier of a document is blocked at the document's source, as it was read last."""
    source = RecordKey.parse(context.workflow.document_key).system
    held = records.get(context.db, Supplier, source, supplier_id or "none")
    return held is not None and held.record.status == "on_hold"


def similar_in(context: Context, key: RecordKey, target: str) -> list[searching.Candidate]:
    """Return those of `target` that may be this supplier, the likeliest first: whoever would create it looks at them."""
    own = supplier_forms.get(context.db, key.system, key.external_id)
    if own is None:
        return []
    ask = context.facts.profile.suppliers.ask
    found = searching.similar(context.db, own, ask, systems=(target,))
    return [one for one in found if one.answer != "different"][:SIMILAR_MAX]


def paid_alike(found: identity.Unknown, likely: Sequence[searching.Candidate]) -> str:
    """Name those that are paid to the same account, which is no proof, and are not named already."""
    others = [one for one in found.paid_alike if one not in {each.form.key for each in likely}][:SIMILAR_MAX]
    return f"; {' and '.join(others)} has the same bank account, which proves nothing" if others else ""


def _likely(likely: list[searching.Candidate]) -> str:
    if not likely:
        return ""
    return "; it may be " + ", ".join(
        f"{one.form.number} {one.form.name} ({one.score:.0f} of 100)" for one in likely
    )
