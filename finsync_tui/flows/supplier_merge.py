"""Supplier merge: a double goes, the supplier that stays takes its place, and all of it can be taken back.

    check_approval -> join -> await_documents -> request_ending -> await_ending -> verify
                                    ^ the next double: next_ending ------'

Documents find the supplier that stays from the moment they are joined. What is under way with the double goes on with it;
the double becomes inactive in its system when the last of it has ended. Un-merging goes the other way round:

    request_return -> await_return -> verify_return -> part
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows import compensation, outgoing, reading_back, suppliers
from finsync_tui.flows.asked import AskedFlow
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Step, Wait
from finsync_tui.mapping.standing import disagreement
from finsync_tui.profile import Profile
from finsync_tui.suppliers import in_flight, merging
from store import audit, events, findings, outbox, records, supplier_merges
from store.canonical.event import Event, event_type
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier
from store.columns import from_json
from store.outbox import Claim, Delivery
from store.supplier_merges import Merge
from store.workflows import Workflow

NAME: Final = "supplier_merge"
MERGE: Final = "merge"
PART: Final = "part"
LOOK_AGAIN: Final = timedelta(hours=6)
SHOWN_MAX: Final = 5


class SupplierMerge(AskedFlow):
    """The flow for doubles. Only a person's act begins one: no document does."""

    name = NAME
    model = Supplier
    listens_to = ("com.finsync.supplier_merge.",)
    under_way = frozenset(
        ("await_documents", "request_ending", "await_ending", "next_ending", "verify", "request_return",
         "await_return", "next_return", "verify_return")
    )  # fmt: skip

    def steps(self, kind: str) -> Mapping[str, Step]:
        return _MERGE if kind == MERGE else _PART

    is_signed = True
    undoes_itself = True

    def anew(self, workflow: Workflow) -> str:
        return (
            f"give the merge up (`finsync workflow abort {workflow.id} --reason TEXT`) and propose another "
            "(`finsync supplier merge KEEP DOUBLE --reason TEXT`)"
        )

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        """A double of the plan that was signed becomes inactive, or what it was before; nothing else of it changes."""
        merge = _of(db, workflow)
        key = f"{write.system}:{write.external_id}"
        ending = next((one for one in merge.plan_data["endings"] if one["key"] == key), None)
        if ending is None or write.operation != merging.CHANGE:
            return f"{key} is no double of what was agreed on"
        is_ending = workflow.kind == MERGE and workflow.step != compensation.STEP
        if not merging.is_change(
            db,
            key,
            from_json(write.body),
            "inactive" if is_ending else str(ending["status"]),
            now,
            _ended_by(db, merge, key),
        ):
            return "it says something else than was agreed on"
        return problem_of(db, profile, merge)

    def give_up(self, context: Context) -> None:
        """Nothing of an aborted merge is left in this store either; what was merged stays so."""
        merge = _merge(context)
        if merge.state == "merging" and context.workflow.kind == MERGE:
            if merge.applied:
                merging.take_back(context.db, merge.plan_data, merge.applied)
            supplier_merges.change(context.db, merge.id, "given_up", context.now)
        elif merge.state == "parting":
            supplier_merges.change(context.db, merge.id, "merged", context.now)

    def replan_step(self, kind: str, step: str, class_: str) -> tuple[str, bool]:
        if class_ == "DEAD_LETTER":
            return step, False
        return _ASKED_AT.get(step, step), step not in ("verify", "verify_return")


def check_approval(context: Context) -> Answer:
    """Did those agree whom the profile asks? Writing into the file is not enough."""
    merge = _merge(context)
    return _not_to_join(context, merge) or Done({"merge": merge.id, "proposal": merge.proposal_id})


def _not_to_join(context: Context, merge: Merge) -> Hold | None:
    """Say why the two may not become one now: what changed since they were looked at is told as that, not as a forgery."""
    if merging.gap(merge.plan_data) is None:
        changed = merging.outdated(context.db, merge.plan_data)
        if changed is not None:
            return _outdated(context, merge, changed)
    return _not_agreed(context, merge)


def _not_agreed(context: Context, merge: Merge) -> Hold | None:
    problem = problem_of(context.db, context.facts.profile, merge)
    if problem is None:
        return None
    return Hold(
        "APPROVAL_INVALID",
        f"the merge of {merge.double_key} into {merge.keep_key} may not be done: {problem}",
        f"Find out who wrote to the store, then `finsync workflow abort {context.workflow.id} --reason ...` and merge anew.",
        RecordKey.parse(merge.double_key).system,
        {"merge": merge.id},
    )


def problem_of(db: Connection, profile: Profile, merge: Merge) -> str | None:
    """Say why a merge may not be done; None: it may."""
    made = merge.plan_data
    return merging.gap(made) or disagreement(
        db, profile, merging.rule(db, profile, made), merge.proposal_id, kind=NAME, name=merge.name, body=merge.plan,
        what="plan",
    )  # fmt: skip


def join(context: Context) -> Answer:
    """From now on documents find the one that stays; who agreed is looked at again, whatever led here."""
    merge = _merge(context)
    problem = _not_to_join(context, merge)
    if problem is not None:
        return problem
    done = merging.apply(
        context.db, merge.plan_data, by=merge.made_by, reason=merge.reason, now=context.now,
        agreed=merge.proposal_id,
    )  # fmt: skip
    if isinstance(done, str):
        return _outdated(context, merge, done)
    supplier_merges.change(context.db, merge.id, "merging", context.now, applied=done)
    for one in merge.plan_data["relinks"]:
        suppliers.tell_linked(context, one["document_key"], one["system"])
    context.data.update(place=0, ended=[])
    _tell(context, merge, "merged")
    return Done({"links": len(merge.plan_data["relinks"])})


def _outdated(context: Context, merge: Merge, why: str) -> Hold:
    return Hold(
        "MERGE_OUTDATED",
        f"the merge of {merge.double_key} into {merge.keep_key} was decided on other facts: {why}",
        f"`finsync workflow abort {context.workflow.id} --reason ...`, look at it again with `finsync supplier merge KEEP DOUBLE --preview` and merge anew.",
        RecordKey.parse(merge.double_key).system,
        {"merge": merge.id},
    )


def await_documents(context: Context) -> Answer:
    """What is under way with the double is kept: the double goes when the last of it has ended."""
    ending = _ending(context)
    if ending is None:
        return Done({"note": "nothing more becomes inactive"}, goto="verify")
    found = in_flight.of(context.db, ending["key"])
    if found:
        shown = ", ".join(one.number for one in found[:SHOWN_MAX])
        more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
        return Wait(f"documents under way with {ending['key']}: {shown}{more}", context.now + LOOK_AGAIN)
    return Done({"double": ending["key"]})


def request_ending(context: Context) -> Answer:
    """Ask its system to make the double inactive: weeks may have passed, so it is looked at again whether it still may."""
    merge, ending = _merge(context), _ending(context)
    assert ending is not None, "await_documents leads here only with one"
    problem = _not_agreed(context, merge)
    if problem is not None:
        return problem
    stays = RecordKey.parse(ending["keep"])
    held = records.get(context.db, Supplier, stays.system, stays.external_id)
    if held is None or held.record.status == "inactive":
        return _outdated(context, merge, f"{stays}, which stays, is inactive by now")
    shown = records.payload(context.db, Supplier.entity, *RecordKey.parse(ending["key"]))
    version = {} if shown is None else {"version": shown[1]}
    _request(context, ending["key"], "inactive", "ending_entry", {"before": ending["status"], **version})
    return Done({"double": ending["key"], "status": "inactive"})


def await_ending(context: Context) -> Answer:
    return outgoing.await_delivery(context, int(context.data["ending_entry"]))


def next_ending(context: Context) -> Answer:
    """On to the next double."""
    ending = _ending(context)
    assert ending is not None, "one was just made inactive"
    context.data["ended"] = [*context.data["ended"], {"key": ending["key"], "status": ending["status"]}]
    context.data["place"] = int(context.data["place"]) + 1
    return Done({"double": ending["key"]}, goto="await_documents")


def verify(context: Context) -> Answer:
    """Merged only when each system, read afresh, shows its double inactive."""
    if context.data["ended"]:
        answer = _seen(context)
        if not isinstance(answer, Done):
            return answer
    supplier_merges.change(context.db, _merge(context).id, "merged", context.now)
    return Finish("done", {"inactive": [one["key"] for one in context.data["ended"]]})


def request_return(context: Context) -> Answer:
    """Ask for the next double to be what it was."""
    place = int(context.data["place"])
    ended = context.data["ended"]
    if place >= len(ended):
        return Done({"note": "nothing more comes back"}, goto="verify_return", is_skipped=not ended)
    key = ended[place]["key"]
    by = _ended_by(context.db, _merge(context), key)
    _request(context, key, ended[place]["status"], "return_entry", {"before": "inactive"}, by)
    return Done({"double": ended[place]["key"], "status": ended[place]["status"]})


def await_return(context: Context) -> Answer:
    answer = outgoing.await_delivery(context, int(context.data["return_entry"]))
    if not isinstance(answer, Done):
        return answer
    place, told = int(context.data["place"]), outbox.get(context.db, int(context.data["return_entry"]))
    said = ((told.receipt if told is not None else None) or {}).get("answer") or {}
    if said.get("has_ended"):  # the day on which it ends has come meanwhile
        ended = [dict(one) for one in context.data["ended"]]
        ended[place]["shown"] = "inactive"
        context.data["ended"] = ended
    context.data["place"] = place + 1
    return Done(answer.detail, goto="request_return")


def verify_return(context: Context) -> Answer:
    """Each double is there again as it was, before documents can find it."""
    return _seen(context) if context.data["ended"] else Done({}, is_skipped=True)


def part(context: Context) -> Answer:
    """Links and answers are what they were; the golden records part by themselves."""
    merge = _merge(context)
    kept = merging.take_back(context.db, merge.plan_data, merge.applied)
    supplier_merges.change(context.db, merge.id, "parted", context.now)
    _tell(context, merge, "parted")
    if kept:
        _tell_kept(context, merge, kept)
    return Finish("done", {"stays": kept})


def _tell_kept(context: Context, merge: Merge, kept: Sequence[str]) -> None:
    """What somebody changed since the merge stays: whoever undid it has to know that not all is as it was."""
    told = findings.Finding(
        class_="SUPPLIER_NOT_RESTORED", severity="warn", system=RecordKey.parse(merge.double_key).system, entity=Supplier.entity,
        document_key=merge.double_key, document_number=merge.double_key, noticed_at=context.now,
        message=f"merge {merge.id} is undone, but not all is as it was: {'; '.join(kept)}. Look at `finsync supplier show "
        f"{merge.double_key}` and put right what is left",
        detail={"merge": merge.id, "stays": list(kept)},
    )  # fmt: skip
    findings.append(context.db, [told])


def _request(
    context: Context, key: str, status: str, name: str, said: Mapping[str, Any], ended: Delivery | None = None
) -> None:
    target = RecordKey.parse(key)
    body = {**merging.change_body(context.db, key, status, context.now, ended=ended), **said}
    context.data[name] = outgoing.enqueue(
        context, target.system, merging.CHANGE, body, external_id=target.external_id, part=key
    )


def _ended_by(db: Connection, merge: Merge, key: str) -> Delivery | None:
    """Return the delivery by which a double was ended."""
    found = outbox.of_workflow(db, merge.workflow_id) if merge.workflow_id is not None else []
    return next(
        (
            one for one in found
            if f"{one.system}:{one.external_id}" == key and one.state in ("delivered", "verified")
            and from_json(one.body).get("status") == "inactive"
        ),
        None,
    )  # fmt: skip


def _seen(context: Context) -> Answer:
    seen = reading_back.take(context)
    if not seen:
        return Wait("read-back")
    held = reading_back.unlike(context, seen, "the supplier as it was asked to", partial(_teller, context))
    if held is not None:
        return held
    outgoing.mark_verified(context)
    return Done({"read_back": sorted(seen)})


def _teller(context: Context, system: str, field: str) -> int | None:
    """Return the delivery that told a system the status that it does not show."""
    key = RecordKey.parse(field.removeprefix("status of "))
    return outgoing.newest_to(context, system, lambda one: one.external_id == key.external_id)


def _ending(context: Context) -> dict[str, Any] | None:
    endings = _merge(context).plan_data["endings"]
    place = int(context.data["place"])
    return endings[place] if place < len(endings) else None


def _merge(context: Context) -> Merge:
    return _of(context.db, context.workflow)


def _of(db: Connection, workflow: Workflow) -> Merge:
    found = supplier_merges.of_workflow(db, workflow.document_key)
    assert found is not None, "a merge stays"
    return found


def _tell(context: Context, merge: Merge, participle: str) -> None:
    happened = Event(
        id=f"finsync:supplier:{merge.double_key}:{merge.name}:{participle}",
        type=event_type("supplier", participle),
        source="finsync",
        subject=merge.double_key,
        time=context.now,
        correlation_id=merge.key,
        data={"merge": merge.id, "keep": merge.keep_key, "double": merge.double_key},
    )
    events.append(context.db, [happened])
    told = {"merge": merge.id, "keep": merge.keep_key}
    audit.record(
        context.db,
        [audit.Entry(who="engine", what=f"supplier.{participle}", subject=merge.double_key, after=told)],
        context.now,
    )


_ASKED_AT: Mapping[str, str] = {"await_ending": "request_ending", "await_return": "request_return"}
"""Where what a system refused is asked anew."""
_MERGE: Mapping[str, Step] = {
    step.__name__: step
    for step in (check_approval, join, await_documents, request_ending, await_ending, next_ending, verify)
}
_PART: Mapping[str, Step] = {
    step.__name__: step for step in (request_return, await_return, verify_return, part)
}
