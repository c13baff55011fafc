"""Adoption: the target's value of a field is right, so its source gets it. Only a person's act begins one.

    check_approval -> request_change -> await_change

What was decided is what people signed; a difference that is another one by now is left alone. What was decided here, and not
read from a system, is stored anew instead of being written anywhere. That both sides agree is for reconciliation to see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from finsync_tui.flows import outgoing
from finsync_tui.flows.asked import AskedFlow
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step
from finsync_tui.mapping.standing import refusal
from store import breaks, proposals, records
from store.canonical.contracts import CONTRACTS
from store.canonical.organisation import CostCentre
from store.canonical.record import CanonicalRecord

NAME: Final = "break_adoption"
KIND: Final = "adoption"
OWN: Final = "finsync"


class BreakAdoption(AskedFlow):
    """The flow for values that are adopted. No document begins one."""

    name = NAME
    model = CostCentre
    listens_to = ("com.finsync.break_adoption.",)
    under_way = frozenset(("request_change", "await_change"))

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _STEPS

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        return (step, False) if class_ == "DEAD_LETTER" else ("check_approval", True)


def check_approval(context: Context) -> Answer:
    """Did those agree whom the profile asks? Writing into the file is not enough."""
    problem = _problem(context)
    if problem is not None:
        number = _plan(context)["break"]
        return Hold(
            "APPROVAL_INVALID",
            f"the value of break {number} may not be adopted: {problem}",
            f"Find out who wrote to the store, then `finsync workflow abort {context.workflow.id} --reason ...` and adopt it anew.",
            str(_plan(context)["system"]),
            {"break": number},
        )
    return Done({"proposal": context.data.get("proposal")})


def request_change(context: Context) -> Answer:
    """Ask the source to take the value, if the difference is still the one that people looked at."""
    plan = _plan(context)
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


def _problem(context: Context) -> str | None:
    """Say why it may not be adopted; None: it may."""
    if context.facts.profile.adoption_rule == "one":
        return None
    number = context.data.get("proposal")
    found = proposals.get(context.db, int(number)) if number is not None else None
    if found is None or found.kind != KIND or found.state != "approved":
        return "nobody else approved it"
    if found.body != context.data["plan"]:
        return "what was approved is another change"
    return refusal(context.facts.profile, proposals.store_id(context.db), found)


def _plan(context: Context) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(context.data["plan"])
    return found


_STEPS: Mapping[str, Step] = {step.__name__: step for step in (check_approval, request_change, await_change)}
