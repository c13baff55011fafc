"""The schema's history: m001_..., in order, never edited once released.

sqlite-utils applies each in one transaction with its record in `_sqlite_migrations`. Views are no migration:
they are dropped and made again from views.sql whenever its digest changes.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("finsync")

_M001 = """
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
CREATE UNIQUE INDEX record_version_of ON record_version(external_id, version, system, entity);

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
-- What tells records apart stands first: comparing thousands of equal entities and systems is what an insert would pay for.
CREATE UNIQUE INDEX record_key ON record(external_id, system, entity);
CREATE INDEX record_number ON record(number, entity);

CREATE TABLE identity (              -- exact identifiers by which twins are found
  value TEXT NOT NULL,
  kind TEXT NOT NULL,                -- number, tax_id, bank_account, party
  record_id INTEGER NOT NULL REFERENCES record(id),
  PRIMARY KEY (value, kind, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_of ON identity(record_id);

CREATE TABLE page_seen (             -- pages of full reads that brought nothing but what we hold
  entity TEXT NOT NULL,
  system TEXT NOT NULL,
  number INTEGER NOT NULL,           -- of the page, within its read
  digest BLOB NOT NULL,
  PRIMARY KEY (entity, system, number)
) STRICT, WITHOUT ROWID;

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
CREATE INDEX crossref_target ON crossref(entity, system, external_id);
CREATE INDEX crossref_number ON crossref(number);

CREATE TABLE watermark (
  system TEXT NOT NULL,
  entity TEXT NOT NULL,
  position TEXT,
  is_complete INTEGER NOT NULL,      -- 0 while a read is under way
  moved_at TEXT NOT NULL,
  PRIMARY KEY (system, entity)
) STRICT;

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
CREATE INDEX sync_run_last ON sync_run(system, entity, id);

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
CREATE INDEX event_subject ON event(subject, seq);

CREATE TABLE consumer (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

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
CREATE INDEX workflow_open ON workflow(state, wake_at) WHERE ended_at IS NULL;
CREATE INDEX workflow_at ON workflow(step, id) WHERE ended_at IS NULL;
CREATE INDEX workflow_document ON workflow(document_key, id);
CREATE INDEX workflow_number ON workflow(document_number);

CREATE TABLE workflow_step (
  id INTEGER PRIMARY KEY,
  workflow_id INTEGER NOT NULL REFERENCES workflow(id),
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('done', 'waiting', 'held', 'skipped', 'compensated')),
  started_at TEXT NOT NULL,
  ended_at TEXT,
  detail TEXT NOT NULL DEFAULT '{}'  -- decisions: rule, version, from, to
) STRICT;
CREATE INDEX workflow_step_of ON workflow_step(workflow_id, id);

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
CREATE INDEX outbox_entry_document ON outbox_entry(document_key, id);
CREATE INDEX outbox_entry_workflow ON outbox_entry(workflow_id);

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
CREATE INDEX delivery_due ON delivery(system, priority, next_at, entry_id) WHERE state = 'pending';
CREATE INDEX delivery_next ON delivery(next_at) WHERE state = 'pending';
CREATE INDEX delivery_claimed ON delivery(system, entry_id) WHERE state = 'claimed';
CREATE INDEX delivery_document ON delivery(document_key, system, entry_id);
CREATE INDEX delivery_state ON delivery(state, entry_id);

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
CREATE INDEX attempt_of ON attempt(entry_id, id);

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
CREATE UNIQUE INDEX exception_case_live ON exception_case(class, document_key) WHERE ended_at IS NULL;
CREATE INDEX exception_case_open ON exception_case(state, due_at, id);
CREATE INDEX exception_case_document ON exception_case(document_key, id);
CREATE INDEX exception_case_workflow ON exception_case(workflow_id);
CREATE INDEX exception_case_entry ON exception_case(entry_id);

CREATE TABLE case_note (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES exception_case(id),
  at TEXT NOT NULL,
  author TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX case_note_of ON case_note(case_id, id);

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
CREATE INDEX finding_class ON finding(class, id);
CREATE INDEX finding_document ON finding(document_key, id);

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
CREATE INDEX ruleset_version_digest ON ruleset_version(kind, name, digest);

CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,              -- host:pid:start
  token INTEGER NOT NULL,
  expires_at TEXT NOT NULL           -- by the machine's own clock, also in rehearsals
) STRICT;

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

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  body BLOB NOT NULL,                -- canonical JSON, exactly the bytes that were hashed
  hash BLOB NOT NULL                 -- sha256(previous hash || body)
) STRICT;
CREATE TABLE audit_protected (       -- erasable values; the chain holds only their salted digests
  seq INTEGER NOT NULL REFERENCES audit(seq),
  name TEXT NOT NULL,
  salt BLOB NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (seq, name)
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER record_version_no_update BEFORE UPDATE ON record_version BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER outbox_entry_no_update BEFORE UPDATE ON outbox_entry BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;

CREATE TABLE preference (            -- what the workbench remembers for a person
  person TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (person, name)
) STRICT;

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO meta VALUES ('audit_head', '0:0000000000000000000000000000000000000000000000000000000000000000');
"""


@migrations()
def m001_ground(db: Database) -> None:
    """Everything of release 0.1."""
    for statement in statements(_M001):
        db.execute(statement)


_M002 = """
CREATE TABLE commitment_relief (     -- what invoices have taken of a promise, per order line and account
  document_key TEXT NOT NULL,        -- of the order
  invoice_key TEXT NOT NULL,
  line TEXT NOT NULL,                -- number of the order line
  part INTEGER NOT NULL,
  legal_entity TEXT NOT NULL,
  system TEXT NOT NULL,
  cost_centre TEXT,
  account TEXT,
  period TEXT,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (document_key, invoice_key, line, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_relief_invoice ON commitment_relief(invoice_key);
"""


@migrations()
def m002_commitments_are_relieved(db: Database) -> None:
    """Invoices take from what orders promise."""
    for statement in statements(_M002):
        db.execute(statement)


_M003 = """
ALTER TABLE commitment_line ADD COLUMN line_number TEXT;
ALTER TABLE commitment_line ADD COLUMN project TEXT;
ALTER TABLE commitment_relief ADD COLUMN project TEXT;
UPDATE commitment_line SET line_number = (
  SELECT json_extract(v.body, '$.lines[' || (commitment_line.line - 1) || '].number')
  FROM record r JOIN record_version v ON v.id = r.version_id
  WHERE r.entity = 'commitment' AND r.system = 'finsync' AND r.external_id = commitment_line.document_key);
"""


@migrations()
def m003_commitments_by_order_line(db: Database) -> None:
    """What invoices take is counted while its order line promises something."""
    for statement in statements(_M003):
        db.execute(statement)


_M004 = """
CREATE TABLE proposal (              -- changes that wait, or waited, for a second person
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,                -- mapping
  name TEXT NOT NULL,                -- of the table
  base_version INTEGER NOT NULL,     -- the version it was made from
  base_digest TEXT NOT NULL,
  body TEXT NOT NULL,                -- all rows, as ruleset_version holds them
  digest TEXT NOT NULL,              -- SHA-256 of the body
  layer_version INTEGER NOT NULL,    -- the version of the profile's own table that it takes account of
  effective_from TEXT,               -- the day its rows were dated by, when they were
  reason TEXT NOT NULL,
  maker TEXT NOT NULL,
  made_at TEXT NOT NULL,
  maker_signature TEXT,
  rule TEXT NOT NULL CHECK (rule IN ('one', 'two')), -- how many persons it takes
  state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'withdrawn', 'superseded')),
  checker TEXT,
  decided_at TEXT,
  decision TEXT,
  signature TEXT,                    -- Ed25519 over the canonical JSON of all that, base64
  version INTEGER,                   -- of the ruleset it became
  replaces INTEGER REFERENCES proposal(id)
) STRICT;
CREATE INDEX proposal_state ON proposal(state, id);
CREATE INDEX proposal_name ON proposal(name, id);
CREATE INDEX proposal_replaces ON proposal(replaces);
CREATE INDEX proposal_decided ON proposal(decided_at) WHERE decided_at IS NOT NULL;
CREATE TRIGGER proposal_no_rewrite BEFORE UPDATE ON proposal WHEN old.state <> 'open'
  OR new.body <> old.body OR new.name <> old.name OR new.maker <> old.maker OR new.reason <> old.reason
BEGIN SELECT RAISE(ABORT, 'a proposal is decided once and never rewritten'); END;
CREATE TRIGGER proposal_no_delete BEFORE DELETE ON proposal BEGIN SELECT RAISE(ABORT, 'proposals stay'); END;
"""


@migrations()
def m004_proposals(db: Database) -> None:
    """Changes of mapping tables wait for a second person."""
    for statement in statements(_M004):
        db.execute(statement)


_M005 = """
DROP INDEX exception_case_live;
CREATE UNIQUE INDEX exception_case_live ON exception_case(class, document_key, entity) WHERE ended_at IS NULL;
"""


@migrations()
def m005_exceptions_by_entity(db: Database) -> None:
    """A system may number its orders and its invoices alike."""
    for statement in statements(_M005):
        db.execute(statement)


_M006 = """
CREATE TABLE reconcile_run (         -- one comparison of one definition between two systems
  id INTEGER PRIMARY KEY,
  definition TEXT NOT NULL,          -- orders, invoices, suppliers ...
  source_system TEXT NOT NULL,       -- several of them joined by '+', where they are read together
  target_system TEXT NOT NULL,
  entity TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('full', 'window', 'changes')),
  window_from TEXT,                  -- first period of a window, e.g. 2026-01
  window_to TEXT,                    -- and its last
  asked_by TEXT NOT NULL,            -- a person, or engine
  definition_digest TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('running', 'complete', 'failed', 'interrupted')),
  source_rows INTEGER NOT NULL DEFAULT 0,
  target_rows INTEGER NOT NULL DEFAULT 0,
  compared INTEGER NOT NULL DEFAULT 0,
  opened INTEGER NOT NULL DEFAULT 0,
  persisting INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0,
  error TEXT
) STRICT;
CREATE INDEX reconcile_run_last ON reconcile_run(definition, source_system, target_system, id);
CREATE INDEX reconcile_run_under_way ON reconcile_run(outcome) WHERE outcome = 'running';

CREATE TABLE control_total (         -- what both sides add up to, as one run saw it
  run_id INTEGER NOT NULL REFERENCES reconcile_run(id),
  legal_entity TEXT NOT NULL,        -- '' where a document names none
  period TEXT NOT NULL,
  currency TEXT NOT NULL,
  source_count INTEGER NOT NULL,
  source_minor INTEGER NOT NULL,
  target_count INTEGER NOT NULL,
  target_minor INTEGER NOT NULL,
  PRIMARY KEY (run_id, legal_entity, period, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE reconcile_break (       -- a difference between source and target
  id INTEGER PRIMARY KEY,
  definition TEXT NOT NULL,
  source_system TEXT NOT NULL,
  target_system TEXT NOT NULL,
  entity TEXT NOT NULL,
  key TEXT NOT NULL,                 -- by which both sides are matched
  aspect TEXT NOT NULL CHECK (aspect IN ('document', 'duplicate', 'total')),
  kind TEXT NOT NULL CHECK (kind IN ('missing_in_target', 'missing_in_source', 'field', 'status_lag', 'duplicate', 'control_total')),
  class TEXT NOT NULL CHECK (class IN ('timing', 'mapping', 'missing_master_data', 'manual_change', 'duplicate', 'rounding', 'unknown')),
  state TEXT NOT NULL CHECK (state IN ('open', 'explained', 'fixed', 'written_off', 'closed')),
  document_number TEXT NOT NULL,
  document_key TEXT,                 -- 'coupa:4711': what its workflow, exceptions and lineage are found by
  source_id TEXT,
  target_id TEXT,
  legal_entity TEXT,
  period TEXT,
  currency TEXT,
  amount_minor INTEGER,              -- at risk, never negative
  fields TEXT NOT NULL,              -- [[field, source, target], ...]
  evidence TEXT NOT NULL,            -- why it has its class
  fingerprint TEXT NOT NULL,         -- of kind and fields: another one is another difference
  owner TEXT,
  workflow_id INTEGER REFERENCES workflow(id),
  case_id INTEGER REFERENCES exception_case(id),
  entry_id INTEGER REFERENCES outbox_entry(id),
  opened_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  seen_count INTEGER NOT NULL DEFAULT 1,
  first_run_id INTEGER NOT NULL,     -- runs may be pruned, breaks stay
  last_run_id INTEGER NOT NULL,
  fix TEXT CHECK (fix IN ('resend', 'reread', 'adopt')), -- what a person did about it last
  changed_at TEXT NOT NULL,
  ended_at TEXT,                     -- since when nobody need look at it
  ended_by TEXT,
  resolution TEXT,
  proposal_id INTEGER REFERENCES proposal(id), -- of its write-off
  gone_at TEXT                       -- since when both sides agree; until then one row a key and aspect
) STRICT;
CREATE UNIQUE INDEX reconcile_break_live ON reconcile_break(key, definition, aspect, source_system, target_system) WHERE gone_at IS NULL;
CREATE INDEX reconcile_break_seen ON reconcile_break(definition, source_system, target_system, last_run_id) WHERE gone_at IS NULL;
CREATE INDEX reconcile_break_open ON reconcile_break(definition, class, id) WHERE state = 'open';
CREATE INDEX reconcile_break_document ON reconcile_break(document_key, id);
CREATE INDEX reconcile_break_workflow ON reconcile_break(workflow_id) WHERE workflow_id IS NOT NULL;
CREATE INDEX reconcile_break_case ON reconcile_break(case_id) WHERE case_id IS NOT NULL;
CREATE INDEX reconcile_break_entry ON reconcile_break(entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX reconcile_break_proposal ON reconcile_break(proposal_id) WHERE proposal_id IS NOT NULL;

CREATE TABLE break_history (         -- what happened to a break after it was opened
  id INTEGER PRIMARY KEY,
  break_id INTEGER NOT NULL REFERENCES reconcile_break(id),
  at TEXT NOT NULL,
  who TEXT NOT NULL,                 -- a person, or engine
  what TEXT NOT NULL,                -- assigned, commented, explained, changed, reopened, fix_asked, written_off, closed, fixed
  text TEXT NOT NULL,
  run_id INTEGER
) STRICT;
CREATE INDEX break_history_of ON break_history(break_id, id);
"""


@migrations()
def m006_breaks(db: Database) -> None:
    """What reconciliation found, and how it was closed."""
    for statement in statements(_M006):
        db.execute(statement)


_M007 = """
CREATE TABLE comparison_definition (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL) STRICT;

CREATE TABLE comparison_side (       -- one system's part in a definition, and how far it was read
  id INTEGER PRIMARY KEY,
  definition_id INTEGER NOT NULL REFERENCES comparison_definition(id),
  role TEXT NOT NULL CHECK (role IN ('source', 'target')),
  system TEXT NOT NULL,
  position TEXT,                     -- from where changes are read next, in the system's own time
  read_at TEXT,                      -- when it was last read to the end; null: never, so that nothing can be said yet
  full_at TEXT,
  UNIQUE (definition_id, role, system)
) STRICT;

CREATE TABLE comparison_row (        -- what is compared of one record, as it was last read from its system
  id INTEGER PRIMARY KEY,
  definition_id INTEGER NOT NULL,
  side_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  row_hash INTEGER NOT NULL,         -- 64 bits of its values, numbers counted in steps of their tolerance
  external_id TEXT NOT NULL,
  part INTEGER NOT NULL,             -- which of a record's rows
  number TEXT NOT NULL,
  document_key TEXT,
  legal_entity TEXT NOT NULL,
  period TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  changed_at TEXT,                   -- the system's own time
  changed_by TEXT,
  fields TEXT NOT NULL,              -- values in the order of the definition
  seen INTEGER NOT NULL              -- the run that read it last
) STRICT;
CREATE INDEX comparison_row_key ON comparison_row(definition_id, key, side_id, row_hash);
CREATE UNIQUE INDEX comparison_row_record ON comparison_row(side_id, external_id, part);

CREATE TABLE comparison_total (      -- kept with the rows, so that a control total costs nothing
  side_id INTEGER NOT NULL,
  legal_entity TEXT NOT NULL,
  period TEXT NOT NULL,
  currency TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (side_id, legal_entity, period, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_dirty (      -- keys whose rows changed since they were last compared
  definition_id INTEGER NOT NULL,
  target TEXT NOT NULL,              -- with which target systems
  key TEXT NOT NULL,
  PRIMARY KEY (definition_id, target, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_match (      -- what other rules than the key have paired
  definition_id INTEGER NOT NULL,
  target TEXT NOT NULL,
  source_key TEXT NOT NULL,
  target_key TEXT NOT NULL,
  rule TEXT NOT NULL,
  PRIMARY KEY (definition_id, target, source_key, target_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison_candidate (  -- rows that no key pairs: other rules may
  definition_id INTEGER NOT NULL,
  target TEXT NOT NULL,
  value TEXT NOT NULL,               -- what a rule asks to be equal; '': all that no key pairs
  is_target INTEGER NOT NULL,
  key TEXT NOT NULL,
  row_id INTEGER NOT NULL,
  PRIMARY KEY (definition_id, target, value, is_target, key, row_id)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m007_comparison(db: Database) -> None:
    """Both sides of what is reconciled, as they were read."""
    for statement in statements(_M007):
        db.execute(statement)


_M008 = """
CREATE TABLE promised (              -- what is promised, per distribution: requisitions not yet ordered, orders in the ERP
  document_key TEXT NOT NULL,
  stage TEXT NOT NULL,               -- commitment: a requisition; obligation: an order
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
  line_number TEXT,
  project TEXT,
  PRIMARY KEY (document_key, stage, line, distribution)
) STRICT, WITHOUT ROWID;
INSERT INTO promised SELECT document_key, stage, line, distribution, system, legal_entity, charge_account, cost_centre,
  account, period, currency, amount_minor, line_number, project FROM commitment_line;
DROP VIEW IF EXISTS v_commitment;    -- it reads the table; all views are made anew after the migrations
DROP TABLE commitment_line;
ALTER TABLE promised RENAME TO commitment_line;
INSERT OR IGNORE INTO identity(record_id, kind, value)
  SELECT r.id, 'requisition', json_extract(v.body, '$.requisition_id')
  FROM record r JOIN record_version v ON v.id = r.version_id
  WHERE r.entity = 'purchase_order' AND json_extract(v.body, '$.requisition_id') IS NOT NULL;
"""


@migrations()
def m008_requisitions_promise(db: Database) -> None:
    """Approved requisitions promise, too; Coupa numbers them as it numbers orders. Orders are found by theirs."""
    for statement in statements(_M008):
        db.execute(statement)


_M009 = """
CREATE TABLE close_certificate (     -- that nothing stood in the way of a period's close, as of one moment
  id INTEGER PRIMARY KEY,
  legal_entity TEXT NOT NULL,
  ledger TEXT NOT NULL,
  period TEXT NOT NULL,              -- as the ERP names it
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  certified_by TEXT NOT NULL,
  certified_at TEXT NOT NULL,
  digest TEXT NOT NULL,              -- SHA-256 of the documents that the period's books rest on
  body TEXT NOT NULL,                -- the certificate itself
  audit_seq INTEGER NOT NULL         -- of its entry in the audit log
) STRICT;
CREATE INDEX close_certificate_of ON close_certificate(legal_entity, starts_on, id);
CREATE TRIGGER close_certificate_no_update BEFORE UPDATE ON close_certificate BEGIN SELECT RAISE(ABORT, 'a certificate is never changed'); END;
"""


@migrations()
def m009_close_certificates(db: Database) -> None:
    """Periods are certified as ready to close."""
    for statement in statements(_M009):
        db.execute(statement)


_M010 = """
-- The queue of live exceptions is filtered and sorted in this index alone, however wide its rows and however many have ended.
CREATE INDEX exception_case_queue ON exception_case(due_at, id, class, state, currency, amount_minor, opened_at, owner, system,
  legal_entity, document_number, document_key, cause, ended_at) WHERE ended_at IS NULL;
CREATE INDEX exception_case_opened ON exception_case(opened_at);
CREATE INDEX exception_case_ended ON exception_case(ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX workflow_live ON workflow(flow, started_at, currency, amount_minor, id, ended_at) WHERE ended_at IS NULL;
CREATE INDEX workflow_tally ON workflow(state, currency, amount_minor);
CREATE INDEX workflow_changed ON workflow(changed_at, id);
CREATE INDEX workflow_ended ON workflow(ended_at, state) WHERE ended_at IS NOT NULL;
CREATE INDEX delivery_changed ON delivery(changed_at, entry_id);
"""


@migrations()
def m010_lists_by_index(db: Database) -> None:
    """Lists and counts of the workbench are read from indexes, not from whole tables."""
    for statement in statements(_M010):
        db.execute(statement)


_M011 = """
ALTER TABLE comparison_row ADD COLUMN is_expected INTEGER NOT NULL DEFAULT 1; -- 0: the other side need not have it
"""


@migrations()
def m011_expected_rows(db: Database) -> None:
    """Some documents need no twin: what was cancelled before it was sent."""
    for statement in statements(_M011):
        db.execute(statement)


_M012 = """
CREATE TABLE supplier_form (         -- what of a supplier is compared, by system
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version_id INTEGER NOT NULL,       -- the record_version it was made of
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  text TEXT NOT NULL,                -- the name's normal form, words in order of the alphabet
  joined TEXT NOT NULL,              -- the same words in their own order, run together
  country TEXT NOT NULL,
  postcode TEXT NOT NULL,
  town TEXT NOT NULL,
  tax_ids TEXT NOT NULL,             -- separated by spaces
  accounts TEXT NOT NULL,            -- fingerprints
  UNIQUE (system, external_id)
) STRICT;
CREATE TABLE supplier_key (          -- what a supplier is found by
  key TEXT NOT NULL,
  form_id INTEGER NOT NULL REFERENCES supplier_form(id),
  PRIMARY KEY (key, form_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX supplier_key_form ON supplier_key(form_id);
CREATE TABLE supplier_pair (         -- two suppliers that may be one, and how alike they are
  one TEXT NOT NULL,                 -- record keys, the smaller first
  other TEXT NOT NULL,
  score REAL NOT NULL,
  evidence TEXT NOT NULL,
  found_at TEXT NOT NULL,
  PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX supplier_pair_score ON supplier_pair(score DESC, one, other);
CREATE INDEX supplier_pair_other ON supplier_pair(other);
CREATE TABLE supplier_answer (       -- what people said about two suppliers: all of it stays, the newest counts
  id INTEGER PRIMARY KEY,
  one TEXT NOT NULL,
  other TEXT NOT NULL,
  answer TEXT NOT NULL CHECK (answer IN ('same', 'different')),
  answered_by TEXT NOT NULL,
  at TEXT NOT NULL,
  reason TEXT NOT NULL,
  score REAL,                        -- what the comparison had said
  is_newest INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX supplier_answer_newest ON supplier_answer(one, other) WHERE is_newest=1;
CREATE INDEX supplier_answer_other ON supplier_answer(other);
CREATE TRIGGER supplier_answer_no_delete BEFORE DELETE ON supplier_answer BEGIN SELECT RAISE(ABORT, 'answers stay'); END;
"""


@migrations()
def m012_suppliers_compared(db: Database) -> None:
    """Suppliers are compared, and what people say of them is kept."""
    for statement in statements(_M012):
        db.execute(statement)


_M013 = """
DROP INDEX comparison_row_key;
CREATE INDEX comparison_row_key ON comparison_row(definition_id, key, row_hash, side_id);
"""


@migrations()
def m013_equal_rows_side_by_side(db: Database) -> None:
    """Rows that agree lie next to each other, so that counting them tells: half the time of comparing their hashes."""
    for statement in statements(_M013):
        db.execute(statement)


_M014 = """
CREATE TABLE integration_run (       -- our runs in a system's own screens
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  code TEXT NOT NULL,                -- of the integration as it is set up there
  state TEXT NOT NULL CHECK (state IN ('starting', 'telling', 'finishing', 'finished', 'ended', 'failed')),
  read_count INTEGER NOT NULL,
  stored_count INTEGER NOT NULL,
  is_read_failed INTEGER NOT NULL,
  entry_id INTEGER REFERENCES outbox_entry(id),  -- what begins or ends it
  external_id TEXT,
  begun_at TEXT NOT NULL,
  ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX integration_run_open ON integration_run(system, code) WHERE state NOT IN ('ended', 'failed');
CREATE TABLE integration_error (     -- exceptions that a system's own screens show
  case_id INTEGER PRIMARY KEY REFERENCES exception_case(id),
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('untold', 'told', 'resolving', 'done')),
  is_over INTEGER NOT NULL DEFAULT 0,            -- the exception has ended
  run_id INTEGER REFERENCES integration_run(id),
  entry_id INTEGER REFERENCES outbox_entry(id),
  resolve_entry_id INTEGER REFERENCES outbox_entry(id)
) STRICT;
CREATE INDEX integration_error_untold ON integration_error(system, code) WHERE state='untold' AND is_over=0;
CREATE INDEX integration_error_over ON integration_error(system, state) WHERE is_over=1 AND state IN ('told', 'resolving');
CREATE INDEX integration_error_run ON integration_error(run_id);
CREATE INDEX integration_error_entry ON integration_error(entry_id);
CREATE INDEX integration_error_resolved ON integration_error(resolve_entry_id);
CREATE INDEX integration_run_entry ON integration_run(entry_id);
CREATE TRIGGER exception_case_over AFTER UPDATE OF ended_at ON exception_case
  WHEN NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL
  BEGIN UPDATE integration_error SET is_over=1 WHERE case_id=NEW.id; END;
"""


@migrations()
def m014_shown_in_their_screens(db: Database) -> None:
    """Systems that show the runs and errors of integrations are told of ours."""
    for statement in statements(_M014):
        db.execute(statement)


_M015 = """
ALTER TABLE exception_case ADD COLUMN proposal_id INTEGER REFERENCES proposal(id); -- of its write-off
ALTER TABLE exception_case ADD COLUMN is_written_off INTEGER NOT NULL DEFAULT 0;   -- given up: resolved, and its money with it
CREATE INDEX exception_case_proposal ON exception_case(proposal_id) WHERE proposal_id IS NOT NULL;
"""


@migrations()
def m015_exceptions_written_off(db: Database) -> None:
    """An exception can be written off, by two persons where the profile says so."""
    for statement in statements(_M015):
        db.execute(statement)


_M016 = """
CREATE TABLE golden_supplier (       -- the one supplier that records of several systems are
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,          -- the newest of golden_version
  name TEXT NOT NULL,                -- as its newest version says, for lists
  number TEXT NOT NULL,
  status TEXT NOT NULL,
  kind TEXT NOT NULL,
  country TEXT,
  into_id INTEGER REFERENCES golden_supplier(id), -- the one its records went to; it has none of its own any more
  made_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX golden_supplier_name ON golden_supplier(name);
CREATE INDEX golden_supplier_into ON golden_supplier(into_id) WHERE into_id IS NOT NULL;
CREATE TABLE golden_member (         -- which record of which system belongs to which of them now
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  golden_id INTEGER NOT NULL REFERENCES golden_supplier(id),
  why TEXT NOT NULL,                 -- alone, person, linked, proof
  legal_entities TEXT NOT NULL,      -- that order from it there: JSON array
  PRIMARY KEY (system, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX golden_member_of ON golden_member(golden_id);
CREATE TABLE golden_version (        -- what each of them was: every version stays
  golden_id INTEGER NOT NULL REFERENCES golden_supplier(id),
  version INTEGER NOT NULL,
  fields TEXT NOT NULL,              -- {field: {value, from, version, rule}}
  members TEXT NOT NULL,             -- ["system:id", ...]
  content_hash BLOB NOT NULL,
  made_at TEXT NOT NULL,
  PRIMARY KEY (golden_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE golden_past (           -- to which of them a record belonged before
  id INTEGER PRIMARY KEY,
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  golden_id INTEGER NOT NULL REFERENCES golden_supplier(id),
  until TEXT NOT NULL
) STRICT;
CREATE INDEX golden_past_of ON golden_past(system, external_id);
CREATE INDEX golden_past_golden ON golden_past(golden_id);
CREATE TABLE golden_due (            -- records whose golden record has to be looked at again; one may stand there twice
  key TEXT NOT NULL                  -- 'system:id'
) STRICT;
CREATE INDEX golden_due_key ON golden_due(key);
CREATE TRIGGER golden_version_no_update BEFORE UPDATE ON golden_version BEGIN SELECT RAISE(ABORT, 'versions stay'); END;
CREATE TRIGGER golden_version_no_delete BEFORE DELETE ON golden_version BEGIN SELECT RAISE(ABORT, 'versions stay'); END;
CREATE TRIGGER golden_due_form AFTER INSERT ON supplier_form
  BEGIN INSERT INTO golden_due VALUES (NEW.system || ':' || NEW.external_id); END;
CREATE TRIGGER golden_due_form_changed AFTER UPDATE ON supplier_form
  BEGIN INSERT INTO golden_due VALUES (NEW.system || ':' || NEW.external_id); END;
CREATE TRIGGER golden_due_pair AFTER INSERT ON supplier_pair
  BEGIN INSERT INTO golden_due VALUES (NEW.one), (NEW.other); END;
CREATE TRIGGER golden_due_pair_changed AFTER UPDATE OF score ON supplier_pair WHEN NEW.score<>OLD.score
  BEGIN INSERT INTO golden_due VALUES (NEW.one), (NEW.other); END;
CREATE TRIGGER golden_due_pair_gone AFTER DELETE ON supplier_pair
  BEGIN INSERT INTO golden_due VALUES (OLD.one), (OLD.other); END;
CREATE TRIGGER golden_due_answer AFTER INSERT ON supplier_answer
  BEGIN INSERT INTO golden_due VALUES (NEW.one), (NEW.other); END;
CREATE TRIGGER golden_due_answer_changed AFTER UPDATE ON supplier_answer
  BEGIN INSERT INTO golden_due VALUES (NEW.one), (NEW.other); END;
CREATE TRIGGER golden_due_link AFTER INSERT ON crossref WHEN NEW.entity='supplier'
  BEGIN INSERT INTO golden_due VALUES (NEW.document_key), (NEW.system || ':' || NEW.external_id); END;
CREATE TRIGGER golden_due_link_changed AFTER UPDATE OF external_id ON crossref
  WHEN NEW.entity='supplier' AND NEW.external_id<>OLD.external_id
  BEGIN INSERT INTO golden_due VALUES (NEW.document_key), (NEW.system || ':' || NEW.external_id),
    (OLD.system || ':' || OLD.external_id); END;
CREATE TRIGGER golden_due_link_gone AFTER DELETE ON crossref WHEN OLD.entity='supplier'
  BEGIN INSERT INTO golden_due VALUES (OLD.document_key), (OLD.system || ':' || OLD.external_id); END;
INSERT INTO golden_due SELECT system || ':' || external_id FROM supplier_form;
"""


@migrations()
def m016_golden_suppliers(db: Database) -> None:
    """Records of several systems that are one supplier have one golden record, with its history."""
    for statement in statements(_M016):
        db.execute(statement)


_M017 = """
CREATE TABLE supplier_merge (        -- doubles that were merged into one supplier
  id INTEGER PRIMARY KEY,
  keep_key TEXT NOT NULL,            -- records: 'system:id'
  double_key TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('proposed', 'merging', 'merged', 'parting', 'parted', 'rejected', 'withdrawn', 'given_up')),
  plan TEXT NOT NULL,                -- as its persons signed it
  applied TEXT NOT NULL,             -- what was done in this store
  reason TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TEXT NOT NULL,
  proposal_id INTEGER REFERENCES proposal(id),
  workflow_id INTEGER REFERENCES workflow(id),
  parting_reason TEXT,
  parted_by TEXT,
  parting_workflow_id INTEGER REFERENCES workflow(id),
  changed_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX supplier_merge_live ON supplier_merge(double_key)
  WHERE state IN ('proposed', 'merging', 'merged', 'parting');
CREATE INDEX supplier_merge_double ON supplier_merge(double_key);
CREATE INDEX supplier_merge_keep ON supplier_merge(keep_key);
CREATE INDEX supplier_merge_proposal ON supplier_merge(proposal_id);
CREATE INDEX supplier_merge_workflow ON supplier_merge(workflow_id);
CREATE INDEX supplier_merge_parting ON supplier_merge(parting_workflow_id);
"""


@migrations()
def m017_supplier_merges(db: Database) -> None:
    """Doubles are merged into one supplier, and parted again."""
    for statement in statements(_M017):
        db.execute(statement)


_M018 = """
CREATE TABLE commitment_taken (      -- what orders promise in a requisition's place; it is the requisition's again when the ERP
  document_key TEXT NOT NULL,        -- holds none of them any more: same columns as commitment_line
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
  line_number TEXT,
  project TEXT,
  PRIMARY KEY (document_key, line, distribution)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m018_promises_taken_over(db: Database) -> None:
    """What an order took over from its requisition is kept: an order that is given up gives it back."""
    for statement in statements(_M018):
        db.execute(statement)


@migrations()
def m019_causes_by_index(db: Database) -> None:
    """What is stuck is counted by cause within milliseconds, 100,000 exceptions too."""
    db.execute(
        "CREATE INDEX exception_case_cause ON exception_case(class, currency, due_at, opened_at, amount_minor)"
        " WHERE ended_at IS NULL"
    )


_M020 = """
ALTER TABLE comparison_row ADD COLUMN is_double INTEGER NOT NULL DEFAULT 0; -- 1: its side held the key already when it came
UPDATE comparison_row SET is_double=1 WHERE EXISTS (SELECT 1 FROM comparison_row one WHERE one.definition_id=comparison_row.definition_id
  AND one.key=comparison_row.key AND one.side_id=comparison_row.side_id AND one.id<comparison_row.id);
CREATE INDEX comparison_row_double ON comparison_row(definition_id, key, side_id) WHERE is_double=1;
"""


@migrations()
def m020_doubles_noted(db: Database) -> None:
    """What a side holds twice is noted when it is read, so that a comparison need not look for it."""
    for statement in statements(_M020):
        db.execute(statement)


_M021 = """
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT v.body ->> '$.party_id', 'owner_party', r.id FROM record r JOIN record_version v ON v.id=r.version_id
  WHERE r.entity='supplier_bank_account' AND v.body ->> '$.party_id' IS NOT NULL;
"""


@migrations()
def m021_accounts_by_party(db: Database) -> None:
    """Bank accounts that hang on a party are found by it, as new ones are."""
    for statement in statements(_M021):
        db.execute(statement)


@migrations()
def m022_steps_due_and_requests_kept(db: Database) -> None:
    """A step that is over keeps until when it had to be; an attempt of an edited delivery keeps what it sent."""
    db.execute("ALTER TABLE workflow_step ADD COLUMN due_at TEXT")
    db.execute("ALTER TABLE attempt ADD COLUMN edited_body TEXT")  # NULL: the body as it was decided


@migrations()
def m023_accounts_by_party_compared(db: Database) -> None:
    """Suppliers are compared by the accounts of their party, too: all of them are looked at once more."""
    db.execute("DELETE FROM meta WHERE name='suppliers.seen'")


_M024 = """
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT (v.body ->> '$.legal_entity') || '/' || coalesce(v.body ->> '$.cost_centre', '') || '/'
    || coalesce(v.body ->> '$.account', '') || '/' || coalesce(v.body ->> '$.project', ''), 'charged', r.id
  FROM record r JOIN record_version v ON v.id=r.version_id WHERE r.entity='budget';
"""


@migrations()
def m024_budgets_by_what_is_charged(db: Database) -> None:
    """Budgets are found by what is charged to them, as new ones are."""
    for statement in statements(_M024):
        db.execute(statement)


@migrations()
def m025_calls_kept(db: Database) -> None:
    """An attempt keeps what went over the wire: method, path and body of each request, without secrets."""
    db.execute("ALTER TABLE attempt ADD COLUMN calls BLOB")  # NULL: none, or made by an older version


@migrations()
def m026_answers_by_two(db: Database) -> None:
    """A word that two suppliers are one names the proposal by which persons agreed on it."""
    db.execute("ALTER TABLE supplier_answer ADD COLUMN proposal_id INTEGER")  # NULL: one person said it


_M027 = """
CREATE TABLE comparison_read (       -- what the rows of a record were made of, so that they are not made again
  side_id INTEGER NOT NULL,
  external_id TEXT NOT NULL,
  digest BLOB NOT NULL,              -- of what its system sent, of links and of settings
  PRIMARY KEY (side_id, external_id)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m027_unchanged_not_compared_anew(db: Database) -> None:
    """A full read of what has not changed decodes nothing."""
    for statement in statements(_M027):
        db.execute(statement)


_M028 = """
CREATE TABLE audit_checkpoint (      -- the end of the chain at a moment, signed with a key outside the store
  seq INTEGER PRIMARY KEY,           -- of the last entry that it covers
  head TEXT NOT NULL,
  at TEXT NOT NULL,
  public TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
  BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
  BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
"""


@migrations()
def m028_signed_checkpoints(db: Database) -> None:
    """The audit log's end is signed from time to time."""
    for statement in statements(_M028):
        db.execute(statement)


@migrations()
def m029_breaker_by_deliveries(db: Database) -> None:
    """Reads that work don't hide that deliveries fail."""
    db.execute("ALTER TABLE system_state ADD COLUMN write_failure_count INTEGER NOT NULL DEFAULT 0")
    db.execute(
        "ALTER TABLE system_state ADD COLUMN is_on_trial INTEGER NOT NULL DEFAULT 0 CHECK (is_on_trial IN (0, 1))"
    )


_M030 = """
CREATE TABLE expenditure_line (      -- what posted invoices charge to cost without an order
  invoice_key TEXT NOT NULL,
  part INTEGER NOT NULL,
  legal_entity TEXT NOT NULL,
  system TEXT NOT NULL,
  charge_account TEXT NOT NULL,
  cost_centre TEXT,
  account TEXT,
  project TEXT,
  period TEXT,                       -- budget period that the invoice names
  booked_on TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (invoice_key, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX expenditure_line_place ON expenditure_line(legal_entity, currency, booked_on);
"""


@migrations()
def m030_spending_without_orders(db: Database) -> None:
    """Invoices without an order use budgets, too."""
    for statement in statements(_M030):
        db.execute(statement)


_M031 = """
CREATE TABLE comparison_unreadable ( -- records that a side showed, that nobody could read, and that no row is held of
  side_id INTEGER NOT NULL,
  external_id TEXT NOT NULL,
  seen INTEGER NOT NULL,             -- the run that was shown it last
  PRIMARY KEY (side_id, external_id)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m031_unreadable_is_not_missing(db: Database) -> None:
    """What a system shows and nobody can read is there."""
    for statement in statements(_M031):
        db.execute(statement)


_M032 = """
CREATE TABLE commitment_ended (      -- where lines of orders were charged that promise nothing any more: what is invoiced of
  document_key TEXT NOT NULL,        -- them is spent there; same columns as commitment_line
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
  line_number TEXT NOT NULL,
  project TEXT,
  PRIMARY KEY (document_key, line_number, distribution)
) STRICT, WITHOUT ROWID;
INSERT INTO commitment_ended
  SELECT r.external_id, l.key + 1, d.key + 1, coalesce(w.target, ''), json_extract(v.body, '$.legal_entity'),
         json_extract(d.value, '$.charge_account'), json_extract(d.value, '$.cost_centre'),
         json_extract(d.value, '$.account'), json_extract(d.value, '$.period'), json_extract(d.value, '$.amount.currency'),
         json_extract(d.value, '$.amount.amount_minor'), json_extract(l.value, '$.number'), json_extract(d.value, '$.project')
  FROM record r JOIN record_version v ON v.id = r.version_id
  JOIN json_each(v.body, '$.lines') l JOIN json_each(l.value, '$.distributions') d
  LEFT JOIN workflow w ON w.id = (SELECT max(id) FROM workflow
                                  WHERE document_key = r.external_id AND flow = 'requisition_to_pay')
  WHERE r.entity = 'commitment' AND r.system = 'finsync' AND NOT EXISTS (
    SELECT 1 FROM commitment_line c WHERE c.document_key = r.external_id AND c.stage = 'obligation'
      AND c.line_number = json_extract(l.value, '$.number'));
ALTER TABLE commitment_relief ADD COLUMN booked_on TEXT;
UPDATE commitment_relief SET booked_on = (
  SELECT coalesce(json_extract(w.data, '$.accounting_on'), substr(w.started_at, 1, 10)) FROM workflow w
  WHERE w.document_key = commitment_relief.invoice_key AND w.entity = 'invoice' ORDER BY w.id DESC LIMIT 1);
UPDATE commitment_relief SET (cost_centre, account, project, period) = (
  SELECT e.cost_centre, e.account, e.project, e.period FROM commitment_ended e
  WHERE e.document_key = commitment_relief.document_key AND e.line_number = commitment_relief.line GROUP BY e.line_number HAVING count(*) = 1)
WHERE part = 0; -- invoiced after the line had ended
CREATE INDEX commitment_relief_place ON commitment_relief(legal_entity, currency, cost_centre, account);
"""


@migrations()
def m032_spent_on_ended_orders(db: Database) -> None:
    """What was invoiced of an order line uses its budget after the line has ended."""
    for statement in statements(_M032):
        db.execute(statement)


_M033 = """
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT normal(coalesce(v.body ->> '$.supplier_number', v.body ->> '$.supplier_id', v.body ->> '$.supplier_name', ''))
    || '/' || stem(v.body ->> '$.number'), 'supplier_near', r.id
  FROM record r JOIN record_version v ON v.id=r.version_id WHERE r.entity='invoice';
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT normal(coalesce(v.body ->> '$.payee_number', v.body ->> '$.payee_name')) || '/' || (a.value ->> '$.amount_minor') || '/'
    || (a.value ->> '$.currency'), 'payee_amount', r.id
  FROM record r JOIN record_version v ON v.id=r.version_id JOIN (
    SELECT id, body -> '$.amount' AS value FROM record_version WHERE entity='payment'
    UNION ALL SELECT o.id, i.value -> '$.amount' FROM record_version o, json_each(o.body, '$.invoices') i WHERE o.entity='payment') a
    ON a.id=v.id
  WHERE r.entity='payment' AND coalesce(v.body ->> '$.payee_number', v.body ->> '$.payee_name') <> '';
"""


@migrations()
def m033_near_numbers_and_amounts_paid(db: Database) -> None:
    """Invoices are found by numbers that were typed otherwise, payments by payee and amount, as new ones are."""
    from store.canonical.numbers import stem
    from store.canonical.supplier import normal

    db.conn.create_function("stem", 1, stem, deterministic=True)
    db.conn.create_function("normal", 1, normal, deterministic=True)
    for statement in statements(_M033):
        db.execute(statement)


_M034 = """
ALTER TABLE commitment_line ADD COLUMN budget_on TEXT;
ALTER TABLE commitment_taken ADD COLUMN budget_on TEXT;
ALTER TABLE commitment_ended ADD COLUMN budget_on TEXT;
ALTER TABLE commitment_relief ADD COLUMN budget_on TEXT;
ALTER TABLE expenditure_line ADD COLUMN budget_on TEXT;
UPDATE commitment_line SET budget_on = (
  SELECT CASE WHEN period GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]' AND substr(min(w.started_at), 1, 7) <> period
              THEN period || '-01' ELSE substr(min(w.started_at), 1, 10) END
  FROM workflow w WHERE w.document_key = commitment_line.document_key
    AND w.entity = CASE stage WHEN 'commitment' THEN 'requisition' ELSE 'purchase_order' END);
UPDATE commitment_taken SET budget_on = (
  SELECT CASE WHEN period GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]' AND substr(min(w.started_at), 1, 7) <> period
              THEN period || '-01' ELSE substr(min(w.started_at), 1, 10) END
  FROM workflow w WHERE w.document_key = commitment_taken.document_key AND w.entity = 'requisition');
UPDATE commitment_ended SET budget_on = (
  SELECT CASE WHEN period GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]' AND substr(min(w.started_at), 1, 7) <> period
              THEN period || '-01' ELSE substr(min(w.started_at), 1, 10) END
  FROM workflow w WHERE w.document_key = commitment_ended.document_key AND w.entity = 'purchase_order');
UPDATE commitment_relief SET budget_on = coalesce(
  (SELECT l.budget_on FROM commitment_line l WHERE l.document_key = commitment_relief.document_key AND l.stage = 'obligation'
     AND l.line_number = commitment_relief.line AND l.distribution = commitment_relief.part),
  (SELECT e.budget_on FROM commitment_ended e WHERE e.document_key = commitment_relief.document_key
     AND e.line_number = commitment_relief.line AND e.distribution = commitment_relief.part));
UPDATE expenditure_line SET budget_on = booked_on;
"""


@migrations()
def m034_budget_days(db: Database) -> None:
    """Budgets bear what is charged by days: a promise counts on the day it was made, within the period that it names."""
    for statement in statements(_M034):
        db.execute(statement)


_M035 = """
ALTER TABLE integration_run ADD COLUMN close_again_at TEXT;  -- of one that failed and is open there: when it is ended once more
CREATE INDEX integration_run_left_open ON integration_run(system, code) WHERE state = 'failed' AND external_id IS NOT NULL;
UPDATE integration_run SET close_again_at = ended_at WHERE state = 'failed' AND external_id IS NOT NULL;
"""


@migrations()
def m035_runs_left_open(db: Database) -> None:
    """Runs that a system still shows as open, since it did not take their end, are ended once more."""
    for statement in statements(_M035):
        db.execute(statement)


_M036 = """
CREATE TABLE emergency (             -- changes that one person put in force at once; a second says yes or no afterwards
  proposal_id INTEGER PRIMARY KEY REFERENCES proposal(id),
  put_at TEXT NOT NULL,
  version INTEGER NOT NULL,          -- of the ruleset it became
  signature TEXT NOT NULL,           -- of its maker, over the proposal, this moment and this version
  step_before INTEGER NOT NULL,      -- the newest workflow_step that was decided before it
  ending TEXT CHECK (ending IN ('approved', 'rejected', 'withdrawn', 'late')),
  ended_at TEXT,
  ended_by TEXT,
  looked_at TEXT,                    -- when the documents that were decided under it were looked at, where it was not approved
  found_count INTEGER                -- so many of them would be decided otherwise
) STRICT;
CREATE INDEX emergency_live ON emergency(proposal_id) WHERE looked_at IS NULL;
CREATE TRIGGER emergency_no_rewrite BEFORE UPDATE ON emergency WHEN new.proposal_id <> old.proposal_id
  OR new.put_at <> old.put_at OR new.version <> old.version OR new.signature <> old.signature
  OR (old.ended_at IS NOT NULL AND (new.ended_at IS NOT old.ended_at OR new.ending IS NOT old.ending))
BEGIN SELECT RAISE(ABORT, 'an emergency change is decided once and never rewritten'); END;
CREATE TRIGGER emergency_no_delete BEFORE DELETE ON emergency BEGIN SELECT RAISE(ABORT, 'emergency changes stay'); END;
"""


@migrations()
def m036_emergencies(db: Database) -> None:
    """Changes that are in force before a second person has approved them."""
    for statement in statements(_M036):
        db.execute(statement)


_M037 = """
CREATE TABLE change_set (            -- changes of the profile's files that came from another environment
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,              -- of what was signed
  body TEXT NOT NULL,                -- the change set as it was handed over, with its signatures
  before TEXT NOT NULL,              -- by path, what each file said before; null: it was not there
  source TEXT NOT NULL,              -- name of the workspace it came from
  maker TEXT NOT NULL,
  checker TEXT,
  reason TEXT NOT NULL,
  file_count INTEGER NOT NULL,
  applied_by TEXT NOT NULL,
  applied_at TEXT NOT NULL,
  is_written INTEGER NOT NULL DEFAULT 0, -- 1: every file is as it says
  rolled_back_by TEXT,
  rolled_back_at TEXT,
  rolled_back_why TEXT
) STRICT;
CREATE TRIGGER change_set_no_rewrite BEFORE UPDATE ON change_set WHEN new.body <> old.body OR new.before <> old.before
  OR old.rolled_back_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a change set is never rewritten'); END;
CREATE TRIGGER change_set_no_delete BEFORE DELETE ON change_set BEGIN SELECT RAISE(ABORT, 'change sets stay'); END;
"""


@migrations()
def m037_change_sets(db: Database) -> None:
    """What was moved from one environment to another, and what was there before."""
    for statement in statements(_M037):
        db.execute(statement)


_M038 = """
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT i.payee || '/' || i.value, i.kind, i.id FROM (
    SELECT r.id, comparable(coalesce(v.body ->> '$.supplier_number', v.body ->> '$.supplier_id', v.body ->> '$.supplier_name', ''))
      AS payee, k.kind, CASE k.kind WHEN 'supplier_invoice' THEN comparable(v.body ->> '$.number')
      WHEN 'supplier_near' THEN stem(v.body ->> '$.number')
      ELSE (v.body ->> '$.total.amount_minor') || '/' || (v.body ->> '$.currency') END AS value
    FROM record r JOIN record_version v ON v.id=r.version_id
    JOIN (SELECT 'supplier_invoice' AS kind UNION ALL SELECT 'supplier_near' UNION ALL SELECT 'supplier_amount') k
    WHERE r.entity='invoice' AND v.body GLOB '*[^ -~]*') i;
INSERT OR IGNORE INTO identity(value, kind, record_id)
  SELECT comparable(coalesce(v.body ->> '$.payee_number', v.body ->> '$.payee_name')) || '/' || (a.value ->> '$.amount_minor') || '/'
    || (a.value ->> '$.currency'), 'payee_amount', r.id
  FROM record r JOIN record_version v ON v.id=r.version_id JOIN (
    SELECT id, body -> '$.amount' AS value FROM record_version WHERE entity='payment'
    UNION ALL SELECT o.id, i.value -> '$.amount' FROM record_version o, json_each(o.body, '$.invoices') i WHERE o.entity='payment') a
    ON a.id=v.id
  WHERE r.entity='payment' AND v.body GLOB '*[^ -~]*' AND coalesce(v.body ->> '$.payee_number', v.body ->> '$.payee_name') <> '';
"""


@migrations()
def m038_numbers_of_any_script(db: Database) -> None:
    """Invoices and payments are found by what their numbers and payees are in any script, as new ones are."""
    from store.canonical.numbers import comparable, stem

    db.conn.create_function("stem", 1, stem, deterministic=True)
    db.conn.create_function("comparable", 1, comparable, deterministic=True)
    for statement in statements(_M038):
        db.execute(statement)


_M039 = """
ALTER TABLE exception_case ADD COLUMN owner_role TEXT;   -- the role that answers for its cause; '': nobody does
ALTER TABLE exception_case ADD COLUMN routed_for TEXT;   -- what it is about: `mapping cost_centre`
ALTER TABLE exception_case ADD COLUMN routed_at TEXT;
ALTER TABLE exception_case ADD COLUMN escalated_at TEXT; -- when the deputy's role got it
CREATE INDEX exception_case_unrouted ON exception_case(id) WHERE ended_at IS NULL AND routed_at IS NULL;
CREATE INDEX exception_case_untaken ON exception_case(routed_at) WHERE ended_at IS NULL AND escalated_at IS NULL AND owner IS NULL;
"""


@migrations()
def m039_exceptions_routed(db: Database) -> None:
    """Exceptions go to the role that answers for their cause, and after a time to its deputy."""
    for statement in statements(_M039):
        db.execute(statement)


@migrations()
def m040_suppliers_of_more_scripts(db: Database) -> None:
    """Names in Arabic, Hebrew, Japanese and Korean have another normal form: all suppliers are looked at once more."""
    db.execute("DELETE FROM meta WHERE name='suppliers.seen'")


_M041 = """
CREATE TABLE audit_archive (         -- the first entries of the log, where they lie in a file now
  last INTEGER PRIMARY KEY,          -- the last entry of it
  first INTEGER NOT NULL,
  before TEXT NOT NULL,              -- hash of the entry before the first
  head TEXT NOT NULL,                -- hash of the last
  until TEXT NOT NULL,               -- when the last was written
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  public TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_archive_no_update BEFORE UPDATE ON audit_archive
  BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END;
CREATE TRIGGER audit_archive_no_delete BEFORE DELETE ON audit_archive
  BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END;
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
  WHEN OLD.seq > (SELECT coalesce(max(last), 0) FROM audit_archive)
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


@migrations()
def m041_audit_archives(db: Database) -> None:
    """Old entries of the audit log may leave the store for a file that proves itself."""
    for statement in statements(_M041):
        db.execute(statement)


@migrations()
def m042_holds_by_document(db: Database) -> None:
    """What holds an invoice in an ERP is found without reading all that was ever sent."""
    db.execute(
        "CREATE INDEX outbox_entry_hold ON outbox_entry(system, external_id) WHERE operation='invoice.hold'"
    )


_M043 = """
CREATE TABLE erasure (               -- what was erased of a record: who it names, or its bank account
  id INTEGER PRIMARY KEY,
  entity TEXT NOT NULL,
  system TEXT NOT NULL,
  external_id TEXT NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('personal', 'bank')),
  through_version INTEGER NOT NULL,  -- its versions up to this one
  value_count INTEGER NOT NULL,
  at TEXT NOT NULL,
  who TEXT NOT NULL,                 -- a person, or engine
  audit_seq INTEGER NOT NULL         -- the entry that has the digests of what was erased
) STRICT;
CREATE INDEX erasure_of ON erasure(external_id, system, entity);
CREATE TRIGGER erasure_no_update BEFORE UPDATE ON erasure BEGIN SELECT RAISE(ABORT, 'what was erased stays told'); END;
CREATE TRIGGER erasure_no_delete BEFORE DELETE ON erasure BEGIN SELECT RAISE(ABORT, 'what was erased stays told'); END;
"""


@migrations()
def m043_erasures(db: Database) -> None:
    """Fields are erased when their time is over, or on request."""
    for statement in statements(_M043):
        db.execute(statement)


_M044 = """
DROP TRIGGER emergency_no_rewrite;
CREATE TRIGGER emergency_no_rewrite BEFORE UPDATE ON emergency WHEN new.proposal_id <> old.proposal_id
  OR new.put_at <> old.put_at OR new.version <> old.version OR new.signature <> old.signature OR new.step_before <> old.step_before
  OR (old.ended_at IS NOT NULL AND (new.ended_at IS NOT old.ended_at OR new.ending IS NOT old.ending))
BEGIN SELECT RAISE(ABORT, 'an emergency change is decided once and never rewritten'); END;
"""


@migrations()
def m044_emergency_steps_stay(db: Database) -> None:
    """From which step on documents were decided under an emergency change is never rewritten."""
    for statement in statements(_M044):
        db.execute(statement)


def statements(script: str) -> list[str]:
    """Split a script at the semicolons that end statements; sqlite3.complete_statement knows about triggers."""
    import sqlite3

    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if pending.strip() and sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
