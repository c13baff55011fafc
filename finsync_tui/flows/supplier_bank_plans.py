"""What a changed bank account of a supplier would change in each ERP: an account that comes, accounts that end, another bank.

Pure comparing of what the store holds: what the origin shows now and showed before, against what each ERP shows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows.steps import Context
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import accounts
from finsync_tui.suppliers.accounts import KnownAccount
from store import crossrefs, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierBankAccount, is_same_bank
from store.workflows import Workflow


def targets(context: Context, supplier: str) -> list[str]:
    """Return the ERPs' records of a supplier whose bank accounts can be told them."""
    links = crossrefs.of(context.db, Supplier.entity, supplier)
    known = [link for link in links if takes(context.facts.profile, link.system, agreement.CHANGE)]
    return [f"{link.system}:{link.external_id}" for link in known]


def plans(
    context: Context, account: SupplierBankAccount, shown: Sequence[KnownAccount]
) -> list[dict[str, Any]]:
    """Return what is to be done in each ERP that does not show it as its origin does; `shown`: what is active there."""
    gone = _gone(context, account, {one.fingerprint for one in shown})
    found: list[dict[str, Any]] = []
    for target in context.data["targets"]:
        if target in context.data.get("told", ()):
            continue  # read back already, and perhaps not read anew since
        plan = _plan(context.db, account, target, gone)
        if plan is not None:
            found.append(plan)
    return found


def _plan(
    db: Connection, account: SupplierBankAccount, target: str, gone: Collection[str]
) -> dict[str, Any] | None:
    theirs = accounts.of_supplier(db, target)
    same = [one for one in theirs if one.fingerprint == account.fingerprint]
    adds = account.is_active and not same
    ends = [one.external_id for one in theirs if one.fingerprint in gone]
    banks = {
        one.external_id: {"old": one.bic, "new": account.bic}
        for one in same
        if account.is_active and account.bic and one.bic and not is_same_bank(one.bic, account.bic)
    }
    if not (adds or ends or banks):
        return None
    plan = {"supplier": target, "adds": adds, "ends": ends, "old": sorted({one.masked for one in theirs})}
    return {**plan, "banks": banks} if banks else plan


def other_banks(db: Connection, plan: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the accounts of a plan that the ERP, as it was read last, still shows with another bank code than was agreed on."""
    shown = {one.external_id: one.bic or "" for one in accounts.of_supplier(db, plan["supplier"])}
    wanted: Mapping[str, Mapping[str, str]] = plan.get("banks") or {}
    return {one: bank for one, bank in wanted.items() if not is_same_bank(shown.get(one, ""), bank["new"])}


def shown_now(context: Context) -> list[KnownAccount]:
    """Return the active accounts that the origin shows of the supplier: several entries may hold one number."""
    return accounts.of_supplier(context.db, context.data["supplier"])


def asked_already(
    context: Context, account: SupplierBankAccount, shown: Sequence[KnownAccount]
) -> Workflow | None:
    """Return the earlier instance that asks for the same account of the supplier, for another entry of it."""
    key, flow = RecordKey.parse(context.workflow.document_key), context.workflow
    if not account.is_active:
        return None
    same = [f"{key.system}:{one.external_id}" for one in shown if one.fingerprint == account.fingerprint]
    live = [
        w for one in same for w in workflows.of_document(context.db, one, flow.entity) if w.ended_at is None
    ]
    return next((one for one in live if one.flow == flow.flow and one.id < flow.id), None)


def _gone(context: Context, account: SupplierBankAccount, shown: Collection[str]) -> set[str]:
    """Return what this entry is or was at its origin, where no active entry of the supplier shows it any more."""
    key = RecordKey.parse(context.workflow.document_key)
    versions = [
        records.get_version(context.db, SupplierBankAccount, key.system, key.external_id, one)
        for one in range(1, context.workflow.document_version)
    ]
    known = {held.record.fingerprint for held in versions if held is not None}
    return (known - {account.fingerprint} if account.is_active else known | {account.fingerprint}) - {*shown}
