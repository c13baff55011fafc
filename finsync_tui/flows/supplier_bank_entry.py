"""Bank accounts of suppliers that were entered or changed in an ERP, and not through us.

    find_supplier -> look_at_entry -> hold_payments -> await_holds -> await_entry -> release_entry -> await_releases

The ERP pays to such an account already, so what is held is the payment: documents that we have not posted wait, those that are
posted get the hold that the profile names. Two persons agree on it as on any changed bank details; refused ones stay held until
the account has ended in the ERP. What was there when the accounts of the ERP were first read, what we delivered as it was
agreed on, and what changes nothing about where the money goes, needs nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows import outgoing
from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows import supplier_bank_telling as telling
from finsync_tui.flows import supplier_bank_waiting as waiting
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.flows.supplier_block import HOLD, RELEASE
from finsync_tui.profile import Profile
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import accounts, checks, in_flight
from store import crossrefs, findings, meta, outbox, records, runs, workflows
from store.canonical.expense import ExpenseDocument
from store.canonical.keys import RecordKey
from store.canonical.payables import Invoice
from store.canonical.supplier import Supplier, SupplierBankAccount, is_same_bank
from store.clock import instant, text
from store.columns import from_json
from store.outbox import Claim, Delivery
from store.workflows import Workflow

OWNER_WITHIN: Final = timedelta(days=7)
"""So long the supplier of an account may be read after it; then somebody is told, and it is looked for once a day."""
LATER: Final = timedelta(days=1)
_REFUSED: Final = ("refused", "buried", "cancelled")
_SINCE: Final = "bank_entries.since"


@dataclass(frozen=True, slots=True)
class _Pays:
    """What of an account says where the money goes."""

    fingerprint: str
    bic: str | None
    owner: str | None
    is_active: bool


def look_at_entry(context: Context) -> Answer:
    """Whose is it, and does it pay anybody otherwise than what was agreed on?"""
    account = agreement.account_of(context.db, context.workflow)
    context.data["is_entry"] = True
    known = _why_known(context.db, context.workflow, account, context.now)
    if known is not None and _needs_nobody(context, account):
        context.data["accepted"] = True
        return Done({"note": known}, goto="release_entry")
    owners = accounts.owners_of(context.db, context.workflow.document_key)
    if not owners:
        return _without_owner(context, account)
    if not account.is_active:
        context.data["accepted"] = True
        _note(context, owners[0], f"account {account.masked} of its supplier was ended in {_system(context)}")
        return Done({"note": "it has ended there"}, goto="release_entry")
    policy = context.facts.profile.suppliers.bank
    context.data["supplier"] = owners[0]
    if policy.entered == "note":
        context.data["accepted"] = True
        _note(context, owners[0], _what(context, account))
        return Done({"note": "it is noted only"}, goto="release_entry")
    context.data["plans"] = [
        {"supplier": one, "adds": False, "ends": [], "old": _before(context, one), "is_entered": True} for one in owners
    ]  # fmt: skip
    return Done({"suppliers": owners})


def hold_payments(context: Context) -> Answer:
    """Ask the ERP to hold what is posted of its suppliers and not paid, where the profile names a hold."""
    entries = _hold(context)
    context.data["hold_entries"] = entries
    return Done({"invoices": len(entries)}, is_skipped=not entries)


def _hold(context: Context, *, again: bool = False) -> list[int]:
    """Decide on the holds, also of what was posted since. `again`: one that was refused is asked for once more."""
    name = context.facts.profile.suppliers.bank.entered_hold
    system, entries = _system(context), list[int]()
    tried: dict[str | None, list[str]] = {}
    for sent in outbox.of_workflow(context.db, context.workflow.id):
        if sent.operation == HOLD:
            tried.setdefault(sent.external_id, []).append(sent.state)
    for one in telling.under_way(context, in_flight.ALL) if name else ():
        link = crossrefs.get(context.db, one.entity, one.document_key, system)
        if link is None or not _is_payable(context.db, one) or not takes(context.facts.profile, system, HOLD):
            continue
        body = {
            "number": link.number or one.number, "name": name,
            "reason": "an account of its supplier was entered and nobody has agreed on it yet",
        }  # fmt: skip
        states = tried.get(link.external_id, [])
        is_new = not states or (again and states[-1] in _REFUSED)
        number = len(states) if is_new else len(states) - 1
        entries.append(
            outgoing.enqueue(
                context, system, HOLD, body, external_id=link.external_id,
                part=f"hold/{link.external_id}" + (f"/{number}" if number else ""), priority=outgoing.PRIORITY_STATUS,
            )
        )  # fmt: skip
    return entries


def _has_more_to_hold(context: Context) -> bool:
    """Ask the ERP to hold what was posted since, and, each time somebody lets us look anew, what it refused to hold before: it
    may know the hold by now."""
    asked = context.data["hold_entries"]
    refused = [
        int(one) for one in asked
        if (sent := outbox.get(context.db, int(one))) is not None and sent.state in _REFUSED
    ]  # fmt: skip
    entries = _hold(context, again=bool(refused) and context.data.get("refused_holds") == refused)
    if set(entries) <= set(asked):
        context.data["refused_holds"] = refused
        return False
    context.data["hold_entries"] = entries
    return True


def _is_payable(db: Connection, one: in_flight.InFlight) -> bool:
    """Say whether the ERP has a document as an invoice: an expense report may be one there, or a journal."""
    if one.entity != ExpenseDocument.entity:
        return one.entity == Invoice.entity
    found = workflows.of_document(db, one.document_key, one.entity)
    return bool(found) and found[-1].data.get("posted_entity") == Invoice.entity


def await_holds(context: Context) -> Answer:
    """Wait for what becomes of the holds. Whether the ERP took them or not, somebody is asked about the account."""
    found = [outgoing.await_delivery(context, int(one)) for one in context.data["hold_entries"]]
    waits = next((one for one in found if isinstance(one, Wait)), None)
    return waits or Done({"entries": context.data["hold_entries"]})


def await_entry(context: Context) -> Answer:
    """Held until one has confirmed it with the supplier and another has approved; both signed what stands here."""
    account, system = agreement.account_of(context.db, context.workflow), _system(context)
    so_far = replace(context.workflow, data=context.data)
    refused = agreement.refusal(context.db, context.facts.profile, context.workflow, account)
    found = agreement.approval(context.db, so_far)
    problem = agreement.problem(context.db, context.facts.profile, so_far, account, found)
    if refused is None and problem is None:
        assert found is not None
        context.data["accepted"] = True
        return Done({"proposal": found.id, "by": [found.maker, found.checker]})
    if _has_more_to_hold(context):
        return Done({"entries": context.data["hold_entries"]}, goto="await_holds")
    if not context.data.get("is_told"):
        context.data["is_told"] = True
        telling.documents(context, telling.ENTERED)
    if refused is None:
        context.data.pop("refused", None)
    what = _what(context, account)
    plans, unheld = context.data["plans"], _unheld(context)
    old = sorted({one for plan in plans for one in plan["old"]})
    evidence = {
        "change": context.workflow.id, "supplier": context.data["supplier"], "old": old, "new": account.masked,
        "erp": [plan["supplier"] for plan in plans], "unheld": unheld, "changed_by": agreement.changed_by(context.db, context.workflow),
        "under_way": [[one.entity, one.number, one.state] for one in telling.under_way(context)],
    }  # fmt: skip
    home = records.get(context.db, Supplier, *RecordKey.parse(context.data["supplier"]))
    doubts = checks.bank_doubts(account, home.record.home if home is not None else None)
    doubts = doubts if context.facts.profile.suppliers.bank.countries != "off" else []
    evidence["warnings"] = doubts
    what += "".join(f"; {one}" for one in doubts)
    if unheld:
        what += f"; {system} does not hold the payment of {', '.join(unheld)}: have it stopped there"
    if refused is not None:
        context.data["refused"] = {"by": refused.maker, "reason": refused.reason}
        fix = f"End the account in {system} at once. When it has been read again as ended, what is held goes on."
        return Hold("BANK_ENTRY_REFUSED", f"{what}; {refused.maker} refused it", fix, system, evidence)
    return Hold(
        "BANK_ENTRY_HELD",
        f"{what} ({', '.join(old) or 'none'} until now): {problem}",
        f"Ask the supplier on a way that you know already; then `finsync supplier bank-confirm {context.workflow.id} --reason TEXT`, "
        f"or `finsync supplier bank-refuse {context.workflow.id} --reason TEXT`.",
        system,
        evidence,
    )


def release_entry(context: Context) -> Answer:
    """What we hold because of this account is released: agreed on, or ended."""
    entries = []
    held, profile = _held(context.db, context.workflow.document_key), context.facts.profile
    for (system, external_id), body in sorted(held.items()):
        if _held_for_another(context.db, profile, context.workflow.document_key, (system, external_id)):
            continue  # whoever agrees on that account lets it go
        wanted = {**body, "reason": "the bank account of its supplier was agreed on, or has ended"}
        entries.append(
            outgoing.enqueue(
                context, system, RELEASE, wanted, external_id=external_id, part=f"release/{external_id}",
                priority=outgoing.PRIORITY_STATUS,
            )
        )  # fmt: skip
    context.data["release_entries"] = entries
    return Done({"invoices": len(entries)}, is_skipped=not entries)


def await_releases(context: Context) -> Answer:
    answer = outgoing.await_all(context, context.data["release_entries"])
    if not isinstance(answer, Done):
        return answer
    return Finish("done", {"supplier": context.data.get("supplier")})


def is_entry(profile_source: str, workflow: Workflow) -> bool:
    """Say whether an instance is about an account of an ERP, and not of where bank details begin."""
    return RecordKey.parse(workflow.document_key).system != profile_source


def refuses_end(workflow: Workflow) -> str | None:
    """Say why an account of an ERP that is held is not let go by one person; None: it is none."""
    if workflow.step not in waiting.STEPS or not workflow.data.get("is_entry"):
        return None
    return (
        f"payments to {workflow.data.get('supplier', 'its supplier')} would go to an account that nobody has agreed on: `finsync supplier bank-confirm {workflow.id}` "
        f"and `bank-approve`, `bank-refuse`, or have the account ended in {RecordKey.parse(workflow.document_key).system}"
    )


def disagreement(db: Connection, profile: Profile, workflow: Workflow, write: Claim) -> str | None:
    """Say why a hold may not be released; None: it may. A hold takes nobody's word, and what the file says of itself is none:
    an account has ended, or persons have signed it."""
    if write.operation == HOLD or profile.suppliers.bank.entered != "hold":
        return None
    what = (write.system, str(write.external_id))
    if what not in _held(db, workflow.document_key):
        return "it is not held because of this account"
    other = _held_for_another(db, profile, workflow.document_key, what)
    if other is not None:
        return f"it is held because of account {other}, too, which nobody has agreed on"
    account = agreement.account_of(db, workflow)
    if not account.is_active or _is_signed(db, profile, workflow, account):
        return None
    if not workflow.data.get("plans"):
        return "nobody was asked about the account"
    return agreement.problem(db, profile, workflow, account, agreement.approval(db, workflow))


def _needs_nobody(context: Context, account: SupplierBankAccount) -> bool:
    """Say whether an account that is known is let pass: what is held because of it goes only by what persons have signed."""
    if not account.is_active or not _held(context.db, context.workflow.document_key):
        return True
    return _is_signed(context.db, context.facts.profile, context.workflow, account)


def _held_for_another(
    db: Connection, profile: Profile, account_key: str, what: tuple[str, str]
) -> str | None:
    """Return another account that is in use and not agreed on, because of which an invoice is held, too; None: there is none."""
    rows = db.execute(
        f"SELECT DISTINCT document_key FROM outbox_entry WHERE system=? AND external_id=? AND operation='{HOLD}' AND entity=?"  # noqa: S608
        " AND document_key<>? ORDER BY document_key",  # the operation in the text: its index is one of holds only
        (*what, SupplierBankAccount.entity, account_key),
    ).fetchall()
    for (key,) in rows:
        workflow = workflows.of_document(db, key, SupplierBankAccount.entity)[-1]
        account = agreement.account_of(db, workflow)
        if account.is_active and what in _held(db, key) and not _is_signed(db, profile, workflow, account):
            return str(key)
    return None


def _is_signed(db: Connection, profile: Profile, workflow: Workflow, account: SupplierBankAccount) -> bool:
    """Say whether persons have signed an account as it is: when it was asked about, now or before, or as a change at its origin."""
    own = _pays(account)
    for one in workflows.of_document(db, workflow.document_key, workflow.entity):
        then = agreement.account_of(db, one)
        if _pays(then) == own and agreement.approved_before(db, profile, one, then) is not None:
            return True
    key = RecordKey.parse(workflow.document_key)
    owners = accounts.owners_of(db, workflow.document_key)
    for one in agreement.changes_of(db, key):
        origin = agreement.account_of(db, one)
        if origin.fingerprint != account.fingerprint or not origin.is_active:
            continue
        plans = [plan for plan in one.data.get("plans") or () if plan["supplier"] in owners]
        is_it = any(plan["adds"] and _is_alike(origin, account) for plan in plans) or _is_bank_of(
            plans, key, account
        )
        if is_it and agreement.approved_before(db, profile, one, origin) is not None:
            return True
    return False


def _without_owner(context: Context, account: SupplierBankAccount) -> Answer:
    """Wait on while the account is in use: whoever has it may become a supplier, and be paid to it, much later."""
    if not account.is_active:
        return Finish("done", {"note": "the account belongs to no supplier, and has ended"})
    is_late = context.now - context.workflow.started_at >= OWNER_WITHIN
    if is_late and not context.data.get("is_ownerless"):
        context.data["is_ownerless"] = True
        _note(context, None, f"{_what(context, account)}; no supplier that was read has it")
    later = LATER if is_late else waiting.LOOK_AGAIN
    return Wait("the supplier that the account belongs to", context.now + later)


def _unheld(context: Context) -> list[str]:
    """Return the invoices that the ERP has not taken a hold for."""
    found = [outbox.get(context.db, int(one)) for one in context.data["hold_entries"]]
    return sorted(
        str(from_json(one.body)["number"]) for one in found if one is not None and one.state not in ("delivered", "verified")
    )  # fmt: skip


def _why_known(db: Connection, workflow: Workflow, account: SupplierBankAccount, now: datetime) -> str | None:
    """Return why nobody is asked about a version of an account; None: somebody is."""
    key = RecordKey.parse(workflow.document_key)
    since = _since(db, key.system, now)
    own = _pays(account)
    for version in range(workflow.document_version, 0, -1):
        held = records.get_version(db, SupplierBankAccount, key.system, key.external_id, version)
        if held is None or _pays(held.record) != own:
            continue
        if held.fetched_at <= since:
            return "it was there when the accounts were first read"
        if _accepted(db, workflow, version):
            return "it is as it was agreed on before"
    if _is_ours(db, key, account):
        return "it is as we delivered it"
    return None


def _pays(account: SupplierBankAccount) -> _Pays:
    bank = account.bic.upper().ljust(11, "X") if account.bic else None
    return _Pays(account.fingerprint, bank, account.supplier_id or account.party_id, account.is_active)


def _since(db: Connection, system: str, now: datetime) -> datetime:
    """Return until when accounts of an ERP count as given: the end of the first read of all of them."""
    name = f"{_SINCE}:{system}"
    known = meta.get(db, name)
    if known is not None:
        return instant(known)
    first = runs.first_done(db, system, SupplierBankAccount.entity)
    if first is None:
        return now
    meta.set(db, name, text(first))
    return first


def _accepted(db: Connection, workflow: Workflow, version: int) -> bool:
    found = workflows.of_document(db, workflow.document_key, workflow.entity)
    return any(
        one.document_version == version and one.data.get("accepted") for one in found if one.id != workflow.id
    )


def _is_ours(db: Connection, key: RecordKey, account: SupplierBankAccount) -> bool:
    """Say whether it is what a delivery of ours has made of it, or a change of its bank that persons agreed on."""
    for change in agreement.changes_of(db, key):
        origin = agreement.account_of(db, change)
        for told in outbox.of_workflow(db, change.id):
            if (
                told.operation == agreement.CHANGE
                and told.system == key.system
                and _has_made(told, key, account, origin)
            ):
                return True
        is_agreed = change.data.get("approved_at") and origin.fingerprint == account.fingerprint
        if is_agreed and _is_bank_of(change.data.get("plans") or (), key, account):
            return True
    return False


def _has_made(
    told: Delivery, key: RecordKey, account: SupplierBankAccount, origin: SupplierBankAccount
) -> bool:
    if told.state not in ("delivered", "verified"):
        return False
    body, answer = from_json(told.edited_body or told.body), (told.receipt or {}).get("answer") or {}
    if not account.is_active:
        return key.external_id in map(str, answer.get("ended") or ())
    asked = body.get("account") or {}
    if str(answer.get("account")) == key.external_id and asked.get("fingerprint") == account.fingerprint:
        return _is_alike(origin, account)
    return key.external_id in map(str, body.get("returns") or ())


def _is_alike(one: SupplierBankAccount, other: SupplierBankAccount) -> bool:
    """Say whether two accounts of one number are at one bank, as far as both systems name it."""
    return not (one.bic and other.bic) or is_same_bank(one.bic, other.bic)


def _is_bank_of(plans: Iterable[Mapping[str, Any]], key: RecordKey, account: SupplierBankAccount) -> bool:
    """Say whether this account of an ERP was to get its bank by hand, as persons have agreed."""
    banks = [
        (plan.get("banks") or {}).get(key.external_id)
        for plan in plans
        if RecordKey.parse(plan["supplier"]).system == key.system
    ]
    return any(bank and is_same_bank(account.bic or "", bank["new"]) for bank in banks)


def _before(context: Context, supplier: str) -> list[str]:
    """Return what the supplier was paid to until now, as far as it may be shown: its other accounts, and what this one was."""
    key = RecordKey.parse(context.workflow.document_key)
    others = {
        one.masked for one in accounts.of_supplier(context.db, supplier) if one.external_id != key.external_id
    }
    last = records.get_version(
        context.db, SupplierBankAccount, key.system, key.external_id, context.workflow.document_version - 1
    )
    return sorted(others | ({last.record.masked} if last is not None and last.record.is_active else set()))


def _held(db: Connection, account_key: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the invoices that are held because of an account, by any instance about it, with what holds them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in outbox.of_document(db, SupplierBankAccount.entity, account_key):
        if one.state in ("delivered", "verified") and one.external_id is not None:
            if one.operation == HOLD:
                found[one.system, one.external_id] = from_json(one.edited_body or one.body)
            elif one.operation == RELEASE:
                found.pop((one.system, one.external_id), None)
    return found


def _what(context: Context, account: SupplierBankAccount) -> str:
    by = agreement.changed_by(context.db, context.workflow)
    how = "changed" if context.workflow.document_version > 1 else "entered"
    return (
        f"account {account.masked} of {_suppliers(context)} was {how} in {_system(context)} by "
        f"{by or 'somebody whom it does not name'}, and not through finsync"
    )


def _suppliers(context: Context) -> str:
    plans = context.data.get("plans") or ()
    return ", ".join(plan["supplier"] for plan in plans) or context.data.get("supplier", "somebody")


def _note(context: Context, supplier: str | None, message: str) -> None:
    noticed = findings.Finding(
        class_="BANK_ENTRY", severity="warn", system=_system(context), message=message, noticed_at=context.now,
        entity=context.workflow.entity, document_key=context.workflow.document_key,
        document_number=context.workflow.document_number, detail={"supplier": supplier},
    )  # fmt: skip
    findings.append(context.db, [noticed])


def _system(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


STEPS: Final[Mapping[str, Step]] = {
    step.__name__: step
    for step in (look_at_entry, hold_payments, await_holds, await_entry, release_entry, await_releases)
}
