"""Has the ERP moved what arrived, went back or was corrected?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from sqlite3 import Connection
from typing import Any

from finsync_tui.reconcile.compare import Difference
from finsync_tui.reconcile.read_back import Found, Seen, Want
from store.canonical.money import plain
from store.canonical.purchasing import Receipt
from store.workflows import Workflow

ENTITY = Receipt.entity


class ReceiptCheck:
    """The ERP's movement, read afresh, against what was asked for."""

    def wants(self, db: Connection, workflow: Workflow) -> Sequence[Want]:
        return [Want(str(workflow.target), ENTITY, str(workflow.data["movement"]))]

    def see(self, db: Connection, workflow: Workflow, found: Found) -> Seen:
        (want,) = self.wants(db, workflow)
        return Seen({want.system: _differences(workflow, found.get(want))})


def _differences(workflow: Workflow, shown: object) -> list[Difference]:
    asked: dict[str, Any] = workflow.data["asked"]
    if not isinstance(shown, Receipt) or shown.status != "received":
        return [Difference("receipt", workflow.document_number, "missing")]
    if asked["quantity"] is not None:
        want, have = Decimal(asked["quantity"]), shown.quantity or Decimal(0)
        return [] if want == have else [Difference("quantity", plain(want), plain(have))]
    minor = shown.amount.amount_minor if shown.amount is not None else 0
    if asked["amount_minor"] in (None, minor):
        return []
    return [Difference("amount", str(asked["amount_minor"]), str(minor))]
