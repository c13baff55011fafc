"""What every action shares: who acts, what came of it, one transaction with its audit entry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Literal

from finsync_tui import people
from finsync_tui.actions.account_words import refuse_account_number
from finsync_tui.actor import Actor
from store import Store, audit, cases, glances, proposals, workflows
from store.cases import ExceptionCase
from store.errors import NotAllowedError, NotFoundError
from store.glances import Glance
from store.proposals import Kind, Proposal

REASON_CHARS_MAX = 2000
PAYLOAD_CHARS_MAX = 1_000_000
LIVE = ("open", "snoozed")


Seen = Mapping[int, Glance]
"""How things stood when the person decided, by id. What somebody else has changed since is refused, not overwritten."""


def may(actor: Actor, what: str) -> bool:
    """Say whether a face should offer an act, named as in the audit log: `exception.retried`, `mapping.approved`."""
    return people.may(actor.roles, what)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to which, and why not to the others."""

    done: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]
    told: str = ""
    """What was done, where it may be something else than was asked for: proposed, not written off."""


def each_case(
    store: Store,
    actor: Actor,
    case_ids: Iterable[int],
    what: str,
    why: str,
    one: Callable[[Connection, ExceptionCase], str | None],
    *,
    state: Literal["closed", "resolved", "ignored"] | None = None,
    resolution: str = "",
    allow: tuple[str, ...] | None = LIVE,
    seen: Seen | None = None,
) -> Outcome:
    """Do something to each live exception in one transaction. A single refusal raises, several are collected."""
    people.require(actor.name, actor.roles, what)
    wanted = list(dict.fromkeys(case_ids))
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        stands = glances.of_cases(db, [case_id for case_id in wanted if case_id in (seen or {})])
        for case_id in wanted:
            case = cases.get(db, case_id)
            if case is None:
                if len(wanted) == 1:
                    raise NotFoundError("exception", str(case_id), "`finsync exceptions list` shows them.")
                refused.append((case_id, "there is no such exception"))
                continue
            problem = (
                f"it has ended already ({case.state} by {case.ended_by})"
                if allow is not None and case.state not in allow
                else overtaken(seen, stands, case_id) or one(db, case)
            )
            if problem is not None:
                if len(wanted) == 1:
                    raise NotAllowedError(f"exception {case_id}: {problem}. Nothing was changed.")
                refused.append((case_id, problem))
                continue
            if state is not None:
                cases.end(db, [case_id], state, actor.name, resolution, store.clock.now())
            note_action(
                store, db, actor, what, case.document_key, why, {"exception": case_id, "class": case.class_}
            )
            done.append(case_id)
    return Outcome(tuple(done), tuple(refused))


def overtaken(seen: Seen | None, stands: Seen, thing_id: int) -> str | None:
    """Say what somebody else has done to a thing since the person looked; None: nothing, or nobody said how it looked."""
    then, now = (seen or {}).get(thing_id), stands.get(thing_id)
    return (then.changed(now) or None) if then is not None and now is not None else None


def resume_waiting(store: Store, db: Connection, case: ExceptionCase) -> None:
    if case.workflow_id is not None:
        workflow = workflows.get(db, case.workflow_id)
        if workflow is not None and workflow.state == "held":
            workflows.save(
                db, workflow.id, state="running", step=workflow.step, data=workflow.data, due_at=workflow.due_at,
                now=store.clock.now(),
            )  # fmt: skip


def still_open(db: Connection, proposal_id: int, kind: Kind, remedy: str) -> Proposal:
    """Return a proposal of that kind while it waits for a second person; else raise. `remedy` says where they are listed."""
    found = proposals.get(db, proposal_id)
    if found is None or found.kind != kind:
        raise NotFoundError("proposal", str(proposal_id), remedy)
    if found.state != "open":
        raise NotAllowedError(
            f"proposal {proposal_id} was decided already: {found.state} by {found.checker}. Nothing was changed."
        )
    return found


def note_action(
    store: Store, db: Connection, actor: Actor, what: str, subject: str, why: str, after: dict[str, object]
) -> None:
    people.require(
        actor.name, actor.roles, what
    )  # here too: what nobody asked before is undone with its transaction
    entry = audit.Entry(
        who=actor.name,
        what=what,
        subject=subject,
        after=after,
        source=actor.source,
        protected=in_own_words(why),
    )
    audit.record(db, [entry], store.clock.now())


def in_own_words(why: str) -> dict[str, str]:
    """Return what a person wrote as a protected value: it may name people, and may have to be erased one day."""
    return {audit.WORDS: why} if why else {}


def checked_reason(reason: str) -> str:
    cleaned = reason.strip()
    if not cleaned:
        raise NotAllowedError("a reason is needed: it stays in the audit log. Nothing was changed.")
    if len(cleaned) > REASON_CHARS_MAX:
        raise NotAllowedError(
            f"the reason is longer than {REASON_CHARS_MAX} characters. Nothing was changed."
        )
    refuse_account_number(cleaned)
    return cleaned


def checked_json(payload: str) -> None:
    if len(payload) > PAYLOAD_CHARS_MAX:
        raise NotAllowedError("the edited body is larger than a million characters. Nothing was changed.")
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NotAllowedError(f"the edited body is not JSON ({error}). Nothing was changed.") from None
    if not isinstance(value, dict):
        raise NotAllowedError("the edited body must be a JSON object. Nothing was changed.")
