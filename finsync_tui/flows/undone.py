"""That an undoing has worked: what its system has to show, read afresh, before anything counts as undone.

A system that said yes may still have to decide: a change back is approved, or refused, like any change. So each undoing is
read back, and what is left of it in the system is said when it did not work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from finsync_tui.flows import outgoing, reading_back
from finsync_tui.flows.order import given_up
from finsync_tui.flows.steps import Answer, Context, Done, Hold, Wait
from store import outbox
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder, Receipt
from store.outbox import Delivery

PATIENCE: Final = timedelta(minutes=5)
"""A system may show what it took a moment later."""
_STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "order.cancel": ("cancelled",),
    "order.discard": ("cancelled",),
    "order.close": ("closed", "cancelled"),
    "order.reopen": ("open", "on_hold"),
    "invoice.cancel": ("cancelled",),
}
"""Any of which the document shows in the ERP when it is undone. What ends there may also be shown no more."""


def await_shown(context: Context, delivery: Delivery, entry_id: int, earlier: Sequence[int] = ()) -> Answer:
    """Wait until the system shows that the counter-step `entry_id` has undone a delivery, after `earlier` ones that belong to
    it; held when it does not."""
    counter = outbox.get(context.db, entry_id)
    assert counter is not None, "an entry is never taken away"
    wanted = _wanted(context, delivery, counter)
    if wanted is None or counter.state == "verified":
        return Done({"entry": entry_id})
    asked = {**wanted, "entry": entry_id}
    seen = reading_back.take(context) if context.data.get("undoing") == asked else {}
    context.data.update(undoing=asked, read_back=None)
    if not seen:
        return Wait("read-back")
    left = [one for differences in seen.values() for one in differences]
    if left and context.now < counter.changed_at + PATIENCE:
        return Wait("read-back", counter.changed_at + PATIENCE)
    context.data["undoing"] = None
    if left:
        return _held(context, delivery, counter, wanted, left)
    outbox.mark_verified(context.db, [*earlier, entry_id], context.now)
    return Done({"entry": entry_id})


def _held(
    context: Context,
    delivery: Delivery,
    counter: Delivery,
    wanted: Mapping[str, Any],
    left: list[dict[str, Any]],
) -> Hold:
    """A person looks: what was to be undone is left in the system, and how."""
    if "commitment" in wanted["shows"] and any(one["field"] == "status" for one in left):
        before, made = (
            one["total"] for one in (wanted["shows"]["commitment"], json.loads(delivery.body)["commitment"])
        )
        shown = (str(Money.model_validate(one)) for one in (before, made))
        left = [*left, dict(zip(("field", "expected", "found"), ("in force", *shown), strict=True))]
    system, number = counter.system, delivery.document_number
    held = Hold(
        "READ_BACK_DIFFERS",
        f"{delivery.operation} of {number} is not undone in {system}, which said yes to {counter.operation}; what is left "
        f"there: {reading_back.told(left)}",
        f"Look at it in {system}. Retry undoes it anew; or put it right there by hand, then retry: it is read once more.",
        system,
        {"differences": left, "operation": delivery.operation, "undone_by": counter.entry_id},
    )
    if (
        delivery.operation == "order.change"
    ):  # decided by people there: asked for anew, with all that it takes
        context.data["compensating"].pop(str(delivery.entry_id), None)
        return held
    return outgoing.unseen(context, held, counter.entry_id)


def _wanted(context: Context, delivery: Delivery, counter: Delivery) -> dict[str, Any] | None:
    """Return what is to be read and what it has to show; None: nothing of it can be read, or its look-up has shown it."""
    kind, _, verb = counter.operation.partition(".")
    body = json.loads(counter.body)
    if delivery.operation == "order.change":
        before = given_up.wanted_again(context)
        if before is None:
            return None
        shows = {"commitment": before.model_dump(mode="json")}
        return _of(counter, PurchaseOrder.entity, counter.external_id, shows)
    if counter.operation in _STATUSES:
        entity = PurchaseOrder.entity if kind == "order" else Invoice.entity
        return _of(counter, entity, counter.external_id, {"status": list(_STATUSES[counter.operation])})
    if counter.operation == "receipt.correct":
        return _opposite(context, counter, body)
    own = RecordKey.parse(counter.document_key)
    if counter.system != own.system or kind not in ("order", "invoice"):
        return None
    if verb == "write_back":
        return _of(counter, counter.entity, own.external_id, {"fields": body["fields"]})
    if verb == "record_payment":
        minor = Money.of(body["amount"], body["currency"]).amount_minor
        return _of(counter, counter.entity, own.external_id, {"payment": [body["note"], minor]})
    if verb == "mark_paid":
        return _of(counter, counter.entity, own.external_id, {"is_paid": body["is_paid"]})
    return None


def _opposite(context: Context, counter: Delivery, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The opposite of a movement: found by its number, which an ERP that processes it later gives when it is asked again."""
    later = context.data.get(f"follow-{counter.entry_id}_entry")
    found = outbox.get(context.db, int(later)) if later is not None else counter
    external_id = found.external_id if found is not None else None
    return _of(counter, Receipt.entity, external_id, {"receipt": body["receipt"]}) if external_id else None


def _of(counter: Delivery, entity: str, external_id: str | None, shows: dict[str, Any]) -> dict[str, Any]:
    return {"system": counter.system, "entity": entity, "external_id": external_id, "shows": shows}
