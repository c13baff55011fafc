"""What a person may do with breaks here: give them to somebody, write a note, say why they are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions.acting import Actor, Outcome, checked_reason, note_action
from store import Store, breaks
from store.breaks import Break
from store.errors import NotAllowedError, NotFoundError

Deed = Callable[[Connection, Break], object]


def assign_breaks(store: Store, actor: Actor, break_ids: Iterable[int], owner: str | None) -> Outcome:
    """Give breaks to a person, or to nobody."""
    name = (owner or "").strip() or None

    def one(db: Connection, found: Break) -> object:
        return breaks.assign(db, [found.id], name, actor.name, store.clock.now())

    return _each(store, actor, break_ids, "break.assigned", name or "nobody", one, is_open=False)


def comment_on_break(store: Store, actor: Actor, break_id: int, words: str) -> Outcome:
    """Write a note on a break."""
    words = checked_reason(words)

    def one(db: Connection, found: Break) -> object:
        return breaks.comment(db, [found.id], actor.name, words, store.clock.now())

    return _each(store, actor, [break_id], "break.commented", words, one, is_open=False)


def explain_breaks(store: Store, actor: Actor, break_ids: Iterable[int], reason: str) -> Outcome:
    """Say why open breaks are as they should be. Another difference of the same document opens them again."""
    reason = checked_reason(reason)

    def one(db: Connection, found: Break) -> object:
        return breaks.explain(db, [found.id], actor.name, reason, store.clock.now())

    return _each(store, actor, break_ids, "break.explained", reason, one, is_open=True)


def _each(
    store: Store, actor: Actor, break_ids: Iterable[int], what: str, why: str, deed: Deed, *, is_open: bool
) -> Outcome:
    """Do something to each break in one transaction. A single refusal raises, several are collected."""
    people.require(actor.name, actor.roles, what)
    wanted = list(dict.fromkeys(break_ids))
    done: list[int] = []
    refused: list[tuple[int, str]] = []
    with store.transaction() as db:
        for break_id in wanted:
            found = breaks.get(db, break_id)
            if found is None:
                if len(wanted) == 1:
                    raise NotFoundError(
                        "break", str(break_id), "The screen Reconciliation, or v_break, shows them."
                    )
                refused.append((break_id, "there is no such break"))
                continue
            if is_open and found.state != "open":
                problem = f"it is {found.state.replace('_', ' ')} already"
                if len(wanted) == 1:
                    raise NotAllowedError(f"break {break_id}: {problem}. Nothing was changed.")
                refused.append((break_id, problem))
                continue
            deed(db, found)
            subject = found.document_key or f"{found.definition}/{found.key}"
            note_action(store, db, actor, what, subject, why, {"break": break_id, "class": found.class_})
            done.append(break_id)
    return Outcome(tuple(done), tuple(refused))
