"""Doing what a dialog was answered with. Imported in the writing thread, never before the first paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from finsync_tui import actions, closing, revealing
from finsync_tui import profile as profiles
from finsync_tui.actions import Actor, Outcome, Seen
from finsync_tui.actions.acting import checked_reason
from finsync_tui.screens import supplier_deciding, writing_off
from finsync_tui.screens.verbs import Name
from finsync_tui.settings import FILE_NAME, load_workspace
from store.clock import Clock, instant
from store.database import Store, open_store
from store.supplier_answers import Answer

Deed = Callable[[Store, Actor, Sequence[int], str, Seen], Outcome]


DEEDS: Mapping[Name, Deed] = {
    "retry": lambda store, actor, ids, _, seen: actions.retry(store, actor, ids, seen=seen),
    "assign": lambda store, actor, ids, text, seen: actions.assign(store, actor, ids, text, seen=seen),
    "comment": lambda store, actor, ids, text, _: actions.comment(store, actor, ids[0], text),
    "snooze": lambda store, actor, ids, text, seen: actions.snooze(
        store, actor, ids, instant(text), seen=seen
    ),
    "return": lambda store, actor, ids, text, seen: actions.send_back(store, actor, ids, text, seen=seen),
    "replay": lambda store, actor, ids, text, seen: actions.replay_deliveries(
        store, actor, ids, text, seen=seen
    ),
    "hold": lambda store, actor, ids, text, seen: actions.hold_deliveries(store, actor, ids, text, seen=seen),
    "release": lambda store, actor, ids, text, seen: actions.release_deliveries(
        store, actor, ids, text, seen=seen
    ),
    "cancel": lambda store, actor, ids, text, seen: actions.cancel_deliveries(
        store, actor, ids, text, seen=seen
    ),
    "assign_break": lambda store, actor, ids, text, seen: actions.assign_breaks(
        store, actor, ids, text or None, seen=seen
    ),
    "comment_break": lambda store, actor, ids, text, _: actions.comment_on_break(store, actor, ids[0], text),
    "resend_break": lambda store, actor, ids, text, seen: actions.resend_breaks(
        store, actor, ids, text, seen=seen
    ),
    "reread_break": lambda store, actor, ids, _, __: actions.reread_breaks(store, actor, ids),
    "reopen_break": lambda store, actor, ids, text, seen: actions.reopen_breaks(
        store, actor, ids, text, seen=seen
    ),
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
    seen: Seen | None = None,
) -> Outcome:
    """Do it, with a store of its own: one transaction with its audit entry. `seen`: how it looked to the person."""
    actor = _with_roles(path, actor)
    store = open_store(path, clock, creates=False)
    try:
        if verb == "abort":
            known = (path.parent / FILE_NAME).is_file()
            rules = profiles.load(load_workspace(path.parent)) if known else None
            actions.abort_workflow(store, actor, ids[0], text, profile=rules)
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
        if verb in ("same_suppliers", "different_suppliers"):
            said: Answer = "same" if verb == "same_suppliers" else "different"
            # a store on its own has no profile that could ask for two persons
            own = load_workspace(path.parent) if (path.parent / FILE_NAME).is_file() else None
            return supplier_deciding.answer(own, store, actor, ids, said, text, seen or {})
        if verb in supplier_deciding.VERBS:
            return supplier_deciding.decide(
                load_workspace(path.parent), store, actor, verb, ids[0], text, body
            )
        if verb in writing_off.VERBS:
            return writing_off.decide(load_workspace(path.parent), store, actor, verb, ids, text, seen or {})
        # a store on its own has no profile that could ask for two persons
        has_profile = (path.parent / FILE_NAME).is_file()
        if verb in ("resolve", "ignore"):
            end = actions.resolve if verb == "resolve" else actions.ignore
            rules = profiles.load(load_workspace(path.parent)) if has_profile else None
            return end(store, actor, ids, text, seen=seen or {}, profile=rules)
        if verb == "explain_break":
            if not has_profile:
                return actions.explain_breaks(store, None, actor, ids, text, seen=seen or {})
            own = load_workspace(path.parent)
            limits = profiles.load(own)
            signer = actions.write_off_signer(own, limits, actor)
            return actions.explain_breaks(store, limits, actor, ids, text, signer, seen=seen or {})
        if verb == "reveal":
            rules = profiles.load(load_workspace(path.parent)) if has_profile else None
            revealing.reveal(store, rules, actor, body, checked_reason(text))
            return Outcome((ids[0],), ())
        if verb == "edit":
            return actions.edit(store, actor, ids[0], body, text, seen=seen)
        return DEEDS[verb](store, actor, ids, text, seen or {})
    finally:
        store.close()


def _with_roles(path: Path, actor: Actor) -> Actor:
    """Return the person as the workspace's profile knows them now."""
    if not (path.parent / FILE_NAME).is_file():
        return actor  # a store on its own has no profile that could list anybody
    return actions.known_now(profiles.load(load_workspace(path.parent)), actor)
