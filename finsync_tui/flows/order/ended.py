"""Steps for an issued order that the ERP cancels or closes by itself, or lines of it, after it was written back and verified.

    follow_erp -> await_followed

What was still open of it is promised by nobody any more, its source reads the ERP's status, and a finding says so; should the
ERP open it again, it promises again. An order that closes with nothing left to invoice has come to its usual end: nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sqlite3 import Connection

from finsync_tui.flows import outgoing
from finsync_tui.flows.order import changed, subject, telling
from finsync_tui.flows.order.takeover import ENDED
from finsync_tui.flows.steps import Answer, Context, Done, Finish
from store import commitments, crossrefs, records
from store.canonical.budget import Commitment, CommitmentLine
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.purchasing import PurchaseOrder
from store.workflows import Workflow

CLASS = "ORDER_ENDED"


def is_news(db: Connection, workflow: Workflow) -> bool:
    """Say whether the ERP has ended an order that a done instance made or changed there, or lines of it, or has opened it again."""
    link = crossrefs.get(db, subject.ENTITY, workflow.document_key, str(workflow.target))
    seen = records.get(db, PurchaseOrder, link.system, link.external_id) if link is not None else None
    if seen is None or workflow.kind in ("cancel", "close"):
        return False
    told = workflow.data.get("ended_there")
    if seen.record.status not in ENDED:
        known = workflow.data.get("ended_lines", [])
        left_out = workflow.data.get("left_out", [])
        is_other = told is not None or _cancelled(seen.record, asked_of(db, workflow), left_out) != known
        return seen.record.status == "open" and is_other
    is_left = any(one.amount_minor > 0 for one in commitments.open_of(db, workflow.document_key))
    return seen.record.status != told and (is_left or told is not None)


def follow_erp(context: Context) -> Answer:
    """Let what is promised follow the ERP, and tell the source what has become of the order there."""
    seen = subject.shown(context)
    assert seen is not None, "it is gone on with because of what the ERP shows"
    key, status = context.workflow.document_key, seen.record.status
    asked, before = subject.asked(context), commitments.open_of(context.db, key)
    left_out = context.data.get("left_out", [])
    lines = _cancelled(seen.record, asked, left_out)
    if status in ENDED:
        commitments.drop(context.db, key)
        _note(context, f"was {status}", before)
    else:
        back = tuple(_asked_before(context, set(left_out) - set(lines)))
        whole = asked.model_copy(update={"lines": (*asked.lines, *back)})
        changed.promise(context, seen.record, whole)
        if not set(lines) <= set(context.data.get("ended_lines", [])):
            left = _less(before, commitments.open_of(context.db, key))
            _note(context, f"lost {telling.named(lines)}", left)
    ended = status if status in ENDED else None
    decided = telling.write_back(context, ended or "changed", telling.status_text(status, lines))
    context.data.update(ended_there=ended, ended_lines=lines, changed_there=[])
    return Done(decided)


def await_followed(context: Context) -> Answer:
    """Wait until the source has taken it; what comes next is the source's to decide."""
    answer = outgoing.await_delivery(context, int(context.data["write_back_entry"]))
    if not isinstance(answer, Done):
        return answer
    if is_news(context.db, context.workflow):
        return Done({"note": "the ERP has gone on with it"}, goto="follow_erp")
    if changed.is_news(context.db, context.workflow):
        return Done({"note": "lines of it were changed, too"}, goto="follow_change")
    return Finish("done", {"erp_status": context.data["written"]["erp_status"]})


def left_out(context: Context) -> list[str]:
    """Return the lines that the ERP has cancelled by itself and that their source goes on ordering, which it did before, too:
    an ERP takes no line up again."""
    seen = subject.shown(context)
    if seen is None:
        return []
    wanted = _ordered_before(context) & {
        line.number for line, _ in subject.distributions(subject.order(context))
    }
    return [line.number for line in seen.record.lines if line.is_cancelled and line.number in wanted]


def _ordered_before(context: Context) -> set[str]:
    """Return the lines of the version before; of the first one, those that the ERP was asked for already."""
    flow = context.workflow
    if flow.document_version <= 1:
        asked = asked_of(context.db, flow)
        return {line.number for line in asked.lines} if asked is not None else set()
    key = RecordKey.parse(flow.document_key)
    held = records.get_version(
        context.db, PurchaseOrder, key.system, key.external_id, flow.document_version - 1
    )
    return {line.number for line in held.record.lines if not line.is_cancelled} if held is not None else set()


def in_force(context: Context, commitment: Commitment) -> Commitment:
    """Return what is promised of it: without the lines that the ERP shows as cancelled."""
    seen = subject.shown(context)
    gone = {line.number for line in seen.record.lines if line.is_cancelled} if seen is not None else set()
    live = tuple(line for line in commitment.lines if line.number not in gone)
    return commitment.model_copy(update={"lines": live})


def _asked_before(context: Context, numbers: set[str]) -> Iterator[CommitmentLine]:
    """Yield lines that are in force again, as the ERP was asked for them last."""
    key, left = context.workflow.document_key, set(numbers)
    for version in reversed(records.history(context.db, Commitment.entity, "finsync", key) if left else []):
        held = records.get_version(context.db, Commitment, "finsync", key, version.version)
        for line in held.record.lines if held is not None else ():
            if line.number in left:
                left.remove(line.number)
                yield line


def asked_of(db: Connection, workflow: Workflow) -> Commitment | None:
    """Return what an instance asked the ERP to hold; None: it did not get so far."""
    version = workflow.data.get("commitment_version")
    if version is None:
        return None
    held = records.get_version(db, Commitment, "finsync", workflow.document_key, int(version))
    return held.record if held is not None else None


def _cancelled(seen: PurchaseOrder, asked: Commitment | None, left_out: Iterable[str]) -> list[str]:
    """Return the lines that the ERP has cancelled by itself: those that it was asked to hold, or would have been."""
    wanted = set(left_out) | {line.number for line in (asked.lines if asked is not None else ())}
    return [line.number for line in seen.lines if line.is_cancelled and line.number in wanted]


def _less(before: list[Money], after: list[Money]) -> list[Money]:
    """Return what is open no more, by currency."""
    kept = {one.currency: one for one in after}
    found = [one - kept[one.currency] if one.currency in kept else one for one in before]
    return [one for one in found if one.amount_minor]


def _note(context: Context, what: str, left: list[Money]) -> None:
    target, source = subject.target(context), subject.source(context)
    shown = ", ".join(str(one) for one in left) or "nothing"
    subject.note(
        context, CLASS,
        f"order {context.workflow.document_number} {what} in {target}, and is open in {source}: {shown} of it was still to be "
        f"invoiced and is promised no more. End it in {source}, too, or open it again in {target}",
    )  # fmt: skip
