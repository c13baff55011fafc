"""Changed bank details of a supplier: held for a second person and for a while, then carried to the ERP.

    find_supplier -> check_account -> compare -> await_approval -> cool_off -> request_change -> await_change -> verify
                                                      | refused: flag_origin -> await_flag -> verify_flag

The classic fraud is a letter with a new account. So nobody's change reaches an ERP before persons have confirmed and
approved it, signed, and a time in which the supplier may still object has passed. The number is in no store: it is asked
of its system when it is sent, and only sent when it is what was approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows import supplier_bank_entry as entering
from finsync_tui.flows import supplier_bank_plans as planning
from finsync_tui.flows import supplier_bank_telling as telling
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.flows.supplier_bank_agreement import CHANGE
from finsync_tui.flows.supplier_block import HOLD, RELEASE
from finsync_tui.flows.usual import UsualFlow
from finsync_tui.profile import Profile
from finsync_tui.profile.capabilities import takes
from finsync_tui.suppliers import accounts, checks
from store import crossrefs, records
from store.canonical.event import Event
from store.canonical.keys import RecordKey
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierBankAccount
from store.outbox import Claim
from store.workflows import Workflow

NAME: Final = "supplier_bank_change"
ENTITY: Final = SupplierBankAccount.entity
LOOK_AGAIN: Final = timedelta(hours=1)
WARNED_MAX: Final = 3


class SupplierBankChange(UsualFlow):
    """The flow for bank accounts of suppliers."""

    name = NAME
    model = SupplierBankAccount
    listens_to = (
        "com.finsync.supplier_bank_account.", "com.finsync.supplier.onboarded.", "com.finsync.supplier.linked.",
    )  # fmt: skip
    rechecks = frozenset(("check_account",))
    under_way = frozenset(
        ("request_change", "await_change", "verify", "flag_origin", "await_flag", "verify_flag")
    )
    is_signed = True
    undoing_is_read_back = True
    repeatable = frozenset((HOLD, RELEASE))

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

    def refuses_end(self, workflow: Workflow) -> str | None:
        return entering.refuses_end(workflow)

    def stopped(self, db: Connection, workflow: Workflow, why: str, now: datetime) -> None:
        """What somebody had confirmed and nobody decided on is nobody's to decide any more."""
        agreement.close_open(db, workflow, why, now)

    def anew(self, workflow: Workflow) -> str:
        return (
            f"have the details corrected at their origin, which are then confirmed and approved anew (`finsync supplier bank-list`), or "
            f"give the change up (`finsync workflow abort {workflow.id} --reason TEXT`)"
        )

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        if write.operation in (HOLD, RELEASE):
            return entering.disagreement(db, profile, workflow, write)
        return agreement.disagreement(db, profile, workflow, write, now)

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if step in entering.STEPS:
            return step, False
        if class_ in ("DEAD_LETTER", "BANK_CHANGE_HELD", "BANK_CODE_BY_HAND") or step in (
            "verify",
            "verify_flag",
        ):
            return step, False
        return "find_supplier", True


def find_supplier(context: Context) -> Answer:
    """In which ERPs is the supplier? One that is in none has its details follow when it is."""
    account, key = _account(context), _key(context)
    if entering.is_entry(context.facts.profile.flows[NAME].source, context.workflow):
        return Done({}, goto="look_at_entry", is_skipped=True)
    if account.supplier_id is None:
        return Finish("done", {"note": "the account belongs to no supplier"})
    supplier_key = f"{key.system}:{account.supplier_id}"
    targets = planning.targets(context, supplier_key)
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
    doubts = _country_doubts(context, account)
    if doubts and context.facts.profile.suppliers.bank.countries == "hold":
        return Hold(
            "BANK_COUNTRY_DIFFERS",
            f"bank account {account.masked} of {context.data['supplier']}: {'; '.join(doubts)}",
            "Ask the supplier on a way that you know already. It is looked at again when it was corrected; where it is right so, "
            'let the profile warn only (`countries = "warn"`).',
            _key(context).system,
            {"account": account.masked},
        )
    return Done({"account": account.masked})


def compare(context: Context) -> Answer:
    """What would change in each ERP? What it has already needs nobody."""
    account, shown = _account(context), planning.shown_now(context)
    earlier = planning.asked_already(context, account, shown)
    if earlier is not None:
        return Wait(f"bank change {earlier.id} of the same account", context.now + LOOK_AGAIN)
    plans = planning.plans(context, account, shown)
    context.data.update(plans=plans, place=0, delivered=[])
    before = None if not plans else context.generation
    agreement.close_open(context.db, context.workflow, "it was decided anew", context.now, before)
    if not plans:
        return Finish("done", {"note": "each ERP has it already"})
    return Done({"plans": plans})


def await_approval(context: Context) -> Answer:
    """Held until one has confirmed it with the supplier and another has approved; both signed what stands here."""
    refused = _refused(context)
    if refused is not None:
        return refused
    found = agreement.approval(context.db, _so_far(context))
    account = _account(context)
    problem = agreement.problem(context.db, context.facts.profile, _so_far(context), account, found)
    if problem is None:
        assert found is not None
        context.data["approved_at"] = (found.decided_at or found.made_at).isoformat()
        return Done({"proposal": found.id, "by": [found.maker, found.checker]})
    under_way = telling.under_way(context)
    if not context.data.get("is_told"):
        context.data["is_told"] = True
        telling.documents(context, telling.CHANGING)
    old = sorted({one for plan in context.data["plans"] for one in plan["old"]})
    banks = [bank for plan in context.data["plans"] for bank in plan.get("banks", {}).values()]
    what = _asked_for(account, banks)
    warned = _warnings(context, account)
    return Hold(
        "BANK_CHANGE_HELD",
        f"{context.data['supplier']} asks for {what} ({', '.join(old) or 'none'} until now): {problem}"
        + "".join(f"; {one}" for one in warned),
        f"Ask the supplier on a way that you know already; then `finsync supplier bank-confirm {context.workflow.id} --reason TEXT`, "
        f"or `finsync supplier bank-refuse {context.workflow.id} --reason TEXT`.",
        _key(context).system,
        {
            "change": context.workflow.id, "supplier": context.data["supplier"], "old": old, "new": account.masked,
            "erp": [plan["supplier"] for plan in context.data["plans"]], "banks": banks,
            "changed_by": agreement.changed_by(context.db, context.workflow), "warnings": warned,
            "under_way": [[one.entity, one.number, one.state] for one in under_way],
        },
    )  # fmt: skip


def cool_off(context: Context) -> Answer:
    """A time in which the supplier may still object: it begins with the last approval."""
    found = agreement.approval(context.db, _so_far(context))
    assert found is not None, "it was approved"
    ends_at = agreement.ends_at(context.facts.profile, found)
    refused = _refused(context)
    if refused is not None:
        return refused
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
    context.data.update(target=target.system, change_entry=None)
    if not (plan["adds"] or plan["ends"]):
        return Done({"erp": plan["supplier"]}, is_skipped=True)
    body = agreement.request(_so_far(context), _account(context), plan, context.now.date().isoformat())
    context.data["change_entry"] = outgoing.enqueue(
        context, target.system, CHANGE, body, external_id=target.external_id, part=plan["supplier"]
    )
    return Done({"erp": plan["supplier"], "ends": len(plan["ends"])})


def await_change(context: Context) -> Answer:
    """Wait until the ERP has it; then on to the next one."""
    entry_id, plan = context.data["change_entry"], _plan(context)
    answer = Done({}) if entry_id is None else outgoing.await_delivery(context, int(entry_id))
    if not isinstance(answer, Done):
        return answer
    by_hand = _by_hand(context, plan)
    if by_hand is not None:
        return by_hand
    made = answer.detail.get("external_id") if plan["adds"] else None
    place = int(context.data["place"]) + 1
    context.data.update(delivered=[*context.data["delivered"], made], place=place)
    return Done(answer.detail, goto="request_change" if place < len(context.data["plans"]) else None)


def _by_hand(context: Context, plan: Mapping[str, Any]) -> Hold | None:
    """No ERP's interface changes the bank of an account that is there: a person does, once it is agreed on; None: it is done."""
    left = planning.other_banks(context.db, plan)
    if not left:
        return None
    system = RecordKey.parse(plan["supplier"]).system
    shown = ", ".join(f"account {one}: {bank['old']} becomes {bank['new']}" for one, bank in left.items())
    return Hold(
        "BANK_CODE_BY_HAND",
        f"the bank of {context.data['supplier']}'s account {_account(context).masked} has another code, agreed on and cooled off; "
        f"{system} takes that from a person only ({shown})",
        f"Change it in {system}. When it was read again, retry: it is read back then.",
        system,
        {"banks": left},
    )


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
    telling.documents(context, telling.CHANGED)
    telling.happened(context, "delivered", _account(context).masked)
    told = [plan["supplier"] for plan in context.data["plans"]]
    context.data["told"] = sorted({*context.data.get("told", ()), *told})
    if {*planning.targets(context, context.data["supplier"])} - {*context.data["targets"]}:
        return Done({"note": "an ERP has come to have the supplier meanwhile"}, goto="find_supplier")
    return Finish("done", {"erp": told})


def flag_origin(context: Context) -> Answer:
    """Refused: the ERP keeps what it has; at its origin the supplier's invoices are to be reviewed."""
    key = _key(context)
    telling.documents(context, telling.REFUSED)
    telling.happened(context, "refused", _account(context).masked)
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
    return outgoing.await_delivery(context, int(context.data["flag_entry"]))


def verify_flag(context: Context) -> Answer:
    """Done only when the origin, looked at again, shows that the supplier's invoices are reviewed."""
    what = "that the supplier's invoices are reviewed"
    answer = outgoing.await_proof(context, int(context.data["flag_entry"]), what)
    return Finish("done", {"refused": context.data["refused"]}) if isinstance(answer, Done) else answer


# -- helpers


def _refused(context: Context) -> Answer | None:
    """Go on to the refusal, if somebody who may has refused it and signed that; what merely stands in the file is nobody's no."""
    found = agreement.refusal(context.db, context.facts.profile, context.workflow, _account(context))
    if found is None:
        context.data.pop("refused", None)
        return None
    context.data["refused"] = {"by": found.maker, "reason": found.reason}
    return Done({"refused_by": found.maker, "reason": found.reason}, goto="flag_origin")


def _asked_for(account: SupplierBankAccount, banks: Sequence[Mapping[str, Any]]) -> str:
    if banks:
        return f"another bank code for account {account.masked} ({banks[0]['old']} becomes {banks[0]['new']})"
    if account.is_active:
        return f"a new account {account.masked}"
    how = "deleted" if account.is_deleted else "deactivated"
    return f"the end of account {account.masked}, which was {how} at its origin"


def _teller(context: Context, system: str, field: str) -> int | None:
    return outgoing.newest_to(context, system, lambda one: one.operation == CHANGE)


def _country_doubts(context: Context, account: SupplierBankAccount) -> list[str]:
    """Return what speaks against the countries of an account that is in use, where the profile looks at them."""
    if not account.is_active or context.facts.profile.suppliers.bank.countries == "off":
        return []
    key = RecordKey.parse(str(context.data["supplier"]))
    held = records.get(context.db, Supplier, key.system, key.external_id)
    return checks.bank_doubts(account, held.record.home if held is not None else None)


def _warnings(context: Context, account: SupplierBankAccount) -> list[str]:
    """Return what speaks against a new account, for whoever decides: whose it is, and where it was refused."""
    if not account.is_active:
        return []
    own = {context.data["supplier"], *context.data["targets"]}
    others = accounts.others_with(context.db, account.fingerprint, own)[:WARNED_MAX]
    refused = agreement.refused_before(context.db, context.workflow, account)[:WARNED_MAX]
    found = [f"it is the account of {', '.join(others)}, too"] if others else []
    found += _country_doubts(context, account)
    return (
        [*found, f"it was refused before (bank change {', '.join(map(str, refused))})"] if refused else found
    )


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
    **{
        step.__name__: step
        for step in (find_supplier, check_account, compare, await_approval, cool_off, request_change, await_change, verify,
                     flag_origin, await_flag, verify_flag)
    },
    **entering.STEPS,
}  # fmt: skip
