"""What auditors ask for, as queries: completeness, attempts, changes, SLA, duplicates, lineage, health of the connections.

`:now` is the moment that a report is written; `:begins` and `:ends` are the first moment of the days asked for and the first one
after them, `:legal_entity` the company, each empty where none is asked for. A row belongs to the days when it held at any moment of
them, as in a pack of evidence.
"""

from __future__ import annotations

from typing import Final

from store.canonical.currency import comparable_sql


def _held(begun: str, ended: str) -> str:
    return f"(:begins = '' OR ({begun} < :ends AND coalesce({ended}, :ends) >= :begins))"


def _within(at: str) -> str:
    return f"(:begins = '' OR ({at} >= :begins AND {at} < :ends))"


def _of_document(key: str) -> str:
    return f"(:legal_entity = '' OR {key} IN (SELECT document_key FROM workflow WHERE legal_entity = :legal_entity))"  # noqa: S608


_OF_ENTITY: Final = "(:legal_entity = '' OR legal_entity = :legal_entity)"
_WRITES: Final = """('order.create', 'order.change', 'order.cancel', 'order.close', 'order.discard', 'receipt.create',
  'receipt.return', 'receipt.correct', 'invoice.create', 'invoice.cancel', 'journal.create', 'supplier.create',
  'supplier.change')"""
"""What makes or changes a document in a target."""

AGEING: Final = """
SELECT class, legal_entity, currency, count(*) AS open, min(opened_at) AS oldest_at,
  sum(age < 3) AS days_0_to_2, sum(age >= 3 AND age < 8) AS days_3_to_7, sum(age >= 8 AND age < 31) AS days_8_to_30,
  sum(age >= 31) AS days_over_30, sum(due_at <= :now) AS overdue, sum(amount_minor) AS amount_minor,
  sum(CASE WHEN age >= 31 THEN amount_minor ELSE 0 * amount_minor END) AS amount_over_30_days_minor
FROM (SELECT *, julianday(:now) - julianday(opened_at) AS age FROM v_exception WHERE ended_at IS NULL)
GROUP BY class, legal_entity, currency ORDER BY count(*) DESC, class, legal_entity, currency"""

EXCEPTIONS: Final = f"""
SELECT * FROM v_exception WHERE (ended_at IS NULL OR :begins <> '') AND {_held("opened_at", "ended_at")} AND {_OF_ENTITY}
ORDER BY due_at IS NULL, due_at, id"""  # noqa: S608

BREAKS: Final = f"""
SELECT * FROM v_break WHERE (state = 'open' OR :begins <> '') AND {_held("opened_at", "ended_at")} AND {_OF_ENTITY}
ORDER BY abs(coalesce({comparable_sql()}, 0)) DESC, id"""  # noqa: S608

WRITE_OFFS: Final = f"""
SELECT 'break' AS what, id, document_number, document_key, legal_entity, amount_minor, currency, ended_at, ended_by, resolution,
  proposal_id FROM v_break WHERE state = 'written_off' AND {_within("ended_at")} AND {_OF_ENTITY}
UNION ALL
SELECT 'exception', id, document_number, document_key, legal_entity, amount_minor, currency, ended_at, ended_by, resolution,
  proposal_id FROM v_exception WHERE is_written_off = 1 AND {_within("ended_at")} AND {_OF_ENTITY}
ORDER BY ended_at, 1, 2"""  # noqa: S608

DELIVERIES: Final = f"""
SELECT * FROM v_delivery WHERE {_held("decided_at", "ended_at")} AND {_of_document("document_key")} ORDER BY id DESC"""  # noqa: S608

RUNS: Final = f"SELECT * FROM v_reconcile_run WHERE {_held('started_at', 'ended_at')} ORDER BY id DESC"  # noqa: S608

EMERGENCIES: Final = f"""
SELECT * FROM v_emergency WHERE {_held("put_at", "ended_at")} ORDER BY put_at DESC, proposal_id DESC"""  # noqa: S608

CHANGE_SETS: Final = f"SELECT * FROM v_change_set WHERE {_within('applied_at')} ORDER BY id DESC"  # noqa: S608

COMPLETENESS: Final = f"""
WITH sent AS (
  SELECT workflow_id, max(amount_minor) AS amount_minor FROM v_delivery
  WHERE state IN ('delivered', 'verified') AND operation IN {_WRITES} AND workflow_id IS NOT NULL GROUP BY workflow_id),
placed AS (
  SELECT w.*, a.accounting_on, s.workflow_id IS NOT NULL AS is_sent, s.amount_minor AS sent_minor,
    CASE WHEN w.state IN ('aborted', 'superseded') THEN 'aside'
      WHEN w.ended_at IS NOT NULL THEN CASE WHEN s.workflow_id IS NULL THEN 'no_write' ELSE 'out' END
      WHEN EXISTS (SELECT 1 FROM v_exception c WHERE c.workflow_id = w.id AND c.ended_at IS NULL) THEN 'stopped'
      ELSE 'in_flight' END AS place
  FROM v_workflow w JOIN v_accounting_day a ON a.workflow_id = w.id LEFT JOIN sent s ON s.workflow_id = w.id)
SELECT flow, substr(document_key, 1, instr(document_key, ':') - 1) AS source, target, entity, legal_entity,
  substr(accounting_on, 1, 7) AS period, currency,
  count(*) AS in_count, sum(place = 'out') AS out_count, sum(place = 'no_write') AS no_write_count,
  sum(place = 'in_flight') AS in_flight_count, sum(place = 'stopped') AS stopped_count, sum(place = 'aside') AS aside_count,
  sum(amount_minor) AS in_minor,
  sum(CASE WHEN place = 'out' THEN amount_minor ELSE 0 * amount_minor END) AS out_minor,
  sum(CASE WHEN place = 'no_write' THEN amount_minor ELSE 0 * amount_minor END) AS no_write_minor,
  sum(CASE WHEN place = 'in_flight' THEN amount_minor ELSE 0 * amount_minor END) AS in_flight_minor,
  sum(CASE WHEN place = 'stopped' THEN amount_minor ELSE 0 * amount_minor END) AS stopped_minor,
  sum(CASE WHEN place = 'aside' THEN amount_minor ELSE 0 * amount_minor END) AS aside_minor,
  sum(CASE WHEN place = 'out' THEN sent_minor ELSE 0 * amount_minor END) AS accepted_minor,
  sum(CASE WHEN place = 'out' THEN amount_minor - sent_minor ELSE 0 * amount_minor END) AS difference_minor
FROM placed GROUP BY flow, source, target, entity, legal_entity, period, currency
ORDER BY flow, source, target, legal_entity, period, currency"""  # noqa: S608

RECONCILED: Final = """
WITH newest AS (
  SELECT * FROM v_reconcile_run WHERE id IN (
    SELECT max(id) FROM v_reconcile_run WHERE outcome = 'complete' GROUP BY definition, source_system, target_system)),
totals AS (
  SELECT run_id, currency, sum(source_count) AS source_count, sum(source_minor) AS source_minor,
    sum(target_count) AS target_count, sum(target_minor) AS target_minor, sum(difference_minor) AS difference_minor
  FROM v_control_total GROUP BY run_id, currency)
SELECT r.definition, r.source_system, r.target_system, r.id AS run, r.mode, r.ended_at,
  CAST(julianday(:now) - julianday(r.ended_at) AS INTEGER) AS age_days, r.source_rows, r.target_rows, r.compared,
  t.currency, t.source_count, t.source_minor, t.target_count, t.target_minor, t.difference_minor,
  b.open AS open_breaks, b.explained AS explained_breaks, b.written_off AS written_off_breaks,
  CASE WHEN b.open > 0 THEN 'breaks open'
    WHEN t.difference_minor <> 0 THEN 'totals differ, all explained' ELSE 'agrees' END AS statement
FROM newest r LEFT JOIN totals t ON t.run_id = r.id
JOIN (SELECT n.id, coalesce(sum(k.state = 'open'), 0) AS open, coalesce(sum(k.state = 'explained'), 0) AS explained,
        coalesce(sum(k.state = 'written_off'), 0) AS written_off
      FROM newest n LEFT JOIN v_break k ON k.definition = n.definition AND k.source_system = n.source_system
        AND k.target_system = n.target_system AND k.gone_at IS NULL GROUP BY n.id) b ON b.id = r.id
ORDER BY r.definition, r.source_system, r.target_system, t.currency"""

ATTEMPTS: Final = f"""
SELECT a.id, d.id AS delivery, d.system, d.operation, d.entity, d.document_number, d.document_key, a.number AS attempt,
  a.started_at, a.ended_at, a.duration_ms, a.outcome, a.status, a.message, a.edited_body IS NOT NULL AS is_edited,
  d.state AS delivery_state, d.external_id, d.idempotency_key
FROM attempt a JOIN v_delivery d ON d.id = a.entry_id
WHERE {_held("a.started_at", "a.ended_at")} AND {_of_document("d.document_key")} ORDER BY a.id DESC"""  # noqa: S608

CHANGES: Final = f"""
SELECT CASE WHEN e.proposal_id IS NULL THEN 'proposal' ELSE 'emergency' END AS way, p.kind, p.name, p.base_version, p.version, p.rule,
  p.maker, p.made_at, p.reason, p.checker, p.decided_at, p.state, p.decision, p.effective_from,
  CASE WHEN p.checker = p.maker AND p.rule = 'two' THEN 'yes' ELSE 'no' END AS maker_checked_it, p.id AS change
FROM v_proposal p LEFT JOIN v_emergency e ON e.proposal_id = p.id WHERE {_held("p.made_at", "p.decided_at")}
UNION ALL
SELECT 'change set', 'profile', source, NULL, NULL, NULL, maker, NULL, reason, checker, applied_at,
  CASE WHEN rolled_back_at IS NULL THEN 'applied' ELSE 'rolled back' END, rolled_back_why, NULL,
  CASE WHEN checker = maker THEN 'yes' ELSE 'no' END, id FROM v_change_set WHERE {_within("applied_at")}
UNION ALL
SELECT 'files', v.kind, v.name, NULL, v.version, NULL, NULL, NULL, NULL, NULL, v.recorded_at, 'in force from the profile', NULL, NULL,
  'no', NULL FROM ruleset_version v
WHERE NOT EXISTS (SELECT 1 FROM v_proposal p WHERE p.kind = v.kind AND p.name = v.name AND p.version = v.version)
  AND {_within("v.recorded_at")}
ORDER BY 11 DESC, 2, 3"""  # noqa: S608

SLA: Final = """
SELECT flow, step, month, due, in_time, late, overdue_now, not_due_yet,
  CASE WHEN in_time + late + overdue_now > 0 THEN printf('%.1f', 100.0 * in_time / (in_time + late + overdue_now)) END AS percent_in_time,
  CASE WHEN mean_days IS NOT NULL THEN printf('%.1f', mean_days * 24) END AS mean_hours,
  CASE WHEN longest_days IS NOT NULL THEN printf('%.1f', longest_days * 24) END AS longest_hours
FROM (
  SELECT flow, step, substr(coalesce(ended_at, due_at), 1, 7) AS month, count(*) AS due,
    coalesce(sum(ended_at <= due_at), 0) AS in_time, coalesce(sum(ended_at > due_at), 0) AS late,
    sum(ended_at IS NULL AND due_at < :now) AS overdue_now, sum(ended_at IS NULL AND due_at >= :now) AS not_due_yet,
    avg(julianday(ended_at) - julianday(begun_at)) AS mean_days, max(julianday(ended_at) - julianday(begun_at)) AS longest_days
  FROM (
    SELECT w.flow, s.name AS step, s.started_at AS begun_at, s.ended_at, s.due_at
    FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id WHERE s.due_at IS NOT NULL
    UNION ALL
    SELECT 'exceptions', class, opened_at, ended_at, due_at FROM v_exception WHERE due_at IS NOT NULL)
  GROUP BY flow, step, month)
ORDER BY flow, step, month"""

DUPLICATES: Final = f"""
SELECT CASE WHEN class = 'INVOICE_DUPLICATE' THEN 'invoice' WHEN class LIKE 'PAYMENT%' THEN 'payment' ELSE 'supplier' END AS what,
  id, class, document_number, document_key, system, legal_entity, amount_minor, currency, opened_at, state, ended_at, ended_by,
  resolution, cause
FROM v_exception WHERE class IN ('INVOICE_DUPLICATE', 'PAYMENT_DUPLICATE_POSSIBLE', 'PAYMENT_TWICE_POSSIBLE', 'SUPPLIER_DUPLICATE_POSSIBLE')
  AND {_held("opened_at", "ended_at")} AND {_OF_ENTITY}
ORDER BY 1, ended_at IS NOT NULL, opened_at, id"""  # noqa: S608

LINEAGE: Final = f"""
SELECT document_number, document_key, entity, flow, kind, legal_entity, amount_minor, currency, started_at, state, payloads, steps,
  decided_by, sent, attempts, verified, twins, missing, CASE WHEN missing = '' THEN 'yes' ELSE 'no' END AS is_complete
FROM (
  SELECT w.*, CASE WHEN w.payloads = 0 THEN 'no payload; ' ELSE '' END || CASE WHEN w.steps = 0 THEN 'no steps; ' ELSE '' END ||
    CASE WHEN w.untried > 0 THEN 'sent without an attempt; ' ELSE '' END ||
    CASE WHEN w.verified < w.sent THEN 'not read back; ' ELSE '' END AS missing
  FROM (
    SELECT w.*,
      (SELECT count(*) FROM record_version v WHERE v.entity = w.entity
        AND v.system = substr(w.document_key, 1, instr(w.document_key, ':') - 1)
        AND v.external_id = substr(w.document_key, instr(w.document_key, ':') + 1) AND v.version = w.document_version) AS payloads,
      (SELECT count(*) FROM workflow_step s WHERE s.workflow_id = w.id) AS steps,
      (SELECT max(s.detail ->> '$.policy_version') FROM workflow_step s WHERE s.workflow_id = w.id) AS decided_by,
      coalesce(d.sent, 0) AS sent, coalesce(d.verified, 0) AS verified, (SELECT count(*) FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id WHERE e.workflow_id = w.id) AS attempts,
      coalesce(d.untried, 0) AS untried,
      (SELECT count(*) FROM crossref x WHERE x.entity = w.entity AND x.document_key = w.document_key) AS twins
    FROM v_workflow w LEFT JOIN (
      SELECT workflow_id, sum(state IN ('delivered', 'verified')) AS sent, sum(state = 'verified') AS verified,
        sum(state IN ('delivered', 'verified') AND attempt_count = 0) AS untried
      FROM v_delivery WHERE workflow_id IS NOT NULL GROUP BY workflow_id) d ON d.workflow_id = w.id
    WHERE {_held("w.started_at", "w.ended_at")} AND {_OF_ENTITY}) w)
ORDER BY missing = '', started_at, document_key"""  # noqa: S608

HEALTH: Final = """
SELECT s.system, s.state, s.reason, s.until AS until_at, s.failure_count AS failures_in_a_row, s.last_ok_at, s.last_failure_at, s.last_read_at,
  r.reads, r.reads_failed, r.rows_read, r.rows_changed, r.rows_refused, d.waiting, d.dead, a.attempts, a.taken, a.refused_by_it, a.unknown,
  a.unavailable, a.mean_ms,
  CASE WHEN a.attempts > 0 THEN printf('%.1f', 100.0 * a.taken / a.attempts) END AS percent_taken
FROM v_system s
LEFT JOIN (SELECT system, count(*) AS reads, sum(outcome = 'failed') AS reads_failed, sum(rows_read) AS rows_read,
  sum(rows_changed) AS rows_changed, sum(rows_refused) AS rows_refused FROM sync_run GROUP BY system) r ON r.system = s.system
LEFT JOIN (SELECT system, sum(state IN ('pending', 'claimed', 'held')) AS waiting, sum(state = 'buried') AS dead FROM v_delivery
  GROUP BY system) d ON d.system = s.system
LEFT JOIN (SELECT e.system, count(*) AS attempts, sum(a.outcome IN ('delivered', 'found')) AS taken, sum(a.outcome = 'rejected') AS refused_by_it,
  sum(a.outcome = 'unknown') AS unknown, sum(a.outcome IN ('transient', 'maintenance')) AS unavailable,
  CAST(round(avg(a.duration_ms)) AS INTEGER) AS mean_ms
  FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id GROUP BY e.system) a ON a.system = s.system
ORDER BY s.system"""
