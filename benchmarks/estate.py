"""A large company's store for the workbench's figures: a million records, half a million documents, 100,000 exceptions.

Written by SQL in one go: what is timed is how it is shown, not how it came there. Each number is a function of the row's own,
so every run shows the same.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from store.clock import SystemClock, text
from store.database import open_store

RECORDS = 1_000_000
WORKFLOWS = 500_000
EXCEPTIONS = 100_000
"""As many are open; as many have ended."""

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
_CLASSES = [
    "MAPPING_MISSING",
    "SUPPLIER_UNKNOWN",
    "SUPPLIER_AMBIGUOUS",
    "ACCOUNT_INVALID",
    "COST_CENTRE_INACTIVE",
    "BUDGET_EXCEEDED",
    "PERIOD_CLOSED",
    "TOTALS_DIFFER",
    "REJECTED",
    "DEAD_LETTER",
    "READ_BACK_DIFFERS",
    "APPROVAL_LIMIT",
]
_RECORDS = (
    _NUMBERS.format(count=RECORDS)
    + """
INSERT INTO record_version(id, entity, system, external_id, version, contract, fetched_at, content_hash, body, payload)
SELECT i, 'purchase_order', 'coupa', i, 1, 'purchase_order/1.0', :now, x'00', '{"number":"PO-' || i || '"}', x'7b7d' FROM n"""
)
_HEADS = """
INSERT INTO record(id, entity, system, external_id, number, version, content_hash, raw_digest, fetched_at, version_id)
SELECT id, entity, system, external_id, 'PO-' || id, 1, x'00', x'00', fetched_at, id FROM record_version"""
_WORKFLOWS = (
    _NUMBERS.format(count=WORKFLOWS)
    + """
INSERT INTO workflow(id, flow, kind, entity, document_key, document_number, document_version, document_revision, state, step,
  waiting_for, due_at, target, legal_entity, amount_minor, currency, started_at, changed_at, ended_at)
SELECT i, 'requisition_to_pay', 'create', 'purchase_order', 'coupa:' || i, 'PO-' || i, 1, '1',
  CASE WHEN i <= :open THEN 'held' WHEN i <= :open * 1.1 THEN 'waiting' ELSE 'done' END,
  CASE WHEN i <= :open THEN 'resolve_accounts' WHEN i <= :open * 1.1 THEN 'await_commitment' ELSE 'verify' END,
  CASE WHEN i > :open AND i <= :open * 1.1 THEN 'oracle-emea' END,
  CASE WHEN i <= :open * 1.1 THEN strftime('%Y-%m-%dT%H:%M:00.000000Z', :now, (i % 43200 - 7200) || ' minutes') END,
  CASE i % 3 WHEN 0 THEN 'oracle-amer' ELSE 'oracle-emea' END, 'DE0' || (i % 4 + 1), i * 7919 % 9000000 + 100,
  CASE i % 3 WHEN 0 THEN 'USD' ELSE 'EUR' END,
  strftime('%Y-%m-%dT%H:%M:00.000000Z', :now, '-' || (i % 500000 + 60) || ' minutes'),
  strftime('%Y-%m-%dT%H:%M:00.000000Z', :now, '-' || (i % 500000 + 30) || ' minutes'),
  CASE WHEN i > :open * 1.1 THEN strftime('%Y-%m-%dT%H:%M:00.000000Z', :now, '-' || (i % 500000 + 30) || ' minutes') END FROM n"""
)
_ENTRIES = """
INSERT INTO outbox_entry(id, idempotency_key, system, operation, entity, document_key, document_number, workflow_id, priority, body,
  amount_minor, currency, decided_at)
SELECT id, 'key-' || id, target, CASE id % 2 WHEN 0 THEN 'order.submit' ELSE 'order.create' END, entity, document_key,
  document_number, id, 3, '{}', amount_minor, currency, changed_at FROM workflow WHERE id > :open"""
_DELIVERIES = """
INSERT INTO delivery(entry_id, system, document_key, priority, state, attempt_count, next_at, external_id, changed_at, ended_at)
SELECT e.id, e.system, e.document_key, 3, CASE WHEN w.state = 'done' THEN 'verified' WHEN e.id % 100 = 0 THEN 'refused'
  WHEN e.id % 3 = 0 THEN 'pending' ELSE 'delivered' END, 1, :now, 300000000 + e.id, e.decided_at,
  CASE WHEN w.state = 'done' THEN e.decided_at END FROM outbox_entry e JOIN workflow w ON w.id = e.workflow_id"""
_CASES = (
    _NUMBERS.format(count=2 * EXCEPTIONS)
    + """
INSERT INTO exception_case(id, class, state, entity, document_key, document_number, system, workflow_id, step, legal_entity,
  amount_minor, currency, cause, fix, evidence, owner, opened_at, due_at, changed_at, ended_at, ended_by, resolution)
SELECT i, (SELECT value FROM json_each(:classes) WHERE key = i % 12), CASE WHEN i <= :open THEN 'open' ELSE 'closed' END,
  'purchase_order', w.document_key, w.document_number, w.target, w.id, w.step, w.legal_entity, w.amount_minor, w.currency,
  'no row of table cost_centre maps ' || (i % 400 + 100) || ' for ' || w.legal_entity || '; Harbour Paper ' || (i % 9973) || ' Ltd',
  'Add it to mappings/cost_centre.csv, then retry.',
  json_object('table', 'cost_centre', 'value', CAST(i % 400 + 100 AS TEXT), 'scope', w.legal_entity),
  CASE i % 5 WHEN 0 THEN 'ana' WHEN 1 THEN 'ben' END, w.started_at,
  strftime('%Y-%m-%dT%H:%M:00.000000Z', :now, (i * 7 % 57600 - 28800) || ' minutes'), w.changed_at,
  CASE WHEN i > :open THEN w.changed_at END, CASE WHEN i > :open THEN 'ana' END, CASE WHEN i > :open THEN 'retried' END
FROM n JOIN workflow w ON w.id = n.i"""
)


def fill(path: Path, now: datetime) -> None:
    """Make the store."""
    import json

    with open_store(path, SystemClock(), durable=False) as store:
        given = {"now": text(now - timedelta(minutes=1)), "open": EXCEPTIONS, "classes": json.dumps(_CLASSES)}
        for statement in (_RECORDS, _HEADS, _WORKFLOWS, _ENTRIES, _DELIVERIES, _CASES):
            with store.transaction() as db:
                db.execute(
                    statement, {name: value for name, value in given.items() if f":{name}" in statement}
                )
        _check(store.db)


def _check(db: sqlite3.Connection) -> None:
    for table, count in (("record", RECORDS), ("workflow", WORKFLOWS), ("exception_case", 2 * EXCEPTIONS)):
        found = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        assert found == count, (table, found)
