"""Does each system show a supplier as it was delivered?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from finsync_tui.reconcile.compare import Difference
from finsync_tui.reconcile.read_back import Found, Seen, Want
from finsync_tui.suppliers.places import is_same_address, open_codes
from store import crossrefs, outbox, records
from store.canonical.keys import RecordKey
from store.canonical.supplier import (
    Supplier,
    SupplierAddress,
    SupplierBankAccount,
    is_same_bank,
    normal,
)
from store.columns import from_json
from store.outbox import Delivery
from store.workflows import Workflow

ENTITY = Supplier.entity


class SupplierCheck:
    """Each ERP's supplier, read afresh: there, with the status and the tax ids of its source; and the number at the source."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        key = RecordKey.parse(workflow.document_key)
        if "known" in workflow.data:  # a change that followed, into each supplier that is this one
            return [Want(system, ENTITY, external_id) for system, external_id in workflow.data["known"]]
        links = [crossrefs.get(db, ENTITY, str(key), str(one)) for one in workflow.data["targets"]]
        found = [Want(link.system, ENTITY, link.external_id) for link in links if link is not None]
        return [*found, Want(key.system, ENTITY, key.external_id)] if workflow.data.get("number") else found

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        key = RecordKey.parse(workflow.document_key)
        held = records.get_version(db, Supplier, key.system, key.external_id, workflow.document_version)
        assert held is not None, "versions stay"
        seen: dict[str, Sequence[Difference]] = {}
        for want in self.wants(db, workflow):
            shown = found.get(want)
            if not isinstance(shown, Supplier):
                seen[want.system] = [Difference("supplier", held.record.name, "missing")]
            elif want.system == key.system:
                number = str(workflow.data["number"])
                seen[want.system] = (
                    [] if shown.number == number else [Difference("number", number, shown.number)]
                )
            else:
                asked = workflow.data.get("asked", {}).get(f"{want.system}:{want.external_id}")
                made = [] if asked else _sites_missing(db, workflow, want, shown)
                asked = asked or {"fields": ["status", "tax_registrations"]}
                told = _tax_numbers_told(db, workflow, want)
                differences = _differences(held.record, shown, asked, workflow.kind, told)
                seen[want.system] = [*seen.get(want.system, ()), *differences, *made]
        return Seen(seen)


class SupplierStatusCheck:
    """Each double, read afresh: with the status that a merge gave it, or the one that it has again."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        keys = [RecordKey.parse(one["key"]) for one in workflow.data["ended"]]
        return [Want(key.system, ENTITY, key.external_id) for key in keys]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        seen: dict[str, list[Difference]] = {}
        for one, want in zip(workflow.data["ended"], self.wants(db, workflow), strict=True):
            expected = "inactive" if workflow.kind == "merge" else one.get("shown", one["status"])
            shown = found.get(want)
            status = shown.status if isinstance(shown, Supplier) else "missing"
            differences = seen.setdefault(want.system, [])
            if status != expected:
                differences.append(Difference(f"status of {one['key']}", expected, status))
        return Seen(seen)


class BankChangeCheck:
    """The new account in each ERP, read afresh: with the fingerprint that was approved, active; and the old one ended."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        return [want for want, _, _ in self._expected(db, workflow)]

    def _expected(self, db: Connection, workflow: Workflow) -> list[tuple[Want, str | None, str | None]]:
        """Return what is to be read, each with the fingerprint that it shall have (None: it shall have ended), and its bank."""
        key = RecordKey.parse(workflow.document_key)
        held = records.get_version(
            db, SupplierBankAccount, key.system, key.external_id, workflow.document_version
        )
        assert held is not None, "versions stay"
        found: list[tuple[Want, str | None, str | None]] = []
        known = held.record.fingerprint
        for plan, made in zip(workflow.data["plans"], workflow.data["delivered"], strict=True):
            system = RecordKey.parse(plan["supplier"]).system
            if made is not None:
                found.append((Want(system, held.record.entity, str(made)), known, None))
            found += [(Want(system, held.record.entity, str(one)), None, None) for one in plan["ends"]]
            for one, bank in plan.get("banks", {}).items():
                found.append((Want(system, held.record.entity, str(one)), known, bank["new"]))
        return found

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        seen: dict[str, list[Difference]] = {}
        for want, fingerprint, bank in self._expected(db, workflow):
            shown = found.get(want)
            differences = seen.setdefault(want.system, [])
            is_active = isinstance(shown, SupplierBankAccount) and shown.is_active
            if fingerprint is None and is_active:
                differences.append(Difference(f"account {want.external_id}", "ended", "active"))
            elif fingerprint is not None and not is_active:
                differences.append(Difference(f"account {want.external_id}", "active", "ended or missing"))
            elif isinstance(shown, SupplierBankAccount) and fingerprint not in (None, shown.fingerprint):
                differences.append(Difference(f"account {want.external_id}", "as approved", "another number"))
            elif bank and isinstance(shown, SupplierBankAccount) and not is_same_bank(shown.bic or "", bank):
                differences.append(
                    Difference(f"bank of account {want.external_id}", bank, shown.bic or "none")
                )
        return Seen(seen)


def _tax_numbers_told(db: Connection, workflow: Workflow, want: Want) -> set[str] | None:
    """Return the tax numbers that deliveries of the process have told a system; None: none said which."""
    told: set[str] | None = None
    for one in outbox.of_workflow(db, workflow.id):
        numbers = ((one.receipt or {}).get("answer") or {}).get("tax_numbers")
        if one.system == want.system and one.external_id in (None, want.external_id) and numbers:
            told = {*(told or ()), *(normal(number) for number in numbers)}
    return told


def _differences(
    asked: Supplier, shown: Supplier, request: Mapping[str, Any], kind: str, told: set[str] | None
) -> list[Difference]:
    fields = request["fields"]
    found = []
    if "status" in fields and asked.status != shown.status:
        found.append(Difference("status", asked.status, shown.status))
    if "name" in fields and asked.name != shown.name:
        found.append(Difference("name", asked.name, shown.name))
    if "address" in fields and asked.address and not is_same_address(asked.address, shown.address):
        found.append(Difference("address", _shown(asked.address), _shown(shown.address)))
    if "parent" in fields and request.get("parent") != shown.parent_id:
        found.append(Difference("parent", str(request.get("parent")), str(shown.parent_id)))
    if "sites" in fields and request.get("sites"):
        found += _site_differences(request["sites"], shown)
    if (
        "tax_registrations" in fields
        and asked.tax_registrations
        and (told or shown.tax_registrations or kind == "change")
    ):
        want = {normal(one.number) for one in asked.tax_registrations}
        have = {normal(one.number) for one in shown.tax_registrations}
        missing = (told & want) - have if told else set() if want & have else want
        if missing:
            found.append(Difference("tax id", ", ".join(sorted(missing)), ", ".join(sorted(have))))
    return found


def _sites_missing(db: Connection, workflow: Workflow, want: Want, shown: Supplier) -> list[Difference]:
    """Return the sites that were made for companies when it was onboarded, and are not there as open ones."""
    made: dict[str, Delivery] = {}
    for one in outbox.of_workflow(db, workflow.id):
        if one.operation == "supplier_site.create" and one.system == want.system and one.state != "cancelled":
            site = from_json(one.body)["site"]
            made[f"site {site['code']} of {site['business_unit']}"] = one
    have = {site.external_id for site in shown.sites if site.is_active}
    return [
        Difference(name, "open", "missing or closed")
        for name, one in sorted(made.items())
        if one.external_id not in (None, want.external_id, *have)
    ]


def _site_differences(plan: Mapping[str, Any], shown: Supplier) -> list[Difference]:
    have = open_codes(shown.sites)
    found = [
        Difference(f"site {code}", "open", "missing or closed") for code in plan["opened"] if code not in have
    ]
    return found + [Difference(f"site {code}", "closed", "open") for code in plan["closed"] if code in have]


def _shown(address: SupplierAddress | None) -> str:
    lines = (address.street, address.postcode, address.town, address.country) if address else ()
    return ", ".join(filter(None, lines)) or "none"
