"""Telling a source that a document was taken over, where it keeps a queue of those that nobody has taken yet.

Coupa's export flag is such a queue. The mark follows the transaction that stored the document and began its process: a
crash between the two leaves it in the queue, and it is found again, not lost. Nothing waits for the mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Context
from store.canonical.keys import RecordKey

OPERATIONS: Final[Mapping[str, str]] = {
    "purchase_order": "order.mark_exported",
    "invoice": "invoice.mark_exported",
    "receipt": "receipt.mark_exported",
}
_OPTION: Final = ("export_flag", "mark")
"""What a connection says that wants its documents marked."""


def mark(context: Context, *, status: str, revision: str) -> int | None:
    """Ask for the document to be marked as it was taken over; a newer version of it is not. None: nobody wants it."""
    key, entity = RecordKey.parse(context.workflow.document_key), context.workflow.entity
    setup = context.facts.profile.systems.get(key.system)
    name, wanted = _OPTION
    if entity not in OPERATIONS or setup is None or setup.options.get(name) != wanted:
        return None
    body = (
        {"status": status} if entity != "receipt" else {}
    )  # a receipt has no status there that ours could be compared with
    body |= {"revision": revision} if revision else {}
    return outgoing.enqueue(
        context, key.system, OPERATIONS[entity], body, external_id=key.external_id, priority=outgoing.PRIORITY_STATUS
    )  # fmt: skip
