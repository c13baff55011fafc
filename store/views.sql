-- Public views: a surface that any SQL tool may read. Columns are only ever added.

CREATE VIEW v_exception AS
SELECT c.id, c.class, c.state, c.entity, c.document_key, c.document_number, c.system, c.step, c.legal_entity,
       c.amount_minor, c.currency, c.cause, c.fix, c.owner, c.opened_at, c.due_at, c.snoozed_until, c.seen_count,
       c.ended_at, c.ended_by, c.resolution, c.workflow_id, (SELECT w.flow FROM workflow w WHERE w.id = c.workflow_id) AS flow, c.entry_id, c.evidence,
       c.is_written_off, c.proposal_id,
       -- whose proposal to write it off waits for a second person
       CASE WHEN c.ended_at IS NULL THEN (SELECT p.maker FROM proposal p WHERE p.id = c.proposal_id AND p.state = 'open') END
         AS write_off_maker,
       -- the role that answers for its cause, what that is, and when the deputy's role got it
       nullif(c.owner_role, '') AS owner_role, c.routed_for, c.routed_at, c.escalated_at
FROM exception_case c;

CREATE VIEW v_delivery AS
SELECT d.entry_id AS id, d.system, e.operation, e.entity, d.document_key, e.document_number, d.state, d.priority,
       d.attempt_count, d.next_at, d.is_outcome_unknown, d.external_id, d.failure, d.message,
       -- only a commitment's amount may be edited
       coalesce(d.edited_body ->> '$.commitment.total.amount_minor', e.amount_minor) AS amount_minor,
       e.currency, e.workflow_id, e.idempotency_key, e.decided_at, d.changed_at, d.ended_at,
       d.edited_body IS NOT NULL AS is_edited, e.amount_minor AS decided_amount_minor
FROM delivery d LEFT JOIN outbox_entry e ON e.id = d.entry_id; -- left: it is not looked up where only the delivery is asked for

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
SELECT subject, time, 'event', seq, source, type, data, entity FROM v_event
UNION ALL
SELECT system || ':' || external_id, at, 'erasure', id, system, class || ' data erased by ' || who,
       value_count || ' values of versions up to ' || through_version || ', their digests in audit entry ' || audit_seq, entity
FROM erasure;

CREATE VIEW v_erasure AS
SELECT id, system || ':' || external_id AS document_key, entity, class, through_version, value_count, at, who, audit_seq FROM erasure;

CREATE VIEW v_unposted AS -- approved at its source, and the ERP has not taken it yet
SELECT w.id, w.flow, w.kind, w.document_key, w.document_number, w.legal_entity, w.target, w.amount_minor, w.currency,
       w.state, w.step, w.waiting_for, w.started_at, w.due_at
FROM workflow w
WHERE w.ended_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id
  WHERE e.workflow_id = w.id AND d.state IN ('delivered', 'verified')
    AND e.operation IN ('order.submit', 'order.cancel', 'order.close', 'order.discard', 'receipt.create', 'receipt.return',
                        'receipt.correct', 'invoice.create', 'invoice.cancel', 'journal.create'));

-- Payments of live invoices, and voids of them, that the source was not told of yet: `id` is the process of the invoice, a
-- void is negative. CROSS JOIN: from the few live instances to what they are about, never back.
CREATE VIEW v_unreported AS
SELECT w.id, w.document_key, w.document_number, r.number AS payment_number, w.legal_entity,
       CASE json_extract(v.body, '$.status') WHEN 'voided' THEN 'voided' ELSE 'paid' END AS reason,
       json_extract(p.value, '$.amount.currency') AS currency,
       json_extract(p.value, '$.amount.amount_minor')
         * CASE json_extract(v.body, '$.status') WHEN 'voided' THEN -1 ELSE 1 END AS amount_minor
FROM workflow w CROSS JOIN crossref c ON c.entity = w.entity AND c.document_key = w.document_key AND c.system = w.target
JOIN identity i ON i.value = c.external_id AND i.kind = 'invoice'
JOIN record r ON r.id = i.record_id AND r.entity = 'payment' AND r.system = c.system
JOIN record_version v ON v.id = r.version_id
JOIN json_each(v.body, '$.invoices') p ON json_extract(p.value, '$.invoice_id') = c.external_id
WHERE w.ended_at IS NULL AND w.entity = 'invoice'
  AND CASE json_extract(v.body, '$.status')
        WHEN 'voided' THEN json_extract(w.data, '$.told."' || r.external_id || '"') = 'paid'
        WHEN 'issued' THEN json_extract(w.data, '$.told."' || r.external_id || '"') IS NULL
        WHEN 'cleared' THEN json_extract(w.data, '$.told."' || r.external_id || '"') IS NULL
        ELSE 0 END
UNION ALL
SELECT workflow_id, document_key, document_number, payment_number, legal_entity, 'changed', currency, difference_minor
FROM v_changed_payment;

-- Payments that pay something else by now than their source was told: more, less, nothing, or again after a void.
CREATE VIEW v_changed_payment AS
SELECT w.id AS workflow_id, w.document_key, w.document_number, w.legal_entity, r.system, r.external_id AS payment_id,
       r.number AS payment_number, w.currency,
       (SELECT coalesce(sum(json_extract(p.value, '$.amount.amount_minor')), 0) FROM json_each(v.body, '$.invoices') p
        WHERE json_extract(p.value, '$.invoice_id') = c.external_id AND json_extract(p.value, '$.amount.currency') = w.currency)
         - t.value AS difference_minor, r.fetched_at
FROM workflow w CROSS JOIN crossref c ON c.entity = w.entity AND c.document_key = w.document_key AND c.system = w.target
CROSS JOIN json_each(w.data, '$.told_minor') t
CROSS JOIN record r ON r.entity = 'payment' AND r.system = c.system AND r.external_id = t.key
JOIN record_version v ON v.id = r.version_id
WHERE w.ended_at IS NULL AND w.entity = 'invoice' AND instr(w.data, '"told_minor"') > 0 -- few have any: no JSON is read for the rest
  AND json_extract(v.body, '$.status') IN ('issued', 'cleared')
  AND t.value <> (SELECT coalesce(sum(json_extract(p.value, '$.amount.amount_minor')), 0) FROM json_each(v.body, '$.invoices') p
                  WHERE json_extract(p.value, '$.invoice_id') = c.external_id
                    AND json_extract(p.value, '$.amount.currency') = w.currency);

-- Posted invoices that the ERP holds, as it was read last: a row for each reason. CROSS JOIN: from the few live instances
-- to what they are about, never back.
CREATE VIEW v_on_hold AS
SELECT w.id, w.document_key, w.document_number, w.legal_entity, w.currency, w.amount_minor,
       substr(h.value, 1, instr(h.value || ':', ':') - 1) AS reason
FROM workflow w CROSS JOIN crossref c ON c.entity = w.entity AND c.document_key = w.document_key AND c.system = w.target
CROSS JOIN record r ON r.entity = c.entity AND r.system = c.system AND r.external_id = c.external_id
JOIN record_version v ON v.id = r.version_id
JOIN json_each(CASE json_array_length(v.body, '$.holds') WHEN 0 THEN '["not said"]' ELSE json_extract(v.body, '$.holds') END) h
WHERE w.ended_at IS NULL AND w.entity = 'invoice' AND json_extract(v.body, '$.status') = 'on_hold';

-- What purchasing watches now: `budget_failed`, orders that a budget stops; `invoice_on_hold`, posted invoices that the ERP
-- holds, by reason (one with several reasons stands under each); `payment_unreported`, payments and voids that the source
-- was not told of yet (a void is negative). CROSS JOIN: from the few live instances to what they are about, never back.
CREATE VIEW v_watch AS
SELECT 'budget_failed' AS figure, step AS reason, legal_entity, currency, count(*) AS document_count,
       sum(amount_minor) AS amount_minor
FROM exception_case WHERE ended_at IS NULL AND class = 'BUDGET_EXCEEDED' AND entity = 'purchase_order'
GROUP BY step, legal_entity, currency
UNION ALL
SELECT 'invoice_on_hold', reason, legal_entity, currency, count(*), sum(amount_minor) FROM v_on_hold
GROUP BY reason, legal_entity, currency
UNION ALL
SELECT 'payment_unreported', reason, legal_entity, currency, count(*), sum(amount_minor) FROM v_unreported
GROUP BY reason, legal_entity, currency;

-- What invoices have spent that nothing promises: `direct`, charged without an order; `ended`, invoiced of order lines that
-- promise nothing (any more); `over`, invoiced beyond what a live line is over, account by account.
CREATE VIEW v_spent AS
SELECT 'direct' AS kind, NULL AS document_key, NULL AS line_number, legal_entity, system, cost_centre, account, project,
       period, booked_on, currency, amount_minor, coalesce(budget_on, booked_on) AS budget_on
FROM expenditure_line
UNION ALL
SELECT 'ended', document_key, line, legal_entity, system, cost_centre, account, project, period, booked_on, currency,
       amount_minor, coalesce(budget_on, booked_on)
FROM commitment_relief r
WHERE NOT EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key = r.document_key AND l.stage = 'obligation'
                  AND l.line_number = r.line)
UNION ALL
SELECT 'over', document_key, line, legal_entity, system, cost_centre, account, project, period, NULL, currency,
       invoiced_minor - ordered_minor, budget_on
FROM (SELECT document_key, line, legal_entity, system, cost_centre, account, project, period, budget_on, currency,
             sum(amount_minor) AS invoiced_minor,
             coalesce((SELECT sum(l.amount_minor) FROM commitment_line l
                       WHERE l.document_key = r.document_key AND l.stage = 'obligation' AND l.line_number = r.line
                         AND l.cost_centre IS r.cost_centre AND l.account IS r.account AND l.project IS r.project
                         AND l.period IS r.period AND l.budget_on IS r.budget_on AND l.currency = r.currency), 0) AS ordered_minor
      FROM commitment_relief r
      WHERE EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key = r.document_key AND l.stage = 'obligation'
                    AND l.line_number = r.line)
      GROUP BY document_key, line, legal_entity, system, cost_centre, account, project, period, budget_on, currency)
WHERE CASE WHEN ordered_minor < 0 THEN invoiced_minor < ordered_minor ELSE invoiced_minor > ordered_minor END;

-- What live lines promise, by stage: `commitment`, a requisition that no order has taken over; `obligation`, an order in
-- the ERP, less what was invoiced of it; `expenditure`, invoices without an order, which promise nothing and use budgets.
-- What was invoiced of lines that have ended is promised no more, and used all the same.
CREATE VIEW v_charge AS -- part by part, with the period that its document names and the day on which budgets bear it
SELECT document_key AS order_key, legal_entity, system, cost_centre, account, project, period, budget_on, currency, stage,
       amount_minor AS ordered_minor, 0 AS invoiced_minor, 0 AS over_minor, 0 AS ended_minor
FROM commitment_line
UNION ALL
SELECT NULL, legal_entity, system, cost_centre, account, project, period, budget_on, currency, 'obligation', 0, amount_minor, 0, 0
FROM commitment_relief r
WHERE EXISTS (SELECT 1 FROM commitment_line l WHERE l.document_key = r.document_key AND l.line_number = r.line
              AND l.stage = 'obligation')
UNION ALL
SELECT NULL, legal_entity, system, cost_centre, account, project, period, budget_on, currency,
       CASE kind WHEN 'direct' THEN 'expenditure' ELSE 'obligation' END,
       CASE kind WHEN 'direct' THEN amount_minor ELSE 0 END, CASE kind WHEN 'direct' THEN amount_minor ELSE 0 END,
       CASE kind WHEN 'over' THEN amount_minor ELSE 0 END, CASE kind WHEN 'ended' THEN amount_minor ELSE 0 END
FROM v_spent;

CREATE VIEW v_commitment AS -- what names no period is shown in the month of its budget day
SELECT legal_entity, system, cost_centre, account, coalesce(period, substr(budget_on, 1, 7)) AS period, currency, stage,
       count(DISTINCT order_key) AS order_count, sum(ordered_minor) - sum(invoiced_minor) AS amount_minor,
       sum(ordered_minor) AS ordered_minor, sum(invoiced_minor) AS invoiced_minor, project, sum(over_minor) AS over_minor,
       sum(ended_minor) AS ended_minor, sum(ordered_minor) + sum(over_minor) + sum(ended_minor) AS used_minor
FROM v_charge
GROUP BY legal_entity, system, cost_centre, account, project, coalesce(period, substr(budget_on, 1, 7)), currency, stage;

-- The day a document is booked on: as its process decided, else its own accounting, invoice or receipt date, else the day
-- its process began.
CREATE VIEW v_accounting_day AS
SELECT w.id AS workflow_id,
       coalesce(json_extract(w.data, '$.accounting_on'),
                (SELECT coalesce(json_extract(v.body, '$.accounting_on'), json_extract(v.body, '$.invoiced_on'),
                                 json_extract(v.body, '$.received_on'), substr(json_extract(v.body, '$.approved_at'), 1, 10))
                 FROM record_version v
                 WHERE v.external_id = substr(w.document_key, instr(w.document_key, ':') + 1) AND v.version = w.document_version
                   AND v.system = substr(w.document_key, 1, instr(w.document_key, ':') - 1) AND v.entity = w.entity),
                substr(w.started_at, 1, 10)) AS accounting_on
FROM workflow w;

-- Replies to a source that were delivered, and that the source, as it was read last, does not show.
CREATE VIEW v_unconfirmed AS
SELECT e.workflow_id, e.id AS entry_id, e.operation, d.ended_at
FROM delivery d JOIN outbox_entry e ON e.id = d.entry_id
LEFT JOIN record r ON r.external_id = substr(e.document_key, instr(e.document_key, ':') + 1) AND r.entity = e.entity
  AND r.system = substr(e.document_key, 1, instr(e.document_key, ':') - 1)
LEFT JOIN record_version v ON v.id = r.version_id
WHERE d.state = 'delivered' AND NOT CASE e.operation
    WHEN 'invoice.write_back' THEN
      coalesce(json_extract(v.body, '$.target_number') = json_extract(e.body, '$.fields.erp_number'), 0)
    WHEN 'invoice.record_payment' THEN
      EXISTS (SELECT 1 FROM json_each(v.body, '$.recorded_payments') p
              WHERE json_extract(p.value, '$.note') = json_extract(e.body, '$.note'))
    WHEN 'expense.confirm_posting' THEN
      coalesce(json_extract(v.body, '$.status') IN ('posted', 'paid', 'failed', 'recalled'), 0)
    WHEN 'expense.confirm_payment' THEN coalesce(json_extract(v.body, '$.status') IN ('paid', 'reversed'), 0)
    ELSE 1 END;

-- Payments, voids and changed amounts of payments that an ERP shows and the source was not told of.
CREATE VIEW v_untold_payment AS
SELECT w.id AS workflow_id, r.system, r.external_id AS payment_id, r.fetched_at
FROM workflow w
JOIN crossref c ON c.entity = w.entity AND c.document_key = w.document_key AND c.system = w.target
JOIN identity i ON i.kind = 'invoice' AND i.value = c.external_id
JOIN record r ON r.id = i.record_id AND r.entity = 'payment' AND r.system = w.target
JOIN record_version v ON v.id = r.version_id
WHERE w.flow IN ('invoice_to_payment', 'expense_to_reimbursement') AND w.ended_at IS NULL AND CASE
    WHEN json_extract(v.body, '$.status') IN ('issued', 'cleared') THEN NOT EXISTS (
      SELECT 1 FROM json_each(coalesce(json_extract(w.data, '$.told'), json_extract(w.data, '$.confirmed'), '{}')) t
      WHERE t.key = r.external_id)
    WHEN json_extract(v.body, '$.status') = 'voided' THEN EXISTS (
      SELECT 1 FROM json_each(coalesce(json_extract(w.data, '$.told'), json_extract(w.data, '$.confirmed'), '{}')) t
      WHERE t.key = r.external_id AND t.value = 'paid')
    ELSE 0 END
UNION ALL
SELECT workflow_id, system, payment_id, fetched_at FROM v_changed_payment;

-- What stands between a period and its close: one row a document and reason. Orders are promises: they hinder nothing.
CREATE VIEW v_close_item AS
SELECT CASE WHEN EXISTS (SELECT 1 FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id
                         WHERE e.workflow_id = w.id AND d.state IN ('pending', 'claimed', 'held')) THEN 'in_flight'
            WHEN EXISTS (SELECT 1 FROM v_unposted u WHERE u.id = w.id) THEN 'unposted'
            ELSE 'unconfirmed' END AS reason,
       w.legal_entity, a.accounting_on, w.entity, w.document_key, w.document_number, w.amount_minor, w.currency,
       (SELECT c.owner FROM exception_case c WHERE c.workflow_id = w.id AND c.ended_at IS NULL ORDER BY c.id LIMIT 1) AS owner,
       coalesce((SELECT c.class FROM exception_case c WHERE c.workflow_id = w.id AND c.ended_at IS NULL ORDER BY c.id LIMIT 1),
                w.waiting_for, w.step) AS waits_for,
       w.started_at AS since, w.id AS workflow_id, NULL AS case_id, NULL AS break_id,
       w.entity NOT IN ('purchase_order', 'requisition') AS is_obstacle
FROM workflow w JOIN v_accounting_day a ON a.workflow_id = w.id
WHERE w.ended_at IS NULL AND w.kind NOT IN ('funds', 'aside', 'recall')
  AND w.entity IN ('purchase_order', 'requisition', 'receipt', 'invoice', 'expense_document', 'journal_entry')
  AND (EXISTS (SELECT 1 FROM v_unposted u WHERE u.id = w.id)
       OR EXISTS (SELECT 1 FROM outbox_entry e JOIN delivery d ON d.entry_id = e.id
                  WHERE e.workflow_id = w.id AND d.state IN ('pending', 'claimed', 'held'))
       OR NOT EXISTS (SELECT 1 FROM workflow_step s
                      WHERE s.workflow_id = w.id AND s.name = 'verify_posting' AND s.state = 'done')
       OR EXISTS (SELECT 1 FROM v_unconfirmed n WHERE n.workflow_id = w.id)
       OR EXISTS (SELECT 1 FROM v_untold_payment p WHERE p.workflow_id = w.id))
UNION ALL
SELECT 'unconfirmed', w.legal_entity, a.accounting_on, w.entity, w.document_key, w.document_number, w.amount_minor,
       w.currency, NULL, 'what was told to show at its source', min(n.ended_at), w.id, NULL, NULL,
       w.entity NOT IN ('purchase_order', 'requisition')
FROM v_unconfirmed n CROSS JOIN workflow w ON w.id = n.workflow_id JOIN v_accounting_day a ON a.workflow_id = w.id
WHERE w.state = 'done' GROUP BY w.id
UNION ALL
SELECT 'exception', coalesce(c.legal_entity, w.legal_entity),
       coalesce((SELECT a.accounting_on FROM v_accounting_day a WHERE a.workflow_id = c.workflow_id), substr(c.opened_at, 1, 10)),
       c.entity, c.document_key, c.document_number, c.amount_minor, c.currency, c.owner, c.class, c.opened_at,
       c.workflow_id, c.id, NULL, c.entity NOT IN ('purchase_order', 'requisition')
FROM exception_case c LEFT JOIN workflow w ON w.id = c.workflow_id
WHERE c.state IN ('open', 'snoozed')
  AND c.entity IN ('purchase_order', 'requisition', 'receipt', 'invoice', 'expense_document', 'journal_entry', 'payment')
UNION ALL
SELECT 'unexplained', b.legal_entity,
       coalesce((SELECT a.accounting_on FROM v_accounting_day a WHERE a.workflow_id = b.workflow_id),
                json_extract(b.evidence, '$.dated'), b.period || '-01', substr(b.opened_at, 1, 10)),
       b.entity, coalesce(b.document_key, b.definition || '/' || b.key), b.document_number, b.amount_minor, b.currency, b.owner,
       b.class, b.opened_at, b.workflow_id, b.case_id, b.id, b.entity NOT IN ('purchase_order', 'requisition')
FROM reconcile_break b
WHERE b.state = 'open'
  AND b.entity IN ('purchase_order', 'requisition', 'receipt', 'invoice', 'expense_document', 'journal_entry', 'payment');

CREATE VIEW v_budget AS -- what may be spent, as its source says it; the ERP's own check decides
SELECT r.system, json_extract(v.body, '$.legal_entity') AS legal_entity, json_extract(v.body, '$.cost_centre') AS cost_centre,
       json_extract(v.body, '$.account') AS account, json_extract(v.body, '$.period') AS period,
       json_extract(v.body, '$.amount.currency') AS currency, json_extract(v.body, '$.amount.amount_minor') AS amount_minor,
       json_extract(v.body, '$.remaining.amount_minor') AS remaining_minor, r.number, r.fetched_at,
       json_extract(v.body, '$.project') AS project
FROM record r JOIN record_version v ON v.id = r.version_id WHERE r.entity = 'budget';

CREATE VIEW v_system AS
SELECT s.system, s.state, s.reason, s.until, s.failure_count, s.last_ok_at, s.last_failure_at, s.changed_at,
       (SELECT max(r.ended_at) FROM sync_run r WHERE r.system = s.system AND r.outcome = 'done') AS last_read_at
FROM system_state s;

CREATE VIEW v_proposal AS
SELECT id, kind, name, base_version, state, rule, maker, made_at, reason, effective_from, checker, decided_at, decision,
       version, replaces FROM proposal;

CREATE VIEW v_emergency AS -- changes that one person put in force at once; ended_at is null while the second person's word is missing
SELECT e.proposal_id, p.kind, p.name, e.version, p.maker, p.reason, e.put_at, e.ending, e.ended_at, e.ended_by,
       p.decision, e.found_count FROM emergency e JOIN proposal p ON p.id = e.proposal_id;

CREATE VIEW v_change_set AS -- changes of the profile's files that came from another environment
SELECT id, source, maker, checker, reason, file_count, applied_by, applied_at, is_written, rolled_back_by, rolled_back_at,
       rolled_back_why FROM change_set;

CREATE VIEW v_break AS -- a difference between source and target; open ones have state 'open', those still there no gone_at
SELECT id, definition, entity, source_system, target_system, kind, class, state, key, document_number, document_key,
       source_id, target_id, legal_entity, period, currency, amount_minor, owner, opened_at, last_seen_at,
       CAST(julianday(coalesce(gone_at, last_seen_at)) - julianday(opened_at) AS INTEGER) AS age_days, seen_count, fix,
       ended_at, ended_by, resolution, gone_at, workflow_id, case_id, entry_id, proposal_id, fields, evidence,
       first_run_id, last_run_id, changed_at, aspect,
       -- whose proposal waits for a second person: to write it off, to give the source the target's value, or to explain it
       (SELECT p.maker FROM proposal p WHERE p.id = proposal_id AND p.state = 'open' AND p.kind = 'write_off') AS write_off_maker,
       (SELECT p.maker FROM proposal p WHERE p.id = proposal_id AND p.state = 'open' AND p.kind = 'adoption') AS adoption_maker,
       (SELECT p.maker FROM proposal p WHERE p.id = proposal_id AND p.state = 'open' AND p.kind = 'explanation') AS explanation_maker
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

CREATE VIEW v_supplier AS -- each supplier once: its golden record as it is; one that another took the records of has into_id
SELECT g.id, 'golden:' || g.id AS key, g.number, g.name, g.status, g.kind, g.country,
       json_extract(v.fields, '$.address.value.postcode') AS postcode, json_extract(v.fields, '$.address.value.town') AS town,
       (SELECT p.golden_id FROM golden_member p
        WHERE p.system = substr(v.fields ->> '$.parent.value', 1, instr(v.fields ->> '$.parent.value', ':') - 1)
        AND p.external_id = substr(v.fields ->> '$.parent.value', instr(v.fields ->> '$.parent.value', ':') + 1)) AS parent_id,
       (SELECT count(*) FROM golden_member m WHERE m.golden_id = g.id) AS record_count,
       (SELECT count(DISTINCT m.system) FROM golden_member m WHERE m.golden_id = g.id) AS system_count,
       g.version, g.made_at, g.changed_at, g.into_id
FROM golden_supplier g JOIN golden_version v ON v.golden_id = g.id AND v.version = g.version;

CREATE VIEW v_supplier_field AS -- where each field of a golden record comes from, and by which rule
SELECT g.id AS supplier_id, f.key AS field, json_extract(f.value, '$.value') AS value, json_extract(f.value, '$.from') AS record_key,
       json_extract(f.value, '$.version') AS record_version, json_extract(f.value, '$.rule') AS rule
FROM golden_supplier g JOIN golden_version v ON v.golden_id = g.id AND v.version = g.version, json_each(v.fields) f;

CREATE VIEW v_supplier_record AS -- what a supplier is called in each system, and which legal entities order from it there
SELECT m.golden_id AS supplier_id, m.system, m.external_id, m.system || ':' || m.external_id AS record_key, r.number,
       f.name, f.status, m.why, m.legal_entities
FROM golden_member m JOIN record r ON r.entity = 'supplier' AND r.system = m.system AND r.external_id = m.external_id
LEFT JOIN supplier_form f ON f.system = m.system AND f.external_id = m.external_id;

CREATE VIEW v_supplier_account AS -- bank accounts of each record of a supplier: those that hang on it, and those of the party behind it
SELECT a.system, s.value AS external_id, a.system || ':' || s.value AS record_key, a.external_id AS account_id,
       v.body ->> '$.fingerprint' AS fingerprint, v.body ->> '$.masked' AS masked, coalesce(v.body ->> '$.is_active', 1) AS is_active,
       v.body ->> '$.bic' AS bic
FROM identity s JOIN record a ON a.id = s.record_id AND a.entity = 'supplier_bank_account'
JOIN record_version v ON v.id = a.version_id
WHERE s.kind = 'supplier'
UNION ALL
SELECT a.system, o.external_id, o.system || ':' || o.external_id, a.external_id,
       v.body ->> '$.fingerprint', v.body ->> '$.masked', coalesce(v.body ->> '$.is_active', 1), v.body ->> '$.bic'
FROM record o JOIN identity p ON p.record_id = o.id AND p.kind = 'party'
JOIN identity w ON w.value = p.value AND w.kind = 'owner_party'
JOIN record a ON a.id = w.record_id AND a.entity = 'supplier_bank_account' AND a.system = o.system
JOIN record_version v ON v.id = a.version_id
WHERE o.entity = 'supplier'
  AND NOT EXISTS (SELECT 1 FROM identity s WHERE s.record_id = a.id AND s.kind = 'supplier' AND s.value = o.external_id);

CREATE VIEW v_supplier_history AS -- every version of every golden record, with the records it was made of
SELECT golden_id AS supplier_id, version, made_at, fields, members FROM golden_version;

CREATE VIEW v_supplier_pair AS -- two suppliers that may be one, what makes it likely, and what a person said of them last
SELECT fo.id * 4294967296 + ft.id AS id, p.one, p.other, p.score, p.evidence, p.found_at, fo.name AS one_name, ft.name AS other_name,
       trim(fo.postcode || ' ' || fo.town || ' ' || fo.country) AS one_place,
       trim(ft.postcode || ' ' || ft.town || ' ' || ft.country) AS other_place,
       fo.system AS one_system, ft.system AS other_system, a.answer, a.answered_by, a.at AS answered_at, a.reason,
       coalesce(mo.golden_id = mt.golden_id, 0) AS is_linked, -- they are one golden supplier already
       CASE WHEN w.id IS NOT NULL THEN 'asked' -- one person has said that they are one, and a second is asked
            WHEN a.answer IS NOT NULL THEN a.answer
            WHEN mo.golden_id = mt.golden_id AND fo.system <> ft.system THEN 'linked' -- in one system they are doubles, to be merged
            ELSE 'open' END AS state,
       w.maker AS proposed_by
FROM supplier_pair p
JOIN supplier_form fo ON fo.system = substr(p.one, 1, instr(p.one, ':') - 1)
  AND fo.external_id = substr(p.one, instr(p.one, ':') + 1)
JOIN supplier_form ft ON ft.system = substr(p.other, 1, instr(p.other, ':') - 1)
  AND ft.external_id = substr(p.other, instr(p.other, ':') + 1)
LEFT JOIN golden_member mo ON mo.system = fo.system AND mo.external_id = fo.external_id
LEFT JOIN golden_member mt ON mt.system = ft.system AND mt.external_id = ft.external_id
LEFT JOIN supplier_answer a ON a.one = p.one AND a.other = p.other AND a.is_newest = 1
LEFT JOIN proposal w ON w.name = 'same-' || p.one || '|' || p.other AND w.kind = 'supplier_same' AND w.state = 'open';

CREATE VIEW v_supplier_merge AS -- doubles merged into one supplier, or to be, and what became of it
SELECT id, keep_key, double_key, state, plan, reason, made_by, made_at, proposal_id, workflow_id, parting_reason, parted_by,
       parting_workflow_id, changed_at
FROM supplier_merge;

CREATE VIEW v_bank_change AS -- changed bank details of suppliers, old and new masked, and who said what of them
SELECT w.id, w.data ->> '$.supplier' AS supplier, w.document_key AS account_key,
       (SELECT v.body ->> '$.masked' FROM record_version v WHERE v.entity = 'supplier_bank_account'
        AND v.system = substr(w.document_key, 1, instr(w.document_key, ':') - 1)
        AND v.external_id = substr(w.document_key, instr(w.document_key, ':') + 1) AND v.version = w.document_version) AS new,
       w.data -> '$.plans' AS plans, w.state, w.step, w.waiting_for, w.wake_at,
       (SELECT p.maker FROM proposal p WHERE p.kind = 'bank_change' AND p.state IN ('open', 'approved')
        AND p.name = 'bank-' || w.id || '-' || w.generation ORDER BY p.id DESC LIMIT 1) AS confirmed_by,
       (SELECT p.checker FROM proposal p WHERE p.kind = 'bank_change' AND p.state = 'approved'
        AND p.name = 'bank-' || w.id || '-' || w.generation ORDER BY p.id DESC LIMIT 1) AS approved_by,
       w.data ->> '$.refused.by' AS refused_by, w.data ->> '$.refused.reason' AS refusal, w.started_at, w.ended_at
FROM workflow w WHERE w.flow = 'supplier_bank_change';

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
       json_extract(body, '$.subject') AS subject,
       coalesce(json_extract(body, '$.why'), (SELECT p.value FROM audit_protected p WHERE p.seq = audit.seq AND p.name = 'why')) AS why,
       body, hex(hash) AS hash FROM audit;
CREATE VIEW v_audit_archive AS SELECT first, last, until, file, sha256, at, who FROM audit_archive;

CREATE VIEW v_attempt AS
SELECT a.id, a.entry_id, e.system, e.operation, e.entity, e.document_key, a.number, a.started_at, a.ended_at, a.outcome, a.status,
       a.message, a.duration_ms, a.edited_body IS NOT NULL AS is_edited
FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id;

CREATE VIEW v_step AS
SELECT s.id, s.workflow_id, w.flow, w.entity, w.document_key, s.name, s.state, s.started_at, s.ended_at, s.due_at
FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id;

CREATE VIEW v_read AS
SELECT id, system, entity, started_at, ended_at, outcome, pages, rows_read, rows_changed, rows_refused, error FROM sync_run;

CREATE VIEW v_version AS
SELECT id, system || ':' || external_id AS document_key, entity, version, contract, source_version, source_updated_at, fetched_at
FROM record_version;

CREATE VIEW v_certificate AS
SELECT id, legal_entity, ledger, period, starts_on, ends_on, certified_by, certified_at, audit_seq FROM close_certificate;

-- What invoices have charged to cost, line by line: of an order (`document_key`), or without one (null).
CREATE VIEW v_invoiced AS
SELECT invoice_key, document_key, legal_entity, system, cost_centre, account, project, period, booked_on, currency, amount_minor
FROM commitment_relief
UNION ALL
SELECT invoice_key, NULL, legal_entity, system, cost_centre, account, project, period, booked_on, currency, amount_minor
FROM expenditure_line;
