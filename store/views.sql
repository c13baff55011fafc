-- Public views: a surface that any SQL tool may read. Columns are only ever added.

CREATE VIEW v_exception AS
SELECT c.id, c.class, c.state, c.entity, c.document_key, c.document_number, c.system, c.step, c.legal_entity,
       c.amount_minor, c.currency, c.cause, c.fix, c.owner, c.opened_at, c.due_at, c.snoozed_until, c.seen_count,
       c.ended_at, c.ended_by, c.resolution, c.workflow_id, w.flow, c.entry_id, c.evidence
FROM exception_case c LEFT JOIN workflow w ON w.id = c.workflow_id;

CREATE VIEW v_delivery AS
SELECT d.entry_id AS id, e.system, e.operation, e.entity, e.document_key, e.document_number, d.state, d.priority,
       d.attempt_count, d.next_at, d.is_outcome_unknown, d.external_id, d.failure, d.message, e.amount_minor,
       e.currency, e.workflow_id, e.idempotency_key, e.decided_at, d.changed_at, d.ended_at
FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id;

CREATE VIEW v_workflow AS
SELECT id, flow, kind, entity, document_key, document_number, document_version, document_revision, state, step,
       waiting_for, due_at, wake_at, target, legal_entity, amount_minor, currency, started_at, changed_at, ended_at
FROM workflow;

-- Where each value came from: one row for each thing that happened to a document, oldest first by `at`. A key is one
-- document only together with its entity; a finding about nothing in particular has none.
CREATE VIEW v_lineage AS
SELECT system || ':' || external_id AS document_key, fetched_at AS at, 'record' AS kind, id AS ref,
       system AS place, 'version ' || version || ' read' AS what, contract AS detail, entity FROM record_version
UNION ALL
SELECT w.document_key, coalesce(s.ended_at, s.started_at), 'step', s.id, w.flow, s.name || ' ' || s.state, s.detail, w.entity
FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id
UNION ALL
SELECT e.document_key, a.started_at, 'attempt', a.id, e.system, e.operation || ' ' || a.outcome, coalesce(a.message, ''),
       e.entity
FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id
UNION ALL
SELECT document_key, linked_at, 'crossref', 0, system, 'linked to ' || coalesce(number, external_id), why, entity
FROM crossref
UNION ALL
SELECT document_key, opened_at, 'exception', id, system, class, cause, entity FROM exception_case
UNION ALL
SELECT document_key, noticed_at, 'finding', id, system, class, message, entity FROM finding WHERE document_key IS NOT NULL
UNION ALL
SELECT subject, time, 'event', seq, source, type, data, entity FROM v_event;

CREATE VIEW v_unposted AS -- approved at its source, and the ERP has not taken it yet
SELECT w.id, w.flow, w.kind, w.document_key, w.document_number, w.legal_entity, w.target, w.amount_minor, w.currency,
       w.state, w.step, w.waiting_for, w.started_at, w.due_at
FROM workflow w
WHERE w.ended_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id
  WHERE e.workflow_id = w.id AND d.state IN ('delivered', 'verified')
    AND e.operation IN ('order.submit', 'order.cancel', 'order.close', 'order.discard', 'receipt.create', 'receipt.return',
                        'receipt.correct', 'invoice.create', 'invoice.cancel', 'journal.create'));

-- What live lines promise, by stage: `commitment`, a requisition that no order has taken over; `obligation`, an order in
-- the ERP, less what was invoiced of it.
CREATE VIEW v_commitment AS
SELECT legal_entity, system, cost_centre, account, period, currency, stage, count(DISTINCT order_key) AS order_count,
       sum(ordered_minor) - sum(invoiced_minor) AS amount_minor, sum(ordered_minor) AS ordered_minor,
       sum(invoiced_minor) AS invoiced_minor, project
FROM (SELECT document_key AS order_key, legal_entity, system, cost_centre, account, period, currency, stage,
             amount_minor AS ordered_minor, 0 AS invoiced_minor, project FROM commitment_line
      UNION ALL
      SELECT NULL, legal_entity, system, cost_centre, account, period, currency, 'obligation', 0, amount_minor, project
      FROM commitment_relief r
      WHERE EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key = r.document_key AND l.line_number = r.line
                    AND l.stage = 'obligation'))
GROUP BY legal_entity, system, cost_centre, account, project, period, currency, stage;

CREATE VIEW v_budget AS -- what may be spent, as its source says it; the ERP's own check decides
SELECT r.system, json_extract(v.body, '$.legal_entity') AS legal_entity, json_extract(v.body, '$.cost_centre') AS cost_centre,
       json_extract(v.body, '$.account') AS account, json_extract(v.body, '$.period') AS period,
       json_extract(v.body, '$.amount.currency') AS currency, json_extract(v.body, '$.amount.amount_minor') AS amount_minor,
       json_extract(v.body, '$.remaining.amount_minor') AS remaining_minor, r.number, r.fetched_at
FROM record r JOIN record_version v ON v.id = r.version_id WHERE r.entity = 'budget';

CREATE VIEW v_system AS
SELECT s.system, s.state, s.reason, s.until, s.failure_count, s.last_ok_at, s.last_failure_at, s.changed_at,
       (SELECT max(r.ended_at) FROM sync_run r WHERE r.system = s.system AND r.outcome = 'done') AS last_read_at
FROM system_state s;

CREATE VIEW v_proposal AS
SELECT id, kind, name, base_version, state, rule, maker, made_at, reason, effective_from, checker, decided_at, decision,
       version, replaces FROM proposal;

CREATE VIEW v_break AS -- a difference between source and target; open ones have state 'open', those still there no gone_at
SELECT id, definition, entity, source_system, target_system, kind, class, state, key, document_number, document_key,
       source_id, target_id, legal_entity, period, currency, amount_minor, owner, opened_at, last_seen_at,
       CAST(julianday(coalesce(gone_at, last_seen_at)) - julianday(opened_at) AS INTEGER) AS age_days, seen_count, fix,
       ended_at, ended_by, resolution, gone_at, workflow_id, case_id, entry_id, proposal_id, fields, evidence,
       first_run_id, last_run_id, changed_at, aspect
FROM reconcile_break;

CREATE VIEW v_break_history AS
SELECT id AS break_id, 0 AS id, opened_at AS at, 'engine' AS who, 'opened' AS what, kind AS text, first_run_id AS run_id
FROM reconcile_break
UNION ALL
SELECT break_id, id, at, who, what, text, run_id FROM break_history;

CREATE VIEW v_reconcile_run AS SELECT * FROM reconcile_run;

CREATE VIEW v_control_total AS -- what both sides add up to, as each run saw it
SELECT t.run_id, r.definition, r.entity, r.source_system, r.target_system, t.legal_entity, t.period, t.currency,
       t.source_count, t.source_minor, t.target_count, t.target_minor, t.source_minor - t.target_minor AS difference_minor,
       r.ended_at AS at
FROM control_total t JOIN reconcile_run r ON r.id = t.run_id;

CREATE VIEW v_finding AS SELECT * FROM finding;
CREATE VIEW v_event AS -- what happened; `entity` is that of the document it happened to
SELECT seq, id, type, source, subject, time, correlation_id, data, CASE
         WHEN type LIKE 'com.finsync.delivery.%' THEN -- its id names the decision
           (SELECT o.entity FROM outbox_entry o WHERE o.idempotency_key = substr(event.id, length('finsync:delivery:') + 1))
         WHEN type LIKE 'com.finsync.commitment.%' THEN 'purchase_order'
         ELSE substr(type, 13, instr(substr(type, 13), '.') - 1) END AS entity
FROM event;
CREATE VIEW v_audit AS
SELECT seq, json_extract(body, '$.at') AS at, json_extract(body, '$.who') AS who, json_extract(body, '$.what') AS what,
       json_extract(body, '$.subject') AS subject, json_extract(body, '$.why') AS why, body, hex(hash) AS hash FROM audit;
