BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'finsync','m001_ground','2026-11-24 02:22:03.393964+00:00');
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  entry_id INTEGER NOT NULL REFERENCES outbox_entry(id),
  number INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  outcome TEXT NOT NULL,             -- delivered, found, transient, maintenance, duplicate, conflict, rejected, unknown, credentials, protocol
  status INTEGER,
  message TEXT,
  answer TEXT,
  duration_ms INTEGER
) STRICT;
INSERT INTO "attempt" VALUES(1,1,1,'2026-01-05T08:00:00.000000Z','2026-01-05T08:00:00.000000Z','delivered',201,NULL,NULL,12);
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  body BLOB NOT NULL,                -- canonical JSON, exactly the bytes that were hashed
  hash BLOB NOT NULL                 -- sha256(previous hash || body)
) STRICT;
INSERT INTO "audit" VALUES(1,X'7B226174223A22323032362D30312D30355430383A30303A30302E3030303030305A222C2270726F746563746564223A7B226962616E223A2239383138656165386631346133376134376134353366313264393934663130306638326535383130303732653461316165346262303339653635326636643130227D2C227375626A656374223A22636F7570613A313030323334222C2277686174223A227265636F7264732E73746F726564222C2277686F223A22656E67696E65227D',X'EE2048FD42C5AD2DE30DCB03F2A75E547FEE554A7BB8942E69C1706D4102CF11');
CREATE TABLE audit_protected (       -- erasable values; the chain holds only their salted digests
  seq INTEGER NOT NULL REFERENCES audit(seq),
  name TEXT NOT NULL,
  salt BLOB NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (seq, name)
) STRICT;
INSERT INTO "audit_protected" VALUES(1,'iban',X'00000000000000000000000000000000','DE89');
CREATE TABLE case_note (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES exception_case(id),
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
INSERT INTO "case_note" VALUES(1,1,'2026-01-05T08:00:00.000000Z','a.berg','asked procurement');
CREATE TABLE commitment_line (       -- what is promised, per distribution of the newest revision in the ERP
  document_key TEXT NOT NULL,
  line INTEGER NOT NULL,
  distribution INTEGER NOT NULL,
  system TEXT NOT NULL,
  legal_entity TEXT NOT NULL,
  charge_account TEXT NOT NULL,
  cost_centre TEXT,
  account TEXT,
  period TEXT,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  stage TEXT NOT NULL,
  PRIMARY KEY (document_key, line, distribution)
) STRICT, WITHOUT ROWID;
INSERT INTO "commitment_line" VALUES('coupa:100234',1,1,'oracle-emea','DE01','01-420-7110-0000-000','420','7110','Jan-26','EUR',10100,'obligation');
CREATE TABLE consumer (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
INSERT INTO "consumer" VALUES('flows',1);
CREATE TABLE crossref (              -- one business thing, its id in another system
  entity TEXT NOT NULL,
  document_key TEXT NOT NULL,        -- 'coupa:4711'
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  number TEXT,
  revision TEXT,
  why TEXT NOT NULL,                 -- created, found, number, tax_id, bank_account
  linked_at TEXT NOT NULL,
  PRIMARY KEY (entity, document_key, system)
) STRICT, WITHOUT ROWID;
INSERT INTO "crossref" VALUES('purchase_order','coupa:100234','oracle-emea','300','4711',NULL,'created','2026-01-05T08:00:00.000000Z');
CREATE TABLE delivery (              -- its way to the system
  entry_id INTEGER PRIMARY KEY REFERENCES outbox_entry(id),
  system TEXT NOT NULL,
  document_key TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'held', 'delivered', 'verified', 'refused', 'buried', 'cancelled')),
  attempt_count INTEGER NOT NULL DEFAULT 0,
  next_at TEXT NOT NULL,
  is_outcome_unknown INTEGER NOT NULL DEFAULT 0, -- 1: find before sending
  fencing_token INTEGER,
  edited_body TEXT,                  -- what a person sends instead; the entry's body stays
  external_id TEXT,
  receipt TEXT,
  failure TEXT,                      -- class of the last failure
  message TEXT,
  changed_at TEXT NOT NULL,
  ended_at TEXT
) STRICT;
INSERT INTO "delivery" VALUES(1,'oracle-emea','coupa:100234',5,'delivered',1,'2026-01-05T08:00:00.000000Z',0,NULL,NULL,'300','{"number":"4711"}',NULL,NULL,'2026-01-05T08:00:00.000000Z',NULL);
CREATE TABLE engine_state (          -- one row: what the engine says of itself
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state TEXT NOT NULL CHECK (state IN ('starting', 'working', 'idle', 'stopped')),
  holder TEXT NOT NULL,
  clock_at TEXT NOT NULL,            -- the engine's clock: virtual in a rehearsal
  is_virtual INTEGER NOT NULL,
  cycle_count INTEGER NOT NULL,
  doing TEXT,
  changed_at TEXT NOT NULL
) STRICT;
CREATE TABLE event (                 -- CloudEvents 1.0
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,                -- com.finsync.purchase_order.approved.v1
  source TEXT NOT NULL,
  subject TEXT NOT NULL,
  time TEXT NOT NULL,
  correlation_id TEXT,
  dataschema TEXT,
  data TEXT NOT NULL
) STRICT;
INSERT INTO "event" VALUES(1,'coupa:purchase_order.approved:100234:v1','com.finsync.purchase_order.approved.v1','coupa','coupa:100234','2026-01-05T08:00:00.000000Z',NULL,NULL,'{"number":"PO-100234"}');
CREATE TABLE exception_case (
  id INTEGER PRIMARY KEY,
  class TEXT NOT NULL,               -- SUPPLIER_UNKNOWN ...: docs/errors.md
  state TEXT NOT NULL CHECK (state IN ('open', 'snoozed', 'resolved', 'ignored', 'closed')),
  entity TEXT NOT NULL,
  document_key TEXT NOT NULL,
  document_number TEXT NOT NULL,
  system TEXT NOT NULL,              -- where the trouble showed
  workflow_id INTEGER REFERENCES workflow(id),
  step TEXT,
  entry_id INTEGER REFERENCES outbox_entry(id),
  legal_entity TEXT,
  amount_minor INTEGER,
  currency TEXT,
  cause TEXT NOT NULL,               -- in plain words
  fix TEXT NOT NULL,                 -- what to do
  evidence TEXT NOT NULL DEFAULT '{}',
  payload BLOB,                      -- the document, when it could not be stored as a record
  owner TEXT,
  opened_at TEXT NOT NULL,
  due_at TEXT,
  snoozed_until TEXT,
  seen_count INTEGER NOT NULL DEFAULT 1,
  changed_at TEXT NOT NULL,
  ended_at TEXT,
  ended_by TEXT,
  resolution TEXT
) STRICT;
INSERT INTO "exception_case" VALUES(1,'SUPPLIER_UNKNOWN','open','purchase_order','coupa:100234','PO-100234','oracle-emea',1,NULL,1,NULL,10100,'EUR','The supplier S-1001 is not known in oracle-emea.','Create the supplier there, then retry.','{}',NULL,NULL,'2026-01-05T08:00:00.000000Z',NULL,NULL,1,'2026-01-05T08:00:00.000000Z',NULL,NULL,NULL);
CREATE TABLE finding (               -- what was noticed and handled without a person
  id INTEGER PRIMARY KEY,
  class TEXT NOT NULL,               -- THROTTLED, MAINTENANCE, OUTCOME_UNKNOWN, DUPLICATE_EVENT, STALE_VERSION ...
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warn', 'block')),
  system TEXT NOT NULL,
  entity TEXT,
  document_key TEXT,
  document_number TEXT,
  message TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}',
  noticed_at TEXT NOT NULL
) STRICT;
INSERT INTO "finding" VALUES(1,'THROTTLED','warn','coupa',NULL,NULL,NULL,'x','{}','2026-01-05T08:00:00.000000Z');
CREATE TABLE identity (              -- exact identifiers by which twins are found
  value TEXT NOT NULL,
  kind TEXT NOT NULL,                -- number, tax_id, bank_account, party
  record_id INTEGER NOT NULL REFERENCES record(id),
  PRIMARY KEY (value, kind, record_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "identity" VALUES('DE811234567','tax_id',2);
INSERT INTO "identity" VALUES('S1001','number',2);
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,              -- host:pid:start
  token INTEGER NOT NULL,
  expires_at TEXT NOT NULL           -- by the machine's own clock, also in rehearsals
) STRICT;
INSERT INTO "lease" VALUES('engine','vm:1:1',1,'2026-01-05T08:01:00.000000Z');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "meta" VALUES('audit_head','1:ee2048fd42c5ad2de30dcb03f2a75e547fee554a7bb8942e69c1706d4102cf11');
INSERT INTO "meta" VALUES('created_at','2026-01-05T08:00:00.000000Z');
INSERT INTO "meta" VALUES('views_digest','cd5ac4e22b6f6ad2ebe1bb22df855998f64c68b08a42bc65da780e338704140d');
CREATE TABLE outbox_entry (          -- the decision; never changed
  id INTEGER PRIMARY KEY,
  idempotency_key TEXT NOT NULL UNIQUE,
  system TEXT NOT NULL,
  operation TEXT NOT NULL,
  entity TEXT NOT NULL,
  document_key TEXT NOT NULL,
  document_number TEXT NOT NULL,
  workflow_id INTEGER REFERENCES workflow(id),
  priority INTEGER NOT NULL,         -- 0 first
  external_id TEXT,                  -- the target document, when known at the decision
  body TEXT NOT NULL,
  amount_minor INTEGER,
  currency TEXT,
  decided_at TEXT NOT NULL
) STRICT;
INSERT INTO "outbox_entry" VALUES(1,'oracle-emea/order.create/coupa:100234/1/1','oracle-emea','order.create','purchase_order','coupa:100234','PO-100234',1,5,NULL,'{"commitment":{}}',10100,'EUR','2026-01-05T08:00:00.000000Z');
CREATE TABLE page_seen (             -- pages of full reads that brought nothing but what we hold
  entity TEXT NOT NULL,
  system TEXT NOT NULL,
  number INTEGER NOT NULL,           -- of the page, within its read
  digest BLOB NOT NULL,
  PRIMARY KEY (entity, system, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE preference (            -- what the workbench remembers for a person
  person TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (person, name)
) STRICT;
CREATE TABLE record (
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  number TEXT NOT NULL,              -- what people call it
  version INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  raw_digest BLOB NOT NULL,
  source_version TEXT,
  source_updated_at TEXT,
  fetched_at TEXT NOT NULL,
  version_id INTEGER NOT NULL REFERENCES record_version(id)
) STRICT;
INSERT INTO "record" VALUES(1,'purchase_order','coupa','100234','PO-100234',1,X'0045D3DA256B8B79D5FA1C495F20493A',X'7A6CAAEDC5E223C7C339640FBCB05114','1','2026-01-05T08:00:00.000000Z','2026-01-05T08:00:00.000000Z',1);
INSERT INTO "record" VALUES(2,'supplier','coupa','501','S-1001',1,X'7C67E14D86AAAC54C54A4CE5B9A92E46',X'DAA7AA9FD0E1EF5300A257C8D4469445',NULL,NULL,'2026-01-05T08:00:00.000000Z',2);
CREATE TABLE record_version (
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version INTEGER NOT NULL,          -- ours, counts from 1
  contract TEXT NOT NULL,            -- 'purchase_order/1.0'
  source_version TEXT,               -- the source's own
  source_updated_at TEXT,
  changed_by TEXT,
  fetched_at TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  body TEXT NOT NULL,                -- canonical JSON
  payload BLOB NOT NULL              -- as read, credentials and bank numbers removed by the adapter
) STRICT;
INSERT INTO "record_version" VALUES(1,'purchase_order','coupa','100234',1,'purchase_order/1.0','1','2026-01-05T08:00:00.000000Z','a.berg','2026-01-05T08:00:00.000000Z',X'0045D3DA256B8B79D5FA1C495F20493A','{"number":"PO-100234","status":"open","revision":"1","supplier_id":"501","supplier_number":"S-1001","supplier_name":"Muster Büromöbel GmbH","supplier_site_id":null,"currency":"EUR","total":{"amount_minor":10100,"currency":"EUR"},"business_unit":"DE01","buyer":"a.berg","requester":"k.lind","requisition_id":null,"description":"Desks for the new office","payment_terms":"Net 30","reference":null,"funds_status":null,"closing_reason":null,"target_number":null,"target_status":null,"lines":[{"number":"1","external_id":"9001","description":"Desk","quantity":"1","unit_price":"101","uom":"EA","amount":{"amount_minor":10100,"currency":"EUR"},"category":"Furniture","need_by_on":"2026-02-01","is_cancelled":false,"distributions":[{"number":"1","chart":"DE Chart","account":"01-420-7110","segments":["01","420","7110"],"amount":{"amount_minor":10100,"currency":"EUR"},"quantity":"1","period":"2026-01"}]}]}',X'7B226964223A3130303233347D');
INSERT INTO "record_version" VALUES(2,'supplier','coupa','501',1,'supplier/1.0',NULL,NULL,NULL,'2026-01-05T08:00:00.000000Z',X'7C67E14D86AAAC54C54A4CE5B9A92E46','{"number":"S-1001","name":"Muster Büromöbel GmbH","status":"active","country":"DE","party_id":null,"tax_registrations":[{"number":"DE811234567","country":"DE"}],"sites":[{"external_id":"71","code":"BERLIN","business_unit":"DE Operations","is_purchasing":true,"is_active":true}]}',X'7B226964223A3530317D');
CREATE TABLE ruleset_version (       -- mapping tables and policies as they were when they decided
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('mapping', 'policy', 'profile')),
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  UNIQUE (kind, name, version)
) STRICT;
INSERT INTO "ruleset_version" VALUES(1,'mapping','account',1,'04693f071be12fdbaf4f9cbc97560c7b959f8688390046083a0dbb1e916cd002','from,to
*,=
','2026-01-05T08:00:00.000000Z');
CREATE TABLE sync_run (
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  entity TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'failed', 'parked')),
  pages INTEGER NOT NULL DEFAULT 0,
  rows_read INTEGER NOT NULL DEFAULT 0,
  rows_changed INTEGER NOT NULL DEFAULT 0,
  rows_refused INTEGER NOT NULL DEFAULT 0,
  error TEXT
) STRICT;
INSERT INTO "sync_run" VALUES(1,'coupa','purchase_order','2026-01-05T08:00:00.000000Z','2026-01-05T08:00:00.000000Z','done',1,1,1,0,NULL);
CREATE TABLE system_state (
  system TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('ok', 'failing', 'parked', 'paused', 'held')),
  reason TEXT,
  until TEXT,                        -- when a parked system is tried again
  failure_count INTEGER NOT NULL DEFAULT 0,
  last_ok_at TEXT,
  last_failure_at TEXT,
  changed_at TEXT NOT NULL
) STRICT;
INSERT INTO "system_state" VALUES('coupa','ok',NULL,NULL,0,'2026-01-05T08:00:00.000000Z',NULL,'2026-01-05T08:00:00.000000Z');
CREATE TABLE watermark (
  system TEXT NOT NULL,
  entity TEXT NOT NULL,
  position TEXT,
  is_complete INTEGER NOT NULL,      -- 0 while a read is under way
  moved_at TEXT NOT NULL,
  PRIMARY KEY (system, entity)
) STRICT;
INSERT INTO "watermark" VALUES('coupa','purchase_order','2026-01-05T07:59:00Z',1,'2026-01-05T08:00:00.000000Z');
CREATE TABLE workflow (
  id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  kind TEXT NOT NULL,                -- create, change, cancel, close
  entity TEXT NOT NULL,
  document_key TEXT NOT NULL,        -- 'coupa:4711'
  document_number TEXT NOT NULL,
  document_version INTEGER NOT NULL, -- ours
  document_revision TEXT NOT NULL,   -- the source's
  state TEXT NOT NULL CHECK (state IN ('running', 'waiting', 'held', 'done', 'aborted', 'superseded')),
  step TEXT NOT NULL,
  waiting_for TEXT,                  -- in words: 'Oracle approval'
  wake_at TEXT,                      -- when a timer wakes it
  due_at TEXT,                       -- when the present step is due
  target TEXT,                       -- the system it delivers to
  legal_entity TEXT,
  amount_minor INTEGER,
  currency TEXT,
  generation INTEGER NOT NULL DEFAULT 1,
  data TEXT NOT NULL DEFAULT '{}',   -- what its steps decided
  started_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  ended_at TEXT,
  UNIQUE (flow, document_key, document_version)
) STRICT;
INSERT INTO "workflow" VALUES(1,'requisition_to_pay','create','purchase_order','coupa:100234','PO-100234',1,'1','running','confirm_supplier',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,'{}','2026-01-05T08:00:00.000000Z','2026-01-05T08:00:00.000000Z',NULL);
CREATE TABLE workflow_step (
  id INTEGER PRIMARY KEY,
  workflow_id INTEGER NOT NULL REFERENCES workflow(id),
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('done', 'waiting', 'held', 'skipped', 'compensated')),
  started_at TEXT NOT NULL,
  ended_at TEXT,
  detail TEXT NOT NULL DEFAULT '{}'  -- decisions: rule, version, from, to
) STRICT;
INSERT INTO "workflow_step" VALUES(1,1,'confirm_supplier','held','2026-01-05T08:00:00.000000Z',NULL,'{"class":"SUPPLIER_UNKNOWN"}');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX record_version_of ON record_version(external_id, version, system, entity);
CREATE UNIQUE INDEX record_key ON record(external_id, system, entity);
CREATE INDEX record_number ON record(number, entity);
CREATE INDEX identity_of ON identity(record_id);
CREATE INDEX crossref_target ON crossref(entity, system, external_id);
CREATE INDEX crossref_number ON crossref(number);
CREATE INDEX sync_run_last ON sync_run(system, entity, id);
CREATE INDEX event_subject ON event(subject, seq);
CREATE INDEX workflow_open ON workflow(state, wake_at) WHERE ended_at IS NULL;
CREATE INDEX workflow_at ON workflow(step, id) WHERE ended_at IS NULL;
CREATE INDEX workflow_document ON workflow(document_key, id);
CREATE INDEX workflow_number ON workflow(document_number);
CREATE INDEX workflow_step_of ON workflow_step(workflow_id, id);
CREATE INDEX outbox_entry_document ON outbox_entry(document_key, id);
CREATE INDEX outbox_entry_workflow ON outbox_entry(workflow_id);
CREATE INDEX delivery_due ON delivery(system, priority, next_at, entry_id) WHERE state = 'pending';
CREATE INDEX delivery_next ON delivery(next_at) WHERE state = 'pending';
CREATE INDEX delivery_claimed ON delivery(system, entry_id) WHERE state = 'claimed';
CREATE INDEX delivery_document ON delivery(document_key, system, entry_id);
CREATE INDEX delivery_state ON delivery(state, entry_id);
CREATE INDEX attempt_of ON attempt(entry_id, id);
CREATE UNIQUE INDEX exception_case_live ON exception_case(class, document_key) WHERE ended_at IS NULL;
CREATE INDEX exception_case_open ON exception_case(state, due_at, id);
CREATE INDEX exception_case_document ON exception_case(document_key, id);
CREATE INDEX exception_case_workflow ON exception_case(workflow_id);
CREATE INDEX exception_case_entry ON exception_case(entry_id);
CREATE INDEX case_note_of ON case_note(case_id, id);
CREATE INDEX finding_class ON finding(class, id);
CREATE INDEX finding_document ON finding(document_key, id);
CREATE INDEX ruleset_version_digest ON ruleset_version(kind, name, digest);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER record_version_no_update BEFORE UPDATE ON record_version BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER outbox_entry_no_update BEFORE UPDATE ON outbox_entry BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;
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
CREATE VIEW v_lineage AS
SELECT system || ':' || external_id AS document_key, fetched_at AS at, 'record' AS kind, id AS ref,
       system AS place, 'version ' || version || ' read' AS what, contract AS detail FROM record_version
UNION ALL
SELECT w.document_key, coalesce(s.ended_at, s.started_at), 'step', s.id, w.flow, s.name || ' ' || s.state, s.detail
FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id
UNION ALL
SELECT e.document_key, a.started_at, 'attempt', a.id, e.system, e.operation || ' ' || a.outcome, coalesce(a.message, '')
FROM attempt a JOIN outbox_entry e ON e.id = a.entry_id
UNION ALL
SELECT document_key, linked_at, 'crossref', 0, system, 'linked to ' || coalesce(number, external_id), why FROM crossref
UNION ALL
SELECT document_key, opened_at, 'exception', id, system, class, cause FROM exception_case
UNION ALL
SELECT document_key, noticed_at, 'finding', id, system, class, message FROM finding WHERE document_key IS NOT NULL
UNION ALL
SELECT subject, time, 'event', seq, source, type, data FROM event;
CREATE VIEW v_commitment AS
SELECT legal_entity, system, cost_centre, account, period, currency, stage, count(DISTINCT document_key) AS order_count,
       sum(amount_minor) AS amount_minor
FROM commitment_line GROUP BY legal_entity, system, cost_centre, account, period, currency, stage;
CREATE VIEW v_system AS
SELECT s.system, s.state, s.reason, s.until, s.failure_count, s.last_ok_at, s.last_failure_at, s.changed_at,
       (SELECT max(r.ended_at) FROM sync_run r WHERE r.system = s.system AND r.outcome = 'done') AS last_read_at
FROM system_state s;
CREATE VIEW v_finding AS SELECT * FROM finding;
CREATE VIEW v_event AS SELECT seq, id, type, source, subject, time, correlation_id, data FROM event;
CREATE VIEW v_audit AS
SELECT seq, json_extract(body, '$.at') AS at, json_extract(body, '$.who') AS who, json_extract(body, '$.what') AS what,
       json_extract(body, '$.subject') AS subject, json_extract(body, '$.why') AS why, body, hex(hash) AS hash FROM audit;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',1);
COMMIT;
