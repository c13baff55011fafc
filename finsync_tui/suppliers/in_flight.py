"""What is under way with a supplier: documents whose processes have not ended, and orders that still promise."""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from store.canonical.keys import RecordKey

LIST_MAX: Final = 200
ALL: Final = -1


@dataclass(frozen=True, slots=True)
class InFlight:
    """One document."""

    entity: str
    document_key: str
    number: str
    amount_minor: int | None
    currency: str | None
    state: str


_LIVE = """
SELECT w.entity, w.document_key, w.document_number, w.amount_minor, w.currency, w.step FROM workflow w
WHERE w.ended_at IS NULL AND w.entity NOT IN ('supplier', 'supplier_merge', 'supplier_bank_account') AND (
  (w.target=?1 AND (w.data ->> '$.supplier_id'=?2 OR w.data ->> '$.payee.id'=?2))
  OR (substr(w.document_key, 1, length(?1) + 1)=?1 || ':' AND ?2=(
    SELECT v.body ->> '$.supplier_id' FROM record_version v WHERE v.entity=w.entity AND v.system=?1
    AND v.external_id=substr(w.document_key, length(?1) + 2) AND v.version=w.document_version)))
ORDER BY w.id LIMIT ?3
"""
_PROMISED = """
SELECT 'purchase_order', c.document_key, v.body ->> '$.number', sum(c.amount_minor), max(c.currency), 'open order'
FROM commitment_line c
JOIN record r ON r.entity='commitment' AND r.system='finsync' AND r.external_id=c.document_key
JOIN record_version v ON v.id=r.version_id
WHERE (c.system=?1 AND v.body ->> '$.supplier_id'=?2) OR (substr(c.document_key, 1, length(?1) + 1)=?1 || ':' AND ?2=(
  SELECT o.body ->> '$.supplier_id' FROM record s JOIN record_version o ON o.id=s.version_id
  WHERE s.entity='purchase_order' AND s.system=?1 AND s.external_id=substr(c.document_key, length(?1) + 2)))
GROUP BY c.document_key ORDER BY c.document_key LIMIT ?3
"""


def of(db: Connection, key: str, most: int = LIST_MAX) -> list[InFlight]:
    """Return what is under way with one record of a supplier, each document once, `most` at most."""
    system, external_id = RecordKey.parse(key)
    found: dict[str, InFlight] = {}
    for sql in (_LIVE, _PROMISED):
        for row in db.execute(sql, (system, external_id, most)):
            one = InFlight(*row)
            found.setdefault(one.document_key, one)
    return list(found.values())[: None if most == ALL else most]
