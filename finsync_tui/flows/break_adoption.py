"""Adoption: the target's value of a field is right, so its source gets it. Only a person's act begins one.

    check_approval -> request_change -> await_change

What was decided is what people signed; a difference that is another one by now is left alone. What was decided here, and not
read from a system, is stored anew instead of being written anywhere. That both sides agree is for reconciliation to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from pydantic import ValidationError

from finsync_tui.flows import compensation, counters, outgoing
from finsync_tui.flows.asked import AskedFlow
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step
from finsync_tui.mapping.standing import disagreement
from finsync_tui.profile import Profile
from store import breaks, records
from store.canonical.contracts import CONTRACTS
from store.canonical.organisation import CostCentre
from store.canonical.record import CanonicalRecord
from store.columns import from_json
from store.outbox import Claim
from store.workflows import Workflow

NAME: Final = "break_adoption"
KIND: Final = "adoption"
OWN: Final = "finsync"


class BreakAdoption(AskedFlow):
    """The flow for values that are adopted. No document begins one."""

    name = NAME
    model = CostCentre
    listens_to = ("com.finsync.break_adoption.",)
    under_way = frozenset(("request_change", "await_change"))
    is_signed = True

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _STEPS

    def anew(self, workflow: Workflow) -> str:
        return f"give it up (`finsync workflow abort {workflow.id} --reason TEXT`) and adopt what is right anew (`finsync breaks adopt N --reason TEXT`)"

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        """It is one of the changes that were signed, or what takes one of them back."""
        plan, body = _plan(workflow.data), from_json(write.body)
        agreed = [change["body"] for change in plan["changes"] if change.get("operation") == write.operation]
        if workflow.step == compensation.STEP:
            agreed = [counters.before_of(one) for one in agreed]
        if (write.system, write.external_id) != (plan["system"], plan["external_id"]):
            return "it goes to another record than was agreed on"
        if body not in agreed:
            return "it says something else than was agreed on"
        return _problem(db, profile, workflow.data)

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        return (step, False) if class_ == "DEAD_LETTER" else ("check_approval", True)


def check_approval(context: Context) -> Answer:
    """Did those agree whom the profile asks? Writing into the file is not enough."""
    plan = _plan(context.data)
    problem = _problem(context.db, context.facts.profile, context.data)
    if problem is not None:
        return Hold(
            "APPROVAL_INVALID",
            f"the value of break {plan['break']} may not be adopted: {problem}",
            f"Find out who wrote to the store, then `finsync workflow abort {context.workflow.id} --reason ...` and adopt it anew.",
            str(plan["system"]),
            {"break": plan["break"]},
        )
    return Done({"proposal": context.data.get("proposal")})


def request_change(context: Context) -> Answer:
    """Ask the source to take the value, if the difference is still the one that people looked at."""
    plan = _plan(context.data)
    one = breaks.get(context.db, int(plan["break"]))
    if one is None or one.gone_at is not None or one.fingerprint != plan["fingerprint"]:
        return Finish(
            "aborted", {"note": "the difference is gone, or another one by now; nothing was changed"}
        )
    if plan["system"] == OWN:
        return _stored_anew(context, plan)
    entries = [
        outgoing.enqueue(
            context, str(plan["system"]), change["operation"], change["body"], external_id=str(plan["external_id"]),
            part=change["field"],
        )
        for change in plan["changes"]
    ]  # fmt: skip
    context.data["change_entries"] = entries
    return Done({"entries": entries})


def await_change(context: Context) -> Answer:
    """Wait until the source has taken all of it. Both sides are compared in the same cycle."""
    for entry_id in context.data["change_entries"]:
        answer = outgoing.await_delivery(context, int(entry_id))
        if not isinstance(answer, Done):
            return answer
    return Finish("done", {"entries": context.data["change_entries"]})


def changed_record(held: CanonicalRecord, values: Mapping[str, Any]) -> CanonicalRecord | None:
    """Return a record with other values; None: it would not hold together."""
    try:
        return type(held).model_validate({**held.model_dump(mode="json"), **values})
    except ValidationError:
        return None


def _stored_anew(context: Context, plan: Mapping[str, Any]) -> Answer:
    values = {change["field"]: change["body"]["value"] for change in plan["changes"]}
    held = records.get(context.db, CONTRACTS[str(plan["entity"])], OWN, str(plan["external_id"]))
    record = changed_record(held.record, values) if held is not None else None
    if record is None:
        return Finish(
            "aborted", {"note": "what was decided here is another thing by now; nothing was changed"}
        )
    incoming = records.Incoming(
        external_id=str(plan["external_id"]), record=record, payload=record.canonical_json()
    )
    (stored,) = records.put_page(context.db, record.entity, OWN, [incoming], context.now)
    return Finish("done", {"version": stored.version, "values": values})


def name_of(break_id: int) -> str:
    return f"break-{break_id}"


def _problem(db: Connection, profile: Profile, data: Mapping[str, Any]) -> str | None:
    """Say why it may not be adopted; None: it may."""
    name = name_of(int(_plan(data)["break"]))
    return disagreement(
        db,
        profile,
        profile.adoption_rule,
        data.get("proposal"),
        kind=KIND,
        name=name,
        body=data["plan"],
        what="change",
    )


def _plan(data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = from_json(data["plan"])
    return found


_STEPS: Mapping[str, Step] = {step.__name__: step for step in (check_approval, request_change, await_change)}
