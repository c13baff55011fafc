"""Sites of a supplier for the companies that buy: which a system shall have, and which it shall have no longer.

A site is known by its code. Systems with sites of their own for companies get one for each; the others get the owner's sites
as places that are paid, or none where a supplier stands at one address only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from finsync_tui.flows import outgoing, supplier_requests
from finsync_tui.flows.steps import Context
from finsync_tui.profile import business_units
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers.places import open_codes
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier

REMIT_TO: Final = "supplier_remit_to.change"


def missing(
    context: Context, supplier: Supplier, held: Supplier | None, target: str
) -> list[tuple[str, str]]:
    """Return code and business unit of each site that a new supplier lacks: one for each company that buys through this system,
    and the places of its source where that one owns them."""
    units = _units(context, target)
    have = {(site.code, site.business_unit) for site in held.sites if site.is_active} if held else set()
    bought_at = {site.business_unit for site in held.sites} if held else set()
    code = context.facts.profile.suppliers.site_code
    found = [(code, name) for name, names in units.items() if not bought_at & names]
    for own in _own_codes(context, supplier):
        found += [
            (own, name) for name, names in units.items() if not any((own, one) in have for one in names)
        ]
    return list(dict.fromkeys(found))


def plan(
    context: Context, supplier: Supplier, before: Supplier | None, held: Supplier, target: str
) -> dict[str, Any]:
    """Return what a system has to open and to close so that it shows the places of the owner."""
    now = open_codes(supplier.sites)
    gone = open_codes(before.sites) - now if before else frozenset()
    if not takes(context.facts.profile, target, "supplier_site.create"):
        if not takes(context.facts.profile, target, REMIT_TO):
            return {"open": [], "close": [], "remit_to": [], "opened": [], "closed": []}
        ended = gone & open_codes(held.sites)
        remit_to = supplier_requests.remit_to(supplier, supplier.sites, ended)
        return {
            "open": [],
            "close": [],
            "remit_to": remit_to,
            "was": sorted(open_codes(held.sites)),
            "opened": sorted(now),
            "closed": sorted(gone),
            "tax_numbers": _own_tax_numbers(context, supplier),
        }
    units = _units(context, target)
    have = {(site.code, site.business_unit) for site in held.sites if site.is_active}
    own = [one.code for one in supplier.sites if one.is_active and one.is_purchasing]
    opened: list[list[str]] = []
    closed: list[list[str]] = []
    for name, names in units.items():
        opened += [
            [code, name] for code in dict.fromkeys(own) if not any((code, one) in have for one in names)
        ]
        closed += [[code, name] for code in sorted(gone) if any((code, one) in have for one in names)]
    return {
        "open": opened,
        "close": closed,
        "remit_to": [],
        "opened": sorted(set(own)),
        "closed": sorted(gone),
    }


def request(context: Context, sites: Mapping[str, Any], target: str, external_id: str) -> list[int]:
    """Ask for what a plan says."""
    opened = open_all(context, [(code, unit) for code, unit in sites["open"]], target, external_id)
    closed = [
        outgoing.enqueue(
            context, target, "supplier_site.close",
            {"site": {"code": code, "business_unit": unit}, "supplier_id": external_id, "inactive_on": context.now.date().isoformat()},
            external_id=external_id, part=f"{target}:{external_id}/{unit}/{code}",
        )
        for code, unit in sites["close"]
    ]  # fmt: skip
    if not sites["remit_to"]:
        return opened + closed
    body = {"remit_to": sites["remit_to"], "was": sites["was"], **sites.get("tax_numbers", {})}
    part = f"{target}:{external_id}/remit-to"
    paid = outgoing.enqueue(context, target, REMIT_TO, body, external_id=external_id, part=part)
    return [*opened, *closed, paid]


def open_all(context: Context, wanted: Sequence[tuple[str, str]], target: str, external_id: str) -> list[int]:
    """Ask for each of these sites."""
    return [
        outgoing.enqueue(
            context, target, "supplier_site.create",
            {"site": {"code": code, "business_unit": unit}, "supplier_id": external_id},
            external_id=external_id, part=f"{target}/{unit}/{code}",
        )
        for code, unit in wanted
    ]  # fmt: skip


def _own_tax_numbers(context: Context, supplier: Supplier) -> dict[str, Any]:
    """Return the tax numbers that a place where the supplier is paid may hold, if its source owns them."""
    source = RecordKey.parse(context.workflow.document_key).system
    is_own = "tax_registrations" in supplier_requests.owned(context.facts.profile, source)
    return supplier_requests.tax_numbers(supplier, ()) if is_own else {}


def _own_codes(context: Context, supplier: Supplier) -> list[str]:
    source = RecordKey.parse(context.workflow.document_key).system
    if "sites" not in supplier_requests.owned(context.facts.profile, source):
        return []
    return sorted({site.code for site in supplier.sites if site.is_active and site.is_purchasing})


def _units(context: Context, target: str) -> dict[str, frozenset[str]]:
    """Return the business units that buy through a system, each with all names that its sites may call it."""
    profile = context.facts.profile
    units = sorted(
        {setup.business_unit for setup in profile.legal_entities.values() if setup.target == target}
    )
    return {unit: business_units.words(profile, target, unit) for unit in units}
