"""What persons agree on when a supplier's bank details change, and whether what an ERP is told is that.

Both sign which account becomes which, in which ERPs, by its fingerprint. The body of each request follows from that alone, so
it can be held against it when it is about to leave; and so can what takes a delivered one back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows import compensation, counters
from finsync_tui.mapping.standing import disagreement as disagreed
from finsync_tui.mapping.standing import maker_refusal
from finsync_tui.profile import Profile
from finsync_tui.suppliers import accounts
from store import audit, outbox, proposals, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import SupplierBankAccount
from store.columns import encode, from_json
from store.outbox import Claim, Delivery
from store.proposals import Proposal
from store.workflows import Workflow

KIND: Final = "bank_change"
REFUSAL: Final = "bank_refusal"
CHANGE: Final = "supplier_bank_account.change"
FLAG: Final[Mapping[str, Any]] = {"reviews_invoices": True, "before": {"reviews_invoices": False}}
"""What the origin is told of a supplier whose new details were refused, and what takes that back."""


def disagreement(
    db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
) -> str | None:
    """Say why a request is not what one ERP is told of a change that was approved and has cooled off, nor what takes
    that back; None: it is."""
    body = from_json(write.body)
    if write.operation != CHANGE:
        return _unlike_flag(db, profile, workflow, body)
    if workflow.step == compensation.STEP:
        is_one = any(_takes_back(db, profile, workflow, made, body) for made in _delivered(db, workflow))
        return None if is_one else "it takes nothing back that was delivered as it was approved"
    found, account = approval(db, workflow), account_of(db, workflow)
    missing = problem(db, profile, workflow, account, found)
    if missing is not None or found is None:
        return missing
    if now < ends_at(profile, found):
        return f"it has not cooled off before {ends_at(profile, found):%Y-%m-%d %H:%M}"
    if not found.made_at.date().isoformat() <= str(body.get("on")) <= now.date().isoformat():
        return "it is for another day"
    plan = _plan_of(workflow, write.system, body)
    if plan is None or body != request(workflow, account, plan, str(body["on"])):
        return "it says something else than was approved"
    return None


def account_of(db: Connection, workflow: Workflow) -> SupplierBankAccount:
    """Return the account as the instance is about it."""
    key = RecordKey.parse(workflow.document_key)
    held = records.get_version(
        db, SupplierBankAccount, key.system, key.external_id, workflow.document_version
    )
    assert held is not None, "a workflow starts in the transaction that stored its document"
    return held.record


def body_of(workflow: Workflow, account: SupplierBankAccount) -> str:
    """Return what both persons sign: whose account becomes which, where, by its fingerprint."""
    said = {
        "change": workflow.id,
        "account": workflow.document_key,
        "version": workflow.document_version,
        "fingerprint": account.fingerprint,
        "terms": account.terms,
        "masked": account.masked,
        "is_active": account.is_active,
        "supplier": workflow.data["supplier"],
        "plans": workflow.data["plans"],
    }
    return encode(said).decode()


def name_of(workflow: Workflow) -> str:
    return f"bank-{workflow.id}-{workflow.generation}"


def approval(db: Connection, workflow: Workflow) -> Proposal | None:
    """Return what was confirmed, and perhaps approved, last; None: nothing was."""
    found = proposals.listed(db, name=name_of(workflow), kind=KIND)
    live = [one for one in found if one.state in ("open", "approved")]
    return live[-1] if live else None


def problem(
    db: Connection, profile: Profile, workflow: Workflow, account: SupplierBankAccount, found: Proposal | None
) -> str | None:
    """Say what is missing before it may go on; None: nothing."""
    if found is None:
        return "nobody has confirmed it with the supplier"
    body, rule = body_of(workflow, account), profile.bank_change_rule
    if found.body != body:
        return "what was confirmed is another change"
    if found.state != "approved" and rule == "two":
        return f"{found.maker} has confirmed it, and a second person has to approve"
    return disagreed(db, profile, rule, found.id, kind=KIND, name=found.name, body=body, what="change")


def refusal_name(workflow: Workflow) -> str:
    return f"bank-{workflow.id}-refusal"


def refusal_body(workflow: Workflow, account: SupplierBankAccount) -> str:
    """Return what whoever refuses signs: that this account, as it stands there, goes into no ERP, whatever is decided anew."""
    said = {
        "change": workflow.id,
        "account": workflow.document_key,
        "version": workflow.document_version,
        "fingerprint": account.fingerprint,
        "terms": account.terms,
        "is_refused": True,
    }
    return encode(said).decode()


def refusal(
    db: Connection, profile: Profile, workflow: Workflow, account: SupplierBankAccount
) -> Proposal | None:
    """Return by what it was refused: signed by somebody who may, where the profile asks for signatures; None: it was not."""
    name, body = refusal_name(workflow), refusal_body(workflow, account)
    for found in proposals.listed(db, state="approved", name=name, kind=REFUSAL):
        is_signed = maker_refusal(profile, proposals.store_id(db), found) is None
        if found.body == body and (is_signed or profile.bank_change_rule == "one"):
            return found
    return None


def refused_before(db: Connection, workflow: Workflow, account: SupplierBankAccount) -> list[int]:
    """Return the other changes in which somebody refused this very account.

    What was signed may name it as older versions did: the version of the record that it is about says what it is known by now.
    """
    found = set()
    for one in proposals.listed(db, state="approved", kind=REFUSAL):
        said = from_json(one.body)
        if said.get("change") == workflow.id:
            continue
        key, version = RecordKey.parse(str(said["account"])), int(said["version"])
        held = records.get_version(db, SupplierBankAccount, key.system, key.external_id, version)
        if held is not None and held.record.fingerprint == account.fingerprint:
            found.add(int(said["change"]))
    return sorted(found)


def changed_by(db: Connection, workflow: Workflow) -> str | None:
    """Return who changed the details at their origin, as it says."""
    key = RecordKey.parse(workflow.document_key)
    held = records.get_version(
        db, SupplierBankAccount, key.system, key.external_id, workflow.document_version
    )
    return held.changed_by if held is not None else None


def changes_of(db: Connection, key: RecordKey) -> list[Workflow]:
    """Return the changes of bank details at other systems that suppliers of this account of an ERP have had, oldest first."""
    origins = {origin for owner in accounts.owners_of(db, str(key)) for origin in accounts.linked(db, owner)}
    keys = {f"{RecordKey.parse(one).system}:{id_}" for one in origins for id_ in accounts.ids_of(db, one)}
    found = [one for key_ in keys for one in workflows.of_document(db, key_, SupplierBankAccount.entity)]
    return sorted(found, key=lambda one: one.id)


def approved_before(
    db: Connection, profile: Profile, workflow: Workflow, account: SupplierBankAccount
) -> Proposal | None:
    """Return the approval of this very change, whatever was decided anew since; None: it never had one."""
    if not workflow.data.get("plans"):
        return None
    for generation in range(workflow.generation, 0, -1):
        found = approval(db, replace(workflow, generation=generation))
        if found is not None and problem(db, profile, workflow, account, found) is None:
            return found
    return None


def close_open(
    db: Connection, workflow: Workflow, why: str, now: datetime, before: int | None = None
) -> None:
    """Close what was confirmed and not decided, of generations `before` one, or of all: nobody is asked about it any more."""
    for generation in range(1, workflow.generation + 1 if before is None else before):
        for found in proposals.listed(
            db, state="open", name=name_of(replace(workflow, generation=generation)), kind=KIND
        ):
            proposals.decide(db, found.id, "superseded", by="engine", at_=now, decision=why)
            told = {"proposal": found.id, "change": workflow.id, "why": why}
            entry = audit.Entry(
                who="engine", what="bank_change.closed", subject=workflow.document_key, after=told
            )
            audit.record(db, [entry], now)


def ends_at(profile: Profile, found: Proposal) -> datetime:
    """Return until when the supplier may still object."""
    return (found.decided_at or found.made_at) + profile.suppliers.bank.cooling_off


def request(
    workflow: Workflow, account: SupplierBankAccount, plan: Mapping[str, Any], on: str
) -> dict[str, Any]:
    """Return what an ERP is asked: the new account by its fingerprint, and which of its own end."""
    supplier = RecordKey.parse(plan["supplier"]).external_id
    body: dict[str, Any] = {"supplier": supplier, "on": on, "ends": plan["ends"]}
    if plan["adds"]:
        body["account"] = {
            "key": workflow.document_key, "fingerprint": account.fingerprint, "terms": account.terms,
            "masked": account.masked,
        }  # fmt: skip
    return body


def _unlike_flag(db: Connection, profile: Profile, workflow: Workflow, body: Mapping[str, Any]) -> str | None:
    if workflow.step == compensation.STEP:
        return None if body == FLAG["before"] else "it says something else than that invoices go as before"
    if body != FLAG:
        return "it says something else than that invoices are reviewed"
    refused = refusal(db, profile, workflow, account_of(db, workflow))
    return None if refused is not None else "nobody who may has refused the change, signed as it stands there"


def _plan_of(workflow: Workflow, system: str, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    plans: Sequence[Mapping[str, Any]] = workflow.data.get("plans") or ()
    return next((one for one in plans if one["supplier"] == f"{system}:{body.get('supplier')}"), None)


def _delivered(db: Connection, workflow: Workflow) -> list[Delivery]:
    """Return what of an instance reached an ERP and can be taken back."""
    found = outbox.of_workflow(db, workflow.id)
    return [one for one in found if one.operation == CHANGE and counters.has_effects(one)]


def _takes_back(
    db: Connection, profile: Profile, workflow: Workflow, made: Delivery, body: Mapping[str, Any]
) -> bool:
    """Say whether a request ends exactly what a delivery had added, and brings back what that had ended."""
    asked, account = from_json(made.body), account_of(db, workflow)
    plan = _plan_of(workflow, made.system, asked)
    if plan is None or asked != request(workflow, account, plan, str(asked.get("on"))):
        return False
    if approved_before(db, profile, workflow, account) is None:
        return False
    return body == counters.bank_change_back(made, str(body.get("on")))
