"""Which rules were in force when a commitment was decided, and what they say about it.

This part keeps metadata only: the version of the policy text, the tax treatment by category, the approval chain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.profile import Profile
from store import records
from store.canonical.people import Approval
from store.canonical.purchasing import PurchaseOrder

NAME = "requisition_to_pay"


def text(profile: Profile) -> str:
    """Return the policy as it is recorded: its digest makes the version."""
    return json.dumps(profile.policy_text(), sort_keys=True, ensure_ascii=False)


def category(order: PurchaseOrder) -> str | None:
    """Return the category of the line that costs most."""
    lines = [line for line in order.lines if line.category]
    return max(lines, key=lambda line: line.amount.amount_minor).category if lines else None


def tax_treatment(profile: Profile, category: str | None) -> str | None:
    """Return how a purchase of that category is taxed, by the profile's table."""
    table = profile.policy.tax_treatment
    return table.get(category or "", table.get("default"))


def approval_chain(db: Connection, system: str, external_id: str, order: PurchaseOrder) -> tuple[str, ...]:
    """Return who approved the order or its requisition, in order of the chain."""
    documents = [f"purchase_order:{external_id}"]
    if order.requisition_id:
        documents.insert(0, f"requisition:{order.requisition_id}")
    return approved_by(db, system, documents)


def approved_by(db: Connection, system: str, documents: Sequence[str]) -> tuple[str, ...]:
    """Return who approved these documents (`entity:id`), in their order and that of each chain."""
    found: list[tuple[int, int, str]] = []
    for rank, document in enumerate(documents):
        for approval_id in records.twins(db, "approval", "document", document, system):
            held = records.get(db, Approval, system, approval_id)
            if held is not None and held.record.status == "approved":
                who = held.record.decided_by or held.record.approver or "unknown"
                found.append((rank, held.record.position or 0, who))
    return tuple(who for _, _, who in sorted(found))
