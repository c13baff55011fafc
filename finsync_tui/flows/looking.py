"""Asking a system again and again what became of something it only promised to do.

An import or a validation is taken at once and done later, or never. Each question is a delivery of its own, so that it
is retried, audited and explained like any other; a person is asked when it takes longer than a day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from finsync_tui.flows import outgoing
from finsync_tui.flows.steps import Answer, Context, Done, Hold, Wait
from store import outbox
from store.outbox import Delivery

LOOK_AGAIN = timedelta(minutes=2)
LOOKS_MAX = 720
"""So often is asked before a person has to look: a day long."""

_KEYS = ("entry", "looks", "due", "until")


def follow(context: Context, name: str, ask: Callable[[str], int], *, system: str, what: str) -> Answer:
    """Return Done when the answer is final, Hold when it is a refusal; until then wait and ask again.

    `ask` puts one question into the outbox under the part it is given, and returns its entry. Later questions of one
    name never repeat a part, so that none is taken for an earlier one.
    """
    entry_id = context.data.get(f"{name}_entry")
    if entry_id is not None:
        answer = outgoing.await_delivery(context, int(entry_id))
        if not isinstance(answer, Done) or not is_pending(context, f"{name}_entry"):
            return answer
        due = context.data.get(f"{name}_due")
        if due is None:
            due = context.data[f"{name}_due"] = (context.now + LOOK_AGAIN).isoformat()
        wake_at = datetime.fromisoformat(due)
        if context.now < wake_at:
            return Wait(f"{system} to {what}", wake_at)
    looks = int(context.data.get(f"{name}_looks", 0))
    until = int(context.data.get(f"{name}_until", LOOKS_MAX))
    context.data[f"{name}_due"] = None
    if looks >= until:
        context.data[f"{name}_until"] = looks + LOOKS_MAX
        return Hold(
            "DEAD_LETTER",
            f"{system} was to {what}, and has not said for a day what became of it",
            f"Look there at what is still at work and why; when it has ended, retry: it is looked at again, and nothing "
            f"is sent to {system} twice.",
            system,
        )
    context.data[f"{name}_looks"] = looks + 1
    context.data[f"{name}_entry"] = ask(f"{name}-{looks + 1}")
    return Wait(f"{system} to {what}")


def forget(context: Context, name: str) -> None:
    """Begin anew: what was asked belongs to an earlier decision."""
    for key in _KEYS:
        context.data.pop(f"{name}_{key}", None)


def delivery(context: Context, key: str) -> Delivery:
    """Return the delivery that an entry of the instance's data names."""
    found = outbox.get(context.db, int(context.data[key]))
    assert found is not None, "an entry is never taken away"
    return found


def is_pending(context: Context, key: str) -> bool:
    """Say whether the system took it without having done it."""
    return bool((delivery(context, key).receipt or {}).get("is_pending"))


def request_id(context: Context, key: str) -> str:
    """Return under which number the system works on it."""
    return str(((delivery(context, key).receipt or {}).get("answer") or {}).get("ReqstId") or "")
