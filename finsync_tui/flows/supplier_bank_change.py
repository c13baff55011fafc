"""Changed bank details of a supplier: held for a second person and for a while, then carried to the ERP.

    find_supplier -> check_account -> compare -> await_approval -> cool_off -> request_change -> await_change -> verify
                                                      | refused: flag_origin -> await_flag

The classic fraud is a letter with a new account. So nobody's change reaches an ERP before persons have confirmed and
approved it, signed, and a time in which the supplier may still object has passed. The number is in no store: it is asked
of its system when it is sent, and only sent when it is what was approved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.flows.supplier_bank_agreement import CHANGE
from finsync_tui.flows.usual import UsualFlow
from finsync_tui.profile import Profile
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import accounts, in_flight
from store import crossrefs, events, findings, records, workflows
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount
from store.outbox import Claim
from store.workflows import Workflow

NAME: Final = "supplier_bank_change"
ENTITY: Final = SupplierBankAccount.entity
LOOK_AGAIN: Final = timedelta(hours=1)


class SupplierBankChange(UsualFlow):
    """The flow for bank accounts of suppliers."""

    name = NAME
    model = SupplierBankAccount
    listens_to = (
        "com.finsync.supplier_bank_account.", "com.finsync.supplier.onboarded.", "com.finsync.supplier.linked.",
    )  # fmt: skip
    rechecks = frozenset(("check_account",))
    under_way = frozenset(("request_change", "await_change", "verify", "flag_origin", "await_flag"))
    is_signed = True

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _STEPS

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        """Every new version of an account is looked at: the ERP may know it already."""
        return "change"

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        """A supplier that is in the ERP now has its accounts follow."""
        key = RecordKey.parse(event.subject)
        ids = records.twins(db, ENTITY, "supplier", key.external_id, key.system)
        return [f"{key.system}:{one}" for one in ids]

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        """An ERP that has come to have the supplier since is looked at, too."""
        supplier = workflow.data.get("supplier")
        known = {
            f"{one.system}:{one.external_id}" for one in crossrefs.of(db, Supplier.entity, str(supplier))
        }
        return "find_supplier" if known - {*workflow.data.get("targets", ())} else None

    def anew(self, workflow: Workflow) -> str:
        return (
            f"have the details corrected at their origin, which are then confirmed and approved anew (`finsync supplier bank-list`), or "
            f"give the change up (`finsync workflow abort {workflow.id} --reason TEXT`)"
        )

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        return agreement.disagreement(db, profile, workflow, write, now)

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ in ("DEAD_LETTER", "BANK_CHANGE_HELD") or step == "verify":
            return step, False
        return "find_supplier", True


def find_supplier(context: Context) -> Answer:
    """In which ERPs is the supplier? One that is in none has its details follow when it is."""
    account, key = _account(context), _key(context)
    if account.supplier_id is None:
        return Finish("done", {"note": "the account belongs to no supplier"})
    supplier_key = f"{key.system}:{account.supplier_id}"
    targets = _targets(context, supplier_key)
    context.data.update(supplier=supplier_key, targets=targets)
    if not targets:
        return Finish("done", {"note": "its supplier is in no ERP yet"})
    return Done({"suppliers": targets})


def check_account(context: Context) -> Answer:
    """Can the IBAN and BIC be right at all?"""
    account = _account(context)
    if account.is_active and account.problem:
        return Hold(
            "BANK_ACCOUNT_INVALID",
            f"bank account {account.masked} of {context.data['supplier']}: {account.problem}",
            "Ask the supplier on a way that you know already. It is looked at again when it was corrected.",
            _key(context).system,
            {"account": account.masked},
        )
    return Done({"account": account.masked})


def compare(context: Context) -> Answer:
    """What would change in each ERP? What it has already needs nobody."""
    account, shown = _account(context), _shown_now(context)
    earlier = _asked_already(context, shown)
    if earlier is not None:
        return Wait(f"bank change {earlier.id} of the same account", context.now + LOOK_AGAIN)
    gone = _gone(context, {one.fingerprint for one in shown})
    plans: list[dict[str, Any]] = []
    for target in context.data["targets"]:
        if target in context.data.get("told", ()):
            continue  # read back already, and perhaps not read anew since
        theirs = accounts.of_supplier(context.db, target)
        has = any(one.fingerprint == account.fingerprint for one in theirs)
        ends = [one.external_id for one in theirs if one.fingerprint in gone]
        adds = account.is_active and not has
        if adds or ends:
            plans.append({
                "supplier": target, "adds": adds, "ends": ends, "old": sorted({one.masked for one in theirs}),
            })  # fmt: skip
    context.data.update(plans=plans, place=0, delivered=[])
    if not plans:
        return Finish("done", {"note": "each ERP has it already"})
    return Done({"plans": plans})


def await_approval(context: Context) -> Answer:
    """Held until one has confirmed it with the supplier and another has approved; both signed what stands here."""
    refused = context.data.get("refused")
    if refused:
        return Done({"refused_by": refused["by"], "reason": refused["reason"]}, goto="flag_origin")
    found = agreement.approval(context.db, _so_far(context))
    account = _account(context)
    problem = agreement.problem(context.db, context.facts.profile, _so_far(context), account, found)
    if problem is None:
        assert found is not None
        context.data["approved_at"] = (found.decided_at or found.made_at).isoformat()
        return Done({"proposal": found.id, "by": [found.maker, found.checker]})
    under_way = _under_way(context)
    if not context.data.get("is_told"):
        context.data["is_told"] = True
        _tell_documents(
            context,
            under_way,
            "its supplier's bank details are changing; the new ones are held until they are approved",
        )
    old = sorted({one for plan in context.data["plans"] for one in plan["old"]})
    what = f"a new account {account.masked}" if account.is_active else f"the end of account {account.masked}"
    return Hold(
        "BANK_CHANGE_HELD",
        f"{context.data['supplier']} asks for {what} ({', '.join(old) or 'none'} until now): {problem}",
        f"Ask the supplier on a way that you know already; then `finsync supplier bank-confirm {context.workflow.id} --reason TEXT`, "
        f"or `finsync supplier bank-refuse {context.workflow.id} --reason TEXT`.",
        _key(context).system,
        {
            "change": context.workflow.id, "supplier": context.data["supplier"], "old": old, "new": account.masked,
            "erp": [plan["supplier"] for plan in context.data["plans"]], "changed_by": _changed_by(context),
            "under_way": [[one.entity, one.number, one.state] for one in under_way],
        },
    )  # fmt: skip


def cool_off(context: Context) -> Answer:
    """A time in which the supplier may still object: it begins with the last approval."""
    found = agreement.approval(context.db, _so_far(context))
    assert found is not None, "it was approved"
    ends_at = agreement.ends_at(context.facts.profile, found)
    if context.data.get("refused"):
        return Done({"refused_by": context.data["refused"]["by"]}, goto="flag_origin")
    if context.now < ends_at:
        return Wait(f"cooling off until {ends_at:%Y-%m-%d %H:%M}", ends_at)
    problem = agreement.problem(context.db, context.facts.profile, _so_far(context), _account(context), found)
    if problem is not None:  # somebody wrote into the file meanwhile
        return Done({"note": problem}, goto="await_approval")
    return Done({"since": context.data["approved_at"]})


def request_change(context: Context) -> Answer:
    """Ask the next ERP for the new account and for the end of the old one."""
    plan = _plan(context)
    target = RecordKey.parse(plan["supplier"])
    body = agreement.request(_so_far(context), _account(context), plan, context.now.date().isoformat())
    context.data["target"] = target.system
    context.data["change_entry"] = outgoing.enqueue(
        context, target.system, CHANGE, body, external_id=target.external_id, part=plan["supplier"]
    )
    return Done({"erp": plan["supplier"], "ends": len(plan["ends"])})


def await_change(context: Context) -> Answer:
    """Wait until the ERP has it; then on to the next one."""
    answer = outgoing.await_delivery(context, int(context.data["change_entry"]))
    if not isinstance(answer, Done):
        return answer
    place = int(context.data["place"])
    made = answer.detail.get("external_id") if context.data["plans"][place]["adds"] else None
    context.data["delivered"] = [*context.data["delivered"], made]
    context.data["place"] = place + 1
    more = place + 1 < len(context.data["plans"])
    return Done(answer.detail, goto="request_change" if more else None)


def verify(context: Context) -> Answer:
    """Done only when each ERP, read afresh, shows the new account as the supplier's, and the old one ended."""
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    held = reading_back.unlike(
        context, seen, "the bank details as they were delivered", partial(_teller, context)
    )
    if held is not None:
        fix = (
            f"Find out at once who changed them in {held.system}, and stop payments to the supplier meanwhile; then retry: what was "
            "agreed on is told again where it is not there."
        )
        return replace(held, fix=fix)
    outgoing.mark_verified(context)
    _tell_documents(
        context,
        _under_way(context),
        "its supplier's bank details have changed, approved by two: it is paid to the new account",
    )
    _happened(context, "delivered")
    told = [plan["supplier"] for plan in context.data["plans"]]
    context.data["told"] = sorted({*context.data.get("told", ()), *told})
    if {*_targets(context, context.data["supplier"])} - {*context.data["targets"]}:
        return Done({"note": "an ERP has come to have the supplier meanwhile"}, goto="find_supplier")
    return Finish("done", {"erp": told})


def flag_origin(context: Context) -> Answer:
    """Refused: the ERP keeps what it has; at its origin the supplier's invoices are to be reviewed."""
    key = _key(context)
    _tell_documents(
        context,
        _under_way(context),
        "new bank details of its supplier were refused: it is paid to the old account",
    )
    _happened(context, "refused")
    if not (
        context.facts.profile.suppliers.bank.flags_refused
        and takes(context.facts.profile, key.system, "supplier.change")
    ):
        return Finish("done", {"refused": context.data["refused"]})
    supplier = RecordKey.parse(context.data["supplier"])
    context.data["flag_entry"] = outgoing.enqueue(
        context,
        supplier.system,
        "supplier.change",
        agreement.FLAG,
        external_id=supplier.external_id,
        part="flag",
    )
    return Done({"flagged": str(supplier)})


def await_flag(context: Context) -> Answer:
    answer = outgoing.await_delivery(context, int(context.data["flag_entry"]))
    return Finish("done", {"refused": context.data["refused"]}) if isinstance(answer, Done) else answer


# -- helpers


def _targets(context: Context, supplier: str) -> list[str]:
    """Return the ERPs' records of a supplier whose bank accounts can be told them."""
    links = crossrefs.of(context.db, Supplier.entity, supplier)
    known = [link for link in links if takes(context.facts.profile, link.system, CHANGE)]
    return [f"{link.system}:{link.external_id}" for link in known]


def _teller(context: Context, system: str, field: str) -> int | None:
    return outgoing.newest_to(context, system, lambda one: one.operation == CHANGE)


def _shown_now(context: Context) -> list[accounts.KnownAccount]:
    """Return the active accounts that the origin shows of the supplier: several entries may hold one number."""
    return accounts.of_supplier(context.db, context.data["supplier"])


def _gone(context: Context, shown: Collection[str]) -> set[str]:
    """Return what this entry is or was at its origin, where no active entry of the supplier shows it any more."""
    key, account = _key(context), _account(context)
    versions = [
        records.get_version(context.db, SupplierBankAccount, key.system, key.external_id, one)
        for one in range(1, context.workflow.document_version)
    ]
    known = {held.record.fingerprint for held in versions if held is not None}
    return (known - {account.fingerprint} if account.is_active else known | {account.fingerprint}) - {*shown}


def _asked_already(context: Context, shown: Sequence[accounts.KnownAccount]) -> Workflow | None:
    """Return the earlier instance that asks for the same account of the supplier, for another entry of it."""
    key, account = _key(context), _account(context)
    if not account.is_active:
        return None
    same = [f"{key.system}:{one.external_id}" for one in shown if one.fingerprint == account.fingerprint]
    live = [w for one in same for w in workflows.of_document(context.db, one, ENTITY) if w.ended_at is None]
    return next((one for one in live if one.flow == NAME and one.id < context.workflow.id), None)


def _under_way(context: Context) -> list[in_flight.InFlight]:
    keys = [context.data["supplier"], *(plan["supplier"] for plan in context.data["plans"])]
    found = {one.document_key: one for key in keys for one in in_flight.of(context.db, key)}
    return [found[key] for key in sorted(found)]


def _tell_documents(context: Context, documents: Sequence[in_flight.InFlight], what: str) -> None:
    """Payments on their way say in their own story what is going on."""
    told = [
        findings.Finding(
            class_="BANK_DETAILS_CHANGING", severity="warn", system=_key(context).system, message=what,
            noticed_at=context.now, entity=one.entity, document_key=one.document_key, document_number=one.number,
            detail={"change": context.workflow.id, "supplier": context.data["supplier"]},
        )
        for one in documents
    ]  # fmt: skip
    findings.append(context.db, told)


def _happened(context: Context, participle: str) -> None:
    flow = context.workflow
    event = Event(
        id=f"finsync:{ENTITY}:{flow.document_key}:{flow.id}:{participle}", type=event_type(ENTITY, participle), source="finsync",
        subject=flow.document_key, time=context.now, correlation_id=flow.document_key,
        data={"supplier": context.data["supplier"], "account": _account(context).masked},
    )  # fmt: skip
    events.append(context.db, [event])


def _changed_by(context: Context) -> str | None:
    key = _key(context)
    held = records.get_version(
        context.db, SupplierBankAccount, key.system, key.external_id, context.workflow.document_version
    )
    return held.changed_by if held is not None else None


def _so_far(context: Context) -> Workflow:
    """Return the instance with what its steps have decided in this run, too: that is what has to be agreed on."""
    return replace(context.workflow, data=context.data)


def _plan(context: Context) -> dict[str, Any]:
    plan: dict[str, Any] = context.data["plans"][int(context.data["place"])]
    return plan


def _account(context: Context) -> SupplierBankAccount:
    return agreement.account_of(context.db, context.workflow)


def _key(context: Context) -> RecordKey:
    return RecordKey.parse(context.workflow.document_key)


_STEPS: Mapping[str, Step] = {
    step.__name__: step
    for step in (find_supplier, check_account, compare, await_approval, cool_off, request_change, await_change, verify,
                 flag_origin, await_flag)
}  # fmt: skip
