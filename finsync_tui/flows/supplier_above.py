"""The supplier above another: what it is called in another system, and whether it is on its way there."""

from __future__ import annotations

from sqlite3 import Connection

from finsync_tui.flows.steps import Context
from store import crossrefs, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier

ONBOARDING = "supplier_onboarding"


def key_of(context: Context, supplier: Supplier) -> str | None:
    """Return the key of the one above it, in its own system."""
    system = RecordKey.parse(context.workflow.document_key).system
    return f"{system}:{supplier.parent_id}" if supplier.parent_id else None


def id_in(context: Context, parent: str | None, target: str) -> str | None:
    """Return what a system calls it: by its own links, or by those of whatever leads to it."""
    if parent is None:
        return None
    for key in (parent, *_leading_to(context, parent)):
        system, external_id = RecordKey.parse(key)
        if system == target:
            return external_id
        link = crossrefs.get(context.db, Supplier.entity, key, target)
        if link is not None:
            return link.external_id
    return None


def is_on_its_way(context: Context, parent: str) -> bool:
    """Say whether it is being onboarded."""
    found = [w for w in workflows.of_document(context.db, parent, Supplier.entity) if w.flow == ONBOARDING]
    return bool(found) and found[-1].ended_at is None


def stands_above(db: Connection, key: str, parent: str) -> bool:
    """Say whether a supplier is above its own parent, or is named as that itself: neither could wait for the other."""
    seen = set[str]()
    while parent not in seen:
        if parent == key:
            return True
        seen.add(parent)
        system, external_id = RecordKey.parse(parent)
        held = records.get(db, Supplier, system, external_id)
        if held is None or held.record.parent_id is None:
            return False
        parent = f"{system}:{held.record.parent_id}"
    return False


def wait(parent: str) -> str:
    """Return the words that an instance waits by, and is woken by."""
    return f"the supplier above it, {parent}"


def _leading_to(context: Context, key: str) -> list[str]:
    system, external_id = RecordKey.parse(key)
    found = crossrefs.leading_to(context.db, Supplier.entity, system, external_id)
    return [one.document_key for one in found]
