"""Write the columns of the public views into docs/store.md: names from the store, meanings from here.

`make docs` runs it; tests/test_docs.py says when the page is stale, and a column without a meaning is an error.
"""

from __future__ import annotations

from pathlib import Path

from store import memory_store
from store.clock import SystemClock

PAGE = Path(__file__).with_name("store.md")
BEGIN = "<!-- Columns: written by `python -m docs.make_views`; do not edit. -->"
END = "<!-- End of the columns. -->"

COMMON = {
    "account": "account combination, as its system writes it",
    "account_id": "the bank account's id in its system",
    "account_key": "`<system>:<id>` of the bank account",
    "accounting_on": "day it is booked on",
    "amount_minor": "amount at risk or in question, in minor units; null where none is known",
    "at": "when",
    "attempt_count": "attempts so far",
    "case_id": "`v_exception.id` of the exception about it",
    "changed_at": "when anything of this row changed last",
    "class": "stable code, see [errors.md](errors.md)",
    "cost_centre": "cost centre",
    "country": "country, ISO 3166 code of two letters",
    "currency": "ISO 4217 code",
    "definition": "name of the reconciliation, as in the profile",
    "document_key": "`<system>:<external id>` of the document",
    "document_number": "the number people know it by",
    "due_at": "when it breaches what the profile promises",
    "ended_at": "when it ended; null while it is live",
    "entity": "kind of document, e.g. `purchase_order`",
    "entry_id": "`v_delivery.id` of the delivery behind it",
    "evidence": "what was seen (JSON)",
    "external_id": "its id in that system",
    "fetched_at": "when it was read last",
    "fields": "see the table above (JSON)",
    "fix": "what to do about it, in words",
    "flow": "name of the process, as in the profile",
    "id": "its number; commands take it",
    "into_id": "`id` of the supplier that took its records; null: none did",
    "kind": "which kind of it",
    "legal_entity": "company it belongs to",
    "made_at": "when it was made",
    "name": "name",
    "number": "number in its system",
    "operation": "what is written, e.g. `order.create`",
    "outcome": "how it ended",
    "owner": "person it is assigned to; null: nobody",
    "period": "month, e.g. `2026-01`",
    "project": "project; null where it is about none",
    "proposal_id": "`v_proposal.id` that waits for a second person, or was decided",
    "reason": "why, in the words of a person or system",
    "record_key": "`<system>:<external id>` of the record",
    "resolution": "how it was ended, in words",
    "run_id": "`v_reconcile_run.id`",
    "seen_count": "how often the same was seen",
    "source_system": "system that is compared with",
    "started_at": "when it began",
    "state": "where it stands",
    "status": "`active`, `inactive`, `draft` or `on_hold`",
    "step": "step of its process",
    "supplier_id": "`v_supplier.id`",
    "system": "name of the system",
    "target": "ERP it goes to",
    "target_system": "system that is compared",
    "version": "version, counted from 1",
    "waiting_for": "what it waits for, in words; null: for nothing",
    "wake_at": "when it looks again by itself",
    "who": "person, or `engine`",
    "workflow_id": "`v_workflow.id` of its process",
}
"""What a column means wherever it stands, unless its view says more."""

OWN = {
    "v_exception": {
        "escalated_at": "when nobody of the owner's role had taken it in time, and the deputy's got it; null: it did not escalate",
        "owner_role": "the role that has it: the owner of its cause, or the deputy; null: nobody answers for it",
        "routed_at": "when it got to that owner",
        "routed_for": "its cause, by whose owner it was routed: `mapping cost_centre`, `system oracle-emea`",
        "cause": "what is wrong, in words",
        "ended_by": "person who ended it, or `engine`",
        "is_written_off": "1: its document was given up",
        "opened_at": "when it was opened",
        "snoozed_until": "put aside until then",
        "state": "`open`, `snoozed`; ended: `resolved` (by a person), `ignored`, `closed` (gone by itself)",
        "write_off_maker": "who proposed to write it off, while that waits for a second person",
    },
    "v_delivery": {
        "amount_minor": "amount of the document as it is sent, in minor units: of an edited one as it was edited",
        "decided_amount_minor": "amount as it was decided, in minor units",
        "decided_at": "when it was decided",
        "external_id": "id of the document there, once it is known",
        "failure": "class of the last failure: `transient`, `maintenance`, `duplicate`, `conflict`, `rejected`, `unknown`, ...",
        "idempotency_key": "made once with the decision; nothing is created twice under it",
        "is_edited": "1: a person edited what is sent",
        "is_outcome_unknown": "1: sent, and nobody knows whether it was done; it is looked up first",
        "message": "what the system said last, or what it waits for",
        "next_at": "when it is tried next",
        "priority": "0 to 9; 0 goes first",
        "state": "`pending`, `claimed`, `held`, `delivered`, `verified` (read back), `refused`, `buried` (dead letter) or `cancelled`",
    },
    "v_workflow": {
        "amount_minor": "amount of the document, in minor units",
        "document_revision": "its revision at the source",
        "document_version": "version of the record it works on",
        "kind": "`create`, `change`, `cancel`, `close`, ...",
        "state": "`running`, `waiting`, `held`, `done`, `aborted` or `superseded`",
    },
    "v_lineage": {
        "detail": "contract, message or further words",
        "kind": "`record`, `step`, `attempt`, `crossref`, `exception`, `finding`, `event`, `erasure`",
        "place": "system or process it happened in",
        "ref": "id of the row it comes from",
        "what": "what happened, in a few words",
    },
    "v_unposted": {"amount_minor": "amount that is approved and not in the ERP, in minor units"},
    "v_on_hold": {
        "amount_minor": "amount of the invoice, in minor units",
        "reason": "name of one hold in the ERP; `not said` where it gives none",
    },
    "v_unreported": {
        "amount_minor": "amount of the payment, in minor units; negative for a void",
        "payment_number": "number of the payment in the ERP",
        "reason": "`paid`, `voided`, or `changed`: it pays more or less than was told",
    },
    "v_changed_payment": {
        "difference_minor": "what it pays by now less what was told, in minor units",
        "payment_id": "id of the payment in the ERP",
        "payment_number": "number of the payment in the ERP",
    },
    "v_watch": {
        "amount_minor": "their sum, in minor units",
        "document_count": "how many documents",
        "figure": "`budget_failed`, `invoice_on_hold` or `payment_unreported`",
        "reason": "step, hold or kind of payment that it is counted under",
    },
    "v_spent": {
        "amount_minor": "spent, in minor units",
        "booked_on": "day it was booked on; null for `over`",
        "document_key": "key of the order; null for `direct`",
        "kind": "`direct`, `ended` or `over`",
        "line_number": "number of the order line; null for `direct`",
        "period": "budget period that the document names; null: that of its day",
        "budget_on": "day on which budgets bear it: that of the order line, or the day it was booked on",
    },
    "v_charge": {
        "order_key": "key of the order or requisition; null for what invoices took",
        "period": "budget period that the document names; null: that of its day",
        "budget_on": "day on which budgets bear it: the first on which it was promised, or booked, within the period that the document names; null: nobody knows",
        "ordered_minor": "promised, or spent without an order, in minor units",
        "invoiced_minor": "invoiced of it, in minor units",
        "over_minor": "invoiced beyond what live lines are over",
        "ended_minor": "invoiced of lines that promise nothing (any more)",
        "stage": "`commitment` (requisition), `obligation` (order) or `expenditure` (invoices without an order)",
    },
    "v_commitment": {
        "period": "budget period that the document names, else the month of its budget day, e.g. `2026-01`",
        "amount_minor": "still promised: `ordered_minor` - `invoiced_minor`",
        "ended_minor": "invoiced of lines that promise nothing (any more), in the month of their period or booking",
        "invoiced_minor": "invoiced of it, in minor units",
        "order_count": "how many orders or requisitions",
        "ordered_minor": "ordered, in minor units",
        "over_minor": "invoiced beyond what live lines are over",
        "used_minor": "what budgets bear: `ordered_minor` + `over_minor` + `ended_minor`",
        "stage": "`commitment` (requisition), `obligation` (order) or `expenditure` (invoices without an order)",
    },
    "v_accounting_day": {},
    "v_unconfirmed": {"ended_at": "when it was delivered"},
    "v_untold_payment": {"payment_id": "id of the payment in the ERP"},
    "v_close_item": {
        "break_id": "`v_break.id` of the difference",
        "is_obstacle": "1: the period can't be closed before; 0: worth knowing",
        "reason": "`in_flight`, `unposted`, `unconfirmed`, `exception` or `unexplained`",
        "since": "since when",
        "waits_for": "class of its exception, or what it waits for",
    },
    "v_budget": {
        "amount_minor": "budget, in minor units",
        "period": "year, quarter or month it is for",
        "remaining_minor": "what is left of it, as its source says",
    },
    "v_system": {
        "failure_count": "failures in a row",
        "last_failure_at": "when it failed last",
        "last_ok_at": "when it answered well last",
        "last_read_at": "when a read of it ended well last",
        "reason": "why it is in that state",
        "state": "`ok`, `failing`, `parked` (goes on by itself), `paused` (by a person), `held` (until it is resumed)",
        "until": "until when it is left alone",
    },
    "v_proposal": {
        "base_version": "version it was made from",
        "checker": "who decided",
        "decided_at": "when it was decided",
        "decision": "what the checker said",
        "effective_from": "day from which it is in force",
        "kind": "`mapping`, `write_off` (of a break), `exception_write_off`, `adoption`, `supplier_merge` or `bank_change`",
        "maker": "who proposed it",
        "name": "what it is about, e.g. the mapping table",
        "replaces": "`id` of the proposal that it takes the place of",
        "rule": "`one` or `two`: how many persons it takes",
        "state": "`open`, `approved`, `rejected`, `withdrawn` or `superseded`",
        "version": "version it became",
    },
    "v_emergency": {
        "decision": "what the second person said, or why it ended",
        "ended_by": "who said yes or no to it; `engine`: nobody did in time",
        "ending": "`approved`, `rejected`, `withdrawn` or `late`; null while it waits",
        "found_count": "documents that were decided under it and would be decided otherwise after it had ended without approval",
        "kind": "`mapping` or `policy`",
        "maker": "who put it in force",
        "name": "the mapping table or policy",
        "proposal_id": "`v_proposal.id` of the change",
        "put_at": "since when it was in force",
        "version": "version that it became",
    },
    "v_change_set": {
        "applied_at": "when it was applied here",
        "applied_by": "who applied it",
        "checker": "who approved it",
        "file_count": "files that it changed, added or took away",
        "is_written": "1: every file was written; 0: something stopped it, apply it again",
        "maker": "who made it",
        "rolled_back_at": "when its files were made as they were before",
        "rolled_back_by": "who did that",
        "rolled_back_why": "why",
        "source": "workspace that it came from",
    },
    "v_break": {
        "adoption_maker": "who proposed to give the source the target's value, while that waits for a second person",
        "explanation_maker": "who explained it, while that waits for a second person",
        "age_days": "days between its opening and when it was seen last",
        "aspect": "`document`, `duplicate` or `total`",
        "ended_by": "person who ended it, or `engine`",
        "fields": "both values of each field that differs (JSON: `[[field, source, target], ...]`)",
        "first_run_id": "run that saw it first",
        "fix": "what a person did about it last: `resend`, `reread`, `adopt`; null: nothing",
        "gone_at": "when it was no longer there; null while it is",
        "key": "what both sides were matched by",
        "kind": "`missing_in_target`, `missing_in_source`, `field`, `status_lag`, `duplicate` or `control_total`",
        "last_run_id": "run that saw it last",
        "last_seen_at": "when it was seen last",
        "opened_at": "when it was opened",
        "source_id": "the document's id in the source",
        "state": "`open`, `explained`, `fixed`, `written_off` or `closed`",
        "target_id": "the document's id in the target",
        "write_off_maker": "who proposed to write it off, while that waits for a second person",
    },
    "v_break_history": {
        "break_id": "`v_break.id`",
        "id": "order of what happened; 0 is its opening",
        "text": "what was said",
        "what": "`opened`, or what was done with it",
    },
    "v_reconcile_run": {
        "asked_by": "person, or `engine`",
        "closed": "breaks that it closed",
        "compared": "pairs compared",
        "definition_digest": "of the definition it was made by",
        "error": "why it failed",
        "mode": "`full`, `window` or `changes`",
        "opened": "breaks that it opened",
        "outcome": "`running`, `complete`, `failed`, `interrupted`",
        "persisting": "breaks that it saw again",
        "source_rows": "documents read of the source",
        "target_rows": "documents read of the target",
        "window_from": "first period of a window",
        "window_to": "last period of a window",
    },
    "v_control_total": {
        "at": "when the run ended",
        "difference_minor": "`source_minor` - `target_minor`",
        "source_count": "documents of the source",
        "source_minor": "their sum, in minor units",
        "target_count": "documents of the target",
        "target_minor": "their sum, in minor units",
    },
    "v_supplier": {
        "key": "`golden:<id>`",
        "kind": "`company`, `one_time` or `employee`",
        "number": "its number in the golden record",
        "parent_id": "`id` of the supplier it belongs to",
        "postcode": "postcode",
        "record_count": "records it has, over all systems",
        "system_count": "systems it stands in",
        "town": "town",
    },
    "v_supplier_field": {
        "field": "name of the field",
        "record_version": "version of the record that the value comes from",
        "rule": "rule that chose the value",
        "value": "the value",
    },
    "v_supplier_record": {
        "legal_entities": "companies that order from it there (JSON)",
        "why": "why it belongs to that supplier",
    },
    "v_supplier_account": {
        "bic": "code of the bank, where its system shows one",
        "fingerprint": "by which two systems' accounts are compared, under the workspace's key; the number is not kept",
        "is_active": "1: it is paid to",
        "masked": "the few characters that may be shown",
    },
    "v_supplier_history": {
        "fields": "values, with record, version and rule of each (JSON)",
        "members": "records it was made of (JSON)",
    },
    "v_supplier_pair": {
        "answer": "what a person said last: `same` or `different`",
        "answered_at": "when that was said",
        "answered_by": "who said it",
        "found_at": "when it was found",
        "is_linked": "1: both are one golden supplier already",
        "one": "`<system>:<id>` of the first record",
        "one_name": "its name",
        "one_place": "postcode, town and country",
        "one_system": "its system",
        "other": "`<system>:<id>` of the second record",
        "other_name": "its name",
        "other_place": "postcode, town and country",
        "other_system": "its system",
        "reason": "why the person said so",
        "score": "how likely it is, up to 1",
        "state": "`open`, `asked` (a second person), `linked`, `same` or `different`",
        "proposed_by": "who said that they are one, while a second person is asked",
    },
    "v_supplier_merge": {
        "double_key": "record that goes",
        "keep_key": "record that stays",
        "made_by": "who made it",
        "parted_by": "who took it back",
        "parting_reason": "why it was taken back",
        "parting_workflow_id": "process that takes it back",
        "plan": "what it changes (JSON)",
        "state": "`proposed`, `merging`, `merged`, `parting`, `parted`, `rejected`, `withdrawn` or `given_up`",
    },
    "v_bank_change": {
        "approved_by": "second person who agreed",
        "confirmed_by": "first person, who has asked the supplier",
        "new": "new account, masked",
        "plans": "what changes where, old account masked (JSON)",
        "refusal": "why it was refused",
        "refused_by": "who refused it",
        "supplier": "key of the supplier",
    },
    "v_finding": {
        "detail": "further facts (JSON)",
        "message": "what was noticed, in words",
        "noticed_at": "when",
        "severity": "`info`, `warn` or `block`",
    },
    "v_event": {
        "correlation_id": "document that all events of one story share",
        "data": "the event's own facts (JSON)",
        "id": "CloudEvents id, unique together with `source`",
        "seq": "order of events",
        "source": "system it comes from, or `finsync`",
        "subject": "what it happened to, mostly a `document_key`",
        "time": "when it happened",
        "type": "CloudEvents type, e.g. `com.finsync.purchase_order.approved.v1`",
    },
    "v_attempt": {
        "duration_ms": "how long the answer took, in milliseconds",
        "is_edited": "1: it sent what a person had edited",
        "message": "what the system said, or why there was no answer",
        "number": "which attempt of its delivery, counted from 1",
        "outcome": "`delivered`, `found`, `transient`, `maintenance`, `duplicate`, `conflict`, `rejected`, `unknown`, `credentials` or `protocol`",
        "status": "status of the answer (HTTP); null: none came",
    },
    "v_step": {
        "name": "name of the step",
        "state": "`done`, `waiting`, `held`, `skipped` or `compensated`",
    },
    "v_read": {
        "error": "why it failed; null: it did not",
        "outcome": "`running`, `done`, `failed` or `parked`",
        "pages": "pages that were read",
        "rows_changed": "rows that were new or changed",
        "rows_read": "rows that were read",
        "rows_refused": "rows that could not be stored and became exceptions",
    },
    "v_version": {
        "contract": "contract and version that it follows",
        "fetched_at": "when it was read",
        "source_updated_at": "when its system says that it was changed",
        "source_version": "its system's own version",
    },
    "v_certificate": {
        "audit_seq": "entry of the log that has its digest",
        "certified_at": "when it was certified",
        "certified_by": "who certified it",
        "ends_on": "last day of the period",
        "ledger": "ledger in the ERP",
        "period": "period as the ERP names it",
        "starts_on": "first day of the period",
    },
    "v_invoiced": {
        "amount_minor": "invoiced, in minor units",
        "booked_on": "day it is booked on; null where nobody knows",
        "document_key": "key of the order; null: without an order",
        "invoice_key": "`<system>:<external id>` of the invoice",
        "period": "budget period that the document names",
    },
    "v_erasure": {
        "audit_seq": "entry of the log that has the digests of what was erased",
        "class": "`personal` or `bank`",
        "through_version": "versions of the record up to this one are erased",
        "value_count": "how many values",
    },
    "v_audit_archive": {
        "at": "when they left the log",
        "file": "name of the file they lie in",
        "first": "first entry that lies in the file",
        "last": "last entry that does",
        "sha256": "of the file",
        "until": "when the last of them was written",
        "who": "who archived them",
    },
    "v_audit": {
        "body": "the bytes that were hashed (JSON)",
        "hash": "SHA-256 over the previous hash and `body`, in hex",
        "seq": "place in the chain",
        "subject": "what it was done to",
        "what": "what was done",
        "why": "reason that was given",
    },
}
"""What a column means in one view."""


def columns() -> dict[str, list[str]]:
    """Return the columns of each public view, as the store has them."""
    with memory_store(SystemClock()) as opened:
        names = opened.db.execute("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY rowid")
        views = [name for (name,) in names.fetchall()]
        return {
            view: [row["name"] for row in opened.db.execute(f"PRAGMA table_info({view})")] for view in views
        }


def unused(found: dict[str, list[str]]) -> set[str]:
    """Return the meanings of columns that are not there."""
    mentioned = {name for names in found.values() for name in names}
    own = {f"{view}.{name}" for view, names in OWN.items() for name in set(names) - set(found.get(view, ()))}
    return own | (set(COMMON) - mentioned)


def section(found: dict[str, list[str]]) -> str:
    """Return the part of the page that lists each view's columns; KeyError names a column without a meaning."""
    parts = [BEGIN]
    for view, names in found.items():
        rows = [f"| `{name}` | {meaning(view, name)} |" for name in names]
        parts.append("\n".join([f"### `{view}`", "", "| column | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join([*parts, END])


def page() -> str:
    """Return the whole page with the columns as they are."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    return before + section(columns()) + rest.partition(END)[2]


def meaning(view: str, name: str) -> str:
    """Return what a column means; KeyError when nothing says it."""
    own = OWN[view].get(name)
    return own if own is not None else COMMON[name]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
