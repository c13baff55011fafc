"""Documents of a system that lists news only: which of those we know of are read again, one by one.

In a full run all are. A run of changes reads those that something may have happened to since: they were read anew, something
was told about them, their report has changed (the expense tool lists reports by change), or a break is open about them. A
hand in the system that leaves none of these traces is found by the full run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from sqlite3 import Connection
from typing import Final

from adapters.base import Adapter, Page
from store import Store, records

AT_ONCE: Final = 200
LOOKED_AT_ONCE: Final = 500
_CHANGED: Final = """
SELECT r.external_id FROM record r WHERE r.entity = ?1 AND r.system = ?2 AND r.external_id IN ({ids}) AND (
  r.fetched_at >= ?3
  OR EXISTS (SELECT 1 FROM delivery d WHERE d.document_key = r.system || ':' || r.external_id AND d.system = r.system
             AND d.changed_at >= ?3)
  OR EXISTS (SELECT 1 FROM reconcile_break b WHERE b.definition = ?4 AND b.state = 'open'
             AND b.document_key = r.system || ':' || r.external_id)
  OR EXISTS (SELECT 1 FROM identity i JOIN record p ON p.external_id = i.value AND p.system = r.system
             AND p.entity = 'expense_report' AND p.fetched_at >= ?3 WHERE i.record_id = r.id AND i.kind = 'report'))
ORDER BY r.external_id
"""


def changed(db: Connection, entity: str, system: str, definition: str, since: str) -> Iterator[str]:
    """Yield the documents that may have changed since a moment of ours."""
    ids = records.external_ids(db, entity, system)
    while some := list(islice(ids, LOOKED_AT_ONCE)):
        asked = _CHANGED.format(ids=",".join(f"?{place}" for place in range(5, 5 + len(some))))
        yield from (row[0] for row in db.execute(asked, (entity, system, since, definition, *some)))


async def pages(
    store: Store, adapter: Adapter, entity: str, definition: str, since: str | None
) -> AsyncIterator[Page]:
    """Read afresh, document by document: all that we know of, or what may have changed since."""
    ids: Iterator[str] = (
        records.external_ids(store.db, entity, adapter.system)
        if since is None
        else changed(store.db, entity, adapter.system, definition, since)
    )
    while some := list(islice(ids, AT_ONCE)):
        yield Page(await adapter.read_many(entity, some), None, is_last=False)
