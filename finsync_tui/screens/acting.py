"""Doing what a dialog was answered with. Imported in the writing thread, never before the first paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from finsync_tui import actions, closing
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor, Outcome
from finsync_tui.screens import writing_off
from finsync_tui.screens.verbs import Name
from finsync_tui.settings import FILE_NAME, load_workspace
from store import preferences
from store.clock import Clock, instant
from store.database import Store, open_store

Deed = Callable[[Store, Actor, Sequence[int], str], Outcome]


def _retry(store: Store, actor: Actor, ids: Sequence[int], reason: str) -> Outcome:
    return actions.retry(store, actor, ids)


def _comment(store: Store, actor: Actor, ids: Sequence[int], text: str) -> Outcome:
    return actions.comment(store, actor, ids[0], text)


def _comment_break(store: Store, actor: Actor, ids: Sequence[int], text: str) -> Outcome:
    return actions.comment_on_break(store, actor, ids[0], text)


def _assign_break(store: Store, actor: Actor, ids: Sequence[int], owner: str) -> Outcome:
    return actions.assign_breaks(store, actor, ids, owner or None)


def _snooze(store: Store, actor: Actor, ids: Sequence[int], until: str) -> Outcome:
    return actions.snooze(store, actor, ids, instant(until))


def _reread_break(store: Store, actor: Actor, ids: Sequence[int], text: str) -> Outcome:
    return actions.reread_breaks(store, actor, ids)


DEEDS: Mapping[Name, Deed] = {
    "retry": _retry,
    "resolve": actions.resolve,
    "ignore": actions.ignore,
    "assign": actions.assign,
    "comment": _comment,
    "snooze": _snooze,
    "return": actions.send_back,
    "replay": actions.replay_deliveries,
    "hold": actions.hold_deliveries,
    "release": actions.release_deliveries,
    "cancel": actions.cancel_deliveries,
    "assign_break": _assign_break,
    "comment_break": _comment_break,
    "explain_break": actions.explain_breaks,
    "resend_break": actions.resend_breaks,
    "reread_break": _reread_break,
    "adopt_break": actions.adopt_target,
    "reopen_break": actions.reopen_breaks,
}


def perform(
    path: Path,
    clock: Clock,
    actor: Actor,
    verb: Name,
    ids: Sequence[int],
    text: str,
    system: str,
    body: str,
) -> Outcome:
    """Do it, with a store of its own: one transaction with its audit entry."""
    actor = _with_roles(path, actor)
    store = open_store(path, clock)
    try:
        if verb == "abort":
            actions.abort_workflow(store, actor, ids[0], text)
            return Outcome((ids[0],), ())
        if verb in ("pause", "resume"):
            act = actions.pause_system if verb == "pause" else actions.resume_system
            act(store, actor, system, text)
            return Outcome((0,), ())
        if verb == "run_now":
            return actions.ask_read(store, actor, system)
        if verb == "certify":
            found = profiles.load(load_workspace(path.parent))
            period = closing.find_period(store.db, found, system, body)
            actions.certify_period(store, actor, found, system, period)
            return Outcome((0,), ())
        if verb in writing_off.VERBS:
            return writing_off.decide(load_workspace(path.parent), store, actor, verb, ids, text)
        if verb == "edit":
            return actions.edit(store, actor, ids[0], body, text)
        return DEEDS[verb](store, actor, ids, text)
    finally:
        store.close()


def remember(path: Path, clock: Clock, person: str, name: str, value: str | None) -> None:
    """Keep what a person set up, or forget it."""
    with open_store(path, clock) as store, store.transaction() as db:
        if value is None:
            preferences.clear(db, person, name)
        else:
            preferences.set(db, person, name, value)


def _with_roles(path: Path, actor: Actor) -> Actor:
    """Return the person as the workspace's profile knows them now."""
    if not (path.parent / FILE_NAME).is_file():
        return actor  # a store on its own has no profile that could list anybody
    return actions.known_now(profiles.load(load_workspace(path.parent)), actor)
