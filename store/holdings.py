"""Where the workspace keeps what names people or bank accounts: every column of every table, and the files beside them.

A column that is neither in a holding nor named as free of both fails a test: a migration can't add one unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Holds = Literal["people", "work", "parties", "bank", "words"]
MEANING: Final[Mapping[Holds, str]] = {
    "people": "names, logins, e-mail and numbers of employees, as their systems show them",
    "work": "who of the people in the profile did something here, by name",
    "parties": "names, tax numbers and addresses of suppliers: personal data where one is a person",
    "bank": "fingerprints under the workspace's key and the last characters of bank accounts; never a whole number",
    "words": "what people or systems wrote freely",
}


@dataclass(frozen=True, slots=True)
class Holding:
    """One place, and why it is there."""

    place: str
    columns: str
    """Of a table; empty: a file."""
    holds: tuple[Holds, ...]
    why: str
    ends: str
    """How what stands there ends, or how it is erased."""
    seen: str
    """By whom, beside whoever can read the file."""


_ALL = "everybody who works here"
_STAYS = "with the workspace"
_EVIDENCE = "with the workspace: it proves who decided"

HOLDINGS: Final = (
    Holding("record_version", "changed_by body payload", ("people", "parties", "bank", "words"), "what was read, and what was made of it: the proof of each decision", _STAYS, "explain, evidence packs"),
    Holding("record", "external_id number", ("people", "parties"), "which version is the newest", _STAYS, _ALL),
    Holding("identity", "value", ("people", "parties", "bank"), "twins in other systems are found by it", "with the next version of its record", "nobody: an index"),
    Holding("crossref", "external_id number", ("people", "parties"), "one business thing, its id in each system", _STAYS, _ALL),
    Holding("event", "subject data", ("people", "parties"), "what happened, for flows and subscribers", _STAYS, "events tail, evidence packs, subscribers"),
    Holding("workflow", "document_number data", ("people", "parties", "bank", "words"), "what a process decided, so that it goes on after a crash", _STAYS, _ALL),
    Holding("workflow_step", "detail", ("people", "parties", "words"), "which rule decided what", _STAYS, "explain, evidence packs"),
    Holding("outbox_entry", "body", ("people", "parties", "bank", "words"), "the decision to tell a system", _STAYS, "outbox show, explain, evidence packs"),
    Holding("delivery", "edited_body receipt message", ("people", "parties", "bank", "words"), "what a person sends in its place, what the system said", _STAYS, "outbox show, explain, evidence packs"),
    Holding("attempt", "message answer edited_body calls", ("people", "parties", "bank", "words"), "each call, as the proof of what was sent", _STAYS, "outbox show, explain, evidence packs"),
    Holding("exception_case", "document_number cause fix evidence payload owner ended_by resolution", ("people", "work", "parties", "bank", "words"), "what waits for a person, how it ended and who ended it", _STAYS, "Exceptions, evidence packs"),
    Holding("case_note", "author text", ("work", "words"), "what people wrote to each other about it", _STAYS, "Exceptions"),
    Holding("finding", "document_number message detail", ("people", "parties", "words"), "what was noticed and needed nobody", _STAYS, "Findings, evidence packs"),
    Holding("reconcile_break", "document_number fields evidence owner ended_by resolution", ("people", "work", "parties", "words"), "a difference between two systems, and who ended it", _STAYS, "Reconciliation, evidence packs"),
    Holding("break_history", "who text", ("work", "words"), "what became of a difference", _STAYS, "Reconciliation"),
    Holding("comparison_row", "key external_id number changed_by fields", ("people", "parties", "words"), "what is compared, as it was read last", "with the next read: it is written over", "nobody: a working table"),
    Holding("comparison_candidate", "value key", ("people", "parties"), "rows that other rules may pair", "with the next comparison", "nobody: a working table"),
    Holding("comparison_match", "source_key target_key", ("people", "parties"), "rows that other rules have paired", "with the next comparison", "nobody: a working table"),
    Holding("comparison_dirty", "key", ("people", "parties"), "what to compare next", "with the next comparison", "nobody: a working table"),
    Holding("reconcile_run", "asked_by error", ("work", "words"), "which comparison ran, and who asked for it", _STAYS, "Reconciliation"),
    Holding("supplier_form", "name text joined postcode town tax_ids accounts", ("parties", "bank"), "doubles are found by it", "with the next version of its record", "nobody: a working table"),
    Holding("supplier_key", "key", ("parties", "bank"), "doubles are found by it", "with the next version of its record", "nobody: an index"),
    Holding("supplier_pair", "evidence", ("parties",), "two suppliers that may be one, and why", "with the next comparison", "Suppliers"),
    Holding("supplier_answer", "answer answered_by reason", ("work", "words"), "what people said about two suppliers", _EVIDENCE, "Suppliers, evidence packs"),
    Holding("golden_supplier", "name", ("parties",), "the one supplier that several systems agree on", _STAYS, "Suppliers"),
    Holding("golden_version", "fields members", ("parties", "bank"), "what that supplier was", _STAYS, "Suppliers"),
    Holding("supplier_merge", "plan applied reason made_by parting_reason parted_by", ("work", "parties", "bank", "words"), "doubles that were merged, and how it is undone", _EVIDENCE, "Suppliers, evidence packs"),
    Holding("proposal", "name body reason maker checker decision", ("work", "parties", "bank", "words"), "changes by two persons, as they signed them", _EVIDENCE, "Changes, evidence packs"),
    Holding("emergency", "ended_by", ("work",), "changes that one person put in force", _EVIDENCE, "Changes, evidence packs"),
    Holding("change_set", "body before maker checker reason applied_by rolled_back_by rolled_back_why", ("work", "words"), "changes of the profile, as they were signed; the profile names people", _EVIDENCE, "evidence packs"),
    Holding("ruleset_version", "body", ("work",), "the rules that decided; a profile's names people", _EVIDENCE, "Changes, evidence packs"),
    Holding("close_certificate", "certified_by body", ("work",), "that a period could be closed", _EVIDENCE, "Close, evidence packs"),
    Holding("audit", "body", ("people", "work", "parties"), "who did what to what; words stand beside it, as a digest in it", "never: the chain would break. What is written there says keys, numbers and who acted", "Audit, evidence packs"),
    Holding("audit_protected", "value", ("work", "words"), "reasons and comments of entries", "when an administrator erases it", "Audit, evidence packs"),
    Holding("audit_archive", "who", ("work",), "who moved entries into which file", _EVIDENCE, "Audit, evidence packs"),
    Holding("erasure", "external_id who", ("people", "work"), "which records were erased, when and by whom", _EVIDENCE, "explain, evidence packs"),
    Holding("preference", "person name value", ("work",), "layouts and filters that the workbench remembers", "when the person resets them", "the person"),
    Holding("sync_run", "error", ("words",), "how a read ended", _STAYS, "Systems"),
    Holding("system_state", "reason", ("words",), "why a system is paused, in whose words", "when it goes on", "Systems"),
    Holding("engine_state", "holder doing", ("work",), "which process works: host and process id", "when the next engine starts", _ALL),
    Holding("lease", "holder", ("work",), "the same", "when the next engine starts", _ALL),
    Holding("profile files", "", ("work",), "people with roles, account and public key", "when an administrator takes them out", "whoever can read the folder"),
    Holding("keyring, secret files", "", ("bank",), "credentials, and the key of fingerprints", "when an administrator removes them", "the account that the engine works under"),
    Holding("reports, exports, packs, archives, pages", "", ("people", "work", "parties", "bank", "words"), "somebody asked for them; that a pack or an archive was made is in the audit log", "by whoever keeps the file", "whoever has the file"),
    Holding("backups", "", ("people", "work", "parties", "bank", "words"), "the store as it was", "by whoever keeps the file: erasing does not reach them", "whoever has the file"),
    Holding("saved pictures of the workbench", "", ("people", "work", "parties", "bank", "words"), "a person saved what they saw", "by whoever keeps the file", "whoever has the file"),
    Holding("engine.log, stderr of the engine", "", ("words",), "what went wrong, without payloads or secrets", "by whoever keeps the file", "the account that the engine works under"),
    Holding("extracts", "", ("people", "parties", "words"), "spend for a data platform", "by whoever keeps the folder", "whoever reads the folder"),
)  # fmt: skip
"""In the order of a document's way: read, decided, sent, looked at, proven."""

FREE: Final[Mapping[str, str]] = {
    "_sqlite_migrations": "migration_set name applied_at",
    "attempt": "started_at ended_at outcome",
    "audit": "hash",
    "audit_archive": "before head until file sha256 at public signature",
    "audit_checkpoint": "head at public signature",
    "audit_protected": "name salt",
    "break_history": "at what",
    "case_note": "at",
    "change_set": "digest source applied_at rolled_back_at",
    "close_certificate": "legal_entity ledger period starts_on ends_on certified_at digest",
    "commitment_ended": "document_key system legal_entity charge_account cost_centre account period currency line_number project budget_on",
    "commitment_line": "document_key stage system legal_entity charge_account cost_centre account period currency line_number project budget_on",
    "commitment_relief": "document_key invoice_key line legal_entity system cost_centre account period currency project booked_on budget_on",
    "commitment_taken": "document_key system legal_entity charge_account cost_centre account period currency line_number project budget_on",
    "comparison_candidate": "target",
    "comparison_definition": "name digest",
    "comparison_dirty": "target",
    "comparison_match": "target rule",
    "comparison_read": "external_id digest",
    "comparison_row": "document_key legal_entity period currency changed_at",
    "comparison_side": "role system position read_at full_at",
    "comparison_total": "legal_entity period currency",
    "comparison_unreadable": "external_id",
    "consumer": "name",
    "control_total": "legal_entity period currency",
    "crossref": "entity document_key system revision why linked_at",
    "delivery": "system document_key state next_at external_id failure changed_at ended_at",
    "emergency": "put_at signature ending ended_at looked_at",
    "engine_state": "state clock_at changed_at",
    "erasure": "entity system class at",
    "event": "id type source time correlation_id dataschema",
    "exception_case": "class state entity document_key system step legal_entity currency opened_at due_at snoozed_until changed_at ended_at"
    " owner_role routed_for routed_at escalated_at",
    "expenditure_line": "invoice_key legal_entity system charge_account cost_centre account project period booked_on currency budget_on",
    "finding": "class severity system entity document_key noticed_at",
    "golden_due": "key",
    "golden_member": "system external_id why legal_entities",
    "golden_past": "system external_id until",
    "golden_supplier": "number status kind country made_at changed_at",
    "golden_version": "content_hash made_at",
    "identity": "kind",
    "integration_error": "system code state",
    "integration_run": "system code state external_id begun_at ended_at close_again_at",
    "lease": "name expires_at",
    "meta": "name value",
    "outbox_entry": "idempotency_key system operation entity document_key document_number external_id currency decided_at",
    "page_seen": "entity system digest",
    "proposal": "kind base_digest digest effective_from made_at maker_signature rule state decided_at signature",
    "reconcile_break": "definition source_system target_system entity key aspect kind class state document_key source_id target_id"
    " legal_entity period currency fingerprint opened_at last_seen_at fix changed_at ended_at gone_at",
    "reconcile_run": "definition source_system target_system entity mode window_from window_to definition_digest started_at ended_at outcome",
    "record": "entity system content_hash raw_digest source_version source_updated_at fetched_at",
    "record_version": "entity system external_id contract source_version source_updated_at fetched_at content_hash",
    "ruleset_version": "kind name digest recorded_at",
    "supplier_answer": "one other at",
    "supplier_form": "system external_id number kind status country",
    "supplier_merge": "keep_key double_key state made_at changed_at",
    "supplier_pair": "one other found_at",
    "sync_run": "system entity started_at ended_at outcome",
    "system_state": "system state until last_ok_at last_failure_at changed_at",
    "watermark": "system entity position moved_at",
    "workflow": "flow kind entity document_key document_revision state step waiting_for wake_at due_at target legal_entity currency"
    " started_at changed_at ended_at",
    "workflow_step": "name state started_at ended_at due_at",
}
"""Columns of text that hold neither: names of things, states, times, digests, and keys of documents."""
