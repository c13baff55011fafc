"""What a system was really sent: a person may have edited a body on its way, and what is told of it must say so."""

from __future__ import annotations

import json

from finsync_tui.flows.steps import Context
from store import outbox, records
from store.canonical.record import CanonicalRecord


def keep(context: Context, entry: str, version: str, name: str, model: type[CanonicalRecord]) -> None:
    """Store the document that a delivery carried as ours where it is another than was decided.

    `entry`, `version`: where the instance remembers its delivery and its own record of that document; read-back, events,
    totals and a later undoing all look at that record.
    """
    body = outbox.sent_edit(context.db, int(context.data[entry]))
    if body is None:
        return
    record = model.model_validate(json.loads(body)[name])
    incoming = records.Incoming(context.workflow.document_key, record, record.canonical_json())
    (stored,) = records.put_page(context.db, model.entity, "finsync", [incoming], context.now)
    context.data[version] = stored.version
